"""YAML that users write: read without tags, keys given once, and a sentence for what is wrong."""

import os

import yaml

from dfim.errors import InputError
from dfim.files.text import read_text


class _Once:
    """Refuses a key that is given twice, of which YAML would keep the last without a word."""

    def construct_mapping(self, node, deep=False):
        lines = {}
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key == "<<":
                continue
            line = key_node.start_mark.line + 1
            if key in lines:
                raise _GivenTwiceError(
                    f"line {line}: the key {key!r} is on line {lines[key]} too: keep one of them"
                )
            lines[key] = line
        return super().construct_mapping(node, deep=deep)


class _OnceLoader(_Once, yaml.SafeLoader):
    """Says best what is wrong."""


class _QuickLoader(_Once, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Takes a tenth of the time, where PyYAML was built with it."""


class _GivenTwiceError(Exception):
    """A key that is given twice."""


def read_yaml(path: str | os.PathLike, what: str) -> object:
    """Return what a YAML file holds; ``what`` says what it is, e.g. ``a YAML list of claims``.

    Raises InputError, with the line, for a file that is missing, no text or no YAML, and for a key that one
    mapping has twice.
    """
    text = read_text(path, what)
    try:
        return yaml.load(text, _QuickLoader)
    except (yaml.YAMLError, _GivenTwiceError, ValueError, RecursionError):
        pass  # told below
    try:
        return yaml.load(text, _OnceLoader)
    except _GivenTwiceError as error:
        raise InputError(f"{path}, {error}.") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        reason = " ".join(str(error.problem or error.context).split())
        raise InputError(f"{path}{where}: it is not YAML ({reason}): mend it.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError is a wrong date
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} is not YAML ({reason}): mend it.") from error
