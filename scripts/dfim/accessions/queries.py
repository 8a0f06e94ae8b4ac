"""A query for ready-made peaks in place of typed rows: ENCODE's answer as a sheet of tasks."""

import csv
import os
import re
from collections.abc import Iterable, Mapping, Sequence

from dfim.accessions.encode import peak_files
from dfim.accessions.portals import Portals
from dfim.files.whole import atomic_path

COLUMNS = ("task", "assay", "peaks", "sha256", "md5")


def query_tasks(portals: Portals, query: Mapping[str, str | list[str]]) -> list[dict[str, str]]:
    """Return the rows of a sheet of tasks (:data:`COLUMNS`), one for each experiment that a query finds.

    Of several files of an experiment the one that the portal prefers is taken, then that of most biological
    replicates, then the newest. Rows are in the order of experiments. Raises InputError as
    :func:`dfim.accessions.encode.peak_files` does.
    """
    experiments: dict[str, list[dict]] = {}
    for one in peak_files(portals, query):
        experiments.setdefault(one["dataset"].strip("/").rsplit("/", 1)[-1], []).append(one)
    return [_row(portals, name, max(files, key=_worth)) for name, files in sorted(experiments.items())]


def _worth(one: Mapping) -> tuple:
    return (
        bool(one.get("preferred_default")),
        len(one.get("biological_replicates", [])),
        one.get("date_created", ""),
        one["accession"],
    )


def _row(portals: Portals, experiment: str, one: Mapping) -> dict[str, str]:
    ontology = one.get("biosample_ontology")
    cell = ontology.get("term_name", "") if isinstance(ontology, Mapping) else ""
    name = "_".join([experiment, *re.findall(r"[A-Za-z0-9.+-]+", cell)])
    address = portals.address("encode", one["href"])
    row = {"task": name, "assay": one.get("assay_term_name", ""), "peaks": address}
    return row | {"sha256": "", "md5": one.get("md5sum", "")}


def task_differences(before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]]) -> list[str]:
    """Say what changed between two sheets: a line for each row that went or came, or has another file."""
    lines = []
    for sign, rows, others in (("-", before, after), ("+", after, before)):
        there = {(row["task"], row["peaks"]) for row in others}
        rows = [(row["task"], row["peaks"]) for row in rows]
        lines += [f"{sign} {task}: {peaks}" for task, peaks in rows if (task, peaks) not in there]
    return lines


def found_words(name: str, found: int, beside: int, expected: int) -> str:
    """Say how many experiments a query found, how many rows are added, and how many were expected (0: unknown)."""
    words = f"{found} experiments of ENCODE are found for the query {name}"
    words += f", and {beside} rows are beside them" if beside else ""
    return words + (f"; {expected} samples were expected" if expected else "")


def write_tasks(rows: Iterable[Mapping[str, str]], comments: Sequence[str], path: str | os.PathLike) -> None:
    """Write rows as a sheet of tasks (TSV), after lines of comments; no checksum beside it."""
    with atomic_path(path, checksum=False) as temporary, open(temporary, "w", newline="") as out:
        out.writelines(f"# {line}\n" for line in comments)
        writer = csv.DictWriter(
            out, COLUMNS, delimiter="\t", lineterminator="\n", restval="", extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(rows)
