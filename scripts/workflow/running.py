"""How every script of a rule runs: its log file, and errors that a user can read."""

import gc
import logging
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from dfim import backends
from dfim.errors import InputError, machine_trouble
from dfim.files.origins import origin_of
from dfim.files.whole import check_unchanged
from dfim.gpu import Seen, check_gpu
from workflow.watching import watched

# Set for jobs by a console that tells of them from their logs (:mod:`workflow.console`).
TOLD = "DFIM_TOLD_FROM_LOGS"
# So many objects are made before Python looks for garbage, and so many times before it looks at older ones.
# By its own numbers it looks all the time while modules are imported and kernels compiled, and finds little.
_GARBAGE = (10_000, 20, 100)


@contextmanager
def running(snakemake, told: bool = False, on_gpu: bool = False) -> Iterator[logging.Logger]:
    """Log to the rule's log file; end on bad input with one sentence.

    Yields the logger. Errors and warnings are in the log as ``error: …`` and ``warning: …``; what is logged
    goes to the console too where no console tells it from the logs (:mod:`workflow.console`), or when it is
    to be ``told``. What libraries write to standard error goes to the log file alone. Inputs that the
    workflow wrote are compared with their checksums first. A script that computes ``on_gpu`` when it is given
    one does so by the backend of its param ``backend``, TensorFlow without one, and fails where that sees
    none (:mod:`dfim.gpu`). An :class:`~dfim.errors.InputError`, and what
    :func:`~dfim.errors.machine_trouble` knows, is logged as ``error: <sentence>`` and ends the script with
    status 1; any other exception keeps its traceback. A sentence names the user's files, not what was fetched
    or linked from them. Of a script that dies of a signal :mod:`workflow.watching` says so.
    """
    start = time.monotonic()
    gc.set_threshold(*_GARBAGE)
    path = str(snakemake.log[0]) if snakemake.log else os.devnull
    stderr = os.dup(2)
    with (
        open(stderr, "w", buffering=1, encoding="utf-8", errors="replace") as console,
        open(path, "w", buffering=1, encoding="utf-8", errors="replace") as file,
    ):
        os.dup2(file.fileno(), 2)
        streams = [file] if TOLD in os.environ and not told else [console, file]
        logger = _logger_to(streams)
        sys.excepthook, sys.unraisablehook = _without_trouble_of_the_machine()
        try:
            with watched(file, streams):
                check_unchanged(snakemake.input)
                if on_gpu:
                    backends.use(snakemake.params.get("backend", backends.TENSORFLOW), snakemake.threads)
                    _check_gpu(snakemake, logger)
                yield logger
                logger.info("%s", used(start))
        except Exception as error:
            _report(error, logger, given_names(snakemake.input))
            sys.exit(1)
        finally:
            os.dup2(stderr, 2)
            logging.getLogger().handlers.clear()
            gc.freeze()  # else all that was imported is searched for garbage once more before the end


def _logger_to(streams: Iterable) -> logging.Logger:
    """Return the project's logger, which now writes to some streams alone."""
    handlers = [logging.StreamHandler(stream) for stream in streams]
    for handler in handlers:
        handler.setFormatter(_Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(handlers=handlers, force=True)
    logger = logging.getLogger("dfim")
    logger.setLevel(logging.INFO)
    return logger


def _check_gpu(snakemake, logger: logging.Logger) -> None:
    """Raise InputError in a job that was given a GPU which the backend does not see; log what it sees."""

    def look() -> Seen:  # frameworks take seconds to import
        return backends.chosen().seen()

    if check_gpu(snakemake.rule, int(snakemake.resources.get("gpu", 0)), os.environ, look):
        logger.info("the job has %s", backends.chosen().device_name())


class _Formatter(logging.Formatter):
    """Begins warnings with the word, which the console looks for."""

    def format(self, record: logging.LogRecord) -> str:
        if record.levelno == logging.WARNING and not str(record.msg).startswith("warning: "):
            record = logging.makeLogRecord(vars(record) | {"msg": f"warning: {record.msg}"})
        return super().format(record)


def given_names(paths: Iterable[str]) -> dict[str, str]:
    """Return what inputs are called by the user, by their path: the target of a link, the address of a
    download.
    """
    names = {}
    for path in map(str, paths):
        if os.path.islink(path):
            target = os.path.realpath(path)
            below = os.path.relpath(target)
            names[path] = target if below.startswith("..") else below
        elif origin := origin_of(path):
            names[path] = f"{origin} (fetched to {path})"
    return names


def used(start: float) -> str:
    """Say what this process and its children took since ``start`` (of :func:`time.monotonic`), for a log.

    Exact and free, where samples of Snakemake's benchmark miss the largest and cost as much as small jobs.
    Memory is that of the largest process.
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


def _report(error: Exception, logger: logging.Logger, names: Mapping[str, str]) -> None:
    """Print one sentence for what a user can mend, and a traceback for everything else."""
    logging.raiseExceptions = False  # a full disk has no room for the log either
    sentence = machine_trouble(error) or (str(error) if isinstance(error, InputError) else None)
    for path, name in names.items() if sentence else ():
        sentence = sentence.replace(path, name)
    if sentence:
        logger.error("error: %s", sentence)
    else:
        logger.error("the script failed", exc_info=error)
