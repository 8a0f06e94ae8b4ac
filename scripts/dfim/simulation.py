"""Simulated regulatory sequences: motif instances in random background, as in supplement A.1, with simdna."""

import contextlib
import os
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import poisson
from tqdm import tqdm

from dfim.dataset import SPLITS, Dataset
from dfim.errors import InputError
from dfim.motifs import best_hit, encode_motifs, load_pwm, motif_features, simdna
from dfim.sequence import BASES, to_bases, to_string

# Numbers of instances are re-drawn until they are allowed: below this chance it would take for ever.
_LEAST_CHANCE = 1e-3


def simulate(design: dict, seed: int) -> Dataset:
    """Simulate sequences with planted motif instances, by simdna's own classes (supplement A.1).

    ``design`` has the keys ``length`` (bp), ``background`` (probabilities of A C G T), ``task`` (its name),
    ``split`` (numbers of examples of ``train``, ``validation``, ``test``) and ``sets``: for each name
    ``sequences`` (number), ``label`` (0 or 1) and ``motifs``: for each name ``pwm`` (of simdna's ENCODE
    collection), ``minimum`` and ``maximum`` number of instances in a sequence and, optionally,
    ``poisson_mean``: numbers are then Poisson, re-drawn until within the limits, and else uniform.

    An instance is the motif's sequence of highest affinity, on the + strand, at a uniformly drawn start that
    is drawn again where it would overlap an earlier instance; motifs are embedded in the design's order. Examples
    of all sets are shuffled and split at random. ``origin`` is the set, ``features`` are the instances.

    Equal seeds give equal datasets; a set's sequences do not depend on the other sets, and the state of no
    random generator outside is changed. Raises InputError on a design that cannot be carried out.
    """
    _check(design)
    sequences, origins, sites = [], [], []
    total = sum(group["sequences"] for group in design["sets"].values())
    with tqdm(total=total, desc="simulating", unit="sequence", mininterval=2) as progress:
        for index, name in enumerate(design["sets"]):
            for sequence, instances in _simulate_set(name, design, np.random.default_rng([seed, index])):
                sites.extend((len(sequences), *instance) for instance in instances)
                sequences.append(to_bases(sequence))
                origins.append((name, design["sets"][name]["label"]))
                progress.update()
    table = pd.DataFrame(sites, columns=["example", "name", "start", "end"]).assign(strand="+")
    order = np.random.default_rng([seed, len(design["sets"])]).permutation(total)
    return _shuffled_dataset(design, np.stack(sequences), origins, table, order)


def _simulate_set(
    name: str, design: dict, rng: np.random.Generator
) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Yield each sequence of a set, with the name, start and end of its instances in order of embedding."""
    group = design["sets"][name]
    background = simdna.synthetic.ZeroOrderBackgroundGenerator(
        design["length"], dict(zip(BASES, design["background"], strict=True))
    )
    embedders = [_embedder(name, motif, own) for motif, own in group["motifs"].items()]
    generator = simdna.synthetic.EmbedInABackground(background, embedders)
    with _simdna_random(rng):
        for _ in range(group["sequences"]):
            generated = generator.generateSequence()
            yield generated.seq, [_instance(embedding) for embedding in generated.embeddings]
