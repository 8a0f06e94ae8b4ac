"""Tests of dfim.datasets.variants: reading, alleles against the genome, windows."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.genome_data import make_genome, random_sequences

from dfim.datasets.variants import build_variant_array, build_variant_dataset, read_variants
from dfim.errors import InputError
from dfim.genomes.fasta import read_sizes
from dfim.sequences.bases import BASES, one_hot, to_string
from dfim.sequences.features import FEATURE_COLUMNS

REAL = Path(__file__).parents[3] / "shared" / "real"
SIZES = {"chr2": 400, "chr1": 1000}
SEQUENCES = random_sequences(11, **SIZES)
HEADER = "chrom\tpos1\tref\talt\tdepth\tpvalue\n"
OPTIONS = {"columns": {}, "positive_below": 5e-5, "control_from": 1.0, "window": 21, "max_n_fraction": 0}
OTHER = {"A": "C", "C": "T", "G": "A", "T": "G"}  # neither the base nor its complement


def base_at(chrom, position):
    """Return the genome's base at a 1-based position."""
    return SEQUENCES[chrom][position - 1]


def row(chrom, position, pvalue, reference=None, alternate=None):
    """Return a line of the table; alleles that fit the genome unless given."""
    reference = reference or base_at(chrom, position)
    return f"{chrom}\t{position}\t{reference}\t{alternate or OTHER[reference]}\t9\t{pvalue}\n"


def write(path, *rows, header=HEADER):
    path.write_text(header + "".join(rows))
    return path


