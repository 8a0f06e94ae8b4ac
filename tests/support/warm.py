"""Python for process after process, forked from ones that have imported what they need.

``python warm.py FOLDER`` makes a socket in the folder for each kind of process (``IMPORTED``). Who connects
sends its standard streams and, as JSON, what is to run (``arguments``, ``cwd``, ``env``). The answer is the
process and then its exit status, a line each; or nothing, where the environment asks for a Python that is
started anew. A process whose connection ends is killed. A dot is printed when the sockets are there; all ends
with the standard input.

What is imported here are packages, which takes most of a short run's time; neither Snakemake, which keeps the
folder that it was imported in, nor anything of the project.
"""

import atexit
import contextlib
import gc
import importlib
import itertools
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
import threading
import types
from pathlib import Path
from typing import NoReturn

FORKED = ".snakemake/forked_jobs"  # in a working folder: the logs of its jobs that were forked
SCRIPTS = str(Path(__file__).parents[2] / "scripts")
_OF_SNAKEMAKE = (
    "PIL.Image", "argparse_dataclass", "concurrent.futures.process", "configargparse", "docutils.core",
    "docutils.parsers.rst.directives.images", "docutils.readers.doctree", "graphlib", "h5py", "humanfriendly",
    "immutables", "jinja2", "jsonschema", "multiprocessing.queues", "nbformat", "pandas", "platformdirs.unix",
    "psutil", "pulp", "pydantic", "pyfaidx", "pygments.formatters.html", "pygments.lexers.python", "requests",
    "scipy.special", "smart_open", "sqlalchemy.dialects.sqlite", "sqlalchemy.orm", "sqlite3", "sqlmodel",
    "tabulate", "tenacity", "throttler", "tqdm", "yaml", "yte",
)  # fmt: skip
_OF_SCRIPTS = (
    "h5py", "jinja2", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf", "numba", "pandas",
    "pyfaidx", "pysam", "scipy.ndimage", "scipy.optimize", "scipy.special", "scipy.stats", "sklearn.metrics",
    "yaml",
)  # fmt: skip
IMPORTED = {
    "snakemake": _OF_SNAKEMAKE,
    "script": _OF_SCRIPTS,
    "script_with_tensorflow": (*_OF_SCRIPTS, "tensorflow", "keras"),
}
_NOT_YET = {"snakemake", "dfim", "workflow"}
NOT_YET = {
    "snakemake": {*_NOT_YET, "tensorflow", "numba"},
    "script": {*_NOT_YET, "tensorflow"},
    "script_with_tensorflow": _NOT_YET,
}
# Python alone looks at these when it starts, and no package that Snakemake needs.
_OF_PYTHON = ("PYTHON", "LC_", "LANG")
# Of a script's environment no package looks at these when it is imported, but for the number of threads, and
# that is set again. TensorFlow and scikit-learn set the last, which are there where tests import them.
_FREE = {
    "COLUMNS", "DFIM_TOLD_FROM_LOGS", "ENVIRONMENT", "HOSTNAME", "LINES", "OLDPWD", "PATH", "PWD", "SHLVL",
    "TEMP", "TEMPDIR", "TMP", "TMPDIR", "_", "GOTO_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "ENABLE_RUNTIME_UPTIME_TELEMETRY",
    "KMP_INIT_AT_FORK", "TF2_BEHAVIOR", "TPU_ML_PLATFORM", "TPU_ML_PLATFORM_VERSION",
}  # fmt: skip
# Nor at what SLURM says to its jobs; where it gives them a GPU, a script is started anew.
_FREE_BEGINNINGS = ("PYTEST_", "SLURM_", "SLURMD_", "SRUN_")
# What dfim.backends says to Keras and TensorFlow before it imports them.
_BACKEND = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}


def without_library(env: dict[str, str]) -> dict[str, str]:
    """Return an environment without the library, which jobs have before all else that Python is to find."""
    paths = env.get("PYTHONPATH", "").split(os.pathsep)
    rest = list(itertools.dropwhile(SCRIPTS.__eq__, paths))
    return env | {"PYTHONPATH": os.pathsep.join(rest)}


def looked_at(kind: str, env: dict[str, str]) -> dict[str, str]:
    """Return what a process of a kind looks at in its environment before it runs anything."""
    env = without_library(env)
    if kind == "snakemake":
        return {name: env[name] for name in env if name.startswith(_OF_PYTHON)}
    as_set_here = {name for name in _BACKEND if env.get(name) == _BACKEND[name]}
    free = {name for name in env if name.startswith(_FREE_BEGINNINGS)}
    return {name: env[name] for name in env.keys() - _FREE - as_set_here - free}


