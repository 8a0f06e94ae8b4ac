"""Interactive maps: each change at its place, the strongest part of a long sequence, letters of a logo."""

import numpy as np
import pandas as pd
import pytest

from dfim.page.letters import logo_polygons
from dfim.page.maps import LONGEST, map_of, masked

NO_FEATURES = pd.DataFrame({"name": [], "start": [], "end": []})


def arrays(length: int, strong: int) -> tuple[pd.DataFrame, dict]:
    """Return sources in no order, and changes that say source and target; large about one position."""
    starts = np.random.default_rng(0).permutation(length)
    sources = pd.DataFrame({"source": range(length), "start": starts})
    target = np.arange(length)
    delta = 1e-6 * (starts[:, None] * 1000 + target)
    delta[(np.abs(starts[:, None] - strong) < 20) & (np.abs(target - strong) < 20)] = 5
    return sources, {"delta": delta, "p": delta / 10, "importance": np.tile(target * 1.0, (length, 1))}


def test_a_change_lies_at_its_source_and_target():
    sources, profiles = arrays(40, strong=-100)
    found = map_of(sources, profiles, np.full(40, ord("A")), NO_FEATURES)
    assert found.first == 0
    assert found.delta[7, 31] == pytest.approx(1e-6 * 7031)
    assert found.p[31, 7] == pytest.approx(1e-7 * 31007)
    assert np.isnan(np.diag(found.delta)).all()
    assert found.importance.tolist() == list(range(40))


def test_of_a_long_sequence_the_part_is_shown_that_interacts_most():
    sources, profiles = arrays(700, strong=500)
    found = map_of(sources, profiles, np.full(700, ord("A")), NO_FEATURES)
    assert len(found.bases) == LONGEST
    assert found.first <= 480
    assert found.first + LONGEST >= 520
    assert found.delta[495 - found.first, 505 - found.first] == 5


def test_what_is_near_is_left_out_and_the_colours_reach_to_the_rest():
    delta = np.eye(50, dtype=np.float32) * 100 + np.float32(0.5)
    shown, limit = masked(delta, 1)
    assert np.isnan(np.diag(shown)).all()
    assert np.isfinite(shown).sum() == 50 * 49
    assert limit == 0.5
    assert masked(delta, 0)[1] == pytest.approx(100.5)
    assert masked(delta, 60)[1] == 1.0


def test_letters_stand_at_their_position_from_zero_to_their_value():
    found = logo_polygons(np.frombuffer(b"ACNT", np.uint8), np.array([1.5, -0.5, 1.0, 0.0]), first=10)
    assert found["base"] == ["A", "C"]
    assert found["position"] == [10, 11]
    heights = [np.concatenate(lines[0]) for lines in found["ys"]]
    assert heights[0].max() == pytest.approx(1.5)
    assert heights[0].min() == 0
    assert heights[1].min() == pytest.approx(-0.5)
    assert heights[1].max() == 0
    assert np.concatenate(found["xs"][1][0]).min() == pytest.approx(10.53)
