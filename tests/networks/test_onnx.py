"""Networks from ONNX files: the same values and gradients as onnxruntime's; bad files get one sentence."""

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, numpy_helper
from support.onnx_network import LENGTH, Network, by_onnxruntime, sequences

import dfim
from dfim.attribution import FORWARD, network_of, open_model, open_scorer, read_network
from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.attribution.whole_dataset import logits_of_dataset
from dfim.errors import InputError
from dfim.networks import keras_files
from dfim.networks.description import describe
from dfim.networks.given import read_own_network
from dfim.networks.graph_files import save_graph
from dfim.networks.kinds.base import ops
from dfim.networks.outputs import Output
from dfim.networks.reach import receptive_fields
from dfim.networks.stored import StoredOnnx


def residual(n: Network) -> None:
    """Dilated residual blocks, squeeze-and-excitation with SiLU, GELU by erf, two dense layers."""
    x = n.add("Conv", "x", n.weight(6, 4, 5), n.weight(6), pads=[2, 2])
    for dilation in (1, 2):
        y = n.add("Conv", x, n.weight(6, 6, 3), n.weight(6), pads=[dilation] * 2, dilations=[dilation])
        x = n.add("Add", x, n.add("Relu", y))
    gate = n.add("ReduceMean", x, axes=[2], keepdims=0)
    gate = n.add("Gemm", gate, n.weight(6, 6), n.weight(6), transB=1)
    gate = n.add("Mul", gate, n.add("Sigmoid", gate))
    gate = n.add("Unsqueeze", n.add("Sigmoid", gate), n.weight(values=np.array([2])))
    x = n.add("Mul", x, gate)
    erf = n.add("Erf", n.add("Div", x, n.weight(values=np.float32(2**0.5))))
    x = n.add("Mul", x, n.add("Add", erf, n.weight(values=np.float32(1))))
    x = n.add("Mul", x, n.weight(values=np.float32(0.5)))
    x = n.add("Flatten", n.add("MaxPool", x, kernel_shape=[4], strides=[4]))
    n.add("Gemm", n.add("Elu", n.add("Gemm", x, n.weight(60, 8), n.weight(8))), n.weight(8, 2), n.weight(2))


def image(n: Network) -> None:
    """A 2-D convolution that spans the bases, as Basset's and DragoNN's files have it."""
    x = n.add("Unsqueeze", "x", n.weight(values=np.array([1])))
    x = n.add("Relu", n.add("Conv", x, n.weight(5, 1, 4, 7), n.weight(5)))
    x = n.add("MaxPool", x, kernel_shape=[1, 3], strides=[1, 3])
    x = n.add("Relu", n.add("Conv", x, n.weight(3, 5, 1, 4), n.weight(3)))
    n.add("Gemm", n.add("Flatten", x), n.weight(24, 2), n.weight(2))


def last(n: Network) -> None:
    """Channels last, turned within the network; grouped, cut, padded, joined, and of both strands."""
    x = n.add("Transpose", "x", perm=[0, 2, 1])
    turn = [n.weight(values=np.array(v)) for v in ([-1, -1], [-99, -99], [1, 2], [-1, -1])]
    turned = n.add("Slice", x, *turn)
    kernel, bias = n.weight(8, 4, 5), n.weight(8)
    both = n.add("Mean", n.add("Conv", x, kernel, bias), n.add("Conv", turned, kernel, bias))
    y = n.add("Conv", both, n.weight(8, 2, 3), n.weight(8), group=4)
    cut = n.add("Slice", both, *(n.weight(values=np.array(v)) for v in ([1], [-1], [2])))
    y = n.add("Concat", n.add("Tanh", y), cut, axis=1)
    y = n.add("AveragePool", n.add("Pad", y, n.weight(values=np.array([0, 0, 1, 0, 0, 2]))), kernel_shape=[3])
    y = n.add("Softplus", n.add("MatMul", n.add("Transpose", y, perm=[0, 2, 1]), n.weight(16, 3)))
    y = n.add("GlobalMaxPool", n.add("Transpose", y, perm=[0, 2, 1]))
    n.add("Gemm", n.add("Squeeze", y, n.weight(values=np.array([2]))), n.weight(3, 2), n.weight(2))


NETWORKS = {"residual": (residual, False), "image": (image, False), "last": (last, True)}


def saved(name: str, folder) -> tuple:
    make, channels_last = NETWORKS[name]
    network = Network(channels_last)
    make(network)
    model = network.model()
    onnx.save(model, folder / "network.onnx")
    return model, folder / "network.onnx", channels_last


