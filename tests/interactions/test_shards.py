"""Shards in any cut and any order give the same tables."""

import h5py
import numpy as np
import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.files.tables import write_table
from dfim.interactions.profile_significance import profile_significance
from dfim.interactions.shards import (
    describe_pairs,
    read_pair_shards,
    read_profile_shards,
    summarise,
    write_profiles,
)

TABLES = ("results", "null", "nulls", "calibration", "quantiles")
FEATURES = pd.DataFrame(
    {
        "feature": range(6),
        "example": [0, 0, 0, 1, 1, 2],
        "name": ["SIX5", "ELF1", "ELF1", "AP1", "ELF1", "NA"],
        "group": ["known", "", "", "known", "", ""],
        "start": [10, 30, 20, 5, 50, 0],
        "end": [20, 40, 28, 15, 60, 9],
    }
)


def pairs_of_features(replicates=3):
    rng = np.random.default_rng(0)
    pairs = FEATURES.merge(FEATURES, on="example").query("feature_x != feature_y")
    table = pd.concat([pairs.assign(replicate=replicate) for replicate in range(replicates)])
    table = table.rename(columns={"feature_x": "source", "feature_y": "target"})
    table = table[["replicate", "example", "source", "target"]].reset_index(drop=True)
    return table.assign(fis=rng.random(len(table)), signed_sum=rng.normal(size=len(table)))


def cut(table, folder, column, n, order):
    paths = []
    for shard in range(n):
        paths.append(folder / f"{shard}.tsv.gz")
        write_table(table[table[column] % n == shard].sample(frac=1, random_state=1), paths[-1])
    return [paths[shard] for shard in order]


def test_pairs_do_not_depend_on_the_shards(tmp_path):
    table = pairs_of_features()
    one = read_pair_shards(cut(table, tmp_path, "example", 1, [0]))
    # The third shard of three is empty: example 2 has one feature and no pair.
    three = read_pair_shards(cut(table, tmp_path, "example", 3, [2, 1, 0]))
    pd.testing.assert_frame_equal(one, three)


def test_pairs_are_described(tmp_path):
    pairs = pd.DataFrame({"example": [0, 0, 0, 0, 1], "source": [0, 1, 1, 0, 3], "target": [1, 0, 2, 2, 4]})
    table = describe_pairs(pairs, FEATURES)
    assert list(table["pair"]) == ["ELF1–SIX5", "ELF1–SIX5", "ELF1–ELF1", "ELF1–SIX5", "AP1–ELF1"]
    assert list(table["distance"]) == [10, -10, -2, 0, 35]
    assert list(table["source_name"]) == ["SIX5", "ELF1", "ELF1", "SIX5", "AP1"]
    assert list(table["source_group"]) == ["known", "", "", "known", "known"]
    assert list(table["target_group"]) == ["", "known", "", "", ""]
    assert list(table["target_end"]) == [40, 20, 28, 28, 60]
    assert list(table["copies_ELF1"]) == [2, 2, 2, 2, 1]
    assert list(table["copies_SIX5"]) == [1, 1, 1, 1, 0]
    assert "copies_NA" not in table


def test_a_shard_given_twice_and_no_pair_at_all_are_errors(tmp_path):
    table = pairs_of_features()
    path = cut(table, tmp_path, "example", 1, [0])[0]
    with pytest.raises(InputError) as caught:
        read_pair_shards([path, path])
    assert str(caught.value) == (
        "the shards hold the same pair twice (replicate 0, example 0, source 0, target 1): remove "
        "the folder of "
        "the shards and run again."
    )
    write_table(table[:0], path)
    with pytest.raises(InputError) as caught:
        read_pair_shards([path])
    assert str(caught.value) == (
        "1 shard without a pair of features: select examples that have a source and a target, or allow a "
        "larger distance."
    )


