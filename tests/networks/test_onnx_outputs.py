"""Which value of an ONNX network a task is: the axes of outputs, and what comes after the last activation."""

import logging

import numpy as np
import onnx
import pytest
from support.onnx_network import LENGTH, Network, by_onnxruntime, sequences

from dfim.attribution import network_of, open_scorer
from dfim.errors import InputError
from dfim.networks.given import read_own_network
from dfim.networks.outputs import Output

TRACKS, POSITIONS, PLACE = 3, 36, 7


def whole(n: Network, *numbers: int) -> str:
    return n.weight(values=np.array(numbers, np.int64))


def tracks(n: Network) -> str:
    """(batch, tracks, positions)."""
    y = n.turned("x") if n.last else "x"
    return n.add("Conv", y, n.weight(TRACKS, 4, LENGTH - POSITIONS + 1), n.weight(TRACKS))


def flat(n: Network, size: int) -> str:
    return n.add("Gemm", n.add("Flatten", "x"), n.weight(4 * LENGTH, size), n.weight(size))


def dense_of_tracks(n: Network) -> None:
    n.add("MatMul", tracks(n), n.weight(POSITIONS, POSITIONS))


def shares_of_positions(n: Network) -> None:
    """The values are the softmax's: its logarithms are the logits less a number for each track."""
    n.add("Softmax", tracks(n), axis=2)


def attention(n: Network) -> None:
    """(batch, positions, channels) by two products."""
    y = n.turned(tracks(n))
    shares = n.add("Softmax", n.add("MatMul", y, n.turned(y)), axis=-1)
    n.add("MatMul", shares, y)


# What is made, and whether its output has the positions before the tracks.
ENDS = {
    "a convolution": (tracks, False),
    "a convolution that is turned": (lambda n: n.turned(tracks(n)), True),
    "a dense layer over the positions": (dense_of_tracks, False),
    "units that become tracks": (
        lambda n: n.add("Reshape", flat(n, TRACKS * POSITIONS), whole(n, -1, TRACKS, POSITIONS)),
        False,
    ),
    "attention": (attention, True),
}
LAST = {
    "a convolution": ENDS["a convolution"],
    "a convolution that is turned": ENDS["a convolution that is turned"],
    "units that become tracks": (
        lambda n: n.add("Reshape", flat(n, TRACKS * POSITIONS), whole(n, -1, POSITIONS, TRACKS)),
        True,
    ),
}
CASES = [(False, name) for name in ENDS] + [(True, name) for name in LAST]


def read_values(network: Network, outputs: dict, axes: int, folder) -> tuple:
    """Return the tasks' values, and those of the ONNX network's output."""
    model = network.model(axes=axes)
    onnx.save(model, folder / "network.onnx")
    read = network_of(read_own_network(folder / "network.onnx", list(outputs), outputs=outputs))
    with open_scorer("deeplift", read, [0.25] * 4) as scorer:
        found = scorer.logits(sequences())
    return found, by_onnxruntime(model, sequences(), network.last).astype(np.float64)


