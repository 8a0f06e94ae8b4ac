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


def test_a_job_uses_the_backend_of_its_params_or_says_how_to_install_it(tmp_path):
    log = tmp_path / "script.log"
    code = SCRIPT.replace("input=[]", "input=[], params={params}, resources={{}}")
    code = code.replace("{log!r}], ", "{log!r}], rule='score_pairs', threads=1, ")
    code = code.replace("))", "), on_gpu=True)")
    body = "from dfim import backends; print(backends.chosen_name(), 'keras' in sys.modules)"
    ran = [
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.modules['jax'] = None\n{code}".format(
                scripts=str(SCRIPTS), log=str(log), body=body, params=params
            )],
            capture_output=True, text=True, timeout=120,
        )
        for params in ({}, {"backend": "tensorflow"}, {"backend": "jax"})
    ]  # fmt: skip
    assert [one.stdout for one in ran] == ["tensorflow False\n", "tensorflow False\n", ""], ran[0].stderr
    assert ran[2].returncode == 1
    assert "error: the backend is jax, and JAX is not installed: run '" in log.read_text()


def test_a_script_that_fails_does_not_say_what_it_took(tmp_path):
    log = tmp_path / "script.log"
    code = SCRIPT.format(scripts=str(SCRIPTS), log=str(log), body="raise ValueError('no')")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120).returncode == 1
    assert took(log) == {}
