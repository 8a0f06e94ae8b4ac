"""The real workflow on small data: everything is made, once, whatever the number of shards and cores."""

import copy
import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from dfim.datasets.dataset import read_dataset
from dfim.sequences.bases import to_string
from workflow.conditions import columns_of
from workflow.configuration import read_configuration

pytestmark = pytest.mark.workflow


def jobs(printed: str) -> dict[str, int]:
    """Return the number of planned jobs by rule, from the statistics that Snakemake prints."""
    table = printed.split("Job stats:")[1].split("\n\n")[0] if "Job stats:" in printed else ""
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}


def pairs_of(folder, method):
    return pd.read_csv(
        folder.path / f"results/interactions/motif_pairs/simulation/ELF1_SIX5/{method}/pairs.tsv.gz", sep="\t"
    )


def test_every_figure_comes_with_its_data(finished):
    figures = sorted((finished.path / "results/figures").rglob("*.png"))
    # Two of each model; of every analysis and method how the null holds, and what is configured.
    assert len(figures) == 5 * 2 + (2 + 1 + 1 + 1 + 1) + 2 + 1 + 1 + 2 + 1
    for figure in figures:
        assert figure.read_bytes().startswith(b"\x89PNG")
        assert figure.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert len(pd.read_csv(figure.with_suffix(".tsv"), sep="\t")) > 0


def test_the_columns_of_results_are_those_that_conditions_are_checked_against(finished, monkeypatch):
    monkeypatch.chdir(finished.path)
    config = copy.deepcopy(finished.config)
    read_configuration(config, "config.yaml")
    found = list((finished.path / "results/interactions").glob("*/*/*/*/pairs.tsv.gz"))
    found += (finished.path / "results/interactions").glob("*/*/*/*/sources.tsv.gz")
    assert len(found) >= 5
    for path in found:
        analysis = config["analyses"][path.parts[-5]]
        foreseen = columns_of(config, analysis)["comparisons"]
        derived = {name for name in foreseen if name.startswith("abs_")}
        assert set(pd.read_csv(path, sep="\t", nrows=1).columns) == set(foreseen) - derived, path


def test_simulated_truth_reaches_the_results(finished):
    """Every scored pair is a pair of planted instances, at their coordinates."""
    dataset = read_dataset(finished.path / "results/datasets/simulation")
    motifs = {"ELF1": "AACCCGGAAGTG", "SIX5": "AATAGGGTATCATATAT"}
    pairs = pairs_of(finished, "deeplift")
    assert set(pairs["pair"]) == {"ELF1–ELF1", "ELF1–SIX5"}
    for row in pairs.itertuples():
        for end in ("source", "target"):
            start, stop = getattr(row, f"{end}_start"), getattr(row, f"{end}_end")
            assert to_string(dataset.bases[row.example, start:stop]) == motifs[getattr(row, f"{end}_name")]


def test_p_values_follow_from_the_null(finished):
    folder = finished.path / "results/interactions/motif_pairs/simulation/ELF1_SIX5/deeplift"
    pairs = pairs_of(finished, "deeplift")
    null = pd.read_csv(folder / "null.tsv.gz", sep="\t").merge(
        pairs[["source", "target", "distance"]], on=["source", "target"]
    )
    near = null["distance"].abs() <= 30
    for row in pairs.itertuples():
        scores = null["fis"][near == (abs(row.distance) <= 30)]
        assert row.fis_p == pytest.approx((1 + (scores >= row.fis).sum()) / (1 + len(scores)), rel=1e-5)
    nulls = pd.read_csv(folder / "nulls.tsv", sep="\t")
    assert set(nulls["null_model"]) == {"dinucleotide", "matched"}
    assert nulls["hypothesis"].str.endswith(".").all()


def test_a_network_whose_head_sees_everything_has_an_infinite_reach(finished):
    reach = pd.read_csv(finished.path / "results/models/tf_binding/reach.tsv", sep="\t")
    assert reach["reach"].iloc[-1] == np.inf
    assert reach["reach"].iloc[1] == 12


def test_nulls_are_judged_in_one_row_of_the_reproduction_table(finished):
    table = pd.read_csv(finished.path / "results/reproduction.tsv", sep="\t")
    judged = table[table["section"] == "calibration"]
    assert len(judged) == 1
    assert judged["claim"].str.startswith("p-values hold their level where nothing interacts").all()


def test_variant_profiles_are_blank_at_the_variant_and_beyond_the_window(finished):
    folder = finished.path / "results/interactions/binding_qtl/accessibility/GM12878/gradient_input"
    with h5py.File(folder / "profiles.h5") as handle:
        delta = handle["delta"][()]
    sources = pd.read_csv(folder / "sources.tsv.gz", sep="\t")
    assert len(sources) == len(delta) > 10
    known = np.abs(np.arange(300) - 150)
    assert np.array_equal(np.isfinite(delta), np.tile((known > 0) & (known <= 50), (len(delta), 1)))
    np.testing.assert_allclose(sources["fis"], np.nanmax(np.abs(delta), axis=1), rtol=1e-5)


