"""Errors that a user can mend: wrong input, and a machine that has not enough of something."""

import errno
import re
from collections.abc import Iterator


class InputError(ValueError):
    """Input that the user can mend.

    The message is one sentence: which file, line or key; what was found; what was needed; how to mend it.
    Scripts print it without a traceback and exit with status 1.
    """


def counted(number: int, thing: str) -> str:
    """Return a number with what it counts, in the singular for one: ``1 row``, ``2 rows``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
# What allocators and loaders of shared objects say when memory is short, and HDF5 about the system's number.
_NO_MEMORY = re.compile(
    "cannot allocate memory|failed to map segment|unable to allocate|bad_alloc|out of memory", re.IGNORECASE
)
_HDF5_ERRNO = re.compile(r"errno = (\d+)")


def machine_trouble(error: BaseException) -> str | None:
    """Return one sentence when an error came from a full disk, a forbidden file or too little memory.

    Errors that were being handled when it was raised count too. None for any other error.
    """
    for cause in _chain(error):
        number = getattr(cause, "errno", None)
        found = _HDF5_ERRNO.search(str(cause))
        number = int(found[1]) if number is None and found else number
        file = getattr(cause, "filename", None)
        if number in _FULL:
            where = f" under {file}" if file else ""
            return (
                f"no space is left on the disk{where}: free some, or give the key results a folder on "
                "another disk, and run again; what is finished is kept."
            )
        if number in _FORBIDDEN:
            return (
                f"{file or 'a file'} cannot be read or written ({cause.strerror or cause}): change its "
                "permissions, or give the key results a folder that can be written, and run again."
            )
        if isinstance(cause, MemoryError) or number == errno.ENOMEM or _says_no_memory(cause):
            return (
                f"the memory was not enough ({_first_line(cause)}): give the job more (on a cluster mem_mb "
                "of its rule in set-resources of the profile, elsewhere fewer --cores), or cut the analysis "
                "into more shards, and run again; what is "
                "finished is kept."
            )
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that were being handled when it was raised."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _says_no_memory(error: BaseException) -> bool:
    machine = (
        isinstance(error, OSError | ImportError | RuntimeError) or "ResourceExhausted" in type(error).__name__
    )
    return machine and bool(_NO_MEMORY.search(str(error)))


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
