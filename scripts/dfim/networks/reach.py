"""How far a mutation can act in a network: computed from its nodes."""

from collections.abc import Sequence

import pandas as pd

from dfim.networks.graph import INPUT, Graph, Node, as_graph
from dfim.networks.kinds import kind_of
from dfim.networks.kinds.base import WHOLE, Field
from dfim.networks.onnx_values import OnnxValues

COLUMNS = ["layer", "name", "kind", "nonlinear", "receptive_field", "reach"]


def reach_of(network: Sequence[Node]) -> float:
    """Return the reach of a network in bp: positions as far apart, or farther, cannot interact in it.

    ``network`` is that of :func:`dfim.networks.description.describe`, of one length. Two positions interact
    only where both enter one unit that is not linear (a ReLU, a product, or a pool that takes the largest);
    the reach is the receptive field of the widest such unit. What lies after the last of them adds up, so
    that it extends nothing: a network with a linear head on its last pool has a finite reach. One with a ReLU
    after a dense layer, where every unit sees everything, has an infinite one. The sigmoid on top does not
    count, because scores are of the logit.
    """
    table = receptive_fields(network)
    return float(table["reach"].iloc[-1]) if len(table) else 1.0


def receptive_fields(network: Sequence[Node] | OnnxValues) -> pd.DataFrame:
    """Return the receptive field (bp) of every node and the reach up to it, the columns ``COLUMNS``.

    ``layer`` counts from 1; ``nonlinear`` is 1 or 0; infinite where every unit sees the whole sequence.
    """
    graph = network.graph() if isinstance(network, OnnxValues) else as_graph(network)
    fields, reaches = {INPUT: Field()}, {INPUT: 1.0}
    rows = []
    for number, node in enumerate(_up_to_logits(graph), start=1):
        kind = kind_of(node)
        inputs = [fields[name] for name in node.inputs]
        whole = WHOLE in inputs and node.kind != "constant"
        fields[node.name] = field = WHOLE if whole else kind.field(node, inputs)
        reach = max((reaches[name] for name in node.inputs), default=1.0)
        reaches[node.name] = max(reach, field.width) if kind.nonlinear else reach
        row = (int(kind.nonlinear), field.width, reaches[node.name])
        rows.append((number, node.name, node.kind, *row))
    return pd.DataFrame(rows, columns=COLUMNS)


def _up_to_logits(graph: Graph) -> list[Node]:
    """Return the nodes without a sigmoid on top."""
    nodes = list(graph)
    return nodes[:-1] if nodes and nodes[-1].kind == "sigmoid" else nodes
