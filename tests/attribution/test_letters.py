"""The first convolution by words of letters against sums in float64, and what it leaves to products."""

import numpy as np
import pytest

from dfim.attribution.cpu import kernels
from dfim.sequences.bases import one_hot


def drawn(rng, taps: int, channels: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return letters of three sequences, a kernel and a bias."""
    bases = rng.choice(np.frombuffer(b"ACGT", np.uint8), (3, length))
    kernel, bias = (rng.normal(size=shape).astype(np.float32) for shape in ((taps, 4, channels), channels))
    return bases, kernel, bias


def convolved(x, kernel, bias, left: int, positions: int) -> np.ndarray:
    padded = np.zeros((len(x), left + x.shape[1] + positions + len(kernel), 4))
    padded[:, left : left + x.shape[1]] = x
    terms = (padded[:, tap:][:, :positions] @ weights for tap, weights in enumerate(kernel.astype(float)))
    return (sum(terms) + bias).transpose(1, 0, 2)


@pytest.mark.parametrize("left", [0, 1, 4])
@pytest.mark.parametrize("taps", [1, 2, 3, 6, 10, 12, 13, 19])
def test_words_are_the_sum_of_their_letters(taps, left):
    rng = np.random.default_rng([taps, left])
    bases, kernel, bias = drawn(rng, taps, 16, 30)
    x, positions = one_hot(bases), int(rng.integers(1, 30 + 2 * left))
    z = np.full((positions, 3, 16), np.nan, np.float32)
    assert kernels.convolve_letters(x, left, kernels.word_table(kernel), bias, z)
    np.testing.assert_allclose(z, convolved(x, kernel, bias, left, positions), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "row", [(0.25,) * 4, (0, 0, 0, 0), (2 / 3, 2 / 3, -1 / 3, 0), (1, 1, 0, 0), (2, 0, 0, 0), (1, 0, 0, 1e-9)]
)
def test_what_is_no_letter_is_left_to_products(row):
    bases, kernel, bias = drawn(np.random.default_rng(0), 5, 8, 20)
    x, table = one_hot(bases), kernels.word_table(kernel)
    z = np.zeros((16, 3, 8), np.float32)
    assert kernels.convolve_letters(x, 0, table, bias, z)
    x[1, 19] = row
    assert not kernels.convolve_letters(x, 0, table, bias, z)
