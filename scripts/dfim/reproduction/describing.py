"""What claims ask of a dataset beside the columns of its tables."""

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset
from dfim.sequences.bases import BASES, reverse_complement, to_string


def examples_with_labels(dataset: Dataset) -> pd.DataFrame:
    """Return the examples with a column ``label_{task}`` per task and ``copies_{name}`` per motif."""
    motifs = dataset.features[dataset.features["kind"] == "motif"]
    # Not by pd.crosstab, which counts each example by itself: ten seconds instead of a tenth.
    copies = motifs.groupby(["example", "name"]).size().unstack(fill_value=0)
    copies = copies.reindex(dataset.examples["example"], fill_value=0)
    labels = {f"label_{task}": dataset.labels[:, column] for column, task in enumerate(dataset.tasks)}
    return dataset.examples.assign(**labels, **{f"copies_{name}": copies[name].to_numpy() for name in copies})


def features_with_sequences(dataset: Dataset) -> pd.DataFrame:
    """Return the features with ``origin`` and ``split`` of their example and their ``sequence``.

    The sequence of a feature on the - strand is the reverse complement of the example's bases.
    """
    features = dataset.features.merge(dataset.examples[["example", "origin", "split"]], on="example")
    sequences = []
    for example, start, end, strand in features[["example", "start", "end", "strand"]].itertuples(
        index=False
    ):
        forward = to_string(dataset.bases[example, start:end])
        sequences.append(reverse_complement(forward) if strand == "-" else forward)
    return features.assign(sequence=sequences)


def background(dataset: Dataset) -> tuple[np.ndarray, int]:
    """Return the shares of A, C, G and T among the bases outside all features, and how many those are."""
    outside = np.ones(dataset.bases.shape, dtype=bool)
    for example, start, end in dataset.features[["example", "start", "end"]].to_numpy(dtype=int):
        outside[example, start:end] = False
    counts = np.bincount(dataset.bases[outside], minlength=256)[list(BASES.encode())]
    return counts / counts.sum(), int(counts.sum())