def write_shard(path, sources, arrays, attributes=None):
    with h5py.File(path, "w") as handle:
        for name, values in arrays.items():
            handle[name] = values.astype(np.float32)
        for column in sources:
            values = sources[column]
            text = values.dtype.kind not in "if"
            handle[f"sources/{column}"] = values.to_numpy(dtype=h5py.string_dtype() if text else None)
        handle.attrs.update(ATTRIBUTES | (attributes or {}))


ATTRIBUTES = {"model_sha256": "ab12", "background": [0.27, 0.23, 0.23, 0.27], "window": "all"}


def profile_arrays(n=12, length=20):
    rng = np.random.default_rng(1)
    delta, null = rng.normal(size=(n, length)), rng.normal(size=(2, n, length))
    delta[:, :4] = null[:, :, :4] = np.nan
    sources = pd.DataFrame(
        {
            "example": np.arange(n) // 2,
            "feature": np.where(np.arange(n) < 6, np.arange(n), -1),
            "name": [f"v{row}" for row in range(n)],
            "group": "positive",
            "kind": "variant",
            "start": np.arange(n) % 4,
            "end": np.arange(n) % 4 + 1,
            "reference": "A",
            "alternate": "",
        }
    )
    importance = np.arange(n * length).reshape(n, length)
    arrays = {"delta": delta, "importance": importance, "mutant_importance": -importance, "null_delta": null}
    return sources, arrays


def cut_profiles(folder, parts, attributes=None):
    sources, arrays = profile_arrays()
    paths = []
    for number, rows in enumerate(parts):
        part = {
            name: values[:, rows] if values.ndim == 3 else values[rows] for name, values in arrays.items()
        }
        paths.append(folder / f"{len(parts)}-{number}.h5")
        write_shard(paths[-1], sources.iloc[rows], part, (attributes or {}).get(number))
    return paths


@pytest.mark.parametrize("null_positions", [5_000_000, 60])
def test_profiles_do_not_depend_on_the_shards(tmp_path, null_positions):
    whole = read_profile_shards(cut_profiles(tmp_path, [list(range(12))]), 3, null_positions)
    parts = cut_profiles(tmp_path, [[11, 2, 3], [], [0, 1, 10, 9, 8, 7, 6, 5, 4]])
    cut_up = read_profile_shards(parts, 3, null_positions)
    for name in ("delta", "importance", "mutant_importance"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut_up, name))
    for name in ("sources", "null", "null_positions"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(cut_up, name), check_dtype=False)
    first, second = profile_significance(whole), profile_significance(cut_up)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(first[0], name), getattr(second[0], name), check_dtype=False)
    np.testing.assert_array_equal(first[1:], second[1:])


def test_profiles_keep_every_value_with_its_source(tmp_path):
    profiles = read_profile_shards(cut_profiles(tmp_path, [[5, 1], [0, 2, 3, 4, *range(6, 12)]]), 0)
    _, arrays = profile_arrays()
    row = [int(name[1:]) for name in profiles.sources["name"]]
    np.testing.assert_array_equal(profiles.delta, arrays["delta"][row].astype(np.float32))
    assert list(profiles.sources["source"]) == list(range(12))
    assert profiles.sources["feature"].isna().sum() == 6
    assert (profiles.sources["alternate"] == "").all()
    null = profiles.null.set_index(["replicate", "source"])
    for replicate in (1, 2):
        for source in range(12):
            values = arrays["null_delta"][replicate - 1, row[source], 4:]
            assert null.loc[(replicate, source), "fis"] == pytest.approx(abs(values).max())
            assert null.loc[(replicate, source), "fis_sum"] == pytest.approx(abs(values).sum(), rel=1e-6)
            assert null.loc[(replicate, source), "signed_sum"] == pytest.approx(values.sum(), abs=1e-5)
    # All 2 × 12 × 16 positions, each once.
    expected = np.sort(np.abs(arrays["null_delta"][:, :, 4:]).astype(np.float32).ravel())
    np.testing.assert_array_equal(np.sort(profiles.null_positions["delta"]), expected)


