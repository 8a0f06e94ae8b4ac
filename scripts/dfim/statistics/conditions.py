"""Conditions over the columns of a table, as the configuration writes them."""

import ast
from collections.abc import Iterable

import numpy as np
import pandas as pd

from dfim.errors import InputError


def with_derived_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``abs_{column}`` for ``distance`` and ``response_distance``, where they are numbers."""
    numbers = table.select_dtypes("number")
    columns = [name for name in ("distance", "response_distance") if name in numbers]
    return table.assign(**{f"abs_{name}": table[name].abs() for name in columns})


PAIR_DASH = "–"


class UnknownColumn(InputError):
    """An expression names a column that its table has not."""


def evaluate(table: pd.DataFrame, expression: str, where: str) -> pd.Series:
    """Evaluate a pandas expression over the columns of a table, one value per row.

    ``where`` says in the message of the InputError where the expression stands, when it does not parse,
    names an unknown column, or yields something else than one value per row. A pair may be written with a
    hyphen for the dash, and its names in either order: :func:`with_known_pairs`.
    """
    written = with_known_pairs(expression, table["pair"].unique()) if "pair" in table else expression
    try:
        values = table.eval(written, engine="python", local_dict={}, global_dict={})
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


def with_known_pairs(expression: str, pairs: Iterable[str]) -> str:
    """Return an expression with the texts that are compared with ``pair`` as they stand in that column.

    ``SIX5-ELF1`` and ``SIX5–ELF1`` become the ``ELF1–SIX5`` of the column's values, ``pairs``; a text that
    is one of them, or of no pair, stays, and so does an expression that is no Python.
    """
    known = {pair: pair for pair in pairs}
    for pair in known.copy():
        first, second = pair.split(PAIR_DASH, 1) if PAIR_DASH in pair else (pair, pair)
        for names in ((first, second), (second, first)):
            known.setdefault("-".join(names), pair)
            known.setdefault(PAIR_DASH.join(names), pair)
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        return expression
    texts = [text for column, text in compared_texts(tree) if column == "pair"]
    wrong = [text for text in texts if known.get(text.value, text.value) != text.value]
    for text in wrong:
        text.value = known[text.value]
    return ast.unparse(tree) if wrong else expression


def compared_texts(tree: ast.AST) -> list[tuple[str, ast.Constant]]:
    """Return the columns that an expression compares with texts (==, !=, in, isin), each with its text."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "isin":
            sides = [node.func.value, *node.args]
        else:
            continue
        columns = [side.id for side in sides if isinstance(side, ast.Name)]
        texts = [
            part
            for side in sides
            for part in (side.elts if isinstance(side, ast.List | ast.Tuple | ast.Set) else [side])
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        found += [(column, text) for column in columns for text in texts]
    return found


def values_of(table: pd.DataFrame, expression: str, most: int = 12) -> str:
    """Return which values the text columns of an expression have, for a message: ``; pair is A–B or A–C``."""
    try:
        names = {node.id for node in ast.walk(ast.parse(expression.strip())) if isinstance(node, ast.Name)}
    except SyntaxError:
        return ""
    parts = []
    for name in (column for column in table if column in names and table[column].dtype.kind in "OUT"):
        values = [repr(value) for value in sorted(table[name].dropna().astype(str).unique())]
        more = ", …" if len(values) > most else ""
        parts.append(f"; {name} has the values {', '.join(values[:most])}{more}")
    return "".join(parts)
