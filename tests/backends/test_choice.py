"""One backend in a process: chosen by name, installed, and before Keras is imported."""

import os
import subprocess
import sys

import pytest
from support.run_folder import ROOT

from dfim import backends
from dfim.errors import InputError


def refused(*arguments) -> str:
    with pytest.raises(InputError) as error:
        backends.use(*arguments)
    return str(error.value)


def test_a_name_that_is_none():
    assert refused("theano") == "there is no backend 'theano': use one of tensorflow, jax, torch."


@pytest.mark.parametrize(("name", "words"), [("jax", "JAX"), ("torch", "PyTorch")])
def test_a_backend_that_is_not_installed(name, words, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    assert refused(name) == (
        f"the backend is {name}, and {words} is not installed: run '{sys.executable} -m pip install {name}', "
        "or choose another backend."
    )


def test_keras_keeps_the_backend_that_it_was_imported_with(monkeypatch):
    from dfim.networks.backend import keras

    monkeypatch.setattr(backends, "find_spec", lambda name: "there")
    assert keras.backend.backend() == backends.chosen_name() == "tensorflow"
    assert refused("jax") == (
        "Keras computes with TensorFlow in this process already, and JAX is asked for: choose the backend "
        "before Keras is imported, in a process of its own."
    )
    backends.use()  # leaves it
    backends.use("tensorflow")
    assert backends.chosen_name() == "tensorflow"


def in_a_process(code: str, **variables) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")} | variables
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout.strip()


def test_a_choice_imports_nothing_and_is_no_users_variable():
    code = """
import sys
from dfim import backends
backends.use("tensorflow")
assert not {"keras", "tensorflow"} & set(sys.modules)
from dfim.networks.kinds.base import ops
print(backends.chosen_name(), float(ops.sum([1.0, 2.0])), sys.modules["keras"].backend.backend())
"""
    assert in_a_process(code, KERAS_BACKEND="jax") == "tensorflow 3.0 tensorflow"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process for each first question is forked")
def test_threads_that_are_said_with_the_choice_hold_from_the_first_computation_on():
    code = """
import os
import tensorflow  # takes longest, and computes nothing yet
for first in ("chosen().set_threads(None)", "gpu_is_there()", "use()"):
    if not os.fork():
        from dfim import backends
        backends.use("tensorflow", 1)
        eval(f"backends.{first}")
        from dfim.networks.kinds.base import ops
        print(first, float(ops.sum([1.0])), backends.chosen().device_name(), flush=True)
        os._exit(0)
    os.wait()
"""
    assert in_a_process(code, CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3").splitlines() == [
        f"{first} 1.0 1 CPU core" for first in ("chosen().set_threads(None)", "gpu_is_there()", "use()")
    ]


def test_a_users_settings_of_keras_change_nothing_of_scores(tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "float16", "image_data_format": "channels_first"}')
    code = """
import numpy as np
from dfim.networks.kinds.base import ops
print(ops.max_pool(np.ones((1, 6, 4), "float32"), 3, 3, "valid").shape, ops.ones(1).numpy().dtype)
"""
    assert in_a_process(code, KERAS_HOME=str(tmp_path)) == "(1, 2, 4) float32"
