"""Examples per second of training and of prediction, against Keras on in-memory one-hot arrays.

    python benchmarks/training_throughput.py

Each side runs in a process of its own, the two take turns, and what counts is the median of the ratios of
turns that follow each other, so that whatever else the machine does falls on both. The other side is
``model.fit`` and ``model.predict`` on one-hot arrays made beforehand, without XLA, which makes it slower on a
CPU, and without the deterministic kernels that the workflow asks for.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
# The networks of the paper: architecture in config/paper.yaml, length, tasks, and the examples of one turn.
NETWORKS = {
    "A": ("simulation", 200, 1, 12_800),
    "B": ("tf_binding", 1000, 3, 640),
    "C": ("accessibility", 1000, 18, 128),
}
SIDES = ("plain", "dfim")
JOBS = ("training", "prediction")
BATCH = 128


def training_throughput(networks=tuple(NETWORKS), rounds: int = 7, threads: int = 2) -> pd.DataFrame:
    """Return one row per network and job: examples per second of both sides, and their ratio.

    Columns ``network``, ``job`` (training, prediction), ``plain``, ``dfim`` (examples/s, medians), ``ratio``
    (dfim over plain, median over the pairs of turns), ``rounds``. Raises KeyError on a network that is not
    in :data:`NETWORKS`.
    """
    rows = []
    for network in networks:
        workers = {side: _Worker(side, network, threads) for side in SIDES}
        try:
            for job in JOBS:
                rates = {side: [] for side in SIDES}
                for number in range(rounds + 1):  # the first warms up: graphs are compiled
                    for side in SIDES if number % 2 else SIDES[::-1]:
                        rates[side].append(workers[side].run(job))
                plain, dfim = (np.array(rates[side][1:]) for side in SIDES)
                rates = {"plain": np.median(plain), "dfim": np.median(dfim), "ratio": np.median(dfim / plain)}
                rows.append({"network": network, "job": job, **rates, "rounds": rounds})
        finally:
            for worker in workers.values():
                worker.end()
    return pd.DataFrame(rows)


class _Worker:
    """One side in its own process: a line of input asks for a job, a line of output gives its rate."""

    def __init__(self, side: str, network: str, threads: int):
        environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker", side, "--networks", network, "--threads", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def run(self, job: str) -> float:
        self._process.stdin.write(job + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of the benchmark ended with status {self._process.wait()}")
        return json.loads(line)

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def _serve(side: str, network: str, threads: int) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    from dfim.training import fitting
    from dfim.training.fitting import tf

    if side == "plain":
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    else:
        fitting.prepare_tensorflow(threads)
    architecture, length, tasks, examples = NETWORKS[network]
    layers = yaml.safe_load((ROOT / "config/paper.yaml").read_text())["architectures"][architecture]
    rng = np.random.default_rng(0)
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(4, size=(examples, length))]
    labels = rng.integers(2, size=(examples, tasks)).astype(np.int8)
    jobs = (_plain if side == "plain" else partial(_dfim, threads))(layers, bases, labels)
    for line in sys.stdin:
        begin = time.perf_counter()
        jobs[line.strip()]()
        print(json.dumps(examples / (time.perf_counter() - begin)), file=answers, flush=True)


def _plain(layers, bases, labels) -> dict:
    from dfim.networks.building import build_network
    from dfim.sequences.bases import one_hot

    model = build_network(layers, bases.shape[1], [f"task {number}" for number in range(labels.shape[1])])
    model.compile(optimizer="adam", loss="binary_crossentropy", jit_compile=False)
    x, y = one_hot(bases), labels.astype(np.float32)
    return {
        "training": lambda: model.fit(x, y, batch_size=BATCH, verbose=0),
        "prediction": lambda: model.predict(x, batch_size=BATCH, verbose=0),
    }


def _dfim(threads: int, layers, bases, labels) -> dict:
    from dfim.attribution import FORWARD, network_of, open_scorer
    from dfim.attribution.whole_dataset import logits_of_dataset
    from dfim.datasets.dataset import Dataset
    from dfim.networks.building import build_network
    from dfim.training import fitting

    tasks = [f"task {number}" for number in range(labels.shape[1])]
    dataset = Dataset(bases, labels, tasks, pd.DataFrame({"split": ["train"] * len(bases)}))
    model = build_network(layers, bases.shape[1], tasks)
    _, run_epoch = fitting.epochs(model, dataset, {"batch_size": BATCH}, seed=0)
    # It is never left: the process ends with it.
    scorer = ExitStack().enter_context(
        open_scorer(FORWARD, network_of(model), [0.25] * 4, {"threads": threads})
    )
    return {"training": lambda: run_epoch(1), "prediction": lambda: logits_of_dataset(scorer, bases)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=7, help="pairs of turns of each network and job")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _serve(options.worker, options.networks[0], options.threads)
        return
    table = training_throughput(options.networks, options.rounds, options.threads)
    print(table.to_string(index=False, float_format=lambda value: f"{value:,.2f}"))


if __name__ == "__main__":
    main()
