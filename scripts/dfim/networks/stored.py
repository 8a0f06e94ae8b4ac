"""A graph as a Keras layer, so that one form of file holds every network."""

import numpy as np

from dfim.networks.backend import keras
from dfim.networks.evaluation import values_of
from dfim.networks.graph import Graph, Node

# Long enough for any network that takes sequences of every length.
SOME_LENGTH = 1 << 15


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
        numbers: dict[int, int] = {}
        arrays, nodes = [], []
        for node in graph:
            for array in node.arrays.values():
                if id(array) not in numbers:
                    numbers[id(array)] = len(arrays)
                    arrays.append(np.asarray(array, np.float32))
            given = {key: value for key, value in node.options.items() if not key.endswith("put_shape")}
            uses = {name: numbers[id(array)] for name, array in node.arrays.items()}
            nodes.append(
                {"kind": node.kind, "name": node.name, "inputs": list(node.inputs), "options": given}
                | {"arrays": uses}
            )
        layer = cls(nodes, graph.output, graph.length, [list(array.shape) for array in arrays], name="graph")
        layer.set_weights(arrays)
        return layer

    def graph(self) -> Graph:
        """Return the graph, its arrays as they are now."""
        return self._graph([np.asarray(weight) for weight in self.kept])

    def _graph(self, arrays: list) -> Graph:
        nodes = [
            Node(
                node["kind"],
                node["name"],
                {name: arrays[number] for name, number in node["arrays"].items()},
                {key: _plain(value) for key, value in node["options"].items()},
                tuple(node["inputs"]),
            )
            for node in self.described["nodes"]
        ]
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
    """An ONNX network of which only the values are known; its file is the layer's weight.

    ``reason``: the node that no rule has words for. ``outputs``: for each task the name of an output and the
    indices of its number there. ``held``: what further inputs are held at.
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
    def of(cls, file: bytes, reason: str, outputs: list, length: int, held: dict) -> "StoredOnnx":
        """Return the layer of an ONNX file."""
        layer = cls(len(file), reason, outputs, length, held, name="onnx")
        layer.set_weights([np.frombuffer(file, np.uint8)])
        return layer

    def get_config(self):
        return super().get_config() | self.described

    def file(self) -> bytes:
        """Return the ONNX file."""
        return np.asarray(self.kept).tobytes()

    def call(self, inputs):
        raise NotImplementedError("onnxruntime computes this network: dfim.attribution.values_only.")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.described["outputs"]))


def as_model(graph: Graph) -> keras.Sequential:
    """Return a graph as a Keras model that can be saved."""
    return keras.Sequential([keras.Input((graph.length, 4), name="one_hot"), StoredGraph.of(graph)])


def _plain(value):
    """Return an option as it was before it was JSON: pairs are tuples."""
    return tuple(value) if isinstance(value, list) else value
