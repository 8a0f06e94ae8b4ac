"""Warnings of many jobs, a line for each kind: how many there are, and the worst of them."""

import re
from collections.abc import Iterable

from dfim.errors import counted
from dfim.statistics.nulls import SIGNED

# What differs between sentences of one kind: numbers, what is quoted, scores, and paths.
_OWN = re.compile(rf"\S*/\S*|'[^']*'|\b(?:{'|'.join(SIGNED)})\b|[+-]?\d[\d.,]*")
# The number that says how bad it is, where it is not the first.
_WORST = re.compile(r"so that (\d+) rows")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def by_kind(warnings: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each kind of warning, the most frequent first.

    ``warnings`` are (job, sentence): a job is its rule and wildcards, empty where Snakemake itself warns. Two
    are of one kind when they are of one rule and their sentences differ in numbers, scores, quoted words and
    paths alone. The worst is the one with the largest number.
    """
    kinds: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for job, sentence in warnings:
        kinds.setdefault((job.split(" ")[0], _OWN.sub("#", sentence)), []).append((job, sentence))
    return [_line(*one) for one in sorted(kinds.items(), key=lambda kind: -len(kind[1]))]


def _line(kind: tuple[str, str], warnings: list[tuple[str, str]]) -> str:
    job, sentence = max(warnings, key=lambda one: _badness(one[1]))
    if len(warnings) == 1:
        return f"{job}: {sentence}" if job else sentence
    jobs = len({name for name, _ in warnings})
    if jobs == 1:
        return f"{job + ': ' if job else ''}{sentence} (the worst of {len(warnings)})"
    times = "" if jobs == len(warnings) else f", {len(warnings)} times"
    worst = job.removeprefix(kind[0]).strip()
    return f"{kind[0]}, {counted(jobs, 'job')}{times}; the worst, {worst}: {sentence}"


def _badness(sentence: str) -> float:
    found = _WORST.search(sentence)
    number = found[1] if found else (_NUMBER.findall(sentence) or ["0"])[0]
    return float(number)
