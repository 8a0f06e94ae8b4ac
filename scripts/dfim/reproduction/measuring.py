"""What the claims of :mod:`dfim.reproduction.claims` ask for, measured in the files of a run's results."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from dfim.datasets.dataset import EXAMPLES, FEATURES, Dataset, read_dataset
from dfim.errors import InputError
from dfim.files.tables import read_table
from dfim.reproduction.claims import kind_of_file
from dfim.reproduction.describing import background, examples_with_labels, features_with_sequences
from dfim.reproduction.layers import network_layers
from dfim.statistics.bootstrap import clusters_of
from dfim.statistics.comparison import compare
from dfim.statistics.conditions import UnknownColumn, evaluate, matching, with_derived_columns
from dfim.statistics.proportions import wilson

TABLE_MEASURES = {
    "rows": len,
    "value": lambda values: values.iloc[0],
    "values": lambda values: sorted(values.unique()),
    "mean": lambda values: values.mean(),
    "median": lambda values: values.median(),
    "smallest": lambda values: values.min(),
    "largest": lambda values: values.max(),
    "share": lambda values: values.astype(float).mean(),
}
_CONDITIONS = ("where", "against")


@dataclass(frozen=True)
class Found:
    """What was found: a value (None: there is no such row), of how many observations, its 95 % interval."""

    value: object
    n: int
    low: float = np.nan
    high: float = np.nan
    group: str = ""


class Results:
    """The files of a results folder, each read once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.tables: dict[str, pd.DataFrame] = {}
        self.datasets: dict[Path, Dataset] = {}

    def measure(self, part: dict, where: str) -> Found:
        """Return what is found for a claim or one of its parts; ``where`` names it in an InputError."""
        match kind_of_file(part["file"]):
            case ".keras":
                found = Found(network_layers(self.folder / part["file"]), 1)
            case ".h5":
                found = Found(*self._of_array(part))
            case _:
                found = self._of_table(part, where)
        return self._divided(found, part["per"], where) if "per" in part else found

    def _divided(self, found: Found, per: dict, where: str) -> Found:
        """Return what was found by what ``per`` gives; nothing where either is missing or that is 0."""
        by = self.measure(per, where).value
        if found.value is None or not by:
            return Found(None, 0)
        low, high = sorted((found.low / by, found.high / by))
        return replace(found, value=found.value / by, low=low, high=high)

    def _of_table(self, part: dict, where: str) -> Found:
        table, measure = self._table(part), part["measure"]
        chosen = [matching(table, part[key], where) for key in _CONDITIONS if key in part]
        # No row is an answer to how many rows there are, and to no other question.
        if measure != "rows" and (table.empty or any(not rows.any() for rows in chosen)):
            return Found(None, 0)
        if "against" in part:
            return _of_two_groups(table, part, chosen, where)
        rows = table[chosen[0]] if chosen else table
        if measure == "value" and len(rows) != 1:
            raise InputError(
                f"{where} needs one row of {part['file']} and has {len(rows)}: mend its 'where'."
            )
        n = int(evaluate(rows, part["n"], where).sum()) if "n" in part else len(rows)
        try:
            return _of_rows(rows, part, n, where)
        except UnknownColumn:
            raise
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{where} asks for the measure {measure!r} of {part.get('column')!r}, which is not "
                f"made for it ({error}): measure a column of numbers."
            ) from error

    def _of_array(self, part: dict) -> tuple[object, int]:
        path = self.folder / part["file"]
        if part["measure"] == "background":
            return background(self._dataset(path.parent))
        with h5py.File(path, "r") as handle:
            places = handle.attrs if part["measure"] == "attribute" else handle
            if part["column"] not in places:
                raise UnknownColumn(f"{path} has no {part['column']!r}: name one of {', '.join(places)}.")
            if places is not handle:
                return np.asarray(places[part["column"]]), 1
            shape = places[part["column"]].shape
        return shape[-1 if part["measure"] == "length" else 0], shape[0]

    def _table(self, part: dict) -> pd.DataFrame:
        """Return the table of a claim with the derived columns that its expressions ask for."""
        file = part["file"]
        if file not in self.tables:
            self.tables[file] = with_derived_columns(read_table(self.folder / file))
        table, folder = self.tables[file], (self.folder / file).parent
        asked = " ".join(str(part.get(key, "")) for key in ("where", "against", "column"))
        if Path(file).name == EXAMPLES and re.search(r"\b(label|copies)_", asked):
            return self._described(examples_with_labels, folder)
        if Path(file).name == FEATURES and re.search(r"\b(origin|split|sequence)\b", asked):
            return self._described(features_with_sequences, folder)
        return table

    def _described(self, describe: Callable[[Dataset], pd.DataFrame], folder: Path) -> pd.DataFrame:
        """Return what a function of :mod:`dfim.reproduction.describing` makes of a dataset, made once."""
        key = f"{folder} {describe.__name__}"
        if key not in self.tables:
            self.tables[key] = describe(self._dataset(folder))
        return self.tables[key]

    def _dataset(self, folder: Path) -> Dataset:
        if folder not in self.datasets:
            self.datasets[folder] = read_dataset(folder)
        return self.datasets[folder]


def _of_two_groups(table: pd.DataFrame, part: dict, chosen: list[np.ndarray], where: str) -> Found:
    """Measure the rows of ``where`` with those of ``against``."""
    first, second = chosen
    n = int((first | second).sum())
    if part["measure"] == "auroc":
        row = compare(table, part["column"], part["where"], part["against"], name=where, resamples=0)
        return Found(row["auroc"], row["n_group"] + row["n_against"])
    values = evaluate(table, part["column"], where)
    if part["measure"] == "gap":
        return Found(values[first].median() - values[second].median(), n)
    rows = first | second
    if values[rows].isna().any():
        raise InputError(f"{where} has rows without {part['column']!r}: leave them out.")
    from sklearn.metrics import average_precision_score  # a second to load

    return Found(average_precision_score(first[rows], values[rows]), n)


def _of_rows(rows: pd.DataFrame, part: dict, n: int, where: str) -> Found:
    """Measure one group of rows; raises what pandas raises on a column that the measure is not made for."""
    measure = part["measure"]
    if measure == "largest_share":
        shares = [(_share(group, part, where), name) for name, group in rows.groupby(part["by"])]
        found, name = max(shares, key=lambda share: share[0].value)
        return replace(found, n=n, group=str(name))
    if measure == "share":
        return replace(_share(rows, part, where), n=n)
    values = evaluate(rows, part["column"], where) if "column" in part else rows
    low, high = (f"{part.get('column')}_{end}" for end in ("low", "high"))
    interval = rows[[low, high]].iloc[0] if measure == "value" and {low, high} <= {*rows} else ()
    return Found(TABLE_MEASURES[measure](values), n, *interval)


def _share(rows: pd.DataFrame, part: dict, where: str) -> Found:
    """Return the share of rows in which the column holds, with Wilson's interval.

    Rows of one block, or else of one example, are not independent: the interval counts each of them once.
    """
    share = TABLE_MEASURES["share"](evaluate(rows, part["column"], where))
    return Found(share, len(rows), *wilson(share, len(np.unique(clusters_of(rows)))))
