"""The lock: a table of what accessions were found to be, read again without a network."""

import csv
import os
from collections.abc import Iterable, Sequence

from dfim.accessions.records import COLUMNS, ReadFile, from_row
from dfim.errors import InputError
from dfim.files.text import read_text
from dfim.files.whole import atomic_path

_HEAD = (
    "# What the portals said of the accessions of a sheet of samples. It is used as it is, without a network; "
    "'snakemake accessions' asks again.\n"
)


def write_lock(files: Iterable[ReadFile], path: str | os.PathLike) -> None:
    """Write files as a lock: TSV after a line of comment, in the order of accessions, runs and read ends.

    Equal files give equal bytes, whatever their order. There is no checksum beside it: a lock may be edited.
    """
    rows = sorted((one.row() for one in files), key=lambda row: (row["asked"], row["biological_replicate"], row["run"], row["read_end"]))  # fmt: skip
    with atomic_path(path, checksum=False) as temporary, open(temporary, "w", newline="") as out:
        out.write(_HEAD)
        writer = csv.DictWriter(out, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_lock(path: str | os.PathLike) -> list[ReadFile]:
    """Read a lock; raises InputError, naming the line, for what is no row of one."""
    lines = enumerate(read_text(path, "a lock of accessions").splitlines(), start=1)
    lines = [
        (number, line.split("\t")) for number, line in lines if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise InputError(f"{path} is empty: delete it, and run 'snakemake accessions'.")
    header = lines[0][1]
    files = []
    for number, cells in lines[1:]:
        where = f"{path}, line {number}"
        if len(cells) != len(header):
            raise InputError(f"{where}: found {len(cells)} columns, and the header has {len(header)}.")
        files.append(from_row(dict(zip(header, cells, strict=True)), where))
    return files


def by_accession(files: Iterable[ReadFile]) -> dict[str, list[ReadFile]]:
    """Return files by the accession that they were found for."""
    found: dict[str, list[ReadFile]] = {}
    for one in files:
        found.setdefault(one.asked, []).append(one)
    return found


def differences(before: Sequence[ReadFile], after: Sequence[ReadFile]) -> list[str]:
    """Say what changed between two locks: a line for each file that came, went, or is described otherwise."""
    old, new = ({(one.asked, one.file): one.row() for one in files} for files in (before, after))
    lines = []
    for key in sorted(old.keys() | new.keys()):
        name = f"{key[0]} {key[1]}"
        if key not in new:
            lines.append(f"- {name}: is no longer there")
        elif key not in old:
            lines.append(f"+ {name}: {new[key]['address']} ({new[key]['bytes']} bytes)")
        else:
            changed = [column for column in COLUMNS if old[key][column] != new[key][column]]
            lines += [
                f"~ {name}: {column} was {old[key][column]!r}, and is {new[key][column]!r}"
                for column in changed
            ]
    return lines
