"""Products of two tensors, branches and axes of the examples anywhere, as exporters of PyTorch write them."""

import numpy as np
import onnx
import pytest
import tensorflow as tf
from onnx import numpy_helper
from support.onnx_network import LENGTH, REFERENCE, Network, check_scores, sequences

from dfim.attribution import network_of
from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.networks.given import read_own_network
from dfim.networks.onnx_values import OnnxValues
from dfim.networks.reach import reach_of

HEADS, CHANNELS = 3, 4  # of each head


def whole(n: Network, *numbers: int) -> str:
    return n.weight(values=np.array(numbers))


def pooled(n: Network, filters: int) -> str:
    """A convolution and averages of its positions: (batch, filters, 9)."""
    y = n.add("Tanh", n.add("Conv", "x", n.weight(filters, 4, 5), n.weight(filters)))
    return n.add("AveragePool", y, kernel_shape=[4], strides=[4])


def ending(n: Network, y: str) -> None:
    """Two units from (batch, positions, channels)."""
    y = n.add("ReduceMean", y, axes=[1], keepdims=0)
    n.add("Gemm", y, n.weight(HEADS * CHANNELS, 2), n.weight(2))


def dense(n: Network, x: str, before: int, after: int) -> str:
    return n.add("Add", n.add("MatMul", x, n.weight(before, after)), n.weight(after))


def one_head(n: Network) -> None:
    """Self-attention in a residual block; the keys are turned before their product."""
    size = HEADS * CHANNELS
    x = n.add("Transpose", pooled(n, size), perm=[0, 2, 1])
    queries, keys, values = (dense(n, x, size, size) for _ in range(3))
    scores = n.add("MatMul", queries, n.add("Transpose", keys, perm=[0, 2, 1]))
    shares = n.add("Softmax", n.add("Div", scores, n.weight(values=np.float32(3))), axis=-1)
    ending(n, n.add("Add", x, n.add("MatMul", shares, values)))


def several_heads(n: Network, examples: str = "written") -> None:
    """As torch's MultiheadAttention: (positions, batch, channels), the heads in one axis with the examples.

    ``examples``: how their number stands in the file: ``asked`` of the input, ``left`` over or ``written``.
    """
    size = HEADS * CHANNELS
    x = n.add("Transpose", pooled(n, size), perm=[2, 0, 1])
    x = n.add("LayerNormalization", x, n.weight(size), n.weight(size), axis=-1, epsilon=0.5)
    three = n.add("Reshape", dense(n, x, size, 3 * size), whole(n, 9, -1, 3, size))
    three = n.add("Transpose", n.add("Unsqueeze", three, whole(n, 0)), perm=[3, 1, 2, 0, 4])
    three = n.add("Squeeze", three, whole(n, 3))
    shapes = {"left": (9, -1, CHANNELS), "written": (9, HEADS, CHANNELS)}
    if examples == "asked":
        number = n.add("Slice", n.add("Shape", "x"), whole(n, 0), whole(n, 1))
        merged = n.add("Mul", number, whole(n, HEADS))
        shape = n.add("Concat", whole(n, 9), merged, whole(n, CHANNELS), axis=0)
    else:
        shape = whole(n, *shapes[examples])
    parts = []
    for number in range(3):
        part = n.add("Gather", three, n.weight(values=np.array(number)), axis=0)
        parts.append(n.add("Transpose", n.add("Reshape", part, shape), perm=[1, 0, 2]))
    scores = n.add("MatMul", parts[0], n.add("Transpose", parts[1], perm=[0, 2, 1]))
    mixed = n.add("MatMul", n.add("Softmax", scores, axis=-1), parts[2])
    mixed = n.add("Transpose", mixed, perm=[1, 0, 2])
    flat = n.add("Reshape", mixed, whole(n, -1, size))
    out = n.add("Gemm", flat, n.weight(size, size), n.weight(size), transB=1)
    out = n.add("Reshape", out, whole(n, 9, -1, size) if examples != "written" else whole(n, 9, 1, size))
    ending(n, n.add("Transpose", n.add("Add", x, out), perm=[1, 0, 2]))


def masked(n: Network) -> None:
    """By Einsum and a mask; three parts of one product, a first position of its own and a table of places."""
    size = HEADS * CHANNELS
    x = n.add("Transpose", pooled(n, size), perm=[0, 2, 1])
    number = n.add("Slice", n.add("Shape", x), whole(n, 0), whole(n, 1))
    shape = n.add("Concat", number, whole(n, 1, size), axis=0)
    x = n.add("Concat", n.add("Expand", n.weight(1, 1, size), shape), x, axis=1)
    x = n.add("Add", x, n.weight(10, size))
    parts = []
    n.nodes.append(
        onnx.helper.make_node("Split", [dense(n, x, size, 3 * size)], ["q", "k", "v"], "split", axis=2)
    )
    for name in ("q", "k", "v"):
        part = n.add("Reshape", name, whole(n, 0, 0, HEADS, CHANNELS))
        parts.append(n.add("Transpose", part, perm=[0, 2, 1, 3]))
    scores = n.add("Einsum", parts[0], parts[1], equation="bhic,bhjc->bhij")
    mask = np.triu(np.full((10, 10), -np.inf, np.float32), 1)
    shares = n.add("Softmax", n.add("Add", scores, n.weight(values=mask)), axis=3)
    nothing = n.add("IsNaN", shares)
    shares = n.add("Where", nothing, n.weight(values=np.float32(0)), shares)
    mixed = n.add("Transpose", n.add("MatMul", shares, parts[2]), perm=[0, 2, 1, 3])
    ending(n, n.add("Reshape", mixed, n.add("Concat", number, whole(n, 10, size), axis=0)))


