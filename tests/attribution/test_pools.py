"""Multipliers carried back one by one, against those carried back by products of whole matrices."""

import os
import platform
import resource
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from support.run_folder import ROOT
from support.small_networks import drawn_network, narrow_stages, random_bases

from dfim.attribution import open_scorer
from dfim.attribution.cpu import deeplift, kernels
from dfim.attribution.cpu.costs import costs, share_of_chosen
from dfim.attribution.cpu.plan import Stage, plan
from dfim.attribution.cpu.vectors import BLOCK, add_chosen, aligned
from dfim.attribution.mutants import Mutants
from dfim.attribution.simplification import simplify
from dfim.sequences.bases import one_hot

BACKGROUND = np.float32([0.27, 0.23, 0.23, 0.27])


@njit
def _added(rows, index, value, count, out):
    add_chosen(rows.ctypes.data, index.ctypes.data, value.ctypes.data, count, out.ctypes.data)


@pytest.mark.parametrize("count", range(6))
def test_chosen_rows_are_added_as_often_as_they_are_named(count):
    rng = np.random.default_rng(count)
    rows, out = (aligned(rng.normal(size=(size, BLOCK))) for size in (9, 3))
    index, value = np.array([8, 0, 8, 3, 1, 7], np.int32), rng.normal(size=6).astype(np.float32)
    expected = out.astype(np.float64)
    expected[1] += value[:count].astype(np.float64) @ rows[index[:count]]
    _added(rows, index, value, count, out[1])
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    assert out.ctypes.data % 32 == 0


