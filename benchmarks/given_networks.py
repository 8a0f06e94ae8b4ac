"""What trained networks from elsewhere do here: do they load, stay the same, and do contributions add up.

    python benchmarks/given_networks.py docs/benchmarks/given_networks.tsv --files FOLDER
        --spliceai FOLDER --torch PYTHON --keras2 PYTHON

Rows are made anew for what is given, the others of the table stay. ``--files``: published networks, named
below; ``--spliceai``: the folder ``models`` of the package spliceai; ``--torch``: the Python of an
environment with torch, onnx, onnxscript, bpnet-lite and tangermeme, whose networks are those of
``torch_networks.py``; ``--keras2``: of one with chrombpnet and Keras 2 (``keras2_networks.py``). Networks of
today's Keras are always made.

For each network: its steps; the largest difference of the outputs before the last activation from the
framework's own, on arrival; that of what is explained, in 64 bits, from what the network gives in the process
that made it; that of pair tests, as users run them, from brute force there; all as shares of the range.
Residuals of DeepLIFT (Rescale) on four random sequences as shares of the change of the output; of networks up
to 1,000 bp also the steps that integrated gradients choose, and their largest residual. Of longer ones pairs
are tested in one sequence. Every method is run.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import dfim.networks  # noqa: F401  before Keras

# isort: split
import numpy as np
import pandas as pd
from contenders import Contender, Running

from dfim.attribution import FORWARD, network_of, open_scorer
from dfim.attribution.completeness import completeness, measure_completeness
from dfim.errors import InputError
from dfim.interactions.pair_tests import draw_pairs
from dfim.interactions.pairs import unordered_pairs
from dfim.interactions.sources import make_pairs
from dfim.networks import given
from dfim.networks.backend import keras
from dfim.networks.evaluation import evaluate
from dfim.networks.onnx_values import OnnxValues
from dfim.networks.outputs import Output
from dfim.sequences.bases import one_hot
from dfim.statistics.effects import OUTPUTS

COLUMNS = ["name", "loads", "nodes", "difference", "own_difference", "pair_difference", "residual_median"]
COLUMNS += ["residual_largest", "integrated_steps", "integrated_residual", "methods"]
# Integrated gradients take hundreds of evaluations, which longer networks are spared.
LONGEST = 1000
BACKGROUND = [0.25] * 4
WHOLE = Output()
WIDTH = 8  # of the features that are paired
METHODS = {"deeplift": {"rule": "rescale"}, "gradient_input": {}, "integrated_gradients": {}}


@dataclass
class Given:
    """A network as a user gives it; ``own``: what it gives itself for one-hot sequences, if that is known."""

    name: str
    path: Path
    weights: Path | None = None
    output: Output = WHOLE
    length: int | None = None
    own: Callable[[np.ndarray], np.ndarray] | None = None


class Differences(logging.Handler):
    """Keeps the difference that the check on arrival says."""

    last = ""

    def emit(self, record):
        if "gives" in record.getMessage():
            self.last = record.getMessage().split(" to ")[-1].split(" of ")[0]


def row_of(entry: Given, differences: Differences) -> dict:
    """Return the table's row of a network."""
    differences.last, row = "", {"name": entry.name}
    tasks, outputs = (["task"], {"task": entry.output}) if entry.output != WHOLE else (None, None)
    try:
        model = given.read_own_network(entry.path, tasks, entry.weights, outputs, None, entry.length)
    except InputError as error:
        return row | {"loads": f"no: {error}".replace(f"{entry.path}: ", "").replace(str(entry.path), "it")}
    network = network_of(model, entry.length)
    length = model.input_shape[1] or entry.length
    bases = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), (4, length))
    row |= {"loads": "yes", "difference": differences.last}
    row |= _compared(network, entry, bases if length <= LONGEST else bases[:1])
    if isinstance(network, OnnxValues):
        return row | {"loads": f"values alone: {network.reason}", "methods": "pair test"}
    row |= {"nodes": str(len(network)), "methods": "all"}
    for method, options in METHODS.items():
        if method == "integrated_gradients" and length > LONGEST:
            options = {"steps": 2}
        row |= _measured(method, options, network, bases)
    return row


