"""Attributes of ONNX operators: what is taken is what onnxruntime computes; the rest is left to it."""

import numpy as np
import onnx
import pytest
import tensorflow as tf
from onnx import TensorProto, helper
from support.onnx_network import LENGTH, REFERENCE, Network, check_scores, sequences

from dfim.attribution import network_of, open_scorer
from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.errors import InputError
from dfim.networks.given import read_own_network
from dfim.networks.onnx_values import OnnxValues

FILTERS, POSITIONS = 6, 36


def number(n: Network, value: float) -> str:
    return n.weight(values=np.float32(value))


def whole(n: Network, *numbers: int) -> str:
    return n.weight(values=np.array(numbers, np.int64))


def hidden(n: Network) -> str:
    """Values of both signs, (batch, filters, positions)."""
    return n.add("Tanh", n.add("Conv", "x", n.weight(FILTERS, 4, 5), n.weight(FILTERS)))


def ending(n: Network, y: str, size: int = FILTERS * POSITIONS) -> None:
    n.add("Gemm", n.add("Flatten", y), n.weight(size, 2), n.weight(2))


def gemm(n: Network, **options) -> None:
    n.add("Gemm", n.add("Flatten", hidden(n)), n.weight(FILTERS * POSITIONS, 2), n.weight(2), **options)


def clip(n: Network, low, high) -> None:
    limits = ("" if limit is None else number(n, limit) for limit in (low, high))
    ending(n, n.add("Clip", hidden(n), *limits))


def of_constant(n: Network, kind: str, first: bool = False) -> None:
    """A merge with a constant for each channel."""
    y, constant = n.add("Exp", hidden(n)), n.add("Exp", n.weight(FILTERS, 1))
    ending(n, n.add(kind, *((constant, y) if first else (y, constant))))


def of_three(n: Network, kind: str) -> None:
    y = hidden(n)
    ending(n, n.add(kind, y, n.weight(FILTERS, 1), n.add("Softplus", y)))


def branch(n: Network, condition: str, taken: str) -> str:
    """An If whose branches take a tensor from outside of them."""
    graphs = [
        helper.make_graph(
            [helper.make_node(kind, [taken], [kind])],
            kind,
            [],
            [helper.make_tensor_value_info(kind, TensorProto.FLOAT, None)],
        )
        for kind in ("Softplus", "Exp")
    ]
    return n.add("If", condition, then_branch=graphs[0], else_branch=graphs[1])


def asked(n: Network) -> None:
    """As torch writes a squeeze of an axis that may be of one: the shape decides."""
    y = hidden(n)
    size = n.add("Gather", n.add("Shape", y), n.weight(values=np.array(2)))
    ending(n, branch(n, n.add("Equal", size, n.weight(values=np.array(1))), y))


def joined(n: Network, outer: bool) -> None:
    """Values times a sigmoid of them, at other places."""
    y = n.add("Conv", "x", n.weight(FILTERS, 4, 5 if outer else LENGTH - FILTERS + 1))
    if outer:
        y = n.add("ReduceMean", y, axes=[2], keepdims=0)
        gate = n.add("Sigmoid", n.add("Unsqueeze", y, whole(n, 2)))
        ending(n, n.add("Mul", n.add("Unsqueeze", y, whole(n, 1)), gate), FILTERS**2)
    else:
        ending(n, n.add("Mul", y, n.add("Sigmoid", n.add("Transpose", y, perm=[0, 2, 1]))), FILTERS**2)


def erf_of_channels(n: Network) -> None:
    """Nearly GELU: the shares of erf and 1 differ among the channels."""
    y = n.add("Conv", "x", n.weight(FILTERS, 4, 5))
    shares = [n.weight(values=np.array([[1.0], [s]] * 3, np.float32)) for s in (0.3, 0.1)]
    erf = n.add("Mul", n.add("Erf", n.add("Mul", y, number(n, 2**-0.5))), shares[0])
    ending(n, n.add("Mul", y, n.add("Add", erf, shares[1])))


def largest(n: Network, axes: list[int]) -> None:
    """The largest of channels, whose values for the reference differ."""
    y = n.add("ReduceMax", hidden(n), axes=axes)
    ending(n, y, POSITIONS if axes == [1] else 1)


def chosen(n: Network) -> None:
    """A mask that takes everything, and a constant that makes it larger."""
    y = n.add("ReduceMean", hidden(n), axes=[2])
    ending(n, n.add("Where", n.weight(values=np.array(True)), y, n.weight(FILTERS, POSITIONS)))


def without_axes(n: Network) -> None:
    ending(n, n.add("ReduceSum", hidden(n), noop_with_empty_axes=1))


def flat_to_the_end(n: Network) -> None:
    y = n.add("Tanh", n.add("Flatten", hidden(n), axis=3))
    n.add("Gemm", n.add("Reshape", y, whole(n, -1, 216)), n.weight(216, 2))


def sliced(n: Network, start: int, stop: int, step: int, size: int) -> None:
    ending(n, n.add("Slice", hidden(n), *(whole(n, each) for each in (start, stop, 2, step))), size)


