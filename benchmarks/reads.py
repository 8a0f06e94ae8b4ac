"""What the steps from FASTQ files to peaks take, at several sizes of reads and of the genome.

    python benchmarks/reads.py hg19.fa.gz covered.bed --into /tmp/reads > docs/benchmarks/reads.tsv

Takes the intervals of a BED file out of a genome as the chromosomes of smaller ones, draws paired reads of
50 bp from it, two fifths of them in open regions, and runs the workflow with one core on one replicate. The
steps after the aligner, which takes most of the time, are run by themselves on more alignments, made up.
Prints processor time, memory and bytes written, a row for each case and rule.
"""

import argparse
import gzip
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from resources import took  # noqa: E402

from dfim.reads.calling import call_peaks  # noqa: E402
from dfim.reads.tagalign import TN5_SHIFT, count_library, sample, stream, write_tags  # noqa: E402

# Millions of bases of the genome, and of pairs of each replicate.
CASES = [(10, 0.03), (20, 0.03), (40, 0.015), (40, 0.03), (40, 0.06)]
# Millions of pairs of the alignments that are made up, on 20 Mb.
ALIGNED = [0.05, 0.1, 0.2]
LENGTH = 50
_COMPLEMENT = np.zeros(256, dtype=np.uint8)
_COMPLEMENT[list(b"ACGTN")] = list(b"TGCAN")
# Files that a rule writes, below the folder of a task.
WRITTEN = {
    "trim_reads": "trimmed/1.1_R?.fastq.gz",
    "index_genome": "../../../genomes/small.bowtie2/*",
    "align_reads": "aligned/1.bam",
    "filter_reads": "aligned/1.*d.bam",
    "make_tags": "tags/1.tagAlign.gz",
    "split_tags": "tags/1.pr?.tagAlign.gz",
    "call_peaks": "peaks/1.narrowPeak.gz",
}


def read_intervals(fasta: Path, bed: Path) -> list[np.ndarray]:
    """Return the sequences of the intervals of a BED file sorted by chromosome, as bytes in upper case."""
    intervals = pd.read_csv(bed, sep="\t", header=None, usecols=[0, 1, 2], names=["chrom", "start", "end"])
    found, wanted = [], dict(list(intervals.groupby("chrom")))
    for record in pysam.FastxFile(str(fasta)):
        for row in wanted[record.name].itertuples() if record.name in wanted else ():
            piece = record.sequence[row.start : row.end].upper().encode()
            found.append(np.frombuffer(piece, dtype=np.uint8))
    return found


def write_genome(pieces: list[np.ndarray], bases: float, path: Path) -> list[np.ndarray]:
    """Write as many pieces as make a number of bases, as chromosomes of one genome; return them."""
    order = np.random.default_rng(0).permutation(len(pieces))
    kept, total = [], 0
    with open(path, "wb") as out:
        for number in order:
            if total >= bases:
                break
            kept.append(pieces[number])
            total += len(pieces[number])
            out.write(b">chr%d\n%s\n" % (len(kept), pieces[number].tobytes()))
    return kept


