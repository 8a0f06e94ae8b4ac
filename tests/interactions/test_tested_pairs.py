"""The table of pair tests: p, q and calls of outputs and draws that are made up, and the shared draws."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.files.tables import write_table
from dfim.interactions.pair_files import read_pair_draws, read_tested, write_pair_draws, write_shared_draws
from dfim.interactions.pair_tests import OTHER, PairDraws
from dfim.interactions.tested_pairs import COLUMNS, judge_pairs
from dfim.statistics.effects import OUTPUTS, SMALL
from dfim.statistics.kinds import kinds_of_pairs
from dfim.statistics.p_values import q_values
from dfim.statistics.replaced import p_replaced

N, DRAWS, SHARED = 40, 10, 12


def made_up(interacting=20):
    """Pairs of A upstream of B, or of B upstream of A, one an example; the first ones interact."""
    rng = np.random.default_rng(0)
    names = np.where(np.arange(N) % 2 == 0, "A", "B")
    features = pd.DataFrame(
        {
            "feature": range(2 * N), "example": np.repeat(range(N), 2), "group": "", "strand": "+",
            "name": np.column_stack([names, np.where(names == "A", "B", "A")]).ravel(),
            "start": [10, 40] * N, "end": [16, 48] * N,
        }
    )  # fmt: skip
    table = pd.DataFrame({"example": range(N), "first": range(0, 2 * N, 2), "second": range(1, 2 * N, 2)})
    noise = rng.normal(0, 0.01, (N, 4))
    outputs = np.column_stack([np.where(np.arange(N) < interacting, 5, 0), *np.zeros((3, N))]) + noise
    table = table.assign(within_reach=1, **dict(zip(OUTPUTS, outputs.T, strict=True)))
    first, second = rng.normal(0, 0.02, (2, N, DRAWS))
    shuffled = rng.normal(size=(N, DRAWS))
    return PairDraws(table, first, second, *rng.normal(0, 0.02, (2, N, SHARED)), shuffled), features


def part(found, start, end):
    """Return some of the pairs, each of an example of its own."""
    arrays = ("first", "second", "shared_first", "shared_second", "shuffled")
    table = found.table[start:end].reset_index(drop=True)
    return PairDraws(table, *(getattr(found, name)[start:end] for name in arrays))


BLOCKS = pd.Series(np.arange(N) // 2, np.arange(N))


def test_pairs_are_judged_by_their_draws():
    found, features = made_up()
    tests = judge_pairs(found, features, BLOCKS).table
    assert list(tests.columns) == COLUMNS
    f11, f01, f10, f00 = (found.table[name] for name in OUTPUTS)
    np.testing.assert_allclose(tests["interaction"], f11 - f01 - f10 + f00)
    p = p_replaced(tests["interaction"], found.first, found.second)
    for column in p:
        np.testing.assert_allclose(tests[column], p[column])
    np.testing.assert_allclose(tests["q"], q_values(p["p"]))
    assert tests["called"].tolist() == [1] * 20 + [0] * 20
    assert set(tests.loc[:19, "call"]) == {"synergy"}
    assert (tests["distance"] == 24).all()
    assert tests["block"].tolist() == BLOCKS.tolist()
    assert set(tests["pair"]) == {"A–B"}
    # Every name is on one strand alone: the order is what an orientation is.
    assert set(tests["orientation"]) == {"A B", "B A"}
    assert tests[OTHER].isna().all()


def test_pairs_out_of_reach_are_not_tested():
    found, features = made_up()
    found.table.loc[:9, "within_reach"] = 0
    found.first[:10] = found.second[:10] = np.nan
    judged = judge_pairs(found, features, BLOCKS)
    assert judged.table.loc[:9, ["p", "q", "null_low"]].isna().all(axis=None)
    assert not judged.table.loc[:9, "called"].any()
    alone = judge_pairs(part(found, 10, N), features, BLOCKS)
    np.testing.assert_allclose(judged.table.loc[10:, "q"], alone.table["q"])
    np.testing.assert_array_equal(judged.shared.by_name, alone.shared.by_name)
    assert judged.nulls["n_tested"].tolist() == [30, 30]
    assert judged.nulls["n"].tolist() == [300, 300]
    # 1 / 301 of 30 tests: two must stand out.
    assert judged.nulls["rows_needed"].tolist() == [2, 2]


def test_draws_that_are_rounding_are_none():
    """Outputs near 1000 are told apart to 1e-4 or so: what is less is no interaction, of a draw neither."""
    found, features = made_up()
    found.table[OUTPUTS] += 1000
    found.table.loc[0, OUTPUTS] = 1000.0
    found.first[0] = found.second[0] = 1e-4 * np.arange(1, DRAWS + 1) / DRAWS
    found.shared_first[0] = found.shared_second[0] = 1e-4
    judged = judge_pairs(found, features, BLOCKS)
    assert judged.table.loc[0, ["p", "q", "null_high"]].tolist() == [1, 1, 0]
    assert (judged.shared.by_name[:, 0] == 0).all()
    assert (judged.shared.by_name[:, 1:] != 0).any()
    assert judged.nulls["n_tested"].tolist() == [N - 1] * 2
    assert judged.nulls["n"].tolist() == [(N - 1) * DRAWS] * 2


def test_draws_are_told_where_most_of_them_are_zeros():
    found, features = made_up()
    found.table.loc[20:, OUTPUTS] = 0.0
    found.first[20:] = 0
    nulls = judge_pairs(found, features, BLOCKS).nulls
    assert nulls[["n", "n_tested", "draws"]].to_numpy().tolist() == [
        [20 * DRAWS, N, DRAWS],
        [N * DRAWS, N, DRAWS],
    ]
    found.table[OUTPUTS], found.first[:], found.second[:] = 0.0, 0, 0
    nothing = judge_pairs(found, features, BLOCKS)
    assert nothing.nulls[["n", "n_tested", "draws"]].to_numpy().tolist() == [[0, 0, DRAWS]] * 2
    kinds = kinds_of_pairs(nothing.table, np.zeros((2, N, SHARED)))
    assert (kinds[["p", "q"]] == 1).all(axis=None)
    assert not kinds["called"].any()


def test_features_too_short_to_stand_out_are_told(caplog):
    found, features = made_up()
    judge_pairs(found, features, BLOCKS)
    assert not caplog.records
    features.loc[[0, 3, 5], "end"] = features.loc[[0, 3, 5], "start"] + [2, 1, 3]
    judge_pairs(found, features, BLOCKS)
    assert [record.getMessage() for record in caplog.records] == [
        "2 pairs of 40 with a feature of less than 3 bp: other sequence in its place is often the same, so "
        "that they are hardly ever called; give features of more bases."
    ]


def test_shared_draws_are_by_name():
    found, features = made_up()
    shared = judge_pairs(found, features, BLOCKS).shared
    # Of every second pair A lies upstream.
    for start, (one, other) in enumerate([("first", "second"), ("second", "first")]):
        for number, end in enumerate((one, other)):
            np.testing.assert_array_equal(
                shared.by_name[number, start::2], getattr(found, f"shared_{end}")[start::2]
            )
    assert shared.floor == pytest.approx(SMALL * found.shuffled.std())


def test_shared_draws_are_by_the_names_of_the_pairs_that_are_tested():
    found, features = made_up()
    whole = judge_pairs(found, features, BLOCKS).shared.by_name
    found.table.loc[[0, 5], "within_reach"] = 0
    rest = judge_pairs(found, features, BLOCKS).shared.by_name
    np.testing.assert_array_equal(rest, np.delete(whole, [0, 5], axis=1))


def test_of_two_features_of_one_name_the_upstream_one_is_the_first():
    found, features = made_up()
    shared = judge_pairs(found, features.assign(name="A"), BLOCKS).shared
    np.testing.assert_array_equal(shared.by_name, [found.shared_first, found.shared_second])


def test_shared_draws_are_read_with_the_pairs_that_they_are_of(tmp_path):
    found, features = made_up()
    found.table.loc[:9, "within_reach"] = 0
    judged = judge_pairs(found, features, BLOCKS)
    paths = tmp_path / "pair_tests.tsv.gz", tmp_path / "shared_draws.h5"
    write_table(judged.table, paths[0])
    write_shared_draws(judged.shared, paths[1])
    tests, shared = read_tested(*paths)
    assert tests["example"].tolist() == list(range(10, N))
    np.testing.assert_allclose(shared.by_name, judged.shared.by_name, rtol=1e-6)
    assert shared.floor == judged.shared.floor
    write_table(judged.table[:-1], paths[0])
    with pytest.raises(InputError) as error:
        read_tested(*paths)
    assert str(error.value) == (
        f"{paths[0]} has 29 pairs within reach and {paths[1]} draws of 30: remove both and run again."
    )


def test_shards_are_read_in_the_order_of_examples(tmp_path):
    found, _ = made_up()
    order = np.random.default_rng(1).permutation(N)
    mixed = replace(found, table=found.table.loc[order].reset_index(drop=True))
    for name in ("first", "second", "shared_first", "shared_second"):
        setattr(mixed, name, getattr(found, name)[order])
    # Outputs of shuffles are by example, whatever the order of the pairs.
    parts = [part(mixed, start, end) for start, end in ((25, N), (0, 25))]
    for own in parts:
        own.shuffled = found.shuffled[np.sort(own.table["example"])]
    paths = [(tmp_path / f"{number}.tsv.gz", tmp_path / f"{number}.h5") for number in range(2)]
    for own, path in zip(parts, paths, strict=True):
        write_pair_draws(own, *path)
    read = read_pair_draws(*zip(*paths, strict=True))
    pd.testing.assert_frame_equal(read.table, found.table)
    for name in ("first", "second", "shared_first", "shared_second", "shuffled"):
        np.testing.assert_array_equal(getattr(read, name), getattr(found, name).astype(np.float32))


def test_shards_of_pair_tests_that_do_not_fit_together(tmp_path):
    found, _ = made_up()
    paths = [(tmp_path / f"{number}.tsv.gz", tmp_path / f"{number}.h5") for number in range(2)]
    for table, draws in paths:
        write_pair_draws(found, table, draws)
    with pytest.raises(InputError, match="the shards have the same pair twice: remove the folder"):
        read_pair_draws(*zip(*paths, strict=True))
    others = replace(found, table=found.table.assign(example=found.table["example"] + N))
    for ends in (("first", "second"), ("shared_first", "shared_second")):
        fewer = replace(others, **{end: getattr(others, end)[:, :3] for end in ends})
        write_pair_draws(fewer, *paths[1])
        with pytest.raises(InputError, match="the shards have unlike numbers of draws"):
            read_pair_draws(*zip(*paths, strict=True))
    write_pair_draws(part(found, 0, 0), *paths[0])
    with pytest.raises(InputError, match="1 shard without a pair of features: select examples"):
        read_pair_draws(*zip(*paths[:1], strict=True))
    read = read_pair_draws(*zip(*paths, strict=True))  # an empty shard beside another is none
    np.testing.assert_array_equal(read.table[OUTPUTS], fewer.table[OUTPUTS])
    np.testing.assert_allclose(read.first, fewer.first, rtol=1e-6)
    np.testing.assert_allclose(read.shared_second, fewer.shared_second, rtol=1e-6)
