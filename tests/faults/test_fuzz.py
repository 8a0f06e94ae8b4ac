"""Every parser, on whatever bytes: a result that survives being written and read again, or one InputError.

DFIM_FUZZ is the number of inputs for each parser.
"""

import gzip
import os
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dfim.datasets.known_sites import read_sites
from dfim.datasets.peak_sources import peaks_from_counts
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.sequences import read_features
from dfim.datasets.values import read_table_of_values
from dfim.datasets.variants import COLUMNS, read_variants
from dfim.errors import InputError
from dfim.genomes.fasta import index_fasta, read_sizes, unpack_fasta
from dfim.genomes.intervals import read_peaks
from dfim.genomes.narrowpeak import read_narrowpeak, write_narrowpeak
from dfim.planted.grammar import read_grammar
from dfim.reads.fastq import find_fault
from dfim.reproduction.claims import read_claims
from dfim.sequences.bases import to_string
from dfim.sequences.matrices import read_matrices
from workflow.samples import read_sample_sheet
from workflow.schema import CONFIG_SCHEMA, ROOT, check
from workflow.sheets import read_tasks

SIZES = {"chr1": 1000, "chr2": 500}
INPUTS = int(os.environ.get("DFIM_FUZZ", "60"))


def sequences(path):
    names, bases = read_sequences(path)
    again = path.with_name("again.fa")
    again.write_text("".join(f">{n}\n{to_string(b)}\n" for n, b in zip(names, bases, strict=True)))
    found = read_sequences(again)
    assert found[0] == names
    np.testing.assert_array_equal(found[1], bases)
    return names, bases.tolist()


def peaks(path):
    table = read_peaks(path, SIZES)
    again = path.with_name("again.bed")
    table[["chrom", "start", "end"]].to_csv(again, sep="\t", header=False, index=False)
    pd.testing.assert_frame_equal(read_peaks(again, SIZES).iloc[:, :3], table.iloc[:, :3])
    return table


def narrowpeak(path):
    table = read_narrowpeak(path)
    again = path.with_name("again.narrowPeak.gz")
    write_narrowpeak(table, again)
    pd.testing.assert_frame_equal(read_narrowpeak(again), table)
    return table


def matrix(path):
    found = [one.tolist() for one in read_matrices(path).values()]
    for one in found:
        again = path.with_name("again.txt")
        np.savetxt(again, one, fmt="%.17g")
        (repeated,) = read_matrices(again).values()
        np.testing.assert_allclose(repeated, one, rtol=1e-12)
    return found


def genome(path):
    unpack_fasta(path, path.with_name("genome.fa"))
    index_fasta(path.with_name("genome.fa"), path.with_name("genome.fai"))
    return path.with_name("genome.fa").read_text()


def config(path):
    text = read_grammar(path)
    check(text, CONFIG_SCHEMA, str(path))
    return text