TAKEN = {
    "factors of a product": lambda n: gemm(n, alpha=2.0, beta=0.5),
    "no bias by its factor": lambda n: gemm(n, beta=0.0),
    "a minimum": lambda n: clip(n, -0.2, None),
    "a minimum of 0": lambda n: clip(n, 0, None),
    "a maximum": lambda n: clip(n, None, 0.1),
    "two limits": lambda n: clip(n, -0.2, 0.1),
    "far limits": lambda n: clip(n, -1e4, 1e4),
    "no limits": lambda n: clip(n, None, None),
    "the larger of a constant": lambda n: of_constant(n, "Max"),
    "the smaller of a constant": lambda n: of_constant(n, "Min"),
    "the mean with a constant": lambda n: of_constant(n, "Mean"),
    "a constant over values": lambda n: of_constant(n, "Div", first=True),
    "the largest, a constant among them": lambda n: of_three(n, "Max"),
    "a sum, a constant among it": lambda n: of_three(n, "Sum"),
    "an exponent in a list": lambda n: ending(
        n, n.add("Pow", hidden(n), n.weight(values=np.array([2], np.float32)))
    ),
    "a branch by the shape": asked,
    "a branch by a constant": lambda n: ending(n, branch(n, n.weight(values=np.array(True)), hidden(n))),
    "a branch of constants": lambda n: ending(
        n, n.add("Mul", hidden(n), branch(n, n.weight(values=np.array(False)), n.weight(FILTERS, 1)))
    ),
    "a product with its own gate, turned": lambda n: joined(n, outer=False),
    "a product with its own gate, crosswise": lambda n: joined(n, outer=True),
    "nearly GELU": erf_of_channels,
    "the largest channel": lambda n: largest(n, [1]),
    "the largest channel at any position": lambda n: largest(n, [1, 2]),
    "a mask of everything": chosen,
    "a sum over nothing": without_axes,
    "every third position, backwards": lambda n: sliced(n, 30, 2, -3, 60),
    "positions from the end, backwards": lambda n: sliced(n, -1, -99, -2, 108),
    "flat up to the end": flat_to_the_end,
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_is_what_onnxruntime_computes(name, tmp_path):
    network = Network()
    TAKEN[name](network)
    check_scores(network.model(), tmp_path / "network.onnx")


def in_training(n: Network) -> None:
    """Batch normalisation that takes mean and variance of the sequences at hand."""
    weights = [n.weight(FILTERS) for _ in range(3)]
    y = n.add("Conv", "x", n.weight(FILTERS, 4, 5))
    variance = n.weight(values=np.ones(FILTERS, np.float32))
    y = n.add("BatchNormalization", y, *weights, variance, training_mode=1)
    n.nodes[-1].output.extend(["mean", "variance"])
    ending(n, y)


def rounded(n: Network, to: int) -> None:
    ending(n, n.add("Cast", n.add("Cast", hidden(n), to=to), to=TensorProto.FLOAT))


def repeated(n: Network) -> None:
    """A loop over constants that takes another from outside of it."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["sum", "w0"], ["more"])],
        "body",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, None),
        ],
    )
    _, start = n.weight(FILTERS, 1), n.weight(FILTERS, 1)
    times, go = n.weight(values=np.array(3)), n.weight(values=np.array(True))
    ending(n, n.add("Mul", hidden(n), n.add("Loop", times, go, start, body=body)))


def contracted(n: Network) -> None:
    y = n.add("Einsum", hidden(n), n.weight(FILTERS, 2), equation="bcl,cd")
    ending(n, y, 2 * POSITIONS)


LEFT = {
    "BatchNormalization": (
        in_training,
        "it normalises by the sequences at hand, as while a network is trained (in PyTorch, call .eval() "
        "before the export)",
    ),
    "Loop": (
        repeated,
        "its value could not be computed (RuntimeError: Unable to find input 'w0' in known results",
    ),
    "Cast": (lambda n: rounded(n, TensorProto.INT64), "it rounds its values"),
    "Clip": (lambda n: clip(n, 0.2, 0.1), "its minimum is above its maximum"),
    "Einsum": (contracted, "its equation is bcl,cd"),
    "MatMul": (
        lambda n: ending(n, n.add("MatMul", n.weight(FILTERS), hidden(n)), POSITIONS),
        "one of its matrices has one axis",
    ),
    "Pow": (
        lambda n: ending(n, n.add("Pow", hidden(n), n.weight(values=np.full(POSITIONS, 2, np.float32)))),
        "its exponent is not one number",
    ),
}


def test_a_dense_layer_and_its_bias_are_one_however_they_are_written(tmp_path):
    """RevealCancel, the default on units, holds right after a dense layer; some write the bias apart."""
    found = []
    for apart in (False, True):
        n = Network()
        y = n.add("Flatten", hidden(n))
        kernel, bias = n.weight(FILTERS * POSITIONS, 8), n.weight(8)
        y = n.add("Add", n.add("MatMul", y, kernel), bias) if apart else n.add("Gemm", y, kernel, bias)
        n.add("Gemm", n.add("Relu", y), n.weight(8, 2), n.weight(2))
        onnx.save(n.model(), tmp_path / "network.onnx")
        graph = simplify(network_of(read_own_network(tmp_path / "network.onnx")))
        back = WayBack(graph, REFERENCE, "genomics_default", "float64")
        found.append(np.asarray(back.contributions(tf.constant(sequences().astype(float)), 1)))
        rescale = WayBack(graph, REFERENCE, "rescale", "float64")
        other = np.asarray(rescale.contributions(tf.constant(sequences().astype(float)), 1))
    np.testing.assert_allclose(*found, rtol=1e-6, atol=1e-9)
    assert np.abs(other - found[0]).max() > 0.01 * np.abs(other).max()


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_not_taken_is_left_to_onnxruntime_and_said(kind, tmp_path):
    network, (make, reason) = Network(), LEFT[kind]
    make(network)
    onnx.save(network.model(), tmp_path / "network.onnx")
    read = network_of(read_own_network(tmp_path / "network.onnx"))
    assert isinstance(read, OnnxValues)
    name = next(node.name for node in network.nodes if node.op_type == kind)
    assert read.reason.startswith(f"{name} ({kind}): {reason}")
    assert "\n" not in read.reason


@pytest.mark.parametrize("inside", [False, True])
def test_a_random_network_is_refused(inside, tmp_path):
    """Its values alone would be those of the noise."""
    network = Network()
    y = network.add("Sin", hidden(network))
    if inside:
        y = branch(network, network.add("Cast", network.add("ReduceMax", y, keepdims=0), to=9), y)
        network.nodes[-1].attribute[0].g.node[0].op_type = "Bernoulli"
        network.nodes[-1].attribute[0].g.node[0].name = "odd"
    else:
        y = network.add("Mul", y, network.add("RandomUniform", shape=[FILTERS, POSITIONS]))
    ending(network, y)
    onnx.save(network.model(), tmp_path / "network.onnx")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network.onnx")
    node = "odd (Bernoulli)" if inside else "RandomUniform_3 (RandomUniform)"
    assert str(error.value) == (
        f"{tmp_path / 'network.onnx'}: the node {node} draws random numbers, as while a network is trained: "
        "export the network for evaluation (model.eval())."
    )


def further(n: Network, kind: int, shape: list) -> onnx.ModelProto:
    """A network with a further input, by which its values are multiplied."""
    given = n.add("Cast", "more", to=TensorProto.FLOAT)
    ending(n, n.add("Mul", hidden(n), n.add("Reshape", given, whole(n, -1, 1, 1))))
    model = n.model()
    model.graph.input.append(helper.make_tensor_value_info("more", kind, shape))
    return model


def test_one_number_for_all_sequences_is_refused(tmp_path):
    onnx.save(further(Network(), TensorProto.FLOAT, []), tmp_path / "network.onnx")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network.onnx")
    assert str(error.value) == (
        f"{tmp_path / 'network.onnx'}: the input more is one number for all sequences: export the network "
        "with a constant in its place."
    )


@pytest.mark.parametrize("kind", [TensorProto.DOUBLE, TensorProto.INT64, TensorProto.UINT8])
def test_inputs_of_other_types_are_given_as_these(kind, tmp_path):
    """The network of whole numbers is that of the same ones in 32 bits."""
    models = []
    for each in (kind, TensorProto.FLOAT):
        network = Network()
        models.append(further(network, each, ["batch", 1]))
        network.input.type.tensor_type.elem_type = each
        models[-1].graph.input[0].type.tensor_type.elem_type = each
        for node in models[-1].graph.node:
            node.input[:] = ["given" if name == "x" else name for name in node.input]
        cast = helper.make_node("Cast", ["x"], ["given"], "first", to=TensorProto.FLOAT)
        models[-1].graph.node.insert(0, cast)
    found = []
    for number, model in enumerate(models):
        onnx.save(model, tmp_path / f"{number}.onnx")
        read = read_own_network(tmp_path / f"{number}.onnx", constants={"more": 2})
        found.append(np.asarray(read(sequences())))
    np.testing.assert_array_equal(*found)
    assert np.ptp(found[0]) > 0.1


def test_shares_are_not_cut_off_to_whole_numbers(tmp_path):
    """Of a network of which only values are known: one whose steps have rules is computed in 32 bits."""
    network = Network()
    network.input.type.tensor_type.elem_type = TensorProto.INT64
    network.add("Sin", network.add("Conv", network.add("Cast", "x", to=1), network.weight(FILTERS, 4, 5)))
    network.add("Gemm", network.add("Flatten", network.at), network.weight(FILTERS * POSITIONS, 2))
    onnx.save(network.model(), tmp_path / "network.onnx")
    read = network_of(read_own_network(tmp_path / "network.onnx"))
    assert isinstance(read, OnnxValues)
    with open_scorer("in_silico_mutagenesis", read, [0.25] * 4) as scorer:
        assert np.ptp(scorer.logits(sequences())) > 0.1
        with pytest.raises(InputError) as error:
            scorer.contributions(sequences(), 1)
    assert str(error.value) == (
        "the network's input x takes whole numbers, and is given shares, as of the bases where one is "
        "removed or is an N: export the network with an input of 32 bits (float)."
    )
