"""Figures: one module per kind of picture, each with ``draw(tables, options) -> (figure, data)``.

A picture bins and takes quantiles for display; scores, p-values and comparisons arrive in tables.
"""

from dfim.errors import InputError
from dfim.plots import (
    distance,
    groups,
    interaction_map,
    pair_significance,
    performance,
    tracks,
    training,
)

INTERACTION_FIGURES = {
    "pair_significance": pair_significance,
    "distance": distance,
    "groups": groups,
    "tracks": tracks,
    "interaction_map": interaction_map,
}
MODEL_FIGURES = {"training": training, "performance": performance}


def module_for(figure: str, figures: dict):
    """Return the module that draws a figure; raises InputError, listing the names, on an unknown one."""
    if figure not in figures:
        raise InputError(
            f"there is no figure {figure!r}: choose one of {', '.join(sorted(figures))} in the configuration."
        )
    return figures[figure]
