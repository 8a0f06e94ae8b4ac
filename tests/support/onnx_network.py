"""ONNX networks written node by node, and their values by onnxruntime."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dfim.networks.onnx_files import Session

LENGTH = 40


class Network:
    """An ONNX network that grows node by node; the input is (batch, 4, length)."""

    def __init__(self, last: bool = False):
        self.rng = np.random.default_rng(5)
        self.nodes, self.weights, self.at = [], [], "x"
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
