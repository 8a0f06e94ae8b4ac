"""What the rules from reads to peaks look up, by wildcards: replicates, their lanes, and what is compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from snakemake.exceptions import WorkflowError

from dfim.errors import InputError
from workflow.results import fetched_folder, reads_folder, results_folder
from workflow.samples import POOLED, Unresolved
from workflow.sheets import Sheets
from workflow.sources import Sources


def library_replicates(library: str, replicates: list[str]) -> list[str]:
    """Return the replicates whose tags make a library: all of them for the pooled one."""
    return replicates if library == POOLED else [library]


def pairs_of(replicates: list[str]) -> list[str]:
    """Return all pairs of replicates, as their comparison is called."""
    return [f"{one}_vs_{other}" for place, one in enumerate(replicates) for other in replicates[place + 1 :]]


def comparisons_of(replicates: list[str]) -> list[str]:
    """Return the comparisons of a task's libraries: pairs of replicates, and halves of each and of all."""
    return pairs_of(replicates) + [f"{name}.pr1_vs_{name}.pr2" for name in (POOLED, *replicates)]


def reference_library(first: str) -> str:
    """Return the library within whose peaks ``first`` is compared: the halved replicate, or the pooled."""
    halved = first.removesuffix(".pr1")
    return halved if halved != first else POOLED


def need(*programs: str) -> str:
    """Return shell commands that end with a sentence when a program is missing."""
    return "".join(
        f'command -v {program} > /dev/null || {{{{ echo "error: {program} was not found: '
        "'bash envs/install.sh' installs what reads need where apt-get is there, and 'snakemake --sdm conda' "
        'brings it with conda." '
        f"| tee {{log}} >&2; exit 1; }}}}; "
        for program in programs
    )


