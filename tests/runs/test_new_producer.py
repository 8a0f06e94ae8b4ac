"""A new producer of datasets is its module, one entry of a table, the schema, one rule and one script."""

import shutil

import h5py
import pytest
import yaml
from support.snakemake_command import ROOT, snakemake

pytestmark = pytest.mark.workflow

MODULE = '''
"""Sequences of one base."""

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset


def build_flat_dataset(options):
    """Return sequences of one base each."""
    bases = np.full((options["sequences"], 200), ord("A"), dtype=np.uint8)
    rows = range(options["sequences"])
    examples = pd.DataFrame({"example": rows, "name": rows, "origin": "flat", "split": "test"})
    return Dataset(bases, np.empty((len(bases), 0), np.int8), [], examples)
'''
SCRIPT = """
from pathlib import Path

from dfim.datasets.dataset import write_dataset
from dfim.datasets.flat import build_flat_dataset
from workflow.running import running

with running(snakemake) as log:
    write_dataset(build_flat_dataset(snakemake.params.options), Path(snakemake.output.examples).parent)
"""
RULE = """

rule build_flat_dataset:
    input:
        unpack(LOOKUPS.dataset_sources),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_flat_dataset/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "build_flat_dataset")),
    resources:
        **demanded("build_flat_dataset"),
    params:
        options=LOOKUPS.dataset_options,
    script:
        "../scripts/build_flat_dataset.py"
"""
ENTRY = """PRODUCERS["flat"] = Producer(
    "build_flat_dataset", 1e-5, told=lambda options: {"examples": options["sequences"], "length": 200}
)
"""


@pytest.fixture
def house(tmp_path):
    """A copy of the workflow to which a producer of sequences of one base is added."""
    for name in ("rules", "scripts", "config", "envs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "scripts/dfim/datasets/flat.py").write_text(MODULE)
    (tmp_path / "scripts/build_flat_dataset.py").write_text(SCRIPT)
    for path, more in (("rules/dataset.smk", RULE), ("scripts/workflow/datasets.py", ENTRY)):
        with open(tmp_path / path, "a") as file:
            file.write(more)
    path = tmp_path / "config/schemas/config.schema.yaml"
    schema = yaml.safe_load(path.read_text())
    options = {"type": "object", "properties": {"sequences": {"type": "integer"}}}
    schema["properties"]["datasets"]["additionalProperties"]["properties"]["flat"] = options
    path.write_text(yaml.safe_dump(schema))
    return tmp_path


def test_a_producer_is_added_by_an_entry_a_rule_and_a_script(house):
    config = yaml.safe_load((ROOT / "config/own.yaml").read_text())
    config["datasets"]["mine"] = {"flat": {"sequences": 7}}
    config["models"]["mine"]["source"]["model"] = str(ROOT / "resources/own/network.keras")
    (house / "flat.yaml").write_text(yaml.safe_dump(config))
    for target in ("results_own/datasets/mine/sequences.h5", "plan"):
        ran = snakemake("--configfile", "flat.yaml", "--cores", "1", target, cwd=house, own=False)
        assert ran.returncode == 0, ran.stdout
    with h5py.File(house / "results_own/datasets/mine/sequences.h5") as handle:
        assert handle["bases"].shape == (7, 200)
    planned = (house / "results_own/plan/jobs.tsv").read_text()
    assert "build_flat_dataset\t1\t" in planned
