"""Logits come back from their file with the names of their tasks."""

import h5py
import numpy as np

from dfim.datasets.logits_file import read_predictions, write_predictions


def test_logits_and_tasks_come_back(tmp_path):
    logits = np.random.default_rng(1).normal(size=(5, 2))
    write_predictions(logits, ["K562", "NA"], tmp_path / "predictions.h5", {"model_sha256": "ab12"})
    found, tasks = read_predictions(tmp_path / "predictions.h5")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, logits.astype(np.float32))
    assert tasks == ["K562", "NA"]
    with h5py.File(tmp_path / "predictions.h5") as handle:
        assert handle["logits"].attrs["axes"] == '["example", "task"]'
        assert handle.attrs["model_sha256"] == "ab12"
