"""Peak memory and time of building a dataset of peaks, against the number of its windows.

    python benchmarks/dataset_memory.py docs/benchmarks/dataset_memory.tsv

A genome of random letters and the peaks of 18 tasks are made first; the windows, 1 kb each, are the union of
the peaks, as in the paper's analysis C. Each size is built and written in a process of its own, with all that
the rule ``build_peak_dataset`` does, bedtools included. With patterns, the sites of GATA and CA**TG become
features, as in analysis B.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from dfim.datasets.dataset import write_dataset
from dfim.datasets.peaks import build_peak_dataset
from dfim.genomes.fasta import Genome, index_fasta, read_sizes, wrapped_fasta, write_sizes

SIZES = (75_000, 150_000, 300_000, 600_000)
TASKS = 18
# In bp: windows of neighbouring peaks do not overlap, so that each peak of the union has one.
SPACING = 2500
CHROMOSOMES = [f"chr{number}" for number in range(1, 23)]
PATTERNS = {"GATA1": "GATA", "TAL1": "CA**TG"}
OPTIONS = {
    "examples": "union", "window": 1000, "max_n_fraction": 0.0, "test_chromosomes": ["chr8", "chr9"],
    "validation_fraction": 0.1, "validation_block": 1_000_000, "patterns": {}, "strands": "+",
}  # fmt: skip
LIMIT_GIB = 8


def make_genome(folder: Path, windows: int) -> None:
    """Write a genome of random letters, its index and its sizes, with room for so many windows."""
    length = SPACING * -(-windows // len(CHROMOSOMES))
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    parts = ((f">{name}".encode(), letters[rng.integers(4, size=length)].tobytes()) for name in CHROMOSOMES)
    with open(folder / "genome.fa", "wb") as out:
        out.writelines(wrapped_fasta(parts))
    write_sizes(index_fasta(folder / "genome.fa", folder / "genome.fai"), folder / "genome.sizes")


def make_peaks(folder: Path, windows: int) -> dict[str, str]:
    """Write narrowPeak files whose union has so many regions, spread over the genome; return them by task."""
    rng = np.random.default_rng(1)
    place = np.arange(windows)
    chroms = np.array(CHROMOSOMES)[place % len(CHROMOSOMES)]
    starts = SPACING * (place // len(CHROMOSOMES)) + rng.integers(600, 1400, windows)
    widths = rng.integers(150, 500, windows)
    has = rng.random((windows, TASKS)) < 0.25
    has[place, rng.integers(TASKS, size=windows)] = True
    files = {}
    for task, rows in enumerate(has.T):
        table = pd.DataFrame({"chrom": chroms[rows], "start": starts[rows], "end": (starts + widths)[rows]})
        table = table.assign(name=".", score=0, strand=".", signal=1.0, p=-1, q=-1, summit=widths[rows] // 2)
        files[f"task_{task}"] = str(folder / f"task_{task}.narrowPeak")
        table.to_csv(files[f"task_{task}"], sep="\t", header=False, index=False)
    return files


def build(folder: Path, windows: int, patterns: bool) -> dict:
    """Build and write a dataset of so many windows in this process; return what it took."""
    peaks = make_peaks(folder, windows)
    genome = Genome(folder / "genome.fa", folder / "genome.fai", read_sizes(folder / "genome.sizes"))
    before, begin = _processor_seconds(), time.monotonic()
    options = OPTIONS | {"patterns": PATTERNS if patterns else {}}
    dataset = build_peak_dataset(genome, peaks, None, options, seed=0)
    write_dataset(dataset, folder)
    return {
        "windows": len(dataset.bases),
        "features": len(dataset.features),
        "seconds": time.monotonic() - begin,
        "processor_seconds": _processor_seconds() - before,
    }


def _processor_seconds() -> float:
    """Return the time on processors of this process and of the programs that it called."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _run(command: list[str]) -> tuple[str, int]:
    """Run a program; return what it prints, and the most bytes that it and its children had in memory.

    Looked at twenty times a second: a process cannot tell its own peak (that of the one which started it
    counts as its own, after a vfork), nor that of all of them together.
    """
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            time.sleep(0.05)
            peak = max(peak, _resident(process.pid))
        printed = process.stdout.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed")
    return printed, peak


def _resident(pid: int) -> int:
    """Return the bytes of memory of a process and its children; 0 when it has ended."""
    try:
        process = psutil.Process(pid)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def dataset_memory(sizes=SIZES) -> pd.DataFrame:
    """Return one row per number of windows, at the largest with patterns too: what building took.

    Columns ``patterns`` (1 or 0), ``windows``, ``features``, ``seconds``, ``processor_seconds`` (bedtools
    included), ``peak_gib`` (resident memory, bedtools included), ``microseconds_per_window`` (of processor
    time).
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        make_genome(Path(folder), max(sizes))
        # The features of patterns are measured at the largest size alone.
        for patterns, windows in [*((0, each) for each in sizes), (1, max(sizes))]:
            command = [sys.executable, __file__, "--build", folder, str(windows), str(patterns)]
            printed, peak = _run(command)
            rows.append({"patterns": patterns, **json.loads(printed), "peak_gib": peak / 2**30})
            print(rows[-1], file=sys.stderr)
    table = pd.DataFrame(rows)
    return table.assign(microseconds_per_window=table["processor_seconds"] / table["windows"] * 1e6)


def main():
    """Build one dataset, or measure all sizes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", nargs="?", help="TSV to write")
    parser.add_argument("--build", nargs=3, metavar=("FOLDER", "WINDOWS", "PATTERNS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        folder, windows, patterns = arguments.build
        print(json.dumps(build(Path(folder), int(windows), patterns == "1")))
        return
    table = dataset_memory()
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    if (largest := table["peak_gib"].max()) > LIMIT_GIB:
        print(f"the peak of {largest:.1f} GiB is above {LIMIT_GIB} GiB")
    if arguments.table:
        table.to_csv(arguments.table, sep="\t", index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
