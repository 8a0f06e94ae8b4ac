"""The process that runs the deeplift package: ``python -m dfim.attribution.deeplift_worker <descriptor>``.

Reads (question, arguments) from a connection and answers (failed, result) until the other side closes it.
"""

import signal
import sys
import traceback
from multiprocessing.connection import Connection

import numpy as np

from dfim import backends


class Network:
    """A network converted by the deeplift package, with one reference."""

    def __init__(self, configs: list[dict], reference: np.ndarray, rule: str, threads: int | None):
        backends.use(backends.TENSORFLOW)
        import tensorflow.compat.v1 as tf

        tf.disable_v2_behavior()
        tf.logging.set_verbosity(tf.logging.ERROR)
        # The package says "import tensorflow" and means version 1.
        sys.modules["tensorflow"] = tf
        import deeplift.util

        # Its own session knows no settings, and looks for one of Keras first, in every call.
        self._session = tf.Session(config=_session_config(tf, threads))
        deeplift.util.get_session = lambda: self._session
        from deeplift.conversion.kerasapi_conversion import convert_sequential_model

        model = convert_sequential_model(configs, nonlinear_mxts_mode=rule, verbose=False)
        self._input, self._target = model.get_layers()[0], model.get_layers()[-1]
        # Makes the graph of the scores; the function that it returns would evaluate the reference once for
        # every sequence.
        model.get_target_contribs_func(find_scores_layer_idx=0, target_layer_idx=-1)
        self._scores = self._input.get_target_contrib_vars()
        self._reference = reference[None]
        self._task = None

    def contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return multiplier × (x − reference), shape of ``x``."""
        self._choose(task)
        variables = self._input.get_activation_vars(), self._input.get_reference_vars()
        return self._session.run(self._scores, {variables[0]: x, variables[1]: self._reference})

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return all tasks' logits, shape (sequences, tasks)."""
        return self._session.run(self._target.get_activation_vars(), {self._input.get_activation_vars(): x})

    def _choose(self, task: int) -> None:
        """Make a task the target; every change adds to the graph, so none is made without need."""
        if task != self._task:
            self._target.update_task_index(task)
            self._target.set_active()
            self._task = task


def _session_config(tf, threads: int | None):
    config = tf.ConfigProto()
    config.gpu_options.allow_growth = True
    if threads is not None:
        config.intra_op_parallelism_threads = threads
        config.inter_op_parallelism_threads = threads
    return config


def serve(connection: Connection) -> None:
    """Answer questions until the connection is closed; an exception is an answer too, as its traceback."""
    network = None
    while True:
        try:
            question, arguments = connection.recv()
        except (EOFError, OSError):
            return
        try:
            if question == "build":
                network, answer = Network(*arguments), None
            else:
                answer = getattr(network, question)(*arguments)
            failed = False
        except Exception:
            failed, answer = True, traceback.format_exc()
        try:
            connection.send((failed, answer))
        except OSError:
            return


if __name__ == "__main__":
    # An interrupt from the keyboard reaches this process too; the parent decides when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])))
