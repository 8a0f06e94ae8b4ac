"""How every script of a rule runs: its log file, and errors that a user can read."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dfim.errors import InputError


@contextmanager
def running(snakemake) -> Iterator[logging.Logger]:
    """Log to the rule's log file and to the console; end on bad input with one sentence.

    Yields the logger. Whatever libraries write to standard error goes to the log file alone. An
    :class:`~dfim.errors.InputError` is printed as ``error: <sentence>`` and ends the script with status 1;
    any other exception keeps its traceback, in the log file and on the console.
    """
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
        except InputError as error:
            logger.error("error: %s", error)
            sys.exit(1)
        except Exception:
            logger.exception("the script failed")
            sys.exit(1)
        finally:
            os.dup2(stderr, 2)
            logging.getLogger().handlers.clear()
