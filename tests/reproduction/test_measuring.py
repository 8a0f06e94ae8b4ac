"""Claims measured on a small results folder whose contents are known."""

import json
import re
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from dfim.datasets.dataset import Dataset, write_dataset
from dfim.errors import InputError
from dfim.files.tables import read_table, write_table
from dfim.networks.building import build_network
from dfim.networks.keras_files import save_network
from dfim.reproduction.claims import MEASURES, read_claims
from dfim.reproduction.describing import background
from dfim.reproduction.judging import judge_null_checks, reproduce
from dfim.reproduction.layers import network_layers
from dfim.reproduction.measuring import TABLE_MEASURES
from dfim.sequences.bases import to_bases
from dfim.statistics.calibration import calibration
from dfim.statistics.null_checks import ROW_COLUMNS, summarise_checks
from dfim.statistics.null_tables import describe_nulls
from dfim.statistics.nulls import NullModel

CLAIMS = Path(__file__).parents[2] / "config" / "claims" / "paper.yaml"


@pytest.fixture(scope="module")
def dataset():
    bases = np.stack([to_bases(text) for text in ("AACGATAC", "TATCAAAA", "ACGTGATA", "CCCCCCCC")])
    features = pd.DataFrame(
        {
            "feature": range(4),
            "example": [0, 1, 2, 2],
            "name": ["GATA1", "GATA1", "GATA1", "E-box"],
            "kind": "motif",
            "start": [3, 0, 4, 0],
            "end": [7, 4, 8, 3],
            "strand": ["+", "-", "+", "+"],
        }
    )
    examples = pd.DataFrame(
        {
            "example": range(4),
            "name": list("abcd"),
            "origin": ["set1", "set1", "set2", "set2"],
            "split": ["train", "test", "train", "test"],
        }
    )
    return Dataset(bases, np.array([[1], [1], [0], [-1]], np.int8), ["GATA1"], examples, features)


