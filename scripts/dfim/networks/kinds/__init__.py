"""The one table of kinds of nodes, and what follows from it for every network.

A new kind is one entry here: its shape, its values, its rule on the way back, its receptive field, its cost
and its name in words.
"""

from collections.abc import Sequence

from dfim.errors import InputError
from dfim.networks.graph import Node
from dfim.networks.kinds import compositions, linear, moves, pools, recurrent
from dfim.networks.kinds.base import Kind, Shape, ShapeError
from dfim.networks.kinds.elementwise import ACTIVATIONS, Identity
from dfim.networks.kinds.merges import MERGES

KINDS: dict[str, Kind] = {
    "convolution": linear.Convolution(),
    "dense": linear.Dense(),
    "grouped_dense": linear.GroupedDense(),
    "batch_normalisation": linear.BatchNormalisation(),
    "affine": linear.Affine(),
    "constant": linear.Constant(),
    "max_pool": pools.MaxPool(),
    "average_pool": pools.AveragePool(),
    "global_max_pool": pools.GlobalMaxPool(),
    "global_average_pool": pools.GlobalAveragePool(),
    "global_sum_pool": pools.GlobalSumPool(),
    "profile": pools.Profile(),
    "flatten": moves.Flatten(),
    "reshape": moves.Reshape(),
    "permute": moves.Permute(),
    "crop": moves.Crop(),
    "zero_padding": moves.ZeroPadding(),
    "slice": moves.Slice(),
    "reverse": moves.Reverse(),
    "repeat": moves.Repeat(),
    "expand": moves.Expand(),
    "identity": Identity(),
    **ACTIVATIONS,
    **MERGES,
    "softmax": compositions.Softmax(),
    "gru": recurrent.GatedRecurrentUnit(),
    "gru_reset_first": recurrent.ResetFirst(),
    "lstm": recurrent.LongShortTermMemory(),
    "unknown": linear.Unknown(),
    "layer_normalisation": compositions.LayerNormalisation(),
}
LINEAR = ("convolution", "dense")


def kind_of(node: Node) -> Kind:
    """Return the entry of a node's kind; raises InputError when there is none."""
    if node.kind not in KINDS:
        raise InputError(
            f"layer {node.name!r} is of the kind {node.kind!r}, for which there is no rule: choose from "
            f"{', '.join(KINDS)}."
        )
    return KINDS[node.kind]


def shape_of(node: Node, shapes: Sequence[Shape]) -> Shape:
    """Return the shape of a node's output for its inputs' shapes; raises InputError, naming the node."""
    try:
        return tuple(int(size) for size in kind_of(node).shape(node, shapes))
    except ShapeError as error:
        raise InputError(f"the node {node.name} ({node.kind}) cannot take its input: {error}.") from None
