"""Names and places: which sequence a row of pairs or of sources lies in, and where in the genome."""

import numpy as np
import pandas as pd

PAIR_ENDS, ORDERED_ENDS, SOURCE = ("first", "second"), ("source", "target"), ("",)


def add_places(
    table: pd.DataFrame, examples: pd.DataFrame, features: pd.DataFrame, ends: tuple[str, ...]
) -> pd.DataFrame:
    """Add the name of its sequence, and the place in the genome of its features, to every row.

    ``examples`` and ``features`` are those of the dataset. ``ends`` are the features of a row: a column
    ``{end}`` has its number, ``{end}_start`` and ``{end}_end`` where it lies in the example (0-based,
    half-open). The end ``""`` is a row's own: ``feature``, ``start`` and ``end``. Adds ``sequence`` (the name
    of the example) and ``chrom`` after ``example``, and for each end ``chrom_start``, ``chrom_end`` (0-based,
    half-open, on ``chrom``) and ``strand`` after its end in the example. Without a genome ``chrom`` and the
    places on it are empty; what is no feature, as a nucleotide, has no strand.
    """
    of_row = examples.set_index("example").loc[table["example"]]
    strands = features.set_index("feature")["strand"]
    table = table.copy()
    _put(table, "example", {"sequence": of_row["name"].to_numpy(), "chrom": of_row["chrom"].to_numpy()})
    offset = pd.array(of_row["start"].to_numpy(), dtype="Int64")
    for end in ends:
        prefix, number = (f"{end}_", end) if end else ("", "feature")
        columns = {
            f"{prefix}chrom_start": table[f"{prefix}start"].array + offset,
            f"{prefix}chrom_end": table[f"{prefix}end"].array + offset,
            f"{prefix}strand": strands.reindex(table[number]).to_numpy(),
        }
        _put(table, f"{prefix}end", columns)
    return table


def _put(table: pd.DataFrame, after: str, columns: dict[str, np.ndarray]) -> None:
    """Put columns behind one of the table; those that it has stay as they are."""
    place = table.columns.get_loc(after) + 1
    for name, values in reversed(columns.items()):
        if name not in table.columns:
            table.insert(place, name, values)
