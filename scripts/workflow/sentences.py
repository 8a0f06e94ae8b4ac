"""Everything that is wrong in one list, and not one thing at a time."""

from collections.abc import Callable, Iterable, Iterator

from dfim.errors import InputError


def in_one_list(sentences: Iterable[str], where: str) -> None:
    """Raise one InputError with all sentences, of which one is raised as it is."""
    found = list(dict.fromkeys(sentences))
    if len(found) == 1:
        raise InputError(found[0])
    if found:
        listed = "\n".join(f"- {one}" for one in found)
        raise InputError(f"{where}: {len(found)} things are to be mended:\n{listed}")


def sentences_of(*checks: Callable[[], None]) -> Iterator[str]:
    """Yield the sentence of each of some checks that raises InputError."""
    for check in checks:
        try:
            check()
        except InputError as error:
            yield str(error)


def need(name: str, known: Iterable[str], key: str, section: str) -> None:
    """Raise InputError where a key names what its section has not."""
    if name not in known:
        raise InputError(
            f"key '{key}' has the value {name!r}, and the {section} are {', '.join(known) or 'empty'}."
        )