def test_a_sample_of_the_null_takes_the_same_number_of_every_source(tmp_path):
    profiles = read_profile_shards(cut_profiles(tmp_path, [list(range(12))]), 0, 60)
    assert list(profiles.null_positions.groupby("example").size()) == [10] * 6


def test_a_sample_of_the_null_takes_the_same_number_of_every_bin_of_distance(tmp_path):
    """Else the few positions next to a source would have next to no null."""
    paths = cut_profiles(tmp_path, [list(range(12))])
    null = read_profile_shards(paths, 0, 12 * 9, bins=(5, 10)).null_positions
    bins = np.searchsorted([5, 10], null["distance"])
    assert null.groupby(["example", bins]).size().tolist() == [2 * 3] * (6 * 3)


def test_null_positions_beyond_the_reach_are_left_out(tmp_path):
    paths = cut_profiles(tmp_path, [list(range(12))])
    everywhere, near = (read_profile_shards(paths, 0, reach=reach) for reach in (np.inf, 6))
    _, arrays = profile_arrays()
    sources = everywhere.sources
    row = [int(name[1:]) for name in sources["name"]]
    kept = 0
    for source, number in zip(sources.itertuples(), row, strict=True):
        for position in range(arrays["null_delta"].shape[2]):
            apart = max(source.start - position, position - source.end + 1, 0)
            kept += np.isfinite(arrays["null_delta"][:, number, position]).sum() * (apart < 6)
    assert len(near.null_positions) == kept < len(everywhere.null_positions)
    np.testing.assert_array_equal(near.delta, everywhere.delta)


def test_the_same_source_twice_is_an_error(tmp_path):
    paths = cut_profiles(tmp_path, [[0, 1, 2], [2, 3]])
    with pytest.raises(InputError) as caught:
        read_profile_shards(paths, 0)
    assert str(caught.value) == (
        "the shards hold the same source twice (example 1, start 2, end 3, feature 2, alternate ): "
        "remove the "
        "folder of the shards and run again."
    )
    with pytest.raises(InputError, match=r"^1 shard without a source: select examples that have a source\.$"):
        read_profile_shards(cut_profiles(tmp_path, [[]]), 0)


def test_a_profile_without_positions_has_no_score():
    scores = summarise(np.array([[np.nan, np.nan], [np.nan, -2.0]]))
    assert np.isnan(scores["fis"][0])
    assert np.isnan(scores["signed_sum"][0])
    assert (scores["fis"][1], scores["fis_sum"][1], scores["signed_sum"][1]) == (2, 2, -2)


def test_written_profiles_name_their_axes(tmp_path):
    profiles = read_profile_shards(cut_profiles(tmp_path, [list(range(12))]), 0)
    _, p, q = profile_significance(profiles)
    write_profiles(profiles, p, q, tmp_path / "profiles.h5", {"p_values": "empirical"})
    with h5py.File(tmp_path / "profiles.h5") as handle:
        assert set(handle) == {"delta", "p", "q", "importance", "mutant_importance"}
        assert all(handle[name].attrs["axes"] == '["source", "position"]' for name in handle)
        np.testing.assert_array_equal(handle["p"][()], p)
        found = dict(handle.attrs)
    assert list(found.pop("background")) == ATTRIBUTES["background"]
    assert found == {"p_values": "empirical", "model_sha256": "ab12", "window": "all"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"model_sha256": "cd34"}, "model_sha256 ab12 and {1} with cd34"),
        (
            {"background": [0.3, 0.2, 0.2, 0.3]},
            "background [0.27 0.23 0.23 0.27] and {1} with [0.3 0.2 0.2 0.3]",
        ),
        ({"seed": 3}, "seed None and {1} with 3"),
    ],
)
def test_shards_made_from_different_things_are_not_joined(tmp_path, changed, words):
    paths = cut_profiles(tmp_path, [[0, 1, 2], list(range(3, 12))], {1: changed})
    with pytest.raises(InputError) as caught:
        read_profile_shards(paths, 0)
    assert str(caught.value) == (
        f"{paths[0]} was made with {words.format(*paths)}: remove the folder of the shards and run again."
    )
