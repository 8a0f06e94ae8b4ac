"""Running the field's command-line tools, with a sentence when one is missing or fails."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dfim.errors import InputError


def require_tool(*names: str) -> str:
    """Return the path of the first of some programs that is there; raise InputError when none is.

    Programs beside the Python that runs, those of its environment, come before those on the PATH.
    """
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for name in names:
        if found := shutil.which(name, path=places):
            return found
    raise InputError(
        f"{' or '.join(names)} was not found: 'bash envs/install.sh' installs what reads need where apt-get "
        "is there, and 'snakemake --sdm conda' brings it with conda."
    )


def run_tool(command: Sequence[str], **options) -> subprocess.CompletedProcess:
    """Run a program to its end and return what it printed, both streams together, as text."""
    return subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        **options,
    )


def last_line(printed: str) -> str:
    """Return the last line of what a program printed, which is where its complaint stands."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