def test_cells_of_aggregate_maps_are_means_of_profiles(finished):
    folder = finished.path / "results/interactions/flanks/flanks/ddG/gradient_input"
    cells = pd.read_csv(folder / "cells.tsv.gz", sep="\t")
    assert set(cells["set"]) == {"weak", "strong", "all"}
    assert set(cells["source_position"]) == {0, 1, 8, 9}  # not the core
    sources = pd.read_csv(folder / "sources.tsv.gz", sep="\t")
    with h5py.File(folder / "profiles.h5") as handle:
        delta = handle["delta"][()]
    bases = read_dataset(finished.path / "results/datasets/flanks").bases
    rows = sources["start"] == 1
    both = rows & (sources["reference"] == "G") & (bases[sources["example"], 8] == ord("C"))
    cell = cells[(cells["set"] == "all") & (cells["source_position"] == 1) & (cells["source_base"] == "G")]
    cell = cell[(cell["target_position"] == 8) & (cell["target_base"] == "C")]  # of all mutant bases
    assert cell["n"].sum() == both.sum() > 5
    assert np.average(cell["mean"], weights=cell["n"]) == pytest.approx(delta[both, 8].mean(), rel=1e-4)
    assert (cells["expected"].notna() == cells["target_position"].isin([0, 1, 8, 9])).all()


def test_cells_are_tested_against_those_of_the_additive_twin(finished):
    folder = finished.path / "results/interactions/flanks"
    cells, control = (
        pd.read_csv(folder / f"{model}/ddG/gradient_input/cells.tsv.gz", sep="\t")
        for model in ("flanks", "flanks_twin2")
    )
    # The same sequences in all networks, chosen for the first one.
    selected = [pd.read_csv(path, sep="\t") for path in sorted(folder.glob("*/ddG/examples.tsv"))]
    assert len(selected) == 3
    assert all(table.equals(selected[0]) for table in selected)
    called = cells[cells["called"] == 1]
    assert (called["q"] < 0.05).all()
    assert (called["mean"].abs() >= 0.02).all()
    twin = read_dataset(finished.path / "results/datasets/flanks_twin1")
    dataset = read_dataset(finished.path / "results/datasets/flanks")
    assert np.array_equal(twin.bases, dataset.bases)
    assert not np.array_equal(twin.labels, dataset.labels)
    assert len(control) > 100
    assert (control["q"].dropna() >= 0.05).mean() > 0.95


def test_what_adds_up_is_compared_with_the_network(finished):
    models = finished.path / "results/models"
    tables = {path.parent.name: pd.read_csv(path, sep="\t") for path in models.glob("*/additive.tsv")}
    assert set(tables) == {"simulation", "tf_binding", "flanks"}
    assert tables["simulation"].set_index("fit").loc["additive", "separates"] == 1
    assert tables["flanks"]["fit"].tolist() == ["additive", "pairs", "network"]
    gain = tables["flanks"].set_index("fit")["gain_low"]
    assert gain["pairs"] > 0  # of the planted couplings
    places = {path.parent.name: pd.read_csv(path, sep="\t") for path in models.glob("*/place.tsv")}
    assert set(places) == {"simulation", "tf_binding", "pretrained", "accessibility", "flanks"}
    assert len(places["flanks"]) == 0  # too short to be moved by 25 bp
    assert places["accessibility"]["shift"].tolist() == [25, 50, 100] * 3


def test_reproduction_has_a_verdict_for_every_claim(finished):
    table = pd.read_csv(finished.path / "results/reproduction.tsv", sep="\t")
    assert set(table["verdict"]) <= {"reproduced", "not reproduced", "cannot show"}
    assert table["section"].tolist().count("other data") == 1
    table = pd.read_csv(finished.path / "results/data_checks.tsv", sep="\t")
    # 60,000 sequences are claimed and 400 simulated: the table must say so.
    row = table[table["claim"] == "60,000 sequences are simulated"].iloc[0]
    assert (row["found"], row["verdict"]) == ("400", "not reproduced")


def test_a_second_run_does_nothing(finished, tmp_path):
    assert "Nothing to be done" in finished.copy(tmp_path).run("--dry-run").stdout


