"""What is compared in benchmarks, each in a process of its own."""

import contextlib
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import psutil

_HERE = Path(__file__).resolve().parent
_SAMPLES = 0.005  # seconds between two looks at the memory


@dataclass(frozen=True)
class Contender:
    """One way to compute contributions.

    ``factory``: ``module:function``, called in the process with ``layers`` (kind, name, arrays, options),
    ``reference`` and ``options``. ``batch_sizes``: of these the fastest is taken; None is the contender's own
    choice. ``as_trained``: gets the network with its batch normalisations, instead of folded ones.
    ``share``: of the sequences, those that it scores in a run; slow ones need fewer. ``python``: of its
    environment.
    """

    name: str
    factory: str
    rule: str
    options: dict = field(default_factory=dict)
    batch_sizes: tuple[int | None, ...] = (None,)
    as_trained: bool = False
    share: float = 1.0
    python: str = sys.executable


def of_scorer(name: str, scorer: type, rule: str = "genomics_default", **more) -> Contender:
    """Return a scorer of this project, a class with the option ``rule``, as a contender."""
    options = {"scorer": f"{scorer.__module__}:{scorer.__qualname__}", "rule": rule} | more.pop("options", {})
    return Contender(name, "contenders:open_scorer", rule, options, **more)


def open_scorer(layers: list[tuple], reference: np.ndarray, scorer: str, **options):
    """Return a scorer, in the contender's process."""
    from dfim.networks.description import Layer

    module, name = scorer.split(":")
    return getattr(importlib.import_module(module), name)(
        [Layer(*layer) for layer in layers], reference, **options
    )


class Refused(Exception):
    """A contender that does not do what it was asked."""


class Running:
    """A contender in its process."""

    def __init__(self, contender: Contender):
        self.contender = contender
        self._connection, theirs = Pipe()
        paths = [str(_HERE), str(_HERE.parent / "scripts"), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self._process = subprocess.Popen(
            [contender.python, str(_HERE / "contender_process.py"), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"},
            stderr=subprocess.DEVNULL,
        )
        theirs.close()

    def ask(self, question: str, *arguments):
        """Return the answer; raises Refused with what went wrong."""
        try:
            self._connection.send((question, arguments))
            error, answer = self._connection.recv()
        except (EOFError, OSError):
            raise Refused(f"its process ended with status {self._process.wait()}") from None
        if error:
            raise Refused(error)
        return answer

    def build(self, layers: list, reference: np.ndarray) -> None:
        plain = [(layer.kind, layer.name, layer.arrays, layer.options) for layer in layers]
        self.ask(
            "build",
            self.contender.factory,
            self.contender.options | {"layers": plain, "reference": reference},
        )

    def memory(self) -> int:
        """Return the bytes of main memory that the process and its children have now."""
        process, total = psutil.Process(self._process.pid), 0
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
        return total

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[int]]:
        """Yield a list that holds the largest memory of the process at the end."""
        peak, ended = [self.memory()], threading.Event()

        def watch() -> None:
            while not ended.wait(_SAMPLES):
                peak[0] = max(peak[0], self.memory())

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield peak
        finally:
            ended.set()
            thread.join()

    def end(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait()
