"""Processor and GPU beside each other: contributions, maps, pair tests and training, in at most 8 minutes.

    .venv/bin/python benchmarks/gpu.py docs/benchmarks/gpu.tsv [--networks A B C residual] [--seconds 480]
        [--backend tensorflow|jax|torch]

Needs the packages of ``bash envs/install.sh --gpu``, or JAX or PyTorch for the GPU and Keras, without
TensorFlow: training is then not measured. Each device does the work in a process of its own, as
the workflow does it there, while the other waits: the processor with all its cores by the compiled engine
where that takes the network, the GPU on whole sequences. The processor is given a share of the work where all
of it would take minutes; rates are for comparison, and numbers of what both did must be the same. The table
is written after each row. Where time is nearly up nothing new is begun, and the rows that are missing say
so; without a GPU the table has the processor's rows alone.
"""

import argparse
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from dfim.backends import NAMES as BACKENDS
from dfim.backends import TENSORFLOW

DEVICES = ("processor", "gpu")
NETWORKS = ("A", "B", "C", "residual")
# Units of each; training has a process of its own, as in the workflow.
SCORES = {"contributions": "sequences", "map": "mutants", "pair tests": "pairs"}
JOBS = SCORES | {"training": "examples"}
# By network, what the processor does and what the GPU does: sequences, mutated positions of one sequence,
# times the usual job of benchmarks/pair_tests.py, examples of an epoch.
SIZES = {
    "contributions": {"A": (2048, 16384), "B": (256, 4096), "C": (64, 2048), "residual": (32, 2048)},
    "map": {"A": (200, 200), "B": (1000, 1000), "C": (1000, 1000), "residual": (20, 1000)},
    "pair tests": {"A": (1, 8), "B": (1, 8), "C": (1, 8), "residual": (1, 8)},
    "training": {"A": (12_800, 51_200), "B": (640, 10_240), "C": (128, 5_120), "residual": (256, 5_120)},
}
COLUMNS = (
    *("network", "job", "device", "device_name", "unit", "units", "runs", "per_second", "first_seconds"),
    *("times_processor", "difference", "note"),
)
_LEAST = 20  # seconds that must be left to begin something
_MEASURED = 3  # seconds of runs after the first, of which the median counts
_COMPARED = 4  # sequences, or sources, of which numbers are compared


class NotMeasured(Exception):
    """Why there is no number."""


class NoGpu(Exception):
    """Why the backend sees no GPU."""


def rows(
    networks: list[str], jobs: list[str], seconds: float, start: Callable, clock: Callable = time.monotonic
) -> Iterator[dict]:
    """Yield a row, with the columns ``COLUMNS``, for each network, job and device, as soon as it is known.

    ``start`` takes device, network, whether to train, and the seconds left, and returns a worker with
    ``name``, ``ask(job, seconds)`` and ``end()``, or raises NoGpu or NotMeasured. The first time that there
    is no GPU is the last time that one is asked for. ``seconds`` are those of everything.
    """
    end, devices = clock() + seconds, list(DEVICES)
    for network in networks:
        for part in ([job for job in jobs if job in SCORES], [job for job in jobs if job not in SCORES]):
            workers = {}
            try:
                for job in part:
                    answers = {}
                    for device in tuple(devices):
                        try:
                            left = _left(end - clock())
                            if device not in workers:
                                workers[device] = start(device, network, job not in SCORES, left)
                            answer = workers[device].ask(job, _left(end - clock()))
                            answers[device] = answer | {"device_name": workers[device].name}
                        except NotMeasured as reason:
                            answers[device] = {"note": f"not measured: {reason}"}
                        except NoGpu as reason:
                            devices.remove(device)
                            print(f"No GPU was measured: {reason}.", file=sys.stderr)
                    yield from table_rows(network, job, answers)
            finally:
                for worker in workers.values():
                    worker.end()


def _left(seconds: float) -> float:
    """Return the seconds that are left; raises NotMeasured when they are too few to begin something."""
    if seconds < _LEAST:
        raise NotMeasured("the time was up")
    return seconds


