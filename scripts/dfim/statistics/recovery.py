"""What is called significant, against a truth that is known: precision and recall."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.statistics.bootstrap import clusters_of
from dfim.statistics.conditions import matching, values_of, with_derived_columns
from dfim.statistics.nulls import NullModel
from dfim.statistics.proportions import share_interval
from dfim.statistics.resolution import LEVEL

COLUMNS = [
    "score", "null_model", "call", "level", "n", "n_interacting", "n_called", "precision", "precision_low",
    "precision_high", "recall", "recall_low", "recall_high", "false_positive_rate",
    "false_positive_rate_low", "false_positive_rate_high", "by_construction",
]  # fmt: skip
_FIRST = "first"


def recovery(
    table: pd.DataFrame,
    truth: Mapping,
    level: float = LEVEL,
    models: Sequence[NullModel] = (),
) -> pd.DataFrame:
    """Return precision and recall of every q of a table of pairs or sources, the columns ``COLUMNS``.

    ``truth`` has the conditions ``interacting`` and ``not_interacting`` over the columns; other rows are
    of neither kind and do not count, nor do rows without a q. ``call`` is ``significant`` (q below
    ``level``) and, for the signed sum, also ``synergy`` and ``redundancy`` (significant and above, or
    below, 0). ``null_model`` is ``first`` for the q of the first null model. Precision is the share of
    the called rows that interact, recall the share of the interacting rows that are called, and
    ``false_positive_rate`` the share of those that do not interact that are called, each with its 95 %
    interval by blocks (or examples); missing where there is nothing to share.
    ``by_construction`` is 1 where the rows that do not interact are the members of the null themselves
    (of ``models``, the run's), so that the false-positive rate cannot be off; the calibration against
    other kinds of members can. An empty table without a truth. Raises InputError on a condition that
    cannot be used, that no row meets, or on rows that meet both.
    """
    if not truth:
        return pd.DataFrame(columns=COLUMNS)
    derived = with_derived_columns(table)
    kinds = [matching(derived, truth[key], f"key {key!r} of the truth") for key in _KINDS]
    for key, rows in zip(_KINDS, kinds, strict=True):
        if not rows.any():
            raise InputError(
                f"key {key!r} of the truth, {truth[key]!r}, holds for none of {counted(len(table), 'row')}: "
                "mend the "
                f"condition; the columns are {', '.join(derived.columns)}{values_of(derived, truth[key])}."
            )
    if (both := kinds[0] & kinds[1]).any():
        raise InputError(
            f"'interacting' and 'not_interacting' of the truth share {counted(int(both.sum()), 'row')}: "
            "make the conditions exclusive."
        )
    clusters = clusters_of(table)
    rows = [
        {
            "score": score,
            "null_model": model,
            "call": call,
            "level": level,
            **_rates(called, kinds, q, clusters),
            "by_construction": int(_is_null(derived, kinds[1], model, models)),
        }
        for score, model, q in _q_columns(table)
        for call, called in _calls(table, score, q < level)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _is_null(table: pd.DataFrame, idle: np.ndarray, model: str, models: Sequence[NullModel]) -> bool:
    """Return whether all rows that do not interact are members of a null model, by its name in the table."""
    specs = {_FIRST if not number else spec.model: spec for number, spec in enumerate(models)}
    spec = specs.get(model)
    if spec is None or spec.members is None:
        return False
    return bool(matching(table, spec.members, f"the null model {spec.model!r}")[idle].all())


_KINDS = ("interacting", "not_interacting")


def _q_columns(table: pd.DataFrame):
    """Yield score, null model and q of every column of q, ``{score}_q`` or ``{score}_q_{null model}``."""
    for score in ("interaction", "fis", "fis_sum", "signed_sum"):
        for column in table:
            if column == f"{score}_q" or column.startswith(f"{score}_q_"):
                yield score, column.removeprefix(f"{score}_q").lstrip("_") or _FIRST, table[column]


def _calls(table: pd.DataFrame, score: str, significant: pd.Series):
    """Yield every way of calling rows, and which rows are called."""
    if score == "interaction":  # the pair test asks for a size too
        yield "called", (table["interaction_called"] == 1).to_numpy()
        return
    yield "significant", significant.to_numpy()
    if score == "signed_sum":
        yield "synergy", (significant & (table[score] > 0)).to_numpy()
        yield "redundancy", (significant & (table[score] < 0)).to_numpy()


def _rates(called: np.ndarray, kinds: list[np.ndarray], q: pd.Series, clusters: np.ndarray) -> dict:
    """Return counts and rates with their intervals."""
    interacting, idle = (kind & q.notna().to_numpy() for kind in kinds)
    counted = interacting | idle
    shares = {
        "precision": (called & interacting, called & counted),
        "recall": (called & interacting, interacting),
        "false_positive_rate": (called & idle, idle),
    }
    row = {"n": counted.sum(), "n_interacting": interacting.sum(), "n_called": (called & counted).sum()}
    for name, (part, whole) in shares.items():
        row |= dict.fromkeys((name, f"{name}_low", f"{name}_high"), np.nan)
        if not whole.any():
            continue
        low, high = share_interval(part[whole], clusters[whole])
        row |= {name: part.sum() / whole.sum(), f"{name}_low": low, f"{name}_high": high}
    return row
