"""Aggregate maps: cells are those of a naive loop, whatever the shards; p, q and what is expected."""

import shutil
from collections import defaultdict

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control
from support.small_networks import chain, dense, random_bases, step

from dfim.attribution import open_scorer
from dfim.errors import InputError
from dfim.interactions.aggregate import CELL, COLUMNS, add_expected, aggregate
from dfim.interactions.profile_files import write_profile_shard
from dfim.interactions.scoring import profiles
from dfim.interactions.sources import nucleotide_sources
from dfim.sequences.shuffling import shuffled
from dfim.statistics.studentised import over_alike

LENGTH, SHUFFLES, SEED = 6, 2, 5
BACKGROUND = np.full(4, 0.25, np.float32)


@pytest.fixture(scope="module")
def bases() -> np.ndarray:
    bases = random_bases(np.random.default_rng(1), 60, LENGTH)
    bases[:, 3] = ord("C")
    return bases


@pytest.fixture(scope="module")
def scored(bases, tmp_path_factory):
    """Paths of shards cut in two ways, and all profiles."""
    rng = np.random.default_rng(2)
    steps = [step("flatten"), dense(rng, LENGTH * 4, 8), step("relu"), dense(rng, 8, 1)]
    folder = tmp_path_factory.mktemp("shards")
    cuts = {"one": [range(60)], "three": [range(0, 60, 3), range(1, 60, 3), range(2, 60, 3)]}
    paths, found = {}, []
    with open_scorer("gradient_input", chain(steps, LENGTH), BACKGROUND) as scorer:
        for name, parts in cuts.items():
            paths[name] = [folder / f"{name}{number}.h5" for number in range(len(parts))]
            for path, examples in zip(paths[name], parts, strict=True):
                sources = nucleotide_sources(bases, examples, "variable")
                own = list(profiles(scorer, bases, sources, 0, BACKGROUND, None, SHUFFLES, SEED))
                attributes = {"shuffles": SHUFFLES, "seed": SEED}
                write_profile_shard(own, sources, LENGTH, SHUFFLES, path, attributes)
                found += [(sources.loc[one.source], one) for one in own] if name == "one" else []
    return paths, found


SETS = pd.DataFrame({"example": [*range(40), *range(30, 60)], "set": ["a"] * 40 + ["b"] * 30})


def naive_cells(found, bases, members, replicate: int) -> dict:
    cells = defaultdict(list)
    for source, one in found:
        if one.replicate == replicate and source["example"] in members:
            letters = shuffled(bases[source["example"]], SEED, source["example"], replicate)
            start = source["start"]
            for target in set(range(LENGTH)) - {start}:
                key = (start, chr(letters[start]), chr(one.mutant_base[target]), target, chr(letters[target]))
                cells[key].append(float(one.delta[target]))
    return cells


def test_constant_positions_are_no_sources_but_targets(scored):
    positions = {source["start"] for source, _ in scored[1]}
    assert positions == {0, 1, 2, 4, 5}


def test_cells_are_those_of_a_naive_loop(scored, bases):
    paths, found = scored
    table = aggregate(paths["one"], bases, SETS, 3, "empirical")
    assert list(table) == COLUMNS
    for name in "ab":
        expected = naive_cells(found, bases, set(SETS.loc[SETS["set"] == name, "example"]), 0)
        own = table[table["set"] == name].set_index(CELL)
        assert set(own.index) == set(expected)
        for key, values in expected.items():
            assert own.loc[key, "n"] == len(values)
            assert own.loc[key, "mean"] == pytest.approx(np.mean(values), abs=1e-7)
            if len(values) > 1:
                assert own.loc[key, "sd"] == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    row = table[(table["source_position"] > table["target_position"])].iloc[0]
    target = f"{row['target_position']}{row['target_base']}"
    assert row["intact"] == f"{target}–{row['source_position']}{row['source_base']}"
    assert row["mutated"] == f"{target}–{row['source_position']}{row['mutant_base']}"


