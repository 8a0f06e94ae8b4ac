"""Snakemake for run after run, from one process that has imported what it needs, and forks: python warm.py.

It reads one run a line, as JSON (``arguments``, ``cwd``, ``env``, and ``printed``: the file that gets what
the run prints), and answers with the run's process and then its exit status, a line each. What is imported
here are packages that every run imports, which takes most of a short run's time; neither Snakemake, which
keeps the folder that it was imported in, nor anything of the project.
"""

import gc
import importlib
import json
import os
import random
import runpy
import sys

PACKAGES = (
    "PIL.Image", "docutils.parsers.rst", "h5py", "immutables", "jinja2", "jsonschema", "nbformat", "pandas",
    "psutil", "pulp", "pydantic", "pygments.formatters.html", "pygments.lexers.python", "requests",
    "scipy", "smart_open", "sqlalchemy.dialects.sqlite", "sqlalchemy.orm", "sqlmodel", "tenacity",
    "tqdm", "yaml", "yte",
)  # fmt: skip
NOT_YET = {"snakemake", "dfim", "workflow", "tensorflow", "numba"}


def next_run() -> dict | None:
    """Fork for each run that is asked for; return it in the process that is to be it, and None at the end."""
    for line in sys.stdin.buffer:
        assert threads() == 1, "a process with threads cannot fork safely"
        process = os.fork()
        if not process:
            return json.loads(line)
        os.write(1, b"%d\n" % process)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    return None


def threads() -> int:
    """Return the number of this process's threads; 1 where Linux does not tell it."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1


def become(run: dict) -> None:
    """Make of this process what ``python -m snakemake`` would be at its start."""
    for path, flags, copies in (
        (os.devnull, os.O_RDONLY, [0]),
        (run["printed"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, [1, 2]),
    ):
        opened = os.open(path, flags, 0o644)
        for copy in copies:
            os.dup2(opened, copy)
        os.close(opened)
    os.environ.clear()
    os.environ.update(run["env"])
    os.chdir(run["cwd"])
    sys.path.insert(0, os.getcwd())
    sys.argv = ["snakemake", *run["arguments"]]
    random.seed()


if __name__ == "__main__":
    del sys.path[0]  # this folder
    for package in PACKAGES:
        importlib.import_module(package)
    assert not NOT_YET & sys.modules.keys(), NOT_YET & sys.modules.keys()
    gc.freeze()
    run = next_run()
    if run is not None:
        become(run)
        runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