def _measured(method: str, options: dict, graph, bases: np.ndarray) -> dict:
    """Run a method, and return the columns of its residuals on four sequences, if it has any."""
    with open_scorer(method, graph, BACKGROUND, options) as scorer:
        if method == "gradient_input" or "steps" in options:
            scorer.contributions(one_hot(bases[:1]), 0)
            return {}
        scorer.prepare(bases, 0)
        found = completeness([measure_completeness(scorer, bases, 0)]).iloc[0]
    largest = f"{found['largest_residual']:.2g}"
    if method == "integrated_gradients":
        return {"integrated_steps": str(int(found["steps"])), "integrated_residual": largest}
    return {"residual_median": f"{found['median_residual']:.2g}", "residual_largest": largest}


def _compared(network, entry: Given, bases: np.ndarray) -> dict:
    """Return the differences of outputs and of pair tests from what the network gives itself."""
    with open_scorer(FORWARD, network, BACKGROUND) as scorer:
        own = entry.own or (lambda x: np.asarray(scorer.logits(x)[:, 0], np.float64))
        found, expected = pair_outputs(scorer, bases), brute_force(own, bases)
    interactions = [values @ [1, -1, -1, 1] for values in (found, expected)]
    row = {"pair_difference": f"{difference(*interactions, np.ptp(expected)):.1g}"}
    if entry.own:
        exact = found if isinstance(network, OnnxValues) else brute_force(partial(_exact, network), bases)
        row["own_difference"] = f"{difference(exact, expected, np.ptp(expected)):.1g}"
    return row


def difference(found: np.ndarray, expected: np.ndarray, size: float) -> float:
    return float(np.abs(found - expected).max() / size)


def _exact(graph, x: np.ndarray) -> np.ndarray:
    """Return what a graph gives for sequences in 64 bits."""
    return evaluate(graph, x, [graph.output], "float64")[graph.output][:, 0]


