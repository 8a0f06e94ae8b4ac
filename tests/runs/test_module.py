"""Other people's workflows: this one as a module, from another folder."""

import h5py
import pytest
import yaml
from support.snakemake_command import ROOT, snakemake

pytestmark = pytest.mark.workflow

MODULE = f'module dfim:\n    snakefile: "{ROOT / "Snakefile"}"\n{{config}}use rule * from dfim\n'
SMALL = {
    "include": ["config/simulation.yaml"],
    "datasets": {
        "simulation": {
            "simulation": {
                "sets": {f"set{number}": {"sequences": 40} for number in (1, 2, 3)},
                "split": {"train": 80, "validation": 20, "test": 20},
            }
        }
    },
}


@pytest.fixture
def workflow(tmp_path):
    """A function that runs a workflow in a folder of its own that uses this one as a module."""

    def run(*arguments, config=""):
        (tmp_path / "Snakefile").write_text(MODULE.format(config=config))
        ran = snakemake("--cores", "1", *arguments, cwd=tmp_path, own=False)
        assert ran.returncode == 0, ran.stdout[-3000:]
        return ran.stdout

    return run


def jobs(printed):
    """Return the number of jobs of each rule that a dry run tells."""
    rows = printed.split("Job stats:")[1].split("\n\n")[0].splitlines()[3:]
    return {rule: int(number) for rule, number in map(str.split, rows)}


def test_a_workflow_of_two_lines_runs_analysis_a(workflow):
    path = str(ROOT / "config/simulation.yaml")
    found = jobs(workflow("--dry-run", "--quiet", "rules", "--configfile", path))
    assert found["simulate_sequences"] == found["train_model"] == found["judge_pairs"] == 1
    assert "plant_library" not in found
    default = jobs(workflow("--dry-run", "--quiet", "rules"))
    assert default["train_model"] > 1
    assert default["plant_library"] == 1


def test_it_makes_its_files_in_the_folder_of_the_workflow(workflow, tmp_path):
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL))
    target = "results/datasets/simulation/sequences.h5"
    workflow("--configfile", "small.yaml", "--config", "seed=7", "--", target)
    with h5py.File(tmp_path / target) as handle:
        assert handle["bases"].shape == (120, 200)


def test_a_part_of_its_own_configuration_is_taken(workflow, tmp_path):
    (tmp_path / "all.yaml").write_text(yaml.safe_dump({"dfim": SMALL, "other": 1}))
    printed = workflow(
        "--dry-run",
        "--quiet",
        "rules",
        "--configfile",
        "all.yaml",
        config='    config: config["dfim"]\n',
    )
    assert jobs(printed)["train_model"] == 1
