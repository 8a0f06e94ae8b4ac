"""Progress of long work as lines of the log: share done, rate and time left."""

import logging

from tqdm import tqdm

logger = logging.getLogger("dfim")


class _LogLines:
    """A text stream for tqdm that turns each refresh into a line of the log."""

    def write(self, text: str) -> None:
        if line := text.strip("\r\n "):
            logger.info("%s", line)

    def flush(self) -> None:
        """Do nothing: the log's handlers flush by themselves."""


class Progress(tqdm):
    """A tqdm that writes to the log, first after 10 seconds and then at most every 10 seconds.

    Rules run side by side, so bars that redraw themselves on one terminal would overwrite each other.
    """

    def __init__(self, *arguments, **options):
        options = {"file": _LogLines(), "mininterval": 10, "delay": 10, "ncols": 100, "ascii": " #"} | options
        super().__init__(*arguments, **options)
