"""Reading what figures are drawn from, and checking that it can be drawn."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import h5py
import pandas as pd

from dfim.errors import InputError
from dfim.files.tables import read_table

# HDF5 files stay open while a figure is drawn: it reads a few rows of arrays that may not fit in memory.
_PROFILES, _SEQUENCES = "profiles", "sequences"
_TEXT = ("name", "group", "reference", "alternate", "chrom", "strand", "pair", "task", "split")


class _Tables(Mapping):
    """Inputs by name, each read when a figure asks for it: none of an analysis's figures needs them all."""

    def __init__(self, paths: Mapping[str, str], opened: ExitStack):
        self._paths, self._opened, self._tables = paths, opened, {}

    def __getitem__(self, name: str):
        if name not in self._tables:
            self._tables[name] = self._open(name, self._paths[name])
        return self._tables[name]

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def _open(self, name: str, path: str):
        if name not in (_PROFILES, _SEQUENCES):
            return _read(path)
        arrays = self._opened.enter_context(h5py.File(path, "r"))
        return arrays if name == _PROFILES else arrays["bases"]


@contextmanager
def open_tables(paths: Mapping[str, str]) -> Iterator[Mapping]:
    """Open the inputs of a figure: ``{input's name: path}`` to ``{input's name: table or arrays}``.

    ``profiles`` becomes a mapping of arrays (source, position) and ``sequences`` an array of bases
    (example, position), both read from disk row by row; everything else becomes a table whose text
    columns have empty strings where a cell is empty. Each is read when it is first looked up.
    """
    with ExitStack() as opened:
        yield _Tables(paths, opened)


def _read(path: str) -> pd.DataFrame:
    """Read a table, its text columns as text."""
    table = read_table(path, dtype=dict.fromkeys(_TEXT, "str"))
    text = [column for column in _TEXT if column in table.columns]
    table[text] = table[text].fillna("")
    return table


def require(tables: Mapping, figure: str, names: list[str]) -> list:
    """Return the named inputs of a figure; raises InputError naming the first one that is not there."""
    for name in names:
        if name not in tables:
            raise InputError(
                f"the figure {figure!r} is drawn from {', '.join(names)}, and {name} is not among its inputs "
                f"({', '.join(tables) or 'none'}): add it to the rule."
            )
    return [tables[name] for name in names]


def require_rows(table: pd.DataFrame, figure: str, what: str) -> pd.DataFrame:
    """Return the table; raises InputError, saying what is missing, when it has no rows."""
    if table.empty:
        raise InputError(
            f"the figure {figure!r} found no {what}: check its options and the selection of examples."
        )
    return table


def place_of(tables: Mapping, example: int) -> tuple[str, int] | None:
    """Return chromosome and 0-based start of an example, or None when it has no place."""
    examples = tables.get("examples")
    if examples is None:
        return None
    row = examples.set_index("example").loc[example]
    has_place = isinstance(row["chrom"], str) and row["chrom"] and pd.notna(row["start"])
    return (row["chrom"], int(row["start"])) if has_place else None


def sequence_title(tables: Mapping, example: int) -> str:
    """Return the name of an example, with its place in the genome (1-based) if the name has none."""
    examples = tables.get("examples")
    if examples is None or "name" not in examples:
        return f"Example {example}"
    name, place = str(examples.set_index("example").loc[example, "name"]), place_of(tables, example)
    return name if place is None or place[0] in name else f"{name}  ({place[0]}:{place[1] + 1:,})"


def comparison_row(tables: Mapping, name: str) -> pd.Series:
    """Return one row of ``comparisons``; raises InputError, listing the names, when there is none."""
    comparisons = tables.get("comparisons")
    known = [] if comparisons is None else list(comparisons["comparison"])
    if name not in known:
        raise InputError(
            f"there is no comparison {name!r} among those of the analysis ({', '.join(known) or 'none'}): "
            "name one of them in the options of the figure."
        )
    return comparisons.loc[comparisons["comparison"] == name].iloc[0]
