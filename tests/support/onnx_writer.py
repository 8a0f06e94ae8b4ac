"""A graph as an ONNX file, sequences as (batch, length, 4): ONNX's operators in the places of kinds of nodes.

What stands here knows ONNX and the meaning of kinds, and nothing of how the project reads ONNX.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PLAIN = {
    "relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "softplus": "Softplus", "softsign": "Softsign",
    "exponential": "Exp", "add": "Add", "multiply": "Mul", "subtract": "Sub", "maximum": "Max",
    "minimum": "Min", "average": "Mean", "identity": "Identity", "selu": "Selu", "divide": "Div",
}  # fmt: skip
CHANNELS_FIRST = [0, 2, 1]


class Writer:
    """Nodes and weights of an ONNX graph that grows; every method returns the name of its output."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, array, dtype=np.float32) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(array, dtype, order="C"), name))
        return name

    def whole(self, *numbers: int) -> str:
        return self.weight(np.array(numbers), np.int64)

    def op(self, kind: str, *inputs: str, **options) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **options))
        return name

    def turned(self, x: str) -> str:
        return self.op("Transpose", x, perm=CHANNELS_FIRST)

    def scaled(self, x: str, scale, shift) -> str:
        return self.op("Add", self.op("Mul", x, self.weight(scale)), self.weight(shift))

    def of(self, node, inputs: list[str]) -> str:
        """Add a node of the graph."""
        own = getattr(self, node.kind, None)
        if own is not None:
            return own(node, *inputs)
        return self.op(PLAIN[node.kind], *inputs)

    # Linear

    def convolution(self, node, x):
        options = node.options
        kernel = self.weight(np.transpose(node.arrays["kernel"], (2, 1, 0)))
        settings = {"group": options.get("groups", 1), "dilations": [options.get("dilation", 1)]}
        settings |= {"strides": [options.get("stride", 1)], "pads": pads(options)}
        return self.turned(
            self.op("Conv", self.turned(x), kernel, self.weight(node.arrays["bias"]), **settings)
        )

    def dense(self, node, x):
        kernel, bias = self.weight(node.arrays["kernel"]), self.weight(node.arrays["bias"])
        if len(node.options["input_shape"]) == 1:
            return self.op("Gemm", x, kernel, bias)
        return self.op("Add", self.op("MatMul", x, kernel), bias)

    def batch_normalisation(self, node, x):
        arrays = node.arrays
        names = [self.weight(arrays[name]) for name in ("gamma", "beta", "mean", "variance")]
        turn = len(node.options["input_shape"]) == 2
        x = self.turned(x) if turn else x
        x = self.op("BatchNormalization", x, *names, epsilon=float(np.squeeze(arrays["epsilon"])))
        return self.turned(x) if turn else x

    def affine(self, node, x):
        return self.scaled(x, node.arrays["scale"], node.arrays["shift"])

    # Functions of values

    def leaky_relu(self, node, x):
        return self.op("LeakyRelu", x, alpha=float(node.options["slope"]))

    def prelu(self, node, x):
        return self.op("PRelu", x, self.weight(node.arrays["slope"]))

    def clipped_relu(self, node, x):
        return self.op("Clip", x, self.weight(0.0), self.weight(node.options["maximum"]))

    def elu(self, node, x):
        return self.op("Elu", x, alpha=float(node.options.get("alpha", 1)))

    def gelu(self, node, x):
        inner = self.op("Add", self.op("Erf", self.op("Div", x, self.weight(2**0.5))), self.weight(1.0))
        return self.op("Mul", self.op("Mul", x, inner), self.weight(0.5))

    def silu(self, node, x):
        return self.op("Mul", x, self.op("Sigmoid", x))

    def mish(self, node, x):
        return self.op("Mul", x, self.op("Tanh", self.op("Softplus", x)))

    def hard_sigmoid(self, node, x):
        options = node.options
        return self.op("HardSigmoid", x, alpha=float(options["slope"]), beta=float(options["shift"]))

    def softmax(self, node, x):
        return self.op("Softmax", x, axis=-1)

    def layer_normalisation(self, node, x):
        arrays = node.arrays
        names = self.weight(arrays["gamma"]), self.weight(arrays["beta"])
        return self.op("LayerNormalization", x, *names, axis=-1, epsilon=float(np.squeeze(arrays["epsilon"])))

    # Recurrent

    def gru(self, node, x):
        return self.recurrent("GRU", node, x, (0, 1, 2), linear_before_reset=1)

    def gru_reset_first(self, node, x):
        return self.recurrent("GRU", node, x, (0, 1, 2), linear_before_reset=0)

    def lstm(self, node, x):
        return self.recurrent("LSTM", node, x, (0, 3, 1, 2))

    def recurrent(self, kind, node, x, order, **options):
        """``order``: which of the node's gates stand first, second, … in ONNX."""
        arrays, units = node.arrays, len(node.arrays["recurrent"])

        def placed(array):
            gates = array.reshape(-1, len(order), units)[:, list(order)]
            return gates.reshape(len(gates), -1)

        weights = [placed(arrays[name]).T[None] for name in ("kernel", "recurrent")]
        biases = [placed(arrays[name][None]) for name in ("bias", "recurrent_bias")]
        names = [self.weight(array) for array in (*weights, np.concatenate(biases, axis=1))]
        turned = self.op("Transpose", x, perm=[1, 0, 2])
        found = self.op(kind, turned, *names, hidden_size=units, **options)
        return self.op("Transpose", self.op("Squeeze", found, self.whole(1)), perm=[1, 0, 2])

    # Pools

    def max_pool(self, node, x):
        return self.pooled("MaxPool", node, x)

    def average_pool(self, node, x):
        counts = int(node.options.get("padding_counts", False))
        return self.pooled("AveragePool", node, x, count_include_pad=counts)

    def pooled(self, kind, node, x, **settings):
        options = node.options
        settings |= {"kernel_shape": [options["width"]], "strides": [options.get("stride", 1)]}
        return self.turned(self.op(kind, self.turned(x), pads=pads(options), **settings))

    def global_average_pool(self, node, x):
        return self.op("ReduceMean", x, axes=[1], keepdims=0)

    # Moves

    def flatten(self, node, x):
        return self.op("Flatten", x)

    def reshape(self, node, x):
        return self.op("Reshape", x, self.whole(-1, *node.options["output_shape"]))

    def permute(self, node, x):
        return self.op("Transpose", x, perm=[0, *(axis + 1 for axis in node.options["order"])])

    def crop(self, node, x):
        start, stop = node.options["left"], node.options["input_shape"][0] - node.options["right"]
        return self.op("Slice", x, self.whole(start), self.whole(stop), self.whole(1))

    def zero_padding(self, node, x):
        return self.op("Pad", x, self.whole(0, node.options["left"], 0, 0, node.options["right"], 0))

    def slice(self, node, x):
        options = node.options
        indices = slice(options["start"], options["stop"], options.get("step", 1))
        size = options["input_shape"][options["axis"] - 1]
        bounds = (self.whole(number) for number in indices.indices(size)[:2])
        return self.op("Slice", x, *bounds, self.whole(options["axis"]), self.whole(options.get("step", 1)))

    def reverse(self, node, x):
        ends = self.whole(-1), self.whole(-(2**31)), self.whole(node.options["axis"]), self.whole(-1)
        return self.op("Slice", x, *ends)

    def repeat(self, node, x):
        scales = self.weight([1, node.options["times"], 1])
        settings = {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
        return self.op("Resize", x, "", scales, **settings)

    def expand(self, node, x):
        return self.op("Expand", x, self.whole(1, *node.options["output_shape"]))

    def matrix_product(self, node, *inputs):
        terms, out = node.options["equation"].split("->")
        first, second = terms.split(",")
        return self.op("Einsum", *inputs, equation=f"Z{first},Z{second}->Z{out}")

    def concatenate(self, node, *inputs):
        return self.op("Concat", *inputs, axis=node.options["axis"])


def pads(options: dict) -> list[int]:
    """Return the positions before and after that a window's padding adds, as TensorFlow defines them."""
    length, stride, padding = (
        options["input_shape"][0],
        options.get("stride", 1),
        options.get("padding", "valid"),
    )
    reach = (options["width"] - 1) * options.get("dilation", 1)
    if padding == "same":
        total = max((-(-length // stride) - 1) * stride + reach + 1 - length, 0)
        return [total // 2, total - total // 2]
    return {"valid": [0, 0], "causal": [reach, 0]}.get(padding) or list(padding)


def write_onnx(graph, path) -> None:
    """Write a graph of one length and one output."""
    writer, names = Writer(), {"one_hot": "x"}
    for node in graph:
        names[node.name] = writer.of(node, [names[name] for name in node.inputs])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", graph.length, 4])
    y = helper.make_tensor_value_info(names[graph.output], TensorProto.FLOAT, ["batch", "units"])
    whole = helper.make_graph(writer.nodes, "network", [x], [y], writer.weights)
    onnx.save(helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
