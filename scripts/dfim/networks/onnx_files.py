"""ONNX files: read with care, and their values by onnxruntime. No code in a file is run but its nodes."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from dfim.errors import InputError

OLDEST_OPSET = 13
MOST_BYTES = 2**31 - 1  # of one message of protobuf, which a network is while it is checked and run
_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
_RANDOM = (
    *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"),
    "RandomUniformLike",
)


def read_onnx(path: str | Path) -> onnx.ModelProto:
    """Read an ONNX file, with the weights that it keeps in files beside it.

    Raises InputError on a file that is none, is damaged, is of an opset before :data:`OLDEST_OPSET`, has
    operators that are not ONNX's own or draw random numbers, points to weights outside its folder or to none,
    or has more than :data:`MOST_BYTES` with them.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} is not a file: a network in the ONNX format (.onnx) was expected there.")
    _check_size(os.path.getsize(path), path)
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError) as error:
        raise InputError(
            f"{path} could not be read as an ONNX file ({type(error).__name__}): it is damaged, or no ONNX "
            "file; export the network again."
        ) from None
    if not model.graph.node or not model.graph.output:
        raise InputError(f"{path} holds no network: it is damaged, or no ONNX file; export it again.")
    _check_versions(model, path)
    for node in _nodes(model.graph):
        _check_operator(node, path)
    _load_external(model, path)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"{path} is no valid ONNX file ({reason}): export the network again.") from None
    return model


def _check_versions(model: onnx.ModelProto, path: str | Path) -> None:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    if version < OLDEST_OPSET:
        raise InputError(
            f"{path} has the opset {version}, and {OLDEST_OPSET} or later is needed: export the network with "
            f"opset_version={OLDEST_OPSET} or more."
        )


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a graph and of the graphs within them, as branches are."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _check_operator(node: onnx.NodeProto, path: str | Path) -> None:
    name = node.name or node.op_type
    if node.domain not in _DOMAINS:
        raise InputError(
            f"{path}: the node {name} is of the domain {node.domain!r}, whose code is never run: make the "
            "export of the network with ONNX's own operators."
        )
    if node.op_type in _RANDOM:
        raise InputError(
            f"{path}: the node {name} ({node.op_type}) draws random numbers, as while a network is trained: "
            "export the network for evaluation (model.eval())."
        )


def _check_size(size: int, path: str | Path) -> None:
    if size > MOST_BYTES:
        raise InputError(
            f"{path} has {size / 1e9:.1f} GB with its weights, and {MOST_BYTES / 1e9:.1f} GB are the most "
            "that is read: export the network without the parts that its output does not need."
        )


def _load_external(model: onnx.ModelProto, path: str | Path) -> None:
    """Load weights that lie in files beside the network, which must be within its folder."""
    folder = os.path.realpath(Path(path).parent)
    beside = {}
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        real = os.path.realpath(os.path.join(folder, location))
        if not location or os.path.commonpath([folder, real]) != folder:
            raise InputError(
                f"{path} keeps the weights {tensor.name} in {location!r}, outside its folder: export the "
                "network into one file, or with its weights beside it."
            )
        if not os.path.isfile(real):
            raise InputError(
                f"{path} keeps its weights in {location!r}, which is not there: put it beside the network."
            )
        beside[real] = os.path.getsize(real)
    _check_size(os.path.getsize(path) + sum(beside.values()), path)
    try:
        onnx.load_external_data_for_model(model, folder)
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise InputError(
            f"{path}: the weights beside it could not be read ({error}): give them in the same folder."
        ) from None


class Session:
    """A network's values by onnxruntime, on the CPU."""

    def __init__(self, model: onnx.ModelProto, threads: int | None = None):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 4  # errors are raised
        data = model if isinstance(model, bytes) else model.SerializeToString()
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.inputs = {entry.name: entry.shape for entry in self._session.get_inputs()}
        # A file may be of so many sequences at once.
        size = next(iter(self.inputs.values()))[0]
        self._at_once = size if isinstance(size, int) else None

    def run(self, feeds: dict[str, np.ndarray], names: Sequence[str]) -> list[np.ndarray]:
        """Return outputs by name; the first axis of every input is the examples."""
        number = len(next(iter(feeds.values())))
        if self._at_once in (None, number):
            return self._session.run(list(names), feeds)
        parts = []
        for start in range(0, number, self._at_once):
            rows = np.minimum(np.arange(start, start + self._at_once), number - 1)
            found = self._session.run(list(names), {name: value[rows] for name, value in feeds.items()})
            parts.append([value[: number - start] for value in found])
        return [np.concatenate(values) for values in zip(*parts, strict=True)]
