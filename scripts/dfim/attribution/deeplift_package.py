"""DeepLIFT as the deeplift package from PyPI computes it: the reference that other engines are compared with.

The package is TensorFlow-1 code, whatever the backend. It runs in a process of its own
(:mod:`dfim.attribution.deeplift_worker`), so that its global switches do not touch this one.
The option ``rule`` is one of :mod:`dfim.attribution.rules`.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from multiprocessing import Pipe
from pathlib import Path

import numpy as np

from dfim import backends
from dfim.attribution.rules import check_rule
from dfim.attribution.scorer import Scorer

_MODES = {
    "genomics_default": "DeepLIFT_GenomicsDefault",
    "rescale": "Rescale",
    "reveal_cancel": "RevealCancel",
}
_LIBRARY = Path(__file__).resolve().parents[2]
_SECONDS_TO_END = 5


class DeepLiftPackage(Scorer):
    """Multiplier × (x − reference), from the deeplift package."""

    OPTIONS = ("batch_size", "threads", "rule")
    COMPLETE = True

    def __init__(self, layers: list, reference, rule: str = "genomics_default", **options):
        check_rule(rule)
        backends.check_installed(backends.TENSORFLOW)
        super().__init__(layers, reference, **options)
        self._worker = _Worker()
        try:
            self._worker.ask("build", keras_configs(layers), self.reference, _MODES[rule], self.threads)
        except BaseException:
            self.close()
            raise

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        return self._worker.ask("contributions", x, task)

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return self._worker.ask("logits", x)

    def close(self) -> None:
        """End the worker process."""
        self._worker.end()


def keras_configs(layers: list) -> list[dict]:
    """Return simplified layers as the package's converter wants them: Keras-1 style configs with weights.

    A global max-pool becomes a max-pool over all positions: the package's own counts a tied maximum as
    often as it occurs, and so breaks the sum of the scores.
    """
    shape = (None, *layers[0].options["input_shape"])
    configs = [{"class_name": "InputLayer", "config": {"batch_input_shape": shape}}]
    for layer in layers:
        if layer.kind == "global_max_pool":
            length = layer.options["input_shape"][0]
            whole = {"pool_size": length, "strides": length, "padding": "valid"}
            configs.append({"class_name": "MaxPooling1D", "config": whole})
            configs.append({"class_name": "Flatten", "config": {}})
        else:
            configs.append({"class_name": _CLASSES[layer.kind], "config": _config(layer)})
    return configs


_CLASSES = {
    "convolution": "Conv1D",
    "dense": "Dense",
    "batch_normalisation": "BatchNormalization",
    "relu": "Activation",
    "sigmoid": "Activation",
    "max_pool": "MaxPooling1D",
    "average_pool": "AveragePooling1D",
    "global_average_pool": "GlobalAveragePooling1D",
    "flatten": "Flatten",
}


def _config(layer) -> dict:
    """Return the settings and weights of one layer under the package's names."""
    if layer.kind in ("convolution", "dense"):
        kernel, bias = (np.asarray(layer.arrays[name], np.float32) for name in ("kernel", "bias"))
        config = {"weights": [kernel, bias], "activation": "linear"}
        if layer.kind == "convolution":
            config |= {"filters": kernel.shape[2], "kernel_size": kernel.shape[0]}
            config |= {"strides": layer.options["stride"], "padding": layer.options["padding"]}
        return config
    if layer.kind in ("max_pool", "average_pool"):
        names = {"pool_size": "width", "strides": "stride", "padding": "padding"}
        return {theirs: layer.options[ours] for theirs, ours in names.items()}
    if layer.kind == "batch_normalisation":
        names = ("gamma", "beta", "mean", "variance")
        weights = [np.asarray(layer.arrays[name], np.float32) for name in names]
        return {"weights": weights, "axis": -1, "epsilon": float(layer.arrays["epsilon"])}
    return {"activation": layer.kind} if layer.kind in ("relu", "sigmoid") else {}


class _Worker:
    """The worker's process and the connection to it.

    A plain subprocess, not one of multiprocessing: those import the main module again, which in a workflow
    is a script that would then run a second time.
    """

    def __init__(self):
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the worker)
        self._connection, theirs = Pipe()
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
        paths = [str(_LIBRARY), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dfim.attribution.deeplift_worker", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
            pass_fds=[theirs.fileno()],
            env=environment,
        )
        theirs.close()

    def ask(self, question: str, *arguments):
        """Return the worker's answer; raises RuntimeError with its traceback when it failed or ended."""
        try:
            self._connection.send((question, arguments))
            failed, answer = self._connection.recv()
        except (EOFError, OSError):
            raise RuntimeError(f"the deeplift worker ended unexpectedly: {self._last_words()}") from None
        if failed:
            raise RuntimeError(f"the deeplift worker failed:\n{answer}")
        return answer

    def end(self) -> None:
        """End the process, in the middle of a computation too."""
        self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._messages.close()

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        self._messages.seek(0)
        return f"status {self._process.returncode}, {self._messages.read().decode(errors='replace')[-2000:]}"
