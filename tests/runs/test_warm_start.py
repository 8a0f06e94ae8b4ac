"""Snakemake from a process that is warm does what it does when it is started anew."""

import os
import re

import pytest

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
