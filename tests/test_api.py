"""The face: its examples, its numbers against the network itself, and what it refuses."""

import doctest

import numpy as np
import pandas as pd
import pytest

import dfim
from dfim import api
from dfim.__main__ import main
from dfim.datasets.sequence_files import read_sequences
from dfim.errors import InputError
from dfim.networks.backend import keras
from dfim.sequences.bases import one_hot

OWN = [f"resources/own/{file}" for file in ("network.keras", "sequences.fa", "features.bed")]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


def outputs_before_the_sigmoid(x: np.ndarray) -> np.ndarray:
    probability = keras.models.load_model(OWN[0]).predict(x, verbose=0)[:, 0].astype(np.float64)
    return np.log(probability) - np.log1p(-probability)


def test_the_examples_of_the_docstrings_run():
    assert doctest.testmod(api).attempted >= 8
    assert doctest.testmod(api).failed == 0


def test_pairs_have_the_interaction_that_the_network_itself_shows():
    names, bases = read_sequences(OWN[1])
    features = pd.DataFrame(
        {"sequence": [names[0]] * 2, "start": [20, 60], "end": [30, 72], "name": ["one", "other"]}
    )
    found = dfim.pairs(OWN[0], OWN[1], features, draws=5).tests.iloc[0]
    x = np.repeat(one_hot(bases[:1]), 4, axis=0)
    x[[1, 3], 20:30] = api.BACKGROUND
    x[[2, 3], 60:72] = api.BACKGROUND
    f11, f01, f10, f00 = outputs_before_the_sigmoid(x)
    assert found["interaction"] == pytest.approx(f11 - f01 - f10 + f00, abs=1e-3)
    assert (found["sequence"], found["pair"]) == (names[0], "one–other")


def test_a_map_takes_strings_and_one_hot_rows_alike():
    sequence = "ACGTTGCA" * 25
    maps = [
        dfim.map(OWN[0], given, method="gradient_input", region=(3, 5))
        for given in ([sequence], one_hot(np.frombuffer(sequence.encode(), np.uint8)[None]))
    ]
    np.testing.assert_array_equal(maps[0].delta, maps[1].delta)
    assert np.isfinite(maps[0].delta[0, 3]).sum() == 199  # a mutated position is no target
    assert np.isnan(maps[0].delta[0, 5:]).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((["ACGT"], {"A": "AC"}), "the sequences have 4 positions, and the network takes 200: give"),
        ((["ACGT" * 50, "ACG"], {"A": "AC"}), "the sequences have 2 lengths, and one length is needed"),
        ((["ACGT" * 50], pd.DataFrame({"start": [1]})), "the table of features lacks the column 'sequence'"),
        ((["ACGT" * 50], 7), "features are given as int, and a path, a table or a mapping"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        dfim.pairs(OWN[0], *arguments)


def test_a_variant_that_the_sequence_does_not_have_is_refused():
    table = pd.DataFrame({"sequence": [0], "position": [1], "reference": "T", "alternate": "G"})
    with pytest.raises(InputError, match="row 0 of the variants has the reference 'T' at position 1"):
        dfim.variants(OWN[0], ["ACGT" * 50], table)


def test_the_command_writes_a_table_and_a_figure(tmp_path, capsys):
    out = str(tmp_path / "found")
    assert main(["pairs", *OWN[:2], "--features", OWN[2], "--out", out]) == 0
    kinds = pd.read_csv(f"{out}.tsv", sep="\t")
    assert kinds.loc[0, ["pair", "call"]].tolist() == ["ELF1–SIX5", "synergy"]
    assert kinds.loc[0, "called_synergy"] >= 0.95
    assert len(pd.read_csv(f"{out}.pairs.tsv", sep="\t")) == 80
    assert (tmp_path / "found.png").stat().st_size > 10_000
    capsys.readouterr()
    assert main(["pairs", *OWN[:2]]) == 1
    assert capsys.readouterr().err == (
        "error: features are needed: give either --features or --pattern NAME=LETTERS.\n"
    )
