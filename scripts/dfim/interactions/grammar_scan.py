"""The grammar scan: motifs put into the same backgrounds, over spacings and orientations, and their outputs.

A *cell* of a scan is two motifs, their order and strands, and the bases between them (the spacing). In every
background f11 is the output with both motifs, f01 and f10 those with one of them, and f00 that of the
background as it is: nothing is removed, so that every sequence that is evaluated is one.

The null is ``replaced`` (:mod:`dfim.statistics.replaced`): K pieces of other sequence, each as wide as a
motif, stand in its place as the motif does, in all backgrounds and cells and on either strand. The *same*
piece everywhere: whether a motif does more than other sequence is a question about motifs, of which there is
one, and many backgrounds do not make many of it. Pieces of their own in each background would cancel in the
mean, and any sequence that acts a little, and always in the same way, would stand out.

One motif of a pair, the first that is named, stays in its place in each background, and the other moves.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from numbers import Real

import numpy as np
import pandas as pd

from dfim.attribution.edits import NONE, Block
from dfim.datasets.spacing import FEWEST_BACKGROUNDS, JITTER, ORIENTATIONS, off_the_middle
from dfim.errors import InputError, counted
from dfim.interactions.draws import among_known
from dfim.interactions.edits import Evaluate, evaluated
from dfim.interactions.pair_tests import MOST_VALUES
from dfim.progress import Progress
from dfim.sequences.bases import BASES, composition, one_hot, reverse_complement, to_bases, to_string
from dfim.sequences.motifs import letters_of, pattern_expression
from dfim.sequences.shuffling import shuffle_dinucleotides
from dfim.statistics.effects import OUTPUTS

logger = logging.getLogger("dfim")

CELL_COLUMNS = [
    "pair", "orientation", "first", "second", "first_strand", "second_strand", "spacing", "within_reach",
]  # fmt: skip
FEWEST_DRAWS = 2
MOST_SPACING = 100_000  # of a text, whose spacings are listed one by one
# Purposes that draw from one seed, and must not draw the same; 11 is that of places.
_LETTERS, _PIECES = 12, 13
_TRIES = 1000


@dataclass
class ScanDraws:
    """What a scan is tested with: ``cells``, a row per cell, the columns ``CELL_COLUMNS``.

    ``outputs`` float64 (cells, backgrounds, 4): with both motifs, without the first (the upstream one),
    without the second, and without either. ``first`` and ``second`` float64 (cells, K): the interaction with
    other sequence in the place of the first, and of the second, in the mean over the backgrounds; NaN for
    cells that cannot interact. ``pieces``: how many of the K pieces differ, by motif.
    """

    cells: pd.DataFrame
    outputs: np.ndarray
    first: np.ndarray
    second: np.ndarray
    pieces: Mapping[str, int] = field(default_factory=dict)


def read_spacings(spacings: str | int | Sequence[int]) -> list[int]:
    """Return spacings (bp) as a list: of a text such as ``0-40`` or ``0,5,10``, of one number, or of several.

    Raises InputError on what is none of these, and on a text that is not of numbers.
    """
    if isinstance(spacings, Real):
        return [spacings]
    if not isinstance(spacings, str):
        if not isinstance(spacings, Iterable):
            raise InputError(
                f"the spacings are {spacings!r}, and numbers of bases are needed: 5, [0, 5, 10] or '0-40'."
            )
        return list(spacings)
    found = []
    for part in spacings.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise InputError(
                f"the spacings are {spacings!r}, and numbers of bases are needed: 0-40, or 0,5,10."
            )
        if not int(first) <= int(last or first) <= MOST_SPACING:
            raise InputError(
                f"the spacings are {spacings!r}, and {part.strip()!r} must go up, to at most "
                f"{MOST_SPACING:,} bp."
            )
        found += range(int(first), int(last or first) + 1)
    return found


def scan_cells(
    motifs: Mapping[str, str],
    spacings: str | int | Sequence[int],
    orientations: Sequence[str] = ORIENTATIONS,
    both_orders: bool = False,
    reach: float = np.inf,
) -> pd.DataFrame:
    """Return the cells of a scan, a row each, ``CELL_COLUMNS``: of every two of some motifs.

    ``motifs``: patterns by name. ``spacings``: bases between the two, as :func:`read_spacings`
    takes them. ``orientations``: strands of the motif that is named first, then of the other.
    ``both_orders``: also with the other one upstream.
    ``orientation`` names both as they stand on the + strand, ``TAL1+ GATA1-``. Positions that are ``reach``
    (bp) apart or farther cannot interact: ``within_reach`` is then 0. Raises InputError on fewer than two
    motifs, on spacings that are none or all beyond the reach, and on unknown orientations.
    """
    spacings = read_spacings(spacings)
    _check_design(motifs, spacings, orientations)
    rows, apart = [], sorted({int(spacing) for spacing in spacings})
    if apart[0] + 1 >= reach:
        raise InputError(
            f"the network's reach is {reach:g} bp, and the smallest spacing that is asked for is "
            f"{apart[0]} bp, at which two motifs cannot act together: "
            + ("ask for smaller ones." if reach > 1 else "take another network.")
        )
    for one, other in combinations(motifs, 2):
        for order in (0, 1) if both_orders else (0,):
            for strands in orientations:
                ends = [(one, strands[0]), (other, strands[1])][:: -1 if order else 1]
                words = " ".join(f"{name}{strand}" for name, strand in ends)
                (first, first_strand), (second, second_strand) = ends
                key = ("–".join(sorted((one, other))), words, first, second, first_strand, second_strand)
                rows += [(*key, spacing, int(spacing + 1 < reach)) for spacing in apart]
    return pd.DataFrame(rows, columns=CELL_COLUMNS)


def _check_design(motifs: Mapping[str, str], spacings: Sequence[int], orientations: Sequence[str]) -> None:
    if len(motifs) < 2:
        raise InputError(
            f"a scan needs two motifs or more, and {len(motifs) or 'none'} is given: name another."
        )
    for pattern in motifs.values():
        letters_of(pattern)
    wrong = [one for one in spacings if not (isinstance(one, Real) and float(one).is_integer() and one >= 0)]
    if wrong or not len(spacings):
        what = f"one of them is {wrong[0]}" if wrong else "none is given"
        raise InputError(
            f"spacings are bases between two motifs, whole numbers of 0 or more, and {what}: give others."
        )
    unknown = [one for one in orientations if one not in ORIENTATIONS]
    if unknown or not len(orientations):
        what = f"{unknown[0]!r} is none" if unknown else "none is given"
        raise InputError(f"orientations are some of {', '.join(ORIENTATIONS)}, and {what}: give others.")


def draw_scan(
    evaluate: Evaluate,
    backgrounds: np.ndarray,
    motifs: Mapping[str, str],
    cells: pd.DataFrame,
    draws: int,
    seed: int = 0,
    most: int | None = None,
) -> ScanDraws:
    """Evaluate a scan: every cell in every background, and with each of K pieces for either motif.

    ``backgrounds`` uint8 (backgrounds, positions) are what ``evaluate`` takes as examples; ``motifs`` and
    ``cells`` those of :func:`scan_cells`. A letter of a pattern that stands for several bases is drawn anew
    in each background, by the shares of the bases. Draws depend on the seed, the motifs and their order, and
    the backgrounds, of which the pieces are cut, one after the other. ``most``: copies of sequences that are
    evaluated at once. Backgrounds that already hold a motif are counted in the log. Raises InputError on too
    few backgrounds or draws, and on motifs that do not fit.
    """
    _check_numbers(len(backgrounds), draws)
    _log_present(motifs, backgrounds)
    words = motif_words(motifs, backgrounds, draws, seed)
    starts = scan_starts(motifs, cells, backgrounds.shape, seed)
    most = most or max(1, MOST_VALUES // (4 * backgrounds.shape[1]))
    jobs = (
        _Job(number, cells, starts[number], {name: own[number] for name, own in words.items()})
        for number in range(len(backgrounds))
    )
    outputs = np.empty((len(cells), len(backgrounds), len(OUTPUTS)))
    replaced = np.zeros((2, len(cells), draws))
    with Progress(total=len(backgrounds), unit=" backgrounds") as progress:
        for job, values in evaluated(evaluate, ((job, job.block()) for job in jobs), most):
            job.collect(values, outputs[:, job.number], replaced)
            progress.update()
    replaced[:, cells["within_reach"].to_numpy() == 0] = np.nan
    pieces = {name: len(np.unique(own[0, 1:], axis=0)) for name, own in words.items()}
    return ScanDraws(cells, outputs, *(replaced / len(backgrounds)), pieces)


def _log_present(motifs: Mapping[str, str], backgrounds: np.ndarray) -> None:
    """Log how many backgrounds hold a motif on either strand, before any is put there."""
    texts = [to_string(row) for row in backgrounds]
    for name, pattern in motifs.items():
        expression = pattern_expression(pattern)
        if present := sum(expression.search(text) is not None for text in texts):
            logger.info("%d of %s hold %s already", present, counted(len(texts), "background"), name)


def _check_numbers(backgrounds: int, draws: int) -> None:
    for number, least, what in (
        (backgrounds, FEWEST_BACKGROUNDS, "backgrounds"),
        (draws, FEWEST_DRAWS, "draws"),
    ):
        if number < least:
            raise InputError(f"a scan needs {least} {what} or more, and has {number}: give more.")


def motif_words(
    motifs: Mapping[str, str], backgrounds: np.ndarray, draws: int, seed: int
) -> dict[str, np.ndarray]:
    """Return what stands for each motif, uint8 (backgrounds, 1 + draws, width): itself, then other sequence.

    The other sequence is the same in all backgrounds: pieces of dinucleotide shuffles of one background
    after the other, at random places, that do not read as the motif on either strand. Letters of a pattern
    that stand for several bases are drawn anew in each background: the mean of such a motif is over its
    spellings, while a piece is one sequence. Such a motif is harder to call, never easier.
    """
    shares = composition(backgrounds.reshape(-1, 1))[0].astype(np.float64)
    words = {}
    for index, (name, pattern) in enumerate(motifs.items()):
        if len(pattern) > backgrounds.shape[1]:
            raise InputError(
                f"the motif {name} has {len(pattern)} bp, and the sequences have {backgrounds.shape[1]}: "
                "give a shorter one."
            )
        pieces = [_piece(pattern, backgrounds, [seed, _PIECES, index, draw, 1]) for draw in range(draws)]
        own = np.empty((len(backgrounds), 1 + draws, len(pattern)), np.uint8)
        own[:, 1:] = np.array(pieces, np.uint8).reshape(draws, len(pattern))
        for number in range(len(backgrounds)):
            own[number, 0] = _spelled(pattern, shares, [seed, _LETTERS, index, number, 1])
        words[name] = own
    return words


def _spelled(pattern: str, shares: np.ndarray, key: list[int]) -> np.ndarray:
    """Return a pattern with a base for every letter, drawn by the shares where it stands for several."""
    rng = np.random.default_rng(key)
    chosen = ""
    for allowed in letters_of(pattern):
        weights = shares[[BASES.index(base) for base in allowed]] + 1e-9
        chosen += str(rng.choice(list(allowed), p=weights / weights.sum()))
    return to_bases(chosen)


def _piece(pattern: str, backgrounds: np.ndarray, key: list[int]) -> np.ndarray:
    """Return a piece of a shuffle of a background that does not read as the motif, as wide as it."""
    rng = np.random.default_rng(key)
    expression, width = pattern_expression(pattern), len(pattern)
    shuffle = shuffle_dinucleotides(backgrounds[key[3] % len(backgrounds)], rng)
    for _ in range(_TRIES):
        begin = among_known(shuffle, int(rng.integers(0, len(shuffle) - width + 1)), width)
        piece = shuffle[begin : begin + width]
        if not expression.fullmatch(to_string(piece)):
            return piece
    raise InputError(
        f"the motif {pattern!r} matches nearly every piece of the backgrounds, so that nothing else can "
        "stand in its place: give a more specific one."
    )


def scan_starts(
    motifs: Mapping[str, str], cells: pd.DataFrame, shape: tuple[int, int], seed: int
) -> np.ndarray:
    """Return where the first and the second motif of every cell begin, int (backgrounds, cells, 2).

    ``shape``: backgrounds and their length. The motif that stays lies near the middle, in each background at
    another place, as far as there is room. Raises InputError for a spacing that does not fit.
    """
    names, number = list(motifs), shape[0]
    starts = np.empty((number, len(cells), 2), np.int64)
    off = np.array([off_the_middle(seed, background) for background in range(number)])
    for _, own in cells.groupby("pair", sort=False):
        one, other = sorted((own["first"].iloc[0], own["second"].iloc[0]), key=names.index)
        widths = {name: len(motifs[name]) for name in (one, other)}
        forward = (own["first"] == one).to_numpy()
        spacing = own["spacing"].to_numpy()
        middle, room = _places(shape[1], spacing, forward, widths)
        stays = middle + np.rint(off * room).astype(np.int64)[:, None]
        moves = stays + np.where(forward, widths[one] + spacing, -spacing - widths[other])
        stays = np.broadcast_to(stays, moves.shape)
        starts[:, own.index, 0] = np.where(forward, stays, moves)
        starts[:, own.index, 1] = np.where(forward, moves, stays)
    return starts


def _places(
    length: int, spacing: np.ndarray, forward: np.ndarray, widths: Mapping[str, int]
) -> tuple[int, int]:
    """Return the middle of the places of the motif that stays, and by how much they may differ from it.

    ``spacing`` and ``forward`` of the cells: the bases between, and whether the motif that stays is upstream;
    ``widths`` (bp) of that motif and of the other, by name.
    """
    one, other = widths
    before = max((spacing[~forward] + widths[other]), default=0)
    after = max((spacing[forward] + widths[other]), default=0)
    low, high = before, length - widths[one] - after
    if high < low:
        raise InputError(
            f"a spacing of {spacing.max()} bp does not fit into sequences of {length} bp: {one} and {other} "
            f"at all spacings need {before + widths[one] + after} bp, so lower the largest spacing."
        )
    room = min(JITTER, (high - low) // 2)
    return int(np.clip(length // 2, low + room, high - room)), room


@dataclass
class _Job:
    """What is evaluated in one background: it alone, each motif at each of its sites, and both of each cell.

    ``starts`` int (cells, 2): where the motifs of the cells begin; ``words``: what stands for each motif,
    (1 + K, width), itself first. A site is the name of a motif, its strand, and where it begins. Many cells
    share one, which is evaluated once.
    """

    number: int
    cells: pd.DataFrame
    starts: np.ndarray
    words: Mapping[str, np.ndarray]

    def __post_init__(self):
        self.rows = {(name, "+"): one_hot(own) for name, own in self.words.items()}
        self.rows |= {(name, "-"): one_hot(reverse_complement(own)) for name, own in self.words.items()}
        firsts, seconds = (self._sites(end, number) for number, end in enumerate(("first", "second")))
        self.sites = list(zip(firsts, seconds, strict=True))
        self.order = {site: place for place, site in enumerate(dict.fromkeys(firsts + seconds))}
        self.reached = np.flatnonzero(self.cells["within_reach"].to_numpy() == 1)

    def _sites(self, end: str, number: int) -> list[tuple[str, str, int]]:
        """Return the site of one end of every cell."""
        starts = self.starts[:, number].tolist()
        return list(zip(self.cells[end], self.cells[f"{end}_strand"], starts, strict=True))

    def block(self) -> Block:
        """Return what is evaluated, in the order in which :meth:`collect` takes it."""
        edits = [(start, self.rows[name, strand]) for name, strand, start in self.order]
        # A scan has many copies: half the size is worth while.
        numbers = np.arange(sum(len(rows) for _, rows in edits), dtype=np.int32).reshape(len(edits), -1)
        places = [[self.order[site] for site in self.sites[cell]] for cell in self.reached]
        first, second = numbers[np.reshape(places, (-1, 2)).astype(np.intp)].transpose(1, 0, 2)
        draws = numbers.shape[1] - 1
        # Both motifs, pieces for the first, and pieces for the second.
        one = np.concatenate([first, np.repeat(first[:, :1], draws, axis=1)], axis=1)
        other = np.concatenate([np.repeat(second[:, :1], draws, axis=1), second], axis=1)
        alone = np.append(np.int32(NONE), numbers)
        copies = np.append(alone, one), np.append(np.full_like(alone, NONE), other)
        return Block(self.number, edits, np.stack(copies, axis=1))

    def collect(self, values: np.ndarray, outputs: np.ndarray, replaced: np.ndarray) -> None:
        """Put the outputs into ``outputs`` (cells, 4), and add the draws' interactions to ``replaced``."""
        draws, sites = replaced.shape[2], len(self.order)
        (empty,), at_sites, of_cells = np.split(values, np.cumsum([1, sites * (1 + draws)]))
        at_sites = at_sites.reshape(sites, 1 + draws)
        # With one end alone, (cells, 1 + K): the motif, then its pieces.
        first, second = (at_sites[[self.order[both[end]] for both in self.sites]] for end in (0, 1))
        outputs[:, 1], outputs[:, 2], outputs[:, 3] = second[:, 0], first[:, 0], empty
        outputs[:, 0] = first[:, 0] + second[:, 0] - empty  # what it is where the two cannot interact
        for cell, found in zip(self.reached, of_cells.reshape(-1, 1 + 2 * draws), strict=True):
            of_first, of_second = np.split(found, [1 + draws])
            outputs[cell, 0] = of_first[0]
            replaced[0, cell] += of_first[1:] - first[cell, 1:] - second[cell, 0] + empty
            replaced[1, cell] += of_second - first[cell, 0] - second[cell, 1:] + empty
