"""The shipped configurations, dry runs: each runs alone, and the default is its four analyses together."""

from collections import Counter

import pytest
from support.snakemake_command import ROOT, snakemake

from workflow.analyses import family_of

pytestmark = pytest.mark.workflow

ANALYSES = ("simulation", "tf_binding", "accessibility", "affinity")
OTHERS = ("own", "my_peaks", "my_variants", "real", "paper_peaks")


def dry_run(folder, *arguments):
    return snakemake("--dry-run", "--quiet", "rules", "--cores", "1", *arguments, cwd=folder)


def jobs(folder, *arguments):
    """Return the number of jobs of each rule."""
    ran = dry_run(folder, *arguments)
    assert ran.returncode == 0, ran.stdout[-3000:]
    rows = ran.stdout.split("Job stats:")[1].split("\n\n")[0].splitlines()[3:]
    return Counter({rule: int(number) for rule, number in map(str.split, rows)})


def of_file(folder, name):
    return jobs(folder, "--configfile", str(ROOT / f"config/{name}.yaml"))


@pytest.mark.long
def test_the_default_has_the_jobs_of_its_four_analyses_which_run_alone(tmp_path):
    parts = [of_file(tmp_path, name) for name in ANALYSES]
    default = jobs(tmp_path)
    # B and C share a genome, each run has a page, and claims are those of the default alone.
    shared = {"all": 3, "write_page": 3, "total": 3 + 3 + 2 - 1, "plant_genome_mini": 1, "prepare_genome": 1}
    together = sum(parts, Counter()) - Counter(shared) + Counter(write_reproduction=1)
    assert default == together
    assert all(part["all"] == 1 for part in parts)
    # One job draws all figures of an analysis, model, task and method.
    for part in parts:
        drawn = sum(number for rule, number in part.items() if family_of(rule) == "plot_interactions")
        assert drawn == part["compare_groups"] >= 1


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_configuration_has_jobs(name, tmp_path):
    found = of_file(tmp_path, name)
    assert found["all"] == 1
    assert found["judge_pairs"] + found["score_profiles"] >= 1


def test_two_included_files_that_disagree_end_in_one_sentence(tmp_path):
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.yaml").write_text(f"seed: {seed}\n")
    (tmp_path / "both.yaml").write_text("include: [config/simulation.yaml, a.yaml, b.yaml]\n")
    ran = dry_run(tmp_path, "--configfile", "both.yaml")
    assert ran.returncode != 0
    assert "a.yaml and b.yaml both give 'seed', and not alike: make them alike" in ran.stdout
    assert "Traceback" not in ran.stdout
