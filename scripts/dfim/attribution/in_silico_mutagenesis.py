"""In-silico mutagenesis: what a logit loses with a base, of every network that has values.

The contribution of a base is f(x) − f(x with the reference's row in its place). What a mutation changes in it
is the interaction of the two, f(x) − f(x without one) − f(x without the other) + f(x without both): the pair
test's, of a base and what is mutated. It needs no rule and no gradient, and an evaluation for each base.
"""

import numpy as np

from dfim.attribution.edits import NONE, Block
from dfim.attribution.forward import forward
from dfim.attribution.mutants import Mutants, MutantScores
from dfim.attribution.scorer import Scorer
from dfim.sequences.bases import one_hot

# Edited sequences at once, and positions of them: few enough for memory where each is evaluated whole.
_AT_ONCE = 2048
_POSITIONS = 4_000_000


def in_silico_mutagenesis(layers: list, reference, **options) -> Scorer:
    """Return a scorer by the quickest evaluation of a graph; arguments as `open_scorer`'s."""
    return InSilicoMutagenesis(forward(layers, reference, **options), reference)


class InSilicoMutagenesis(Scorer):
    """Contributions by the values of another scorer; absent bases contribute nothing.

    ``reference``: as `open_scorer`'s. It is not the other scorer's, which may have another one by definition.
    """

    MULTIPLIED = False

    def __init__(self, values: Scorer, reference):
        super().__init__(values.layers, reference, values.batch_size, values.threads)
        self._values = values
        self._at_once = max(1, min(_AT_ONCE, _POSITIONS // self.length))

    def edited_logits(self, bases, blocks, task) -> np.ndarray:
        return self._values.edited_logits(bases, blocks, task)

    def reach(self, starts: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As every scorer's: beyond a common unit two changes of the sequence add up, whatever the method."""
        return self._values.reach(starts, widths)

    def _score_mutants(self, bases, mutants: Mutants, task: int, importance: bool, channels: bool):
        """Score mutants; a base's contribution is asked of no more of them than ask for its change."""
        change = np.zeros((len(mutants), self.length))
        scores = MutantScores(change, change)
        if importance:
            scores.importance = np.full(bases.shape, np.nan, np.float32)
            scores.own = [np.empty(0, np.float32)] * len(mutants)
        asked = mutants.asked(self.length)
        for sequence in np.unique(mutants.sequences):
            these = np.flatnonzero(mutants.sequences == sequence)
            copies = _Copies(mutants, these, asked[these], self.reference, importance)
            value = self._values_of(bases, copies.block(sequence), task)
            original = value[0] - value[copies.of_sequence]
            mutant = value[1 : 1 + len(these)]
            lost = np.zeros(self.length)
            lost[copies.positions] = original
            rows, positions = copies.asked
            change[these[rows], positions] = lost[positions] - (mutant[rows] - value[copies.of_mutants])
            if importance:
                scores.importance[sequence, copies.positions] = original
                for row, inside in enumerate(copies.inside):
                    scores.own[these[row]] = (mutant[row] - value[inside]).astype(np.float32)
        return _weighted(scores, bases, mutants, channels)

    def close(self) -> None:
        self._values.close()

    def _values_of(self, bases: np.ndarray, block: Block, task: int) -> np.ndarray:
        parts = block.cut(self._at_once)
        return np.concatenate([self._values.edited_logits(bases, [part], task) for part in parts])

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        found = np.empty(x.shape[:2], np.float32)
        whole = self._values.logits(x)[:, task]
        for row, sequence in enumerate(x):
            for begin in range(0, self.length, self._at_once):
                places = np.arange(begin, min(begin + self._at_once, self.length))
                without = np.repeat(sequence[None], len(places), axis=0)
                without[np.arange(len(places)), places] = self.reference[places]
                found[row, places] = whole[row] - self._values.logits(without)[:, task]
        return x * found[:, :, None]

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return self._values.logits(x)


class _Copies:
    """The edited copies of one sequence: itself, its mutants, and each of them without a base.

    ``positions``: those of which the sequence's own contribution is needed, ``of_sequence`` the copies
    without each; ``asked``: rows of mutants and positions, ``of_mutants`` the copies without both;
    ``inside``: for each mutant those without each of its mutated rows, where these are asked for.
    """

    def __init__(self, mutants: Mutants, these: np.ndarray, asked: np.ndarray, reference, inside: bool):
        number, length = asked.shape
        self.asked = np.nonzero(asked)
        self.positions = np.arange(length) if inside else np.flatnonzero(asked.any(axis=0))
        places = zip(mutants.starts[these], mutants.widths[these], mutants.rows[these], strict=True)
        replaced = [(int(start), rows[None, :width]) for start, width, rows in places]
        removed = [(position, reference[None, None, position]) for position in range(length)]
        without = [_without_each(start, rows, reference) for start, rows in replaced] if inside else []
        self._edits = [*replaced, *removed, *without]
        counts = [len(rows) for _, rows in without]
        own = number + length + np.arange(sum(counts))
        rows, positions = self.asked
        copies = [
            _pairs(NONE, [NONE]),
            _pairs(np.arange(number), NONE),
            _pairs(NONE, number + self.positions),
            _pairs(rows, number + positions),
            _pairs(own, NONE),
        ]
        ends = np.cumsum([len(part) for part in copies])
        self._copies = np.concatenate(copies)
        self.of_sequence, self.of_mutants = slice(ends[1], ends[2]), slice(ends[2], ends[3])
        firsts = ends[3] + np.cumsum([0, *counts])
        self.inside = [slice(first, first + count) for first, count in zip(firsts, counts, strict=False)]

    def block(self, sequence: int) -> Block:
        return Block(int(sequence), self._edits, self._copies)


def _pairs(first, second) -> np.ndarray:
    return np.stack(np.broadcast_arrays(first, second), axis=1).astype(np.int64)


def _without_each(start: int, rows: np.ndarray, reference: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the mutated rows (1, width, 4), each in turn replaced by the reference's: (width, width, 4)."""
    width = rows.shape[1]
    found = np.repeat(rows, width, axis=0)
    found[np.arange(width), np.arange(width)] = reference[start : start + width]
    return start, found


def _weighted(scores: MutantScores, bases: np.ndarray, mutants: Mutants, channels: bool) -> MutantScores:
    """Return contributions as importance: contribution · sequence, with the contribution × sequence above."""
    change = scores.delta.astype(np.float32)
    weight = np.square(one_hot(bases)).sum(axis=2)
    scores.delta = change * weight[mutants.sequences]
    scores.absolute = np.abs(scores.delta)
    scores.channels = change if channels else None
    if scores.importance is not None:
        scores.importance *= weight
        for number, (own, rows) in enumerate(zip(scores.own, mutants.rows, strict=True)):
            scores.own[number] = own * np.square(rows[: len(own)]).sum(axis=1)
    return scores
