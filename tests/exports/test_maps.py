"""Tests of dfim.exports.maps: maps with names as a NumPy file."""

import h5py
import numpy as np
import pandas as pd

from dfim.exports.maps import ARRAYS, write_maps


def test_rows_have_their_names_and_nothing_is_pickled(tmp_path):
    rng = np.random.default_rng(1)
    arrays = {name: rng.normal(size=(3, 5)).astype(np.float32) for name in ARRAYS}
    arrays["p"][0, 1] = np.nan
    sources = pd.DataFrame(
        {
            "source": [2, 0, 1],
            "example": [7, 3, 3],
            "sequence": ["seven", "three", "three"],
            "chrom": [None, "chr1", "chr1"],
            "name": ["c", "a", "b"],
            "group": [None, None, "known"],
            "start": [4, 0, 1],
            "end": [5, 1, 2],
            "reference": ["A", None, "C"],
            "alternate": ["G", None, None],
        }
    )
    with h5py.File(tmp_path / "profiles.h5", "w") as handle:
        for name, values in arrays.items():
            handle[name] = values
        write_maps(sources, handle, tmp_path / "maps.npz")
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as found:
        for name, values in arrays.items():
            np.testing.assert_array_equal(found[name], values)
        assert found["name"].tolist() == ["a", "b", "c"]
        assert found["sequence"].tolist() == ["three", "three", "seven"]
        assert found["chrom"].tolist() == ["chr1", "chr1", ""]
        assert found["start"].tolist() == [0, 1, 4]
        assert found["reference"].tolist() == ["", "C", "A"]
        assert found["example"].dtype == np.int64
