"""Named groups of rows: where a condition stands that names one, and what the name stands for.

In a condition a name that stands alone, or is joined by ``and``, ``or`` and ``not``, is a group; one that is
compared with something is a column.
"""

import ast
from collections.abc import Iterator, Mapping

from dfim.errors import InputError


def conditions_of(analysis: Mapping) -> Iterator[tuple[str, dict, str]]:
    """Yield every condition over the rows of an analysis: its key in words, the mapping and the key in it."""
    for number, null in enumerate(analysis.get("nulls", [])):
        if "members" in null:
            yield f"nulls.{number}.members", null, "members"
    truth = analysis.get("truth", {})
    for key in truth:
        yield f"truth.{key}", truth, key
    for name, options in analysis.get("comparisons", {}).items():
        for key in ("group", "against", "against_null"):
            if key in options:
                yield f"comparisons.{name}.{key}", options, key


def name_groups(config: dict) -> None:
    """Write out the groups that conditions name, in place; InputError with those there are."""
    groups = config["groups"]
    for name, condition in groups.items():
        _parsed(condition, f"key 'groups.{name}'")
    groups.update({name: written_out(name, groups, "key 'groups'") for name in groups})
    for name, analysis in config["analyses"].items():
        for key, options, part in conditions_of(analysis):
            options[part] = written_out(options[part], groups, f"key 'analyses.{name}.{key}'")


def written_out(condition: str, groups: Mapping[str, str], where: str, within: tuple[str, ...] = ()) -> str:
    """Return a condition with the conditions of the groups that it names in their place.

    ``where`` says in messages where it stands, ``within`` which groups it is part of. A condition without
    groups is returned as it is, and so is one that does not parse: what evaluates it says why.
    """
    try:
        tree = _parsed(condition, where)
    except InputError:
        return condition
    text = _text(condition).encode()  # places in a tree are of bytes
    for node, joint in reversed(list(_alone(tree))):
        written = _group(node.id, groups, where, within)
        written = written if _holds_together(_parsed(written, where), joint) else f"({written})"
        text = text[: node.col_offset] + written.encode() + text[node.end_col_offset :]
    return text.decode()


def _group(name: str, groups: Mapping[str, str], where: str, within: tuple[str, ...]) -> str:
    if name not in groups:
        there = f"the groups are {', '.join(groups)}" if groups else "the configuration has no groups"
        raise InputError(
            f"{where} names the group {name!r}, and {there}: name one of them, or compare the column "
            f"{name} with a value."
        )
    if name in within:
        raise InputError(f"the groups {' → '.join([*within, name])} lead back to {name!r}: write one out.")
    return written_out(groups[name], groups, f"key 'groups.{name}'", (*within, name))


def _alone(node: ast.expr, joint: ast.AST | None = None) -> Iterator[tuple[ast.Name, ast.AST | None]]:
    """Yield the names, from the left, that a condition compares with nothing, each with what joins it."""
    match node:
        case ast.Name():
            yield node, joint
        case ast.BoolOp():
            for value in node.values:
                yield from _alone(value, node.op)
        case ast.BinOp() if isinstance(node.op, ast.BitAnd | ast.BitOr):
            yield from _alone(node.left, node.op)
            yield from _alone(node.right, node.op)
        case ast.UnaryOp() if isinstance(node.op, ast.Not | ast.Invert):
            yield from _alone(node.operand, node.op)


def _holds_together(part: ast.expr, joint: ast.AST | None) -> bool:
    """Tell whether a condition means the same without brackets where ``joint`` joins it to others."""
    if isinstance(joint, ast.And | ast.Or):
        return isinstance(part, ast.Compare) or (
            isinstance(part, ast.BoolOp) and type(part.op) is type(joint)
        )
    return joint is None


def _text(condition: str) -> str:
    return condition.strip().replace("\n", " ")


def _parsed(condition: str, where: str) -> ast.expr:
    try:
        return ast.parse(_text(condition), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        raise InputError(
            f"{where} has the condition {condition!r}, which cannot be read ({reason}): mend it."
        ) from None
