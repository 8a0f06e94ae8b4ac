"""DeepLIFT as its rules are written down, in float64 and with hardly a thought of speed.

Written independently of the deeplift package: every linear layer is one explicit matrix, made once, one
sequence at a time.
"""

import numpy as np

NEAR_ZERO = 1e-7
# Values within this share of the largest of a pool are equal: the first of them counts.
TIE = 1e-6
_MADE = {}  # by the identity of a layer: the layer, so that it stays, and its matrix and offset


def contributions(layers: list, x: np.ndarray, reference: np.ndarray, task: int, rule: str) -> np.ndarray:
    """Return multiplier × (x − reference) of one sequence, shape (length, 4); logits on top of ``layers``."""
    layers = layers[:-1] if layers[-1].kind == "sigmoid" else layers
    values, references = _forward(layers, x), _forward(layers, reference)
    positive = np.eye(layers[-1].arrays["kernel"].shape[-1])[task]
    negative = positive
    for number in reversed(range(len(layers))):
        at = layers[number], values[number], references[number]
        if layers[number].kind == "relu":
            chosen = rule if rule != "genomics_default" else _genomics_default(layers[:number])
            if chosen == "rescale":
                positive, negative = (_rescale(*at[1:]) * m for m in (positive, negative))
            else:
                shares = _shares(layers[:number], values, references)
                factors = _reveal_cancel(*shares, references[number])
                positive, negative = factors[0] * positive, factors[1] * negative
        else:
            positive, negative = _through_linear(*at, positive, negative)
    return ((positive + negative) / 2).reshape(x.shape) * (x - reference)


def logits(layers: list, x: np.ndarray) -> np.ndarray:
    """Return the logits of one sequence, shape (tasks,)."""
    return _forward(layers[:-1] if layers[-1].kind == "sigmoid" else layers, x)[-1]


def _forward(layers: list, x: np.ndarray) -> list[np.ndarray]:
    """Return the flat input of every layer, and the output of the last."""
    values = [np.asarray(x, np.float64).ravel()]
    for layer in layers:
        if layer.kind == "relu":
            values.append(np.maximum(values[-1], 0))
        else:
            matrix, offset = _matrix(layer, values[-1])
            values.append(values[-1] @ matrix + offset)
    return values


def _matrix(layer, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a linear layer, or a pool at this value, as matrix (inputs, outputs) and offset."""
    if "max" in layer.kind:  # another one at each value
        return _make_matrix(layer, value)
    if id(layer) not in _MADE:
        _MADE[id(layer)] = layer, *_make_matrix(layer, value)
    return _MADE[id(layer)][1:]


def _make_matrix(layer, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shape, after = layer.options["input_shape"], layer.options["output_shape"]
    if layer.kind == "dense":
        return layer.arrays["kernel"].astype(np.float64), layer.arrays["bias"]
    if layer.kind == "flatten":
        return np.eye(len(value)), np.zeros(len(value))
    if layer.kind == "batch_normalisation":
        arrays = {name: array.astype(np.float64) for name, array in layer.arrays.items()}
        scale = arrays["gamma"] / np.sqrt(arrays["variance"] + arrays["epsilon"])
        repeats = len(value) // len(scale)
        return np.diag(np.tile(scale, repeats)), np.tile(arrays["beta"] - arrays["mean"] * scale, repeats)
    matrix = np.zeros((*shape, int(np.prod(after))))
    offset = np.zeros(matrix.shape[-1])
    filters = after[-1]
    for output, window in enumerate(_windows(layer)):
        columns = slice(output * filters, (output + 1) * filters)
        if layer.kind == "convolution":
            for offset_in_window, position in window:
                matrix[position, :, columns] = layer.arrays["kernel"][offset_in_window]
            offset[columns] = layer.arrays["bias"]
            continue
        positions, channels = np.array([position for _, position in window]), np.arange(filters)
        if "max" in layer.kind:
            inside = value.reshape(shape)[positions]
            first = (inside >= inside.max(0) - TIE * abs(inside.max(0))).argmax(0)
            matrix[positions[first], channels, output * filters + channels] = 1
        else:
            matrix[positions[:, None], channels, output * filters + channels] = 1 / len(positions)
    return matrix.reshape(len(value), -1), offset


def _windows(layer) -> list[list[tuple[int, int]]]:
    """Return for every output position the (offset in the window, input position) that exist."""
    length = layer.options["input_shape"][0]
    if layer.kind.startswith("global"):
        return [[(position, position) for position in range(length)]]
    width, stride = layer.options["width"], layer.options["stride"]
    outputs = layer.options["output_shape"][0]
    left = 0
    if layer.options["padding"] == "same":
        left = max((outputs - 1) * stride + width - length, 0) // 2
    starts = [output * stride - left for output in range(outputs)]
    return [[(i, start + i) for i in range(width) if 0 <= start + i < length] for start in starts]


def _genomics_default(before: list) -> str:
    """Return the rule of a ReLU: by the last linear layer before it, batch normalisation aside."""
    linear = next(layer.kind for layer in reversed(before) if layer.kind != "batch_normalisation")
    return {"convolution": "rescale", "dense": "reveal_cancel"}[linear]


def _rescale(z: np.ndarray, z_reference: np.ndarray) -> np.ndarray:
    difference = z - z_reference
    near = np.abs(difference) < NEAR_ZERO
    slope = (np.maximum(z, 0) - np.maximum(z_reference, 0)) / np.where(near, 1, difference)
    return np.where(near, z_reference > 0, slope)


def _shares(before: list, values: list, references: list) -> tuple[np.ndarray, np.ndarray]:
    """Return the positive and the negative part of z − z_ref, through a batch normalisation if any."""
    number = len(before) - 1
    matrix, _ = _matrix(before[number], values[number])
    if before[number].kind == "batch_normalisation":
        number -= 1
        matrix = _matrix(before[number], values[number])[0] @ matrix
    terms = (values[number] - references[number])[:, None] * matrix
    return np.where(terms > 0, terms, 0).sum(axis=0), np.where(terms < 0, terms, 0).sum(axis=0)


def _reveal_cancel(p: np.ndarray, n: np.ndarray, z0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p, n = (
        t + np.where(np.abs(t) < NEAR_ZERO / 2, np.where(t < 0, -NEAR_ZERO, NEAR_ZERO), 0) for t in (p, n)
    )

    def relu(z):
        return np.maximum(z, 0)

    positive = ((relu(z0 + p) - relu(z0)) + (relu(z0 + p + n) - relu(z0 + n))) / 2
    negative = ((relu(z0 + n) - relu(z0)) + (relu(z0 + p + n) - relu(z0 + p))) / 2
    return positive / p, negative / n


def _through_linear(layer, value, reference, positive, negative) -> tuple[np.ndarray, np.ndarray]:
    """Return the multipliers of a linear layer's input: each term's sign tells which multiplier it gets."""
    matrix, _ = _matrix(layer, value)
    difference = value - reference
    if layer.kind in ("flatten", "batch_normalisation") or "pool" in layer.kind:
        # One input per unit: signs stay apart, swapped where the factor is negative.
        up, down = np.where(matrix > 0, matrix, 0), np.where(matrix < 0, matrix, 0)
        return up @ positive + down @ negative, up @ negative + down @ positive
    terms = difference[:, None] * matrix
    multipliers = np.where(terms > 0, matrix * positive, np.where(terms < 0, matrix * negative, 0)).sum(
        axis=1
    )
    none = matrix @ ((positive + negative) / 2)
    multipliers = np.where(difference == 0, none, multipliers)
    return multipliers, multipliers
