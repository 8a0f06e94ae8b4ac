"""ONNX networks written node by node, and their values by onnxruntime."""

import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper, numpy_helper

from dfim.attribution import network_of
from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.networks.given import read_own_network
from dfim.networks.onnx_files import Session

LENGTH = 40
REFERENCE = np.full((LENGTH, 4), 0.25)


class Network:
    """An ONNX network that grows node by node; the input is (batch, 4, length)."""

    def __init__(self, last: bool = False):
        self.rng = np.random.default_rng(5)
        self.nodes, self.weights, self.at, self.last = [], [], "x", last
        shape = ["batch", LENGTH, 4] if last else ["batch", 4, LENGTH]
        self.input = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)

    def weight(self, *shape: int, values=None) -> str:
        array = self.rng.normal(0, 0.4, shape).astype(np.float32) if values is None else np.asarray(values)
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes) -> str:
        self.at = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [self.at], name=self.at, **attributes))
        return self.at

    def turned(self, x: str) -> str:
        return self.add("Transpose", x, perm=[0, 2, 1])

    def model(self, opset: int = 17, axes: int = 2) -> onnx.ModelProto:
        shape = ["batch", *(f"axis_{axis}" for axis in range(1, axes))]
        ends = [helper.make_tensor_value_info(self.at, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, "network", [self.input], ends, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def by_onnxruntime(model, x: np.ndarray, channels_last: bool) -> np.ndarray:
    x = x if channels_last else x.transpose(0, 2, 1)
    names = [entry.name for entry in model.graph.output]
    return Session(model).run({"x": np.ascontiguousarray(x, np.float32)}, names)[0]


def sequences(number: int = 6) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(1).integers(4, size=(number, LENGTH))]


def check_scores(model: onnx.ModelProto, path) -> None:
    """Check what is read of a network: its values, and of unit 1 derivatives and sums of contributions."""
    x = sequences()
    onnx.save(model, path)
    graph = simplify(network_of(read_own_network(path)))

    back = WayBack(graph, None, "rescale", "float64")
    expected = np.concatenate([by_onnxruntime(model, one[None], False) for one in x])
    np.testing.assert_allclose(back.logits(tf.constant(x.astype(float))), expected, rtol=1e-4, atol=1e-5)
    # TensorFlow's own derivatives of the same values know nothing of the rules on the way back.
    inner = tf.constant(np.random.default_rng(2).random(x.shape))
    with tf.GradientTape() as tape:
        tape.watch(inner)
        total = tf.reduce_sum(back.logits(inner)[:, 1])
    slopes = tape.gradient(total, inner).numpy()
    assert np.abs(slopes).max() > 1e-4
    assert np.abs(back.gradients(inner, 1) - slopes).max() < 1e-12 * np.abs(slopes).max()

    deeplift = WayBack(graph, REFERENCE, "rescale", "float64")
    sums = np.asarray(deeplift.contributions(tf.constant(x.astype(float)), 1)).sum(axis=(1, 2))
    changes = expected[:, 1] - by_onnxruntime(model, REFERENCE[None], False)[:, 1]
    np.testing.assert_allclose(sums, deeplift.changes(tf.constant(x.astype(float)), 1), rtol=1e-9)
    np.testing.assert_allclose(sums, changes, rtol=1e-3, atol=1e-5)
