"""Null models: what a score is compared with, and p and q that follow.

``dinucleotide``
    the same scores on dinucleotide shuffles of the same sequences, mutated at the same coordinates.
``matched``
    the scores of real rows that cannot interact by construction or by design, named by a condition. A row is
    tested against those of other examples alone, so that a null row can be tested too.
``substitutions``
    the scores of random substitutions in the window of the same variant
    (:mod:`dfim.interactions.substitutions`); score and draws are studentised within the variant, and the
    draws of all variants pooled (:mod:`dfim.statistics.studentised`).
``replaced``
    for pairs of features: the score with other sequence in the place of either feature
    (:mod:`dfim.statistics.replaced`), which has no further conditions.

All others can be made conditional: a row is tested against the null rows that have the same values in the
columns of ``match`` and a distance in the same bin. Without that the null scores are pooled, and p holds its
level on the whole but not at each distance. Features that interact have no null rows of their own names; with
``each`` a row is tested against every kind of null rows (every combination of values of these columns) alone,
and its largest p counts: it has to exceed the least favourable kind (an intersection–union test, Berger
1982), so that this p is conservative. The Gaussian methods pool always, as the paper does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.statistics.conditions import matching, values_of, with_derived_columns
from dfim.statistics.p_values import POOLED, p_values, q_values
from dfim.statistics.resolution import AUTO
from dfim.statistics.studentised import pooled_sizes, with_a_change

ALL = "all"
MODELS = ("dinucleotide", "matched", "substitutions", "replaced")
# Of the draws of ``substitutions``: how far from the window's centre, and how near the variant, bp.
WITHIN, CLEARANCE = 100, 5
CONDITIONS = ("match", "each", "distances")
# The keys of a null model, where they are not those of its conditions.
KEYS_OF = {
    "substitutions": ("match", "each", "draws", "within", "clearance"),
    "replaced": ("draws", "score_draws"),
}
# Rows of an example are tested against null rows of the examples of other folds.
FOLDS = 5
# Scores and whether they have a sign (and so two tails).
SIGNED = {"fis": False, "fis_sum": False, "signed_sum": True, "delta": False}


@dataclass(frozen=True)
class NullModel:
    """A null model of the configuration.

    ``members`` is the condition, over the columns of the results, of the rows that cannot interact (matched
    only). ``match`` are columns, and ``distances`` the largest |distance| (bp) of each bin but the last, in
    which a row and its null rows agree; ``each`` are columns whose values make the kinds of null rows.
    ``draws`` are how many there are of each variant, or pair, a number or ``auto``; ``within`` and
    ``clearance`` (bp) say where substitutions are, and ``score_draws`` how many draws of each pair the scores
    of contributions have in the model ``replaced``.
    """

    model: str = "dinucleotide"
    members: str | None = None
    match: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    distances: tuple[int, ...] = ()
    draws: int | str = AUTO
    score_draws: int | str = AUTO
    within: int = WITHIN
    clearance: int = CLEARANCE

    @classmethod
    def read(cls, options: Mapping) -> "NullModel":
        """Return the null model that a mapping of the configuration describes; InputError if it cannot."""
        model, members = options.get("model"), options.get("members")
        distances = tuple(options.get("distances", ()))
        if model not in MODELS:
            raise InputError(f"there is no null model {model!r}: choose from {', '.join(MODELS)}.")
        if (model == "matched") != (members is not None):
            raise InputError(
                f"the null model {model!r} has {'no' if members is None else 'the'} key 'members': 'matched' "
                "needs the condition of the rows that cannot interact, and no other model takes one."
            )
        if list(distances) != sorted(set(distances)):
            raise InputError(
                f"the null model {model!r} has the distances {list(distances)}: write ascending "
                "numbers of bp."
            )
        columns = {key: tuple(options.get(key, ())) for key in ("match", "each")}
        drawn = {key: options[key] for key in KEYS_OF.get(model, ()) if key in options and key not in columns}
        known = {"model", "members", *KEYS_OF.get(model, CONDITIONS)}
        if unused := [key for key in options if key not in known and options[key] not in ([], ())]:
            raise InputError(
                f"the null model {model!r} has the key {unused[0]!r}, which it makes no use of: remove it."
            )
        return cls(model, members, **columns, distances=distances, **drawn)

    @property
    def held_out(self) -> bool:
        """Whether a row must not be tested against null rows of its own example: the two may be the same."""
        return self.model == "matched"

    @property
    def studentised(self) -> bool:
        """Whether a row has draws of its own, by which its score is scaled."""
        return self.model == "substitutions"

    def two_tailed(self, score: str) -> bool:
        """Whether a score is tested in both tails: one that has a sign, unless its size alone is compared."""
        return SIGNED[score] and not self.studentised

    def hypothesis(self, method: str = "empirical") -> str:
        """Return in one sentence what a small p speaks against."""
        if self.model == "dinucleotide":
            sentence = (
                "the score is no larger than between the same places of the same sequences once these are "
                "shuffled with every dinucleotide kept, where no motifs are"
            )
        elif self.studentised:
            sentence = (
                "the variant changes no more than a random substitution at another place of the same window, "
                f"within {self.within} bp of its centre and {self.clearance} bp or more from the variant"
            )
        else:
            sentence = (
                "the score is no larger than between real features of other sequences that cannot interact "
                f"({self.members})"
            )
        alike = [*self.match, *(["distance"] if self.distances else [])]
        if alike and method not in POOLED:
            sentence += f", alike in {' and '.join(alike)}"
        if self.each and method not in POOLED:
            sentence += f", of at least one kind of these (by {' and '.join(self.each)})"
        return sentence[0].upper() + sentence[1:] + "."

    def strata(self, table: pd.DataFrame, method: str = "empirical") -> np.ndarray:
        """Return the stratum of every row, text: ``all``, or e.g. ``source_name ELF1, 11–20 bp``."""
        if method in POOLED or not (self.match or self.distances):
            return np.full(len(table), ALL, dtype=object)
        labels = [_values(table, self.match)] if self.match else []
        if self.distances:
            labels.append(distance_bins(table, self.distances))
        return labels[0] if len(labels) == 1 else labels[0] + ", " + labels[1]

    def kinds(self, null: pd.DataFrame, method: str = "empirical") -> np.ndarray:
        """Return the kind of every null row, text: ``all``, or e.g. ``source_name ELF1``."""
        if method in POOLED or not self.each:
            return np.full(len(null), ALL, dtype=object)
        return _values(null, self.each)


def _values(table: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Return the values of some columns of every row as text, ``source_name ELF1, target_name SIX5``."""
    for column in columns:
        if column not in table:
            raise InputError(
                f"a null model matches on {column!r}, and the table has no such column: name some of "
                f"{', '.join(table.columns)}."
            )
    labels = [(column + " " + table[column].astype(str)).to_numpy(dtype=object) for column in columns]
    joined = labels[0]
    for label in labels[1:]:
        joined = joined + ", " + label
    return joined


