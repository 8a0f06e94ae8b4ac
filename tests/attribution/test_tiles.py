"""Convolutions by tiles against sums written down in float64, and what they refuse to touch."""

import numpy as np
import pytest

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.head import Product
from dfim.attribution.cpu.tiles import Tiles, tiles


def eights(number: int) -> int:
    return -(-number // 8) * 8


def drawn(rng, bare: bool) -> tuple:
    """Return x [positions, columns, channels], kernel, bias and padding; bias and x up to whole eights."""
    taps, inputs, outputs = int(rng.integers(1, 13)), int(rng.integers(1, 60)), int(rng.integers(1, 70))
    inputs, outputs = (4 if rng.random() < 0.2 else inputs), (4 if bare else outputs)
    columns, positions, left = int(rng.integers(1, 9)), int(rng.integers(1, 60)), int(rng.integers(0, taps))
    x = np.zeros((positions, columns, 4 if inputs == 4 else eights(inputs)), np.float32)
    x[:, :, :inputs] = rng.normal(size=(positions, columns, inputs))
    bias = np.zeros(4 if bare else eights(outputs), np.float32)
    bias[:outputs] = rng.normal(size=outputs)
    return x, rng.normal(size=(taps, inputs, outputs)).astype(np.float32), bias, left


def convolved(x, kernel, bias, left: int, positions: int) -> np.ndarray:
    """Return the convolution in float64, [positions, columns, channels]."""
    taps, inputs, outputs = kernel.shape
    padded = np.zeros((left + len(x) + positions + taps, x.shape[1], inputs))
    padded[left : left + len(x)] = x[:, :, :inputs]
    return sum(padded[tap:][:positions] @ kernel[tap] for tap in range(taps)) + bias[:outputs]


def by_tiles(x, kernel: Tiles, bias, left: int, shape: tuple, turned=(False, False)) -> np.ndarray:
    """Return what the engine's kernel makes of it; ``turned``: whether x and the result are by column."""
    axes = [(1, 0, 2) if one else (0, 1, 2) for one in turned]
    out = np.full([shape[axis] for axis in axes[1]], np.nan, np.float32)
    x = np.ascontiguousarray(x.transpose(axes[0]))
    kernels.convolve(x, turned[0], left, *kernel, bias, turned[1], out)
    return out.transpose(axes[1])


@pytest.mark.parametrize("seed", range(60))
def test_any_convolution_is_the_sum_that_it_stands_for(seed):
    rng = np.random.default_rng([41, seed])
    bare = seed % 6 == 0
    x, kernel, bias, left = drawn(rng, bare)
    shape = (int(rng.integers(1, 70)), x.shape[1], len(bias))
    turned = (bool(seed % 2), bool(seed // 2 % 2))
    found = by_tiles(x, tiles(kernel, x.shape[2], bare), bias, left, shape, turned)
    expected, outputs = convolved(x, kernel, bias, left, shape[0]), kernel.shape[2]
    size = np.sqrt(kernel.shape[0] * kernel.shape[1])
    np.testing.assert_allclose(found[:, :, :outputs], expected, rtol=0, atol=2e-6 * size)
    assert (found[:, :, outputs:] == 0).all()


@pytest.mark.parametrize("channels", [1, 4, 8, 9, 25, 33])
def test_equal_places_have_equal_values_wherever_they_are(channels):
    """A pool chooses the first of equals."""
    rng = np.random.default_rng(channels)
    unit = rng.normal(size=(3, 1, 32)).astype(np.float32)
    kernel = tiles(rng.normal(size=(6, 25, channels)).astype(np.float32), 32)
    bias = np.zeros(eights(channels), np.float32)
    whole = by_tiles(np.tile(unit, (20, 5, 1)), kernel, bias, 0, (55, 5, len(bias)))
    short = by_tiles(np.tile(unit, (3, 1, 1)), kernel, bias, 0, (3, 1, len(bias)))
    for position in range(len(whole)):
        for column in range(5):
            np.testing.assert_array_equal(whole[position, column], short[position % 3, 0])


def test_sums_are_rounded_less_than_those_of_one_product_with_all_taps():
    rng = np.random.default_rng(2)
    x, kernel = rng.random((200, 3, 32), np.float32), rng.normal(size=(10, 25, 25)).astype(np.float32)
    bias, taps = np.zeros(32, np.float32), range(10)
    exact = convolved(x, kernel, bias, 0, 191)
    found = by_tiles(x, tiles(kernel, 32), bias, 0, (191, 3, 32))[:, :, :25]
    product = np.concatenate([x[tap:][:191, :, :25] for tap in taps], axis=2) @ kernel.reshape(-1, 25)
    rounded, usual = (np.sqrt(((values - exact) ** 2).mean()) for values in (found, product))
    assert 0 < rounded < 0.7 * usual


def test_zeros_beside_one_channel_need_room():
    kernel, bias = tiles(np.ones((3, 16, 9), np.float32), 16), np.zeros(16, np.float32)
    assert kernel.parts[:, 2].tolist() == [0, 8]
    with pytest.raises(ValueError, match="does not fit"):
        kernels.convolve(np.ones((5, 2, 16), "f"), False, 0, *kernel, bias, False, np.ones((3, 2, 9), "f"))


@pytest.mark.parametrize("fault", ["inputs", "channels", "bias", "weights"])
def test_kernels_that_do_not_fit_are_refused(fault):
    """Sums would be read and written where they do not belong."""
    kernel = tiles(np.ones((3, 9, 16), np.float32), 16)
    x, out, bias = np.ones((5, 2, 16), np.float32), np.ones((3, 2, 16), np.float32), np.ones(16, np.float32)
    if fault == "inputs":
        x = x[:, :, :8].copy()
    elif fault == "channels":
        out = out[:, :, :8].copy()
    elif fault == "bias":
        bias = bias[:8]
    else:
        kernel = kernel._replace(weights=kernel.weights[:-1])
    with pytest.raises(ValueError, match="does not fit"):
        kernels.convolve(x, False, 0, *kernel, bias, False, out)


@pytest.mark.parametrize("rows", [1, 7, 16, 33])
@pytest.mark.parametrize(
    ("inputs", "outputs"), [(720, 200), (296, 8), (8, 16), (1, 8), (30, 8), (720, 3), (0, 0)]
)
def test_products_of_dense_layers_are_those_of_matrices(inputs, outputs, rows):
    rng = np.random.default_rng([rows, inputs])
    matrix, x = (rng.normal(size=shape).astype(np.float32) for shape in ((inputs, outputs), (rows, inputs)))
    product = Product(matrix)
    expected = x.astype(np.float64) @ matrix
    np.testing.assert_allclose(product(x), expected, rtol=0, atol=3e-6 * np.sqrt(inputs))
    assert (product.tiles is not None) == (inputs % 8 == 0 and outputs % 8 == 0 and inputs > 0)
