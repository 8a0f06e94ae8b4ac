"""Networks small enough to know everything about them, as lists of layers."""

import numpy as np

from dfim.networks.description import Layer


def chain(steps: list[tuple[str, dict, dict]], length: int) -> list[Layer]:
    """Make layers from (kind, arrays, options), working out the shapes for one-hot input of a length."""
    layers, shape = [], (length, 4)
    for number, (kind, arrays, options) in enumerate(steps):
        after = _shape_after(kind, arrays, options, shape)
        options = {**options, "input_shape": shape, "output_shape": after}
        layers.append(Layer(kind, f"{kind}_{number}", arrays, options))
        shape = after
    return layers


def _shape_after(kind: str, arrays: dict, options: dict, shape: tuple[int, ...]) -> tuple[int, ...]:
    channels = arrays["kernel"].shape[-1] if "kernel" in arrays else shape[-1]
    if kind in ("dense", "global_max_pool", "global_average_pool"):
        return (channels,)
    if kind == "flatten":
        return (shape[0] * shape[1],)
    if "width" not in options:
        return shape
    if options["padding"] == "same":
        return (-(-shape[0] // options["stride"]), channels)
    return ((shape[0] - options["width"]) // options["stride"] + 1, channels)


def convolution(
    rng, width: int, channels: int, filters: int, padding: str = "valid", stride: int = 1
) -> tuple:
    kernel = rng.normal(0, (width * channels) ** -0.5, (width, channels, filters)).astype(np.float32)
    arrays = {"kernel": kernel, "bias": rng.normal(0, 0.1, filters).astype(np.float32)}
    return "convolution", arrays, {"width": width, "stride": stride, "padding": padding}


def dense(rng, inputs: int, units: int) -> tuple:
    kernel = rng.normal(0, inputs**-0.5, (inputs, units)).astype(np.float32)
    return "dense", {"kernel": kernel, "bias": rng.normal(0, 0.1, units).astype(np.float32)}, {}


def batch_normalisation(rng, channels: int) -> tuple:
    """Of both signs of gamma, and far from doing nothing."""
    arrays = {
        "gamma": rng.choice([-1.0, 1.0], channels) * rng.uniform(0.5, 1.5, channels),
        "beta": rng.normal(0, 0.3, channels),
        "mean": rng.normal(0, 0.3, channels),
        "variance": rng.uniform(0.5, 2, channels),
        "epsilon": np.array(1e-3),
    }
    return "batch_normalisation", {name: array.astype(np.float32) for name, array in arrays.items()}, {}


def pool(kind: str, width: int, stride: int | None = None, padding: str = "valid") -> tuple:
    return kind, {}, {"width": width, "stride": stride or width, "padding": padding}


def step(kind: str) -> tuple:
    return kind, {}, {}


def two_convolutions(seed: int = 0) -> list[Layer]:
    """Return a network on 30 positions with three tasks, without padding and batch normalisation."""
    rng = np.random.default_rng(seed)
    steps = [
        *(convolution(rng, 5, 4, 6), step("relu"), pool("max_pool", 3, 2)),
        *(convolution(rng, 3, 6, 5), step("relu"), pool("average_pool", 2)),
        *(step("flatten"), dense(rng, 25, 8), step("relu"), dense(rng, 8, 3), step("sigmoid")),
    ]
    return chain(steps, 30)


def normalised(seed: int = 1) -> list[Layer]:
    """Return a network on 30 positions with same padding, and batch normalisation in every place."""
    rng = np.random.default_rng(seed)
    steps = [
        *(convolution(rng, 5, 4, 6, "same"), batch_normalisation(rng, 6), step("relu"), pool("max_pool", 3)),
        *(convolution(rng, 4, 6, 5, "same"), step("relu"), batch_normalisation(rng, 5), step("flatten")),
        *(dense(rng, 50, 8), batch_normalisation(rng, 8), step("relu"), dense(rng, 8, 2)),
    ]
    return chain(steps, 30)


LOGIC = ["and", "or", "additive"]


def logic(first: str, second: str, length: int) -> list[Layer]:
    """Return a network of two words of equal width: a, b = 1 where the word is present, else 0.

    Its tasks are LOGIC: max(a + b − 1, 0) needs both words, min(a + b, 1) is content with one, a + b adds.
    """
    width = len(first)
    kernel = np.zeros((width, 4, 2), np.float32)
    for word, name in enumerate((first, second)):
        kernel[np.arange(width), ["ACGT".index(letter) for letter in name], word] = 1
    words = {"kernel": kernel, "bias": np.full(2, 1 - width, np.float32)}
    # Hidden units: max(a + b, 0) and max(a + b − 1, 0).
    both = {"kernel": np.ones((2, 2), np.float32), "bias": np.array([0, -1], np.float32)}
    tasks = {"kernel": np.array([[0, 1, 1], [1, -1, 0]], np.float32), "bias": np.zeros(3, np.float32)}
    steps = [
        *(("convolution", words, {"width": width, "stride": 1, "padding": "valid"}), step("relu")),
        *(step("global_max_pool"), ("dense", both, {}), step("relu"), ("dense", tasks, {})),
    ]
    return chain(steps, length)


def random_bases(rng, examples: int, length: int) -> np.ndarray:
    return rng.choice(np.frombuffer(b"ACGT", np.uint8), (examples, length))


def stacked(
    hidden: bool = True,
    padding: str = "valid",
    pools: tuple[int, int] = (2, 3),
    seed: int = 2,
    length: int = 30,
):
    """Return a network with three tasks, of the shape that the CPU engine takes."""
    rng = np.random.default_rng(seed)
    positions = length
    steps, channels = [], 4
    for width, filters, pool_width in ((5, 6, pools[0]), (3, 5, pools[1])):
        steps += [convolution(rng, width, channels, filters, padding), step("relu")]
        positions -= width - 1 if padding == "valid" else 0
        if pool_width > 1:
            steps.append(pool("max_pool", pool_width))
            positions //= pool_width
        channels = filters
    steps.append(step("flatten"))
    units = positions * channels
    if hidden:
        steps += [dense(rng, units, 8), step("relu"), dense(rng, 8, 7), step("relu")]
        units = 7
    return chain([*steps, dense(rng, units, 3)], length)


def drawn_network(rng) -> tuple[list, int]:
    """Return layers of one to six stages, with pools of 1 to 20 positions and any head, and the length."""
    length = int(rng.integers(150, 400))
    padding, steps, positions, channels = str(rng.choice(["valid", "same"])), [], length, 4
    for _ in range(rng.integers(1, 7)):
        taps, filters = (int(rng.integers(*ends)) for ends in ((2, 16), (3, 12)))
        width = int(rng.choice([1, 1, 1, 2, 4, 20]))
        after = positions - (taps - 1 if padding == "valid" else 0)
        if after < 2 * width:
            break
        steps += [convolution(rng, taps, channels, filters, padding), step("relu")]
        steps += [pool("max_pool", width)] if width > 1 else []
        positions, channels = after // width, filters
    steps.append(step("flatten"))
    units = positions * channels
    if rng.random() < 0.5:
        steps += [dense(rng, units, 10), step("relu")]
        units = 10
    return chain([*steps, dense(rng, units, 2)], length), length


def narrow_stages(rng) -> tuple[list, int]:
    """Return layers of the shape of the published network of transcription factors, and the length.

    Five convolutions, a wide pool and a linear head: what a mutation reaches is often another part of the
    sequence than what is asked for.
    """
    steps, channels, positions = [], 4, 1000
    for _ in range(5):
        steps += [convolution(rng, 10, channels, 6), step("relu")]
        channels, positions = 6, positions - 9
    steps += [pool("max_pool", 25), step("flatten"), dense(rng, positions // 25 * channels, 2)]
    return chain(steps, 1000), 1000