@pytest.fixture(scope="module")
def results(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_dataset(dataset, folder / "datasets/d")
    metrics = pd.DataFrame(
        {
            "split": ["test", "test", "train"],
            "task": ["GATA1", "mean", "mean"],
            "auroc": [0.94, 0.95, 0.99],
            "positives": [3, 3, 9],
            "negatives": [4, 4, 9],
        }
    )
    write_table(metrics, folder / "models/m/metrics.tsv")
    pairs = pd.DataFrame(
        {"example": range(6), "distance": [5, -6, 7, 90, 80, -70], "fis": [3, 4, 5, 1, 2, 3]}
    )
    write_table(pairs, folder / "pairs.tsv.gz")
    with h5py.File(folder / "c.h5", "w") as handle:
        handle["importance"] = np.zeros((7, 20), np.float32)
        handle.attrs["reference"] = [0.27, 0.23, 0.23, 0.27]
    return folder


def judge(results, cannot_show=None, **claim):
    files = [path for path in results.rglob("*") if path.is_file()]
    claim = {"section": "X", "claim": "it is so", **claim}
    return reproduce([claim], results, files, cannot_show).iloc[0]


EXAMPLES, FEATURES = "datasets/d/examples.tsv.gz", "datasets/d/features.tsv.gz"


@pytest.mark.parametrize(
    ("claim", "found", "n"),
    [
        ({"file": EXAMPLES, "measure": "rows", "where": "origin == 'set1'"}, "2", 2),
        ({"file": EXAMPLES, "measure": "mean", "where": "origin == 'set1'", "column": "label_GATA1"}, "1", 2),
        ({"file": EXAMPLES, "measure": "values", "column": "copies_GATA1"}, "0, 1", 4),
        ({"file": EXAMPLES, "measure": "share", "column": "split == 'test'"}, "0.5 [0.15, 0.85]", 4),
        (
            {"file": FEATURES, "measure": "values", "where": "name == 'GATA1'", "column": "sequence"},
            "GATA",
            3,
        ),
        (
            {"file": FEATURES, "measure": "values", "column": "name.str.cat(sequence, ' ')"},
            "E-box ACG, GATA1 GATA",
            4,
        ),
        ({"file": FEATURES, "measure": "rows", "where": "origin == 'set2'"}, "2", 2),
        (
            {
                "file": "models/m/metrics.tsv",
                "measure": "value",
                "where": "split == 'test' and task == 'mean'",
                "column": "auroc",
                "n": "positives + negatives",
            },
            "0.95",
            7,
        ),
        ({"file": "pairs.tsv.gz", "measure": "median", "column": "fis"}, "3", 6),
        ({"file": "pairs.tsv.gz", "measure": "largest", "column": "abs_distance"}, "90", 6),
        ({"file": "pairs.tsv.gz", "measure": "smallest", "column": "-distance"}, "-90", 6),
        (
            {
                "file": "pairs.tsv.gz",
                "measure": "auroc",
                "where": "abs_distance <= 20",
                "against": "abs_distance > 20",
                "column": "fis",
            },
            # Of 9 comparisons 8 are won and 1 is a tie.
            f"{8.5 / 9:.6g}",
            6,
        ),
        (
            {
                "file": "pairs.tsv.gz",
                "measure": "average_precision",
                "where": "abs_distance <= 20",
                "against": "abs_distance > 20 and distance < 90",
                "column": "fis",
            },
            # 5 and 4 come first, 3 together with one of the others.
            f"{2 / 3 + 1 / 3 * 3 / 4:.6g}",
            5,
        ),
        ({"file": "c.h5", "measure": "rows", "column": "importance"}, "7", 7),
        ({"file": "c.h5", "measure": "length", "column": "importance"}, "20", 7),
        ({"file": "c.h5", "measure": "attribute", "column": "reference"}, "0.27, 0.23, 0.23, 0.27", 1),
        ({"file": "datasets/d/sequences.h5", "measure": "length", "column": "bases"}, "8", 4),
    ],
)
def test_measures(results, claim, found, n):
    row = judge(results, rule="equals stated", stated=found, **claim)
    assert row["found"] == found
    assert row["n"] == n


def test_rows_without_a_score_have_no_average_precision(results):
    table = read_table(results / "pairs.tsv.gz")
    write_table(
        table.assign(fis=table["fis"].where(table["fis"] != table["fis"].max())), results / "q.tsv.gz"
    )
    halves = {"where": "abs_distance <= 20", "against": "abs_distance > 20"}
    with pytest.raises(InputError, match="rows without 'fis': leave them out"):
        judge(results, file="q.tsv.gz", measure="average_precision", column="fis", rule="above", **halves)


def test_background_leaves_the_features_out(dataset):
    shares, n = background(dataset)
    outside = "AAC" + "C" + "AAAA" + "T" + "CCCCCCCC"
    assert n == len(outside)
    np.testing.assert_allclose(shares, [outside.count(base) / n for base in "ACGT"])


@pytest.mark.parametrize(
    ("rule", "stated", "verdict"),
    [
        ("equals stated", 0.95, "reproduced"),
        ("equals stated", 0.951, "not reproduced"),
        ("within 0.02 of stated", 0.935, "reproduced"),
        ("within 0.02 of stated", 0.92, "not reproduced"),
        ("at least 0.95", None, "reproduced"),
        ("at least 0.9501", None, "not reproduced"),
        ("at most 0.95", None, "reproduced"),
        ("above 0.95", None, "not reproduced"),
        ("below 1e0", None, "reproduced"),
    ],
)
def test_verdicts(results, rule, stated, verdict):
    metrics = {
        "file": "models/m/metrics.tsv",
        "measure": "value",
        "where": "split == 'test' and task == 'mean'",
    }
    assert judge(results, rule=rule, stated=stated, column="auroc", **metrics)["verdict"] == verdict


def test_lists_are_compared_element_by_element(results):
    claim = {"file": "c.h5", "measure": "attribute", "column": "reference", "rule": "within 0.01 of stated"}
    assert judge(results, stated=[0.27, 0.23, 0.23, 0.27], **claim)["verdict"] == "reproduced"
    assert judge(results, stated=[0.27, 0.23, 0.27, 0.23], **claim)["verdict"] == "not reproduced"
    assert judge(results, stated=[0.27, 0.23, 0.23], **claim)["verdict"] == "not reproduced"
    texts = {"file": EXAMPLES, "measure": "values", "column": "split", "rule": "equals stated"}
    assert judge(results, stated=["test", "train"], **texts)["verdict"] == "reproduced"
    assert judge(results, stated=["test", "TRAIN"], **texts)["verdict"] == "not reproduced"


def test_all_that_a_run_cannot_show_is_one_row(results):
    claim = {
        "section": "B.2",
        "claim": "it is so",
        "file": "models/m/metrics.tsv",
        "measure": "value",
        "where": "split == 'test' and task == 'mean'",
        "column": "auroc",
        "stated": 0.953,
        "rule": "within 0.02 of stated",
    }
    claims = [
        claim | {"needs": "binding_data"},
        claim,
        claim | {"needs": "qtl_data"},
        claim | {"file": "x.tsv"},
    ]
    missing = {"binding_data": "a miniature genome", "qtl_data": "a miniature genome"}
    table = reproduce(claims, results, [results / "models/m/metrics.tsv"], missing)
    assert table["verdict"].tolist() == ["reproduced", "cannot show"]
    assert table["claim"].iloc[1] == "3 claims about what this run does not have"
    assert table["note"].iloc[1] == "a miniature genome (2); this run did not make x.tsv (1)"
    assert table["found"].iloc[1] == ""


NEAR = {"file": "pairs.tsv.gz", "measure": "share", "where": "abs_distance < 20", "column": "fis > 3"}


def test_a_claim_holds_where_all_its_parts_do(results):
    near = NEAR | {"name": "near", "rule": "at least 0.6"}
    far = near | {"name": "far", "where": "abs_distance > 20", "rule": "at most 0"}
    row = judge(results, parts=[near, far])
    assert row["found"] == "near 0.666667 [0.208, 0.939]; far 0 [0, 0.561]"
    assert (row["threshold"], row["n"], row["verdict"]) == ("at least 0.6; at most 0", 6, "reproduced")
    # One part that fails is enough, also beside one that is missing; one that is missing leaves it open.
    none = near | {"name": "none", "where": "distance > 1000"}
    wrong = near | {"rule": "above 0.7"}
    assert judge(results, parts=[wrong, far])["verdict"] == "not reproduced"
    assert judge(results, parts=[wrong, none])["verdict"] == "not reproduced"
    row = judge(results, parts=[near, none])
    assert (row["verdict"], row["note"]) == ("cannot show", "pairs.tsv.gz has no such row")
    absent = near | {"name": "absent", "file": "none.tsv"}
    row = judge(results, parts=[near, absent])
    assert (row["verdict"], row["note"]) == ("cannot show", "this run did not make none.tsv")


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("between 0.5 and 0.7", "reproduced"),
        ("between 0.7 and 0.8", "not reproduced"),
        ("between 0.5 and .6", "not reproduced"),
    ],
)
def test_a_rule_with_two_ends(results, rule, verdict):
    assert judge(results, **NEAR, rule=rule)["verdict"] == verdict


