"""A graph as a Keras layer, so that one form of file holds every network."""

import numpy as np

from dfim.networks.backend import keras
from dfim.networks.evaluation import values_of
from dfim.networks.graph import SOME_LENGTH, Graph
from dfim.networks.onnx_values import OnnxValues
from dfim.networks.plain import as_plain, from_plain


@keras.saving.register_keras_serializable(package="dfim")
class StoredGraph(keras.layers.Layer):
    """A graph with one output; its arrays are the layer's weights, each once however many nodes share it."""

    def __init__(self, nodes: list[dict], output: str, length: int | None, shapes: list, **options):
        super().__init__(**options)
        self.described = {"nodes": nodes, "output": output, "length": length, "shapes": shapes}
        self.kept = [
            self.add_weight(shape=tuple(shape), initializer="zeros", trainable=False, name=f"array_{number}")
            for number, shape in enumerate(shapes)
        ]

    @classmethod
    def of(cls, graph: Graph) -> "StoredGraph":
        """Return the layer of a graph."""
        nodes, arrays = as_plain(graph)
        layer = cls(nodes, graph.output, graph.length, [list(array.shape) for array in arrays], name="graph")
        layer.set_weights(arrays)
        return layer

    def graph(self) -> Graph:
        """Return the graph, its arrays as they are now."""
        return self._graph([np.asarray(weight) for weight in self.kept])

    def _graph(self, arrays: list) -> Graph:
        nodes = from_plain(self.described["nodes"], arrays)
        return Graph(nodes, {"output": self.described["output"]}, self.described["length"])

    def call(self, inputs):
        # As tensors: in a compiled function a weight has no values yet.
        graph = self._graph([keras.ops.convert_to_tensor(weight) for weight in self.kept])
        return values_of(graph.at_length(inputs.shape[1]), inputs)[graph.output]

    def compute_output_shape(self, input_shape):
        # The last shape does not depend on the length where any length is taken.
        graph = self._graph([np.empty(shape, np.float32) for shape in self.described["shapes"]])
        graph = graph.at_length(input_shape[1] or SOME_LENGTH)
        return (input_shape[0], *graph[-1].options["output_shape"])

    def get_config(self):
        return super().get_config() | self.described


@keras.saving.register_keras_serializable(package="dfim")
class StoredOnnx(keras.layers.Layer):
    """An ONNX network of which only the values are known; its file, ``size`` bytes, is the layer's weight.

    The other arguments are those of :class:`dfim.networks.onnx_values.OnnxValues`.
    """

    def __init__(self, size: int, reason: str, outputs: list, length: int, held: dict, **options):
        super().__init__(**options)
        self.described = {
            "size": size, "reason": reason, "outputs": outputs, "length": length, "held": held,
        }  # fmt: skip
        self.kept = self.add_weight(
            shape=(size,), dtype="uint8", initializer="zeros", trainable=False, name="onnx"
        )

    @classmethod
    def of(cls, values: OnnxValues) -> "StoredOnnx":
        """Return the layer of an ONNX network."""
        given = (values.reason, values.outputs, values.length, values.held)
        layer = cls(len(values.file), *given, name="onnx")
        layer.set_weights([np.frombuffer(values.file, np.uint8)])
        return layer

    def get_config(self):
        return super().get_config() | self.described

    def values(self) -> OnnxValues:
        """Return the network."""
        given = (self.described[name] for name in ("reason", "outputs", "length", "held"))
        return OnnxValues(np.asarray(self.kept).tobytes(), *given)

    def call(self, inputs):
        raise NotImplementedError("onnxruntime computes this network: dfim.attribution.values_only.")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.described["outputs"]))


def as_model(graph: Graph) -> keras.Sequential:
    """Return a graph as a Keras model that can be saved."""
    return keras.Sequential([keras.Input((graph.length, 4), name="one_hot"), StoredGraph.of(graph)])
