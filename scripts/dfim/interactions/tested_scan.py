"""From the outputs of a grammar scan and of its draws to its table: intervals, p, q and calls by spacing."""

import logging
from functools import partial

import numpy as np
import pandas as pd

from dfim.errors import counted
from dfim.interactions.draws import pieces_alike
from dfim.interactions.grammar_scan import CELL_COLUMNS, ScanDraws
from dfim.statistics.bootstrap import mean_intervals
from dfim.statistics.effects import EFFECT_COLUMNS, OUTPUTS, SMALL, effects, resolution, resolved
from dfim.statistics.p_values import smallest_p
from dfim.statistics.replaced import NULL_ENDS, P_COLUMNS, SURE, add_verdicts, called_again, counted_pairs
from dfim.statistics.resolution import NO_LIMIT, draws_needed, rows_needed
from dfim.statistics.studentised import over_mean_square

logger = logging.getLogger("dfim")

_EFFECTS = [
    name for name in EFFECT_COLUMNS if name not in ("interaction", "share", "interaction_probability")
]
SCAN_COLUMNS = [
    *CELL_COLUMNS, "n", *OUTPUTS, *_EFFECTS, "interaction", "interaction_low", "interaction_high",
    *NULL_ENDS, "share", *P_COLUMNS, "q", "called", "call", "called_again",
]  # fmt: skip


def judge_scan(
    found: ScanDraws, level: float = 0.05, least_share: float = 0.1, seed: int = 0
) -> pd.DataFrame:
    """Test every cell of a scan: do its motifs act together more than either does with other sequence?

    Returns a row per cell, the columns ``SCAN_COLUMNS``. Outputs, effects and the ``interaction`` are means
    over the ``n`` backgrounds; ``interaction_low`` and ``interaction_high`` bound 95 % of its bootstrap over
    them, ``null_low`` and ``null_high`` the middle 95 % of its draws, of both ends, each a mean over the same
    backgrounds. p is by the null ``replaced``, the larger of those of the two ends; q is over the cells
    within reach in which anything happens. A cell is ``called`` (1 or 0) when q is below ``level`` and its
    share is ``least_share`` or more in size, and ``call`` is then synergy or redundancy. ``called_again`` is
    the share of resamples of the pieces in which it is (:func:`called_again`). A warning is logged where
    draws are too few, where too few of them differ, and where calls depend on which pieces were drawn.
    """
    values = found.outputs
    outputs = pd.DataFrame(values.mean(axis=1), columns=OUTPUTS)
    table = found.cells[CELL_COLUMNS].assign(n=values.shape[1]).join(outputs)
    # Shares need outputs of sequences in which nothing was put: elsewhere shuffles, here the backgrounds.
    # Those that are given may hold a motif of their own, which the log tells.
    empty = values[0, :, OUTPUTS.index("without_both")]
    table[EFFECT_COLUMNS] = effects(outputs, empty)
    singly = values @ np.array([1.0, -1.0, -1.0, 1.0])
    table["interaction_low"], table["interaction_high"] = mean_intervals(singly, seed).T
    tested = table["within_reach"].to_numpy() == 1
    interaction, least = table.loc[tested, "interaction"].to_numpy(), resolution(outputs)[tested]
    draws = [resolved(ends[tested], least) for ends in (found.first, found.second)]
    judged = (*draws, level, least_share, partial(over_mean_square, floor=SMALL * empty.std()))
    add_verdicts(table, *judged)
    table.loc[tested, "called_again"] = called_again(table[tested], *judged, seed)
    tests = int(counted_pairs(interaction, *draws).sum())
    if tests and (few := too_few_draws(tests, found.first.shape[1], level)):
        logger.warning("%s", few)
    _warn_of_pieces_alike(found, level)
    if unsure := calls_that_hang(table, found.first.shape[1]):
        logger.warning("%s", unsure)
    return table[SCAN_COLUMNS]


def _warn_of_pieces_alike(found: ScanDraws, level: float) -> None:
    """Log a warning where pieces are so often the same that as many as differ would be too few draws."""
    draws = found.first.shape[1]
    for name, pieces in found.pieces.items():
        if pieces < draws and (pieces + 1) * level < 1:
            remedy = "give a longer motif, or backgrounds that are less alike"
            logger.warning("%s", pieces_alike(draws, name, pieces, remedy))


def too_few_draws(cells: int, draws: int, level: float) -> str | None:
    """Return a sentence where so many draws of each cell cannot tell one of them from chance, or None.

    The pieces are the same in all cells: of K + 1 motifs alike each is the largest of all with a chance of
    1 / (K + 1), in every cell at once. So K + 1 is at least 1 / level, which lets a lone cell be called too.
    """
    if (draws + 1) * level >= 1:
        return None
    rows = rows_needed(smallest_p(cells * draws), cells, level)
    needed = draws_needed(cells, level=level, most=NO_LIMIT)
    return (
        f"the scan has {counted(draws, 'draw')} of each cell, so that {rows} of {cells} cells must stand out "
        f"together before one can have q < {level:g}, and a motif like any other stands out in all of them "
        f"with a chance of {1 / (draws + 1):.2g}: ask for {needed} draws."
    )


def calls_that_hang(table: pd.DataFrame, draws: int) -> str | None:
    """Return a sentence where it depends on which pieces were drawn whether cells are called, or None.

    ``table`` has the columns ``called`` and ``called_again`` of :func:`judge_scan`; ``draws``: K.
    """
    own = table["called"] == 1
    lost = int((table.loc[own, "called_again"] < SURE).sum())
    found = int((table.loc[~own, "called_again"] > 1 - SURE).sum())
    if not lost + found:
        return None
    return (
        f"which {counted(draws, 'piece')} of other sequence were drawn decides about some cells (column "
        f"called_again): with others, {lost} of the {own.sum()} that are called may not be, and {found} of "
        "the rest may: raise 'draws'."
    )
