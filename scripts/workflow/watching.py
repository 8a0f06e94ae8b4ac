"""A job that dies without a word: somebody else has to say it."""

import faulthandler
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

CRASHED = (
    "the job crashed in compiled code ({reason}; where is said above, in the log): set 'evaluation: "
    "batched' in the options of deeplift, which does without most of that code, and run again."
)
KILLED = (
    "the job was ended by a signal from outside: by somebody, for want of memory, or for want of time. "
    "If nobody did it, give it more memory or time, and run again."
)
_FATAL = "Fatal Python error: "


@contextmanager
def watched(log: TextIO, streams: list[TextIO]) -> Iterator[None]:
    """Say in one sentence, on the streams, when this process dies of a signal within the block.

    A small process waits for that. What the interpreter does when it crashes goes to ``log``, a file that can
    be read under its name.
    """
    waiting, living = os.pipe()
    begun = os.path.getsize(log.name)
    watcher = os.fork()
    if watcher == 0:
        os.close(living)
        _tell_of_a_death(waiting, log, streams, begun)
    os.close(waiting)
    faulthandler.enable(log)
    try:
        yield
    finally:
        faulthandler.disable()
        os.write(living, b".")
        os.close(living)
        os.waitpid(watcher, 0)


def _tell_of_a_death(waiting: int, log: TextIO, streams: list[TextIO], begun: int) -> None:
    """Wait in the watcher until the job ends or dies, speak if it died, and end."""
    try:
        os.setsid()  # who ends the job by its group shall not end this one
        if not os.read(waiting, 1):
            with open(log.name, encoding="utf-8", errors="replace") as file:
                file.seek(begun)
                fatal = [line for line in file if line.startswith(_FATAL)]
            reason = fatal[-1].removeprefix(_FATAL).strip() if fatal else None
            sentence = CRASHED.format(reason=reason) if reason else KILLED
            for stream in streams:
                stream.write(f"{time.strftime('%H:%M:%S')} error: {sentence}\n")
                stream.flush()
    finally:
        os._exit(0)