@pytest.mark.parametrize("name", NETWORKS)
def test_values_and_gradients_are_those_of_onnxruntime(name, tmp_path):
    model, path, channels_last = saved(name, tmp_path)
    graph = simplify(describe(read_own_network(path)))
    network, x = WayBack(graph, None, "rescale", "float64"), sequences()
    found = np.asarray(network.logits(ops.convert_to_tensor(x.astype(np.float64))))
    np.testing.assert_allclose(found, by_onnxruntime(model, x, channels_last), rtol=1e-4, atol=1e-5)
    inner = np.random.default_rng(2).random(x.shape)
    gradients = np.asarray(network.gradients(ops.convert_to_tensor(inner), 1))
    direction, step = np.random.default_rng(3).normal(size=x.shape), 1e-3
    up, down = (by_onnxruntime(model, inner + s * step * direction, channels_last)[:, 1] for s in (1, -1))
    expected = (gradients * direction).sum(axis=(1, 2))
    assert np.median(np.abs((up - down) / (2 * step) - expected)) < 0.02 * np.abs(expected).max()


def test_functions_that_an_exporter_takes_apart_are_put_together_again(tmp_path):
    _, path, _ = saved("residual", tmp_path)
    kinds = [node.kind for node in describe(read_own_network(path))]
    assert {"silu", "gelu"} <= set(kinds)
    assert kinds.count("multiply") == 1  # that of the gate


@pytest.mark.parametrize(
    ("places", "rounding", "times", "known"),
    [
        ("asymmetric", "floor", 3, True),
        ("half_pixel", "round_prefer_floor", 2, True),
        ("half_pixel", "round_prefer_floor", 3, True),
        ("asymmetric", "ceil", 2, False),
        ("asymmetric", "floor", 1.5, False),
    ],
)
def test_upsampling_is_repetition_or_is_left_to_onnxruntime(places, rounding, times, known, tmp_path):
    network = Network()
    y = network.add("Conv", "x", network.weight(3, 4, 5), network.weight(3))
    settings = {"coordinate_transformation_mode": places, "nearest_mode": rounding, "mode": "nearest"}
    y = network.add("Resize", y, "", network.weight(values=np.array([1, 1, times], np.float32)), **settings)
    network.add("Gemm", network.add("Flatten", y), network.weight(int(36 * times) * 3, 2), network.weight(2))
    model = network.model()
    onnx.save(model, tmp_path / "n.onnx")
    read, x = read_own_network(tmp_path / "n.onnx"), sequences()
    assert isinstance(read.layers[-1], StoredOnnx) != known
    with open_scorer("deeplift", network_of(read), [0.25] * 4) as scorer:
        np.testing.assert_allclose(scorer.logits(x), by_onnxruntime(model, x, False), rtol=1e-4, atol=1e-5)


def test_a_task_is_a_unit_of_an_output_with_positions(tmp_path):
    network = Network()
    x = network.add("Conv", "x", network.weight(3, 4, 5), network.weight(3))
    onnx.save(network.model(axes=3), tmp_path / "network.onnx")
    outputs = {
        "sum": Output(unit=1, reduction="sum"),
        "max": Output(unit=0, reduction="max"),
        "place": Output(x, 2, "position", 7),
        "profile": Output(unit=1, reduction="profile"),
    }
    read = read_own_network(tmp_path / "network.onnx", list(outputs), outputs=outputs)
    z = by_onnxruntime(network.model(axes=3), sequences(), False).astype(np.float64)
    shares = np.exp(z[:, 1]) / np.exp(z[:, 1]).sum(axis=1, keepdims=True)
    profile = (shares * (z[:, 1] - z[:, 1].mean(axis=1, keepdims=True))).sum(axis=1)
    expected = np.stack([z[:, 1].sum(axis=1), z[:, 0].max(axis=1), z[:, 2, 7], profile], axis=1)
    np.testing.assert_allclose(np.asarray(read(sequences())), expected, rtol=1e-4, atol=1e-5)


