"""Figures: one module per kind of picture, each with ``draw(tables, options) -> (figure, data)``.

A picture bins and takes quantiles for display; scores, p-values and comparisons arrive in tables.
"""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from dfim.errors import InputError


def module_for(figure: str, figures: Sequence[str]) -> ModuleType:
    """Return the module that draws one of some figures; raises InputError, listing them, on another one."""
    if figure not in figures:
        raise InputError(
            f"there is no figure {figure!r}: choose one of {', '.join(sorted(figures))} in the configuration."
        )
    return import_module(f"dfim.plots.{figure}")
