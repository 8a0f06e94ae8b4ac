"""Peaks of another assembly: each sign is seen in what is wrong and not in what is right."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.genome_data import make_genome, random_sequences

from dfim.errors import InputError
from dfim.genomes.assembly import check_sizes, check_summits
from dfim.genomes.fasta import Genome, index_fasta, read_sizes, wrapped_fasta
from dfim.genomes.intervals import read_peaks
from dfim.genomes.known_assemblies import SIZES, known_assembly, other_assemblies

REAL = Path(__file__).parents[3] / "shared" / "real"
WIDTH = 40_000


def planted_genome(folder, count=60, seed=1):
    """Return a genome with GATA motifs at summits 450 bp apart and N from 30,000 on, and the peaks."""
    letters = list(random_sequences(seed, chr1=WIDTH)["chr1"])
    summits = 1000 + 450 * np.arange(count)
    for number, summit in enumerate(summits):
        motif = "AGATAAG" if number % 2 else "CTTATCT"
        place = summit - 20 + number % 30
        letters[place : place + 7] = motif
    letters[30_000:] = "N" * (WIDTH - 30_000)
    peaks = pd.DataFrame({"chrom": "chr1", "start": summits - 50, "end": summits + 50, "summit": summits})
    return make_genome(folder, {"chr1": "".join(letters)}), peaks


def moved(peaks, by):
    return peaks.assign(**{column: peaks[column] + by for column in ("start", "end", "summit")})


def test_the_motif_is_at_the_summits_and_nowhere_near_moved_ones(tmp_path, caplog):
    caplog.set_level("INFO")
    genome, peaks = planted_genome(tmp_path)
    check_summits(genome, peaks, "peaks.bed (GATA1)", motif="AGATAAG")
    assert "AGATAAG at 60 of 60 summits, beside them at" in caplog.text
    with pytest.raises(InputError) as error:
        check_summits(genome, moved(peaks, 225), "peaks.bed (GATA1)", motif="AGATAAG")
    assert re.match(
        r"peaks\.bed \(GATA1\): the motif AGATAAG is at \d+ of 60 summits, and beside them at [\d.]+ \(p = "
        r"[\d.e-]+\): where it binds, a factor's motif is commoner, so peaks and genome seem to be of "
        r"different "
        r"assemblies; give both of one, or another motif \(or none\) in the sheet\.$",
        str(error.value),
    )
    check_summits(genome, moved(peaks, 225), "peaks.bed")  # without a motif there is nothing to see
    check_summits(genome, moved(peaks, 225)[:39], "peaks.bed", motif="AGATAAG")  # too few to tell


def test_summits_in_n_are_a_sign(tmp_path):
    genome, peaks = planted_genome(tmp_path)
    with pytest.raises(InputError) as error:
        check_summits(genome, moved(peaks, 5000), "peaks.bed")
    assert str(error.value) == (
        "peaks.bed: 6 of 60 summits are N in the genome, and of peaks of its own assembly next to none "
        "are: they seem to be of another one; give peaks and genome of one assembly (or raise "
        "'max_n_summits')."
    )
    check_summits(genome, moved(peaks, 5000), "peaks.bed", largest_n=0.2)


def test_sizes_tell_assemblies_apart():
    assert [known_assembly(sizes) for sizes in SIZES.values()] == list(SIZES)
    assert known_assembly({"chr21": 48129895}) == "hg19"
    assert known_assembly({"chr21": 5, "chr1": 249250621}) is None
    assert known_assembly({"I": 5}) is None
    check_sizes(SIZES["hg19"] | {"chrM": 16571}, "hg19", "hg19.fa")
    with pytest.raises(InputError) as error:
        check_sizes(SIZES["hg38"], "hg19", "genome.fa")
    assert str(error.value) == (
        "genome.fa has 248956422 bp of chr1, and hg19, which the key 'assembly' names, has 249250621: "
        "these are the sizes of hg38; give the genome that is named, or name the right assembly."
    )
    with pytest.raises(InputError, match=r"has 7 bp of chr1, and hg19, .* has 249250621; give"):
        check_sizes({"chr1": 7}, "hg19", "genome.fa")
    with pytest.raises(
        InputError, match=r"has none of the chromosomes of hg19, .* chr1, chr2, chr3 …: it has 1"
    ):
        check_sizes({"1": 249250621}, "hg19", "genome.fa")
    with pytest.raises(
        InputError, match="the assembly 'hg20' is not known, and the sizes of hg18, hg19, hg38"
    ):
        check_sizes({}, "hg20", "genome.fa")


def test_ends_beyond_chromosomes_name_the_assembly_that_they_fit(tmp_path):
    path = tmp_path / "peaks.bed"
    # The end of chr17 in hg38, which is longer there than in hg18 and hg19.
    path.write_text("chr17\t83257000\t83257200\nchr1\t5\t90\n")
    with pytest.raises(InputError) as error:
        read_peaks(path, SIZES["hg19"])
    assert str(error.value) == (
        f"{path}, line 1: end 83257200 lies beyond chr17, which is 81195210 bp long: use peaks of the "
        "genome's own assembly (all of these fit into hg38)."
    )
    assert other_assemblies(read_peaks(path, SIZES["hg38"]), SIZES["hg38"]) == []
    assert len(read_peaks(path, SIZES["hg38"])) == 2
    with pytest.raises(InputError, match=r"use peaks of the genome's own assembly\.$"):
        read_peaks(path, {"chr17": 100, "chr1": 100})


@pytest.fixture(scope="module")
def chromosome_1(tmp_path_factory):
    """The first chromosome of the real genome, which comes first in its file."""
    folder = tmp_path_factory.mktemp("chr1")
    with gzip.open(REAL / "hg19_sparse.fa.gz") as handle:
        assert handle.readline().split()[0] == b">chr1"
        letters = handle.read(260_000_000).partition(b">")[0].translate(None, b"\n")
    fasta = folder / "chr1.fa"
    with open(fasta, "wb") as out:
        out.writelines(wrapped_fasta([(b">chr1", letters)]))
    return Genome(fasta, folder / "chr1.fai", index_fasta(fasta, folder / "chr1.fai"))


@pytest.mark.skipif(not REAL.exists(), reason="the real data are not here")
@pytest.mark.parametrize("factor", ["HaibK562Gata2sc267Pcr1x", "SydhK562Tal1sc12984Iggmus"])
def test_real_peaks_are_taken_and_moved_by_10_kb_refused(chromosome_1, factor):
    """GATA2 and TAL1 both sit at GATA motifs in K562."""
    path = REAL / "peaks" / f"wgEncodeAwgTfbs{factor}UniPk.narrowPeak.gz"
    peaks = read_peaks(path, read_sizes(REAL / "hg19.chrom.sizes"))
    peaks = peaks[peaks["chrom"] == "chr1"].reset_index(drop=True)
    assert len(peaks) > 40
    check_summits(chromosome_1, peaks, "peaks", motif="WGATAR")
    shifted = moved(peaks, 10_000)
    with pytest.raises(InputError, match=r"summits are N .* \(hg18 or hg38, into which all of them fit\)"):
        check_summits(chromosome_1, shifted, "peaks", motif="WGATAR")
    with pytest.raises(InputError, match=r"the motif .* seem to be of different assemblies \(hg18 or hg38"):
        check_summits(chromosome_1, shifted, "peaks", largest_n=1, motif="WGATAR")


@pytest.mark.skipif(not REAL.exists(), reason="the real data are not here")
def test_the_real_genome_is_known_by_its_sizes():
    sizes = read_sizes(REAL / "hg19.chrom.sizes")
    assert known_assembly(sizes) == "hg19"
    with pytest.raises(InputError, match="these are the sizes of hg19"):
        check_sizes(sizes, "hg38", "genome.fa")
