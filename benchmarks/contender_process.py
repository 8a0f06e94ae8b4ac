"""The process of one contender: ``python contender_process.py <descriptor>``.

Reads (question, arguments) from a connection and answers (error or None, result) until the other side closes
it. It imports nothing but numpy and what the contender needs, so that contenders may live in environments of
their own.
"""

import importlib
import signal
import sys
import time
from multiprocessing.connection import Connection

from timing import timed


class Process:
    def build(self, factory: str, arguments: dict) -> None:
        """Make the contender: ``factory`` is ``module:function``; of speed, it has ``contributions``."""
        module, function = factory.split(":")
        self._contender = getattr(importlib.import_module(module), function)(**arguments)

    def names(self, module: str, table: str = "ENTRIES") -> list[str]:
        """Return the names in a table of a module of contenders."""
        return list(getattr(importlib.import_module(module), table))

    def batch_size(self, size: int) -> None:
        self._contender.batch_size = size

    def seconds(self, x, task: int, least: float) -> float:
        """Score sequences, as often as takes ``least`` seconds, and return how long once takes."""
        return timed(lambda: self._contender.contributions(x, task), least)[0]

    def processor_seconds(self, x, task: int) -> float:
        """Score sequences and return what that took of all cores, whatever else the machine has to do."""
        begin = time.process_time()
        self._contender.contributions(x, task)
        return time.process_time() - begin

    def contributions(self, x, task: int):
        return self._contender.contributions(x, task)

    def call(self, method: str, *arguments):
        """Return what a method of the contender gives."""
        return getattr(self._contender, method)(*arguments)


def serve(connection: Connection) -> None:
    process = Process()
    while True:
        try:
            question, arguments = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = None, getattr(process, question)(*arguments)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}", None
        connection.send(answer)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this ends
    serve(Connection(int(sys.argv[1])))
