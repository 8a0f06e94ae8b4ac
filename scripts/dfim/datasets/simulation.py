"""Simulated regulatory sequences: motif instances in random background, as in supplement A.1, with simdna."""

import contextlib
import os
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.special import pdtr  # scipy.stats, which is slow to load, has no other distribution function

from dfim.datasets.dataset import SPLITS, Dataset
from dfim.errors import InputError, counted
from dfim.progress import Progress
from dfim.sequences.bases import BASES, to_bases
from dfim.sequences.encode import encode_motifs, simdna
from dfim.sequences.motifs import best_hit, load_pwm, motif_features

# A Poisson number is drawn again until it is within its limits: below this chance it would take too long.
_LEAST_CHANCE = 1e-3


def simulate(design: dict, seed: int) -> Dataset:
    """Simulate sequences with planted motif instances, by simdna's own classes (supplement A.1).

    ``design`` has the keys ``length`` (bp), ``background`` (probabilities of A C G T), ``task`` (its name),
    ``split`` (numbers of examples of ``train``, ``validation`` and ``test``) and ``sets``: for each name
    ``sequences`` (number), ``label`` (0 or 1) and ``motifs``: for each name ``pwm`` (of simdna's ENCODE
    collection), ``minimum`` and ``maximum`` number of instances in a sequence and, where wanted,
    ``poisson_mean``: the numbers are then Poisson, drawn again until within the limits, and else uniform.

    An instance is the motif's sequence of highest affinity, on the + strand, at a uniformly drawn start,
    drawn again where it would overlap an earlier instance; motifs are embedded in the design's order.
    The examples of all sets are shuffled and split at random. ``origin`` is the set; ``features`` are the
    instances, and nothing else that happens to read like one.

    Equal seeds give equal datasets, and the state of no random generator outside is changed. Raises
    InputError on a design that cannot be carried out.
    """
    check_design(design)
    total = sum(group["sequences"] for group in design["sets"].values())
    bases = np.empty((total, design["length"]), dtype=np.uint8)
    instances, row = [], 0
    with Progress(total=total, desc="simulating", unit=" sequences") as progress:
        for index, name in enumerate(design["sets"]):
            with _simdna_random(np.random.default_rng([seed, index])):
                for sequence, planted in _simulated_set(name, design):
                    bases[row] = to_bases(sequence)
                    instances += [(row, *instance) for instance in planted]
                    row += 1
                    progress.update()
    order = np.random.default_rng([seed, len(design["sets"])]).permutation(total)
    return _shuffled_dataset(design, bases, instances, order)


def _simulated_set(name: str, design: dict) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Yield the sequences of a set, each with name, start and end of its instances."""
    group = design["sets"][name]
    hits = {motif: best_hit(load_pwm(numbers["pwm"])) for motif, numbers in group["motifs"].items()}
    generator = simdna.synthetic.EmbedInABackground(
        _Background(design["length"], dict(zip(BASES, design["background"], strict=True))),
        [
            simdna.synthetic.RepeatedEmbedder(
                _CheckedEmbedder(name, motif, numbers["pwm"]), _quantity(numbers), name=f"{motif} repeated"
            )
            for motif, numbers in group["motifs"].items()
        ],
    )
    for _ in range(group["sequences"]):
        generated = generator.generateSequence()
        # simdna's trace counts the calls of each embedder, and embeddings are in the order of the calls.
        calls = generated.additionalInfo.trace
        names = [motif for motif in hits for _ in range(calls.get(motif, 0))]
        planted = []
        for motif, embedding in zip(names, generated.embeddings, strict=True):
            start, end = embedding.startPos, embedding.startPos + len(hits[motif])
            if generated.seq[start:end] != hits[motif]:
                raise RuntimeError(f"simdna reports {motif} at {start} of a sequence that does not have it")
            planted.append((motif, start, end))
        yield generated.seq, planted


class _Background(simdna.synthetic.ZeroOrderBackgroundGenerator):
    """simdna's background, letter by letter, of which a sequence's letters are drawn at once."""

    def generateBackground(self):
        distribution = self.substringGenerator.discreteDistribution
        letters = np.frombuffer("".join(distribution.keysOrder).encode(), np.uint8)
        # A number means the first letter up to which the probabilities sum to it, or the last.
        numbers = simdna.random.random_sample(self.repetitions.generateQuantity())
        chosen = np.searchsorted(np.cumsum(distribution.freqArr)[:-1], numbers)
        return letters[chosen].tobytes().decode()


class _CheckedEmbedder(simdna.synthetic.SubstringEmbedder):
    """Embeds a motif's best hit at a free place, and raises InputError where simdna would search for ever."""

    def __init__(self, group: str, motif: str, pwm: str):
        hit = simdna.synthetic.BestHitPwmFromLoadedMotifs(encode_motifs(), pwm)
        super().__init__(hit, simdna.synthetic.UniformPositionGenerator(), name=motif)
        self.group = group
        self.width = hit.pwm.pwmSize

    def _embed(self, background, prior, info):
        bounds = np.concatenate([[-1], np.flatnonzero(prior.arr), [len(background)]])
        if np.diff(bounds).max() - 1 < self.width:
            raise InputError(
                f"{self.group}: {self.name} needs {self.width} free bases in a row, and a sequence of "
                f"{len(background)} bp has none left after the motifs embedded before it: make the sequences "
                "longer or the largest numbers of instances smaller."
            )
        super()._embed(background, prior, info)