@pytest.mark.parametrize(("last", "name"), CASES)
def test_units_and_positions_are_not_confused(last, name, tmp_path):
    network = Network(last)
    make, turned = (LAST if last else ENDS)[name]
    make(network)
    outputs = {"sum": Output(unit=1, reduction="sum"), "place": Output(None, 2, "position", PLACE)}
    found, values = read_values(network, outputs, 3, tmp_path)
    values = values if turned else values.transpose(0, 2, 1)
    expected = np.stack([values[:, :, 1].sum(axis=1), values[:, PLACE, 2]], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("last", [False, True])
def test_values_alone_have_positions_where_the_sequence_has_them(last, tmp_path):
    network = Network(last)
    y = tracks(network)
    network.add("Sin", network.turned(y) if last else y)
    found, values = read_values(network, {"place": Output(None, 2, "position", PLACE)}, 3, tmp_path)
    np.testing.assert_array_equal(found[:, 0], values[:, PLACE, 2] if last else values[:, 2, PLACE])


def test_shares_of_positions_are_explained_by_their_logits(tmp_path):
    network = Network()
    shares_of_positions(network)
    found, values = read_values(network, {"place": Output(None, 2, "position", PLACE)}, 3, tmp_path)
    logits = np.log(values[:, 2])
    np.testing.assert_allclose(found[:, 0], logits[:, PLACE] - logits.mean(axis=1), rtol=1e-4, atol=1e-5)


def joined(n: Network) -> None:
    """Sigmoids side by side, as of a head for each task."""
    n.add("Concat", *(n.add("Sigmoid", flat(n, 1)) for _ in range(2)), axis=1)


def reshaped(n: Network) -> None:
    n.add("Reshape", n.add("Sigmoid", n.add("Reshape", flat(n, 2), whole(n, -1, 2, 1))), whole(n, -1, 2))


def turned(n: Network) -> None:
    y = n.add("Sigmoid", n.add("Reshape", flat(n, 6), whole(n, -1, 2, 3)))
    n.add("Gather", n.turned(y), n.weight(values=np.array(1)), axis=1)


@pytest.mark.parametrize("make", [joined, reshaped, turned])
def test_moves_after_the_last_activation_do_not_hide_it(make, tmp_path):
    network = Network()
    make(network)
    found, p = read_values(network, {"a": Output(unit=0), "b": Output(unit=1)}, 2, tmp_path)
    np.testing.assert_allclose(found, np.log(p / (1 - p)), rtol=1e-4, atol=1e-5)


def test_of_the_logarithm_of_a_softmax_the_classes_logits_are_explained(tmp_path):
    """As of a softmax."""
    network = Network()
    network.add("LogSoftmax", flat(network, 3), axis=1)
    model = network.model()
    onnx.save(model, tmp_path / "network.onnx")
    outputs = {name: Output(unit=unit) for unit, name in enumerate("abc")}
    read = network_of(read_own_network(tmp_path / "network.onnx", list("abc"), outputs=outputs))
    values = by_onnxruntime(model, sequences(), False).astype(np.float64)
    expected = values - values.mean(axis=1, keepdims=True)
    with open_scorer("deeplift", read, [0.25] * 4) as scorer:
        found = scorer.logits(sequences())
        sums = scorer.contributions(sequences(), 1).sum(axis=(1, 2))
        np.testing.assert_allclose(sums, scorer.changes(sequences(), 1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Softmax", "a class's logit less the mean of all classes' is explained"),
        ("Sigmoid", "the value before its sigmoid is explained"),
    ],
)
def test_the_log_says_of_a_name_that_it_is_that_of_an_output(kind, words, tmp_path, caplog):
    """What PyTorch gives a tensor without a name is a bare number."""
    network = Network()
    network.add(kind, flat(network, 3))
    model = network.model()
    model.graph.node[-1].output[0] = model.graph.output[0].name = "10"
    onnx.save(model, tmp_path / "network.onnx")
    with caplog.at_level(logging.INFO, logger="dfim"):
        read_own_network(tmp_path / "network.onnx", list("abc"))
    assert f"output 10: {words}" in caplog.messages


def test_the_logarithm_of_a_softmax_inside_a_network_is_what_it_is(tmp_path):
    network = Network()
    network.add("LogSoftmax", flat(network, 3), axis=-1)
    network.add("Gemm", network.at, network.weight(3, 2), network.weight(2))
    found, values = read_values(network, {"a": Output(unit=0), "b": Output(unit=1)}, 2, tmp_path)
    np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            Output(head=5),
            "the task 'a' has the head 5, and the network's are Sin_2: give a name or a number,",
        ),
        (Output(head="y"), "the task 'a' has the head 'y', and the network's are Sin_2: give a name or a"),
        (Output(), "the task 'a': unit is None, and the numbers of the output 'Sin_2' are 0 to 1."),
        (Output(unit=2), "the task 'a': unit is 2, and the numbers of the output 'Sin_2' are 0 to 1."),
        (Output(unit=-1), "the task 'a': unit is -1, and the numbers of the output 'Sin_2' are 0 to 1."),
        (Output(unit=1, position=3), "the task 'a' needs a head, a unit and a position that single out one"),
        (Output(unit=1, reduction="sum"), "the task 'a' needs a head, a unit and a position that single out"),
    ],
)
def test_values_alone_are_of_outputs_that_there_are(output, words, tmp_path):
    network = Network()
    network.add("Sin", flat(network, 2))
    onnx.save(network.model(), tmp_path / "network.onnx")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network.onnx", ["a"], outputs={"a": output})
    assert str(error.value).startswith(f"{tmp_path / 'network.onnx'}: {words}")


@pytest.mark.parametrize("position", [POSITIONS, -1])
def test_values_alone_are_of_positions_that_there_are(position, tmp_path):
    network = Network()
    network.add("Sin", tracks(network))
    onnx.save(network.model(axes=3), tmp_path / "network.onnx")
    with pytest.raises(
        InputError, match=f"position is {position}, and the numbers of the output 'Sin_1' are 0"
    ):
        read_own_network(tmp_path / "network.onnx", ["a"], outputs={"a": Output(None, 0, None, position)})


def test_an_output_of_more_axes_is_refused_in_one_sentence(tmp_path):
    network = Network()
    network.add("Reshape", tracks(network), whole(network, -1, TRACKS, 6, 6))
    onnx.save(network.model(axes=4), tmp_path / "network.onnx")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network.onnx", ["a"], outputs={"a": Output(unit=0, reduction="sum")})
    assert str(error.value) == (
        f"{tmp_path / 'network.onnx'}: the task 'a': the output 'Reshape_1' has the shape (3, 6, 6), and "
        "units or (positions, channels) are needed: export the network with an output of fewer axes."
    )


def test_the_sequence_itself_may_be_an_output(tmp_path):
    network = Network()
    flat(network, 2)
    model = network.model()
    model.graph.output.append(model.graph.input[0])
    onnx.save(model, tmp_path / "network.onnx")
    outputs = {"a": Output(network.at, 1), "b": Output("x", 2, "position", PLACE)}
    read = read_own_network(tmp_path / "network.onnx", list(outputs), outputs=outputs)
    x = sequences()
    expected = np.stack([by_onnxruntime(network.model(), x, False)[:, 1], x[:, PLACE, 2]], axis=1)
    np.testing.assert_allclose(np.asarray(read(x)), expected, rtol=1e-4, atol=1e-5)