def test_a_logarithm_at_the_end_is_no_activation(tmp_path):
    """As in ChromBPNet with its bias, whose counts are log(exp(one) + exp(other))."""
    network = Network()
    flat = network.add("Flatten", "x")
    ends = [network.add("Gemm", flat, network.weight(4 * LENGTH, 1), network.weight(1)) for _ in range(2)]
    network.add("Log", network.add("Add", *(network.add("Exp", end) for end in ends)))
    onnx.save(network.model(), tmp_path / "network.onnx")
    read, x = read_own_network(tmp_path / "network.onnx"), sequences()
    expected = by_onnxruntime(network.model(), x, False)
    np.testing.assert_allclose(np.asarray(read(x)), expected, rtol=1e-4, atol=1e-5)
    with open_scorer("deeplift", network_of(read), [0.25] * 4) as scorer:
        np.testing.assert_allclose(
            scorer.contributions(x, 0).sum(axis=(1, 2)), scorer.changes(x, 0), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("pads", [[0, 0], [3, 3]])
def test_a_chain_of_pytorch_is_taken_by_the_compiled_engine(pads, tmp_path):
    """Channels first, it flattens them before positions, and pads by numbers."""
    network = Network()
    positions = (LENGTH - 6 + sum(pads)) // 4
    network.add("Conv", "x", network.weight(3, 4, 7), network.weight(3), pads=pads)
    network.add("MaxPool", network.add("Relu", network.at), kernel_shape=[4], strides=[4])
    network.add(
        "Gemm", network.add("Flatten", network.at), network.weight(3 * positions, 6), network.weight(6)
    )
    network.add("Gemm", network.add("Relu", network.at), network.weight(6, 2), network.weight(2))
    onnx.save(network.model(), tmp_path / "network.onnx")
    read, x = network_of(read_own_network(tmp_path / "network.onnx")), sequences()
    found = {}
    for engine in ("cpu", "whole_sequences"):
        with open_scorer("deeplift", read, [0.3, 0.2, 0.2, 0.3], {"engine": engine}) as scorer:
            logits, found[engine] = scorer.logits(x), scorer.contributions(x, 1)
        np.testing.assert_allclose(
            logits, by_onnxruntime(network.model(), x, False), rtol=1e-4, atol=1e-5, err_msg=engine
        )
    np.testing.assert_allclose(found["cpu"], found["whole_sequences"], atol=1e-5)
    assert np.abs(found["cpu"]).max() > 1e-2


def test_a_network_without_a_rule_keeps_its_values(tmp_path):
    network = Network()
    network.add("Conv", "x", network.weight(3, 4, 5), network.weight(3))
    network.add("Gemm", network.add("Flatten", network.add("Sin", network.at)), network.weight(108, 2))
    onnx.save(network.model(), tmp_path / "network.onnx")
    keras_files.save_network(read_own_network(tmp_path / "network.onnx", ["a", "b"]), tmp_path / "kept.keras")
    kept = keras_files.load_network(tmp_path / "kept.keras")
    letters = np.frombuffer(b"ACGT", np.uint8)[sequences().argmax(axis=2)]
    expected = by_onnxruntime(network.model(), sequences(), False)
    save_graph(network_of(kept), tmp_path / "kept.npz")
    with open_scorer(FORWARD, read_network(tmp_path / "kept.npz"), [0.25] * 4) as scorer:
        np.testing.assert_allclose(logits_of_dataset(scorer, letters, 4), expected, rtol=1e-5)
        assert logits_of_dataset(scorer, letters[:0]).shape == (0, 2)
    assert receptive_fields(read_network(tmp_path / "kept.npz"))["reach"].tolist() == [np.inf]
    for path in (tmp_path / "kept.keras", tmp_path / "kept.npz"):
        with open_model(path, "b", ["a", "b"], "deeplift", [0.25] * 4) as (scorer, task):
            np.testing.assert_allclose(scorer.logits(sequences()), expected, rtol=1e-5)
            with pytest.raises(InputError) as error:
                scorer.contributions(sequences(), task)
    assert str(error.value) == (
        "the network has no contribution scores by rules, because of its node Sin_1 (Sin): there is no rule "
        "for this operator: use the method in_silico_mutagenesis, the pair test or a scan, which need the "
        "network's values alone."
    )


def test_maps_and_variants_of_a_network_without_a_rule(tmp_path):
    """By in-silico mutagenesis: the interaction of two bases, from onnxruntime's outputs alone."""
    network, path = Network(), tmp_path / "network.onnx"
    network.add("Conv", "x", network.weight(3, 4, 5), network.weight(3))
    network.add("Gemm", network.add("Flatten", network.add("Sin", network.at)), network.weight(108, 2))
    onnx.save(network.model(), path)
    x, at = sequences()[0], 12

    def interaction(base: int, other: int) -> float:
        mutant, found = x.copy(), 0.0
        mutant[at] = np.eye(4)[base]
        for sign, sequence in ((1, x), (-1, mutant)):
            without = sequence.copy()
            without[other] = 0.25
            values = by_onnxruntime(network.model(), np.stack([sequence, without]), False)[:, 1]
            found += sign * (values[0] - values[1])
        return found

    others = [place for place in range(LENGTH) if place != at]
    alternates = np.flatnonzero(x[at] == 0)
    expected = np.array([[interaction(base, other) for other in others] for base in alternates])
    assert np.abs(expected).max() > 1e-3
    asked = {"task": 1, "background": [0.25] * 4, "method": "in_silico_mutagenesis"}
    found = dfim.map(path, x[None], region=(at, at + 1), **asked).delta[0, at, others]
    largest = np.take_along_axis(expected, np.abs(expected).argmax(axis=0)[None], axis=0)[0]
    np.testing.assert_allclose(found, largest, atol=1e-5)
    alleles = {"reference": "ACGT"[x[at].argmax()], "alternate": "ACGT"[alternates[0]]}
    variant = pd.DataFrame({"sequence": [0], "position": [at], **alleles})
    scored = dfim.variants(path, x[None], variant, window=LENGTH, draws=5, **asked)
    np.testing.assert_allclose(scored["fis"], np.abs(expected[0]).max(), atol=1e-5)


def test_a_network_that_was_exported_for_one_sequence_is_computed_one_by_one(tmp_path):
    """As torch writes ``x.reshape(len(x), 3, -1)``: the number of sequences is a constant."""
    network = Network()
    network.add("Gemm", network.add("Flatten", "x"), network.weight(4 * LENGTH, 12))
    branches = network.add("Reshape", network.at, network.weight(values=np.array([1, 3, -1])))
    branches = network.add("Transpose", branches, perm=[1, 0, 2])
    branches = network.add("MatMul", branches, network.weight(3, 4, 2))
    branches = network.add("Transpose", branches, perm=[1, 0, 2])
    network.add("Reshape", branches, network.weight(values=np.array([1, 6])))
    onnx.save(network.model(), tmp_path / "network.onnx")
    read = read_own_network(tmp_path / "network.onnx")
    kernel, branch = (numpy_helper.to_array(network.weights[number]) for number in (0, 2))
    x = sequences()
    hidden = (x.transpose(0, 2, 1).reshape(len(x), -1) @ kernel).reshape(-1, 3, 4)
    expected = np.einsum("nbi,bio->nbo", hidden, branch).reshape(len(x), -1)
    with open_scorer("deeplift", network_of(read), [0.25] * 4) as scorer:
        np.testing.assert_allclose(scorer.logits(x), expected, rtol=1e-4, atol=1e-5)


def test_a_network_that_onnxruntime_does_not_compute_is_refused(tmp_path):
    network = Network()
    flat = network.add("Flatten", "x")
    network.add("MatMul", network.add("Sin", flat), network.weight(4 * LENGTH + 1, 2))
    onnx.save(network.model(), tmp_path / "network.onnx")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network.onnx")
    assert str(error.value).startswith(
        f"onnxruntime does not compute the network {tmp_path / 'network.onnx'} ("
    )
    assert str(error.value).endswith("left open (dynamic_axes or dynamic_shapes).")


def small(opset: int = 17, domain: str = "") -> onnx.ModelProto:
    network = Network()
    network.add("Flatten", "x")
    network.add("Gemm", network.at, network.weight(4 * LENGTH, 1))
    model = network.model(opset)
    model.graph.node[0].domain = domain
    return model


def outside(location: str) -> onnx.ModelProto:
    model = small()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no network: it is damaged, or no ONNX file; export it again."),
        (b"<html>not found</html>", "could not be read as an ONNX file"),
        (small().SerializeToString()[:300], "could not be read as an ONNX file"),
        (small(opset=11).SerializeToString(), "has the opset 11, and 13 or later is needed"),
        (
            small(domain="com.evil").SerializeToString(),
            "is of the domain 'com.evil', whose code is never run",
        ),
        (outside("../weights.bin").SerializeToString(), "in '../weights.bin', outside its folder"),
        (outside("/etc/passwd").SerializeToString(), "in '/etc/passwd', outside its folder"),
        (outside("weights.bin").SerializeToString(), "in 'weights.bin', which is not there"),
    ],
)
def test_bad_files_get_one_sentence(content, words, tmp_path):
    (tmp_path / "network.onnx").write_bytes(content)
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network.onnx")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("of_weights", [False, True])
def test_more_than_2_gb_are_refused_before_they_are_read(of_weights, tmp_path):
    network = tmp_path / "network.onnx"
    network.write_bytes(outside("weights.bin").SerializeToString())
    # Sparse: takes no room on the disk.
    with open(tmp_path / "weights.bin" if of_weights else network, "ab") as handle:
        handle.truncate(2_200_000_000)
    with pytest.raises(InputError) as error:
        read_own_network(network)
    assert str(error.value) == (
        f"{network} has 2.2 GB with its weights, and 2.1 GB are the most that is read: export the network "
        "without the parts that its output does not need."
    )


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (
            ["batch", 5, 200],
            "no input of the network has an axis of four bases (x (None, 5, 200)), and (batch, ",
        ),
        (
            ["batch", 1, 4, 200],
            "the input x has the shape (None, 1, 4, 200), and (batch, 4, length) or (batch, ",
        ),
    ],
)
def test_an_input_that_is_no_one_hot_sequence_is_refused_with_a_way_out(shape, found, tmp_path):
    entries = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in "xy"]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])], "g", entries[:1], entries[1:]
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "network.onnx")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network.onnx")
    assert str(error.value).startswith(f"{tmp_path / 'network.onnx'}: {found}")
    assert str(error.value).endswith("export a module that makes of these what the network takes.")