def _quantity(numbers: dict):
    """Return simdna's generator of the number of instances of a motif in a sequence."""
    if numbers.get("poisson_mean") is None:
        return simdna.synthetic.UniformIntegerGenerator(numbers["minimum"], numbers["maximum"])
    return simdna.synthetic.MinMaxWrapper(
        simdna.synthetic.PoissonQuantityGenerator(numbers["poisson_mean"]),
        theMin=numbers["minimum"],
        theMax=numbers["maximum"],
    )


@contextlib.contextmanager
def _simdna_random(rng: np.random.Generator) -> Iterator[None]:
    """Seed the generator that simdna keeps for itself, and silence what simdna prints on each re-drawing.

    simdna takes each number out of an array of one: here the same numbers come without it, much faster.
    """
    state = simdna.random.get_state()
    simdna.random.seed(rng.integers(2**32, size=8, dtype=np.uint32))
    simdna.random.random = simdna.random.random_sample
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
            yield
    finally:
        del simdna.random.random  # its class has one
        simdna.random.set_state(state)


def _shuffled_dataset(design: dict, bases: np.ndarray, instances: list[tuple], order: np.ndarray) -> Dataset:
    """Put the examples into a new order, row i being the former row ``order[i]``, and split them."""
    groups = design["sets"]
    sizes = [group["sequences"] for group in groups.values()]
    origins = np.repeat(list(groups), sizes)
    labels = np.repeat([group["label"] for group in groups.values()], sizes).astype(np.int8)
    numbers = np.concatenate([np.arange(size) for size in sizes])
    examples = pd.DataFrame(
        {
            "example": np.arange(len(order)),
            "name": [f"{origins[row]}_{numbers[row]}" for row in order],
            "chrom": "",
            "start": pd.array([pd.NA] * len(order), dtype="Int64"),
            "end": pd.array([pd.NA] * len(order), dtype="Int64"),
            "origin": origins[order],
            "split": np.repeat(SPLITS, [design["split"][split] for split in SPLITS]),
        }
    )
    sites = pd.DataFrame(instances, columns=["example", "name", "start", "end"]).assign(strand="+")
    sites["example"] = np.argsort(order)[sites["example"].to_numpy(dtype=np.int64)]
    return Dataset(bases[order], labels[order][:, None], [design["task"]], examples, motif_features(sites))


def check_design(design: Mapping) -> None:
    """Raise InputError when a design cannot be carried out."""
    background = design["background"]
    if len(background) != 4 or min(background) < 0 or abs(sum(background) - 1) > 1e-6:
        raise InputError(
            f"background is {list(background)}, and must be four probabilities, of A, C, G and T, "
            "that add up to 1."
        )
    if set(design["split"]) != set(SPLITS):
        raise InputError(
            f"split has the parts {', '.join(design['split'])}, and must have {', '.join(SPLITS)}: "
            "give the number of examples of each."
        )
    total = sum(group["sequences"] for group in design["sets"].values())
    parts = sum(design["split"].values())
    if parts != total:
        raise InputError(
            f"the parts of split add up to {counted(parts, 'sequence')}, and the sets to {total}: make them "
            "equal."
        )
    for name, group in design["sets"].items():
        _check_set(name, group, design["length"])
    labels = {group["label"] for group in design["sets"].values()}
    if len(labels) == 1:
        raise InputError(
            f"all sets have the label {labels.pop()}, and a network learns from both labels: give at least "
            "one set the label 0 and one the label 1."
        )


def _chance(least: int, most: int, mean: float) -> float:
    """Return the probability that a Poisson number is within limits."""
    return pdtr(most, mean) - (pdtr(least - 1, mean) if least else 0)


def _check_set(name: str, group: dict, length: int) -> None:
    """Raise InputError when a set of a design cannot be carried out in sequences of ``length`` bp."""
    if group["label"] not in (0, 1):
        raise InputError(f"{name}: the label is {group['label']!r}, and must be 0 or 1.")
    needed = 0
    for motif, numbers in group["motifs"].items():
        least, most, mean = numbers["minimum"], numbers["maximum"], numbers.get("poisson_mean")
        if not 0 <= least <= most:
            raise InputError(
                f"{name}: {motif} has a minimum of {least} and a maximum of {most} instances: "
                "make the minimum at least 0 and at most the maximum."
            )
        if mean is not None and _chance(least, most, mean) < _LEAST_CHANCE:
            raise InputError(
                f"{name}: {motif} can hardly ever have {least} to {most} instances when their number is "
                f"Poisson with mean {mean}: change poisson_mean, or leave it out to draw uniformly."
            )
        needed += most * len(load_pwm(numbers["pwm"]))
    if needed > length:
        raise InputError(
            f"{name}: its motifs can take up to {needed} bp, and a sequence has {length}: make the "
            "sequences longer or the largest numbers of instances smaller."
        )
