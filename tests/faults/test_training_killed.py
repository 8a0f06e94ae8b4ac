"""A training that is killed is taken up, and ends in the weights of one that never was."""

import logging
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest
import train_slowly

from dfim.training import checkpoint as checkpoints

# Each training is a process of its own, forked from one that has imported TensorFlow, and computed nothing.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tensorflow", "keras"])
KILLS = int(os.environ.get("DFIM_TRAINING_KILLS", "2"))


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def start_training(*paths: Path) -> multiprocessing.Process:
    process = PROCESSES.Process(target=train_slowly.main, args=paths)
    process.start()
    return process


def train_to_the_end(*paths: Path) -> None:
    process = start_training(*paths)
    process.join()
    assert process.exitcode == 0


def assert_same(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, np.ndarray]:
    path = tmp_path_factory.mktemp("undisturbed") / "weights.npz"
    train_to_the_end(path)
    return arrays_of(path)


def kill_after_another_epoch(out: Path, checkpoint: Path, pause: float) -> bool:
    """Train until the checkpoint is written anew, wait, kill; tell whether the process was killed."""
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    process = start_training(out, checkpoint)
    while process.is_alive() and not (checkpoint.exists() and checkpoint.stat().st_mtime_ns > before):
        time.sleep(0.001)
    time.sleep(pause)
    process.kill()
    process.join()
    return process.exitcode < 0


def test_a_killed_training_ends_in_the_same_weights(undisturbed, tmp_path):
    out, checkpoint = tmp_path / "weights.npz", tmp_path / "checkpoint.npz"
    pauses = np.random.default_rng(1).random(KILLS) * 0.05
    killed = sum(kill_after_another_epoch(out, checkpoint, pause) for pause in pauses)
    print(f"{killed} kills of a training survived")
    assert killed > 0
    assert not out.exists()
    with np.load(checkpoint) as archive:
        assert "state_0" in archive.files
    train_to_the_end(out, checkpoint)
    assert_same(arrays_of(out), undisturbed)


def interrupted(path: Path, monkeypatch, after: int, **options) -> None:
    """Leave the checkpoint of a training that broke off after some epochs."""
    save = checkpoints.Checkpoint.save

    def save_and_break(self, history, best):
        save(self, history, best)
        if len(history) == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints.Checkpoint, "save", save_and_break)
        with pytest.raises(KeyboardInterrupt):
            train_slowly.train(path, **options)


@pytest.mark.parametrize("options", [{"batch_size": 32}, {"seed": 4}], ids=["options", "seed"])
def test_a_checkpoint_of_another_training_is_not_used(options, tmp_path, monkeypatch, caplog):
    path = tmp_path / "checkpoint.npz"
    interrupted(path, monkeypatch, 2, **options)
    with caplog.at_level(logging.INFO, "dfim"):
        _, history = train_slowly.train(path, epochs=3, wait=0)
    assert "is of other data or settings: training begins anew" in caplog.text
    assert len(history) == 3


def test_a_damaged_checkpoint_is_not_used(tmp_path, monkeypatch, caplog):
    """Whichever byte is flipped, the checkpoint is set aside or has the same content."""
    path = tmp_path / "checkpoint.npz"
    interrupted(path, monkeypatch, 1, epochs=1, wait=0)
    content = path.read_bytes()
    _, begun = train_slowly.train(path, epochs=1, wait=0)  # takes it up: the same arguments and process
    for place in np.random.default_rng(2).integers(len(content), size=3):
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        caplog.clear()
        with caplog.at_level(logging.INFO, "dfim"):
            _, history = train_slowly.train(path, epochs=1, wait=0)
        anew = "is damaged" in caplog.text
        assert anew != ("taken up after epoch 1" in caplog.text)
        assert history["loss"].iloc[0] == pytest.approx(begun["loss"].iloc[0], rel=1e-5)