def draw_fragments(genome: list[np.ndarray], pairs: int, draw: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return chromosomes, starts there, starts in the whole genome and sizes of fragments, two fifths in
    open regions.
    """
    whole = np.concatenate(genome)
    edges = np.cumsum([0, *map(len, genome)])
    centres = np.random.default_rng(1).integers(1000, len(whole) - 1000, size=len(whole) // 12_000)
    size = draw.integers(60, 400, size=pairs)
    start = draw.integers(0, len(whole) - 500, size=pairs)
    opened = draw.random(pairs) < 0.4
    start[opened] = draw.choice(centres, size=opened.sum()) + draw.integers(-150, 150, size=opened.sum())
    inside = np.searchsorted(edges, start, side="right") == np.searchsorted(edges, start + size, side="right")
    start, size = start[inside], size[inside]
    chrom = np.searchsorted(edges, start, side="right") - 1
    return chrom, start - edges[chrom], start, size


def write_bam(genome: list[np.ndarray], pairs: int, path: Path) -> None:
    """Write alignments of pairs as an aligner does: mates side by side, in no order."""
    chroms, starts, _, sizes = draw_fragments(genome, pairs, np.random.default_rng(3))
    references = [{"SN": f"chr{number}", "LN": len(piece)} for number, piece in enumerate(genome, start=1)]
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": references})
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for number, (chrom, start, size) in enumerate(zip(chroms, starts, sizes, strict=True)):
            last = start + size - LENGTH
            for flag, here, there, length in ((99, start, last, size), (147, last, start, -size)):
                bases = genome[chrom][max(0, here) : max(0, here) + LENGTH].tobytes().decode()
                read = pysam.AlignedSegment(header)
                read.query_name, read.flag, read.mapping_quality = f"r{number}", flag, 42
                read.reference_id = read.next_reference_id = int(chrom)
                read.reference_start, read.next_reference_start = max(0, int(here)), max(0, int(there))
                read.template_length, read.cigartuples = int(length), [(0, len(bases))]
                read.query_sequence = bases
                read.query_qualities = pysam.qualitystring_to_array("F" * len(bases))
                out.write(read)


def write_reads(genome: list[np.ndarray], pairs: int, seed: int, paths: list[Path]) -> None:
    """Write pairs of reads of random fragments."""
    whole, draw = np.concatenate(genome), np.random.default_rng(seed)
    _, _, start, size = draw_fragments(genome, pairs, draw)
    steps = np.arange(LENGTH)
    ends = [whole[start[:, None] + steps], _COMPLEMENT[whole[(start + size - 1)[:, None] - steps]]]
    letters = np.frombuffer(b"#-7F", dtype=np.uint8)
    for path, reads in zip(paths, ends, strict=True):
        qualities = draw.choice(letters, size=reads.shape, p=[0.02, 0.05, 0.13, 0.8])
        with gzip.open(path, "wb", compresslevel=6) as out:
            for number, (read, quality) in enumerate(zip(reads, qualities, strict=True)):
                out.write(b"@r%d\n%s\n+\n%s\n" % (number, read.tobytes(), quality.tobytes()))


def run_case(folder: Path, genome: list[np.ndarray], pairs: int) -> None:
    """Run the workflow from FASTQ files to the peaks of one replicate."""
    rows = ["task\treplicate\tassay\tends\tfastq_1\tfastq_2"]
    for replicate in (1, 2):
        paths = [folder / f"{replicate}_R{end}.fastq.gz" for end in (1, 2)]
        write_reads(genome, pairs if replicate == 1 else 100, replicate, paths)
        rows.append("\t".join(["cells", str(replicate), "ATAC-seq", "paired", *map(str, paths)]))
    (folder / "samples.tsv").write_text("\n".join([*rows, ""]))
    (folder / "tasks.tsv").write_text("task\tassay\tpeaks\treads\ncells\tATAC-seq\t\tatac\n")
    config = yaml.safe_load((ROOT / "config/reads.yaml").read_text())
    config |= {
        "genomes": {"small": {"fasta": str(folder / "genome.fa")}},
        "simulated_reads": {},
        "results": "results",
    }
    config["reads"] = {
        "atac": {"samples": str(folder / "samples.tsv"), "genome": "small", "reproducibility": "idr"}
    }
    config["datasets"]["accessibility"]["peaks"]["tasks"] = str(folder / "tasks.tsv")
    config["analyses"]["gata_ap1"] |= {"tasks": ["cells"], "examples": {"positive_for": ["cells"]}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    command += ["--notemp", "--configfile", "config.yaml"]
    folders = "results/reads/atac/cells"
    targets = [f"{folders}/peaks/1.narrowPeak.gz", f"{folders}/tags/1.pr1.tagAlign.gz"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with open(folder / "run.log", "w") as log:
        subprocess.run(
            [*command, "--", *targets],
            cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=True, env={**os.environ, "PATH": path},
        )  # fmt: skip


def measured(folder: Path) -> list[dict]:
    """Return what the largest job of each rule took, and what it wrote.

    Scripts say in their logs what they took; of other programs there are Snakemake's benchmarks.
    """
    rows = []
    for rule, pattern in WRITTEN.items():
        results = folder / "results"
        logs = filter(None, map(took, (results / "logs" / rule).rglob("*.log")))
        samples = [pd.read_csv(path, sep="\t") for path in (results / "benchmarks" / rule).rglob("*.tsv")]
        names = {"cpu_time": "seconds", "max_rss": "memory"}
        found = [pd.DataFrame(list(logs)), *(table.rename(columns=names) for table in samples)]
        table = pd.concat(found)
        if table.empty:
            continue
        table = table[["seconds", "memory"]].apply(pd.to_numeric, errors="coerce")
        written = sum(path.stat().st_size for path in (folder / "results/reads/atac/cells").glob(pattern))
        row = {"rule": rule, "seconds": table["seconds"].max(), "memory_mb": round(table["memory"].max())}
        rows.append(row | {"written_mb": round(written / 1e6, 2)})
    return rows


def _used() -> tuple[float, float]:
    """Return processor time in seconds and the largest memory in MB of this process and its children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usages), max(one.ru_maxrss for one in usages) / 1024


