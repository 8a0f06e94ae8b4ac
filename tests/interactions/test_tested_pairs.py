"""The table of pair tests: p, q, calls and ranks of outputs and draws that are made up."""

import numpy as np
import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.interactions.pair_files import read_pair_draws, write_pair_draws
from dfim.interactions.pair_tests import OTHER, PairDraws
from dfim.interactions.tested_pairs import COLUMNS, for_kinds, judge_pairs
from dfim.statistics.effects import OUTPUTS
from dfim.statistics.kinds import kinds_of_pairs
from dfim.statistics.p_values import q_values
from dfim.statistics.replaced import p_replaced, ranks_among_draws

N, DRAWS = 40, 10


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
    return PairDraws(table, first, second, rng.normal(size=(N, DRAWS))), features


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
    np.testing.assert_allclose(tests["rank_first"], ranks_among_draws(tests["interaction"], found.first))
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
    assert judged.table.loc[:9, ["p", "q", "rank_first"]].isna().all(axis=None)
    assert not judged.table.loc[:9, "called"].any()
    rest = PairDraws(
        found.table[10:].reset_index(drop=True), found.first[10:], found.second[10:], found.shuffled
    )
    alone = judge_pairs(rest, features, BLOCKS).table
    np.testing.assert_allclose(judged.table.loc[10:, "q"], alone["q"])
    assert judged.nulls["n_tested"].tolist() == [30, 30]
    assert judged.nulls["n"].tolist() == [300, 300]
    # 1 / 301 of 30 tests: two must stand out.
    assert judged.nulls["rows_needed"].tolist() == [2, 2]
    assert len(for_kinds(judged.table)) == 30


def test_draws_that_are_rounding_are_none():
    """Outputs near 1000 are told apart to 1e-4 or so: what is less is no interaction, of a draw neither."""
    found, features = made_up()
    found.table[OUTPUTS] += 1000
    found.table.loc[0, OUTPUTS] = 1000.0
    found.first[0] = found.second[0] = 1e-4 * np.arange(1, DRAWS + 1) / DRAWS
    judged = judge_pairs(found, features, BLOCKS)
    assert judged.table.loc[0, ["p", "q", "rank_first", "null_high"]].tolist() == [1, 1, 0.5, 0]
    assert judged.nulls["n_tested"].tolist() == [N - 1] * 2
    assert judged.nulls["n"].tolist() == [(N - 1) * DRAWS] * 2


def test_draws_are_told_where_most_of_them_are_zeros():
    """Ranks are among the K draws of a pair; of the pooled ones there need not be K for each test."""
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
    kinds = kinds_of_pairs(for_kinds(nothing.table), DRAWS)
    assert (kinds["p"] >= 0.5).all()
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


def test_ranks_and_p_are_by_name():
    found, features = made_up()
    tests = judge_pairs(found, features, BLOCKS).table
    kinds = for_kinds(tests)
    upstream = kinds["first_name"] == "A"
    assert upstream.sum() == 20
    for what in ("rank", "p"):
        first, second = tests[f"{what}_first"], tests[f"{what}_second"]
        np.testing.assert_array_equal(kinds[f"{what}_of_one"], first.where(upstream, second))
        np.testing.assert_array_equal(kinds[f"{what}_of_other"], second.where(upstream, first))


def test_shards_of_pair_tests_that_do_not_fit_together(tmp_path):
    found, _ = made_up()
    paths = [(tmp_path / f"{number}.tsv.gz", tmp_path / f"{number}.h5") for number in range(2)]
    for table, draws in paths:
        write_pair_draws(found, table, draws)
    with pytest.raises(InputError, match="the shards have the same pair twice: remove the folder"):
        read_pair_draws(*zip(*paths, strict=True))
    fewer = PairDraws(found.table.assign(example=found.table["example"] + N), *(
        values[:, :3] for values in (found.first, found.second, found.shuffled)
    ))  # fmt: skip
    write_pair_draws(fewer, *paths[1])
    with pytest.raises(InputError, match="the shards have unlike numbers of draws"):
        read_pair_draws(*zip(*paths, strict=True))
    empty = PairDraws(found.table[:0], found.first[:0], found.second[:0], found.shuffled[:0])
    write_pair_draws(empty, *paths[0])
    with pytest.raises(InputError, match="1 shard without a pair of features: select examples"):
        read_pair_draws(*zip(*paths[:1], strict=True))
    read = read_pair_draws(*zip(*paths, strict=True))  # an empty shard beside another is none
    np.testing.assert_array_equal(read.table[OUTPUTS], fewer.table[OUTPUTS])
    np.testing.assert_allclose(read.first, fewer.first, rtol=1e-6)
