"""Snakemake and its scripts from a process that is warm do what they do when they are started anew."""

import os
import re

import pytest
from support.snakemake_command import ROOT, STARTED_ANEW, WARM
from support.warm_python import ANEW

pytestmark = pytest.mark.workflow


def words(printed: str) -> list[str]:
    """Return the words that were printed, without times and numbers of runs, sorted: their order differs."""
    kept = re.sub(r"^ *(\[.*\]|Date: .*|Workflow ID: .*)$|jobid: \d+", "", printed, flags=re.MULTILINE)
    return sorted(re.split(r"[\s,;]+", kept))


def test_the_same_is_printed_and_returned(folder):
    target = "results/datasets/tf_binding/sequences.h5"
    for key, status, said in ((None, 0, "build_peak_dataset"), ("analysis", 1, "key 'analysis'")):
        if key:
            folder.config[key] = {}
        anew, warm = (folder.run("--dry-run", target, anew=anew) for anew in (True, False))
        assert anew.returncode == warm.returncode == status
        assert said in warm.stdout
        assert words(anew.stdout) == words(warm.stdout)


SNAKEFILE = """
import os, sys
print("found", os.getcwd(), os.environ.get("DFIM_TEST"), sys.path[0], "dfim" in sys.modules)
print("BLAS", os.environ.get("OPENBLAS_NUM_THREADS"))

rule one:
    shell:
        "echo $DFIM_TEST; exit 3"
"""


def test_nothing_of_a_run_is_left_for_the_next(folder):
    """Neither its folder and environment, nor the modules that it imported."""
    (folder.path / "Snakefile").write_text(SNAKEFILE)
    own = ("--snakefile", str(folder.path / "Snakefile"))
    assert folder.run("--dry-run", "results/datasets/simulation/sequences.h5").returncode == 0
    for anew in (True, False):
        for value in ("one", None):
            ran = folder.run(*own, anew=anew, **({"DFIM_TEST": value} if value else {}))
            assert ran.returncode == 1
            assert f"found {folder.path} {value} {folder.path} False" in ran.stdout
            assert ("\none\n" in ran.stdout) == (value is not None)
            # The warm process alone is kept to one thread.
            assert f"BLAS {os.environ.get('OPENBLAS_NUM_THREADS')}\n" in ran.stdout


# The first time a script is started anew, then it is forked.
WITH_A_SCRIPT = """
import os
os.environ["PYTHONPATH"] = "{library}"

rule one:
    threads: 2
    script:
        "{script}"
"""
SCRIPT = """
import __main__, os, sys, numpy
from threadpoolctl import threadpool_info
print("found", __name__, __main__.snakemake.rule, os.getcwd(), os.environ["OMP_NUM_THREADS"], sys.executable)
print("found", [os.path.dirname(path) for path in sys.argv], sys.path[0], "dfim" in sys.modules)
print("found threads of BLAS", {one["num_threads"] for one in threadpool_info()})
print("drawn", numpy.random.random())
print("imported", "numba" in sys.modules)
"""


@pytest.mark.parametrize(
    ("ends", "said"),
    [("", None), ("sys.exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "SIGKILL")],
)
def test_a_script_does_the_same(ends, said, folder):
    name = f"script_{len(ends)}_{os.getpid()}"
    (folder.path / f"{name}.py").write_text(SCRIPT + ends)
    (folder.path / "Snakefile").write_text(
        WITH_A_SCRIPT.format(script=f"{name}.py", library=ROOT / "scripts")
    )
    own = ("--snakefile", str(folder.path / "Snakefile"))
    ran = [folder.run(*own, own=False) for _ in range(2)]
    found, drawn, imported = (
        [[line for line in one.stdout.splitlines() if line.startswith(word)] for one in ran]
        for word in ("found", "drawn", "imported")
    )
    assert len(found[0]) == 3
    assert found[0] == found[1]
    assert drawn[0] != drawn[1]
    assert imported == [["imported False"], [f"imported {WARM in os.environ}"]]
    assert (ran[0].returncode == 0) == (ran[1].returncode == 0) == (said is None)
    assert all(said is None or re.search(said, one.stdout) for one in ran)


@pytest.mark.skipif(WARM not in os.environ, reason="no warm processes here: everything is started anew")
def test_scripts_that_are_never_started_anew_here_were_so_in_the_whole_run(finished):
    started = {path.stem for path in (finished.path / ANEW).iterdir()}
    assert started >= set(STARTED_ANEW)
    logs = {str(path.relative_to(finished.path)) for path in (finished.path / "results/logs").rglob("*.log")}
    assert len(logs - finished.forked_jobs()) == len(started)
