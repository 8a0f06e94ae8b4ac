"""A folder to run the workflow in, one in which it has run, and simulated reads."""

import shutil

import pytest
from support.run_folder import Folder
from support.shared import made_once
from support.snakemake_command import ROOT, snakemake
from support.warm_python import ANEW


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def run_small_configuration(path) -> None:
    (path / ANEW).mkdir()  # the first job of each script is started anew here
    ran = Folder(path).run()
    assert ran.returncode == 0, ran.stdout[-5000:]


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which the small configuration has run; tests must not change it (see Folder.copy)."""
    return Folder(made_once(tmp_path_factory, "finished", run_small_configuration))


def simulate_reads(path) -> None:
    shutil.copy(ROOT / "config/reads.yaml", path / "config.yaml")
    names = ["erythroid_1_L1", "erythroid_1_L2", "erythroid_2_L1", "myeloid_1_L1", "myeloid_2_L1"]
    files = [f"results_reads/simulated_reads/{name}_R1.fastq.gz" for name in names]
    ran = snakemake("--cores", "2", "--configfile", "config.yaml", "--", *files, cwd=path)
    assert ran.returncode == 0, ran.stdout[-3000:]


@pytest.fixture(scope="session")
def with_reads(tmp_path_factory):
    """A folder with the simulated reads of config/reads.yaml and nothing made of them; not to be changed."""
    return made_once(tmp_path_factory, "with_reads", simulate_reads)
