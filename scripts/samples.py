"""Reading and checking sheets of samples: which FASTQ files are whose reads."""

from pathlib import Path

from configuration import read_sheet
from dfim.errors import InputError

POOLED = "pooled"


def read_samples(path: str | Path, schema_path: str | Path) -> dict[str, dict[str, list[dict]]]:
    """Read a sheet of samples (TSV with a header), one row for each lane or run of a replicate.

    Returns the rows by task and replicate, in the order of the sheet. Raises InputError, naming file and
    line, for what :func:`configuration.read_sheet` refuses, for a row whose files do not fit its ``ends``,
    for rows of a replicate that disagree, for a file named twice, and for a task with fewer than two
    replicates.
    """
    tasks, files = {}, {}
    for number, row in read_sheet(path, schema_path, "samples"):
        where = f"{path}, line {number}"
        _check_row(row, where, files)
        replicates = tasks.setdefault(row["task"], {})
        lanes = replicates.setdefault(row["replicate"], [])
        rows = [other for replicate in replicates.values() for other in replicate]
        for key, others in (("assay", rows), ("ends", lanes), ("subsample", lanes)):
            if others and others[0][key] != row[key]:
                whole = "task" if key == "assay" else "replicate"
                raise InputError(
                    f"{where}: {key} is {row[key]!r}, and an earlier row of the same {whole} has "
                    f"{others[0][key]!r}: all rows of a {whole} must agree."
                )
        lanes.append(row)
    for task, replicates in tasks.items():
        if len(replicates) < 2:
            raise InputError(
                f"{path}: the task {task!r} has the replicate {', '.join(replicates)} alone, and peaks "
                "are kept "
                "by comparing two: add the rows of another replicate."
            )
    return tasks


def _check_row(row: dict, where: str, files: dict[str, str]) -> None:
    """Refuse a row whose files do not fit its ends, or that another row has."""
    if row["replicate"] == POOLED:
        raise InputError(f"{where}: a replicate cannot be called {POOLED!r}, which names all together.")
    if row["ends"] == "paired" and not row.get("fastq_2"):
        raise InputError(f"{where}: ends is 'paired' and fastq_2 is empty: name the mates' file.")
    if row["ends"] == "single" and row.get("fastq_2"):
        raise InputError(
            f"{where}: ends is 'single' and fastq_2 is {row['fastq_2']!r}: remove it, or say 'paired'."
        )
    for key in ("fastq_1", "fastq_2"):
        if row.get(key):
            if row[key] in files:
                raise InputError(
                    f"{where}: {row[key]} is named on {files[row[key]]} too: name each file once."
                )
            files[row[key]] = where.rsplit(", ", 1)[1]
