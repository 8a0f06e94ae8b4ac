"""Learning rates of epochs."""

import numpy as np
import pytest

from dfim.training.schedules import learning_rate, waited

OPTIONS = {"learning_rate": 0.01, "epochs": 10, "schedule": "constant", "plateau": 2}


def rates(losses, epochs: int = 10, **options) -> list[float]:
    """The learning rates of a training whose validation losses are known."""
    options = {**OPTIONS, **options}
    return [learning_rate(options, epoch, losses[: epoch - 1]) for epoch in range(1, epochs + 1)]


def test_a_constant_rate_stays():
    assert rates([1.0] * 10) == [0.01] * 10


def test_a_cosine_falls_from_the_full_rate_towards_nothing():
    found = rates([1.0] * 10, schedule="cosine")
    assert found[0] == 0.01
    assert found[5] == pytest.approx(0.005)
    assert (np.diff(found) < 0).all()
    assert 0 < found[-1] < 0.0003
    np.testing.assert_allclose(np.add(found[1:], found[:0:-1]), 0.01)  # the same steps down on both sides


def test_a_plateau_halves_after_epochs_without_a_smaller_loss():
    #         1    2    3    4    5    6    7    8    9
    losses = [1.0, 0.8, 0.9, 0.8, 0.9, 0.7, 0.9, 0.9, 0.9]
    found = rates(losses, schedule="plateau")
    # Epochs 3 and 4 bring nothing, then epoch 6 does; 7 and 8 do not.
    np.testing.assert_allclose(found, [0.01] * 4 + [0.005] * 4 + [0.0025] * 2)
    assert rates(losses, schedule="plateau", plateau=3)[-1] == pytest.approx(0.0025)


def test_the_rate_of_an_epoch_needs_nothing_but_the_history():
    losses = [1.0, 0.8, 0.9, 0.8, 0.9, 0.7, 0.9, 0.9, 0.9]
    options = {**OPTIONS, "schedule": "plateau"}
    assert learning_rate(options, 9, losses[:8]) == rates(losses, schedule="plateau")[8]


@pytest.mark.parametrize(
    ("measures", "wait", "found"),
    [
        ([], 3, 0),
        ([0.5, 0.55], 3, 2),
        ([0.5, 0.55, 0.61, 0.5], 3, 2),  # once better, all that follows counts
        ([0.5] * 6, 3, 3),
        ([0.5] * 6, 0, 0),
        ([0.7, 0.5], 3, 0),
        ([np.nan, 0.7], 3, 1),  # a split with one class has no area
    ],
)
def test_epochs_that_are_no_better_than_chance_are_waited_for(measures, wait, found):
    assert waited({"wait": wait}, [{"validation_auroc": measure} for measure in measures]) == found
    values = [{"validation_r2": measure - 0.5} for measure in measures]
    assert waited({"wait": wait}, values) == found
