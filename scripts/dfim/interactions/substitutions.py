"""The draws of the null ``substitutions``: other substitutions in the window of a variant.

Is a variant unusual, or would any substitution of its window do as much? A draw puts another base at another
place of the same sequence, and is scored as the variant is. The places

- lie no farther from the window's centre than ``within`` bp, or than the variant itself where that is
  farther: networks that are trained on summits read *where* a base lies, and a draw far from the centre
  would be small for its place alone;
- lie ``clearance`` bp or more from the variant: next to it a draw breaks the same site;
- are all as likely, and so are the three other bases. The change of bases is not matched with the variant's:
  on untrained and on trained networks that changes no share by more than chance.
"""

from itertools import chain, islice

import numpy as np
import pandas as pd

from dfim.attribution.scorer import Scorer
from dfim.errors import InputError
from dfim.interactions.scoring import profiles
from dfim.interactions.shards import summarise
from dfim.interactions.sources import DRAW_COLUMNS, PROFILE_SCORES, SOURCE_COLUMNS
from dfim.sequences.bases import BASES
from dfim.statistics.nulls import CLEARANCE, WITHIN

# Keeps these draws apart from the shuffles, which are seeded with an example too.
_PURPOSE = 7
# Profiles that are summarised at once.
_TOGETHER = 1000


def places(bases: np.ndarray, start: int, end: int, within: int, clearance: int) -> np.ndarray:
    """Return the starts of the places of one sequence, (positions,) ASCII, whose bases a draw may replace.

    The variant lies at [start, end), and a place is as wide; it holds no N. See the module for the rule.
    """
    width, centre = end - start, len(bases) // 2
    starts = np.arange(len(bases) - width + 1)
    near = np.abs(starts - centre) <= max(within, abs(start - centre))
    apart = np.maximum(starts - end + 1, start - (starts + width) + 1) >= clearance
    windows = np.lib.stride_tricks.sliding_window_view(bases, width)
    known = np.isin(windows, np.frombuffer(BASES.encode(), np.uint8)).all(axis=1)
    return starts[near & apart & known]


def substitutions(
    bases: np.ndarray,
    sources: pd.DataFrame,
    draws: int,
    within: int = WITHIN,
    clearance: int = CLEARANCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Return ``draws`` random substitutions for each variant: ``SOURCE_COLUMNS``, ``source`` and ``draw``.

    ``bases`` (all examples, positions), ``sources`` the table of variants; ``source`` is the row of the
    variant in it, ``draw`` counts from 1. No place is drawn twice before all have been drawn once. They
    depend on the seed, the example and the variant's place alone, and ten are the first of twenty. Raises
    InputError when a window has too few places for the draws.
    """
    parts = [
        _of_variant(bases[source.example], source, draws, within, clearance, seed)
        for source in sources.itertuples()
    ]
    columns = [*SOURCE_COLUMNS, "source", "draw"]
    if not parts:
        return pd.DataFrame(columns=columns)
    starts, reference, alternate = zip(*parts, strict=True)
    number, starts = np.repeat(np.arange(len(sources)), draws), np.concatenate(starts)
    widths = (sources["end"] - sources["start"]).to_numpy()[number]
    table = sources.iloc[number].reset_index(drop=True).assign(
        kind="variant", start=starts, end=starts + widths, reference=[*chain(*reference)],
        alternate=[*chain(*alternate)], source=number, draw=np.tile(np.arange(draws) + 1, len(sources)),
    )  # fmt: skip
    return table[columns]


def _of_variant(
    bases: np.ndarray, source, draws: int, within: int, clearance: int, seed: int
) -> tuple[np.ndarray, list[str], list[str]]:
    """Return where the draws of one variant lie, what is there, and what takes its place."""
    found = places(bases, source.start, source.end, within, clearance)
    if draws > 3 * len(found):
        raise InputError(
            f"the variant {source.name!r} has {len(found)} places for the draws of the null 'substitutions', "
            f"and {draws} draws need {-(-draws // 3)}: ask for fewer 'draws', or raise its key 'within'."
        )
    rng = np.random.default_rng([seed, source.example, source.start, _PURPOSE])
    order = rng.permutation(len(found))
    # The three other bases of every place, in an order of their own: the first pass takes the first of them.
    shifts = rng.permuted(np.tile([1, 2, 3], (len(found), 1)), axis=1)
    chosen = np.arange(draws)
    place = order[chosen % len(order)]
    shift = shifts[place, chosen // len(order)]
    letters = bases[found[place][:, None] + np.arange(source.end - source.start)]
    known = np.frombuffer(BASES.encode(), np.uint8)
    others = known[(np.searchsorted(known, letters) + shift[:, None]) % 4]
    return found[place], *([row.tobytes().decode() for row in rows] for rows in (letters, others))


def score_draws(
    scorer: Scorer,
    bases: np.ndarray,
    drawn: pd.DataFrame,
    task: int,
    background,
    window: int | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Score draws of :func:`substitutions` as variants are: the columns ``DRAW_COLUMNS``, in their order.

    The arguments are those of :func:`dfim.interaction.profiles`; only positions at most ``window`` bp from
    the draw count.
    """
    sources = drawn.sort_values(["example", "source", "draw"])
    scores = np.empty((len(sources), len(PROFILE_SCORES)))
    found = profiles(scorer, bases, sources, task, background, window, batch_size=batch_size)
    while part := list(islice(found, _TOGETHER)):
        summary = summarise(np.stack([profile.delta for profile in part]))
        rows = [profile.source for profile in part]
        scores[rows] = np.column_stack([summary[name] for name in PROFILE_SCORES])
    scored = pd.DataFrame(scores, sources.index, PROFILE_SCORES)
    return sources.join(scored).loc[drawn.index, DRAW_COLUMNS].reset_index(drop=True)
