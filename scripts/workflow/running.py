"""How every script of a rule runs: its log file, and errors that a user can read."""

import logging
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dfim.errors import InputError, machine_trouble
from dfim.files.whole import check_unchanged


@contextmanager
def running(snakemake) -> Iterator[logging.Logger]:
    """Log to the rule's log file and to the console; end on bad input with one sentence.

    Yields the logger. Whatever libraries write to standard error goes to the log file alone. Inputs that the
    workflow wrote are compared with their checksums first. An :class:`~dfim.errors.InputError`, and what
    :func:`~dfim.errors.machine_trouble` knows, is printed as ``error: <sentence>`` and ends the script with
    status 1; any other exception keeps its traceback, in the log file and on the console. A script that ends
    well logs what it took of time and memory.
    """
    start = time.monotonic()
    path = str(snakemake.log[0]) if snakemake.log else os.devnull
    stderr = os.dup(2)
    with open(stderr, "w", buffering=1) as console, open(path, "w", buffering=1) as file:
        os.dup2(file.fileno(), 2)
        handlers = [logging.StreamHandler(console), logging.StreamHandler(file)]
        logging.basicConfig(
            format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers, force=True
        )
        logger = logging.getLogger("dfim")
        logger.setLevel(logging.INFO)
        sys.excepthook, sys.unraisablehook = _without_trouble_of_the_machine()
        try:
            check_unchanged(snakemake.input)
            yield logger
            logger.info("%s", used(start))
        except Exception as error:
            _report(error, logger)
            sys.exit(1)
        finally:
            os.dup2(stderr, 2)
            logging.getLogger().handlers.clear()


def used(start: float) -> str:
    """Say what this process and its children took since ``start`` (of :func:`time.monotonic`), for a log.

    Exact, where the samples of Snakemake's benchmark, half a minute apart in a long job, are not.
    """
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    memory = max(usage.ru_maxrss for usage in usages) / 1024  # Linux counts in kB
    return f"took {time.monotonic() - start:.1f} s, {processor:.1f} s of processor time, {memory:.0f} MB"


def _without_trouble_of_the_machine():
    """Return hooks that print no traceback for a full disk: HDF5 repeats it for each object."""
    excepthook, unraisablehook = sys.excepthook, sys.unraisablehook

    def on_exception(kind, error, traceback):
        if machine_trouble(error) is None:
            excepthook(kind, error, traceback)

    def on_unraisable(unraisable):
        if unraisable.exc_value is None or machine_trouble(unraisable.exc_value) is None:
            unraisablehook(unraisable)

    return on_exception, on_unraisable


def _report(error: Exception, logger: logging.Logger) -> None:
    """Print one sentence for what a user can mend, and a traceback for everything else."""
    logging.raiseExceptions = False  # a full disk has no room for the log either
    sentence = machine_trouble(error) or (str(error) if isinstance(error, InputError) else None)
    if sentence:
        logger.error("error: %s", sentence)
    else:
        logger.error("the script failed", exc_info=error)
