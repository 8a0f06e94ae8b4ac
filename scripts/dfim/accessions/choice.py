"""Which of an accession's files a row of a sheet means, by replicate and lane."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from dfim.accessions.records import ReadFile
from dfim.errors import InputError


def replicate_lanes(
    files: Sequence[ReadFile], where: str, samples: Sequence[str] = (), ends: str = "", replicate: str = ""
) -> dict[str, list[list[ReadFile]]]:
    """Return the files of each replicate: a list of one or two for each lane or run.

    ``samples`` are shell patterns; files are taken whose sample, its title or its cell type fits one. Of
    single and paired ends only those of ``ends`` are taken, if it is given. All that is taken is one replicate
    where ``replicate`` names it; else the replicates are ENCODE's biological ones, with technical ones as
    their lanes, GEO's samples, or the archives' experiments. ``where`` names the sheet and line.

    Raises InputError when a pattern fits nothing, when nothing is left, and when a replicate has both single
    and paired ends.
    """
    chosen = [one for one in _fitting(files, where, samples) if ends in ("", one.ends)]
    if not chosen:
        raise InputError(
            f"{where}: {files[0].asked} has no reads of {ends} ends: leave the column ends empty, or correct it."
        )
    lanes: dict[str, dict[str, list[ReadFile]]] = {}
    for one in sorted(chosen, key=lambda one: (one.technical_replicate, one.run, one.read_end)):
        lanes.setdefault(replicate or _replicate(one), {}).setdefault(one.run, []).append(one)
    for name, runs in lanes.items():
        found = {one.ends for files in runs.values() for one in files}
        if len(found) > 1:
            kinds = [f"{kind} ({', '.join(run for run, files in runs.items() if files[0].ends == kind)})" for kind in sorted(found)]  # fmt: skip
            raise InputError(
                f"{where}: the replicate {name} of {files[0].asked} has reads of ends that are "
                f"{' and '.join(kinds)}: say in the column ends which are to be used."
            )
    return {name: list(lanes[name].values()) for name in sorted(lanes)}


def _replicate(one: ReadFile) -> str:
    return one.sample if one.sample.startswith("GSM") else one.biological_replicate or "1"


def _fitting(files: Sequence[ReadFile], where: str, patterns: Sequence[str]) -> list[ReadFile]:
    """Return the files whose sample fits one of the patterns; all without patterns."""
    if not patterns:
        return list(files)
    fits = {
        pattern: [one for one in files if any(fnmatchcase(name, pattern) for name in _names(one))]
        for pattern in patterns
    }
    for pattern, found in fits.items():
        if not found:
            names = ", ".join(dict.fromkeys(f"{one.sample} {one.title}".strip() for one in files))
            raise InputError(
                f"{where}: no sample of {files[0].asked} has a name like {pattern!r}; the samples are {names}."
            )
    wanted = {one.file for found in fits.values() for one in found}
    return [one for one in files if one.file in wanted]


def _names(one: ReadFile) -> tuple[str, str, str]:
    return one.sample, one.title, one.cell_type
