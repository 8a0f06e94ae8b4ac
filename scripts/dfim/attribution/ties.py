"""Which values of a max pool are equal: those that differ by no more than the last bits may.

Places that see the same bases, as in repeats, have equal values but for rounding, which depends on how a
processor adds up and on how many rows a matrix product has. A pool passes everything on to the first of its
largest values; that choice must not rest on rounding. So values are equal that differ by less than a share
:data:`TIE` of the largest, or of the *size* of the values of their channel: the root of the sum of squares of
the terms that a value is a sum of. A value near 0 is a small difference of large terms, and rounded as they
are.
"""

from dataclasses import replace

import numpy as np

from dfim.networks.graph import INPUT, Graph
from dfim.networks.kinds import kind_of
from dfim.networks.kinds.pools import TIE

__all__ = ["TIE", "with_ties"]


def with_ties(graph: Graph) -> Graph:
    """Return the graph of one length, each max pool with an array ``tie``, float32 (channels,).

    Two of its values are equal when they differ by no more than ``tie``, or than :data:`TIE` of the largest.
    Only weights decide it, so that it is the same for every sequence and every part of one.
    """
    sizes, nodes = {INPUT: np.ones(4)}, []
    for node in graph:
        inputs = [sizes[name] for name in node.inputs]
        if node.kind in ("max_pool", "global_max_pool"):
            node = replace(node, arrays=node.arrays | {"tie": np.float32(TIE * inputs[0])})
        sizes[node.name] = np.broadcast_to(
            kind_of(node).size(node, inputs), node.options["output_shape"][-1:]
        )
        nodes.append(node)
    return Graph(nodes, graph.outputs, graph.length)
