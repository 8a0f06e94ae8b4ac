"""Read by Python at its start in the jobs of a test that puts this folder on PYTHONPATH.

This SLURM has no control groups: here the memory that a job of the rule ``DFIM_LIMITED`` was given is a real
limit on what its script takes. A script of the rule ``DFIM_HANGING`` never ends.
"""

import os
import re
import resource
import subprocess
import time
from pathlib import Path

# Snakemake runs a copy of the rule's script: .snakemake/scripts/tmp….<script>.py
_command = Path("/proc/self/cmdline").read_bytes().decode().split("\0")


def _is_script_of(variable: str) -> bool:
    rule = os.environ.get(variable)
    return bool(rule) and any(part.endswith(f".{rule}.py") for part in _command)


if _is_script_of("DFIM_LIMITED"):
    _shown = subprocess.run(
        ["scontrol", "show", "job", os.environ["SLURM_JOB_ID"]], capture_output=True, text=True, check=True
    ).stdout
    _memory = int(re.search(r"MinMemoryNode=(\d+)M", _shown)[1]) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (_memory, _memory))
if _is_script_of("DFIM_HANGING"):
    time.sleep(3600)
