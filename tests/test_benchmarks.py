"""Benchmarks: what is counted and how it is told, on contenders that take no time."""

from pathlib import Path

import contributions
import dataset_memory
import numpy as np
import pytest
from contenders import Contender, Running
from paper_networks import operations, paper_network
from support.small_networks import normalised

from dfim.attribution.simplification import simplify
from dfim.datasets.dataset import read_dataset


@pytest.mark.parametrize(
    ("name", "rule", "expected"),
    [
        ("A", "genomics_default", 2 * (2 * 182 * 19 * 4 * 40 + 4 * 18 * 40 * 200)),
        ("A", "rescale", 2 * (2 * 182 * 19 * 4 * 40 + 2 * 18 * 40 * 200)),
        ("B", "genomics_default", 4 * 25 * 10 * (991 * 4 + (982 + 973 + 964 + 955) * 25)),
    ],
)
def test_operations_are_those_counted_by_hand(name, rule, expected):
    assert operations(simplify(paper_network(name)), rule) == expected


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "support"))
    monkeypatch.setattr(contributions, "paper_network", lambda name: normalised())
    monkeypatch.setattr(contributions, "gemm_rate", lambda: 1e9)
    kinds = [layer.kind for layer in normalised()]
    folded = [layer.kind for layer in simplify(normalised())]

    def nothing(name: str, kinds: list[str], **more) -> Contender:
        return Contender(name, "fake_contender:Nothing", "rescale", {"kinds": kinds}, **more)

    found = contributions.contributions_table(
        [
            nothing("deeplift package", folded, batch_sizes=(2, 4)),
            nothing("a part", folded, share=0.25),
            nothing("as trained", kinds, as_trained=True),
            nothing("refuses", kinds),
            Contender("absent", "no_such_module:Thing", "rescale"),
        ],
        "X",
        runs=3,
        sequences={"X": 20},
    )
    return found.set_index("contender")


def test_the_table_has_a_row_for_every_contender(table):
    measured = table.loc[["deeplift package", "a part", "as trained"]]
    assert (measured["note"] == "").all()
    assert (measured["runs"] == 3).all()
    assert measured["sequences"].tolist() == [20, 5, 20]
    assert (measured["per_second_min"] <= measured["per_second"]).all()
    assert (measured["per_second"] <= measured["per_second_max"]).all()
    assert (measured["memory_mb"] > 5).all()
    assert table.loc["deeplift package", "times_package"] == 1
    assert table.loc["deeplift package", "batch_size"] in (2, 4)
    # Scores of 0 are off by all that there is.
    assert (measured[["difference", "difference_max"]] == 1).all(axis=None)
    np.testing.assert_allclose(
        measured["share_of_floor"], measured["per_second"] / measured["floor_per_second"]
    )
    assert (measured["floor_per_second"] == 1e9 / operations(simplify(normalised()), "rescale")).all()


def test_the_columns_are_the_same_without_the_package_to_compare_with(monkeypatch):
    monkeypatch.setattr(contributions, "paper_network", lambda name: normalised())
    contenders = [Contender("absent", "no_such_module:Thing", "rescale")]
    found = contributions.contributions_table(contenders, "X", runs=1, sequences={"X": 4})
    assert tuple(found.columns) == contributions.COLUMNS
    assert len(found) == 1


def test_a_contender_that_is_not_there_or_refuses_is_noted(table):
    missing = "not measured: ModuleNotFoundError: No module named 'no_such_module'"
    assert table.loc["absent", "note"] == missing
    refusal = "not measured: ValueError: these are not the layers that were promised"
    assert table.loc["refuses", "note"] == refusal
    assert table.loc[["absent", "refuses"], "per_second"].isna().all()


def test_memory_is_watched_while_a_contender_works(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "support"))
    running = Running(Contender("hoarder", "fake_contender:Hoarder", "none"))
    try:
        running.ask("build", "fake_contender:Hoarder", {})
        before = running.memory()
        with running.watched() as peak:
            running.ask("contributions", np.zeros(1), 0)
        assert 90e6 < peak[0] - before < 150e6
        assert running.memory() - before < 50e6
    finally:
        running.end()


@pytest.mark.parametrize("patterns", [False, True])
def test_a_dataset_of_so_many_windows_is_measured(tmp_path, patterns):
    dataset_memory.make_genome(tmp_path, 440)
    measured = dataset_memory.build(tmp_path, 220, patterns)
    assert measured["windows"] == 220  # none lost to a chromosome's end, none merged with another
    # GATA is at 1 of 256 places, and CA**TG as often: about eight in a window.
    assert 6 * 220 < measured["features"] < 10 * 220 if patterns else measured["features"] == 0
    assert read_dataset(tmp_path).labels.shape == (220, dataset_memory.TASKS)
