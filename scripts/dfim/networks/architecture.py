"""Layers of a network as the configuration lists them: their keys, defaults and limits, without Keras.

A layer is a mapping with a ``kind`` and the keys of :data:`LAYER_KEYS`. Layers are counted from 1.
"""

from dfim.errors import InputError, counted

# Keys of each kind of layer with their default values; a key whose default is None must be given.
# The stride of a pool is its width, unless it is given.
_AFTER_LINEAR = {"batch_normalisation": False, "activation": "relu", "dropout": 0.0}
LAYER_KEYS = {
    "convolution": {"filters": None, "width": None, "padding": "valid", "dilation": 1, "initial": "random"}
    | _AFTER_LINEAR,
    "dense": {"units": None, **_AFTER_LINEAR},
    "max_pool": {"width": None, "stride": "width"},
    "average_pool": {"width": None, "stride": "width"},
    "global_max_pool": {},
    "global_average_pool": {},
    "add": {"over": 1},
}
_ACTIVATIONS = ("relu", "gelu", "linear")
_NO_POSITIONS = -1
_WITHOUT_POSITIONS = ("dense", "global_max_pool", "global_average_pool")


def check_layers(layers: list[dict], where: str) -> None:
    """Check layers by themselves, for sequences of any length.

    ``where`` names the list, e.g. ``key 'architectures.small'``, and begins the message. Raises InputError,
    naming the number of the layer and the key, on an unknown kind or key, a key that is missing, a value of
    the wrong type or out of range, a layer that cannot follow the ones before, and a sum of two shapes.
    """
    flat = False
    # What reaches each layer that is no part of a residual block, and what leaves the last one: how often the
    # number of positions has changed, and the channels.
    shapes = [(0, 4)]
    for number, layer in enumerate(layers, start=1):
        name = _check_kind(layer, f"{where}: layer {number}")
        _check_keys(layer, name)
        if flat and layer["kind"] not in ("dense", "add"):
            raise InputError(
                f"{name} comes after a dense or global pooling layer, where no positions are left: move it "
                "before them."
            )
        flat = flat or layer["kind"] in _WITHOUT_POSITIONS
        if layer["kind"] == "add":
            _check_sum(shapes, layer.get("over", 1), name)
        else:
            shapes.append(_shape_after(complete_layer(layer), shapes[-1]))


def _shape_after(layer: dict, shape: tuple[int, int]) -> tuple[int, int]:
    changes, channels = shape
    if layer["kind"] in _WITHOUT_POSITIONS:
        return _NO_POSITIONS, layer.get("units", channels)
    kept = layer["width"] == 1 if "filters" in layer else layer["width"] == layer["stride"] == 1
    return changes + (layer.get("padding") != "same" and not kept), layer.get("filters", channels)


def _check_sum(shapes: list[tuple[int, int]], over: int, name: str) -> None:
    """Check a sum, and make one block of it and of the layers that it is over, in place."""
    if over >= len(shapes):
        raise InputError(
            f"{name} is over {counted(over, 'layer')}, and {len(shapes) - 1} come before it: lower 'over'."
        )
    before, after = shapes[-1 - over], shapes[-1]
    if before[1] != after[1]:
        raise InputError(
            f"{name} sums {before[1]} channels and {after[1]}: give the layers that it is over as many "
            "filters (or units) as reach them."
        )
    if before[0] != after[0]:
        raise InputError(
            f"{name} is over a layer that changes the number of positions: give the convolutions that it is "
            "over padding: same, and no pool."
        )
    del shapes[-over:]
    shapes.append(before)


def blocks_of(layers: list[dict]) -> list[dict]:
    """Return layers that :func:`check_layers` accepts, completed; each ``add`` holds those that it is over.

    They are under its key ``layers``, in order; a block is one layer to the sums after it.
    """
    blocks = []
    for layer in map(complete_layer, layers):
        if layer["kind"] == "add":
            start = len(blocks) - layer["over"]
            layer["layers"] = blocks[start:]
            del blocks[start:]
        blocks.append(layer)
    return blocks


def _check_kind(layer: dict, name: str) -> str:
    """Return the name of the layer in messages; raises InputError when it is of no known kind."""
    if not isinstance(layer, dict):
        raise InputError(f"{name} is {layer!r}, and a layer must be a mapping with the key 'kind'.")
    kind = layer.get("kind")
    if kind not in LAYER_KEYS:
        raise InputError(f"{name} has the kind {kind!r}, and a kind must be one of {', '.join(LAYER_KEYS)}.")
    return f"{name} ({kind})"


def _check_keys(layer: dict, name: str) -> None:
    """Raise InputError on a key that the layer's kind does not have, or lacks, and on an impossible value."""
    defaults = LAYER_KEYS[layer["kind"]]
    given = {key: value for key, value in layer.items() if key != "kind"}
    for key, value in given.items():
        if key not in defaults:
            allowed = ", ".join(defaults) or "no other keys"
            raise InputError(f"{name} has the unknown key {key!r}; allowed are: {allowed}.")
        _check_value(name, key, value)
    for key, default in defaults.items():
        if default is None and key not in given:
            raise InputError(f"{name} lacks the key {key!r}: give it a whole number above 0.")


def _check_value(name: str, key: str, value) -> None:
    """Raise InputError when the value of a layer's key is not allowed."""
    match key:
        case "padding":
            good, needed = value in ("same", "valid"), "same or valid"
        case "activation":
            good, needed = value in _ACTIVATIONS, "relu, gelu or linear"
        case "initial":
            good, needed = value in ("random", "identity"), "random or identity"
        case "batch_normalisation":
            good, needed = isinstance(value, bool), "true or false"
        case "dropout":
            good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1
            needed = "a number from 0 up to, but not including, 1"
        case _:
            good = isinstance(value, int) and not isinstance(value, bool) and value > 0
            needed = "a whole number above 0"
    if not good:
        raise InputError(f"{name} has {key}: {value!r}, and {key} must be {needed}.")


def complete_layer(layer: dict) -> dict:
    """Return a layer that :func:`check_layers` accepts with its defaults filled in, the stride a number."""
    complete = {**LAYER_KEYS[layer["kind"]], **layer}
    if complete.get("stride") == "width":
        complete["stride"] = complete["width"]
    return complete


def output_length(layers: list[dict], length: int, where: str) -> int:
    """Return how many positions of a sequence of ``length`` are left after the layers.

    They are 1 after a dense or global pooling layer. The layers are ones that :func:`check_layers` accepts,
    and ``where`` names them. Raises InputError, naming the layer, when it is wider than what reaches it.
    """
    positions = length
    for number, layer in enumerate(map(complete_layer, layers), start=1):
        if layer["kind"] in _WITHOUT_POSITIONS:
            return 1
        if layer.get("padding") == "same" or layer["kind"] == "add":
            continue
        width = (layer["width"] - 1) * layer.get("dilation", 1) + 1
        if width > positions:
            raise InputError(
                f"{where}: layer {number} ({layer['kind']}) has width {width}, and only {positions} "
                f"positions of a sequence of {length} reach it: make the sequences longer or this layer and "
                "the ones before it narrower."
            )
        positions = (positions - width) // layer.get("stride", 1) + 1
    return positions
