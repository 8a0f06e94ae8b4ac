"""Configurations against their schema: what is accepted, and the sentence for each thing that is not."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from dfim.errors import InputError
from workflow.schema import CONFIG_SCHEMA, ROOT, check


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


@pytest.mark.parametrize(
    "name", ["config.yaml", "paper.yaml", "published.yaml", "own.yaml", "real.yaml", "reads.yaml"]
)
def test_shipped_configurations_pass(name):
    check(yaml.safe_load((ROOT / "config" / name).read_text()), CONFIG_SCHEMA, name)


def test_the_paper_from_ready_made_peaks_differs_in_its_peaks_alone():
    """The second file is laid over the first, as Snakemake does it."""
    paper, over = (
        yaml.safe_load((ROOT / "config" / name).read_text()) for name in ("paper.yaml", "paper_peaks.yaml")
    )
    merged = copy.deepcopy(paper)
    update_config(merged, over)
    check(merged, CONFIG_SCHEMA, "paper_peaks.yaml")
    assert {key for key in merged if merged[key] != paper[key]} == {"results", "datasets", "cannot_show"}
    assert "{results}/reads/" not in repr(merged["datasets"])
    for name in ("models", "analyses"):
        assert merged[name] == paper[name]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            ["seeds"],
            3,
            "config.yaml: key 'seeds' (value 3) is not known; allowed here are seed, results, data, "
            "downloads, accessions, queries, genomes, libraries, reads, keep_alignments, simulated_reads, "
            "datasets, architectures, models, "
            "methods, analyses, claims, expected_sizes, cannot_show.",
        ),
        (
            ["methods"],
            {"deeplift": {"rule": "linear"}},
            "config.yaml: key 'methods.deeplift.rule' has the value 'linear'; allowed values are "
            "genomics_default, rescale, reveal_cancel.",
        ),
        (
            ["models", "tf_binding", "training", "batch_size"],
            "many",
            "config.yaml: key 'models.tf_binding.training.batch_size' has the value 'many': 'many' is not of "
            "type 'integer'; needed: Examples per step.",
        ),
        (
            ["models", "tf_binding", "architecture"],
            None,
            "config.yaml: key 'models.tf_binding' lacks the required key 'architecture'.",
        ),
    ],
)
def test_violations_name_key_value_and_what_is_allowed(config, path, value, sentence):
    parent = config
    for key in path[:-1]:
        parent = parent[key]
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    with pytest.raises(InputError) as error:
        check(config, CONFIG_SCHEMA, "config.yaml")
    assert str(error.value) == sentence
