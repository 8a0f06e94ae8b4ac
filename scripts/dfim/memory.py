"""How much memory this process may still take."""

from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Return the bytes of main memory that can be taken without swapping, within this process's limit.

    A scheduler or a container limits a job by its control group (of version 1 or 2), of which the machine's
    own count of free memory knows nothing.
    """
    import psutil  # every job would load it, and few ask

    return min([psutil.virtual_memory().available, *_group_limits(Path("/proc/self/cgroup"), _GROUPS)])


def _group_limits(membership: Path, groups: Path) -> list[int]:
    """Return the memory limits in bytes of the control groups that a process is in, and of their parents.

    ``membership`` has a line ``number:controllers:/path`` for each hierarchy, version 2 without controllers.
    """
    if not membership.is_file():
        return []
    limits = []
    for line in membership.read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root, name = (groups / "memory", "memory.limit_in_bytes") if controllers else (groups, "memory.max")
        group = root / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(root) and (folder / name).is_file():
                limits.append((folder / name).read_text(encoding="utf-8").strip())
    return [int(limit) for limit in limits if limit != "max"]
