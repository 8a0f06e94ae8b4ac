"""Which values of a max pool are equal: those that differ by no more than the last bits may.

Places that see the same bases, as in repeats, have equal values but for rounding, which depends on how a
processor adds up and on how many rows a matrix product has. A pool passes everything on to the first of its
largest values; that choice must not rest on rounding. So values are equal that differ by less than a share
:data:`TIE` of the largest, or of the *size* of the values of their channel: the root of the sum of squares of
the terms that a value is a sum of. A value near 0 is a small difference of large terms, and rounded as they
are.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

TIE = 1e-6


def with_ties(layers: Sequence) -> list:
    """Return the layers, each max pool with an array ``tie``, float32 (channels,).

    Two of its values are equal when they differ by no more than ``tie``, or than :data:`TIE` of the largest.
    Only weights decide it, so that it is the same for every sequence and every part of one.
    """
    size, found = np.ones(layers[0].options["input_shape"][-1]), []
    for layer in layers:
        if layer.kind in ("max_pool", "global_max_pool"):
            layer = replace(layer, arrays=layer.arrays | {"tie": np.float32(TIE * size)})
        elif layer.kind == "flatten":
            size = np.tile(size, layer.options["input_shape"][0])
        else:
            size = _size(layer, size)
        found.append(layer)
    return found


def _size(layer, size: np.ndarray) -> np.ndarray:
    """Return the size of the values that a layer makes of values of this size, (channels,)."""
    arrays = {name: np.asarray(array, np.float64) for name, array in layer.arrays.items()}
    if layer.kind == "convolution":
        return np.abs(arrays["bias"]) + ((size[:, None] * arrays["kernel"]) ** 2).sum((0, 1)) ** 0.5
    if layer.kind == "dense":
        return np.abs(arrays["bias"]) + ((size[:, None] * arrays["kernel"]) ** 2).sum(0) ** 0.5
    if layer.kind == "batch_normalisation":
        scale = np.abs(arrays["gamma"]) / np.sqrt(arrays["variance"] + arrays["epsilon"])
        return scale * size + np.abs(arrays["beta"]) + scale * np.abs(arrays["mean"])
    return size
