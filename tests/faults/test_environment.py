"""The user's environment changes nothing of a small analysis: settings, files, locale, a home that is not
there.
"""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dfim.errors import InputError
from workflow import environment

SCRIPT = Path(__file__).with_name("small_analysis.py")
KERAS = {"floatx": "float16", "epsilon": 1e-2, "backend": "jax", "image_data_format": "channels_first"}
MATPLOTLIB = "text.usetex: True\nfont.size: 30\nsavefig.dpi: 30\nfigure.facecolor: red\naxes.grid: True\n"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def analysis(folder, **variables):
    """Run the small analysis in a folder, with these variables; return what it printed."""
    (folder / "out").mkdir(parents=True)
    environment = {
        key: value for key, value in os.environ.items() if key not in ("KERAS_BACKEND", "PYTHONPATH")
    }
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"} | variables
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder / "out")],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    found = analysis(tmp_path_factory.mktemp("clean"))
    assert found["dtype"] == "float32"
    assert found["backend"] == "tensorflow"
    assert found["names"] == ["é 007", "NA", "a$b$c"]
    return found


def hostile(kind, folder) -> dict[str, str]:
    """Put what a user may have into a folder; return the variables that lead to it."""
    home = folder / "home"
    match kind:
        case "KERAS_BACKEND":
            return {"KERAS_BACKEND": "torch"}
        case "keras.json":
            (home / ".keras").mkdir(parents=True)
            (home / ".keras/keras.json").write_text(json.dumps(KERAS))
            return {"HOME": str(home)}
        case "matplotlibrc":
            (folder / "matplotlibrc").write_text(MATPLOTLIB)  # in the working directory
            return {}
        case "locale":
            return ASCII
        case "home":
            home.write_text("a file: nothing can be made below it")
            return {"HOME": str(home)}
        case "numpy.py beside":
            for name in ("numpy.py", "pandas.py", "keras.py", "dfim.py"):
                (folder / name).write_text("raise SystemExit('the wrong module')\n")
            return {}
        case _:
            (folder / "other/dfim").mkdir(parents=True)
            (folder / "other/dfim/__init__.py").write_text("raise SystemExit('the wrong dfim')\n")
            (folder / "other/workflow.py").write_text("raise SystemExit('the wrong workflow')\n")
            return {"PYTHONPATH": str(folder / "other")}


# Kinds of which none hides another are there together: a process takes seconds to import TensorFlow.
TOGETHER = [
    ("keras.json", "matplotlibrc", "numpy.py beside"),
    ("KERAS_BACKEND", "locale", "home", "PYTHONPATH"),
]


@pytest.fixture(scope="module")
def under(tmp_path_factory):
    """A function that returns what the small analysis printed under a kind, and those that go with it."""

    @functools.cache
    def found(kinds: tuple[str, ...]):
        folder = tmp_path_factory.mktemp("hostile")
        variables = [hostile(kind, folder) for kind in kinds]
        assert sum(map(len, variables)) == len(set().union(*variables))
        return analysis(folder, **{name: value for one in variables for name, value in one.items()})

    return found


@pytest.mark.parametrize(("kind", "kinds"), [(kind, kinds) for kinds in TOGETHER for kind in kinds])
def test_a_small_analysis_is_the_same_under(kind, kinds, under, clean):
    assert under(kinds) == clean, f"under {kind}, or another of {kinds}"


def test_a_stray_file_that_hides_a_package_is_named(tmp_path, monkeypatch):
    environment.check_environment()
    (tmp_path / "jsonschema.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "jsonschema", raising=False)
    with pytest.raises(
        InputError, match=r"jsonschema\.py hides the package jsonschema: rename the file, or take"
    ):
        environment.check_environment()


def test_no_module_takes_keras_but_from_the_one_that_sets_it():
    library = SCRIPT.parents[2] / "scripts/dfim"
    said = re.compile(r"^ *import keras$", re.MULTILINE)
    taken = [path for path in library.rglob("*.py") if said.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in taken] == ["backend.py"]


def test_packages_that_are_hidden_from_keras_are_there_afterwards():
    """Keras imports them for nothing that is used here; who needs them takes them as ever."""
    code = """
import sys
from dfim import backends
backends.chosen()  # TensorFlow, which imports Keras
print(*{"sklearn", "matplotlib"} & {*sys.modules})
from dfim.networks.backend import keras
print(*{"sklearn", "matplotlib"} & {*sys.modules})
import matplotlib.pyplot, sklearn.metrics
print(keras.__name__)
"""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2] / "scripts")}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == ["", "", "keras"]