def branches(n: Network) -> None:
    """As Malinois: the units repeated for each of three branches, which have weights of their own."""
    units = n.add("Elu", n.add("Gemm", n.add("Flatten", pooled(n, 2)), n.weight(18, 5), n.weight(5)))
    x = n.add("Tile", n.add("Expand", units, whole(n, 1, 1)), whole(n, 1, 3))
    x = n.add("Transpose", n.add("Reshape", x, whole(n, -1, 3, 5)), perm=[1, 0, 2])
    x = n.add("Relu", n.add("Add", n.add("MatMul", x, n.weight(3, 5, 4)), n.weight(3, 1, 4)))
    x = n.add("Add", n.add("MatMul", x, n.weight(3, 4, 1)), n.weight(3, 1, 1))
    n.add("Squeeze", n.add("Transpose", x, perm=[1, 0, 2]), whole(n, 2))


def expanded(n: Network) -> None:
    """The same by Expand, a product with a table, and the mean of each branch's values."""
    units = n.add("Gemm", n.add("Flatten", pooled(n, 2)), n.weight(18, 5), n.weight(5))
    x = n.add("Expand", n.add("Unsqueeze", units, whole(n, 1)), whole(n, 1, 3, 1))
    x = n.add("Einsum", n.weight(3, 5, 4), x, equation="boi,nbo->nbi")
    n.add("ReduceMean", n.add("Softplus", x), axes=[2], keepdims=0)


def among_channels(n: Network) -> None:
    """Shares of positions and of channels, their product, channels with channels, and reversed channels."""
    x = pooled(n, 4)
    product = n.add("MatMul", n.add("Softmax", x, axis=2), n.add("Transpose", x, perm=[0, 2, 1]))
    y = n.add("MatMul", product, n.add("Softmax", x, axis=1))
    y = n.add("Sub", y, n.add("Gather", x, whole(n, 3, 2, 1, 0), axis=1))
    n.add("Gemm", n.add("Flatten", n.add("MatMul", n.weight(3, 4), y)), n.weight(27, 2), n.weight(2))


def steps(
    n: Network, kind: str, gates: int, x: str, inputs: int, direction: str = "forward", after: int = 1
) -> list[str]:
    """A recurrent layer of four units over (positions, batch, channels), from a start that is not zero.

    ``after``: whether a GRU's reset gate comes after the product.
    """
    ways, units = 1 + (direction == "bidirectional"), 4
    weights = [n.weight(ways, gates * units, size) for size in (inputs, units)]
    names = [*weights, n.weight(ways, 2 * gates * units), "", n.weight(ways, 1, units)]
    options = {"linear_before_reset": after} if kind == "GRU" else {}
    names += [n.weight(ways, 1, units)] if kind == "LSTM" else []
    found = [f"{kind}_{len(n.nodes)}_{end}" for end in ("every", "last")]
    options |= {"hidden_size": units, "direction": direction, "name": found[0]}
    n.nodes.append(onnx.helper.make_node(kind, [x, *names], found, **options))
    return found


def both_ways(n: Network) -> None:
    """Two LSTM layers on and back, and the mean of what is there after every step."""
    x = n.add("Transpose", pooled(n, 3), perm=[2, 0, 1])
    for inputs in (3, 8):
        x = n.add("Transpose", steps(n, "LSTM", 4, x, inputs, "bidirectional")[0], perm=[0, 2, 1, 3])
        x = n.add("Reshape", x, whole(n, 0, 0, -1))
    n.add("Gemm", n.add("ReduceMean", x, axes=[0], keepdims=0), n.weight(8, 2), n.weight(2))


def last_steps(n: Network, after: int = 1) -> None:
    """A GRU from the end to the start, another on and back, of which the last steps alone are taken."""
    x = n.add("Transpose", pooled(n, 3), perm=[2, 0, 1])
    x = n.add("Squeeze", steps(n, "GRU", 3, x, 3, "reverse", after)[0], whole(n, 1))
    last = n.add("Transpose", steps(n, "GRU", 3, x, 4, "bidirectional", after)[1], perm=[1, 0, 2])
    n.add("Gemm", n.add("Flatten", last), n.weight(8, 2), n.weight(2))