def test_every_group_is_held_to_the_largest_share(results):
    claim = {"file": "pairs.tsv.gz", "measure": "largest_share", "by": "far", "column": "fis >= 3"}
    table = pd.DataFrame({"far": ["no", "no", "yes", "yes"], "fis": [1, 1, 3, 2], "block": [1, 1, 2, 2]})
    write_table(table, results / "groups.tsv")
    row = judge(results, **claim | {"file": "groups.tsv"}, rule="at most 0.4")
    # The interval counts a block once: 1 of them, not 2 rows.
    assert (row["found"], row["verdict"]) == ("0.5 [0.0546, 0.945] (yes)", "not reproduced")


def test_one_finding_is_divided_by_another(results):
    gap = {"file": "pairs.tsv.gz", "measure": "gap", "where": "distance < 20", "column": "fis"}
    per = gap | {"where": "abs_distance < 20", "against": "abs_distance > 20"}
    claim = {"file": "pairs.tsv.gz", "measure": "largest", "column": "fis", "rule": "at most 2"}
    # 5 by the gap between the medians 4 and 2.
    assert judge(results, **claim, per=per)["found"] == "2.5"
    assert judge(results, **claim, per=per)["verdict"] == "not reproduced"
    even = per | {"column": "fis * 0"}
    assert judge(results, **claim, per=even)["verdict"] == "cannot show"
    absent = per | {"file": "none.tsv"}
    assert judge(results, **claim, per=absent)["note"] == "this run did not make none.tsv"


def test_bins_of_distance_are_no_numbers(results):
    """Of a calibration table, each bin is held to the rule."""
    table = pd.DataFrame({"distance": ["all", "1–5", "6–20"], "share": [0.05, 0.045, 0.07], "n": [9, 4, 5]})
    write_table(table, results / "bins.tsv")
    claim = {"file": "bins.tsv", "measure": "values", "column": "share", "n": "n"}
    row = judge(results, **claim, where="distance != 'all'", rule="between 0.04 and 0.06")
    assert (row["found"], row["n"], row["verdict"]) == ("0.045, 0.07", 9, "not reproduced")
    near = judge(results, **claim, where="distance == '1–5'", rule="between 0.04 and 0.06")
    assert near["verdict"] == "reproduced"


