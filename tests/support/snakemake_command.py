"""The command ``snakemake``, started anew, or from a process that is warm (:mod:`support.warm`)."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from support import warm_python

ROOT = Path(__file__).parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
OWN = ["--snakefile", str(ROOT / "Snakefile")]
WARM = "DFIM_TESTS_WARM"  # the folder of the warm processes
# Scripts that the run of the small configuration starts anew, each once, and so no other must (see
# test_warm_start.py).
STARTED_ANEW = (
    "aggregate_maps", "assign_significance_pairs", "assign_significance_profiles", "build_peak_dataset",
    "build_value_dataset", "build_variant_dataset", "check_null_pairs", "check_null_profiles",
    "compare_groups", "describe_kinds", "draw_twin", "evaluate_model", "export_pairs", "fit_additive",
    "judge_pairs", "match_controls", "measure_reach", "mutate_pairs", "plant_genome", "plant_library",
    "plot_figures", "prepare_genome", "score_contributions", "score_pairs", "score_profiles",
    "select_examples", "simulate_sequences", "train_model", "write_page", "write_reproduction",
)  # fmt: skip


def start_warm_processes(folder: str) -> subprocess.Popen:
    """Let this process and those that it starts have warm ones; they end with its standard input."""
    os.environ[WARM] = folder
    python = Path(folder, "python")
    # Neither the environment nor packages: they would take most of its time.
    python.write_text(f"#!{sys.executable} -SI\n{Path(warm_python.__file__).read_text()}")
    python.chmod(0o755)
    for script in STARTED_ANEW:
        Path(folder, f"{script}.ran").touch()
    # As many threads of BLAS as a process that forks may have; runs have their own environment.
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, Path(__file__).with_name("warm.py"), folder]
    warm = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    assert warm.stdout.read(1), "the warm processes do not start"
    return warm


def run_warm(arguments: list[str], cwd: Path, env: dict, timeout: float) -> subprocess.CompletedProcess:
    """Return status and output of a run in a fork; raises NoFork and TimeoutError."""
    asked = {"arguments": ["snakemake", *arguments], "cwd": str(cwd), "env": env}
    asked["python"] = f"{env[WARM]}/python"
    with tempfile.TemporaryFile() as printed, open(os.devnull) as nothing:
        streams = [nothing.fileno(), printed.fileno(), printed.fileno()]
        status = warm_python.run(env[WARM], "snakemake", asked, streams, timeout)
        printed.seek(0)
        return subprocess.CompletedProcess(arguments, status, printed.read().decode())


def snakemake(
    *arguments: str, cwd: Path, own: bool = True, anew: bool = False, timeout: float = 1800, **env: str
) -> subprocess.CompletedProcess:
    """Run Snakemake in a folder, with some variables of the environment; return status and what it printed.

    With the Snakefile of this workflow, or (``own=False``) with what the arguments or the folder have. It and
    its scripts are processes that are started ``anew``, or forked from warm ones: imports take most of a run
    with little to do. Raises subprocess.TimeoutExpired or TimeoutError after ``timeout`` seconds.
    """
    arguments = [*(OWN if own else []), *map(str, arguments)]
    env = {**os.environ, **env}
    if WARM in env and not anew:
        try:
            return run_warm(arguments, cwd, env, timeout)
        except warm_python.NoFork:
            pass
    return subprocess.run(
        [*SNAKEMAKE, *arguments], cwd=cwd, env=env, timeout=timeout,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
