"""Small genomes and peaks for tests."""

import gzip

import numpy as np
import pandas as pd

from dfim.genomes.fasta import Genome, index_fasta, unpack_fasta


def random_sequences(seed, **lengths):
    """Return random upper-case sequences, as strings, of these lengths by chromosome."""
    rng = np.random.default_rng(seed)
    return {chrom: "".join(rng.choice(list("ACGT"), length)) for chrom, length in lengths.items()}


def fasta_text(sequences, line=50):
    """Return sequences as FASTA text with lines of this many letters."""
    return "".join(
        f">{chrom} a description\n"
        + "".join(f"{sequence[start : start + line]}\n" for start in range(0, len(sequence), line))
        for chrom, sequence in sequences.items()
    )


def make_genome(folder, sequences):
    """Write sequences as an indexed genome into a folder."""
    source, fasta = folder / "source.fa", folder / "genome.fa"
    source.write_text(fasta_text(sequences))
    unpack_fasta(source, fasta)
    return Genome(fasta, folder / "genome.fa.fai", index_fasta(fasta, folder / "genome.fa.fai"))


def random_peaks(seed, count, sizes, longest=400):
    """Return random peaks with summits, in no order."""
    rng = np.random.default_rng(seed)
    chrom = rng.choice(list(sizes), count)
    length = rng.integers(1, longest, count)
    start = (rng.random(count) * (np.array([sizes[name] for name in chrom]) - length)).astype(int)
    summit = start + (rng.random(count) * length).astype(int)
    return pd.DataFrame({"chrom": chrom, "start": start, "end": start + length, "summit": summit})


def write_peaks(peaks, path):
    """Write peaks as narrowPeak, gzipped when the path ends in .gz."""
    lines = [
        f"{row.chrom}\t{row.start}\t{row.end}\t.\t0\t.\t1.5\t-1\t-1\t{row.summit - row.start}\n"
        for row in peaks.itertuples()
    ]
    content = "".join(lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def brute_overlap(intervals, others):
    """Tell which intervals overlap any other by 1 bp or more, by comparing all pairs."""
    one, other = intervals.reset_index(), others.reset_index()
    found = np.zeros(len(one), dtype=bool)
    for row in range(len(one)):
        same = other["chrom"] == one["chrom"][row]
        found[row] = (same & (other["start"] < one["end"][row]) & (other["end"] > one["start"][row])).any()
    return found
