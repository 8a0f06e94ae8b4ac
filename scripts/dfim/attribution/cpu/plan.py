"""The shape of network that the CPU engine takes: convolutions with ReLU and max-pool, then dense layers.

A *stage* is a convolution, its ReLU and its max-pool (either may be missing); the *head* is what lies above
the last stage: dense layers with ReLU, and the logits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dfim.networks.graph import as_graph

_VECTOR = 8
# From this many weights on, a dense layer is used for 32 sequences at once.
_MANY_WEIGHTS = 30_000


class NotPlanned(Exception):
    """A network, or a rule, that the CPU engine does not take; the text says why."""


@dataclass
class Stage:
    """A convolution of width ``taps`` with ``left`` positions of padding before the first, ReLU and pool.

    ``kernel`` (taps, in, out), ``back`` (taps, out, in), ``bias`` (out); ``positions`` of its result, of
    which every ``width`` make one of the ``pooled`` positions; ``tie`` (out) is that of the pool. The
    channels that a kernel leads to are rounded up to full vectors of the processor, with zeros; those that it
    comes from are not.
    """

    kernel: np.ndarray
    back: np.ndarray
    bias: np.ndarray
    left: int
    positions: int
    relu: bool = False
    width: int = 1
    pooled: int = 0
    tie: np.ndarray | None = None

    @property
    def taps(self) -> int:
        return len(self.kernel)

    @property
    def channels(self) -> int:
        return self.kernel.shape[2]

    def changed_starts(self, starts: np.ndarray) -> np.ndarray:
        """Return the first position that a window of inputs reaches, for windows that start at ``starts``."""
        return starts + self.left - (self.taps - 1)

    def pooled_window(self, starts: np.ndarray, length: int) -> tuple[np.ndarray, int]:
        """Return the window of pooled positions that covers windows of ``length`` positions."""
        most = (length + self.width - 2) // self.width + 1
        return clipped(starts // self.width, most, self.pooled)

    def needed_window(self, starts: np.ndarray, length: int) -> tuple[np.ndarray, int]:
        """Return the window of pooled positions that reach a window of inputs."""
        return self.pooled_window(self.changed_starts(starts), length + self.taps - 1)

    def reached_inputs(self, starts: np.ndarray, length: int, inputs: int) -> tuple[np.ndarray, int]:
        """Return the window of inputs that a window of pooled positions reaches on the way back."""
        return clipped(starts * self.width - self.left, length * self.width + self.taps - 1, inputs)


def clipped(starts: np.ndarray, length: int, positions: int) -> tuple[np.ndarray, int]:
    """Return windows that lie within ``positions`` and hold all of these windows that does."""
    length = min(length, positions)
    # For the few starts that there are np.clip takes longer.
    return np.minimum(np.maximum(starts, 0), positions - length), length


@dataclass
class Dense:
    """A dense layer: ``kernel`` (in, out), ``bias`` (out), and whether a ReLU follows."""

    kernel: np.ndarray
    bias: np.ndarray
    relu: bool = False


@dataclass
class Plan:
    """Stages and head of a network for sequences of ``length`` positions."""

    length: int
    stages: list[Stage]
    head: list[Dense]

    @property
    def linear_head(self) -> bool:
        """Whether the logits are a linear function of the last stage's result."""
        return len(self.head) == 1

    @property
    def fewest(self) -> int:
        """Return how many sequences or mutants use the weights of a large dense layer together, at least."""
        return max(1, min(32, max(layer.kernel.size for layer in self.head) // _MANY_WEIGHTS))

    def columns(self, width: int, window: int | None) -> int:
        """Return how many mutants to carry at once, so that the largest array stays in the cache.

        ``window``: positions of the sequence that multipliers are needed in; None for those that the mutation
        of ``width`` positions changes.
        """
        largest = 1
        for stage in self.stages:
            width = min(stage.pooled, (width + stage.taps + stage.width - 3) // stage.width + 1)
            rows = width * stage.width if window is None else window + stage.taps - 1
            window = None if window is None else min(stage.pooled, rows // stage.width + 2)
            largest = max(largest, max(rows, width * stage.width) * stage.channels)
        # Paths share the weights of large dense layers, which are worth more columns than the cache holds.
        most, columns = (1_000_000, 160) if window is not None else (4_000_000, 640)
        return min(max(most // largest, 8, self.fewest), columns)


def plan(layers: Sequence, rule: str) -> Plan:
    """Return stages and head of simplified layers; raise NotPlanned, with the reason, when there are none."""
    rest = as_graph(layers).chain()
    if rest is None:
        raise NotPlanned("the network branches")
    length = rest[0].options["input_shape"][0]
    stages = []
    while rest and rest[0].kind == "convolution":
        stages.append(_stage(rest, rule))
    if not stages:
        raise NotPlanned("the network does not begin with a convolution")
    if rest and rest[0].kind == "flatten":
        rest.pop(0)
    elif rest and rest[0].kind == "dense" and len(rest[0].options["input_shape"]) > 1:
        raise NotPlanned(f"the dense layer {rest[0].name} takes positions")
    pooled, channels = stages[-1].pooled, stages[-1].bias.size
    head = []
    while rest and rest[0].kind == "dense":
        layer = rest.pop(0)
        head.append(Dense(*(_float32(layer.arrays[name]) for name in ("kernel", "bias"))))
        if len(head) == 1:
            units = head[0].kernel.shape[1]
            kernel = _padded(head[0].kernel.reshape(pooled, -1, units), axis=1)
            head[0].kernel = kernel.reshape(pooled * channels, units)
        if rest and rest[0].kind == "relu":
            head[-1].relu = rest.pop(0).kind == "relu"
    if rest:
        raise NotPlanned(f"the layer {rest[0].name} ({rest[0].kind}) stands where the engine knows none")
    if not head or head[-1].relu:
        raise NotPlanned("the network does not end in a dense layer")
    if not all(layer.relu for layer in head[:-1]):
        raise NotPlanned("a dense layer without ReLU lies below the last")
    return Plan(length, stages, head)


def _stage(rest: list, rule: str) -> Stage:
    """Take the layers of one stage from the front."""
    layer = rest.pop(0)
    if layer.options["stride"] != 1:
        raise NotPlanned(f"the convolution {layer.name} has a stride")
    if layer.options.get("dilation", 1) != 1 or layer.options.get("groups", 1) != 1:
        raise NotPlanned(f"the convolution {layer.name} has dilation or groups")
    kernel = _float32(layer.arrays["kernel"])
    taps, positions = len(kernel), layer.options["output_shape"][0]
    left = _left(layer, taps)
    back = _padded(kernel.transpose(0, 2, 1), axis=2)
    bias = _padded(_float32(layer.arrays["bias"]), axis=0)
    stage = Stage(_padded(kernel, axis=2), back, bias, left, positions, pooled=positions)
    stage.tie = np.zeros(stage.channels, np.float32)
    if rest and rest[0].kind == "relu":
        rest.pop(0)
        stage.relu = True
        if rule == "reveal_cancel":
            raise NotPlanned("RevealCancel above a convolution")
    if rest and rest[0].kind in ("max_pool", "global_max_pool"):
        pool = rest.pop(0)
        options = {"width": positions, "stride": positions, "padding": "valid"} | pool.options
        if options["stride"] != options["width"] or options["padding"] != "valid":
            raise NotPlanned(f"the windows of the pool {pool.name} overlap or are padded")
        stage.width = options["width"]
        stage.tie = _padded(_float32(pool.arrays["tie"]), axis=0)
        stage.pooled = positions // stage.width
    return stage


def _left(layer, taps: int) -> int:
    """Return the positions of padding before the first; two numbers may be those of the same padding."""
    padding, same = layer.options["padding"], (taps - 1) // 2
    if padding == "valid":
        return 0
    if padding != "same" and tuple(padding) != (same, taps - 1 - same):
        raise NotPlanned(f"the convolution {layer.name} has the padding {padding}")
    return same


def _padded(array: np.ndarray, axis: int) -> np.ndarray:
    """Return the array with zeros added at the end of an axis, up to a multiple of 8."""
    missing = [(0, -size % _VECTOR if number == axis else 0) for number, size in enumerate(array.shape)]
    return np.ascontiguousarray(np.pad(array, missing))


def _float32(array) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)
