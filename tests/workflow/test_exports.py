"""Which exports an analysis has, and which are refused."""

import re

import pytest

from dfim.errors import InputError
from workflow.exports import check_exports, export_targets, exports_of

DATASETS = {"peaks": {"peaks": {"genome": "g"}}, "library": {"values": {"task": "ddG"}}}
BACKGROUND = [0.25] * 4


def configured(dataset="peaks", targets="features", exports=None, background=BACKGROUND):
    analysis = {
        "dataset": dataset,
        "models": ["m"],
        "tasks": ["t"],
        "methods": ["deeplift", "gradient_input"],
        "targets": {targets: "all"},
        "exports": exports,
        "background": background,
    }
    return {"datasets": DATASETS, "analyses": {"a": analysis}}, analysis


@pytest.mark.parametrize(
    ("dataset", "targets", "exports", "expected"),
    [
        ("peaks", "features", None, ["bedpe"]),
        ("peaks", "positions", None, []),
        ("library", "features", None, []),
        ("peaks", "features", [], []),
        ("library", "positions", ["maps"], ["maps"]),
    ],
)
def test_called_pairs_of_a_genome_are_exported_unless_asked_otherwise(dataset, targets, exports, expected):
    assert exports_of(*configured(dataset, targets, exports)) == expected


def test_targets_are_one_file_of_pairs_and_one_of_each_method():
    config, _ = configured(exports=["bedpe", "modisco"])
    assert export_targets(config, "results") == [
        "results/exports/a/m/t/called_pairs.bedpe",
        "results/exports/a/m/t/deeplift/modisco_attributions.npz",
        "results/exports/a/m/t/gradient_input/modisco_attributions.npz",
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"dataset": "library", "exports": ["bigwig"]},
            "key 'analyses.a.exports' asks for bigwig, which needs windows of a genome, and the dataset "
            "'library' has none; remove it.",
        ),
        (
            {"exports": ["maps"]},
            "key 'analyses.a.exports' asks for maps, which needs positions as targets; remove it.",
        ),
        (
            {"targets": "positions", "exports": ["bedpe"]},
            "key 'analyses.a.exports' asks for bedpe, which needs features as targets; remove it.",
        ),
        (
            {"targets": "positions", "exports": ["modisco"], "background": "composition"},
            "key 'analyses.a.exports' asks for modisco, which needs the probabilities of A, C, G and T as "
            "background, and it is 'composition'; remove it.",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused(options, sentence):
    config, analysis = configured(**options)
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        check_exports("analyses.a", config, analysis)
