"""Sheets: which peaks or reads are those of a task, and which FASTQ files are those of a replicate."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dfim.errors import InputError
from dfim.files.text import read_text
from dfim.planted.grammar import peak_names, read_grammar
from workflow.datasets import sheet_of
from workflow.schema import SAMPLES_SCHEMA, TASKS_SCHEMA, check, locate

POOLED = "pooled"


@dataclass(frozen=True)
class Sheets:
    """What the files beside a configuration say that decides which jobs there are.

    ``tasks``: the rows of each sheet of tasks, by its path. ``samples``: the rows of each set of reads, by
    task and replicate. ``peaks``: the names of the peak files of each planted genome. Paths are as the
    configuration has them.
    """

    tasks: Mapping[str, list[dict]]
    samples: Mapping[str, Mapping[str, Mapping[str, list[dict]]]]
    peaks: Mapping[str, list[str]]


def read_sheets(config: Mapping) -> Sheets:
    """Read all sheets and grammars that a configuration (defaults filled in) names; InputError as below."""
    named = dict.fromkeys(sheet_of(config, dataset) for dataset in config["datasets"])
    return Sheets(
        {path: read_tasks(locate(path)) for path in named if path},
        {name: read_samples(locate(reads["samples"])) for name, reads in config["reads"].items()},
        {
            name: peak_names(read_grammar(locate(genome["planted"])))
            for name, genome in config["genomes"].items()
            if "planted" in genome
        },
    )


def read_tasks(path: str | Path) -> list[dict]:
    """Read a sheet of tasks (TSV with a header).

    Returns one dictionary per row. Raises InputError, naming file and line, for what :func:`read_sheet`
    refuses, for a task that appears twice, and for a row with both peaks and reads, or neither.
    """
    tasks = []
    for number, task in read_sheet(path, TASKS_SCHEMA, "tasks"):
        if any(task["task"] == other["task"] for other in tasks):
            raise InputError(
                f"{path}, line {number}: the task {task['task']!r} appears twice; name each task once."
            )
        if bool(task.get("peaks")) == bool(task.get("reads")):
            raise InputError(
                f"{path}, line {number}: the task {task['task']!r} has "
                f"{'both' if task.get('reads') else 'no'} "
                "peaks and reads; give a peak file, or the reads (of the configuration) to make peaks from."
            )
        tasks.append(task)
    return tasks


def read_sheet(path: str | Path, schema_path: str | Path, what: str) -> Iterator[tuple[int, dict]]:
    """Yield line number (from 1) and columns of each row of a TSV file with a header.

    Lines that are empty or start with ``#`` are skipped. ``what`` says what the sheet is of. Raises
    InputError, naming file and line, on a missing file, wrong or missing columns, a row of the wrong
    length, or a value out of form.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"the sheet of {what} {path} does not exist; give the path of a TSV file with a header."
        )
    text = read_text(path, f"a sheet of {what}")
    try:
        lines = [
            (number, row)
            for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter="\t"), start=1)
            if row and any(row) and not row[0].startswith("#")
        ]
    except csv.Error as error:
        raise InputError(f"{path} is no sheet of {what} ({error}): a TSV file is needed.") from None
    if len(lines) < 2:
        raise InputError(f"{path} has no row of {what}; it needs a header and at least one row.")
    header = lines[0][1]
    for number, row in lines[1:]:
        if len(row) > len(header):
            raise InputError(
                f"{path}, line {number}: found {len(row)} columns where the header has {len(header)}; "
                "separate the columns by single tabs."
            )
        entry = dict(zip(header, row + [""] * (len(header) - len(row)), strict=True))
        check(entry, schema_path, f"{path}, line {number}")
        yield number, entry


def read_samples(path: str | Path) -> dict[str, dict[str, list[dict]]]:
    """Read a sheet of samples (TSV with a header), one row for each lane or run of a replicate.

    Returns the rows by task and replicate, in the order of the sheet. Raises InputError, naming file and
    line, for what :func:`read_sheet` refuses, for a row whose files do not fit its ``ends``,
    for rows of a replicate that disagree, for a file named twice, and for a task with fewer than two
    replicates.
    """
    tasks, files = {}, {}
    for number, row in read_sheet(path, SAMPLES_SCHEMA, "samples"):
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