def test_a_value_brings_its_interval(results):
    table = pd.DataFrame({"auroc": [0.9], "auroc_low": [0.85], "auroc_high": [0.95], "n": [40]})
    write_table(table, results / "interval.tsv")
    claim = {"file": "interval.tsv", "measure": "value", "column": "auroc", "n": "n", "rule": "at least 0.9"}
    assert judge(results, **claim)["found"] == "0.9 [0.85, 0.95]"


def test_missing_files_rows_and_data_cannot_show(results):
    rule = {"measure": "rows", "rule": "at least 1"}
    row = judge(results, file="models/none/metrics.tsv", **rule)
    assert (row["verdict"], row["note"]) == (
        "cannot show",
        "this run did not make models/none/metrics.tsv (1)",
    )
    row = judge(results, file="pairs.tsv.gz", where="distance > 1000", **rule)
    assert (row["verdict"], row["found"], row["n"]) == ("not reproduced", "0", 0)
    rule_of_mean = {"measure": "mean", "column": "fis", "rule": "above 0"}
    row = judge(results, file="pairs.tsv.gz", where="distance > 1000", **rule_of_mean)
    assert (row["verdict"], row["found"], row["note"]) == ("cannot show", "", "pairs.tsv.gz has no such row")
    row = judge(results, cannot_show=None, file="pairs.tsv.gz", **rule)
    assert row["verdict"] == "reproduced"
    claim = {"section": "SFig. 6", "claim": "c", "cannot_show": "no data"}
    row = reproduce([claim], results, []).iloc[0]
    assert (row["verdict"], row["note"], row["n"]) == ("cannot show", "no data (1)", 0)


def test_a_file_left_over_from_another_run_does_not_count(results):
    claim = {"section": "X", "claim": "c", "file": "pairs.tsv.gz", "measure": "rows", "rule": "above 0"}
    assert (results / "pairs.tsv.gz").exists()
    assert reproduce([claim], results, [results / "c.h5"]).loc[0, "verdict"] == "cannot show"


def test_layers_of_a_saved_network(tmp_path):
    layers = [
        {"kind": "convolution", "filters": 6, "width": 5, "batch_normalisation": True},
        {"kind": "max_pool", "width": 4},
        {"kind": "dense", "units": 7, "dropout": 0.5},
    ]
    save_network(build_network(layers, 40, ["a", "b"]), tmp_path / "model.keras")
    assert network_layers(tmp_path / "model.keras") == (
        "convolution 6 × 5 (batch normalisation, relu), max pool 4, dense 7 (dropout 0.5, relu), "
        "dense 2 (sigmoid)"
    )


def test_layers_of_other_kinds(tmp_path):
    layers = [
        ("Conv1D", {"filters": 2, "kernel_size": [3], "activation": "relu"}),
        ("AveragePooling1D", {"pool_size": [2]}),
        ("GlobalMaxPooling1D", {}),
    ]
    configuration = {
        "config": {"layers": [{"class_name": kind, "config": options} for kind, options in layers]}
    }
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(configuration))
    assert (
        network_layers(tmp_path / "model.keras")
        == "convolution 2 × 3 (relu), average pool 2, global max pool"
    )


def test_a_value_of_several_rows_is_an_error(results):
    with pytest.raises(InputError) as caught:
        judge(results, file="pairs.tsv.gz", measure="value", column="fis", rule="above 0")
    assert str(caught.value) == (
        "the claim 'it is so' needs one row of pairs.tsv.gz and has 6: mend its 'where'."
    )


def judged_wrongly(results, **claim):
    with pytest.raises(InputError) as caught:
        judge(results, **claim)
    return str(caught.value)


def test_text_where_a_number_is_needed_is_an_error(results):
    assert judged_wrongly(
        results, file=EXAMPLES, measure="median", column="origin", rule="above 0"
    ).startswith("the claim 'it is so' asks for the measure 'median' of 'origin', which is not made for it (")
    assert judged_wrongly(results, file=EXAMPLES, measure="values", column="origin", rule="above 0") == (
        "the claim 'it is so' has the rule 'above 0', and 'set1, set2' was found in "
        "datasets/d/examples.tsv.gz: measure a number."
    )