def naive_p(cells, null) -> list[float]:
    """Return p of cells from the (mean, distance) of the null's, in units of those as far apart."""
    means, apart = (np.array(values) for values in zip(*null, strict=True))
    own = (cells["source_position"] - cells["target_position"]).abs()
    sizes, others = over_alike(cells["mean"].to_numpy(), own.to_numpy(), means, apart)
    return [(1 + np.sum(others >= size - 1e-9)) / (1 + len(null)) for size in sizes]


def test_p_is_the_share_of_the_nulls_cells_that_are_as_large(scored, bases):
    paths, found = scored
    minimum = 3
    table = aggregate(paths["one"], bases, SETS, minimum, "empirical")
    null = [
        (np.mean(values), abs(key[0] - key[3]))
        for name in "ab"
        for replicate in range(1, SHUFFLES + 1)
        for key, values in naive_cells(
            found, bases, set(SETS.loc[SETS["set"] == name, "example"]), replicate
        ).items()
        if len(values) >= minimum
    ]
    tested = table[table["n"] >= minimum]
    assert len(tested) > 50
    assert table.loc[table["n"] < minimum, ["p", "q"]].isna().all(axis=None)
    np.testing.assert_allclose(tested["p"], naive_p(tested, null), atol=1.5 / len(null))
    np.testing.assert_allclose(tested["q"], false_discovery_control(tested["p"]))


def test_the_additive_null_is_the_cells_of_another_network_without_shuffles(scored, bases, tmp_path):
    paths, _ = scored
    rng = np.random.default_rng(3)
    other = chain([step("flatten"), dense(rng, LENGTH * 4, 8), step("relu"), dense(rng, 8, 1)], LENGTH)
    with open_scorer("gradient_input", other, BACKGROUND) as scorer:
        sources = nucleotide_sources(bases, range(60), "variable")
        own = list(profiles(scorer, bases, sources, 0, BACKGROUND, None, 0, SEED))
        twin = tmp_path / "twin.h5"
        write_profile_shard(own, sources, LENGTH, 0, twin, {"shuffles": 0, "seed": SEED})
    found = [(sources.loc[one.source], one) for one in own]
    null = [
        (np.mean(values), abs(key[0] - key[3]))
        for name in "ab"
        for key, values in naive_cells(found, bases, set(SETS.loc[SETS["set"] == name, "example"]), 0).items()
        if len(values) >= 3
    ]
    table = aggregate(paths["three"], bases, SETS, 3, "empirical", np.inf, [twin], least_effect=0.3)
    tested = table[table["n"] >= 3]
    np.testing.assert_allclose(tested["p"], naive_p(tested, null), atol=1.5 / len(null))
    plain = aggregate(paths["three"], bases, SETS, 3, "empirical")
    pd.testing.assert_series_equal(table["mean"], plain["mean"])


def test_p_of_cells_hold_their_level_at_every_distance(scored, bases, tmp_path):
    """In networks that only add up, changes of neighbours may be the largest by far."""
    path, rng, parts = tmp_path / "changes.h5", np.random.default_rng(4), []
    shutil.copy(scored[0]["one"][0], path)
    apart = np.abs(np.arange(LENGTH) - scored_starts(path)[:, None])
    for _ in range(12):
        with h5py.File(path, "r+") as handle:
            for name in ("delta", "null_delta"):
                values = handle[name][()]
                handle[name][...] = np.where(
                    np.isnan(values), np.nan, rng.normal(size=values.shape) * 0.3**apart
                )
        parts.append(aggregate([path], bases, SETS, 3, "empirical").query("n >= 3"))
    table = pd.concat(parts)
    apart = (table["source_position"] - table["target_position"]).abs()
    for near, far in ((1, 1), (2, 2), (3, 5)):
        assert 0.025 < (table.loc[apart.between(near, far), "p"] <= 0.05).mean() < 0.075


def test_a_cell_is_called_where_q_is_low_and_the_effect_large(scored, bases):
    paths, _ = scored
    table = aggregate(paths["one"], bases, SETS, 3, "empirical", least_effect=0.1, level=0.9)
    low, large = table["q"] < 0.9, table["mean"].abs() >= 0.1
    assert (low & large).any()
    assert (low & ~large).any() or (large & ~low).any()
    assert (table["called"] == (low & large)).all()


