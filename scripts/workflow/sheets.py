"""Sheets: which peaks or reads are those of a task, and which files are those of a replicate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dfim.errors import InputError
from dfim.planted.grammar import peak_names, read_grammar
from workflow.datasets import sheet_of
from workflow.rows import read_sheet
from workflow.samples import SampleTasks, locks_folder, read_sample_sheet
from workflow.schema import TASKS_SCHEMA, locate


@dataclass(frozen=True)
class Sheets:
    """What the files beside a configuration say that decides which jobs there are.

    ``tasks``: the rows of each sheet of tasks, by its path. ``samples``: the rows of each set of reads, by
    task and replicate (:class:`workflow.samples.SampleTasks`). ``peaks``: the names of the peak files of each
    planted genome. Paths are as the configuration has them.
    """

    tasks: Mapping[str, list[dict]]
    samples: Mapping[str, Mapping[str, Mapping[str, list[dict]]]]
    peaks: Mapping[str, list[str]]


def read_sheets(config: Mapping) -> Sheets:
    """Read all sheets and grammars that a configuration (defaults filled in) names; InputError as below."""
    named = dict.fromkeys(sheet_of(config, dataset) for dataset in config["datasets"])
    return Sheets(
        {path: _read_tasks_of(config, path) for path in named if path},
        {
            name: SampleTasks(read_sample_sheet(locate(reads["samples"]), locks_folder(config)))
            for name, reads in config["reads"].items()
        },
        {
            name: peak_names(read_grammar(locate(genome["planted"])))
            for name, genome in config["genomes"].items()
            if "planted" in genome
        },
    )


def query_sheets(config: Mapping) -> dict[str, str]:
    """Return the name of each query by the path of the sheet of tasks that it becomes."""
    return {f"{locks_folder(config)}/{name}.tsv": name for name in config.get("queries", {})}


def _read_tasks_of(config: Mapping, path: str) -> list[dict]:
    """Read a sheet of tasks; a query that was not asked yet has the rows beside it, and one of its own."""
    name = query_sheets(config).get(path)
    if name is None or Path(locate(path)).is_file():
        return read_tasks(locate(path))
    beside = config["queries"][name]["beside"]
    rows = read_tasks(locate(beside)) if beside else []
    return [*rows, {"task": name, "assay": "", "peaks": f"the answer to the query {name}", "query": name}]


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