@dataclass(frozen=True, eq=False)
class Replicates:
    """Functions of wildcards for inputs and params of the rules of reads.

    ``resolve`` is called with the name of a lock that is not there: it makes Snakemake wait for it.
    """

    config: Mapping
    sheets: Sheets
    sources: Sources
    resolve: Callable[[str], object] = str

    def options(self, wildcards) -> Mapping:
        """Return the options of a set of reads."""
        return self.config["reads"][wildcards.reads]

    def option(self, key: str) -> Callable:
        """Return a function that gives one option of a set of reads."""
        return lambda wildcards: self.options(wildcards)[key]

    def chosen_options(self, *keys: str) -> Callable:
        """Return a function that gives some options of a set of reads."""
        return lambda wildcards: {key: self.options(wildcards)[key] for key in keys}

    def optional_source(self, role: str) -> Callable:
        """Return a function that gives a source of a set of reads by its role, or nothing."""
        return lambda wildcards: {
            key: path for key, path in self.sources.reads[wildcards.reads].items() if key == role
        }

    def genome_file(self, suffix: str = "") -> Callable:
        """Return a function that gives a file of the genome that reads are mapped to."""
        genomes = f"{results_folder(self.config)}/genomes"
        return lambda wildcards: f"{genomes}/{self.options(wildcards)['genome']}{suffix}"

    # One replicate

    def _task(self, wildcards) -> Mapping[str, list[dict]]:
        """Return the rows of a task in its sheet of samples by replicate, one for each lane."""
        try:
            return self.sheets.samples[wildcards.reads][wildcards.task]
        except Unresolved as missing:
            self.resolve(Path(missing.lock).stem)
            raise
        except InputError as error:
            raise WorkflowError(str(error)) from None

    def _rows(self, wildcards, replicate: str | None = None) -> list[dict]:
        """Return the rows of a replicate in its sheet of samples, one for each lane."""
        return self._task(wildcards)[replicate or wildcards.replicate]

    def is_paired(self, wildcards) -> bool:
        """Tell whether a replicate's reads are paired."""
        return self._rows(wildcards)[0]["ends"] == "paired"

    def is_atac(self, wildcards) -> bool:
        """Tell whether a replicate is ATAC-seq."""
        return self._rows(wildcards)[0]["assay"] == "ATAC-seq"

    def adapter(self, wildcards) -> str:
        """Return the adapter that is trimmed: that of ATAC-seq, else none."""
        return self.options(wildcards)["adapter"] if self.is_atac(wildcards) else ""

    def subsample(self, wildcards) -> int:
        """Return the number of reads that are kept; 0 for all."""
        return int(self._rows(wildcards)[0].get("subsample") or 0)

    def lane(self, wildcards) -> list[str]:
        """Return what a lane's FASTQ files come as: themselves, or the folder of those of an accession."""
        if self._lane(wildcards).get("accession"):
            return [self._fetched(wildcards)]
        return self.fastqs(wildcards)

    def fastqs(self, wildcards) -> list[str]:
        """Return the one or two FASTQ files of a lane."""
        row = self._lane(wildcards)
        if row.get("accession"):
            names = [f"{wildcards.lane}_R{end}.fastq.gz" for end in (1, 2) if row.get(f"fastq_{end}")]
            return [f"{self._fetched(wildcards)}/{name}" for name in names]
        lanes = self.sources.fastqs[wildcards.reads][wildcards.task][wildcards.replicate]
        return lanes[int(wildcards.lane) - 1]

    def checksums(self, wildcards) -> list[str]:
        """Return the checksums of a lane's files, where they are known: other files are other reads."""
        row = self._lane(wildcards)
        return [row[f"md5_{end}"] for end in (1, 2) if row.get(f"md5_{end}")]

    def _lane(self, wildcards) -> dict:
        """Return the row of a lane."""
        return self._rows(wildcards)[int(wildcards.lane) - 1]

    def _fetched(self, wildcards) -> str:
        place = wildcards.reads, wildcards.task, wildcards.replicate
        return fetched_folder(results_folder(self.config), *place)

    def to_fetch(self, wildcards) -> dict[str, dict]:
        """Return the sources of the FASTQ files of a replicate's accessions, by the name that each gets."""
        return {
            f"{lane}_R{end}.fastq.gz": {
                "location": row[f"fastq_{end}"],
                "md5": row[f"md5_{end}"],
                "size": row[f"bytes_{end}"],
            }
            for lane, row in enumerate(self._rows(wildcards), start=1)
            for end in (1, 2)
            if row.get(f"fastq_{end}")
        }

    def trimmed(self, end: int) -> Callable:
        """Return a function that lists the trimmed files of an end of a replicate, a file for each lane."""

        def files(wildcards):
            lanes = len(self._rows(wildcards)) if end == 1 or self.is_paired(wildcards) else 0
            folder = f"{self._folder(wildcards)}/trimmed/{wildcards.replicate}"
            return [f"{folder}.{lane}_R{end}.fastq.gz" for lane in range(1, lanes + 1)]

        return files

    def library_tags(self, wildcards) -> list[str]:
        """Return the tagAlign files that make a library that is split into its halves."""
        return self._tags(wildcards, library_replicates(wildcards.replicate, self._names(wildcards)))

    def library_units(self, wildcards) -> list[int]:
        """Return how many tags stay together in each tagAlign file of a library that is split."""
        names = library_replicates(wildcards.replicate, self._names(wildcards))
        return [self._unit(wildcards, name) for name in names]

    def _unit(self, wildcards, replicate: str) -> int:
        """Return the number of tags that stay together: 2 for paired ends."""
        return 1 + (self._rows(wildcards, replicate)[0]["ends"] == "paired")

    # All replicates of a task

    def _names(self, wildcards) -> list[str]:
        return list(self._task(wildcards))

    def _folder(self, wildcards) -> str:
        return reads_folder(results_folder(self.config), wildcards.reads, wildcards.task)

    def _tags(self, wildcards, names: list[str]) -> list[str]:
        return [f"{self._folder(wildcards)}/tags/{name}.tagAlign.gz" for name in names]

    def tags(self, wildcards) -> list[str]:
        """Return the tagAlign files of all replicates."""
        return self._tags(wildcards, self._names(wildcards))

    def each(self, pattern: str) -> Callable:
        """Return a function that lists a file of each replicate, ``{name}`` in its pattern."""
        return lambda wildcards: [
            f"{self._folder(wildcards)}/{pattern.format(name=name)}" for name in self._names(wildcards)
        ]

    def trimmed_counts(self, wildcards) -> list[str]:
        """Return the tables of what trimming left, of each lane of each replicate."""
        return [
            f"{self._folder(wildcards)}/trimmed/{name}.{lane}.tsv"
            for name in self._names(wildcards)
            for lane in range(1, len(self._rows(wildcards, name)) + 1)
        ]

    def compared(self, suffix: str) -> Callable:
        """Return a function that lists a file of each comparison of libraries."""
        return lambda wildcards: [
            f"{self._folder(wildcards)}/reproducible/{name}{suffix}"
            for name in comparisons_of(self._names(wildcards))
        ]

    def number_of_pairs(self, wildcards) -> int:
        """Return how many pairs of replicates there are."""
        return len(pairs_of(self._names(wildcards)))

    def reference_peaks(self, wildcards) -> str:
        """Return the peaks of the library that two libraries are compared within."""
        return f"{self._folder(wildcards)}/peaks/{reference_library(wildcards.first)}.narrowPeak.gz"

    def shapes(self, wildcards) -> dict[str, dict[str, int]]:
        """Return the lanes of each replicate, and how many of its tags are one unit."""
        return {
            name: {"lanes": len(self._rows(wildcards, name)), "ends": self._unit(wildcards, name)}
            for name in self._names(wildcards)
        }