def later_steps(folder: Path, genome: list[np.ndarray]) -> Iterator[dict]:
    """Yield what filtering, tags and peaks of the alignments of a folder take; commands as rules/reads.smk
    has them.
    """
    sizes = {f"chr{number}": len(piece) for number, piece in enumerate(genome, start=1)}
    filtering = (
        "samtools view -u -F 1804 -f 2 -q 30 1.bam | samtools sort -n -u -m 800M -T names - "
        "| samtools fixmate -m -r -u - - | samtools view -u -F 1804 -f 2 - | samtools sort -u -m 800M -T "
        "sorted - "
        "| samtools markdup -T markdup - marked.bam; samtools view -b -F 1804 -o filtered.bam marked.bam"
    )
    marked, tags = folder / "marked.bam", folder / "1.tagAlign.gz"

    def make_tags():
        kept = count_library(marked, True, ["chrM"]).kept
        chosen = sample(kept, None, stream(1, "benchmark"))
        write_tags(marked, tags, True, ["chrM"], TN5_SHIFT, chosen)

    steps = {
        "filter_reads": (lambda: subprocess.run(filtering, shell=True, check=True, cwd=folder), marked),
        "make_tags": (make_tags, tags),
        "call_peaks": (lambda: call_peaks(tags, sizes, sum(sizes.values()), 0.01, 150, 300_000), None),
    }
    for rule, (run, written) in steps.items():
        before, _ = _used()
        run()
        seconds, memory = _used()
        found = {"rule": rule, "seconds": round(seconds - before, 2), "memory_mb": round(memory)}
        yield found | {"written_mb": round(written.stat().st_size / 1e6, 2) if written else 0.0}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("fasta", type=Path)
    parser.add_argument("bed", type=Path)
    parser.add_argument("--into", type=Path, required=True, help="an empty folder for what is made")
    options = parser.parse_args()
    pieces = read_intervals(options.fasta, options.bed)
    rows = []
    for pairs in ALIGNED:
        folder = options.into.resolve() / f"aligned_{pairs}"
        folder.mkdir(parents=True)
        genome = write_genome(pieces, 20e6, folder / "genome.fa")
        write_bam(genome, int(pairs * 1e6), folder / "1.bam")
        rows += [{"genome_mb": 20, "million_pairs": pairs} | row for row in later_steps(folder, genome)]
    for millions, pairs in CASES:
        folder = options.into.resolve() / f"{millions}_{pairs}"
        folder.mkdir(parents=True)
        run_case(folder, write_genome(pieces, millions * 1e6, folder / "genome.fa"), int(pairs * 1e6))
        rows += [{"genome_mb": millions, "million_pairs": pairs} | row for row in measured(folder)]
    pd.DataFrame(rows).to_csv(sys.stdout, sep="\t", index=False)
