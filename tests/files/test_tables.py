"""Tables as they are written: numbers of seven digits, as pandas would write them one by one."""

import numpy as np
import pandas as pd

from dfim.files.tables import write_table


def test_numbers_are_written_as_pandas_formats_them(tmp_path):
    numbers = [0.0, -0.0, 1.0, 1 / 3, -2e-300, 1e22, np.nan, np.inf, -np.inf, 123456789.0]
    table = pd.DataFrame(
        {
            "double": numbers,
            "single": np.array(numbers, np.float32),
            "whole": range(10),
            "perhaps": pd.array([1, None] * 5, "Int64"),
            "name": ["a", None, 'q"uoted', "tab\there", "", "NA", "é", "1.0", "b", "c"],
        },
        index=np.arange(10)[::-1],
    )
    write_table(table, tmp_path / "written.tsv")
    expected = table.to_csv(sep="\t", index=False, float_format="%.7g")
    assert (tmp_path / "written.tsv").read_text(encoding="utf-8") == expected
    assert "0.3333333\t0.3333333\t3" in expected


def test_columns_may_have_the_same_name_and_a_table_no_row(tmp_path):
    twice = pd.DataFrame([[0.5, 1.5]], columns=["x", "x"])
    for table, expected in ((twice, "x\tx\n0.5\t1.5\n"), (twice[:0], "x\tx\n")):
        write_table(table, tmp_path / "written.tsv")
        assert (tmp_path / "written.tsv").read_text() == expected
