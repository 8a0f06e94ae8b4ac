"""What takes the place of a source's rows in its mutants."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.sequences.bases import BASES, one_hot

_BASES = np.frombuffer(BASES.encode("ascii"), np.uint8)


def mutant_rows(bases: np.ndarray, source, background: np.ndarray) -> np.ndarray:
    """Return what takes the place of a source's rows in each of its mutants, (mutants, width, 4).

    ``bases`` has shape (positions,), ``source`` has ``kind``, ``start``, ``end`` and, for a variant,
    ``reference`` and ``alternate``. One mutant for a motif (the background) and for a variant (the alternate
    allele, or the reference one where the alternate is there already, as may happen on a shuffle); one for
    each other base for a nucleotide, which makes four for an N.
    """
    if source.kind == "motif":
        rows = np.asarray(background, np.float32)
        rows = rows if rows.ndim == 1 else rows[source.start : source.end]
        return np.broadcast_to(rows, (1, source.end - source.start, 4))
    found = bases[source.start : source.end]
    if source.kind == "variant":
        alleles = (_letters([allele], len(found)) for allele in (source.reference, source.alternate))
        return one_hot(_other_allele(found[None], *alleles))
    return one_hot(alternatives(found.item())[:, None])


def rows_of_mutants(bases: np.ndarray, sources: pd.DataFrame, background) -> tuple[np.ndarray, np.ndarray]:
    """Return :func:`mutant_rows` of many sources, (mutants, widest, 4), and how many mutants each source has.

    ``bases`` (sequences, positions), of which a source's column ``sequence`` names its own. Rows of a source
    that is narrower than the widest are followed by zeros.
    """
    sequences, starts, ends = (sources[name].to_numpy(np.int64) for name in ("sequence", "start", "end"))
    letters, kinds = bases[sequences, starts], sources["kind"]
    motif, nucleotide = ((kinds == kind).to_numpy(bool) for kind in ("motif", "nucleotide"))
    counts = np.where(nucleotide, np.where(letters == ord("N"), 4, 3), 1)
    first = np.cumsum(counts) - counts
    rows = np.zeros((counts.sum(), (ends - starts).max(initial=0), 4), np.float32)
    rows[first[motif]] = _background_of(starts[motif], ends[motif], rows.shape[1], bases.shape[1], background)
    for letter in np.unique(letters[nucleotide]):
        own = first[nucleotide & (letters == letter)]
        others = alternatives(letter)
        rows[own[:, None] + np.arange(len(others)), 0] = one_hot(others)
    rest = np.flatnonzero(~motif & ~nucleotide)
    for width in np.unique((ends - starts)[rest]):
        own = rest[(ends - starts)[rest] == width]
        found = bases[sequences[own][:, None], starts[own][:, None] + np.arange(width)]
        alleles = (_letters(sources[name].iloc[own], width) for name in ("reference", "alternate"))
        rows[first[own], :width] = one_hot(_other_allele(found, *alleles))
    return rows, counts


def _letters(alleles: Iterable[str], width: int) -> np.ndarray:
    """Return alleles of one width as ASCII letters, uint8 (alleles, width)."""
    return np.frombuffer("".join(alleles).encode("ascii"), np.uint8).reshape(-1, width)


def _other_allele(found: np.ndarray, reference: np.ndarray, alternate: np.ndarray) -> np.ndarray:
    """Return the alleles that take the place of what is found, letters (variants, width), as the rows of all.

    It is the alternate one, or the reference one where the alternate is there already.
    """
    there = (found == alternate).all(axis=1, keepdims=True)
    return np.where(there, reference, alternate)


def _tuples(sources: pd.DataFrame, rows: np.ndarray) -> Iterator:
    """Return an iterator over some rows of a table; pandas takes milliseconds for none, too."""
    return sources.iloc[rows].itertuples() if len(rows) else iter(())


def _background_of(starts: np.ndarray, ends: np.ndarray, widest: int, length: int, background) -> np.ndarray:
    """Return the background at motifs, (motifs, widest, 4), 0 after the end of each."""
    by_position = np.broadcast_to(np.asarray(background, np.float32), (length, 4))
    positions = starts[:, None] + np.arange(widest)
    inside = positions < ends[:, None]
    return np.where(inside[:, :, None], by_position[np.minimum(positions, length - 1)], 0)


def alternatives(base: int) -> np.ndarray:
    """Return the bases that take the place of a nucleotide, in the order of its mutants: all but itself.

    ``base`` and the result are ASCII letters, uint8 (3,), of an N (4,).
    """
    return np.setdiff1d(_BASES, [base])  # in the order of ASCII, which is theirs


def check_sources(sources: pd.DataFrame, bases: np.ndarray) -> None:
    """Raise InputError on a source outside its sequence, or one that cannot be mutated."""
    length = bases.shape[1]
    starts, ends = (sources[name].to_numpy(np.int64) for name in ("start", "end"))
    within = (starts >= 0) & (starts < ends) & (ends <= length)
    # A table may have millions of rows, and to look at each takes a while.
    plain = within & sources["kind"].isin(["motif", "nucleotide"]).to_numpy(bool)
    variants = np.flatnonzero(within & (sources["kind"] == "variant").to_numpy(bool))
    if len(variants):
        alleles = (sources[name].iloc[variants].tolist() for name in ("reference", "alternate"))
        widths = (ends - starts)[variants].tolist()
        plain[variants] = [_fit(both, width) for *both, width in zip(*alleles, widths, strict=True)]
    for source in _tuples(sources, np.flatnonzero(~plain)):
        what = (
            f"the {source.kind} {source.name!r} at {source.start} to {source.end} of example {source.example}"
        )
        if not 0 <= source.start < source.end <= length:
            raise InputError(
                f"{what} does not lie within the {length} positions of the sequence: give a 0-based start "
                "and an exclusive end within them."
            )
        if source.kind not in ("motif", "variant", "nucleotide"):
            raise InputError(f"{what} has a kind that cannot be mutated: use motif, variant or nucleotide.")
        alleles = (source.reference, source.alternate) if source.kind == "variant" else ()
        if not _fit(alleles, source.end - source.start):
            raise InputError(
                f"{what} has the alleles {' and '.join(map(repr, alleles))}, and each needs "
                f"{source.end - source.start} of the letters A, C, G, T: only substitutions can be scored."
            )


def _fit(alleles: Iterable[str], width: int) -> bool:
    """Return whether alleles are so many letters of bases."""
    return all(len(allele) == width and not set(allele) - set(BASES) for allele in alleles)
