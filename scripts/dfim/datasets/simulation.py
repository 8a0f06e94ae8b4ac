"""Simulated regulatory sequences: motif instances in random background, as in supplement A.1, with simdna."""

import contextlib
import os
from collections.abc import Iterator

import numpy as np
import pandas as pd

from dfim.datasets.dataset import SPLITS, Dataset
from dfim.datasets.simulation_design import check_design
from dfim.errors import InputError
from dfim.progress import Progress
from dfim.sequences.bases import BASES, to_bases
from dfim.sequences.encode import encode_motifs, simdna
from dfim.sequences.motifs import best_hit, load_pwm, motif_features


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
        if bytes(self.width) not in (prior.arr != 0).tobytes():
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
