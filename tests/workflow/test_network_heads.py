"""What files of networks and of sequences tell without being read whole."""

import json

import numpy as np
import pytest
from support.run_folder import ROOT

from dfim.networks.backend import keras
from workflow.network_heads import Head, network_head, sequences_length


def network(length, units, functional=False):
    """Return a network, one head a number of units."""
    x = keras.Input((length, 4))
    flat = keras.layers.Flatten()(keras.layers.Conv1D(2, 3)(x))
    if functional:
        return keras.Model(x, [keras.layers.Dense(number)(flat) for number in units])
    return keras.Sequential([x, keras.layers.Flatten(), *(keras.layers.Dense(number) for number in units)])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_keras_files(tmp_path, suffix):
    network(30, [5, 3]).save(tmp_path / f"chain{suffix}")
    network(40, [2, 1], functional=True).save(tmp_path / f"heads{suffix}")
    assert network_head(tmp_path / f"chain{suffix}") == Head(30, 3)
    assert network_head(tmp_path / f"heads{suffix}") == Head(40, 3)


def test_an_architecture_of_its_own(tmp_path):
    (tmp_path / "a.json").write_text(network(30, [3]).to_json())
    assert network_head(tmp_path / "a.json") == Head(30, 3)


@pytest.mark.parametrize(
    ("shape", "length"),
    [(("n", 4, 50), 50), (("n", 50, 4), 50), (("n", 1, 4, 50), 50), (("n", 4, "l"), None)],
)
def test_onnx_files(tmp_path, shape, length):
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = onnx.numpy_helper.from_array(np.ones((200, 2), np.float32), "w")
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Gemm", ["f", "w"], ["y"])]
    x = helper.make_tensor_value_info("x", kind, shape)
    y = helper.make_tensor_value_info("y", kind, ("n", 2))
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [x], [y], [weights])), tmp_path / "n.onnx")
    assert network_head(tmp_path / "n.onnx") == Head(length, 2)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"[1]", b"\x08\x07\x12"])
@pytest.mark.parametrize("name", ["n.keras", "n.onnx"])
def test_what_is_damaged_is_left_to_its_reader(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    assert network_head(tmp_path / name) == Head()


def test_lengths_of_sequences(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 4, 30)))
    np.save(tmp_path / "b.npy", np.zeros((2, 1, 4, 30)))
    assert sequences_length(tmp_path / "a.npy") == sequences_length(tmp_path / "b.npy") == 30
    assert sequences_length(ROOT / "resources/own/sequences.fa") == 200
    (tmp_path / "c.json").write_text(json.dumps({}))
    assert sequences_length(tmp_path / "c.json") is None
    assert sequences_length(None) is None
