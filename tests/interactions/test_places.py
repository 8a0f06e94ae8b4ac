"""Names and places of rows: the base that a place in the genome points to is that of the sequence."""

import numpy as np
import pandas as pd
import pytest

from dfim.files.tables import read_table, write_table
from dfim.interactions.places import ORDERED_ENDS, PAIR_ENDS, SOURCE, add_places

GENOME = {"chr2": "ACGTTGCAGGATTACCAGTA" * 3}
EXAMPLES = pd.DataFrame(
    {"example": [0, 1], "name": ["a", "b"], "chrom": ["chr2", "chr2"], "start": [10, 25], "end": [30, 45]}
)
FEATURES = pd.DataFrame(
    {"feature": [0, 1, 2], "example": [0, 0, 1], "start": [1, 8, 4], "end": [4, 12, 9], "strand": list("+--")}
)


def ordered() -> pd.DataFrame:
    table = pd.DataFrame({"example": [0, 0], "source": [0, 1], "target": [1, 0]})
    for end in ORDERED_ENDS:
        for column in ("start", "end"):
            table[f"{end}_{column}"] = FEATURES[column].to_numpy()[table[end]]
    return table


def test_the_genome_has_the_same_bases_at_the_place_of_a_feature_as_its_example():
    table = add_places(ordered(), EXAMPLES, FEATURES, ORDERED_ENDS)
    for row in table.to_dict("records"):
        start = EXAMPLES["start"][row["example"]]
        example = GENOME[row["chrom"]][start : start + 20]
        for end in ORDERED_ENDS:
            own = example[row[f"{end}_start"] : row[f"{end}_end"]]
            assert GENOME[row["chrom"]][row[f"{end}_chrom_start"] : row[f"{end}_chrom_end"]] == own
    assert list(table["sequence"]) == ["a", "a"]
    assert list(table["source_strand"]) == ["+", "-"]
    assert list(table["target_strand"]) == ["-", "+"]


def test_a_row_of_sources_has_its_own_place_and_a_nucleotide_no_strand(tmp_path):
    rows = {"source": [0, 1], "example": [1, 1], "feature": [2, np.nan], "start": [4, 6], "end": [9, 7]}
    table = add_places(pd.DataFrame(rows), EXAMPLES, FEATURES, SOURCE)
    assert list(table["chrom_start"]) == [29, 31]
    assert list(table["chrom_end"]) == [34, 32]
    write_table(table, tmp_path / "sources.tsv")
    assert read_table(tmp_path / "sources.tsv")["strand"].fillna("").tolist() == ["-", ""]


@pytest.mark.parametrize("ends", [ORDERED_ENDS, PAIR_ENDS])
def test_without_a_genome_there_is_a_name_and_no_place(tmp_path, ends):
    table = ordered().rename(columns=lambda name: name.replace("source", ends[0]).replace("target", ends[1]))
    examples = EXAMPLES.assign(chrom=None, start=np.nan, end=np.nan)
    table = add_places(table, examples, FEATURES, ends)
    write_table(table, tmp_path / "pairs.tsv")
    read = read_table(tmp_path / "pairs.tsv")
    assert list(read["sequence"]) == ["a", "a"]
    assert read[["chrom", f"{ends[0]}_chrom_start", f"{ends[1]}_chrom_end"]].isna().all(axis=None)


def test_a_table_without_rows_gets_its_columns():
    table = add_places(ordered().iloc[:0], EXAMPLES, FEATURES, ORDERED_ENDS)
    assert table.empty
    assert {"sequence", "chrom", "source_chrom_start", "target_strand"} <= set(table)
