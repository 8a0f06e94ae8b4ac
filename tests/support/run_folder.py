"""A working folder with the small configuration, and a way to run the workflow in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]


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

    snakemake = SNAKEMAKE

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

    def run(self, *arguments: str, cores: int = 2, **environment: str) -> subprocess.CompletedProcess:
        """Write the configuration and run Snakemake with these arguments; return what it printed."""
        (self.path / "config.yaml").write_text(yaml.safe_dump(self.config, allow_unicode=True))
        command = [*self.snakemake, "--configfile", "config.yaml", "--cores", str(cores), *arguments]
        return subprocess.run(
            command,
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
            env={**os.environ, **environment},
        )

    def copy(self, path: Path) -> "Folder":
        """Return a copy of the folder with its results, for a test that changes them."""
        shutil.copytree(self.path, path, dirs_exist_ok=True)
        other = Folder(path)
        other.config = yaml.safe_load(yaml.safe_dump(self.config))
        return other