@pytest.mark.parametrize("measure", ["rows", "length", "attribute"])
def test_an_array_that_a_file_does_not_have_cannot_be_shown(results, measure):
    row = judge(results, file="c.h5", measure=measure, column="colour", rule="above 0")
    assert (row["verdict"], row["note"]) == ("cannot show", "c.h5 has no such column")


def test_every_measure_of_a_table_can_be_measured():
    assert {*TABLE_MEASURES, "auroc", "average_precision", "gap", "largest_share"} == set(MEASURES[".tsv"])


def test_the_shipped_claims_without_any_results_cannot_be_shown(tmp_path):
    table = reproduce(read_claims(CLAIMS), tmp_path, [])
    assert set(table["verdict"]) == {"cannot show"}
    assert (table["note"] != "").all()


MOTIFS = {
    "AP1": "ATGAGTCACC",
    "ELF1": "AACCCGGAAGTG",
    "SIX5": "AATAGGGTATCATATAT",
    "TAL1": "CTGAACAGATGGTCGG",
}


def write_simulation(folder):
    """Write a tiny dataset as of A.1, one example per number of copies, and the results that hang on it."""
    rng = np.random.default_rng(0)
    designs = [
        ("set1", {"ELF1": 1}), ("set1", {"ELF1": 2, "TAL1": 1}), ("set2", {"SIX5": 2}), ("set2", {"SIX5": 1}),
        ("set3", {"ELF1": 1, "SIX5": 2, "AP1": 1}), ("set3", {"ELF1": 2, "SIX5": 1}),
    ]  # fmt: skip
    bases, features = [], []
    for example, (_, copies) in enumerate(designs):
        sequence = rng.choice(np.frombuffer(b"ACGT", np.uint8), 200, p=[0.27, 0.23, 0.23, 0.27])
        for place, name in enumerate(name for name, n in copies.items() for _ in range(n)):
            start, end = 40 * place, 40 * place + len(MOTIFS[name])
            sequence[start:end] = to_bases(MOTIFS[name])
            features.append((len(features), example, name, "motif", start, end, "+"))
        bases.append(sequence)
    examples = pd.DataFrame(
        {"example": range(6), "origin": [origin for origin, _ in designs], "split": ["train", "test"] * 3}
    )
    labels = (examples["origin"] == "set3").to_numpy(np.int8)[:, None]
    columns = ["feature", "example", "name", "kind", "start", "end", "strand"]
    features = pd.DataFrame(features, columns=columns)
    write_dataset(
        Dataset(np.array(bases), labels, ["ELF1_SIX5"], examples, features), folder / "datasets/simulation"
    )
    history = pd.DataFrame({"epoch": range(1, 6), "best": [0, 1, 0, 0, 0]})
    write_table(history, folder / "models/simulation/history.tsv")
    pairs = pd.DataFrame(
        {"example": range(40), "source_name": "ELF1", "target_name": ["SIX5", "AP1", "TAL1", "ELF1"] * 10}
    )
    pairs["pair"] = ["ELF1–SIX5", "AP1–ELF1", "ELF1–TAL1", "ELF1–ELF1"] * 10
    interacting = pairs["pair"] == "ELF1–SIX5"
    pairs["signed_sum"] = np.where(interacting, 2, -1) + rng.random(40)
    pairs["fis_p"] = pairs["fis_q"] = np.where(interacting, 0.001, 0.1 + rng.random(40))
    pairs = pairs.assign(fis=pairs["signed_sum"].abs(), within_reach=1, distance=-30)
    write_table(pairs, folder / "interactions/motif_pairs/simulation/ELF1_SIX5/deeplift/pairs.tsv.gz")


def write_variants(folder):
    rows = {
        "NFKB": [
            ("chr11:30344883:G>C", "positive", 0.01, 0.01, 3),
            ("chr11:30344883:G>T", "positive", 1, 1, 3),
        ],
        "SPI1": [("chr1:5:A>T", "positive", 0.01, 0.01, -95), ("chr1:6:A>T", "positive", 0.01, 0.01, 125)],
    }
    columns = ["name", "group", "fis_p", "fis_q", "response_distance"]
    for factor, variants in rows.items():
        path = folder / f"interactions/bqtl_{factor}/accessibility/GM12878/deeplift/sources.tsv.gz"
        write_table(pd.DataFrame(variants, columns=columns), path)


