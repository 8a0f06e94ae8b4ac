"""The RevealCancel rule: an activation and the linear layer before it (Shrikumar et al. 2017, section 3.5.3).

With d = x − reference and p, n the sums of the positive and the negative terms of d · kernel, p − n = |d| ·
|kernel| and p + n is the change of the sum: two products tell both, and two take the multipliers back.
"""

from dataclasses import replace

from dfim.attribution.rules import rule_after
from dfim.networks.kinds import LINEAR, kind_of
from dfim.networks.kinds.base import ops
from dfim.networks.kinds.elementwise import NEAR_ZERO

# Rescale holds at all others.
ACTIVATIONS = ("relu", "sigmoid")


def reveals(node, by_name: dict, rule: str) -> bool:
    """Return whether the rule at a node is RevealCancel: a ReLU or a sigmoid right after a linear layer.

    A dense layer on positions counts as a convolution of width 1.
    """
    linear = by_name.get(node.inputs[0]) if node.kind in ACTIVATIONS else None
    if linear is None or linear.kind not in LINEAR:
        return False
    on_positions = len(linear.options["input_shape"]) > 1
    return rule_after("convolution" if on_positions else "dense", rule) == "reveal_cancel"


def multiplier_below(linear, activation, multiplier, values: dict, references: dict):
    """Return the multiplier of the linear layer's input; ``values`` and ``references`` by node."""
    kind = kind_of(linear)
    difference = values[linear.inputs[0]] - references[linear.inputs[0]]
    change = values[linear.name] - references[linear.name]
    absolute = replace(linear, arrays={"kernel": ops.abs(linear.arrays["kernel"])})
    size = kind.without_bias(absolute, ops.abs(difference))
    parts = _away_from_zero(change + size), _away_from_zero(change - size)
    positive, negative = _factors(activation, references[linear.name], *parts)
    equal = kind.transposed(linear, multiplier * (positive + negative) / 2)
    unequal = kind.transposed(absolute, multiplier * (positive - negative) / 2)
    # What rounding leaves of no difference has no sign.
    sign = ops.where(ops.abs(difference) < NEAR_ZERO, ops.zeros_like(difference), ops.sign(difference))
    return equal + sign * unequal


def _factors(activation, start, p, n):
    """Return output change over input change for the positive terms and for the negative ones."""
    kind = kind_of(activation)
    positive = (kind.slope(start, p, activation) + kind.slope(start + n, p, activation)) / 2
    negative = (kind.slope(start, n, activation) + kind.slope(start + p, n, activation)) / 2
    return positive, negative


def _away_from_zero(doubled):
    """Return half of it; RevealCancel adds a pseudocount to parts below half of it."""
    part = doubled / 2
    pseudocount = ops.where(part < 0, -NEAR_ZERO, NEAR_ZERO)
    return part + ops.where(ops.abs(part) < NEAR_ZERO / 2, ops.cast(pseudocount, part.dtype), 0)
