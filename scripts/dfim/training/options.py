"""Options of a training, and whether a dataset can be trained on with them."""

import numpy as np

from dfim.datasets.dataset import Dataset
from dfim.errors import InputError
from dfim.training.frameworks import keras
from dfim.training.schedules import SCHEDULES

OPTIONS = {
    "learning_rate": 0.001,
    "batch_size": 128,
    "epochs": 100,
    "patience": 3,
    # The paper has none of these.
    "reverse_complement": False,
    "shift": 0,
    "class_weights": "none",
    "wait": 0,
    "schedule": "constant",
    "plateau": 5,
    "weight_decay": 0.0,
    "weight_averaging": 0.0,
}


def plain_options(layer: keras.layers.Layer) -> dict:
    """Return the options of a layer that are numbers, text or lists; not its name, which counts layers."""
    plain = (bool, int, float, str, list, tuple)
    return {
        key: value for key, value in layer.get_config().items() if key != "name" and isinstance(value, plain)
    }


def training_options(options: dict) -> dict:
    """Return the options with defaults filled in; raises InputError on an unknown key or impossible value."""
    for key in options:
        if key not in OPTIONS:
            raise InputError(f"training has no option {key!r}; the options are {', '.join(OPTIONS)}.")
    options = {**OPTIONS, **options}
    needed = {
        "learning_rate": (lambda value: value > 0, "a number above 0"),
        "batch_size": (lambda value: value == int(value) >= 1, "a whole number above 0"),
        "epochs": (lambda value: value == int(value) >= 1, "a whole number above 0"),
        "patience": (lambda value: value == int(value) >= 1, "a whole number above 0"),
        "wait": (lambda value: value == int(value) >= 0, "a whole number of epochs, 0 for none"),
        "reverse_complement": (lambda value: isinstance(value, bool), "true or false"),
        "shift": (lambda value: value == int(value) >= 0, "a whole number of bases, 0 for none"),
        "class_weights": (lambda value: value in ("none", "balanced"), "none or balanced"),
        "schedule": (lambda value: value in SCHEDULES, f"one of {', '.join(SCHEDULES)}"),
        "plateau": (lambda value: value == int(value) >= 1, "a whole number of epochs above 0"),
        "weight_decay": (lambda value: value >= 0, "a number, 0 for none"),
        "weight_averaging": (lambda value: 0 <= value < 1, "a number from 0, for none, to below 1"),
    }
    for key, (good, description) in needed.items():
        number = key not in ("reverse_complement", "class_weights", "schedule")
        if (number and not isinstance(options[key], int | float)) or not good(options[key]):
            raise InputError(f"the training option {key} is {options[key]!r}, and it must be {description}.")
    return options


def check_labels(dataset: Dataset):
    for split in ("train", "validation"):
        if not dataset.present[dataset.rows(split)].any():
            raise InputError(
                f"the split {split} has no labelled example, and training needs both train and validation: "
                f"give it more chromosomes or a larger share."
            )


def check_finite(row: dict, options: dict):
    for name in ("loss", "validation_loss"):
        if not np.isfinite(row[name]):
            raise InputError(
                f"the {name.replace('_', ' ')} of epoch {row['epoch']} is {row[name]}, so the training "
                f"diverged: lower the training option learning_rate, which is {options['learning_rate']}."
            )