def drawn_stage(rng, first: bool) -> tuple[Stage, int]:
    """Return a stage with a pool, and how many inputs it has."""
    taps, outputs, width = (int(rng.integers(*ends)) for ends in ((1, 12), (1, 40), (2, 20)))
    inputs = 4 if first else 8 * int(rng.integers(1, 6))
    pooled, left = int(rng.integers(2, 12)), int(rng.integers(0, taps))
    kernel = np.zeros((taps, inputs, -(-outputs // 8) * 8), np.float32)
    kernel[:, :, :outputs] = rng.normal(size=(taps, inputs, outputs))
    back = np.ascontiguousarray(kernel.transpose(0, 2, 1))
    positions = pooled * width + int(rng.integers(0, width))
    stage = Stage(kernel, back, kernel[0, 0], left, positions, True, width, pooled)
    return stage, positions + taps - 1 - 2 * left


def drawn_changes(rng, stage: Stage, inputs: int) -> tuple:
    """Return the arguments of both ways: what is known, and what changes in windows of it."""
    columns, sequences, pooled = 7, 3, stage.pooled
    shape = (pooled, sequences, stage.channels)
    owners = np.sort(rng.integers(0, sequences, columns))
    known, moved, fresh = (int(rng.integers(1, pooled + 1)) for _ in range(3))
    begins = [rng.integers(0, pooled - size + 1, n) for size, n in ((known, 3), (moved, 7), (fresh, 7))]
    arg = rng.integers(0, stage.width, shape).astype(np.int32)
    factor = (rng.random(shape) * (rng.random(shape) < 0.7)).astype(np.float32)
    rows = begins[2] + np.arange(fresh)[:, None]
    new_arg = np.where(rng.random((fresh, columns, stage.channels)) < 0.5, arg[rows, owners], 0).astype(
        np.int32
    )
    new_factor = np.where(rng.random(new_arg.shape) < 0.5, factor[rows, owners], 1).astype(np.float32)
    h, dh = (
        rng.normal(size=(size, n, stage.channels)).astype(np.float32) for size, n in ((known, 3), (moved, 7))
    )
    if rng.random() < 0.3:
        new_arg, new_factor = new_arg[:0], new_factor[:0]
    if rng.random() < 0.3:
        dh = dh[:0]
    return h, begins[0], arg, factor, owners, dh, begins[1], new_arg, new_factor, begins[2], stage.width


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_multipliers_one_by_one_go_where_products_carry_them(seed, first):
    rng = np.random.default_rng([3, seed])
    stage, inputs = drawn_stage(rng, first)
    changes = drawn_changes(rng, stage, inputs)
    length = int(rng.integers(1, inputs + 1))
    to = rng.integers(0, inputs - length + 1, len(changes[4]))
    g = np.empty((length + stage.taps - 1, len(to), stage.channels), np.float32)
    kernels.route_changed(*changes, stage.changed_starts(to), g)
    taps = [g[stage.taps - 1 - tap :][:length] @ stage.back[tap] for tap in range(stage.taps)]
    expected = np.sum(taps, axis=0, dtype=np.float64)
    engine = deeplift.Engine.__new__(deeplift.Engine)
    engine.chosen = [chosen_kernel(stage, first)] * 2
    result = np.full((len(to), length, 4) if first else expected.shape, np.nan, np.float32)
    known = (*changes, stage.left, to, stage.taps)
    engine._carry_chosen(0 if first else 1, known, result)
    found = result.transpose(1, 0, 2) if first else result
    assert np.abs(found - expected).max() <= 1e-5 * max(np.abs(expected).max(), 1e-30)
    assert not found[expected == 0].any()


def chosen_kernel(stage: Stage, first: bool) -> np.ndarray:
    """Return the kernel in blocks, by another way than the engine's."""
    taps, channels, inputs = stage.back.shape
    sides = stage.back.transpose(1, 0, 2).reshape(1, channels, taps * inputs) if first else stage.back
    blocks = -(-sides.shape[2] // BLOCK)
    kernel = np.zeros((blocks, len(sides), channels, BLOCK))
    for number in range(sides.shape[2]):
        kernel[number // BLOCK, :, :, number % BLOCK] = sides[:, :, number]
    return aligned(kernel)


def carried(dh: np.ndarray, kernel: np.ndarray, length: int = 6) -> np.ndarray:
    """Return what multipliers of pools of 3 positions [pooled, columns, 8] are carried to, two taps each."""
    pooled, columns, _ = dh.shape
    factor, arg = np.ones((pooled, 2, 8), np.float32), np.zeros((pooled, 2, 8), np.int32)
    zeros, owners = np.zeros(columns, np.int64), np.arange(columns) % 2
    known = dh, zeros, arg, factor, owners, dh, zeros, arg[:0], factor[:0], zeros, 3, 0, zeros, 2
    out = np.full((columns, length, 4), np.nan, np.float32)
    kernels.carry_chosen(*known, kernel, 4, 4, (length, 4, 4 * length), out.reshape(-1))
    return out


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_multipliers_that_overflow_stay_with_their_mutant(value):
    rng = np.random.default_rng(8)
    kernel, dh = aligned(rng.normal(size=(1, 1, 8, BLOCK))), rng.normal(size=(3, 4, 8)).astype(np.float32)
    kernel[..., 8:] = 0
    expected = carried(dh, kernel)
    assert np.abs(expected).max() > 0
    dh[:, 1] = value
    np.testing.assert_array_equal(carried(dh, kernel)[[0, 2, 3]], expected[[0, 2, 3]])


@pytest.mark.parametrize(("columns", "length"), [(0, 6), (4, 0)])
def test_no_mutants_and_windows_without_positions_carry_nothing(columns, length):
    found = carried(np.ones((3, columns, 8), np.float32), aligned(np.ones((1, 1, 8, BLOCK))), length)
    assert found.shape == (columns, length, 4)


@pytest.mark.parametrize("shape", [(1, 1, 8, BLOCK // 2), (1, 1, 9, BLOCK), (1, 3, 8, BLOCK)])
def test_kernels_that_do_not_fit_are_refused(shape):
    """Sums would be written where they do not belong."""
    with pytest.raises(ValueError, match="does not fit"):
        carried(np.ones((3, 4, 8), np.float32), aligned(np.ones(shape)))


@pytest.mark.parametrize("network", [drawn_network, narrow_stages])
@pytest.mark.parametrize("seed", range(4))
def test_both_ways_give_the_same_scores(network, seed, monkeypatch):
    rng = np.random.default_rng([23, seed])
    layers, length = network(rng)
    bases = random_bases(rng, 6, length)
    starts = rng.integers(0, length - 4, 40)
    rows = np.tile(BACKGROUND, (40, 4, 1))
    whole = np.zeros(40, int), np.full(40, length)
    mutants = Mutants(rng.integers(0, 6, 40), starts, np.full(40, 4), rows, *whole)
    found = {}
    for share in (0.5, 1.5):
        monkeypatch.setattr(deeplift, "share_of_chosen", lambda stage, first, share=share: share)
        for evaluation in ("windows", "paths"):
            options = {"engine": "cpu", "threads": 1, "evaluation": evaluation}
            with open_scorer("deeplift", layers, BACKGROUND, options) as scorer:
                pools = [stage.width > 1 for stage in scorer.engine.plan.stages]
                assert [one is not None for one in scorer.engine.chosen] == [
                    share < 1 and one for one in pools
                ]
                found[share, evaluation] = scorer.score_mutants(bases, mutants, 1).delta
                found[share, "contributions"] = scorer.contributions(one_hot(bases), 1)
    for what in ("windows", "paths", "contributions"):
        one, other = found[0.5, what], found[1.5, what]
        assert np.abs(one - other).max() <= 2e-5 * np.abs(other).max() > 0


def test_multipliers_one_by_one_are_left_where_products_take_less_time():
    def stage(width, channels=200, inputs=300, taps=11):
        kernel = np.zeros((taps, inputs, channels), np.float32)
        return Stage(kernel, kernel.transpose(0, 2, 1), kernel[0, 0], 0, 100, True, width, 100 // width)

    shares = [share_of_chosen(stage(width), False) for width in (2, 4, 8, 16)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] < 1 < share_of_chosen(stage(2, 40, 4), True)
    assert share_of_chosen(stage(10, 40, 4, 19), True) < 0.6


def test_the_cost_of_windows_knows_of_multipliers_that_are_left_out(monkeypatch):
    rng = np.random.default_rng(4)
    layers, length = narrow_stages(rng)
    network = plan(simplify(layers), "genomics_default")
    before = costs(network, 1, 3, 1, length)
    monkeypatch.setattr(sys.modules[costs.__module__], "share_of_chosen", lambda stage, first: 0.1)
    after = costs(network, 1, 3, 1, length)
    assert any(stage.width > 1 for stage in network.stages)
    assert after["windows"] < before["windows"]
    assert after["batched"] < before["batched"]


FAULTS = """
import resource, sys
import numpy as np
if sys.argv[1] == "kept":
    from dfim.attribution.cpu.allocation import keep_freed_memory
    keep_freed_memory()
def work():
    for _ in range(20):
        several = [np.ones(300_000) for _ in range(8)]
        del several
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is that of glibc")
def test_freed_memory_is_used_again():
    size = 20 * 8 * 300_000 * 8 // resource.getpagesize()
    ran = {
        way: subprocess.run(
            [sys.executable, "-c", FAULTS, way],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        )
        for way in ("kept", "given back")
    }
    assert int(ran["kept"].stdout) < 0.01 * size < int(ran["given back"].stdout)
