"""Several processes of pytest (``-n``): how many, and which files begin; and one thread of BLAS in each."""

import gc
import os
import shutil
import sys
import tempfile

import pytest
from support.snakemake_command import start_warm_processes
from threadpoolctl import threadpool_limits

# Files that take long, the longest first: begun late, one of them would hold up the end. Those that share a
# finished run stand apart, so that one process makes it while the others have something else to do.
FIRST = (
    "runs/test_slurm",  # waits more than it computes
    "runs/test_errors",
    "attribution/test_bounds",  # compiles the loops that the jobs of the others need
    "runs/test_reads",
    "faults/test_damage",
    "runs/test_accessions",
    "runs/test_workflow",
    "runs/test_own",
    "faults/test_workflow_killed",
    "runs/test_my_data",
    "runs/test_sources",
    "runs/test_configurations",
    "faults/test_environment",
    "faults/test_training_killed",
    "networks/test_random_graphs",
)

# Hundreds of jobs import the same modules, and all processes of pytest the same tests: each is compiled once.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests wait for jobs of the workflow, and these for the disk."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """A file of tests is not taken apart, so that its fixtures are made once; files go in their order."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "loadfile"
        config.option.loadscopereorder = False
    if not hasattr(config, "workerinput") and hasattr(os, "pidfd_open"):
        folder = tempfile.mkdtemp(prefix="dfim_tests_")
        warm = start_warm_processes(folder)
        config.add_cleanup(lambda: (warm.communicate(), shutil.rmtree(folder)))


def pytest_collection_modifyitems(items):
    """Put the files first that take longest, and leave the order within each."""
    place = {f"tests/{name}.py": number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.split("::")[0], len(FIRST)))


def pytest_collection_finish():
    """Keep BLAS on one thread: two that wait for each other in small products take four times its time.

    Its libraries are there by now, with the modules of the tests, which stay: Python need not search them for
    garbage.
    """
    threadpool_limits(1, user_api="blas")
    gc.freeze()
