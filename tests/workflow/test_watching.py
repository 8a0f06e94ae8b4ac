"""Scripts that die of a signal, end with an error, or end well: what their log and the console say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from workflow.watching import CRASHED, KILLED

SCRIPTS = Path(__file__).parents[2] / "scripts"
SCRIPT = """
import os, signal, sys
from types import SimpleNamespace
sys.path.insert(0, {scripts!r})
from workflow.running import running
with running(SimpleNamespace(log=[{log!r}], input=[])) as log:
    log.info("begun")
    {body}
"""
ENDS = {
    "a crash": ("os.kill(os.getpid(), signal.SIGSEGV)", CRASHED.format(reason="Segmentation fault")),
    "a failed assertion of C": ("os.abort()", CRASHED.format(reason="Aborted")),
    "a kill": ("os.kill(os.getpid(), signal.SIGKILL)", KILLED),
    "bad input": (
        "from dfim.errors import InputError; raise InputError('the file is empty.')",
        "the file is empty.",
    ),
    "a good end": ("pass", None),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_log_and_the_console_say_in_a_sentence_how_a_script_died(tmp_path, end):
    body, sentence = ENDS[end]
    log = tmp_path / "script.log"
    code = SCRIPT.format(scripts=str(SCRIPTS), log=str(log), body=body)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (ran.returncode == 0) == (sentence is None)
    for text in (log.read_text(), ran.stderr):
        found = re.findall(r"^\d\d:\d\d:\d\d error: (.*)$", text, flags=re.MULTILINE)
        assert found == ([] if sentence is None else [sentence])
    assert ("most recent call first" in log.read_text()) == (end in ("a crash", "a failed assertion of C"))
