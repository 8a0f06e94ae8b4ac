"""The whole workflow, killed at random moments and run again, ends in the tables of an undisturbed run."""

import os

import numpy as np
import pandas as pd
import pytest
from small_run import Run

pytestmark = pytest.mark.workflow

KILLS = int(os.environ.get("DFIM_KILLS", "2"))


def unfinished(run: Run) -> list[str]:
    return [str(path) for path in run.results.rglob(".unfinished-*")]


def test_a_killed_workflow_ends_in_the_same_tables(undisturbed, tmp_path):
    run, rng = Run(tmp_path / "killed"), np.random.default_rng(int(os.environ.get("DFIM_SEED", "1")))
    kills = 0
    while kills < KILLS:
        if not run.run_and_kill(rng.uniform(4, 16)):  # it came to its end: begin anew, elsewhere
            compare(run, undisturbed)
            run = Run(tmp_path / f"killed_{kills}")
            continue
        kills += 1
    ran = run.run()
    assert ran.returncode == 0, ran.stdout[-5000:]
    compare(run, undisturbed)
    print(f"{kills} kills of the workflow survived")


def compare(run: Run, undisturbed: Run) -> None:
    for found, expected in zip(run.tables(), undisturbed.tables(), strict=True):
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert not unfinished(run)
    assert not (run.results / "models/simulation/checkpoint.npz").exists()


@pytest.mark.long
def test_one_core_and_a_second_run_give_the_same_tables(undisturbed, tmp_path):
    """A rule with two threads gets one: sums are taken in another order, hence the tolerance.

    A share is a difference of four outputs over one of them: it has their noise in its own unit, also near 0.
    A p or q is a rank among some hundred draws: it may move by a place.
    """
    run = Run(tmp_path / "one_core")
    ran = run.run(cores=1)
    assert ran.returncode == 0, ran.stdout[-5000:]
    for found, expected in zip(run.tables(), undisturbed.tables(), strict=True):
        assert list(found) == list(expected)
        for column in expected:
            pd.testing.assert_series_equal(found[column], expected[column], rtol=1e-4, atol=noise(column))


def noise(column: str) -> float:
    if column == "share":
        return 1e-3
    return 5e-3 if column.endswith(("_p", "_q")) else 1e-6
