"""The command ``snakemake``, started anew, or from a process that is warm (:mod:`support.warm`)."""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
OWN = ["--snakefile", str(ROOT / "Snakefile")]


class Warm:
    """A process that has imported the packages that Snakemake needs; it ends with this one."""

    def __init__(self):
        # As many threads of BLAS as a process that forks may have; runs have their own environment.
        env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.env = dict(os.environ)
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("warm.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, bufsize=0,
        )  # fmt: skip
        atexit.register(self._process.stdin.close)

    def fits(self, env: dict[str, str]) -> bool:
        """Tell whether Python would start alike: it reads these variables at its start alone."""
        one, other = (
            {name: value for name, value in each.items() if name.startswith(("PYTHON", "LC_", "LANG"))}
            for each in (self.env, env)
        )
        return one == other

    def run(self, arguments: list[str], cwd: Path, env: dict, timeout: float) -> subprocess.CompletedProcess:
        """Return status and output of one run; raises subprocess.TimeoutExpired."""
        with tempfile.NamedTemporaryFile() as printed:
            asked = {"arguments": arguments, "cwd": str(cwd), "env": env, "printed": printed.name}
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            process = self._answer()
            if not select.select([self._process.stdout], [], [], timeout)[0]:
                os.kill(process, 9)
                self._answer()
                raise subprocess.TimeoutExpired(arguments, timeout)
            return subprocess.CompletedProcess(arguments, self._answer(), Path(printed.name).read_text())

    def _answer(self) -> int:
        line = self._process.stdout.readline()
        assert line, "the warm process has ended"
        return int(line)


_warm: list[Warm] = []


def snakemake(
    *arguments: str, cwd: Path, own: bool = True, anew: bool = False, timeout: float = 1800, **env: str
) -> subprocess.CompletedProcess:
    """Run Snakemake in a folder, with some variables of the environment; return status and what it printed.

    With the Snakefile of this workflow, or (``own=False``) with what the arguments or the folder have. In a
    process that is started ``anew``, or forked from a warm one: imports take most of a run with little to do.
    Raises subprocess.TimeoutExpired after ``timeout`` seconds.
    """
    arguments = [*(OWN if own else []), *map(str, arguments)]
    env = {**os.environ, **env}
    if not (anew or _warm):
        _warm.append(Warm())
    if not anew and _warm[0].fits(env):
        return _warm[0].run(arguments, cwd, env, timeout)
    return subprocess.run(
        [*SNAKEMAKE, *arguments], cwd=cwd, env=env, timeout=timeout,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