def threads() -> int:
    """Return the number of this process's threads; 1 where Linux does not tell it."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1


def wait_for(files: list) -> list:
    """Wait until some of these can be read, and return them; end with the standard input."""
    ready = select.select([0, *files], [], [])[0]
    if 0 in ready:
        os._exit(0)
    return ready


def asked_of(connection: socket.socket) -> tuple[dict, list[int]]:
    """Return what is to run, nothing if who asked has gone, and the standard streams that it is to have."""
    more, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    content = more
    while more and not content.endswith(b"\n"):
        more = connection.recv(1 << 16)
        content += more
    return json.loads(content) if more else {"env": {}}, streams


def tell_the_end(process: int, connection: socket.socket) -> None:
    """Tell who asked for a process that it has ended, and how."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with connection, contextlib.suppress(BrokenPipeError):
        connection.sendall(b"%d\n" % status)


def become(run: dict, streams: list[int], folder: str) -> None:
    """Make of this process what Python is at its start with these arguments and a folder of modules."""
    for copy, stream in enumerate(streams):
        os.dup2(stream, copy)
        os.close(stream)
    os.environ.clear()
    os.environ.update(run["env"])
    os.chdir(run["cwd"])
    library = os.environ.get("PYTHONPATH", "").split(os.pathsep)[0] == SCRIPTS
    sys.path[:0] = [folder, SCRIPTS] if library else [folder]
    sys.argv = run["arguments"]
    random.seed()
    sys.modules["numpy"].random.seed()


def run_snakemake(run: dict, streams: list[int]) -> None:
    """Do what ``python -m snakemake`` does, for whose jobs ``run`` says the command of Python."""
    become(run, streams, run["cwd"])
    sys.executable = run["python"]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)


def run_script(run: dict, streams: list[int]) -> None:
    """Do what ``python script`` does, with as many threads of BLAS as the environment says."""
    from threadpoolctl import threadpool_limits

    (script,) = run["arguments"]
    become(run, streams, os.path.dirname(script))
    threadpool_limits(int(os.environ["OMP_NUM_THREADS"]))
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = script
    exec(compile(Path(script).read_bytes(), script, "exec"), main.__dict__)
    with open(FORKED, "a") as told:
        told.writelines(f"{log}\n" for log in main.snakemake.log)


def run_to_its_end(run: dict, streams: list[int], kind: str) -> NoReturn:
    """Run what is asked, and end as Python does, but for taking all modules apart, which takes a while."""
    status = 0
    try:
        (run_snakemake if kind == "snakemake" else run_script)(run, streams)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if status and status is not end.code:
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def serve(kind: str, listening: socket.socket) -> NoReturn:
    """Fork for each connection, and tell of what runs; kill it when nobody listens any more."""
    own, running = looked_at(kind, dict(os.environ)), {}
    os.environ |= _BACKEND
    for package in IMPORTED[kind]:
        importlib.import_module(package)
    assert not NOT_YET[kind] & sys.modules.keys(), NOT_YET[kind] & sys.modules.keys()
    gc.freeze()
    while True:
        connections = {connection: process for process, connection in running.values()}
        ready = wait_for([listening, *running, *connections])
        for ended in running.keys() & set(ready):
            tell_the_end(*running.pop(ended))
            os.close(ended)
        for connection in connections.keys() & set(ready):
            with contextlib.suppress(ProcessLookupError):
                os.kill(connections[connection], signal.SIGKILL)
        if listening not in ready:
            continue
        connection = listening.accept()[0]
        run, streams = asked_of(connection)
        # A process with threads cannot fork safely.
        if looked_at(kind, run["env"]) == own and threads() == 1:
            process = os.fork()
            if not process:
                run_to_its_end(run, streams, kind)
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(b"%d\n" % process)
            running[os.pidfd_open(process)] = process, connection
        else:
            connection.close()
        for stream in streams:
            os.close(stream)


def main(folder: str) -> NoReturn:
    """Wait for the first connection of each kind, and fork who serves the kind."""
    sockets = {}
    for kind in IMPORTED:
        sockets[kind] = socket.socket(socket.AF_UNIX)
        sockets[kind].bind(f"{folder}/{kind}")
        sockets[kind].listen(64)
    os.write(1, b".")
    while True:
        ready = wait_for(list(sockets.values()))
        for kind, listening in list(sockets.items()):
            if listening in ready:
                if not os.fork():
                    serve(kind, listening)
                sockets.pop(kind).close()


if __name__ == "__main__":
    del sys.path[0]  # this folder
    main(sys.argv[1])
