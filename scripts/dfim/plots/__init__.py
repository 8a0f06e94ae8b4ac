"""Figures: one module per kind of picture, each with ``draw(tables, options) -> (figure, data)``.

A picture bins and takes quantiles for display; scores, p-values and comparisons arrive in tables.
"""

from importlib import import_module
from types import ModuleType

from dfim.errors import InputError
from dfim.plots.options import OPTIONS


def module_for(figure: str) -> ModuleType:
    """Return the module that draws a kind of figure; raises InputError, listing them, where there is none."""
    if figure not in OPTIONS:
        raise InputError(
            f"there is no figure {figure!r}: choose one of {', '.join(sorted(OPTIONS))} in the configuration."
        )
    return import_module(f"dfim.plots.{figure}")
