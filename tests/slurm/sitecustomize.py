"""Read by Python at its start in the jobs of a test that puts this folder on PYTHONPATH.

This SLURM has no control groups: here the memory that a job of the rule ``DFIM_LIMITED`` was given is a real
limit on what its script takes. It is looked at where the script begins a file of results: a limit that
strikes anywhere ends in whatever the library at that place makes of it. A script of ``DFIM_HANGING`` never
ends.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

# Snakemake runs a copy of the rule's script: .snakemake/scripts/tmp….<script>.py
_command = Path("/proc/self/cmdline").read_bytes().decode().split("\0")


def _is_script_of(variable: str) -> bool:
    rule = os.environ.get(variable)
    return bool(rule) and any(part.endswith(f".{rule}.py") for part in _command)


def _given_megabytes() -> int:
    shown = subprocess.run(
        ["scontrol", "show", "job", os.environ["SLURM_JOB_ID"]], capture_output=True, text=True, check=True
    ).stdout
    return int(re.search(r"MinMemoryNode=(\d+)M", shown)[1])


def _most_megabytes() -> float:
    """Return the most memory that this process has held; ``getrusage`` counts its parent's too."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def _limit(event: str, arguments: tuple) -> None:
    if event == "open" and ".unfinished-" in str(arguments[0]) and _most_megabytes() > _given:
        raise MemoryError(f"more than {_given} MB")


if _is_script_of("DFIM_LIMITED"):
    _given = _given_megabytes()
    sys.addaudithook(_limit)
if _is_script_of("DFIM_HANGING"):
    time.sleep(3600)
