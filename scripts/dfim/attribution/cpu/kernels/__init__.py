"""The compiled loops of the CPU engine.

Arrays have the axes [position, column, channel]: a column is one sequence, or one mutant, and a *window* is a
run of positions that starts at another place for each column (``starts``, which may lie outside the layer).
Positions first makes the rows that a tap of a convolution takes lie one after the other.

Everything is float32; ``arg`` (int32) is the place in its pool of the maximum that counts, and empty
where there is no pool (width 1).

A helper that is taken inline lies in the module that uses it: what is compiled is kept on disk, and made anew
when its own file changes. Only :mod:`dfim.attribution.cpu.vectors`, :mod:`dfim.attribution.cpu.tiles` and
:mod:`dfim.attribution.cpu.blas` lie elsewhere: what was kept before they changed is to be deleted
(``__pycache__``).
"""

from dfim.attribution.cpu.blas import multiply
from dfim.attribution.cpu.kernels.activations import activate, activate_changed, rescale, reveal_cancel
from dfim.attribution.cpu.kernels.back import (
    add_choices,
    own_multipliers,
    route_changed,
)
from dfim.attribution.cpu.kernels.convolutions import convolve
from dfim.attribution.cpu.kernels.dense import (
    add_changed_inputs,
    change_of_inputs,
    change_of_sizes,
    combine,
    halves,
    multiply_units,
    weigh_active,
)
from dfim.attribution.cpu.kernels.letters import convolve_letters, word_table
from dfim.attribution.cpu.kernels.paths import (
    add_paths,
    deeper_paths,
    factor_changed,
    first_paths,
    pooled_paths,
)
from dfim.attribution.cpu.kernels.pools import carry_chosen, scatter_to_targets
from dfim.attribution.cpu.kernels.scores import put_changes, put_weighted
from dfim.attribution.cpu.kernels.values import add_rows, pool, pool_changed, pool_changed_together

__all__ = [
    "activate",
    "activate_changed",
    "add_changed_inputs",
    "add_choices",
    "add_paths",
    "add_rows",
    "carry_chosen",
    "change_of_inputs",
    "change_of_sizes",
    "combine",
    "convolve",
    "convolve_letters",
    "deeper_paths",
    "factor_changed",
    "first_paths",
    "halves",
    "multiply",
    "multiply_units",
    "own_multipliers",
    "pool",
    "pool_changed",
    "pool_changed_together",
    "pooled_paths",
    "put_changes",
    "put_weighted",
    "rescale",
    "reveal_cancel",
    "route_changed",
    "scatter_to_targets",
    "weigh_active",
    "word_table",
]
