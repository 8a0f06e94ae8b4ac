"""p and q of profiles, from scores with a planted truth."""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from dfim.interactions.profile_significance import profile_significance
from dfim.interactions.shards import Profiles
from dfim.statistics.nulls import NullModel
from dfim.statistics.p_values import p_values
from dfim.statistics.resolution import rows_needed
from dfim.statistics.studentised import over_alike


def planted_profiles(n=40, length=30):
    """Profiles of noise with one strong, negative response 11 positions after every source, from 5 to 6."""
    rng = np.random.default_rng(10)
    delta = rng.normal(size=(n, length)).astype(np.float32)
    delta[:, 16] = -50
    delta[:, 5] = np.nan
    delta[:, 25:] = np.nan
    sources = pd.DataFrame({"source": range(n), "example": range(n), "start": 5, "end": 6})
    null_delta = rng.normal(size=(3, n, length)).astype(np.float32)
    null = pd.DataFrame(
        {
            "replicate": np.repeat([1, 2, 3], n),
            "source": np.tile(range(n), 3),
            "fis": abs(null_delta).max(axis=2).ravel(),
            "fis_sum": abs(null_delta).sum(axis=2).ravel(),
            "signed_sum": null_delta.sum(axis=2).ravel(),
        }
    )
    distance = np.tile(abs(np.arange(length) - 5), (3, n, 1))
    example = np.broadcast_to(np.arange(n)[:, None], null_delta.shape)
    columns = {"example": example, "distance": distance, "delta": abs(null_delta)}
    positions = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    positions = positions[positions["distance"] > 0].reset_index(drop=True)
    return Profiles(sources, delta, delta, delta, null, positions)


def test_profiles_find_the_planted_response_and_leave_the_rest():
    profiles = planted_profiles()
    found, p, q = profile_significance(profiles)
    sources, calibrated = found.results, found.calibration
    assert (np.isnan(p) == np.isnan(profiles.delta)).all()
    assert (np.isnan(q) == np.isnan(profiles.delta)).all()
    assert (q[:, 16] < 0.05).all()
    others = np.delete(q, [5, 16, *range(25, 30)], axis=1)
    # About 5 % of the discoveries are false: 40 of 40 + 2.
    assert (others < 0.05).sum() <= 6
    inside = ~np.isnan(profiles.delta)
    # Each bin of distance has its own null, and q of its own: 1–5 bp, 6–20 bp, and nothing beyond.
    away, null = np.tile(abs(np.arange(30) - 5), (40, 1)), profiles.null_positions
    sizes, alike = over_alike(
        profiles.delta[inside], away[inside], null["delta"].to_numpy(), null["distance"].to_numpy()
    )
    for near, far in ((1, 5), (6, 20)):
        tested = inside & (away >= near) & (away <= far)
        own = p_values(sizes[tested[inside]], alike[null["distance"].between(near, far)])
        np.testing.assert_allclose(p[tested], own, rtol=1e-6)
        np.testing.assert_allclose(q[tested], false_discovery_control(p[tested]), rtol=1e-5)
    assert (sources["response_distance"] == 11).all()
    assert (sources["fis"] == 50).all()
    assert (sources["signed_sum"] < -30).all()
    assert (sources["signed_sum_p"] < 0.05).all()
    assert list(calibrated["score"].unique()) == ["fis", "fis_sum", "signed_sum", "delta"]
    assert list(found.nulls["score"]) == ["fis", "fis_sum", "signed_sum", "delta", "delta"]
    assert list(found.nulls["stratum"]) == ["all"] * 3 + ["0–5 bp", "6–20 bp"]
    shares = calibrated[(calibrated["level"] == 0.05) & (calibrated["score"] == "delta")]
    shares = shares[shares["method"] == "empirical"].set_index("distance").dropna(subset="share")
    assert list(shares.index) == ["all", "1–3", "4–5", "6–13", "14–20", "21–22", "23–50"]
    assert (abs(shares["share"] - 0.05) < 0.03).all()
    assert list(shares.index[shares["by_construction"] == 1]) == ["all"]


def test_p_of_positions_hold_their_level_within_a_bin_of_distances_too():
    """Changes fall with distance from each base to the next, also within a bin."""
    profiles = planted_profiles(n=300)
    away = np.abs(np.arange(30) - 5)
    rng = np.random.default_rng(11)
    profiles.delta[:] = rng.normal(size=profiles.delta.shape) * np.exp(-away / 4)
    profiles.delta[:, 5] = np.nan
    profiles.null_positions["delta"] *= np.exp(-profiles.null_positions["distance"] / 4)
    found, p, _ = profile_significance(profiles)
    for near, far in ((1, 2), (4, 5), (6, 8), (17, 20)):
        assert 0.03 < (p[:, (away >= near) & (away <= far)] < 0.05).mean() < 0.07
    table = found.calibration
    # The published methods, which pool the changes as they are, are off.
    pooled = table[(table["score"] == "delta") & (table["method"] == "gaussian") & (table["level"] == 0.05)]
    shares = pooled.set_index("distance")["share"]
    assert shares["1–3"] > 0.2
    assert shares["14–20"] < 0.01
    own = table[(table["score"] == "delta") & (table["method"] == "empirical") & (table["level"] == 0.05)]
    assert (own.loc[own["n"] > 0, "holds"] == 1).all()
    # The halves are apart, and hold all.
    n = own.set_index("distance")["n"]
    assert n.drop("all").sum() == n["all"] == len(profiles.null_positions)
    # q is over a bin: that many of its positions alone must stand out together.
    nulls = found.nulls[found.nulls["score"] == "delta"]
    needed = [rows_needed(*row) for row in nulls[["smallest_p", "n_tested"]].itertuples(index=False)]
    assert nulls["rows_needed"].tolist() == needed


def test_the_published_methods_pool_all_distances_and_take_changes_as_they_are():
    profiles = planted_profiles()
    _, p, _ = profile_significance(profiles, method="gaussian")
    inside = ~np.isnan(profiles.delta)
    own = p_values(np.abs(profiles.delta[inside]), profiles.null_positions["delta"], "gaussian")
    np.testing.assert_allclose(p[inside], own, rtol=1e-5)


def test_response_distance_is_1_next_to_the_source_and_negative_upstream():
    profiles = planted_profiles(n=3)
    profiles.sources[["start", "end"]] = [[17, 18], [20, 25], [10, 16]]
    sources = profile_significance(profiles)[0].results
    assert list(sources["response_distance"]) == [-1, -4, 1]


def test_positions_beyond_the_reach_have_no_p():
    profiles = planted_profiles()
    _, p, q = profile_significance(profiles, reach=11)
    # The source is position 5: 16 lies 11 away, which is the reach.
    assert np.isnan(p[:, 16:]).all()
    assert np.isnan(q[:, 16:]).all()
    assert np.isfinite(p[:, [0, 4, 6, 15]]).all()
    inside = np.isfinite(p)
    assert np.isfinite(q[inside]).all()


def test_sources_can_be_tested_against_sources_that_act_on_nothing():
    profiles = planted_profiles()
    profiles.sources["group"] = np.where(np.arange(40) < 20, "control", "positive")
    models = [NullModel(), NullModel("matched", "group == 'control'")]
    found, _, _ = profile_significance(profiles, models=models, not_interacting="group == 'control'")
    assert found.results["fis_p_matched"].notna().all()
    # All sources have the same response: by the controls, none is out of the ordinary.
    assert (found.results["fis_p_matched"] == 1).all()
    assert (found.results["fis_p"] < 0.05).all()