def test_the_shipped_claims_are_read_off_a_run(tmp_path):
    write_simulation(tmp_path)
    write_variants(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    table = reproduce(read_claims(CLAIMS), tmp_path, files)
    shown = table[table["verdict"] != "cannot show"]
    wrong = shown[shown["verdict"] == "not reproduced"]
    # With 6 sequences instead of 60,000 only the numbers of sequences and the base frequencies differ.
    assert wrong["claim"].str.contains("sequences|Background").all()
    assert len(wrong) == 8
    assert len(shown) - len(wrong) >= 14
    assert {"SFig. 1", "SFig. 5", "SFig. 2A, B"} <= set(shown["section"])
    assert shown.loc[shown["section"] == "SFig. 1", "found"].tolist() == ["0.01"]
    assert shown.loc[shown["section"] == "SFig. 5", "found"].tolist() == ["1"]


# Calibration -------------------------------------------------------------------------------------------


def checked(folder, method: str, p: dict[str, np.ndarray]) -> str:
    """Write null_checks.tsv of the p of decoys, by score; return its path."""
    folder.mkdir(parents=True)
    rows = [
        pd.DataFrame({"p_tested": values, "p": values, "called": 0, "block": np.arange(len(values))}).assign(
            check="decoy", method=method, score=score
        )
        for score, values in p.items()
    ]
    write_table(summarise_checks(pd.concat(rows).reindex(columns=ROW_COLUMNS)), folder / "null_checks.tsv")
    return str(folder / "null_checks.tsv")


def calibrated(folder, scores: dict[str, np.ndarray], idle: dict[str, np.ndarray]):
    """Write calibration.tsv and nulls.tsv of null scores and rows that do not interact; return the former."""
    null, table = (
        pd.DataFrame({"example": np.arange(len(next(iter(rows.values())))) // 2, **rows})
        for rows in (scores, idle)
    )
    folder.mkdir(parents=True)
    known = np.ones(len(table), dtype=bool)
    found, _ = calibration(table, null, list(scores), [NullModel()], known)
    write_table(found, folder / "calibration.tsv")
    write_table(describe_nulls(null, null, list(scores), [NullModel()]), folder / "nulls.tsv")
    return str(folder / "calibration.tsv")


def test_a_run_whose_p_do_not_hold_their_level_where_nothing_interacts_says_so(tmp_path):
    rng = np.random.default_rng(2)
    good = checked(tmp_path / "interactions/pairs/m/t", "", {"interaction": rng.random(6000)})
    narrow = {"fis": rng.random(3000) ** 1.5, "signed_sum": rng.random(3000)}
    bad = checked(tmp_path / "interactions/sites/m/t", "deeplift", narrow)
    table = judge_null_checks(tmp_path, [good, bad, str(tmp_path / "other.tsv")])
    row = table.iloc[0]
    assert len(table) == 1
    assert (row["section"], row["verdict"], row["n"]) == ("calibration", "not reproduced", 9000)
    assert row["claim"].startswith(
        "p-values hold their level where nothing interacts: share with p ≤ 0.05 of"
    )
    assert row["threshold"] == "at most 0.055, or an interval with the level, in each"
    assert re.fullmatch(r"off in sites/m/t \(decoy, deeplift fis 0\.1\d?\)", row["note"])
    assert re.fullmatch(r"2 of 3 hold it; largest share 0\.1\d+", row["found"])
    assert judge_null_checks(tmp_path, [good])["verdict"].tolist() == ["reproduced"]
    assert judge_null_checks(tmp_path, [str(tmp_path / "other.tsv")]).empty


def test_real_rows_that_do_not_interact_are_told_and_judge_nothing(tmp_path):
    rng = np.random.default_rng(1)
    good = checked(tmp_path / "interactions/pairs/m/t", "", {"interaction": rng.random(6000)})
    null, idle = ({"fis": rng.normal(size=6000)} for _ in range(2))
    real = calibrated(tmp_path / "interactions/pairs/m/t/deeplift", null, {"fis": idle["fis"] + 1})
    row = judge_null_checks(tmp_path, [good, real]).iloc[0]
    assert row["verdict"] == "reproduced"
    assert re.fullmatch(
        r"of real features known not to interact 0\.\d+ to 0\.\d+ have p ≤ 0\.05; these may be small "
        r"interactions that the network has, and few of them are called",
        row["note"],
    )