def table_rows(network: str, job: str, answers: dict[str, dict]) -> Iterator[dict]:
    """Yield the rows of a job by device: ``answers`` have what :func:`measured` returns, or a ``note``."""
    for device, answer in answers.items():
        row = {"network": network, "job": job, "device": device, "unit": JOBS[job], "note": ""} | answer
        numbers, other = row.pop("numbers", None), answers.get("processor", {})
        if device != "processor" and "per_second" in answer and "per_second" in other:
            row["times_processor"] = answer["per_second"] / other["per_second"]
            if numbers is not None:
                expected, found = np.array(other["numbers"]), np.array(numbers)
                row["difference"] = np.abs(found - expected).max() / np.abs(expected).max()
        yield row


class Worker:
    """A device in a process of its own: a line asks for a job, a line answers, as JSON."""

    def __init__(self, backend: str, device: str, network: str, trains: bool, seconds: float):
        if trains and backend != TENSORFLOW:
            raise NotMeasured("training needs TensorFlow")
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if device == "processor" else {}
        arguments = ["--worker", device, "--networks", network, "--backend", backend]
        arguments += ["--trains"] if trains else []
        self._process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | hidden,
        )  # fmt: skip
        try:
            hello = self._answer(seconds)
            if "no_gpu" in hello:
                raise NoGpu(hello["no_gpu"])
        except (NoGpu, NotMeasured):
            self.end()
            raise
        self.name = hello["name"]

    def ask(self, job: str, seconds: float) -> dict:
        """Return what :func:`measured` finds; raises NotMeasured after so many seconds, or on an error."""
        try:
            self._process.stdin.write(job + "\n")
            self._process.stdin.flush()
        except OSError:
            raise NotMeasured("its process has ended") from None
        return self._answer(seconds)

    def _answer(self, seconds: float) -> dict:
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            self._process.kill()
            raise NotMeasured("the time was up")
        line = self._process.stdout.readline()
        if not line:
            raise NotMeasured(f"its process ended with status {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise NotMeasured(answer["error"])
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def serve(backend: str, device: str, network: str, trains: bool) -> None:
    """Answer from the standard input: first the device's name, or why there is no GPU, then jobs."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer

    def say(answer: dict) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    from dfim import backends
    from dfim.gpu import why_unseen

    backends.use(backend)
    computes = backends.chosen()
    if device == "gpu" and computes.first_gpu() is None:
        say({"no_gpu": why_unseen(computes.seen(), os.environ)[0]})
        return
    say({"name": computes.device_name()})
    jobs, which = {}, DEVICES.index(device)
    with ExitStack() as opened:
        for line in sys.stdin:
            try:
                if not jobs:
                    jobs = training_job(network, which) if trains else score_jobs(network, which, opened)
                say(measured(jobs[line.strip()]))
            except Exception as error:
                say({"error": f"{type(error).__name__}: {error}"})


def measured(job: Callable[[], tuple[int, np.ndarray | None]], seconds: float = _MEASURED) -> dict:
    """Run a job, which returns its units and numbers to compare, once and then for so many seconds.

    Returns ``units``, ``runs`` after the first, ``per_second`` (median), ``first_seconds`` (what is compiled
    is compiled then) and ``numbers``.
    """
    begin = time.perf_counter()
    units, numbers = job()
    first, taken = time.perf_counter() - begin, []
    while sum(taken) < seconds:
        begin = time.perf_counter()
        job()
        taken.append(time.perf_counter() - begin)
    found = {"units": units, "runs": len(taken), "per_second": units / float(np.median(taken))}
    numbers = None if numbers is None else np.asarray(numbers, float).ravel().tolist()
    return found | {"first_seconds": first, "numbers": numbers}


def score_jobs(network: str, which: int, opened: ExitStack) -> dict[str, Callable]:
    """Return the jobs on a trained network; ``which`` of the sizes, that of the processor or of the GPU.

    The scorers are open until ``opened`` is closed.
    """
    from pair_tests import DRAWS
    from pair_tests import job as pair_job
    from paper_networks import BACKGROUND, configured, paper_network, random_sequences

    from dfim.attribution import FORWARD, open_scorer
    from dfim.interactions.pair_tests import draw_pairs
    from dfim.interactions.scoring import profiles
    from dfim.interactions.sources import nucleotide_sources

    layers, length = paper_network(network), configured(network)[1]
    methods = ("deeplift", FORWARD)
    scorers = {name: opened.enter_context(open_scorer(name, layers, BACKGROUND)) for name in methods}
    number, positions, times = (SIZES[job][network][which] for job in SCORES)
    x = random_sequences(number, length)
    bases = np.frombuffer(b"ACGT", np.uint8)[random_sequences(1, length).argmax(axis=2)]
    begin = 0 if positions == length else length // 2
    sources = nucleotide_sources(bases, [0], (begin, begin + positions))
    compared = np.flatnonzero(sources["start"].isin(range(length // 2, length // 2 + _COMPARED)))
    pair_bases, features, pairs = pair_job(network, times)
    usual = len(pairs) // times

    def contributions():
        return number, scorers["deeplift"].contributions(x, 0)[:_COMPARED]

    def mutate_positions():
        found = [
            profile.delta
            for profile in profiles(scorers["deeplift"], bases, sources, 0, BACKGROUND)
            if profile.source in compared
        ]
        return 3 * positions, np.nan_to_num(np.array(found))

    def test_pairs():
        evaluate = partial(scorers[FORWARD].edited_logits, pair_bases, task=0)
        found = draw_pairs(evaluate, pair_bases, features, pairs, BACKGROUND, DRAWS)
        return len(pairs), found.table.to_numpy(float)[:usual, 4:]

    return dict(zip(SCORES, (contributions, mutate_positions, test_pairs), strict=True))


def training_job(network: str, which: int) -> dict[str, Callable]:
    """Return the training of a network for one epoch."""
    from paper_networks import configured

    from dfim.datasets.dataset import Dataset
    from dfim.networks.building import build_network
    from dfim.training import fitting

    fitting.prepare_tensorflow(len(os.sched_getaffinity(0)))
    layers, length, number = configured(network)
    examples, rng = SIZES["training"][network][which], np.random.default_rng(0)
    tasks = [f"task {task}" for task in range(number)]
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(4, size=(examples, length))]
    labels = rng.integers(2, size=(examples, number)).astype(np.int8)
    dataset = Dataset(bases, labels, tasks, pd.DataFrame({"split": ["train"] * examples}))
    _, run_epoch = fitting.epochs(build_network(layers, length, tasks), dataset, {"batch_size": 128}, seed=0)

    def train():
        run_epoch(1)
        return examples, None

    return {"training": train}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", nargs="?", type=Path, help="the table to write, TSV")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--backend", choices=BACKENDS, default=TENSORFLOW)
    parser.add_argument("--seconds", type=float, default=480, help="of everything together")
    parser.add_argument("--worker", choices=DEVICES, help=argparse.SUPPRESS)
    parser.add_argument("--trains", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        serve(options.backend, options.worker, options.networks[0], options.trains)
        return
    if options.table is None:
        parser.error("give the table to write")
    options.table.parent.mkdir(parents=True, exist_ok=True)
    found = []
    start = partial(Worker, options.backend)
    for row in rows(options.networks, options.jobs, options.seconds, start):
        found.append(row)
        table = pd.DataFrame(found, columns=list(COLUMNS))
        table.to_csv(options.table, sep="\t", index=False, float_format="%.4g")
        told = row["note"] or f"{row['per_second']:,.4g} {row['unit']}/s, {row['device_name']}"
        print(f"{row['network']}, {row['job']}, {row['device']}: {told}", file=sys.stderr)
    print(table.drop(columns=["unit", "device_name"]).to_string(index=False, float_format="{:,.4g}".format))


if __name__ == "__main__":
    main()