def test_a_changed_row_redoes_only_what_depends_on_it(finished, tmp_path):
    folder = finished.copy(tmp_path)
    path = folder.path / "tf.tsv"
    path.write_text(path.read_text().replace("peaks/GATA2.", "peaks/GATA1."))
    planned = jobs(folder.run("--dry-run").stdout)
    assert planned.pop("total") == sum(planned.values())
    assert planned == {
        "build_peak_dataset": 1,
        "train_model": 1,
        "evaluate_model": 1,
        "fit_additive": 1,
        "select_examples": 1,
        "score_pairs": 1,
        "assign_significance_pairs": 1,
        "measure_reach": 1,
        "mutate_pairs": 1,
        "judge_pairs": 1,
        "describe_kinds": 1,
        "compare_groups": 1,
        "export_pairs": 1,
        "plot_model": 1,
        "plot_interactions_gata_tal": 1,
        "write_reproduction": 1,
        "write_page": 1,
        "all": 1,
    }


def test_a_given_network_is_analysed_without_training(finished, tmp_path):
    """The trained network, handed in as a file by another name and without a dataset, has the same scores."""
    folder = finished.copy(tmp_path)
    trained = folder.path / "results/models/tf_binding/model.keras"
    shutil.copy(trained, folder.path / "mine.keras")
    folder.config["models"]["mine"] = {"source": {"model": "mine.keras", "tasks": ["GATA1", "GATA2", "TAL1"]}}
    folder.config["analyses"]["gata_tal"]["models"].append("mine")
    target = "results/interactions/gata_tal/{}/TAL1/gradient_input/pairs.tsv.gz"
    planned = jobs(folder.run("--dry-run").stdout)
    assert planned["provide_model"] == 1
    assert not {"train_model", "evaluate_model"} & planned.keys()
    ran = folder.run(target.format("mine"))
    assert ran.returncode == 0, ran.stdout[-5000:]
    tables = [pd.read_csv(folder.path / target.format(name), sep="\t") for name in ("tf_binding", "mine")]
    assert len(tables[0]) > 10
    pd.testing.assert_frame_equal(*tables, rtol=1e-5)


ANALYSES = "results/interactions"
PAIRS = f"{ANALYSES}/motif_pairs/simulation/ELF1_SIX5"
PROFILES = f"{ANALYSES}/binding_qtl/accessibility/GM12878/gradient_input"
CELLS = f"{ANALYSES}/flanks/flanks/ddG/gradient_input"


# Other numbers of sequences in a matrix product, as other shards give, change the last bits of scores. Two
# that are all but equal may change places then, and a p, which is a rank, moves by what one rank is worth.
RANKS = 0.02


def assert_equal_but_for_rounding(before: pd.DataFrame, after: pd.DataFrame) -> None:
    """Scores are equal to 1e-5; all but a twentieth of p and q likewise, and these to a few ranks."""
    tested = [name for name in before if name.endswith(("_p", "_q")) or name in ("p", "q")]
    scores = [name for name in before if name not in tested]
    pd.testing.assert_frame_equal(before[scores], after[scores], rtol=1e-5, atol=1e-5)
    pd.testing.assert_frame_equal(before[tested], after[tested], rtol=0, atol=RANKS)
    for name in tested:
        equal = np.isclose(before[name], after[name], rtol=1e-5, atol=1e-5, equal_nan=True)
        assert equal.mean() > 0.95, (name, equal.mean())


@pytest.mark.long
def test_shards_and_cores_do_not_change_results(finished, tmp_path):
    """Three, two and one shards on two cores, against one, three and two on one core: the same tables."""
    folder = finished.copy(tmp_path)
    for analysis, shards in {"motif_pairs": 1, "binding_qtl": 3, "flanks": 2}.items():
        assert folder.config["analyses"][analysis].get("shards", 1) != shards
        folder.config["analyses"][analysis]["shards"] = shards
    tables = [f"{PAIRS}/{method}/pairs.tsv.gz" for method in ("deeplift", "gradient_input")]
    tables += [
        f"{PAIRS}/deeplift/{name}.tsv" for name in ("nulls", "calibration", "agreement", "comparisons")
    ]
    tables += [f"{PAIRS}/deeplift/null.tsv.gz"]
    tables += [f"{PROFILES}/{name}" for name in ("sources.tsv.gz", "null.tsv.gz", "comparisons.tsv")]
    tables += [f"{CELLS}/{name}" for name in ("cells.tsv.gz", "sources.tsv.gz")]
    ran = folder.run(*tables, cores=1)
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert len(list((folder.path / PROFILES / "shards").glob("*.h5"))) == 3
    for table in tables:
        before, after = (pd.read_csv(one.path / table, sep="\t") for one in (finished, folder))
        assert len(before) > 0
        assert_equal_but_for_rounding(before, after)
    with (
        h5py.File(finished.path / PROFILES / "profiles.h5") as one,
        h5py.File(folder.path / PROFILES / "profiles.h5") as other,
    ):
        for name in ("p", "q"):
            np.testing.assert_allclose(one[name][()], other[name][()], rtol=0, atol=RANKS)
            assert np.isclose(one[name][()], other[name][()], equal_nan=True).mean() > 0.99
        np.testing.assert_allclose(one["delta"][()], other["delta"][()], atol=1e-6)
