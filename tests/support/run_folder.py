"""A working folder with the small configuration, and a way to run the workflow in it."""

import shutil
import subprocess
from pathlib import Path

import yaml

from support.snakemake_command import ROOT, snakemake
from support.warm import FORKED


def tiny_grammar() -> dict:
    """Return the default grammar with a fiftieth of its elements, and few variants."""
    grammar = yaml.safe_load((ROOT / "config/planted.yaml").read_text())
    for element in grammar["elements"].values():
        element["number"] = max(8, element["number"] // 50)
    grammar["variants"] |= {"sig": 12, "mid": 4, "ctl": 12}
    return grammar


def tiny_library() -> dict:
    """Return the default library of flanks with two bases on either side, and no noise to speak of."""
    design = yaml.safe_load((ROOT / "config/planted_affinity.yaml").read_text())
    design["additive"] = {position: row for position, row in design["additive"].items() if position >= -2}
    return design | {"flank": 2, "sequences": 256, "noise": 0.01}


def sheet(names: dict[str, str]) -> str:
    """Return a sheet of tasks with the peak files of the tiny genome, by task."""
    rows = [
        f"{task}\tassay\t{{results}}/planted/tiny/peaks/{file}.narrowPeak.gz" for task, file in names.items()
    ]
    return "\n".join(["task\tassay\tpeaks", *rows, ""])


class Folder:
    """A working folder of the workflow."""

    def __init__(self, path: Path):
        self.path = path
        self.config = yaml.safe_load((ROOT / "tests/runs/config.yaml").read_text())
        if (path / "cells.tsv").exists():  # it has run, or is the copy of one that has
            return
        (path / "grammar.yaml").write_text(yaml.safe_dump(tiny_grammar()))
        (path / "library.yaml").write_text(yaml.safe_dump(tiny_library()))
        (path / "tf.tsv").write_text(sheet({name: name for name in ("GATA1", "GATA2", "TAL1")}))
        (path / "cells.tsv").write_text(
            sheet({"GM12878": "DNase_GM12878", "K562": "DNase_K562", "Ery": "Ery"})
        )

    def run(self, *arguments: str, cores: int = 2, **options) -> subprocess.CompletedProcess:
        """Write the configuration and run Snakemake with these arguments; return what it printed.

        ``options`` are those of :func:`support.snakemake_command.snakemake`.
        """
        self.write_configuration()
        arguments = ("--configfile", "config.yaml", "--cores", str(cores), *arguments)
        return snakemake(*arguments, cwd=self.path, **options)

    def write_configuration(self) -> None:
        """Write the configuration as it is now."""
        (self.path / "config.yaml").write_text(yaml.safe_dump(self.config, allow_unicode=True))

    def forked_jobs(self) -> set[str]:
        """Return the logs of the jobs that were forked from a warm process; all others were started anew."""
        told = self.path / FORKED
        return set(told.read_text().splitlines()) if told.exists() else set()

    def copy(self, path: Path) -> "Folder":
        """Return a copy of the folder with its results, for a test that changes them."""
        shutil.copytree(self.path, path, dirs_exist_ok=True)
        other = Folder(path)
        other.config = yaml.safe_load(yaml.safe_dump(self.config))
        return other
