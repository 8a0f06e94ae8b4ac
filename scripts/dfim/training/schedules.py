"""Learning rates of the epochs of a training, as functions of its options and of what came before.

Nothing is kept between epochs: a training that is taken up again finds the learning rate from its history.
"""

import math
from collections.abc import Sequence

SCHEDULES = ("constant", "cosine", "plateau")
# Below these, auROC and r², a network is hardly better than chance.
LEAST_AUROC, LEAST_R2 = 0.6, 0.1


def waited(options: dict, history: Sequence[dict]) -> int:
    """Return how many epochs went by, ``wait`` at most, before the first that was better than chance.

    ``history``: rows of earlier epochs with ``validation_auroc`` or ``validation_r2``. Neither ``epochs`` nor
    ``patience`` nor the schedule counts them: when a stack of convolutions finds its first motif is chance.
    """
    for number, row in enumerate(history):
        better = row.get("validation_auroc", 0) >= LEAST_AUROC or row.get("validation_r2", 0) >= LEAST_R2
        if better or number == options["wait"]:
            return number
    return len(history)


def learning_rate(options: dict, epoch: int, validation_losses: Sequence[float]) -> float:
    """Return the learning rate of an epoch, counted from 1 after those that :func:`waited`.

    ``options`` are those of :func:`dfim.training.fitting.train`; ``validation_losses`` those of earlier
    epochs that count.
    ``constant``: ``learning_rate``. ``cosine``: from ``learning_rate`` in the first epoch along half a wave
    towards 0 after ``epochs`` (Loshchilov and Hutter 2017, without restarts). ``plateau``: halved whenever
    ``plateau`` epochs in a row brought no smaller validation loss.
    """
    base = options["learning_rate"]
    if options["schedule"] == "cosine":
        return base * (1 + math.cos(math.pi * (epoch - 1) / options["epochs"])) / 2
    if options["schedule"] == "plateau":
        return base / 2 ** _halvings(validation_losses, options["plateau"])
    return base


def _halvings(losses: Sequence[float], plateau: int) -> int:
    """Return how often ``plateau`` epochs in a row, counted anew each time, brought no smaller loss."""
    smallest, waited, found = math.inf, 0, 0
    for loss in losses:
        waited = 0 if loss < smallest else waited + 1
        smallest = min(smallest, loss)
        if waited == plateau:
            waited, found = 0, found + 1
    return found