def refused(sentence, function, *arguments):
    """Expect that a call fails with exactly this sentence."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        function(*arguments)


def test_positions_become_0_based_groups_follow_the_p_values_and_names_stay_1_based(tmp_path, caplog):
    caplog.set_level("INFO")
    rows = [
        row("chr1", 500, 1),
        row("chr1", 77, 4.9e-5),
        row("chr1", 78, 5e-5),
        row("chr1", 77, 1e-9),
        row("chr2", 400, "0.0000000000000000000000448860410512804"),
        row("chr1", 79, 0.999),
    ]
    variants = read_variants(write(tmp_path / "v.tsv", *rows), SIZES)
    assert variants[["chrom", "position", "group", "line"]].to_numpy().tolist() == [
        ["chr2", 399, "positive", 6],
        ["chr1", 76, "positive", 5],
        ["chr1", 499, "control", 2],
    ]
    for variant in variants.itertuples():
        assert SEQUENCES[variant.chrom][variant.position] == variant.reference
        alleles = f"{variant.reference}>{variant.alternate}"
        assert variant.name == f"{variant.chrom}:{variant.position + 1}:{alleles}"
    assert (
        "6 variants: 2 with a p-value between the groups and 1 that occur twice are left out" in caplog.text
    )


def test_columns_have_the_names_of_the_configuration(tmp_path):
    path = write(tmp_path / "v.tsv", "x\t0.5\tchr1\t77\ta\tg\n", header="id\tP\tCHR\tPOS\tREF\tALT\n")
    columns = {"chrom": "CHR", "position": "POS", "reference": "REF", "alternate": "ALT", "pvalue": "P"}
    variants = read_variants(path, SIZES, columns, control_from=0.5)
    assert variants["name"].tolist() == ["chr1:77:A>G"]
    refused(
        f"{path} has no column 'pos1', which the key 'position' of columns names; it has id, P, CHR, POS, "
        "REF, ALT.",
        read_variants, path, SIZES, {"chrom": "CHR"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("chr1\t77\tA\tAT\t9\t1\n", "the alleles are 'A' and 'AT', and two different ones of A, C, G and T "
         "are needed: leave out all but single-nucleotide variants."),
        ("chr1\t77\tA\ta\t9\t1\n", "the alleles are 'A' and 'A', and two different ones of A, C, G and T "
         "are needed: leave out all but single-nucleotide variants."),
        ("chr1\t77\tA\tN\t9\t1\n", "the alleles are 'A' and 'N', and two different ones of A, C, G and T "
         "are needed: leave out all but single-nucleotide variants."),
        ("chr1\t77.5\tA\tG\t9\t1\n", "the position is '77.5', and a whole number is needed."),
        ("chr1\t0\tA\tG\t9\t1\n", "the position is 0, and chr1 has the 1-based positions 1 to 1000."),
        ("chr1\t1001\tA\tG\t9\t1\n", "the position is 1001, and chr1 has the 1-based positions 1 to 1000."),
        ("1\t77\tA\tG\t9\t1\n", "the chromosome '1' is not in the genome, which calls it 'chr1': rename the "
         "chromosomes."),
        ("chr1\t77\tA\tG\t9\tlow\n", "the p-value is 'low', and a number from 0 to 1 is needed."),
        ("chr1\t77\tA\tG\t9\t1.5\n", "the p-value is '1.5', and a number from 0 to 1 is needed."),
        ("chr1\t77\tA\tG\t1\n", "found 5 columns, and the header has 6: separate columns by single tabs."),
    ],
)  # fmt: skip
def test_every_wrong_line_is_one_sentence(tmp_path, line, sentence):
    path = write(tmp_path / "v.tsv", row("chr1", 50, 1), line)
    refused(f"{path}, line 3: {sentence}", read_variants, path, SIZES)


def test_windows_are_centred_at_the_variant_with_the_reference_allele(tmp_path):
    genome = make_genome(tmp_path, SEQUENCES)
    path = write(tmp_path / "v.tsv", row("chr1", 500, 1), row("chr2", 11, 1e-6), row("chr2", 10, 1e-6))
    dataset = build_variant_dataset(genome, path, [], OPTIONS)
    # The window of position 10 would begin at -1.
    assert dataset.examples["name"].str.rsplit(":", n=1).str[0].tolist() == ["chr2:11", "chr1:500"]
    for example, feature in zip(dataset.examples.itertuples(), dataset.features.itertuples(), strict=True):
        assert (
            to_string(dataset.bases[example.example]) == SEQUENCES[example.chrom][example.start : example.end]
        )
        assert example.end - example.start == 21
        assert (feature.example, feature.start, feature.end) == (example.example, 10, 11)
        assert chr(dataset.bases[example.example, 10]) == feature.reference
        assert (
            feature.name
            == example.name
            == (f"{example.chrom}:{example.start + 10 + 1}:{feature.reference}>{feature.alternate}")
        )
    assert dataset.labels.shape == (2, 0)
    assert dataset.features["group"].tolist() == ["positive", "control"]
    assert list(dataset.features) == FEATURE_COLUMNS
    assert set(dataset.examples["split"]) == {"test"}


def test_only_variants_in_a_peak_of_any_file_are_kept(tmp_path):
    genome = make_genome(tmp_path, SEQUENCES)
    path = write(tmp_path / "v.tsv", *[row("chr1", position, 1) for position in range(100, 301)])
    peaks = [tmp_path / "one.bed", tmp_path / "other.bed"]
    peaks[0].write_text("chr1\t149\t160\nchr2\t200\t230\n")
    peaks[1].write_text("chr1\t155\t170\n")
    positions = build_variant_dataset(genome, path, peaks, OPTIONS).examples["start"] + 10 + 1
    assert positions.tolist() == list(range(150, 171))
    peaks[1].write_text("chr2\t1\t2\n")
    refused(
        f"{path}: no variant is left with a window of 21 bp on the genome and in the peaks: give a table and "
        "peaks of the genome's own assembly.",
        build_variant_dataset, genome, path, peaks[1:], OPTIONS,
    )  # fmt: skip


def mismatch(path, line, name, reference, found, count, hint):
    """Return the sentence about an allele that the genome does not have."""
    return (
        f"{path}, line {line}: the variant {name} has the reference allele {reference}, and the genome has "
        f"{found} there ({count} variants do not fit): {hint}."
    )


def test_alleles_that_are_not_the_genomes_are_refused_with_a_hint(tmp_path):
    genome = make_genome(tmp_path, SEQUENCES)
    found = base_at("chr1", 500)
    complement = {"A": "T", "C": "G", "G": "C", "T": "A"}
    cases = [
        (OTHER[found], found, "the alleles may be swapped"),
        (complement[found], OTHER[found], "the alleles may be those of the other strand"),
        (OTHER[found], complement[found], "the table may belong to another assembly"),
    ]
    for reference, alternate, hint in cases:
        rows = [row("chr1", 400, 1), row("chr1", 500, 1, reference, alternate)]
        path = write(tmp_path / "v.tsv", *rows)
        name = f"chr1:500:{reference}>{alternate}"
        sentence = mismatch(path, 3, name, reference, found, "1 of 2", hint)
        refused(sentence, build_variant_dataset, genome, path, [], OPTIONS)


def test_0_based_positions_are_recognised(tmp_path):
    genome = make_genome(tmp_path, SEQUENCES)
    right = [row("chr1", position, 1) for position in range(100, 200, 9)]
    shifted = [
        line.replace(f"\t{position}\t", f"\t{position - 1}\t")
        for line, position in zip(right, range(100, 200, 9), strict=True)
    ]
    assert len(build_variant_dataset(genome, write(tmp_path / "v.tsv", *right), [], OPTIONS).bases) == 12
    with pytest.raises(
        InputError, match=r": all fit one base further on, so the positions may be 0-based\.$"
    ):
        build_variant_dataset(genome, write(tmp_path / "v.tsv", *shifted), [], OPTIONS)


def test_n_at_the_variant_or_too_many_in_its_window_leaves_it_out(tmp_path):
    chr1 = list(SEQUENCES["chr1"])
    chr1[500 - 1] = chr1[520 - 1] = "N"
    genome = make_genome(tmp_path, SEQUENCES | {"chr1": "".join(chr1)})
    positions = [480, 491, 500, 515]
    path = write(tmp_path / "v.tsv", *[row("chr1", position, 1) for position in positions])

    def kept(share):
        examples = build_variant_dataset(genome, path, [], OPTIONS | {"max_n_fraction": share}).examples
        return (examples["start"] + 10 + 1).tolist()

    assert kept(0) == [480]
    assert kept(1 / 21) == [480, 491, 515]
    assert kept(1) == [480, 491, 515]


def vcf(path, *records):
    """Write a VCF file of (chrom, position, reference, alternates, info)."""
    lines = [
        f"{chrom}\t{position}\t.\t{reference}\t{alternates}\t.\tPASS\t{info}\n"
        for chrom, position, reference, alternates, info in records
    ]
    header = "##fileformat=VCFv4.2\n##INFO=<ID=P>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    return write(path, *lines, header=header)


def test_vcf_records_are_split_by_allele_and_indels_are_left_out(tmp_path, caplog):
    caplog.set_level("INFO")
    path = vcf(
        tmp_path / "v.vcf",
        ("chr1", 50, "A", "C,T", "P=1e-9,1;DP=3"),
        ("chr1", 20, "A", "G", "DP=3;P=1"),
        ("chr1", 60, "AT", "A", "P=1"),
        ("chr1", 70, "A", "<DEL>,g", "P=1e-6"),
    )
    variants = read_variants(path, SIZES, {"pvalue": "P"})
    expected = [
        ["chr1:20:A>G", "control", 5], ["chr1:50:A>C", "positive", 4], ["chr1:50:A>T", "control", 4],
        ["chr1:70:A>G", "positive", 7],
    ]  # fmt: skip
    assert variants[["name", "group", "line"]].to_numpy().tolist() == expected
    assert "4 records: 2 alleles that are not single bases are left out" in caplog.text
    everything = read_variants(path, SIZES, {"pvalue": None})
    assert everything["name"].tolist() == [name for name, *_ in expected]
    assert set(everything["group"]) == {"positive"}


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        (
            "DP=3",
            "INFO has no value for 'P', which the key 'pvalue' of columns names; it has 'DP': name one of "
            "them.",
        ),
        ("P=1,1,1", "INFO has 3 values for 'P', and one or 2 are needed, one for each alternate allele."),
        ("P=2", "the p-value is '2', and a number from 0 to 1 is needed."),
    ],
)
def test_wrong_vcf_records_are_named(tmp_path, info, sentence):
    path = vcf(tmp_path / "v.vcf", ("chr1", 50, "A", "C,T", info))
    refused(f"{path}, line 4: {sentence}", read_variants, path, SIZES, {"pvalue": "P"})


def test_a_table_without_a_header_has_numbered_columns(tmp_path):
    columns = {"chrom": 1, "position": 3, "reference": 5, "alternate": 4, "pvalue": 7}
    path = write(tmp_path / "v.txt", "chr1\t76\t77\tC\tG\tG\t5.90E-30\n", header="")
    assert read_variants(path, SIZES, columns)["name"].tolist() == ["chr1:77:G>C"]
    refused(
        f"{path}, line 1: found 7 tab-separated columns, and column 8 is needed.",
        read_variants, path, SIZES, columns | {"pvalue": 8},
    )  # fmt: skip
    with pytest.raises(InputError, match="give a name for each, or for a table without a header the number"):
        read_variants(path, SIZES, columns | {"pvalue": "p"})


@pytest.mark.parametrize("form", ["npy", "fasta"])
def test_an_array_of_sequences_makes_the_dataset_of_their_windows(tmp_path, form):
    """Windows of the genome, handed in as sequences in the order of the table, give the same examples."""
    genome = make_genome(tmp_path, SEQUENCES)
    rows = [row("chr1", 500, 1), row("chr2", 311, 1e-6), row("chr1", 120, 0.5), row("chr1", 70, 1e-9)]
    path = write(tmp_path / "v.tsv", *rows)
    whole = build_variant_dataset(genome, path, [], OPTIONS)
    places = [("chr1", 500), ("chr2", 311), ("chr1", 120), ("chr1", 70)]
    windows = [SEQUENCES[chrom][position - 11 : position + 10] for chrom, position in places]
    sequences = tmp_path / f"windows.{form}"
    if form == "npy":
        np.save(sequences, one_hot(np.array([list(window.encode()) for window in windows])))
    else:
        sequences.write_text("".join(f">w\n{window}\n" for window in windows))
    given = build_variant_array(sequences, path, OPTIONS)
    assert given.examples["name"].str.split(":").str[1].tolist() == ["500", "311", "70"]
    order = [whole.examples["name"].tolist().index(name) for name in given.examples["name"]]
    np.testing.assert_array_equal(given.bases, whole.bases[order])
    for table in ("examples", "features"):
        ours, theirs = getattr(given, table), getattr(whole, table).loc[order].reset_index(drop=True)
        columns = ours.columns.difference(["example", "feature"])
        pd.testing.assert_frame_equal(ours[columns], theirs[columns])


def test_an_array_must_have_a_row_for_each_variant_and_its_reference_allele(tmp_path):
    sequences = tmp_path / "windows.fa"
    sequences.write_text(">w\nAACAA\n>w\nAACAA\n")
    path = write(tmp_path / "v.tsv", "chr1\t77\tC\tG\t9\t1\n")
    refused(
        f"{path} has 1 variant, and {sequences} 2 sequences: give one sequence for each variant, in the "
        "same order.",
        build_variant_array, sequences, path, OPTIONS,
    )  # fmt: skip
    write(path, "chr1\t77\tC\tG\t9\t1\n", "chr1\t99\tG\tC\t9\t1\n")
    refused(
        f"{path}, line 3: the variant chr1:99:G>C has the reference allele G, and the sequence of "
        f"{sequences} has C there (1 of 2 variants do not fit): the alleles may be swapped.",
        build_variant_array, sequences, path, OPTIONS,
    )  # fmt: skip


@pytest.mark.skipif(not REAL.exists(), reason="the real data are not here")
def test_released_sequences_hold_the_bases_of_their_table():
    """Column 5 of the released table is the base at index 500; and all variants are kept."""
    columns = {"chrom": 1, "position": 3, "reference": 5, "alternate": 4, "pvalue": 7}
    folder = REAL / "published"
    dataset = build_variant_array(
        folder / "SPI1_bQTLs_centered_sequences.npy",
        folder / "SPI1_bQTLs_significant_only.txt",
        OPTIONS | {"columns": columns},
    )
    assert dataset.bases.shape == (123, 1000)
    assert (dataset.features["start"] == 500).all()
    assert set(dataset.features["group"]) == {"positive"}
    assert [chr(base) for base in dataset.bases[:, 500]] == dataset.features["reference"].tolist()
    assert set(dataset.features["alternate"]) <= set(BASES)


@pytest.mark.skipif(not REAL.exists(), reason="the real data are not here")
def test_real_variants_are_grouped_as_their_class_says():
    sizes = read_sizes(REAL / "hg19.chrom.sizes")
    for name in ("SPI1", "POU2F1"):
        table = pd.read_csv(REAL / "bqtl" / f"{name}.tsv", sep="\t")
        variants = read_variants(REAL / "bqtl" / f"{name}.tsv", sizes)
        classes = table["class"].to_numpy()[variants["line"] - 2]
        expected = np.where(classes == "sig", "positive", "control")
        np.testing.assert_array_equal(variants["group"], expected)
        assert len(variants) == (table["class"] != "mid").sum()


@pytest.mark.parametrize(
    ("pvalue", "missing", "meaning"),
    [(1e-9, "control", "from control_from"), (1, "positive", "below positive_below")],
)
def test_a_table_without_one_of_the_groups_says_so_when_the_dataset_is_built(
    tmp_path, caplog, pvalue, missing, meaning
):
    table = write(tmp_path / "v.tsv", row("chr1", 500, pvalue), row("chr1", 600, pvalue))
    build_variant_dataset(make_genome(tmp_path, SEQUENCES), table, [], OPTIONS)
    (record,) = (record for record in caplog.records if record.levelname == "WARNING")
    assert record.message == (
        f"{table} gives no {missing} variants: a comparison of positives with controls has nothing to "
        f"compare, and a condition group == '{missing}' selects nothing; a {missing} has a p-value {meaning}."
    )
    caplog.clear()
    without = OPTIONS | {"columns": {"pvalue": None}}
    build_variant_dataset(make_genome(tmp_path, SEQUENCES), table, [], without)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    both = write(tmp_path / "both.tsv", row("chr1", 500, 1e-9), row("chr1", 600, 1))
    caplog.clear()
    build_variant_dataset(make_genome(tmp_path, SEQUENCES), both, [], OPTIONS)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
