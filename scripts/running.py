"""How every script of a rule runs: its log file, and errors that a user can read."""

import logging
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dfim.errors import InputError

OUT_OF_MEMORY = (
    "there was not enough memory: on a cluster ask for more (mem_mb of this rule in set-resources of the "
    "profile), on one machine run fewer jobs at once (--cores), or cut an analysis into more shards."
)


@contextmanager
def running(snakemake) -> Iterator[logging.Logger]:
    """Log to the rule's log file and to the console; end on bad input with one sentence.

    Yields the logger. Whatever libraries write to standard error goes to the log file alone. An
    :class:`~dfim.errors.InputError` is printed as ``error: <sentence>`` and ends the script with status 1; so
    does a lack of memory, and any other exception keeps its traceback, in the log file and on the console. A
    script that ends well logs what it took of time and memory.
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
        try:
            yield logger
            logger.info("%s", used(start))
        except InputError as error:
            logger.error("error: %s", error)
            sys.exit(1)
        except MemoryError:
            logger.exception("error: %s", OUT_OF_MEMORY)  # the traceback says where
            sys.exit(1)
        except Exception:
            logger.exception("the script failed")
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
