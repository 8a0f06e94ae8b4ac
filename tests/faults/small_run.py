"""A small configuration of one model and two analyses, what it ends in, and a way to run and to kill it."""

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from support.snakemake_command import OWN, ROOT, SNAKEMAKE, snakemake

TABLES = (
    "interactions/motif_pairs/simulation/ELF1_SIX5/gradient_input/pairs.tsv.gz",
    "interactions/nucleotide_maps/simulation/ELF1_SIX5/gradient_input/sources.tsv.gz",
    "models/simulation/metrics.tsv",
    "models/simulation/history.tsv",
)


def small_configuration() -> dict:
    """Return the tests' configuration with the simulation alone, and a training of many short epochs."""
    config = yaml.safe_load((ROOT / "tests/runs/config.yaml").read_text())
    kept = {
        "datasets": ["simulation"],
        "architectures": ["small"],
        "models": ["simulation"],
        "analyses": ["motif_pairs", "nucleotide_maps"],
    }
    for section, names in kept.items():
        config[section] = {name: config[section][name] for name in names}
    config["analyses"]["motif_pairs"] |= {"methods": ["gradient_input"], "shards": 2}
    config["models"]["simulation"]["training"] |= {"epochs": 8, "patience": 8}
    for section in ("genomes", "libraries", "claims"):
        del config[section]
    return config


class Run:
    """A working folder of the small configuration, whose results may lie elsewhere."""

    def __init__(self, path: Path, results: str = "results", **changes):
        self.path, self.results = path, path / results
        path.mkdir(exist_ok=True)
        config = small_configuration() | {"results": results} | changes
        (path / "config.yaml").write_text(yaml.safe_dump(config))
        self.targets = [f"{results}/{table}" for table in TABLES]

    def _arguments(self, cores: int = 2) -> list[str]:
        return ["--configfile", "config.yaml", "--cores", str(cores), *self.targets]

    def run(self, cores: int = 2, **options) -> subprocess.CompletedProcess:
        """Run Snakemake to its end; return what it printed.

        ``options`` are those of :func:`support.snakemake_command.snakemake`.
        """
        return snakemake(*self._arguments(cores), cwd=self.path, **options)

    def run_and_kill(self, seconds: float) -> bool:
        """Run Snakemake, kill its process group after some seconds, unlock; tell whether it still ran."""
        process = subprocess.Popen(
            [*SNAKEMAKE, *OWN, *self._arguments()],
            cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            process.communicate(timeout=seconds)
            return False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        unlocked = snakemake("--configfile", "config.yaml", "--unlock", cwd=self.path)
        assert unlocked.returncode == 0, unlocked.stdout
        return True

    def tables(self) -> list[pd.DataFrame]:
        """Return the final tables, without the seconds that training took."""
        tables = [pd.read_csv(self.path / target, sep="\t") for target in self.targets]
        return [table.drop(columns="seconds", errors="ignore") for table in tables]


def sentence_of(ran: subprocess.CompletedProcess) -> str:
    """Return what a failed run printed, as one line."""
    assert ran.returncode != 0
    assert "Traceback" not in ran.stdout, ran.stdout[-3000:]
    return " ".join(ran.stdout.split())


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the content with one random bit of one random byte turned."""
    place = rng.integers(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.integers(8)]) + content[place + 1 :]
