"""Controls that are like the positives in all but what is asked: variants matched on where and what they are.

A variant near a peak's summit, or in GC-rich sequence, changes more whatever it does. Positives are compared
with controls of the same change of bases (either strand), at a similar distance to the nearest summit and
with a similar GC content around.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy  # scipy.optimize, slow to load, is loaded where it is called

from dfim.datasets.dataset import Dataset
from dfim.errors import InputError, counted
from dfim.sequences.bases import reverse_complement

COLUMNS = ["feature", "example", "name", "group", "change", "summit_distance", "gc", "matched_set"]
BALANCE_COLUMNS = ["covariate", "controls", "n_positive", "n_control", "mean_positive", "mean_control", "smd"]
COVARIATES = ("summit_distance", "gc")
_UNMATCHABLE = 1e9


def describe_variants(dataset: Dataset, peaks: pd.DataFrame, gc_window: int, caliper: float) -> pd.DataFrame:
    """Return the variants of a dataset with what they are matched on, and their matched sets: ``COLUMNS``.

    ``peaks`` has the columns ``chrom`` and ``summit`` (0-based). ``change`` is the change of bases, as seen
    on the strand whose reference is A or C (``C>T`` stands for G>A too); ``summit_distance`` the distance to
    the nearest summit on the chromosome (bp); ``gc`` the share of G and C among the bases at most
    ``gc_window`` bp away, the variant's own left out. ``matched_set`` is the number of a positive and its
    control, empty for those without (see :func:`match`, also for ``caliper``).
    """
    variants = dataset.features[dataset.features["kind"] == "variant"].reset_index(drop=True)
    examples = dataset.examples.set_index("example")
    place = examples.loc[variants["example"], "start"].to_numpy(dtype=int) + variants["start"].to_numpy(
        dtype=int
    )
    chrom = examples.loc[variants["example"], "chrom"].to_numpy()
    table = variants[["feature", "example", "name", "group"]].assign(
        change=[_change(*alleles) for alleles in variants[["reference", "alternate"]].to_numpy()],
        summit_distance=_nearest(chrom, place, peaks),
        gc=[
            _gc(dataset.bases[example], start, end, gc_window)
            for example, start, end in variants[["example", "start", "end"]].to_numpy(dtype=int)
        ],
    )
    return table.assign(matched_set=match(table, caliper))[COLUMNS]


def _change(reference: str, alternate: str) -> str:
    """Return the change of bases, on the strand whose reference is A or C."""
    if reference in "GT":
        reference, alternate = reverse_complement(reference), reverse_complement(alternate)
    return f"{reference}>{alternate}"


def _nearest(chroms: np.ndarray, places: np.ndarray, peaks: pd.DataFrame) -> np.ndarray:
    """Return the distance of places to the nearest summit of their chromosome; InputError if it has none."""
    distance = np.empty(len(places), dtype=int)
    for chrom in np.unique(chroms):
        summits = np.sort(peaks.loc[peaks["chrom"] == chrom, "summit"].to_numpy(dtype=int))
        if not len(summits):
            raise InputError(
                f"there is no peak on {chrom}, where variants lie, to measure their distance to a summit: "
                "give peaks of the whole genome."
            )
        inside = chroms == chrom
        after = np.searchsorted(summits, places[inside])
        either = summits[np.maximum(after - 1, 0)], summits[np.minimum(after, len(summits) - 1)]
        distance[inside] = np.abs(np.stack(either) - places[inside]).min(axis=0)
    return distance


def _gc(bases: np.ndarray, start: int, end: int, window: int) -> float:
    """Return the share of G and C around [start, end), itself left out, among A, C, G and T."""
    around = np.concatenate([bases[max(0, start - window) : start], bases[end : end + window]])
    known = np.isin(around, list(b"ACGT"))
    return float(np.isin(around[known], list(b"GC")).mean()) if known.any() else np.nan


def match(table: pd.DataFrame, caliper: float) -> np.ndarray:
    """Return the number of the matched set of every row, from 1, NaN for none: float (rows,).

    Each positive gets one control of the same ``change`` at most, and each control one positive; neither
    covariate may be more than ``caliper`` standard deviations (of the positives) away. As many are matched as
    possible, and of those assignments the one of smallest total distance is taken (optimal matching,
    Rosenbaum 1989).
    """
    sets = np.full(len(table), np.nan)
    positive = (table["group"] == "positive").to_numpy()
    control = (table["group"] == "control").to_numpy()
    values = table[list(COVARIATES)].to_numpy(dtype=float)
    usable = np.isfinite(values).all(axis=1)
    if not (positive & usable).any() or not (control & usable).any():
        return sets
    spread = values[positive & usable].std(axis=0)
    scaled = values / np.where(spread > 0, spread, 1)
    number = 0
    for change in sorted(table["change"].unique()):
        of_change = (table["change"] == change).to_numpy() & usable
        rows, columns = np.flatnonzero(positive & of_change), np.flatnonzero(control & of_change)
        apart = np.abs(scaled[rows, None] - scaled[None, columns])
        cost = np.where((apart <= caliper).all(axis=2), apart.sum(axis=2), _UNMATCHABLE)
        for row, column in zip(*scipy.optimize.linear_sum_assignment(cost), strict=True):
            if cost[row, column] < _UNMATCHABLE:
                number += 1
                sets[[rows[row], columns[column]]] = number
    return sets


def balance(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far positives and controls differ in what they are matched on: ``BALANCE_COLUMNS``.

    One row per covariate (each change of bases is one, as a share) for ``all`` and for ``matched`` variants.
    ``smd`` is the standardised mean difference: (mean of positives − mean of controls) over the standard
    deviation of all positives; 0 where both means are equal.
    """
    shares = pd.get_dummies(table["change"], prefix="change", prefix_sep=" ").astype(float)
    values = pd.concat([table[list(COVARIATES)].astype(float), shares], axis=1)
    positive = table["group"] == "positive"
    rows = []
    for name, chosen in (("all", table["group"].notna()), ("matched", table["matched_set"].notna())):
        for covariate in values:
            first = values.loc[chosen & positive, covariate]
            second = values.loc[chosen & (table["group"] == "control"), covariate]
            difference = first.mean() - second.mean()
            spread = values.loc[positive, covariate].std(ddof=0)
            rows.append(
                {
                    "covariate": covariate,
                    "controls": name,
                    "n_positive": len(first),
                    "n_control": len(second),
                    "mean_positive": first.mean(),
                    "mean_control": second.mean(),
                    "smd": difference / spread if spread > 0 else (0.0 if difference == 0 else np.nan),
                }
            )
    return pd.DataFrame(rows, columns=BALANCE_COLUMNS)


def add_covariates(sources: pd.DataFrame, covariates: pd.DataFrame) -> pd.DataFrame:
    """Add ``change``, ``summit_distance``, ``gc`` and ``matched_set`` to sources, by their feature.

    Raises InputError when a source is no variant of the table.
    """
    table = covariates.set_index("feature")[["change", *COVARIATES, "matched_set"]]
    lost = ~sources["feature"].isin(table.index)
    if lost.any():
        raise InputError(
            f"{lost.sum()} of {counted(len(sources), 'source')} are no variants that were matched: make the "
            "dataset and its covariates again."
        )
    found = table.loc[sources["feature"]].reset_index(drop=True)
    return sources.reset_index(drop=True).join(found)


def pooled_peaks(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the summits of several tables of peaks as one: ``chrom``, ``summit``."""
    return pd.concat([table[["chrom", "summit"]] for table in tables], ignore_index=True)
