"""Null models by default, and conditions that are refused before any job starts."""

import pytest

from dfim.errors import InputError
from workflow.nulls import set_nulls

SETS = {"a": {"motifs": {"ELF1": {}, "SIX5": {}}}, "b": {"motifs": {"ELF1": {}, "AP1": {}}}}
DATASETS = {
    "simulated": {"simulation": {"sets": SETS}},
    "snvs": {"variants": {}},
    "mine": {"sequences": {"features": "f.bed"}},
}


def analysed(dataset="simulated", targets="features", sources="features", **options):
    analysis = {"dataset": dataset, "sources": {sources: "all"}, "targets": {targets: "all"}, **options}
    config = {"datasets": DATASETS, "analyses": {"x": analysis}}
    set_nulls(config)
    return [null["model"] for null in analysis["nulls"]]


def test_pairs_have_replaced_variants_substitutions_and_all_shuffles():
    assert analysed("snvs", "positions") == ["substitutions", "dinucleotide"]
    assert analysed() == analysed("snvs") == ["replaced", "dinucleotide"]
    assert analysed("simulated", "positions", "nucleotides") == ["dinucleotide"]
    assert analysed(nulls=[{"model": "dinucleotide", "distances": [10]}]) == ["dinucleotide"]
    assert analysed("snvs", "positions", nulls=[{"model": "dinucleotide"}]) == ["dinucleotide"]


def test_nulls_are_checked_of_pairs_and_of_variants():
    analysed(null_checks=5)
    analysed("snvs", "positions", null_checks=5)
    for options in (("simulated", "positions", "nucleotides"), ("snvs", "positions")):
        with pytest.raises(InputError, match="null_checks' needs features as targets, or the"):
            analysed(*options, null_checks=5, nulls=[{"model": "dinucleotide"}])


def test_replaced_is_for_pairs():
    with pytest.raises(InputError, match="'replaced', which is for features as targets: choose dinucleotide"):
        analysed("simulated", "positions", nulls=[{"model": "replaced"}])


@pytest.mark.parametrize(
    "condition",
    ["pair == 'SIX5-ELF1'", "source_name != target_name", "pair == 'AP1–ELF1' and distance > 3", "fis > 3"],
)
def test_what_can_be_met_passes(condition):
    analysed(nulls=[{"model": "matched", "members": condition}])
    analysed(truth={"interacting": condition, "not_interacting": condition})
    # Nothing is known of what a file holds.
    analysed("mine", nulls=[{"model": "matched", "members": "pair == 'X–Y'"}])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"nulls": [{"model": "matched", "members": "source_name == 'SOX2'"}]},
            "key 'analyses.x.nulls.0.members' compares source_name with 'SOX2', which is not among its "
            "values: mend the condition; source_name has the values 'AP1', 'ELF1', 'SIX5'.",
        ),
        (
            {"nulls": [{"model": "matched", "members": "pair != 'ELF1'"}]},
            "key 'analyses.x.nulls.0.members' compares pair with 'ELF1', which is not among its values: "
            "mend the condition; pair has the values 'AP1–AP1', 'AP1–ELF1', 'AP1–SIX5', 'ELF1–ELF1', "
            "'ELF1–SIX5', 'SIX5–SIX5'.",
        ),
        (
            {"same_name": False, "nulls": [{"model": "matched", "members": "source_name != target_name"}]},
            "key 'analyses.x.nulls.0.members' has the condition 'source_name != target_name', which every "
            "row meets: mend it; source_name has the values 'AP1', 'ELF1', 'SIX5'; target_name has the "
            "values 'AP1', 'ELF1', 'SIX5'.",
        ),
        (
            {"comparisons": {"c": {"group": "source_name == 'ELF1' and source_name == 'SIX5'"}}},
            "key 'analyses.x.comparisons.c.group' has the condition \"source_name == 'ELF1' and "
            "source_name == 'SIX5'\", which no row meets: mend it; source_name has the values 'AP1', "
            "'ELF1', 'SIX5'.",
        ),
        (
            {"dataset": "snvs", "targets": "positions", "truth": {"interacting": "group == 'pos'"}},
            "key 'analyses.x.truth.interacting' compares group with 'pos', which is not among its values: "
            "mend the condition; group has the values 'control', 'positive'.",
        ),
        (
            {"nulls": [{"model": "substitutions"}]},
            "key 'analyses.x.nulls.0.model' is 'substitutions', which is for variants as sources and "
            "positions as targets: choose dinucleotide or matched.",
        ),
        (
            {"nulls": [{"model": "dinucleotide", "draws": 9}]},
            "key 'analyses.x.nulls.0': the null model 'dinucleotide' has the key 'draws', which it makes no "
            "use of: remove it.",
        ),
        (
            {"position_bins": [20, 5]},
            "key 'analyses.x.position_bins' has the value [20, 5]: write ascending numbers of bp.",
        ),
    ],
)
def test_sentences(options, sentence):
    with pytest.raises(InputError) as caught:
        analysed(**options)
    assert str(caught.value) == sentence
