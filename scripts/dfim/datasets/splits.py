"""Which examples train a network, which validate it and which test it: by chromosome, then by block."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.genomes.fasta import check_chromosome, genome_order


def assign_splits(
    windows: pd.DataFrame,
    sizes: Mapping[str, int],
    test_chromosomes: Sequence[str],
    validation_fraction: float,
    validation_block: int,
    seed: int,
) -> np.ndarray:
    """Return ``test``, ``validation`` or ``train`` for each window, as an array of text.

    Windows on the test chromosomes are the test set. Of the rest, chains of overlapping windows stay
    together and belong to the block of ``validation_block`` bp in which the chain starts, so that no window
    overlaps one of another split. Each block has a number from 0 to 1 (:func:`_block_fraction`), and those
    below ``validation_fraction`` are the validation set: a block has the same role in every dataset with
    the same seed, fraction and size of blocks, whatever other windows there are. Only where no block or
    every block would be taken, the one with the smallest number alone is, or the one with the largest is
    not.

    Raises InputError for an unknown test chromosome, and when the windows outside the test chromosomes lie
    in a single block.
    """
    for chrom in test_chromosomes:
        check_chromosome(chrom, sizes, "test_chromosomes")
    split = np.where(windows["chrom"].isin(test_chromosomes), "test", "train").astype(object)
    rest = np.flatnonzero(split == "train")
    if not rest.size:
        return split
    chain_starts = _chain_starts(windows.iloc[rest], sizes)
    blocks = pd.MultiIndex.from_arrays([windows["chrom"].iloc[rest], chain_starts // validation_block])
    number, unique = pd.factorize(blocks, sort=True)
    if len(unique) < 2:
        raise InputError(
            f"the {len(rest)} examples outside {', '.join(test_chromosomes)} lie in a single block of "
            f"{validation_block} bp, and a validation set needs two or more: lower validation_block."
        )
    fractions = np.array([_block_fraction(seed, chrom, block) for chrom, block in unique])
    taken = fractions < validation_fraction
    taken[np.argmin(fractions)], taken[np.argmax(fractions)] = True, False
    split[rest[taken[number]]] = "validation"
    return split


def _block_fraction(seed: int, chrom: str, block: int) -> float:
    """Return a number from 0 to 1 that depends on seed, chromosome and number of the block (from 0) alone."""
    digest = hashlib.blake2b(f"{seed}\t{chrom}\t{block}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _chain_starts(windows: pd.DataFrame, sizes: Mapping[str, int]) -> np.ndarray:
    """Return, for each window, the start of the chain of overlapping windows that it belongs to."""
    order = genome_order(windows, sizes)
    chrom = pd.factorize(windows["chrom"])[0][order]
    start, end = windows["start"].to_numpy()[order], windows["end"].to_numpy()[order]
    # All windows have one width: the one before ends last.
    new = np.ones(len(windows), dtype=bool)
    new[1:] = (chrom[1:] != chrom[:-1]) | (start[1:] >= end[:-1])
    starts = np.empty(len(windows), dtype=np.int64)
    starts[order] = start[new][np.cumsum(new) - 1]
    return starts
