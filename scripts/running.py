"""How every script of a rule runs: its log file, its random numbers, and errors a user can read."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dfim.errors import InputError


@contextmanager
def running(snakemake) -> Iterator[logging.Logger]:
    """Log to the rule's log file and to standard error; end on bad input with one sentence.

    Yields the logger. An :class:`~dfim.errors.InputError` is printed as ``error: <sentence>`` and ends
    the script with status 1; any other exception keeps its traceback, which goes to the log as well.
    """
    handlers = [logging.StreamHandler(sys.stderr)]
    if snakemake.log:
        handlers.append(logging.FileHandler(str(snakemake.log[0]), mode="w"))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers, force=True)
    logger = logging.getLogger("dfim")
    try:
        yield logger
    except InputError as error:
        logger.error("error: %s", error)
        sys.exit(1)
    except Exception:
        logger.exception("the script failed")
        raise SystemExit(1) from None