PLACES = pd.DataFrame({"chrom": ["chr1", "s"], "start": [0, 0], "end": [1000, 30]})
PEAK = "chr1\t10\t60\tp1\t500\t.\t3.5\t7.1\t5.2\t20\n"
# The parser, and a file that it takes; fuzzed files are pieces of it, spoilt, and anything else.
PARSERS = {
    "BED": (peaks, "chr1\t10\t60\nchr2\t5\t9\n"),
    "narrowPeak as peaks": (peaks, PEAK * 2),
    "narrowPeak": (narrowpeak, PEAK * 2),
    "sites": (lambda path: read_sites(path, SIZES), "chrom\tstart\tend\nchr1\t5\t9\n"),
    "features": (lambda path: read_features(path, PLACES, False), "chr1\t10\t16\tGATA\t0\t-\ns\t1\t4\tTAL\n"),
    "FASTA": (sequences, ">s one\nACGTN\nAC\n>t\nacgtacg\n"),
    "genome": (genome, ">chr1 x\nACGTN\nAC\n>chr2\nacgtacg\n"),
    "sizes": (read_sizes, "chr1\t1000\nchr2\t500\n"),
    "variant table": (
        lambda path: read_variants(path, SIZES),
        "\t".join(COLUMNS.values()) + "\nchr1\t10\tA\tC\t1e-6\n",
    ),
    "VCF": (
        lambda path: read_variants(path, SIZES),
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t9\t.\tA\tC,T\t.\t.\tpvalue=0.1\n",
    ),
    "values": (lambda path: read_table_of_values(path, {}), "sequence\tvalue\nACGT\t1.5\nACGA\t-2\n"),
    "counts": (
        lambda path: peaks_from_counts(path, ["a*"], 0.5),
        "Chr\tStart\tEnd\ta1\ta2\nchr1\t1\t9\t5\t6\nchr1\t20\t30\t0\t1\n",
    ),
    "matrix": (matrix, "MEME\n0.1 0.2 0.3 0.4\n1 0 0 0\n"),
    "FASTQ": (lambda path: find_fault([str(path)]), "@r1 1\nACGT\n+\nIIII\n@r2\nAC\n+\nII\n"),
    "tasks": (
        read_tasks,
        "task\tassay\tpeaks\nGATA1\tChIP-seq\ta.bed\nTAL1\tChIP-seq\tb.bed\n",
    ),
    "samples": (
        lambda path: read_sample_sheet(path).samples(),
        "task\treplicate\tassay\tends\tfastq_1\tsubsample\nK\ta\tATAC-seq\tsingle\ta.fq\t\n"
        "K\tb\tATAC-seq\tsingle\tb.fq\t\n",
    ),
    "claims": (
        read_claims,
        "- {section: a, claim: b, file: c.tsv, column: d, measure: mean, rule: above 1, stated: 3}\n",
    ),
    "config": (config, (ROOT / "tests/runs/config.yaml").read_text()),
}

TOKENS = [
    "\t", "\n", "\r\n", "chr1", "-1", "1e400", "nan", "inf", "9" * 20, "\0", "é", '"', "'", "#", ">", " ",
    "٣",    "+", "@", "<", "{", "[", ": ", "&a *a", "!!python/object/apply:os.system [x]", ",", ".",
]  # fmt: skip


@st.composite
def spoilt(draw, good: str) -> bytes:
    """Draw anything, or the good content with pieces cut out, doubled and put in; perhaps gzipped and cut."""
    if draw(st.integers(0, 9)) == 0:
        content = draw(st.binary(max_size=200))
    else:
        text = good
        for _ in range(draw(st.integers(0, 4))):
            one, other = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
            piece = draw(st.one_of(st.sampled_from(TOKENS), st.text(max_size=4), st.just(text[one:other])))
            text = text[:one] + piece + text[draw(st.sampled_from([one, min(one + 1, len(text)), other])) :]
        content = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 7)) == 0:
        content = gzip.compress(content)
        content = content[: draw(st.integers(2, len(content)))]
    return content


