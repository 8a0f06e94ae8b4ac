"""Networks beside a model: what is added to the configuration, and what cannot be."""

import copy

import pytest

from dfim.errors import InputError
from workflow.datasets import tasks_of_datasets, told_of
from workflow.ensembles import (
    add_networks,
    model_beside,
    networks_of,
    null_twin,
    own_models,
    twins_of,
    without_networks,
)
from workflow.results import model_targets, networks_targets, twin_targets

CONFIG = {
    "seed": 7,
    "datasets": {"data": {"values": {"task": "ddG", "core": "CACGTG"}}},
    "expected_sizes": {"datasets": {"data": {"examples": 500}}},
    "models": {
        "one": {"dataset": "data", "architecture": "a", "training": {"epochs": 2}, "seeds": 3, "twins": 2,
                "contributions": [{"task": "ddG", "method": "m"}]},
        "two": {"dataset": "data", "architecture": "b", "twins": 1, "contributions": []},
        "given": {"source": {"tasks": ["ddG"]}, "contributions": []},
    },
}  # fmt: skip
TASKS = {"data": ["ddG"]}


@pytest.fixture
def config():
    config = copy.deepcopy(CONFIG)
    add_networks(config, TASKS)
    return config


def test_seeds_and_twins_are_models_of_their_own(config):
    assert list(config["models"]) == [
        "one", "two", "given", "one_seed2", "one_seed3", "one_twin1", "one_twin2", "two_twin1",
    ]  # fmt: skip
    assert config["models"]["one_seed3"] == {
        "dataset": "data", "architecture": "a", "training": {"epochs": 2}, "contributions": [],
        "beside": "one", "seed": 9,
    }  # fmt: skip
    twin = config["models"]["one_twin2"]
    assert twin["dataset"] == "data_twin2"
    assert "seed" not in twin  # trained with the seed of its model
    assert config["datasets"]["data_twin2"] == {
        "twin": {"of": "data", "number": 2, "tasks": ["ddG"], "told": {"fixed": 6, "examples": 500}}
    }
    assert tasks_of_datasets(config, {})["data_twin2"] == ["ddG"]
    assert told_of(config, "data_twin2")["examples"] == 500


def test_models_of_one_dataset_share_its_twins(config):
    assert config["models"]["two_twin1"]["dataset"] == config["models"]["one_twin1"]["dataset"]
    assert list(config["datasets"]) == ["data", "data_twin1", "data_twin2"]


def test_what_stands_beside_what(config):
    assert networks_of(config, "one") == ["one", "one_seed2", "one_seed3"]
    assert twins_of(config, "one") == ["one_twin1", "one_twin2"]
    assert networks_of(config, "given") == ["given"]
    assert list(own_models(config)) == ["one", "two", "given"]
    assert model_beside(config, "one_twin1") == "one"
    assert model_beside(config, "two") == "two"


def test_the_null_of_a_twin_is_the_other_one(config):
    assert null_twin(config, "one") == "one_twin1"
    assert null_twin(config, "one_twin1") == "one_twin2"
    assert null_twin(config, "one_twin2") == "one_twin1"
    assert null_twin(config, "one_seed2") == "one_twin1"
    assert null_twin(config, "two_twin1") is None
    assert null_twin(config, "given") is None


def test_without_seeds_and_twins_nothing_is_added():
    config = copy.deepcopy(CONFIG)
    for model in config["models"].values():
        model.pop("seeds", None)
        model.pop("twins", None)
    before = copy.deepcopy(config)
    add_networks(config, TASKS)
    assert config == before


def test_they_can_be_taken_away_again(config):
    assert without_networks(config) == CONFIG


def test_a_name_that_is_taken_is_refused():
    config = copy.deepcopy(CONFIG)
    config["models"]["one_seed2"] = {"dataset": "data", "contributions": []}
    with pytest.raises(InputError) as caught:
        add_networks(config, TASKS)
    assert str(caught.value) == (
        "key 'models.one_seed2' has the name that a network beside the model 'one' takes: rename it."
    )


def test_a_given_network_has_neither():
    config = copy.deepcopy(CONFIG)
    config["models"]["given"]["twins"] = 1
    with pytest.raises(InputError) as caught:
        add_networks(config, TASKS)
    assert str(caught.value) == (
        "key 'models.given' has a source and asks for seeds or twins: it is not trained."
    )


def test_what_a_run_ends_in(config):
    """Cells of the second twin, kinds of all networks, and of networks of other seeds the metrics alone."""
    pairs = {
        "sources": {"features": "all"},
        "targets": {"features": "all"},
        "tasks": ["ddG"],
        "methods": ["m"],
    }
    cells = {**pairs, "targets": {"positions": "all"}, "aggregate": {"null": "additive"}}
    config |= {
        "results": "out",
        "analyses": {
            "pairs": {**pairs, "models": ["one", "given"]},
            "cells": {**cells, "models": ["one", "two"]},
        },
    }
    assert twin_targets(config) == ["out/interactions/cells/one_twin2/ddG/m/cells.tsv.gz"]
    assert networks_targets(config) == [
        "out/interactions/pairs/one/ddG/networks.tsv",
        "out/interactions/pairs/one/ddG/pair_networks.tsv.gz",
    ]
    beside = [path for path in model_targets(config) if "_seed" in path or "_twin" in path]
    assert beside == ["out/models/one_seed2/metrics.tsv", "out/models/one_seed3/metrics.tsv"]
    assert "out/models/two/additive.tsv" in model_targets(config)
    assert "out/models/given/additive.tsv" not in model_targets(config)
