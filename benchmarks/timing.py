"""How benchmarks measure time: jobs that last, in turns, beside the machine's own rate."""

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

T = TypeVar("T")

# What takes less is done again until so much time has gone by: a tenth of a second tells of chance.
LEAST_SECONDS = 1.0


def timed(job: Callable[[], T], least: float = LEAST_SECONDS) -> tuple[float, T]:
    """Return the seconds that a job takes, and what it gave at last.

    They are the mean of as many in a row as last ``least`` seconds, one or more.
    """
    begin, times = time.perf_counter(), 0
    while True:
        given = job()
        times += 1
        seconds = time.perf_counter() - begin
        if seconds >= least:
            return seconds / times, given


def in_turn(names: list[str], run: int) -> list[str]:
    """Return contenders in another order in each run: what one leaves behind must fall on all."""
    first = run % len(names)
    return names[first:] + names[:first]


def gemm_rate(size: int = 2048) -> float:
    """Return the rate of a product of two float32 matrices in floating-point operations per second."""
    a = np.random.default_rng(0).random((size, size), np.float32)
    _ = a @ a
    begin = time.perf_counter()
    _ = a @ a
    seconds = time.perf_counter() - begin
    # BLAS's threads keep the cores busy for a while after a product: not at the cost of who is timed next.
    time.sleep(1)
    return 2 * size**3 / seconds
