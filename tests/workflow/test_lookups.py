"""What rules look up by wildcards: inputs that are there or not, and options."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from dfim.sequences.bases import to_string
from dfim.sequences.motifs import load_pwm
from workflow.analyses import pair_draws
from workflow.configuration import read_configuration
from workflow.included import read_whole
from workflow.lookups import Lookups, one_of
from workflow.schema import ROOT
from workflow.sources import find_sources


@pytest.fixture(scope="module")
def lookups():
    """What the default configuration has, and an analysis in two shards."""
    config = read_whole(ROOT / "config/config.yaml")
    config["analyses"]["motif_pairs"]["shards"] = 2
    sheets = read_configuration(config, "config.yaml")
    return Lookups(config, sheets, find_sources(config, sheets))


def test_all_params_of_scores_name_the_backend(lookups):
    made = ("scoring_params", "export_params", "scan_params", "null_check_params")
    assert [getattr(lookups, params)()["backend"] for params in made] == ["tensorflow"] * 4


def test_names_are_matched_whole_and_no_name_matches_nothing():
    assert re.fullmatch(one_of(["a.b", "c"]), "a.b")
    assert not re.fullmatch(one_of(["a.b", "c"]), "axb")
    assert not re.fullmatch(one_of([]), "")


def test_predictions_are_there_for_the_models_own_dataset_alone(lookups):
    own = SimpleNamespace(analysis="motif_pairs", model="simulation")
    other = SimpleNamespace(analysis="binding_qtl", model="accessibility")
    assert lookups.predictions_of_same_dataset(own) == {
        "predictions": "results/models/simulation/predictions.h5"
    }
    assert lookups.predictions_of_same_dataset(other) == {}


def test_covariates_are_there_for_variants_with_peaks_alone(lookups):
    assert lookups.covariates_of_sources(SimpleNamespace(analysis="binding_qtl")) == {
        "covariates": "results/datasets/binding_qtl/covariates.tsv.gz"
    }
    assert lookups.covariates_of_sources(SimpleNamespace(analysis="accessibility_map")) == {}


def test_a_scan_asks_what_its_configuration_says():
    config = read_whole(ROOT / "config/published.yaml") | {"data": "folder"}
    config["scans"]["ebox_gata"]["motifs"]["TAL1"] = {"pwm": "TAL1_known1"}
    sheets = read_configuration(config, "published.yaml")
    lookups = Lookups(config, sheets, find_sources(config, sheets))
    place = SimpleNamespace(scan="ebox_gata", model="tf_binding", task="TAL1")
    asked = lookups.scan_params()
    likeliest = to_string(np.frombuffer(b"ACGT", np.uint8)[load_pwm("TAL1_known1").argmax(axis=1)])
    assert asked["motifs"](place) == {"E-box": "CAGATG", "GATA": "AGATAAG", "TAL1": likeliest}
    options = asked["options"](place)
    assert options["background"] == [0.295, 0.205, 0.205, 0.295]
    assert (options["spacings"], options["both_orders"], options["draws"]) == ("0-73", True, "auto")
    assert asked["tasks"](place).index("TAL1") == 2
    assert lookups.scan_sequences(place) == {}
    config["scans"]["ebox_gata"]["sequences"] = "{data}/windows.fa"
    lookups = Lookups(config, sheets, find_sources(config, sheets))
    assert set(lookups.scan_sequences(place)) == {"sequences"}


def test_the_tables_of_pairs_and_of_profiles(lookups):
    names = {"model": "m", "task": "t", "method": "d"}
    pairs = lookups.interaction_tables(SimpleNamespace(analysis="motif_pairs", **names))
    assert pairs == {
        "pairs": "results/interactions/motif_pairs/m/t/d/pairs.tsv.gz",
        "null": "results/interactions/motif_pairs/m/t/d/null.tsv.gz",
        "agreement": "results/interactions/motif_pairs/m/t/d/agreement.tsv",
        "kinds": "results/interactions/motif_pairs/m/t/kinds.tsv",
    }
    aggregated = SimpleNamespace(analysis="cbf1_flanks", **names)
    assert set(lookups.interaction_tables(aggregated)) == {"sources", "null", "profiles", "cells"}
    assert lookups.result_table(aggregated).endswith("cbf1_flanks/m/t/d/sources.tsv.gz")
    assert set(lookups.interaction_tables(SimpleNamespace(analysis="binding_qtl", **names))) == {
        "sources",
        "null",
        "profiles",
    }


def test_shards_of_scores_and_of_mutagenesis(lookups):
    here = SimpleNamespace(analysis="motif_pairs", model="m", task="t", method="d")
    folder = "results/interactions/motif_pairs/m/t"
    assert lookups.shard_files(".h5")(here) == [f"{folder}/d/shards/0.h5", f"{folder}/d/shards/1.h5"]
    for role, suffix in (("pairs", "tsv.gz"), ("draws", "h5")):
        assert lookups.mutagenesis_shards(role)(here) == [
            f"{folder}/mutagenesis/0.{suffix}",
            f"{folder}/mutagenesis/1.{suffix}",
        ]
    assert lookups.tables_of_methods("signs.tsv")(here) == [
        f"{folder}/deeplift/signs.tsv",
        f"{folder}/gradient_input/signs.tsv",
    ]
    assert lookups.pair_options(here) == ["all", "all", True, None]


def test_draws_of_pairs(lookups):
    chosen = lookups.scoring_options(SimpleNamespace(analysis="motif_pairs", model="simulation"))
    assert {key: chosen[key] for key in pair_draws({"nulls": []})} == {
        "draws": "auto", "shared_draws": "auto", "score_draws": "auto",
    }  # fmt: skip
    asked = {"draws": 7, "shared_draws": 60}
    found = pair_draws({"nulls": [{"model": "replaced"} | asked]})
    assert found == asked | {"score_draws": "auto"}
    # Without the null no contribution is drawn; outputs are, for the pair test and for kinds.
    outputs = {"draws": "auto", "shared_draws": "auto"}
    assert pair_draws({"nulls": [{"model": "dinucleotide"}]}) == outputs | {"score_draws": 0}


def test_what_a_model_starts_from_and_has(lookups):
    parent = "results/models/reference_samples/model.keras"
    assert lookups.initial_model(SimpleNamespace(model="accessibility")) == {"initial": parent}
    assert lookups.initial_model(SimpleNamespace(model="tf_binding")) == {}
    assert lookups.model_tasks(SimpleNamespace(model="tf_binding")) == ["GATA1", "GATA2", "TAL1"]
    assert set(lookups.model_tables(SimpleNamespace(model="cbf1"))) == {"metrics", "curves", "history"}
    one = SimpleNamespace(model="simulation", task="ELF1_SIX5", method="deeplift")
    assert lookups.contribution_background(one) == [0.27, 0.23, 0.23, 0.27]


def test_figures_comparisons_and_nulls_change_no_score(lookups):
    """What is not among the scoring options may change without scoring again."""
    scored = lookups.scoring_options(SimpleNamespace(analysis="gata_tal", model="tf_binding"))
    assert {"figures", "comparisons", "p_values", "nulls", "truth", "examples"}.isdisjoint(scored)
    assert {"background", "sources", "targets", "same_name", "shuffles"} <= set(scored)


def test_a_twin_has_the_choice_and_the_options_of_its_model_without_shuffles(lookups):
    of = {name: SimpleNamespace(analysis="cbf1_flanks", model=name, task="ddG", method="deeplift")
          for name in ("cbf1", "cbf1_twin1", "cbf1_twin2")}  # fmt: skip
    own, twin = (lookups.scoring_options(of[name]) for name in ("cbf1", "cbf1_twin1"))
    assert own["shuffles"] == 1
    assert twin == own | {"shuffles": 0}
    assert lookups.predictions_of_same_dataset(of["cbf1_twin2"]) == {
        "predictions": "results/models/cbf1/predictions.h5"
    }
    assert lookups.model_tasks(of["cbf1_twin1"]) == ["ddG"]
    shards = "results/interactions/cbf1_flanks/{}/ddG/deeplift/shards/0.h5"
    for name, null in (("cbf1", "cbf1_twin1"), ("cbf1_twin1", "cbf1_twin2"), ("cbf1_twin2", "cbf1_twin1")):
        assert lookups.additive_shards(of[name])["additive"][0] == shards.format(null)
    assert lookups.twin_of(SimpleNamespace(dataset="cbf1_twin1"))["sequences"] == (
        "results/datasets/cbf1/sequences.h5"
    )


def test_what_is_expected_of_cells_is_planted(lookups):
    assert lookups.expected_cells(SimpleNamespace(analysis="cbf1_flanks"))["expected"].startswith(
        "results/planted"
    )
    assert lookups.expected_cells(SimpleNamespace(analysis="motif_pairs")) == {}
