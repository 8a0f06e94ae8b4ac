"""Numbers in words: short, with intervals, places where there is a genome."""

import numpy as np
import pytest

from dfim.page.numbers import interval, number, place


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (-2, "−2"),
        (12345.0, "12,345"),
        (4.66e-10, "4.66 × 10⁻¹⁰"),
        (np.nan, "–"),
        (None, "–"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_an_interval_stands_behind_its_value_where_there_is_one():
    assert interval({"r": 0.5, "r_low": 0.4, "r_high": 0.6}, "r") == "0.5 [0.4, 0.6]"
    assert interval({"r": 0.5, "r_low": np.nan, "r_high": np.nan}, "r") == interval({"r": 0.5}, "r") == "0.5"


def test_a_place_is_that_in_the_genome_or_in_the_sequence():
    row = {"first_start": 4, "first_end": 9, "first_strand": "-"}
    assert place(row, "first_") == "4–9 (-)"
    there = {"chrom": "chr2", "first_chrom_start": 104, "first_chrom_end": 109}
    assert place(row | there, "first_") == "chr2:104–109 (-)"
