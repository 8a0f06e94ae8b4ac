"""Conditions over the columns of a table, as the configuration writes them."""

import numpy as np
import pandas as pd

from dfim.errors import InputError


def with_derived_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``abs_{column}`` for ``distance`` and ``response_distance``, where the table has them."""
    columns = [name for name in ("distance", "response_distance") if name in table]
    return table.assign(**{f"abs_{name}": table[name].abs() for name in columns})


class UnknownColumn(InputError):
    """An expression names a column that its table has not."""


def evaluate(table: pd.DataFrame, expression: str, where: str) -> pd.Series:
    """Evaluate a pandas expression over the columns of a table, one value per row.

    ``where`` says in the message of the InputError where the expression stands, when it does not parse,
    names an unknown column, or yields something else than one value per row.
    """
    try:
        values = table.eval(expression, engine="python", local_dict={}, global_dict={})
    except NameError as error:
        raise UnknownColumn(_cannot(expression, where, table, str(error))) from error
    except Exception as error:  # pandas raises a dozen kinds, down to tokenize's
        raise InputError(_cannot(expression, where, table, str(error).split("\n")[0])) from error
    if not isinstance(values, pd.Series) or len(values) != len(table):
        raise InputError(_cannot(expression, where, table, "it does not give one value per row"))
    return values


def matching(table: pd.DataFrame, expression: str, where: str) -> np.ndarray:
    """Return where a condition, a pandas expression, holds: bool (rows,); InputError as :func:`evaluate`."""
    values = evaluate(table, expression, where)
    if values.dtype.kind != "b":
        raise InputError(_cannot(expression, where, table, "it is no condition"))
    return values.to_numpy(dtype=bool)


def _cannot(expression: str, where: str, table: pd.DataFrame, reason: str) -> str:
    return (
        f"{where} has the expression {expression!r}, which cannot be used ({reason}): "
        f"write a pandas expression over the columns {', '.join(table.columns)}."
    )
