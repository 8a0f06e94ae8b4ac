"""How far a mutation can act in a network: computed from its layers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

COLUMNS = ["layer", "name", "kind", "nonlinear", "receptive_field", "reach"]
# What makes the effect of one position depend on another; linear layers and average pools do not.
_NONLINEAR = ("relu", "sigmoid", "max_pool", "global_max_pool")
_WHOLE = ("flatten", "dense", "global_max_pool", "global_average_pool")


def reach_of(layers: Sequence) -> float:
    """Return the reach of a network in bp: positions as far apart, or farther, cannot interact in it.

    ``layers`` are those of :func:`dfim.networks.description.describe`. Two positions interact only where both
    enter one unit that is not linear (a ReLU, or a pool that takes the largest); the reach is the receptive
    field of the widest such unit. What lies after the last of them adds up, so that it extends nothing: a
    network with a linear head on its last pool has a finite reach. One with a ReLU after a dense layer, where
    every unit sees everything, has an infinite one. The sigmoid on top does not count, because scores are of
    the logit.
    """
    return float(receptive_fields(layers)["reach"].iloc[-1])


def receptive_fields(layers: Sequence) -> pd.DataFrame:
    """Return the receptive field (bp) of every layer and the reach up to it, the columns ``COLUMNS``.

    ``layer`` counts from 1; ``nonlinear`` is 1 or 0; infinite where every unit sees the whole sequence.
    """
    field, step, reach = 1.0, 1, 1.0
    layers = list(layers)
    if layers and layers[-1].kind == "sigmoid":
        layers.pop()
    rows = []
    for number, layer in enumerate(layers, start=1):
        if layer.kind in _WHOLE:
            # A flatten only puts positions side by side; the dense layer after it adds them up.
            field = field if layer.kind == "flatten" else np.inf
        elif "width" in layer.options:
            field += (layer.options["width"] - 1) * step
            step *= layer.options["stride"]
        nonlinear = layer.kind in _NONLINEAR
        reach = max(reach, field) if nonlinear else reach
        rows.append((number, layer.name, layer.kind, int(nonlinear), field, reach))
    return pd.DataFrame(rows, columns=COLUMNS)
