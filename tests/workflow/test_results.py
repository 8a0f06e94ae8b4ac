"""Where results lie, and what a run ends in."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from snakemake.utils import validate

from dfim.errors import InputError
from dfim.reproduction.claims import parts_of, read_claims
from workflow import results
from workflow.included import read_whole
from workflow.sheets import Sheets

CONFIGURATIONS = Path(__file__).parents[2] / "config"
CONFIG = {
    "results": "out/",
    "libraries": {"flanks": "library.yaml"},
    "simulated_reads": {"r": {"paired": True, "lanes": 2}, "s": {"paired": False, "lanes": 1}},
    "datasets": {
        "v": {"variants": {"overlapping": "cells.tsv"}},
        "w": {"variants": {"overlapping": None}},
    },
    "models": {
        "trained": {"dataset": "v", "architecture": "a", "contributions": [{"task": "t", "method": "m"}]},
        "given": {"source": {"tasks": ["t"]}, "contributions": []},
    },
    "analyses": {
        "pairs": {
            "models": ["a", "b"],
            "tasks": ["t"],
            "methods": ["m", "n"],
            "targets": {"features": "all"},
        },
        "map": {"models": ["a"], "tasks": ["t"], "methods": ["m"], "targets": {"positions": "all"}},
    },
    "scans": {"s": {"models": ["a", "b"], "tasks": ["t"]}},
    "claims": [],
}
CONFIG["analyses"]["pairs"]["figures"] = {"distance": {}}
CONFIG["analyses"]["map"] |= {"figures": {}, "aggregate": {"minimum": 20}}
SHEETS = Sheets({}, {"atac": {"A": {}}}, {"mini": ["x"]})


def test_what_a_source_may_name_of_what_the_workflow_makes():
    made = results.made_sources(CONFIG, SHEETS)
    assert made == [
        "out/planted/mini/genome.fa",
        "out/planted/mini/peaks/x.narrowPeak.gz",
        "out/planted/mini/variants.tsv",
        "out/planted/mini/truth/elements.tsv.gz",
        "out/planted/mini/truth/instances.tsv.gz",
        "out/planted/mini/truth/variants.tsv",
        "out/planted/mini/truth/sites.tsv.gz",
        "out/planted/flanks/library.tsv.gz",
        "out/planted/flanks/truth/couplings.tsv",
        "out/planted/flanks/truth/interactions.tsv.gz",
        "out/reads/atac/A/peaks.narrowPeak.gz",
        "out/simulated_reads/r_L1_R1.fastq.gz",
        "out/simulated_reads/r_L1_R2.fastq.gz",
        "out/simulated_reads/r_L2_R1.fastq.gz",
        "out/simulated_reads/r_L2_R2.fastq.gz",
        "out/simulated_reads/s_L1_R1.fastq.gz",
    ]


def test_what_datasets_and_models_end_in():
    targets = results.dataset_targets(CONFIG)
    assert targets[:2] == ["out/datasets/v/balance.tsv", "out/datasets/v/examples.tsv.gz"]
    assert len(targets) == 1 + 2 * 3
    names = ["model.keras", "reach.tsv", "history.tsv", "metrics.tsv", "curves.tsv.gz"]
    names += ["place.tsv", "predictions.h5"]
    assert results.model_targets(CONFIG) == [
        *(f"out/models/trained/{name}" for name in names),
        "out/contributions/trained/t/m.h5",
        "out/models/given/model.keras",
        "out/models/given/reach.tsv",
    ]


def test_what_analyses_end_in():
    targets = results.interaction_targets(CONFIG)
    assert len(targets) == 2 * 5 + 4 * 10 + 10  # two models with pair tests, four with scores, one map
    assert {f"out/interactions/pairs/b/t/{name}" for name in ("n/agreement.tsv", "kinds.tsv")} <= set(targets)
    assert [path for path in targets if "cells" in path] == ["out/interactions/map/a/t/m/cells.tsv.gz"]


def test_figures_are_those_configured_and_how_the_null_holds():
    used = replace(SHEETS, tasks={"t.tsv": [{"task": "A", "reads": "atac"}]})
    figures = results.figure_targets(CONFIG, used)
    assert figures[:3] == [
        "out/figures/models/trained/training.png",
        "out/figures/models/trained/performance.png",
        "out/figures/reads/atac/A/quality.png",
    ]
    assert len(figures) == 3 + 4 * 2 + 1 + 2
    assert figures[-3:] == [
        "out/figures/map/a/t/m/calibration.png",
        "out/figures/scans/s/a/t/scan.png",
        "out/figures/scans/s/b/t/scan.png",
    ]


def test_claims_are_judged_where_there_are_any():
    assert results.claims_targets(CONFIG) == []
    assert results.claims_targets(CONFIG | {"claims": ["c.yaml"]}) == [
        "out/reproduction.tsv",
        "out/data_checks.tsv",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    with pytest.raises(InputError, match=f"the folder {tmp_path}/closed cannot be written"):
        results.check_writable(tmp_path / "closed/results")


def test_every_claim_of_the_default_run_is_about_a_file_that_is_judged():
    """A file that the rule does not name would be a claim that cannot be shown."""
    config = read_whole(CONFIGURATIONS / "config.yaml")
    validate(config, str(CONFIGURATIONS / "schemas/config.schema.yaml"))
    tables = (
        results.dataset_targets,
        results.model_targets,
        results.interaction_targets,
        results.twin_targets,
        results.null_check_targets,
    )
    made = {path.removeprefix("results/") for targets in tables for path in targets(config)}
    claims = [claim for path in config["claims"] for claim in read_claims(CONFIGURATIONS.parent / path)]
    shown = [claim for claim in claims if claim.get("needs") not in config["cannot_show"]]
    parts = [part for claim in shown for part in parts_of(claim)]
    asked = {part["file"] for part in [*parts, *(part["per"] for part in parts if "per" in part)]}
    assert len(asked) > 15
    assert asked - made == set()