def distance_bins(table: pd.DataFrame, bounds: Sequence[int]) -> np.ndarray:
    """Return the bin of every row's |distance|: ``0–10 bp``, ``11–20 bp``, … ``over 20 bp``, text (rows,)."""
    if "distance" not in table:
        raise InputError(
            "a null model has 'distances', and the targets of the analysis are positions, which have none of "
            "their own: remove the key."
        )
    lows = [0, *(bound + 1 for bound in bounds[:-1])]
    labels = [f"{low}–{high} bp" for low, high in zip(lows, bounds, strict=True)] + [f"over {bounds[-1]} bp"]
    return np.array(labels, dtype=object)[np.searchsorted(bounds, table["distance"].abs(), side="left")]


def folds(examples: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Return the fold, 0 … FOLDS − 1, of the rows of some tables, by their examples' or blocks' place."""
    tables = (examples, *others)
    known = np.unique(np.concatenate(tables))
    return [np.searchsorted(known, table) % FOLDS for table in tables]


def folds_of(table: pd.DataFrame, null: pd.DataFrame) -> list[np.ndarray]:
    """Return the folds of the rows of both tables: by block where both have one, else by example."""
    name = "block" if "block" in table and "block" in null else "example"
    return folds(table[name].to_numpy(), null[name].to_numpy())


def p_against(
    table: pd.DataFrame,
    null: pd.DataFrame,
    score: str,
    spec: NullModel,
    method: str = "empirical",
    comparisons: list[tuple[np.ndarray, np.ndarray]] | None = None,
) -> np.ndarray:
    """Return the p of a score of every row of a table against null rows: float64 (rows,).

    ``comparisons``: those of :func:`compared_rows`, which are the same for all scores, where known; p is
    NaN in rows without any. Scores of a studentised null are those of :func:`scaled`.
    """
    p = np.full(len(table), np.nan)
    values, null_values = table[score].to_numpy(float), null[score].to_numpy(float)
    for mine, against in compared_rows(table, null, spec, method) if comparisons is None else comparisons:
        found = p_values(values[mine], null_values[against], method, spec.two_tailed(score))
        # With several kinds of null rows, the least favourable one counts.
        p[mine] = np.fmax(p[mine], found)
    return p


def compared_rows(
    table: pd.DataFrame,
    null: pd.DataFrame,
    spec: NullModel,
    method: str = "empirical",
    held_out: bool | None = None,
    apart: bool = False,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return which rows are tested against which null rows, at least 2, by the numbers of both.

    Both tables have the column ``example``, and those that ``spec`` matches on. With ``held_out`` (that of
    the null model, if not given) a row is tested against null rows of other folds only. With ``apart`` a row
    is tested against the kinds of null rows that are not its own alone. Raises InputError when a stratum of
    the table has fewer than 2 null rows at all.
    """
    held_out = spec.held_out if held_out is None else held_out
    fold, null_fold = folds_of(table, null) if held_out else (None, None)
    own = spec.kinds(table, method) if apart else None
    found = []
    for _, kind, rows, members in strata(table, null, spec, method):
        rows = rows if own is None else rows[own[rows] != kind]
        if held_out:
            parts = np.unique(fold[rows])
            found += [(rows[fold[rows] == part], members[null_fold[members] != part]) for part in parts]
        else:
            found.append((rows, members))
    return [(rows, members) for rows, members in found if len(members) >= 2]


def strata(
    table: pd.DataFrame, null: pd.DataFrame, spec: NullModel, method: str = "empirical"
) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Yield stratum, kind of null rows, and the numbers of the rows and of their null rows.

    Kinds with fewer than 2 null rows in a stratum test nothing there. Raises InputError when that is so of
    all of them.
    """
    labels, null_labels, kinds = (
        spec.strata(table, method),
        spec.strata(null, method),
        spec.kinds(null, method),
    )
    members = pd.DataFrame({"stratum": null_labels, "kind": kinds}).groupby(["stratum", "kind"]).indices
    by_stratum: dict[str, list] = {}
    for (stratum, kind), rows in members.items():
        if len(rows) >= 2:
            by_stratum.setdefault(stratum, []).append((kind, rows))
    for stratum, rows in pd.Series(labels).groupby(labels).indices.items():
        if stratum not in by_stratum:
            raise InputError(
                f"the null model {spec.model!r} has fewer than 2 null scores for the "
                f"{counted(len(rows), 'row')} of the "
                f"stratum {stratum!r}: match on fewer columns, widen the distances, or raise the number of "
                "shuffles or examples."
            )
        for kind, null_members in by_stratum[stratum]:
            yield stratum, kind, rows, null_members


def null_rows(
    spec: NullModel, table: pd.DataFrame, shuffled: pd.DataFrame, draws: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the rows whose scores are the null: of shuffled sequences, draws, or the members in the table.

    Raises InputError when the condition of the members is met by fewer than 2 rows, or by all of them.
    """
    if spec.model == "dinucleotide":
        return shuffled
    if spec.studentised:
        if draws is None:
            raise InputError(
                f"the null model {spec.model!r} is for variants, and none is a source: remove it."
            )
        return draws
    derived = with_derived_columns(table)
    chosen = matching(derived, spec.members, f"the null model {spec.model!r}")
    if chosen.sum() < 2 or chosen.all():
        found = "all rows" if chosen.all() else f"{chosen.sum()} of {len(table)} rows"
        needed = "leaves nothing to test" if chosen.all() else "is fewer than the 2 that are needed"
        raise InputError(
            f"the null model {spec.model!r} has the 'members' {spec.members!r}, which {found} meet, and that "
            f"{needed}: mend the condition{values_of(derived, spec.members)}."
        )
    return table[chosen]


def scaled(
    spec: NullModel, table: pd.DataFrame, null: pd.DataFrame, scores: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table and its null rows with the scores that are compared: of a studentised null the sizes.

    Its null rows are then those of :func:`with_a_change` alone.
    """
    if not spec.studentised:
        return table, null
    found = {score: sizes for score, *sizes in pooled_sizes(table, null, scores)}
    return (
        table.assign(**{score: sizes for score, (sizes, _) in found.items()}),
        null[with_a_change(table, null, scores)].assign(**{score: of for score, (_, of) in found.items()}),
    )


def add_significance(
    table: pd.DataFrame,
    shuffled: pd.DataFrame,
    scores: Sequence[str],
    models: Sequence[NullModel],
    method: str = "empirical",
    tests: np.ndarray | None = None,
    draws: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the table with p and q of each score by each null model, and by the released procedure.

    ``shuffled`` has the rows of the shuffled sequences, and ``draws`` those of a studentised null, described
    as the table is. ``tests`` (bool) says which rows are tested; the others, which cannot respond, have
    neither p nor q. Columns ``{score}_p`` and ``{score}_q`` of the first null model, ``{score}_p_{model}``
    and ``{score}_q_{model}`` of a further one; ``{score}_p_released`` and ``{score}_q_released`` are the
    authors' released procedure on the shuffles: their p, and q for each value of the column ``pair`` alone,
    where there is one. With the method ``released`` all q are taken so; else over the whole table.
    """
    tests = np.ones(len(table), dtype=bool) if tests is None else tests
    rows = table[tests]
    added = {}

    def add(score: str, suffix: str, spec: NullModel, null: pd.DataFrame, way: str) -> None:
        families = rows["pair"].to_numpy() if way == "released" and "pair" in rows else None
        p = p_against(*scaled(spec, rows, null, [score]), score, spec, way)
        for name, values in (("p", p), ("q", q_values(p, families))):
            column = np.full(len(table), np.nan)
            column[tests] = values
            added[f"{score}_{name}{suffix}"] = column

    for score in scores:
        for number, spec in enumerate(models):
            null = null_rows(spec, rows, shuffled, draws)
            add(score, f"_{spec.model}" if number else "", spec, null, method)
        if method != "released" and _varies(shuffled[score]):
            add(score, "_released", NullModel(), shuffled, "released")
    return table.assign(**added)


def _varies(null: pd.Series) -> bool:
    """Return whether null scores differ, so that a Gaussian can be fitted to them."""
    return len(null) > 1 and null.min() < null.max()
