"""Conditions as people write them: a pair by hyphen or dash, in either order."""

import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.statistics.conditions import evaluate, matching, values_of, with_known_pairs

TABLE = pd.DataFrame(
    {
        "pair": ["ELF1–SIX5", "ELF1–ELF1", "GATA1–NF-kB"],
        "source_name": ["SIX5", "ELF1", "NF-kB"],
        "distance": [3, -40, 9],
    }
)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("pair == 'ELF1-SIX5'", [0]),
        ("pair == 'SIX5–ELF1'", [0]),
        ("'SIX5-ELF1' == pair", [0]),
        ("pair != 'SIX5-ELF1' and distance > 0", [2]),
        ("pair in ['NF-kB-GATA1', 'ELF1-ELF1']", [1, 2]),
        ("pair not in ('NF-kB–GATA1',)", [0, 1]),
        ("pair.isin(['SIX5-ELF1'])", [0]),
        ("source_name == 'NF-kB'", [2]),
        ("~(pair == 'SIX5-ELF1') & (distance < 0)", [1]),
    ],
)
def test_a_pair_is_found_however_it_is_written(condition, rows):
    assert list(TABLE.index[matching(TABLE, condition, "here")]) == rows


def test_what_is_no_pair_is_left_as_it_is():
    pairs = TABLE["pair"]
    for condition in ("pair == 'SIX5'", "source_name == 'SIX5-ELF1'", "pair ==", "distance > 3"):
        assert with_known_pairs(condition, pairs) == condition
    with pytest.raises(InputError, match=r"^here has the expression 'pair ==', which cannot be used"):
        evaluate(TABLE, "pair ==", "here")


def test_a_message_lists_the_values_of_text_columns():
    assert values_of(TABLE, "pair == 'x' and distance > 3") == (
        "; pair has the values 'ELF1–ELF1', 'ELF1–SIX5', 'GATA1–NF-kB'"
    )
    assert values_of(TABLE, "source_name == 'x'", most=2) == (
        "; source_name has the values 'ELF1', 'NF-kB', …"
    )
    assert values_of(TABLE, "distance > 3") == values_of(TABLE, "pair ==") == ""
