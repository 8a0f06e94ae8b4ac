"""How large the data and the networks of a configuration are: counted where they are made, else expected.

What jobs are to be given (:mod:`workflow.demands`) and the plan of a whole run follow from these numbers.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import h5py

from dfim.files.tables import read_table
from dfim.files.text import text_lines
from dfim.networks.architecture import complete_layer
from workflow.datasets import told_of
from workflow.reads_sizes import ReadSizes
from workflow.results import dataset_files, selection_file

# What is taken for a dataset that is not made, and of which the configuration says nothing.
ASSUMED = {"examples": 100_000, "length": 1000, "features": 5.0}
# Where a selection asks for more than an origin or a number, so much of the dataset is taken to meet it.
ASSUMED_SHARE = 0.2
# Of a network that comes as a file nothing is known before it is there: that of supplement B.2.
_GIVEN = ({"kind": "convolution", "filters": 25, "width": 10},) * 5


@dataclass(frozen=True)
class DatasetSize:
    """Examples, positions of each, tasks, and features per example; ``known`` says how: counted, …"""

    examples: int
    length: int
    tasks: int
    features: float
    known: str


@dataclass(frozen=True)
class NetworkSize:
    """Multiplications of one forward pass, values of all layers, and weights, for one sequence."""

    multiplications: int
    values: int
    weights: int


def network_size(layers: list[dict], length: int, tasks: int) -> NetworkSize:
    """Return the size of a network of layers (:mod:`dfim.networks.architecture`) on sequences of a length."""
    positions, channels = length, 4
    multiplications = values = weights = 0
    for layer in [*map(complete_layer, layers), {"kind": "dense", "units": tasks}]:
        match layer["kind"]:
            case "convolution":
                kernel = layer["width"] * channels * layer["filters"]
                positions -= 0 if layer["padding"] == "same" else (layer["width"] - 1) * layer["dilation"]
                channels = layer["filters"]
            case "dense":
                kernel = positions * channels * layer["units"]
                positions, channels = 1, layer["units"]
            case "max_pool" | "average_pool":
                positions = (positions - layer["width"]) // layer["stride"] + 1
                continue
            case "add":
                values += positions * channels
                continue
            case _:
                positions = 1
                continue
        multiplications += kernel * positions
        values += positions * channels
        weights += kernel
    return NetworkSize(multiplications, values, weights)


class Sizes:
    """The sizes of everything in a configuration.

    ``tasks`` are the names of the tasks by dataset, ``samples`` the rows of each set of reads by task and
    replicate; ``times`` multiplies the numbers of examples, for a plan
    of something larger. Files below ``results`` are counted where they exist (not with ``times`` above 1).
    """

    def __init__(
        self,
        config: Mapping,
        tasks: Mapping[str, list],
        results: str,
        times: int = 1,
        samples: Mapping[str, Mapping] | None = None,
    ):
        self.config, self.tasks, self.results, self.times = config, tasks, str(results).rstrip("/"), times
        self.reads = ReadSizes(config, samples or {}, results, times)

    @cached_property
    def _expected(self) -> dict:
        return self.config["expected_sizes"]

    def _files(self, dataset: str) -> dict[str, Path]:
        return {role: Path(path) for role, path in dataset_files(self.results, dataset).items()}

    def dataset(self, name: str) -> DatasetSize:
        """Return the size of a dataset."""
        files = self._files(name)
        path = files["sequences"]
        if self.times == 1 and path.is_file():
            return _counted(path, files["features"], _modified(path))
        told = told_of(self.config, name)
        given = self._expected["datasets"].get(name, {})
        found = {**ASSUMED, **told, **given}
        known = "expected" if given else "configured" if "examples" in told else "assumed"
        examples = found["examples"] * self.times
        return DatasetSize(examples, found["length"], max(1, len(self.tasks[name])), found["features"], known)

    def network(self, model: str, dataset: str | None = None) -> NetworkSize:
        """Return the size of a model on its own dataset or another, or, without any, on what is assumed."""
        options = self.config["models"][model]
        dataset = dataset or options.get("dataset")
        length, tasks = ASSUMED["length"], len(options.get("source", {}).get("tasks", [""]))
        if dataset:
            size = self.dataset(dataset)
            length, tasks = size.length, size.tasks
        layers = self.config["architectures"].get(options.get("architecture"), list(_GIVEN))
        return network_size(layers, length, tasks)

    def selected(self, analysis: str, model: str, task: str) -> int:
        """Return the number of examples that an analysis looks at."""
        path = Path(selection_file(self.results, analysis, model, task))
        if self.times == 1 and path.is_file():
            return _count_examples(path, _modified(path))
        options = self.config["analyses"][analysis]
        expected = self._expected["analyses"].get(analysis, {}).get("examples")
        if expected is not None:
            return expected * self.times
        everything = self.dataset(options["dataset"]).examples
        criteria = options["examples"]
        sets = criteria.get("sets", {"": criteria})
        return min(everything, sum(self._met(options["dataset"], one, everything) for one in sets.values()))

    def _met(self, dataset: str, criteria: Mapping, everything: int) -> int:
        """Return how many of the examples of a dataset are taken to meet criteria."""
        number, origins = everything, told_of(self.config, dataset).get("origins")
        if origins and "origins" in criteria:
            number = sum(origins[name] for name in criteria["origins"]) * self.times
        elif {"origins", "positive_for", "negative_for", "features", "groups"} & criteria.keys():
            number = int(everything * ASSUMED_SHARE)
        limits = [criteria[key] * self.times for key in ("limit", "highest", "lowest") if key in criteria]
        return max(1, min([number, *limits]))

    def sources(self, analysis: str, model: str, task: str) -> tuple[float, int]:
        """Return the sources of an example of an analysis, and the mutants of each."""
        options = self.config["analyses"][analysis]
        size = self.dataset(options["dataset"])
        if "features" in options["sources"]:
            features = self._files(options["dataset"])["features"]
            selected = Path(selection_file(self.results, analysis, model, task))
            if self.times > 1 or not (features.is_file() and selected.is_file()):
                return size.features, 1
            versions = _modified(features), _modified(selected)
            return _selected_features(features, selected, tuple(options["feature_groups"] or ()), versions), 1
        fixed = 0
        if options["sources"]["nucleotides"] == "variable":  # without the core, or a third as long as all
            fixed = told_of(self.config, options["dataset"]).get("fixed") or size.length // 3
        return size.length - fixed, 3


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns


@cache
def _counted(sequences: Path, features: Path, modified: int) -> DatasetSize:
    """Return the size of a dataset that is made; asked for by every job of whatever works on it."""
    with h5py.File(sequences, "r") as handle:
        examples, length = handle["bases"].shape
        tasks = len(handle.attrs["tasks"])
    return DatasetSize(examples, length, tasks, _count_features(features) / max(1, examples), "counted")


def _count_features(path: Path) -> int:
    """Return the rows of a table of features: the number in its last line, and one."""
    if not path.is_file():
        return 0
    _, last = (deque(text_lines(path, "a table of features"), 1) or [(0, "")])[0]
    first = last.split("\t")[0]
    return int(first) + 1 if first.isdigit() else 0


@cache
def _selected_features(features: Path, selected: Path, groups: tuple[str, ...], versions: tuple) -> float:
    """Return the features, of some groups or of all, of a selected example on average."""
    examples = _examples(selected)
    rows = read_table(features, usecols=["example", "group"] if groups else ["example"])
    counted = rows["example"].isin(examples)
    if groups:
        counted &= rows["group"].isin(groups)
    return int(counted.sum()) / max(1, len(examples))


@cache
def _count_examples(path: Path, modified: int) -> int:
    """Return the different examples in a table of selected ones."""
    return len(_examples(path))


def _examples(path: Path) -> set[int]:
    return set(read_table(path, usecols=["example"])["example"])
