"""What the steps from FASTQ files to peaks take, from the reads of a library and the bp of the genome.

The rates were measured on one core at three sizes of the genome and three numbers of reads
(``docs/benchmarks/reads.tsv``, made by ``benchmarks/reads.py``); docs/cluster.md has them beside these functions.
"""

from collections.abc import Callable, Iterator, Mapping

from workflow.costs import PLAIN, Demand
from workflow.reads_sizes import LibrarySize, ReadSizes, fastq_mb
from workflow.replicates import comparisons_of
from workflow.samples import POOLED

# Bytes a read: of an alignment (BAM, up to 4 places), of one that is kept, and of a tag.
_BAM, _MARKED, _TAG = 95.0, 60.0, 11.0
_PEAKS = 300_000  # of a library, the most that are kept
# MB that samtools sorts with, of the rule filter_reads: threads × sort_mb, twice (names, then places).
_SORT_MB = 2 * 4 * 800


def _replicate(wildcards: Mapping, sizes) -> tuple[LibrarySize, float]:
    """Return the size of the library that a job works on, and the bp of its genome."""
    reads: ReadSizes = sizes.reads
    name = wildcards.get("replicate") or wildcards.get("library") or POOLED
    library = reads.library(wildcards["reads"], wildcards["task"], name)
    return library, reads.genome_of(wildcards["reads"])


def fetch_reads(wildcards, sizes) -> Demand:
    library, _ = _replicate(wildcards, sizes)
    seconds = 2 + library.fetched_mb / 60  # checksums and reading to the end; the network takes longer
    return Demand(seconds, 100, passing=library.fetched_mb, download=library.fetched_mb)


def trim_reads(wildcards, sizes) -> Demand:
    """A lane; its files and what is trimmed lie side by side."""
    library, _ = _replicate(wildcards, sizes)
    reads = library.reads / library.lanes
    written = 1.3 * fastq_mb(reads, library.length)  # packed less tightly
    return Demand(5 + 9e-6 * reads, 250, 0.1, passing=library.fetched_mb + written * library.lanes)


def index_genome(wildcards, sizes) -> Demand:
    genome = sizes.reads.genome(wildcards["genome"])
    return Demand(2 + 6e-7 * genome, 50 + 2e-6 * genome, 1.4e-6 * genome)


def align_reads(wildcards, sizes) -> Demand:
    library, genome = _replicate(wildcards, sizes)
    trimmed = 1.3 * fastq_mb(library.reads, library.length)
    seconds = 5 + 2.4e-4 * library.reads
    return Demand(seconds, 150 + 1.2e-6 * genome, 0.1, passing=trimmed + _BAM * library.reads / 1e6)


def filter_reads(wildcards, sizes) -> Demand:
    library, _ = _replicate(wildcards, sizes)
    bam, marked = _BAM * library.reads / 1e6, _MARKED * library.reads / 1e6
    kept = marked if sizes.config["keep_alignments"] else 0.0
    memory = 50 + min(_SORT_MB, 3e-4 * library.reads)
    return Demand(3 + 1.6e-5 * library.reads, memory, kept, passing=bam + 3 * marked)


def make_tags(wildcards, sizes) -> Demand:
    library, _ = _replicate(wildcards, sizes)
    seconds = PLAIN[0] + 1.4e-5 * library.reads
    return Demand(
        seconds,
        PLAIN[1] + 2e-5 * library.reads,
        _TAG * library.tags / 1e6,
        passing=_MARKED * library.reads / 1e6,
    )


def pool_tags(wildcards, sizes) -> Demand:
    library, _ = _replicate(wildcards, sizes)
    return Demand(0.5 + 1e-8 * library.tags, 20, passing=_TAG * library.tags / 1e6)


def split_tags(wildcards, sizes) -> Demand:
    library, _ = _replicate(wildcards, sizes)
    return Demand(
        PLAIN[0] + 4e-6 * library.tags, PLAIN[1] + 2e-5 * library.tags, passing=_TAG * library.tags / 1e6
    )


def call_peaks(wildcards, sizes) -> Demand:
    library, genome = _replicate(wildcards, sizes)
    seconds = PLAIN[0] + 8e-6 * library.tags + 2e-8 * genome
    return Demand(seconds, PLAIN[1] + 1e-4 * library.tags, 1e-4 * _PEAKS)


def _of_peaks(seconds: float, memory: float) -> Callable[[Mapping, object], Demand]:
    return lambda wildcards, sizes: Demand(seconds, memory, 1e-4 * _PEAKS / 3)


def measure_quality(wildcards, sizes) -> Demand:
    """All tags of a task, one replicate after the other."""
    reads: ReadSizes = sizes.reads
    names = reads.replicates(wildcards["reads"], wildcards["task"])
    tags = [reads.library(wildcards["reads"], wildcards["task"], name).tags for name in names]
    return Demand(PLAIN[0] + 5e-6 * sum(tags), PLAIN[1] + 2e-5 * max(tags), 0.1)


RULES: dict[str, Callable[[Mapping, object], Demand]] = {
    "fetch_reads": fetch_reads,
    "trim_reads": trim_reads,
    "index_genome": index_genome,
    "align_reads": align_reads,
    "filter_reads": filter_reads,
    "make_tags": make_tags,
    "pool_tags": pool_tags,
    "split_tags": split_tags,
    "call_peaks": call_peaks,
    "compare_libraries": _of_peaks(60, 1200),
    "select_peaks": _of_peaks(20, 600),
    "measure_quality": measure_quality,
    "plot_quality": lambda wildcards, sizes: Demand(4, 250, 0.5),
}


def library_names(replicates: list[str]) -> list[str]:
    """Return the libraries whose peaks are called: replicates, all together, and the halves of each."""
    return [name + half for name in (*replicates, POOLED) for half in ("", ".pr1", ".pr2")]


def planned_jobs(sizes: ReadSizes) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield rule and wildcards of every job from reads to peaks, expected ones while accessions are not resolved."""
    for genome in sorted({sizes.config["reads"][reads]["genome"] for reads in sizes.samples}):
        yield "index_genome", {"genome": genome}
    for reads in sizes.samples:
        for task, replicates in sizes.lanes(reads).items():
            one = {"reads": reads, "task": task}
            for replicate, lanes in replicates.items():
                library = {**one, "replicate": replicate}
                if any(lane.get("accession") for lane in lanes):
                    yield "fetch_reads", library
                for lane in range(1, len(lanes) + 1):
                    yield "trim_reads", {**library, "lane": str(lane)}
                for rule in ("align_reads", "filter_reads", "make_tags", "split_tags"):
                    yield rule, library
            yield "pool_tags", one
            yield "split_tags", {**one, "replicate": POOLED}
            for name in library_names(list(replicates)):
                yield "call_peaks", {**one, "library": name}
            for name in comparisons_of(list(replicates)):
                yield (
                    "compare_libraries",
                    {**one, **dict(zip(("first", "second"), name.split("_vs_"), strict=True))},
                )
            for rule in ("select_peaks", "measure_quality", "plot_quality"):
                yield rule, one
