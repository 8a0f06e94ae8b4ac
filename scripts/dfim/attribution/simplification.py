"""Networks as attribution wants them: no batch normalisation after a linear layer, and the logit on top."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dfim.attribution.ties import with_ties
from dfim.errors import InputError

LINEAR = ("convolution", "dense")
POOLS = ("max_pool", "average_pool", "global_max_pool", "global_average_pool")
KINDS = (*LINEAR, *POOLS, "batch_normalisation", "relu", "sigmoid", "flatten")


def simplify(network: Sequence) -> list:
    """Return the layers up to the logits, with batch normalisations folded away where that is exact.

    The sigmoid on top goes, since the logit is what is explained. A batch normalisation right after a
    convolution or a dense layer is folded into it, for any sign of gamma; one elsewhere (after a ReLU, say)
    stays. Max pools learn which of their values are ties (:mod:`dfim.attribution.ties`).

    Raises InputError when the network does not end in a dense layer (with or without a sigmoid), has a layer
    of an unknown kind or with weights that are not finite, or a ReLU or sigmoid that does not follow a linear
    layer.
    """
    layers = list(network)
    unknown = [layer for layer in layers if layer.kind not in KINDS]
    if unknown:
        raise InputError(
            f"layer {unknown[0].name!r} is of the kind {unknown[0].kind!r}, for which there are no "
            f"contribution scores: use layers of the kinds {', '.join(KINDS)}."
        )
    _check_weights(layers)
    if layers and layers[-1].kind == "sigmoid":
        layers.pop()
    simple = _without_batch_normalisation(layers)
    if not simple or simple[-1].kind != "dense":
        raise InputError(
            "contribution scores need a network that ends in a dense layer, with or without a sigmoid."
        )
    _check_activations(simple)
    return with_ties(simple)


def _without_batch_normalisation(layers: list) -> list:
    simple = []
    for layer in layers:
        if layer.kind == "batch_normalisation" and simple and simple[-1].kind in LINEAR:
            simple[-1] = _fold(simple[-1], layer)
        else:
            simple.append(layer)
    return simple


def _check_weights(layers: list) -> None:
    """Raise InputError on weights that are not finite, of which no score would be."""
    for layer in layers:
        for name, array in layer.arrays.items():
            if not np.isfinite(array).all():
                raise InputError(
                    f"layer {layer.name!r} ({layer.kind}) has values in its {name} that are not finite "
                    "numbers: train the network again, with a lower learning rate."
                )


def _check_activations(layers: list) -> None:
    """Raise InputError on an activation whose rule would be undefined: it has to follow a linear layer."""
    before = None
    for layer in layers:
        if layer.kind in ("relu", "sigmoid") and before not in LINEAR:
            raise InputError(
                f"layer {layer.name!r} ({layer.kind}) follows {before or 'the input'}, and contribution "
                "scores need it right after a convolution or a dense layer (a batch normalisation may lie "
                "between): "
                "move it."
            )
        before = layer.kind


def _fold(linear, normalisation):
    """Return one linear layer that does the work of a linear layer and the batch normalisation after it."""
    arrays = {name: np.asarray(array, np.float64) for name, array in normalisation.arrays.items()}
    scale = arrays["gamma"] / np.sqrt(arrays["variance"] + arrays["epsilon"])
    kernel = linear.arrays["kernel"] * scale
    bias = (linear.arrays["bias"] - arrays["mean"]) * scale + arrays["beta"]
    return replace(linear, arrays={"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)})