def pools_by_attention(n: Network) -> None:
    """As Enformer has them: of three positions each shares, by a convolution of one place, and a sum."""
    x = n.add("Reshape", pooled(n, 4), whole(n, 0, 4, 3, 3))
    shares = n.add("Softmax", n.add("Conv", x, n.weight(4, 4, 1, 1), n.weight(4)), axis=-1)
    x = n.add("ReduceSum", n.add("Mul", x, shares), whole(n, -1), keepdims=0)
    n.add("Gemm", n.add("Flatten", x), n.weight(12, 2), n.weight(2))


NETWORKS = {
    "pools by attention": pools_by_attention,
    "two layers of LSTM, on and back": both_ways,
    "last steps of GRU": last_steps,
    "last steps of GRU, reset before the product": lambda n: last_steps(n, after=0),
    "one head": one_head,
    "several heads, the examples asked": lambda n: several_heads(n, "asked"),
    "several heads, the examples left over": lambda n: several_heads(n, "left"),
    "several heads of one example": lambda n: several_heads(n, "written"),
    "masked heads by Einsum": masked,
    "branches": branches,
    "branches by Expand": expanded,
    "among channels": among_channels,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_values_derivatives_and_sums_of_contributions(name, tmp_path):
    network = Network()
    NETWORKS[name](network)
    check_scores(network.model(), tmp_path / "network.onnx")


def test_both_factors_share_a_product_by_half_of_both_orders(tmp_path):
    """Of two numbers that are linear in the sequence the contributions can be written down."""
    n = Network()
    rows = n.add("MatMul", "x", n.weight(LENGTH, 1))
    columns = n.add("Transpose", n.add("MatMul", "x", n.weight(LENGTH, 1)), perm=[0, 2, 1])
    n.add("Flatten", n.add("MatMul", columns, rows))
    onnx.save(n.model(), tmp_path / "network.onnx")
    graph = simplify(network_of(read_own_network(tmp_path / "network.onnx")))
    x = sequences().astype(float)
    found = WayBack(graph, REFERENCE, "rescale", "float64").contributions(tf.constant(x), 0)
    change = x - REFERENCE
    first, second = (numpy_helper.to_array(each).astype(float)[:, 0] for each in n.weights)
    expected = 0
    for own, other in ((first, second), (second, first)):
        half = (np.einsum("npc,p->nc", x, other) + np.einsum("pc,p->c", REFERENCE, other)) / 2
        expected = expected + half[:, None] * own[:, None] * change
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_masked_position_has_no_share_in_what_comes_before_it(tmp_path):
    """Scores of −∞ give neither contributions nor anything that is no number."""
    network = Network()
    masked(network)
    del network.nodes[-2:]  # in place of the mean, the values of the fourth position
    network.add("Gather", network.nodes[-1].output[0], network.weight(values=np.array(3)), axis=1)
    onnx.save(network.model(), tmp_path / "network.onnx")
    graph = simplify(network_of(read_own_network(tmp_path / "network.onnx")))
    x = tf.constant(sequences().astype(float))
    for reference in (None, REFERENCE):
        found = np.abs(WayBack(graph, reference, "rescale", "float64").multipliers(x, 1)).max(axis=(0, 2))
        # The first position is none of the sequence's; the third of its own sees 4 + 4 + 4 + 4 bases.
        assert (found[:16] > 1e-9).all()
        assert found[16:].max() == 0


@pytest.mark.parametrize("name", ["one head", "several heads of one example", "last steps of GRU"])
def test_attention_and_steps_see_everything(name, tmp_path):
    network = Network()
    NETWORKS[name](network)
    onnx.save(network.model(), tmp_path / "network.onnx")
    assert reach_of(network_of(read_own_network(tmp_path / "network.onnx"))) == np.inf


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("clip", 0.5, "it has limits, functions with options, or another layout"),
        ("activations", ["Sigmoid", "Relu"], "it has other functions than sigmoid and tanh"),
    ],
)
def test_other_recurrent_layers_are_left_to_onnxruntime(option, value, reason, tmp_path):
    network = Network()
    x = network.add("Transpose", "x", perm=[2, 0, 1])
    last = steps(network, "GRU", 3, x, 4)[1]
    network.nodes[-1].attribute.append(onnx.helper.make_attribute(option, value))
    network.add("Squeeze", last, whole(network, 0))
    onnx.save(network.model(), tmp_path / "network.onnx")
    read = network_of(read_own_network(tmp_path / "network.onnx"))
    assert isinstance(read, OnnxValues)
    assert read.reason == f"GRU_1_every (GRU): {reason}"


def test_what_mixes_the_examples_is_left_to_onnxruntime(tmp_path):
    network = Network()
    y = network.add("Gemm", network.add("Flatten", "x"), network.weight(4 * LENGTH, 3), network.weight(3))
    y = network.add("MatMul", y, network.add("Transpose", y, perm=[1, 0]))
    network.add("MatMul", y, network.add("Gemm", network.add("Flatten", "x"), network.weight(160, 2)))
    onnx.save(network.model(), tmp_path / "network.onnx")
    read = network_of(read_own_network(tmp_path / "network.onnx"))
    assert isinstance(read, OnnxValues)
    assert (
        read.reason
        == f"{network.nodes[3].name} (MatMul): its inputs have the axis of the examples in different places"
    )
