"""Reading and checking sheets of samples: which FASTQ files, or which accession's, are whose reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dfim.accessions.choice import replicate_lanes
from dfim.accessions.lock import by_accession, read_lock
from dfim.accessions.records import ReadFile
from dfim.accessions.resolve import check_accession
from dfim.errors import InputError
from workflow.rows import read_sheet
from workflow.schema import SAMPLES_SCHEMA, locate

POOLED = "pooled"


class Unresolved(InputError):
    """Accessions whose files are not known yet; ``lock`` is where they are to be."""

    def __init__(self, lock: str):
        super().__init__(f"the lock {lock} is not there: 'snakemake accessions' makes it.")
        self.lock = lock


@dataclass(frozen=True, eq=False)
class SampleSheet:
    """The rows of a sheet of samples, each with where it is from (file and line), and the lock of its accessions."""

    path: str
    rows: list[tuple[str, dict]]
    lock: str = ""

    @property
    def tasks(self) -> list[str]:
        """The names of the tasks, in the order of the sheet."""
        return list(dict.fromkeys(row["task"] for _, row in self.rows))

    @property
    def accessions(self) -> list[str]:
        """The accessions that files are to be found for."""
        return sorted({row["accession"] for _, row in self.rows if row.get("accession")})

    def samples(
        self, files: Mapping[str, Sequence[ReadFile]] | None = None
    ) -> dict[str, dict[str, list[dict]]]:
        """Return the rows by task and replicate, in the order of the sheet, one for each lane or run.

        A row with an accession becomes a row for each lane of ``files``, those that were found for it, with
        their checksums, sizes and numbers of reads. Raises InputError for rows of a replicate that disagree,
        for a file named twice, for a task with fewer than two replicates, and for an accession without files.
        """
        tasks, named = {task: {} for task in self.tasks}, {}
        for where, row in self.rows:
            for lane in self._lanes(row, where, files or {}):
                _check_file_names(lane, where, named)
                _add(tasks[row["task"]], lane, where)
        for task, replicates in tasks.items():
            if len(replicates) < 2:
                raise InputError(
                    f"{self.path}: the task {task!r} has the replicate {', '.join(replicates)} alone, and peaks "
                    "are kept by comparing two: add the rows of another replicate."
                )
        return tasks

    def _lanes(self, row: dict, where: str, files: Mapping[str, Sequence[ReadFile]]) -> list[dict]:
        """Return the lanes of a row: itself, or those of its accession."""
        accession = row.get("accession")
        if not accession:
            return [row]
        if not files.get(accession):
            raise InputError(
                f"{where}: it is not known which files the accession {accession} has: 'snakemake accessions' "
                "asks the portals."
            )
        patterns = [pattern.strip() for pattern in row.get("samples", "").split(",") if pattern.strip()]
        chosen = replicate_lanes(files[accession], where, patterns, row["ends"], row["replicate"])
        return [_lane(row, replicate, lane, where) for replicate, lanes in chosen.items() for lane in lanes]


class SampleTasks(Mapping):
    """The rows of a sheet of samples by task and replicate, one for each lane or run.

    Its keys are known at once. The rows of accessions are read from the lock when they are asked for, because
    it may come in the middle of a run: :class:`Unresolved` is raised while it is not there.
    """

    def __init__(self, sheet: SampleSheet):
        self.sheet = sheet
        if not sheet.accessions:
            _samples(sheet, 0)  # what is wrong with files is said at once

    def __getitem__(self, task: str) -> dict[str, list[dict]]:
        lock = Path(self.sheet.lock)
        if self.sheet.accessions and not lock.is_file():
            raise Unresolved(str(lock))
        return _samples(self.sheet, lock.stat().st_mtime_ns if self.sheet.accessions else 0)[task]

    def __contains__(self, task: object) -> bool:
        return task in self.sheet.tasks

    def __iter__(self) -> Iterator[str]:
        return iter(self.sheet.tasks)

    def __len__(self) -> int:
        return len(self.sheet.tasks)


@cache
def _samples(sheet: SampleSheet, modified: int) -> dict[str, dict[str, list[dict]]]:
    """Return the rows of a sheet, those of accessions from its lock as it was last modified."""
    return sheet.samples(by_accession(read_lock(sheet.lock)) if sheet.accessions else {})


def locks_folder(config: Mapping) -> str:
    """Return the folder of locks, as the configuration has it, without a slash at its end."""
    return config.get("accessions", {}).get("folder", "config/accessions").rstrip("/")


def located_or_new(path: str) -> str:
    """Return where a file lies, in the working directory or beside rules; else where it is to be."""
    found = locate(path)
    return found if Path(found).exists() else path


def read_sample_sheet(path: str | Path, locks: str = "config/accessions") -> SampleSheet:
    """Read a sheet of samples (TSV with a header), one row for each lane or run, or for each accession.

    ``locks`` is the folder of locks; that of a sheet has the sheet's name. Raises InputError, naming file and
    line, for what :func:`workflow.rows.read_sheet` refuses, for a row with neither or both of a file and an
    accession, or with the other of them than those before, for what is no accession, and for a row whose files
    do not fit its ``ends``.
    """
    rows = []
    for number, row in read_sheet(path, SAMPLES_SCHEMA, "samples"):
        where = f"{path}, line {number}"
        row = {"ends": "", "replicate": "", "subsample": "", **row}
        _check_row(row, where)
        if rows and bool(row.get("accession")) != bool(rows[0][1].get("accession")):
            raise InputError(f"{where}: a sheet names either files or accessions: make two sheets of them.")
        rows.append((where, row))
    return SampleSheet(str(path), rows, located_or_new(f"{locks}/{Path(path).stem}.tsv"))


def locks_of(samples: Mapping[str, Mapping]) -> dict[str, list[str]]:
    """Return the accessions of each lock of some sets of reads."""
    locks: dict[str, set[str]] = {}
    for tasks in samples.values():
        if tasks.sheet.accessions:
            locks.setdefault(tasks.sheet.lock, set()).update(tasks.sheet.accessions)
    return {lock: sorted(accessions) for lock, accessions in locks.items()}


def _lane(row: dict, replicate: str, files: Sequence[ReadFile], where: str) -> dict:
    """Return the row of one lane of an accession."""
    first = files[0]
    if first.portal == "ENCODE" and first.assay and first.assay != row["assay"]:
        raise InputError(
            f"{where}: assay is {row['assay']!r}, and {first.asked} is {first.assay}: correct one of them."
        )
    found = {"replicate": replicate, "ends": first.ends, "reads": sum(one.reads for one in files)}
    if first.portal != "ENCODE":  # which counts pairs once
        found["reads"] = first.reads * len(files)
    for one in files:
        found |= {f"fastq_{one.read_end}": one.address, f"md5_{one.read_end}": one.md5}
        found[f"bytes_{one.read_end}"] = one.bytes
    return {**row, "read_length": first.read_length, **found}


def _add(replicates: dict[str, list[dict]], lane: dict, where: str) -> None:
    """Add a lane to its replicate; InputError when it disagrees with what is there."""
    lanes = replicates.setdefault(lane["replicate"], [])
    rows = [other for replicate in replicates.values() for other in replicate]
    for key, others in (("assay", rows), ("ends", lanes), ("subsample", lanes)):
        if others and others[0][key] != lane[key]:
            whole = "task" if key == "assay" else "replicate"
            raise InputError(
                f"{where}: {key} is {lane[key]!r}, and an earlier row of the same {whole} has "
                f"{others[0][key]!r}: all rows of a {whole} must agree."
            )
    lanes.append(lane)


def _check_row(row: dict, where: str) -> None:
    """Refuse a row whose files do not fit its ends, and one whose columns do not go together."""
    if row["replicate"] == POOLED:
        raise InputError(f"{where}: a replicate cannot be called {POOLED!r}, which names all together.")
    if bool(row.get("accession")) == bool(row.get("fastq_1")):
        both = "both" if row.get("accession") else "neither"
        raise InputError(f"{where}: the row has {both} of fastq_1 and accession: give one of them.")
    if row.get("accession"):
        return check_accession(row["accession"], where)
    for key in ("replicate", "ends"):
        if not row[key]:
            raise InputError(f"{where}: {key} is empty, and is known of an accession alone: fill it in.")
    if row.get("samples"):
        raise InputError(f"{where}: samples chooses among those of an accession: leave it empty.")
    if row["ends"] == "paired" and not row.get("fastq_2"):
        raise InputError(f"{where}: ends is 'paired' and fastq_2 is empty: name the mates' file.")
    if row["ends"] == "single" and row.get("fastq_2"):
        raise InputError(
            f"{where}: ends is 'single' and fastq_2 is {row['fastq_2']!r}: remove it, or say 'paired'."
        )
    return None


def _check_file_names(row: dict, where: str, files: dict[str, str]) -> None:
    """Refuse a file that another row has."""
    for key in ("fastq_1", "fastq_2"):
        if row.get(key):
            if row[key] in files:
                raise InputError(
                    f"{where}: {row[key]} is named on {files[row[key]]} too: name each file once."
                )
            files[row[key]] = where.rsplit(", ", 1)[1]
