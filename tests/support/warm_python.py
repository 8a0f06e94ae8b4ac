"""Python as a command: what a warm process (:mod:`support.warm`) can run is forked from that.

That are Snakemake and the scripts of its jobs; all else is started anew. It lies beside the sockets.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

# Scripts that import TensorFlow, or may.
TENSORFLOW = ("provide_model", "score_profiles", "train_model")
ANEW = ".started_anew"  # in a working folder: a file for each script that was started anew there


class NoFork(Exception):
    """The environment of what is to run asks for a Python that is started anew."""


def run(folder: str | Path, kind: str, asked: dict, streams: list[int], timeout: float | None = None) -> int:
    """Return the exit status of what is asked of a warm process, with these standard streams.

    Raises NoFork, and TimeoutError after ``timeout`` seconds, when the warm process kills what runs.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"{folder}/{kind}")
        socket.send_fds(connection, [json.dumps(asked).encode() + b"\n"], streams)
        with connection.makefile() as answer:
            if not answer.readline():
                raise NoFork
            if not select.select([connection], [], [], timeout)[0]:
                raise TimeoutError
            return int(answer.readline())


def kind_of(folder: Path, arguments: list[str]) -> str | None:
    """Return the kind of warm process that can run a command, None without one.

    A script is started anew the first time that it runs, as outside of tests: of all tests, or of those in
    the working folder where that keeps its own records (``ANEW``).
    """
    if arguments[:2] == ["-m", "snakemake"]:
        return "snakemake"
    if len(arguments) != 1:
        return None
    name = arguments[0].split(".")[-2]  # a copy, .snakemake/scripts/tmp….<name>.py
    try:
        records = Path(ANEW) if os.path.isdir(ANEW) else folder
        os.close(os.open(records / f"{name}.ran", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "script_with_tensorflow" if name in TENSORFLOW else "script"
    return None


def main(folder: Path, arguments: list[str]) -> None:
    """Run a command of Python, and end as it does."""
    kind = kind_of(folder, arguments)
    asked = {"cwd": os.getcwd(), "env": dict(os.environ), "python": __file__}
    asked["arguments"] = ["snakemake", *arguments[2:]] if kind == "snakemake" else arguments
    try:
        status = run(folder, kind, asked, [0, 1, 2]) if kind else None
    except NoFork:
        status = None
    if status is None:
        os.execv(sys.executable, [sys.executable, *arguments])
    if status < 0:
        with contextlib.suppress(OSError):  # of some signals it cannot be said
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main(Path(__file__).parent, sys.argv[1:])
