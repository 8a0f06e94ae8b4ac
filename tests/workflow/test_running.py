"""What a log says a job took, of scripts that take a known amount."""

import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import pytest
from resources import took

SCRIPTS = Path(__file__).parents[2] / "scripts"
SCRIPT = """
import subprocess, sys, time
from types import SimpleNamespace
sys.path.insert(0, {scripts!r})
from workflow.running import running
with running(SimpleNamespace(log=[{log!r}], input=[])):
    {body}
"""
WORK = "held = b'x' * 400_000_000\nwhile time.process_time() < 1.5: pass"
CHILD = "import time;" + WORK
TAKES = {
    "the script": WORK.replace("\n", "\n    "),
    "a program that it runs": f"subprocess.run([sys.executable, '-c', {CHILD!r}], check=True)",
}


def processor_time() -> float:
    """Return what all programs that were run from here have taken until they ended."""
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("who", TAKES)
def test_a_log_says_what_a_job_took(tmp_path, who):
    """Time and memory of the work itself, and not another job's; the start of Python comes on top."""
    log = tmp_path / "script.log"
    code = SCRIPT.format(scripts=str(SCRIPTS), log=str(log), body=TAKES[who])
    before = processor_time()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    found = took(log)
    assert 1.5 <= found["seconds"] <= processor_time() - before + 0.1  # rounded in the log
    # Linux counts what the starting process held.
    assert 400 * 1e6 / 2**20 <= found["memory"] < 600 + getrusage(RUSAGE_SELF).ru_maxrss / 1024
    assert found["wall"] > 0


def test_a_script_that_fails_does_not_say_what_it_took(tmp_path):
    log = tmp_path / "script.log"
    code = SCRIPT.format(scripts=str(SCRIPTS), log=str(log), body="raise ValueError('no')")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120).returncode == 1
    assert took(log) == {}