def test_cells_do_not_depend_on_the_shards(scored, bases):
    paths, _ = scored
    tables = [aggregate(paths[name], bases, SETS, 3, "empirical") for name in ("one", "three")]
    pd.testing.assert_frame_equal(*tables)


def test_what_is_expected_stands_beside_what_is_found(scored, bases):
    table = aggregate(scored[0]["one"], bases, SETS, 3, "empirical")
    expected = table.loc[[0, 5], CELL].assign(expected=[1.5, -2.0])
    joined = add_expected(table, expected, "expected.tsv")
    for row, value in ((0, 1.5), (5, -2.0)):
        same = (joined[CELL] == table.loc[row, CELL]).all(axis=1)
        assert (joined.loc[same, "expected"] == value).all()
    assert joined["expected"].notna().sum() <= 4
    with pytest.raises(
        InputError, match=r"^expected.tsv has no column 'expected': a table of what is expected"
    ):
        add_expected(table, expected.drop(columns="expected"), "expected.tsv")
    with pytest.raises(InputError, match=r"^expected.tsv has no cell of the aggregate maps: positions are"):
        add_expected(table, expected.assign(target_position=99), "expected.tsv")


def test_further_columns_of_what_is_expected_come_along(scored, bases):
    table = aggregate(scored[0]["one"], bases, SETS, 3, "empirical")
    expected = table.loc[[0], CELL].assign(expected=1.5, coupled=1, mean=99.0)
    joined = add_expected(table, expected, "expected.tsv")
    assert list(joined) == [*COLUMNS, "expected", "coupled"]
    pd.testing.assert_series_equal(joined["mean"], table["mean"])


def test_cells_beyond_the_reach_are_neither_tested_nor_part_of_the_null(scored, bases, tmp_path):
    path = tmp_path / "reach.h5"
    shutil.copy(scored[0]["one"][0], path)
    apart = np.abs(np.arange(LENGTH) - scored_starts(path)[:, None])
    with h5py.File(path, "r+") as handle:
        for name in ("delta", "null_delta"):
            handle[name][...] = np.where(apart >= 3, 0, handle[name][()])
    table = aggregate([path], bases, SETS, 3, "empirical", reach=3)
    assert (table["source_position"] - table["target_position"]).abs().max() == 2
    # The zeros beyond would halve the p of everything: they are no null.
    pooled = aggregate([path], bases, SETS, 3, "empirical").merge(table, on=["set", *CELL])
    both = pooled.dropna(subset=["p_x", "p_y"])
    assert (both["p_x"] < 0.8 * both["p_y"]).mean() > 0.9
    tested = table["p"].notna()
    np.testing.assert_allclose(table.loc[tested, "q"], false_discovery_control(table.loc[tested, "p"]))


def scored_starts(path):
    with h5py.File(path, "r") as handle:
        return handle["sources"]["start"][()]


def test_too_few_sequences_end_in_a_sentence(scored, bases):
    with pytest.raises(
        InputError, match=r"^no cell of the aggregate maps has 1000 sequences, the largest has"
    ):
        aggregate(scored[0]["one"], bases, SETS, 1000, "empirical")


def test_a_position_at_which_nothing_changes_is_no_target_but_part_of_the_null(scored, bases, tmp_path):
    path = tmp_path / "constant.h5"
    shutil.copy(scored[0]["one"][0], path)
    with h5py.File(path, "r+") as handle:
        delta = handle["delta"][()]
        delta[~np.isnan(delta[:, 3]), 3] = 0
        handle["delta"][...] = delta
        handle["null_delta"][:, :, 3] *= 1000  # larger than all other changes
    table = aggregate([path], bases, SETS, 3, "empirical")
    assert set(table["target_position"]) == {0, 1, 2, 4, 5}
    plain = aggregate(scored[0]["one"], bases, SETS, 3, "empirical")
    assert table["p"].min() > 5 * plain["p"].min()
    # Of an additive twin, too, it says nothing: of its zeros p of all others would be smaller.
    own = aggregate([path], bases, SETS, 3, "empirical", additive=[path]).query("n >= 3")
    ranks = own["p"] * (1 + len(own))
    np.testing.assert_allclose(ranks, ranks.round(), atol=1e-6)