def _features(bases: np.ndarray) -> pd.DataFrame:
    """Return three features in the middle of every sequence."""
    length = bases.shape[1]
    apart = WIDTH + min(12, length // 10)
    first = (length - WIDTH) // 2 - apart
    rows = [
        (example, f"motif{number}", first + number * apart)
        for example in range(len(bases))
        for number in range(3)
    ]
    table = pd.DataFrame(rows, columns=["example", "name", "start"])
    text = {"kind": "motif", "reference": "", "alternate": "", "group": ""}
    return table.assign(feature=np.arange(len(table)), end=table["start"] + WIDTH, **text)


def pair_outputs(scorer, bases: np.ndarray) -> np.ndarray:
    """Return the four outputs of every pair as the pair test has them, (pairs, 4)."""
    features = _features(bases)
    ordered, _ = make_pairs(features, range(len(bases)))
    pairs = unordered_pairs(ordered, features)

    def evaluate(blocks):
        return scorer.edited_logits(bases, blocks, 0)

    found = draw_pairs(evaluate, bases, features, pairs, np.float32(BACKGROUND), 0)
    return found.table[OUTPUTS].to_numpy(np.float64)


def brute_force(own: Callable, bases: np.ndarray) -> np.ndarray:
    """Return the same by whole sequences: with both features, without one, the other, and both."""
    features = _features(bases)
    ordered, _ = make_pairs(features, range(len(bases)))
    sequences = []
    for pair in unordered_pairs(ordered, features).itertuples():
        starts = features["start"].iloc[[pair.first, pair.second]].tolist()
        for gone in ([], starts[:1], starts[1:], starts):
            sequence = one_hot(bases[pair.example])
            for start in gone:
                sequence[start : start + WIDTH] = BACKGROUND
            sequences.append(sequence)
    return own(np.stack(sequences).astype(np.float32)).reshape(-1, len(OUTPUTS))


# ------------------------------------------------------------------------------------------ what is given

FILES = {
    "DragoNN heterodimer (Keras 0.3)": ("dragonn_heterodimer.arch.json", "dragonn_heterodimer.weights.h5"),
    "DragoNN CTCF (Keras 0.3)": ("dragonn_ctcf.arch.json", "dragonn_ctcf.weights.h5"),
    "Kipoi TAL1 (Keras 2.1.5, JSON and weights)": ("kipoi_tal1_arch.json", "kipoi_tal1_weights.hdf5"),
    "MPRA-DragoNN ConvModel (Keras 2.2.4, JSON and weights)": (
        *("mpra_dragonn_conv_model.json", "mpra_dragonn_conv_weights.hdf5"),
    ),
    "Optimus 5-Prime, three outputs (Keras 2.7, .h5)": ("optimus5p_multioutput.h5", None),
}


def published(folder: Path) -> Iterator[Given]:
    for name, (file, weights) in FILES.items():
        yield Given(name, folder / file, weights and folder / weights)


def spliceai(folder: Path, length: int = 2001) -> Iterator[Given]:
    # 5,000 positions of context on either side are cut off the output.
    for number in range(1, 6):
        output = Output(None, 1, "position", length // 2)
        name = f"SpliceAI {number}, {length:,} positions, acceptor at the middle (Keras 2.0.5, .h5)"
        yield Given(name, folder / f"spliceai{number}.h5", None, output, length + 10000)


def of_today(folder: Path) -> Iterator[Given]:
    """Yield networks of today's Keras."""
    K = keras.layers
    keras.utils.set_random_seed(0)
    inputs, relu = keras.Input((200, 4)), K.ReLU()
    values = relu(K.Conv1D(8, 9, bias_initializer="random_normal")(inputs))
    values = relu(K.Conv1D(8, 5, bias_initializer="random_normal")(values))
    twice = keras.Model(inputs, K.Dense(2, "sigmoid")(K.Flatten()(values)))
    inputs = keras.Input((200, 4))
    values = K.Conv1D(8, 9, padding="same", activation="relu")(inputs)
    values = K.Add()([values, K.Conv1D(8, 5, padding="same", activation="relu")(values)])
    residual = keras.Model(inputs, K.Dense(2, "sigmoid")(K.Flatten()(K.MaxPooling1D(10)(values))))
    named = {
        "a ReLU that is used twice (Keras 3)": twice,
        "a residual network with same padding and a max pool (Keras 3)": residual,
    }
    for number, (name, model) in enumerate(named.items()):
        path = folder / f"today{number}.keras"
        model.save(path)
        yield Given(name, path)


def made_elsewhere(module: str, python: str, folder: Path, words: str = "") -> Iterator[Given]:
    """Yield the networks of a module of this folder, made by the Python of another environment."""
    running = Running(Contender(module, "", "", python=python))
    try:
        for number, name in enumerate(running.ask("names", module)):
            running.ask("build", f"{module}:Network", {"entry": name})
            said = running.ask("call", "describe")
            path = folder / f"{module}{number}{said['ending']}"
            running.ask("call", "export", str(path))
            output = Output(said["head"], said["unit"], said["reduction"])
            own = partial(running.ask, "call", "outputs")
            yield Given(f"{name}{words}", path, None, output, None, own)
    finally:
        running.end()


def all_given(arguments: argparse.Namespace, folder: Path) -> Iterator[Given]:
    if arguments.files:
        yield from published(arguments.files)
    yield from of_today(folder)
    if arguments.spliceai:
        yield from spliceai(arguments.spliceai)
    if arguments.keras2:
        yield from made_elsewhere("keras2_networks", arguments.keras2, folder)
    if arguments.torch:
        yield from made_elsewhere("torch_networks", arguments.torch, folder, " (PyTorch, ONNX)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", type=Path, help="the table to write, TSV; rows that are not made anew stay")
    parser.add_argument("--files", type=Path, help="folder of published networks")
    parser.add_argument("--spliceai", type=Path, help="folder of the five files of SpliceAI")
    parser.add_argument("--torch", metavar="PYTHON", help="of an environment with PyTorch networks")
    parser.add_argument("--keras2", metavar="PYTHON", help="of an environment with chrombpnet and Keras 2")
    arguments = parser.parse_args()
    differences, logger = Differences(), logging.getLogger("dfim")
    logger.setLevel(logging.INFO)
    logger.addHandler(differences)
    rows = {}
    if arguments.table.is_file():
        kept = pd.read_csv(arguments.table, sep="\t", dtype=str, keep_default_na=False)
        rows = {row["name"]: row for row in kept.to_dict("records")}
    with tempfile.TemporaryDirectory() as folder:
        for entry in all_given(arguments, Path(folder)):
            rows[entry.name] = row_of(entry, differences)
            print(rows[entry.name], file=sys.stderr)
            table = pd.DataFrame(list(rows.values()), columns=COLUMNS)
            table.to_csv(arguments.table, sep="\t", index=False)


if __name__ == "__main__":
    main()
