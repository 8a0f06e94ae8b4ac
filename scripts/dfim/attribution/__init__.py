"""Contribution scores behind one signature.

    with open_scorer("deeplift", layers, reference) as scorer:
        scores = scorer.contributions(x, task)

Whatever computes them, the scores are those of one task's logit (the value before the sigmoid), and have the
shape of the input. A further method is a subclass of :class:`~dfim.attribution.scorer.Scorer` and a line in
``METHODS``. ``deeplift`` and ``deeplift_package`` give the same numbers: the first is the project's own, the
second the reference from PyPI that it is compared with.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dfim import backends
from dfim.attribution.deeplift import OPTIONS as DEEPLIFT_OPTIONS
from dfim.attribution.deeplift import deeplift
from dfim.attribution.deeplift_package import DeepLiftPackage
from dfim.attribution.forward import forward
from dfim.attribution.gradients import GradientInput, gradient_input
from dfim.attribution.in_silico_mutagenesis import InSilicoMutagenesis, in_silico_mutagenesis
from dfim.attribution.integrated_gradients import IntegratedGradients
from dfim.attribution.scorer import Scorer
from dfim.attribution.simplification import simplify
from dfim.errors import InputError, counted
from dfim.networks.graph import Graph
from dfim.networks.graph_files import is_graph_file, load_graph
from dfim.networks.onnx_values import OnnxValues

# The method that needs no more of a network than its values.
BY_VALUES = "in_silico_mutagenesis"
# What makes a scorer of simplified layers and a reference, and the options that it takes.
METHODS: dict[str, tuple[Callable[..., Scorer], tuple[str, ...]]] = {
    "deeplift": (deeplift, DEEPLIFT_OPTIONS),
    "deeplift_package": (DeepLiftPackage, DeepLiftPackage.OPTIONS),
    "gradient_input": (gradient_input, GradientInput.OPTIONS),
    "integrated_gradients": (IntegratedGradients, IntegratedGradients.OPTIONS),
    BY_VALUES: (in_silico_mutagenesis, InSilicoMutagenesis.OPTIONS),
}

# Not a method of scores: a scorer that is asked for logits alone.
FORWARD = "forward"


@contextmanager
def open_scorer(
    method: str,
    network: Sequence | OnnxValues,
    reference,
    options: dict | None = None,
    backend: str | None = None,
) -> Iterator[Scorer]:
    """Yield a scorer of a network; what it holds (a process, compiled functions) is let go at the end.

    ``network`` is a graph of one length, as :func:`read_network` and :func:`network_of` give, or a list of
    nodes that is a chain. ``reference`` is the input to which sequences are compared, probabilities of A, C,
    G, T, shape (4,) for the same at every position or (length, 4); ``gradient_input`` has the reference 0 by
    definition, whatever is given. With :data:`FORWARD` in place of a method the scorer is asked for logits
    alone.
    ``options``:
    ``batch_size`` (most sequences at once), ``threads`` (of the computation; default all cores), and for
    ``deeplift`` ``rule`` (see :mod:`dfim.attribution.rules`). ``backend``: what computes whole sequences, for
    the process (:func:`dfim.backends.use`).

    Raises InputError on an unknown method, option or backend, a reference of another shape, or a network with
    layers that cannot be scored.
    """
    backends.use(backend, (options or {}).get("threads"))
    if method not in (*METHODS, FORWARD):
        raise InputError(
            f"there is no method {method!r} for contribution scores: use one of {', '.join(METHODS)}."
        )
    make = forward if method == FORWARD else METHODS[method][0]
    options = _checked(method, options or {})
    if isinstance(network, OnnxValues):
        scorer = _of_values(method, network, reference, options)
    else:
        scorer = make(simplify(network), reference, **options)
    try:
        yield scorer
    finally:
        scorer.close()


def _of_values(method: str, network: OnnxValues, reference, options: dict) -> Scorer:
    """Return a scorer of a network of which only the values are known."""
    from dfim.attribution.values_only import ValuesOnly  # imports ONNX

    scorer = ValuesOnly(network, reference, **options)
    return InSilicoMutagenesis(scorer, reference) if method == BY_VALUES else scorer


@contextmanager
def open_model(
    path: str | os.PathLike,
    task: str,
    tasks: Sequence[str],
    method: str,
    reference,
    options: dict | None = None,
    length: int | None = None,
    backend: str | None = None,
) -> Iterator[tuple[Scorer, int]]:
    """Yield a scorer of a saved network and the index of a task among its outputs, whose names are ``tasks``.

    ``path`` and ``length`` are those of :func:`read_network`, the other arguments those of
    :func:`open_scorer`. Raises InputError on an unknown task, on names that are not as many as the outputs,
    and as those two do.
    """
    if task not in tasks:
        raise InputError(f"there is no task {task!r}; the model has the tasks {', '.join(tasks)}.")
    backends.use(backend, (options or {}).get("threads"))  # before a Keras file is read
    with open_scorer(method, read_network(path, length), reference, options) as scorer:
        if scorer.outputs != len(tasks):
            raise InputError(
                f"the network {path} has {counted(scorer.outputs, 'output')}, and "
                f"{counted(len(tasks), 'task')} are named "
                f"({', '.join(tasks)}): train it again on the dataset with these tasks."
            )
        yield scorer, list(tasks).index(task)


def read_network(path: str | os.PathLike, length: int | None = None) -> Graph | OnnxValues:
    """Return what :func:`open_scorer` takes of a saved network: its graph, or an ONNX network's values.

    ``path`` is a file of :func:`dfim.networks.graph_files.save_graph` (.npz), which needs no TensorFlow, or
    of :func:`dfim.networks.keras_files.save_network`; ``length`` is that of the sequences, which a network
    that takes any needs. Raises InputError as the functions that read such files do.
    """
    if is_graph_file(path):
        return load_graph(path, length)
    from dfim.networks.keras_files import load_network

    return network_of(load_network(path), length)


def network_of(model, length: int | None = None) -> Graph | OnnxValues:
    """Return what :func:`open_scorer` takes of a Keras model: its graph, or an ONNX network's values."""
    from dfim.networks.description import describe
    from dfim.networks.stored import StoredOnnx

    stored = model.layers[-1]
    return stored.values() if isinstance(stored, StoredOnnx) else describe(model, length)


def _checked(method: str, options: dict) -> dict:
    """Return the options when the method knows all of them."""
    known = Scorer.OPTIONS if method == FORWARD else METHODS[method][1]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(
            f"the method {method} has no option {unknown[0]!r}: its options are {', '.join(known)}."
        )
    return options
