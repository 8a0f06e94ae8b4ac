"""Blocks of edited sequences as they are made, and their values: no more at once than memory holds.

The pair test needs nothing of a network but outputs of edited sequences. What computes them is a function
from blocks to values, such as :meth:`dfim.attribution.scorer.Scorer.edited_logits` for given bases and task.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dfim.ahead import one_ahead
from dfim.attribution.edits import Block

# The first batch is so many times smaller than the last ones, so that evaluation begins at once.
_FIRST = 4
Evaluate = Callable[[Sequence[Block]], np.ndarray]


def evaluated(
    evaluate: Evaluate, jobs: Iterator[tuple[object, Block]], most: int
) -> Iterator[tuple[object, np.ndarray]]:
    """Yield every job with the values of its block, in order; at most ``most`` copies are evaluated at once.

    Blocks are made while those before them are evaluated, so that memory does not grow with their number.
    """
    for waiting, whole in one_ahead(_batches(jobs, most)):
        _fill(evaluate, waiting)
        yield from ((job, np.concatenate(values)) for job, values in whole)


def _batches(jobs: Iterator[tuple[object, Block]], most: int) -> Iterator[tuple[list, list]]:
    """Yield parts of blocks, each with the list that its values go to; and the jobs that are then whole."""
    waiting: list[tuple[list, Block]] = []
    size, limit = 0, -(-most // _FIRST)
    whole: list[tuple[object, list[np.ndarray]]] = []
    for job, block in jobs:
        values: list[np.ndarray] = []
        for part in block.cut(most):
            if waiting and size + len(part) > limit:
                yield waiting, whole
                waiting, whole, size = [], [], 0
                limit = min(2 * limit, most)
            waiting.append((values, part))
            size += len(part)
        whole.append((job, values))
    yield waiting, whole


def _fill(evaluate: Evaluate, waiting: list[tuple[list, Block]]) -> None:
    """Evaluate the blocks that wait, and give each job its values."""
    if not waiting:
        return
    found = evaluate([block for _, block in waiting])
    begin = 0
    for values, block in waiting:
        values.append(found[begin : begin + len(block)])
        begin += len(block)
