"""An ONNX network of which only the values are known: what is kept of it."""

from dataclasses import dataclass

from dfim.networks.graph import INPUT, Graph, Node


@dataclass(frozen=True)
class OnnxValues:
    """An ONNX ``file`` with a node that no rule has words for, ``reason``.

    ``outputs``: for each task the name of an output and the indices of its number there. ``length``: of the
    sequences. ``held``: what further inputs are held at, nested lists by name.
    """

    file: bytes
    reason: str
    outputs: list
    length: int
    held: dict

    def graph(self) -> Graph:
        """Return the network as a graph of one node, which no rule knows and that sees everything."""
        node = Node("unknown", "onnx", {}, {"output_shape": (len(self.outputs),)}, (INPUT,))
        return Graph([node], {"tasks": "onnx"}, self.length).at_length(self.length)
