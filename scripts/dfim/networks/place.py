"""Whether a network reads where a sequence's content lies, and not only what it is."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

COLUMNS = ["task", "shift", "examples", "spread", "median_change", "median_absolute_change", "share"]
SHIFTS = (25, 50, 100)
# A network whose outputs change by more than this share of their spread reads where as well as what. Classes
# of equal size lie two spreads apart: the change is then a quarter of the way to the other class.
LEAST_SHARE = 0.5
MOST_EXAMPLES = 2000


def place_check(
    predict: Callable[[np.ndarray], np.ndarray],
    outputs: np.ndarray,
    bases: np.ndarray,
    asked: np.ndarray,
    tasks: Sequence[str],
    seed: int,
    shifts: Sequence[int] = SHIFTS,
) -> pd.DataFrame:
    """Return how far the outputs of a network change when its sequences are moved: the columns ``COLUMNS``.

    ``bases`` are uint8 (examples, positions), of which ``MOST_EXAMPLES`` at most are drawn with ``seed``;
    ``predict`` takes such bases to logits or values, (examples, tasks), and ``outputs`` are those of
    ``bases``. ``asked``, bool (examples, tasks), tells which examples count for a task: the positive ones of
    labels, whose content matters, and all of values. A sequence is rolled by ``shift`` bp, once to either
    side, and what leaves it at one end enters at the other; a shift of half the sequence or more has no rows.
    There is one row for each task and shift. ``spread`` is the standard deviation of the outputs over all
    drawn examples; ``median_change`` and ``median_absolute_change`` are over the ``examples`` that count and
    both sides, in the unit of the output; ``share`` is the latter as a share of the spread. Empty where there
    is no such example, or no spread.
    """
    if len(bases) > MOST_EXAMPLES:
        drawn = np.random.default_rng(seed).choice(len(bases), MOST_EXAMPLES, replace=False)
        outputs, bases, asked = outputs[drawn], bases[drawn], asked[drawn]
    shifts = [shift for shift in shifts if 2 * shift < bases.shape[1]]
    if not shifts or not len(bases):
        return pd.DataFrame(columns=COLUMNS)
    outputs = outputs.astype(float)
    spreads, counting = outputs.std(axis=0), asked.any(axis=1)
    outputs, bases, asked = outputs[counting], bases[counting], asked[counting]
    rows = []
    for shift in shifts:
        change = np.stack([predict(np.roll(bases, step, axis=1)) - outputs for step in (shift, -shift)])
        for column, (task, spread) in enumerate(zip(tasks, spreads, strict=True)):
            values = change[:, asked[:, column], column]
            known = values.size > 0
            middle = np.median(values) if known else np.nan
            absolute = np.median(np.abs(values)) if known else np.nan
            share = absolute / spread if spread else np.nan
            rows.append((task, shift, values.shape[1], spread, middle, absolute, share))
    order = {task: number for number, task in enumerate(tasks)}
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("task", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def reads_place(table: pd.DataFrame) -> str:
    """Return a sentence when outputs of :func:`place_check` follow the place, and an empty text otherwise."""
    found = table[table["share"] > LEAST_SHARE]
    if found.empty:
        return ""
    worst = found.loc[found["share"].idxmax()]
    return (
        f"the network reads where, not only what: moving the sequences by {worst['shift']} bp changes the "
        f"output of {worst['task']} by {worst['share']:.2f} of its spread in the median, and at most "
        f"{LEAST_SHARE} is passed over. This holds for {found['task'].nunique()} of "
        f"{table['task'].nunique()} tasks. What differs between near and far features can then be the place "
        "alone: centre the windows on something else, or train with the option shift."
    )
