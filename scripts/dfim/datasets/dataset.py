"""The files of a dataset: the one place that knows their schemas.

A dataset is a folder of three files, the same for every analysis:

``examples.tsv.gz``
    One row per example, in the order of the arrays. ``example`` (0-based row number), ``name``,
    ``chrom``, ``start``, ``end`` (0-based, half-open; empty when the sequence is not from a genome),
    ``origin`` (where the example comes from, e.g. ``set3`` or ``GATA1 summit``) and ``split``
    (``train``, ``validation`` or ``test``).
``sequences.h5``
    ``bases``: uint8 (examples, positions), ASCII letters. ``labels``: int8 (examples, tasks), 1 positive,
    0 negative, -1 missing; or in their place ``targets``: float32 (examples, tasks), measured values, NaN
    missing, and with them, if known, ``weights``: float32 (examples), what an example counts in the loss, and
    ``noise_free``: float32 (examples, tasks), the values without the noise of measurement. Attribute
    ``tasks``: the tasks' names, in the order of the columns.
``features.tsv.gz``
    Intervals on examples. ``feature`` (0-based row number), ``example``, ``name`` (of the motif or the
    variant), ``kind`` (``motif`` or ``variant``), ``start``, ``end`` (0-based, half-open, in the example),
    ``strand`` (``+`` or ``-``), ``reference``, ``alternate`` (alleles of a variant, else empty) and
    ``group`` (``positive`` or ``control`` for a variant, ``known`` for a site known beforehand, else empty).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.files.tables import read_table, write_table
from dfim.files.whole import atomic_path
from dfim.sequences.bases import composition
from dfim.sequences.features import FEATURE_COLUMNS, empty_features

EXAMPLES = "examples.tsv.gz"
SEQUENCES = "sequences.h5"
FEATURES = "features.tsv.gz"

EXAMPLE_COLUMNS = ["example", "name", "chrom", "start", "end", "origin", "split"]
SPLITS = ("train", "validation", "test")
MISSING = -1

_TEXT = dict.fromkeys(
    ["name", "chrom", "origin", "split", "kind", "strand", "reference", "alternate", "group"], "str"
)


@dataclass
class Dataset:
    """Sequences with labels or targets, and features on them; see the module's description of the files.

    ``labels`` are integers for labels and floating-point numbers for targets.
    """

    bases: np.ndarray
    labels: np.ndarray
    tasks: list[str]
    examples: pd.DataFrame
    features: pd.DataFrame = field(default_factory=empty_features)
    weights: np.ndarray | None = None
    noise_free: np.ndarray | None = None

    def __post_init__(self):
        if not len(self.bases) == len(self.labels) == len(self.examples):
            raise ValueError(
                f"bases, labels and examples must have one row per example, found {len(self.bases)}, "
                f"{len(self.labels)} and {len(self.examples)}"
            )
        if self.labels.shape[1] != len(self.tasks):
            raise ValueError(f"labels have {self.labels.shape[1]} columns for {len(self.tasks)} tasks")

    @property
    def real_valued(self) -> bool:
        """Whether the tasks have measured values in place of labels."""
        return self.labels.dtype.kind == "f"

    @property
    def present(self) -> np.ndarray:
        """Where a label or target is known, bool (examples, tasks)."""
        return ~np.isnan(self.labels) if self.real_valued else self.labels != MISSING

    def rows(self, split: str) -> np.ndarray:
        """Return the row numbers of the examples in a split, ascending."""
        return np.flatnonzero(self.examples["split"].to_numpy() == split)

    def task_index(self, task: str) -> int:
        """Return the column of a task; raises InputError when the dataset has no such task."""
        if task not in self.tasks:
            raise InputError(f"there is no task {task!r}; the dataset has the tasks {', '.join(self.tasks)}.")
        return self.tasks.index(task)


def check_fit(dataset: Dataset, length: int | None, outputs: int, names: list[str] | None = None) -> None:
    """Raise InputError when a data set's length of sequence or number of tasks is not a network's.

    ``length`` is that of the sequences that the network takes, None for any, and ``outputs`` their number.
    ``names`` are those of the network's outputs where they are more than the data set's tasks.
    """
    if length is not None and dataset.bases.shape[1] != length:
        raise InputError(
            f"the sequences have {counted(dataset.bases.shape[1], 'base')}, and the network takes {length}: "
            f"build the network for the length of the data set."
        )
    names = names or dataset.tasks
    if len(names) != outputs:
        raise InputError(
            f"the data set has {counted(len(names), 'task')}, and the network has "
            f"{counted(outputs, 'output')}: build the network for the tasks of the data set."
        )


def reference_rows(background, dataset: Dataset) -> np.ndarray:
    """Return the reference that a configured background means for a dataset: float32 (4,) or (positions, 4).

    ``background`` is the probabilities of A, C, G, T, or ``composition``: the shares of the bases at each
    position among the examples of the split ``train``.
    """
    if isinstance(background, str) and background == "composition":
        return composition(dataset.bases[dataset.rows("train")])
    return np.asarray(background, np.float32)


def write_dataset(dataset: Dataset, folder: str | Path) -> None:
    """Write the three files of a dataset into a folder, each under a temporary name first."""
    folder = Path(folder)
    write_table(dataset.examples.reindex(columns=EXAMPLE_COLUMNS), folder / EXAMPLES)
    write_table(dataset.features.reindex(columns=FEATURE_COLUMNS), folder / FEATURES)
    with atomic_path(folder / SEQUENCES) as temporary, h5py.File(temporary, "w") as handle:
        bases = handle.create_dataset("bases", data=dataset.bases.astype(np.uint8), compression="lzf")
        bases.attrs["axes"] = json.dumps(["example", "position"])
        for name, values in _arrays(dataset).items():
            array = handle.create_dataset(name, data=values)
            array.attrs["axes"] = json.dumps(["example", "task"][: values.ndim])
        handle.attrs["tasks"] = json.dumps(dataset.tasks)


def _arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return what the file of sequences holds beside the bases, by name."""
    if not dataset.real_valued:
        return {"labels": dataset.labels.astype(np.int8)}
    arrays = {"targets": dataset.labels, "weights": dataset.weights, "noise_free": dataset.noise_free}
    return {name: values.astype(np.float32) for name, values in arrays.items() if values is not None}


def read_dataset(folder: str | Path) -> Dataset:
    """Read a dataset from its folder."""
    folder = Path(folder)
    with h5py.File(folder / SEQUENCES, "r") as handle:
        bases, labels = handle["bases"][()], handle["targets" if "targets" in handle else "labels"][()]
        more = {name: handle[name][()] for name in ("weights", "noise_free") if name in handle}
        tasks = json.loads(handle.attrs["tasks"])
    return Dataset(bases, labels, tasks, _read(folder / EXAMPLES), _read(folder / FEATURES), **more)


def _read(path: Path) -> pd.DataFrame:
    """Read a table of a dataset, text columns as text with empty cells as empty strings."""
    table = read_table(path, dtype=_TEXT)
    text = [column for column in table.columns if column in _TEXT]
    table[text] = table[text].fillna("")
    return table
