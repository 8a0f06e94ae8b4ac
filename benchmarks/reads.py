"""What the steps from FASTQ files to peaks take, at several sizes of reads and of the genome.

    python benchmarks/reads.py hg19.fa.gz covered.bed --into /tmp/reads > docs/benchmarks/reads.tsv

Takes the intervals of a BED file out of a genome as the chromosomes of smaller ones, draws paired reads of 50 bp
from it, two fifths of them in open regions, and runs the workflow with one core: on one replicate, in the last case on
two and to the end. Prints, for each case and rule, the processor time, the memory and the bytes written of its
largest job.
"""

import argparse
import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import yaml

ROOT = Path(__file__).resolve().parents[1]
# Millions of bases of the genome, and of pairs of each replicate.
CASES = [(10, 0.03), (20, 0.03), (40, 0.015), (40, 0.03), (40, 0.06)]
# Millions of pairs whose alignments are made up, for the steps after the aligner, which takes most of the time.
ALIGNED = [0.1, 0.2, 0.4]
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
    "pool_tags": "tags/pooled.tagAlign.gz",
    "split_tags": "tags/1.pr?.tagAlign.gz",
    "call_peaks": "peaks/1.narrowPeak.gz",
    "compare_libraries": "reproducible/pooled.pr1_vs_pooled.pr2.narrowPeak.gz",
    "select_peaks": "peaks.narrowPeak.gz",
    "measure_quality": "distributions.tsv.gz",
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
    """Return chromosomes, starts there, starts in the whole genome and sizes of fragments, two fifths in open regions."""
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
    path.parent.mkdir(parents=True)
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


def run_case(folder: Path, genome: list[np.ndarray], pairs: int, whole: bool, aligned: bool = False) -> None:
    """Run the workflow from FASTQ files, or from alignments, to the peaks of one replicate, or of a whole task."""
    rows = ["task\treplicate\tassay\tends\tfastq_1\tfastq_2"]
    for replicate in (1, 2):
        paths = [folder / f"{replicate}_R{end}.fastq.gz" for end in (1, 2)]
        write_reads(genome, 100 if aligned and replicate == 2 else pairs, replicate, paths)
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
    targets = [f"{folders}/quality.tsv"] if whole else targets
    if aligned:
        write_bam(genome, pairs, folder / folders / "aligned/1.bam")
        later = "prepare_genome trim_reads filter_reads make_tags split_tags call_peaks".split()
        command += ["--allowed-rules", *later]
        targets.append(f"{folders}/trimmed/1.1.tsv")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with open(folder / "run.log", "w") as log:
        subprocess.run(
            [*command, "--", *targets],
            cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=True, env={**os.environ, "PATH": path},
        )  # fmt: skip


def measured(folder: Path) -> list[dict]:
    """Return what the largest job of each rule took, from Snakemake's benchmarks, and what it wrote."""
    rows = []
    for rule, pattern in WRITTEN.items():
        found = [
            pd.read_csv(path, sep="\t") for path in (folder / "results/benchmarks" / rule).rglob("*.tsv")
        ]
        if not found:
            continue
        table = pd.concat(found).apply(pd.to_numeric, errors="coerce")
        written = sum(path.stat().st_size for path in (folder / "results/reads/atac/cells").glob(pattern))
        row = {"rule": rule, "seconds": table["cpu_time"].max(), "wall": table["s"].max()}
        rows.append(row | {"memory_mb": table["max_rss"].max(), "written_mb": round(written / 1e6, 2)})
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("fasta", type=Path)
    parser.add_argument("bed", type=Path)
    parser.add_argument(
        "--into", type=Path, required=True, help="an empty folder for genomes, reads and results"
    )
    options = parser.parse_args()
    pieces = read_intervals(options.fasta, options.bed)
    rows = []
    cases = [(20, pairs, True) for pairs in ALIGNED] + [(*case, False) for case in CASES]
    for millions, pairs, aligned in cases:
        folder = options.into.resolve() / f"{millions}_{pairs}_{aligned}"
        folder.mkdir(parents=True)
        genome = write_genome(pieces, millions * 1e6, folder / "genome.fa")
        run_case(folder, genome, int(pairs * 1e6), (millions, pairs) == CASES[-1], aligned)
        sizes = {"genome_mb": round(sum(map(len, genome)) / 1e6, 1), "million_pairs": pairs}
        rows += [sizes | row for row in measured(folder)]
    pd.DataFrame(rows).to_csv(sys.stdout, sep="\t", index=False)
