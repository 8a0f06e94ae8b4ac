"""How many reads the libraries of a configuration have: from locks and files where they are there, else expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dfim.errors import InputError
from workflow.samples import POOLED, SampleSheet, Unresolved

# What is taken for a replicate of which nothing is said: reads (mates counted apart), and their length in bp.
ASSUMED = {"reads": 50_000_000, "length": 50, "ends": "paired", "replicates": 2}
# Bytes of a compressed FASTQ file for each read, beyond those of its bases.
_NAME_BYTES, _BASE_BYTES = 8, 0.45
# Of a genome that is not there: that of the assembly, of a planted one, and of any other.
_GENOMES = {"planted": 5e6, "": 3.1e9}
# Of the reads, so many are left by the filters.
KEPT = 0.7


@dataclass(frozen=True)
class LibrarySize:
    """Reads (mates counted apart), bp of each, MB of FASTQ files that are fetched, lanes, and tags that are kept."""

    reads: float
    length: float
    fetched_mb: float
    lanes: int
    tags: float


def fastq_mb(reads: float, length: float) -> float:
    """Return the MB of compressed FASTQ files."""
    return reads * (_NAME_BYTES + _BASE_BYTES * length) / 1e6


def library_size(lanes: list[dict], expected: Mapping, times: int = 1) -> LibrarySize:
    """Return the size of a replicate from its rows of a sheet, each a lane; ``expected`` where they do not say."""
    length = next((row["read_length"] for row in lanes if row.get("read_length")), expected["length"])
    reads = [row.get("reads") or expected["reads"] / len(lanes) for row in lanes]
    fetched = [
        (row.get("bytes_1", 0) + row.get("bytes_2", 0)) / 1e6 or fastq_mb(number, length)
        for row, number in zip(lanes, reads, strict=True)
        if row.get("accession") or "://" in row.get("fastq_1", "")
    ]
    total = times * sum(reads)
    drawn = int(lanes[0].get("subsample") or 0) or total
    return LibrarySize(total, length, times * sum(fetched), len(lanes), min(drawn, KEPT * total))


def expected_lanes(sheet: SampleSheet, expected: Mapping) -> dict[str, dict[str, list[dict]]]:
    """Return rows by task and replicate as they are expected of a sheet whose accessions are not resolved.

    A row is a lane; one that names no replicate is as many replicates as are expected of it.
    """
    tasks: dict[str, dict[str, list[dict]]] = {}
    for number, (_, row) in enumerate(sheet.rows):
        names = (
            [row["replicate"]]
            if row["replicate"]
            else [f"{number}r{n}" for n in range(expected["replicates"])]
        )
        row = {**row, "ends": row["ends"] or expected["ends"], "reads": row.get("reads") or expected["reads"]}
        for name in names:
            tasks.setdefault(row["task"], {}).setdefault(name, []).append(row)
    return tasks


def lanes_of(tasks: Mapping, expected: Mapping) -> dict[str, dict[str, list[dict]]]:
    """Return the rows of a set of reads by task and replicate; as they are expected while they are not resolved."""
    try:
        return dict(tasks)
    except Unresolved:
        return expected_lanes(tasks.sheet, expected)


class ReadSizes:
    """The libraries of all sets of reads, and the bp of each set's genome.

    ``samples`` has the rows of each set by task and replicate.
    """

    def __init__(self, config: Mapping, samples: Mapping[str, Mapping], results: str, times: int = 1):
        self.config, self.samples, self.results, self.times = config, samples, Path(results), times

    def lanes(self, reads: str) -> dict[str, dict[str, list[dict]]]:
        """Return the rows of a set of reads by task and replicate."""
        return lanes_of(self.samples[reads], self.expected(reads))

    def expected(self, reads: str) -> dict:
        """Return what is expected of the replicates of a set of reads."""
        return {**ASSUMED, **self.config["expected_sizes"].get("reads", {}).get(reads, {})}

    def replicates(self, reads: str, task: str) -> list[str]:
        """Return the names of a task's replicates."""
        return list(self.lanes(reads)[task])

    def library(self, reads: str, task: str, name: str) -> LibrarySize:
        """Return the size of a replicate, of all together (``pooled``), or of a half of one of them (``….pr1``)."""
        whole, _, half = name.partition(".pr")
        names = self.replicates(reads, task) if whole == POOLED else [whole]
        sizes = [self._replicate(reads, task, one) for one in names]
        part = 0.5 if half else 1.0
        return LibrarySize(
            part * sum(one.reads for one in sizes),
            max(one.length for one in sizes),
            sum(one.fetched_mb for one in sizes),
            sum(one.lanes for one in sizes),
            part * sum(one.tags for one in sizes),
        )

    def _replicate(self, reads: str, task: str, name: str) -> LibrarySize:
        lanes = self.lanes(reads)[task].get(name)
        if lanes is None:
            raise InputError(f"the task {task} of the reads {reads} has no replicate {name}.")
        return library_size(lanes, self.expected(reads), self.times)

    def genome(self, name: str) -> float:
        """Return the bp of a genome: counted where it is there."""
        path = self.results / "genomes" / f"{name}.fa.sizes"
        if path.is_file():
            return float(sum(int(line.split("\t")[1]) for line in path.read_text().splitlines()))
        return _GENOMES["planted" if "planted" in self.config["genomes"][name] else ""]

    def genome_of(self, reads: str) -> float:
        """Return the bp of the genome that a set of reads is mapped to."""
        return self.genome(self.config["reads"][reads]["genome"])