@pytest.mark.parametrize("name", PARSERS)
def test_anything_is_read_or_refused_in_one_sentence(name, tmp_path):
    parse, good = PARSERS[name]
    path, counts = tmp_path / "input", {"read": 0, "refused": 0}
    path.write_text(good)
    parse(path)

    @settings(
        max_examples=INPUTS,
        deadline=20_000,
        database=None,
        derandomize="DFIM_FUZZ" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(spoilt(good))
    def check(content):
        path.write_bytes(content)
        try:
            parse(path)
        except InputError as error:
            sentence = str(error)
            counts["refused"] += 1
        else:
            sentence = "read"
            counts["read"] += 1
        assert sentence.strip()
        assert "\n" not in sentence

    check()
    print(f"{name}: {counts['read']} read, {counts['refused']} refused")


def by_lines(change):
    """Return a mutation that changes every line that is neither empty nor a comment of two signs."""
    return lambda text: "".join(
        (change(line) if line.strip() and not line.startswith("##") else line) + "\n"
        for line in text.splitlines()
    )


# What programs do to a file without a change of what it says: parse equals that of the clean file. The second
# mutations hold for tables alone, whose columns are separated by tabs.
SAME = {
    "mark": lambda text: "\ufeff" + text,
    "CR LF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "no last end": lambda text: text.rstrip("\n"),
    "empty lines at the end": lambda text: text + "\n\n",
    "gzip in many members": lambda text: b"".join(gzip.compress(part.encode()) for part in ["", *text]),
}
SAME_TABLES = {
    "tabs at line ends": by_lines(lambda line: line + "\t"),
    "comments first": lambda text: "# a remark\n#\tanother\n" + text,
    "empty lines between": lambda text: text.replace("\n", "\n\n"),
}
TABLES = {
    "BED", "narrowPeak as peaks", "narrowPeak", "sites", "features", "variant table", "values", "counts",
}  # fmt: skip
# What cannot be read so, and says it in one sentence.
REFUSED = {
    ("genome", "CR"): "lines that end with CR alone",
    ("FASTQ", "CR"): "the file ends within a read",
    ("FASTQ", "empty lines at the end"): "a FASTQ record begins with '@'",
    ("sizes", "empty lines at the end"): "chromosome sizes need two tab-separated columns",
}


def same(found, clean) -> bool:
    if isinstance(clean, pd.DataFrame):
        return clean.drop(columns="line", errors="ignore").equals(found.drop(columns="line", errors="ignore"))
    if isinstance(clean, tuple):
        return all(map(same, found, clean))
    if isinstance(clean, dict) and clean and isinstance(next(iter(clean.values())), np.ndarray):
        return all(np.array_equal(found[name], clean[name]) for name in clean)
    return np.array_equal(found, clean) if isinstance(clean, np.ndarray) else found == clean


MUTATED = [(name, mutation) for name in PARSERS for mutation in SAME]
MUTATED += [(name, mutation) for name in sorted(TABLES) for mutation in SAME_TABLES]


@pytest.mark.parametrize(("name", "mutation"), MUTATED)
def test_what_programs_do_to_a_file_changes_nothing_of_what_it_says(name, mutation, tmp_path):
    parse, good = PARSERS[name]
    path = tmp_path / "input"
    path.write_text(good, "utf-8")
    clean = parse(path)
    changed = (SAME | SAME_TABLES)[mutation](good)
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    if (name, mutation) in REFUSED:
        with pytest.raises(InputError, match=REFUSED[name, mutation]):
            parse(path)
        return
    assert same(parse(path), clean)


# More columns, rows twice and names of digits: what each parser makes of them, its rows or a sentence.
CHANGED = {
    "more columns": by_lines(lambda line: line + "\tmore\tcolumns"),
    "rows twice": lambda text: text + text.splitlines()[-1] + "\n",
    "names of digits": lambda text: re.sub(
        "chr1|chr2|GATA1|GATA|TAL1", lambda name: str(len(name[0])) + "e5", text
    ),
}


@pytest.mark.parametrize("name", sorted(TABLES | {"tasks", "samples", "VCF", "sizes"}))
@pytest.mark.parametrize("mutation", CHANGED)
def test_what_changes_a_table_is_read_or_refused_with_its_line(name, mutation, tmp_path):
    parse, good = PARSERS[name]
    path = tmp_path / "input"
    path.write_text(good)
    clean = parse(path)
    path.write_text(CHANGED[mutation](good))
    sentence = ""
    try:
        found = parse(path)
    except InputError as error:
        sentence = str(error)
    if sentence:
        assert "\n" not in sentence
        assert sentence.startswith(str(path))
        assert "line" in sentence or "column" in sentence
    elif mutation == "more columns":
        assert same(found, clean)
    elif mutation == "rows twice" and isinstance(clean, pd.DataFrame):
        pd.testing.assert_frame_equal(
            found.drop_duplicates(ignore_index=True), clean.drop_duplicates(ignore_index=True)
        )
