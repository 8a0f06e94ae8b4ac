"""Compiling the engine ahead: all of its loops, so that no job compiles what another does."""

import subprocess
import sys

from support.snakemake_command import ROOT

# In a process of its own, in which no other test has compiled anything.
_SCRIPT = """
from dfim.attribution.cpu import kernels
from dfim.interactions.compiling import compile_engine

loops = {name: getattr(kernels, name) for name in kernels.__all__}
loops = {name: loop for name, loop in loops.items() if hasattr(loop, "signatures")}
assert len(loops) > 20
assert not any(loop.signatures for loop in loops.values())
compile_engine()
print(*[name for name, loop in loops.items() if not loop.signatures])
"""


def test_every_loop_of_the_engine_is_compiled():
    found = subprocess.run(
        [sys.executable, "-c", _SCRIPT], cwd=ROOT / "scripts", capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == []
