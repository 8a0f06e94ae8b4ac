"""The columns of the results of an analysis, as they are known before it begins."""

from collections.abc import Sequence

from dfim.datasets.controls import COVARIATES
from dfim.interactions.shards import OF_TESTS, PAIR_SCORES
from dfim.interactions.sources import PROFILE_SCORES, SOURCE_COLUMNS
from dfim.statistics.comparison import comes_from_scores

SCORES = {"pairs": PAIR_SCORES, "profiles": PROFILE_SCORES}
COPIES = "copies_"
# Of a feature in the genome, as :mod:`dfim.interactions.places` adds them.
_PLACES = ("chrom_start", "chrom_end", "strand")


def described_columns(kind: str, names: Sequence[str] | None) -> list[str]:
    """Return the columns of rows before they have p and q, those of conditions included.

    ``kind`` is ``pairs`` or ``profiles``; ``names`` are those of the features, None when they are not known:
    the columns ``copies_{name}`` are then one, with that text as its name.
    """
    if kind == "profiles":
        return ["source", *SOURCE_COLUMNS, *PROFILE_SCORES, "response_distance", "abs_response_distance"]
    ends = [f"{end}_{what}" for what in ("name", "group", "start", "end") for end in ("source", "target")]
    copies = [f"{COPIES}{name}" for name in (["{name}"] if names is None else names)]
    key = ["example", "source", "target"]
    return [*key, *PAIR_SCORES, "pair", *ends, "distance", "abs_distance", *copies, *OF_TESTS.values()]


def result_columns(
    kind: str, names: Sequence[str] | None, models: Sequence[str], covariates: bool = False
) -> list[str]:
    """Return the columns of ``pairs.tsv.gz`` or ``sources.tsv.gz``, those of conditions included.

    ``models`` are the null models, by name, the first first; ``covariates``: controls are matched. Further
    arguments are those of :func:`described_columns`.
    """
    suffixes = ["", *(f"_{model}" for model in models[1:]), "_released"]
    added = [f"{score}_{value}{suffix}" for score in SCORES[kind] for suffix in suffixes for value in "pq"]
    if kind == "pairs":
        added += [*(f"{score}_called" for score in PAIR_SCORES), "signed_sum_call"]
    ends = ("source_", "target_") if kind == "pairs" else ("",)
    added += ["sequence", "chrom", *(f"{end}{what}" for end in ends for what in _PLACES)]
    if kind == "profiles":
        added.append("block")  # of pairs it is among what their tests tell
    if covariates:
        added += ["change", *COVARIATES, "matched_set"]
    return [*described_columns(kind, names), *added]


def null_columns(kind: str, columns: Sequence[str]) -> list[str]:
    """Return the columns of the scores of shuffled sequences, of results with these ``columns``."""
    scores = SCORES[kind]
    places = {"sequence", "chrom", *(name for name in columns if name.endswith(_PLACES))}
    kept = [
        name
        for name in columns
        if name not in places and not comes_from_scores(name.removeprefix("abs_"), scores)
    ]
    return ["replicate", *scores, *kept]
