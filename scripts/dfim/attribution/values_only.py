"""A network of which only the values are known: pair tests, variants and mutagenesis maps need no more."""

import numpy as np
import onnx

from dfim.attribution.scorer import Scorer
from dfim.errors import InputError
from dfim.networks.arrival import onnx_feeds
from dfim.networks.graph import Graph, Node
from dfim.networks.onnx_files import Session
from dfim.networks.stored import StoredOnnx


class ValuesOnly(Scorer):
    """Logits by onnxruntime; contributions are refused, naming the node that no rule has words for."""

    def __init__(self, layer: StoredOnnx, reference, **options):
        described = layer.described
        shape, units = (described["length"], 4), (len(described["outputs"]),)
        shapes = {"input_shape": shape, "output_shape": units}
        network = Graph([Node("unknown", "onnx", {}, shapes, ("one_hot",))], {"tasks": "onnx"}, shape[0])
        kept = {key: value for key, value in options.items() if key in Scorer.OPTIONS}
        super().__init__(network, reference, **kept)
        self._reason, self._chosen = described["reason"], described["outputs"]
        self._model = onnx.load_from_string(layer.file())
        self._session = Session(self._model, self.threads)
        self._held = {key: np.asarray(value, np.float32)[None] for key, value in described["held"].items()}

    def _default_batch_size(self) -> int:
        return 64

    def _logits(self, x: np.ndarray) -> np.ndarray:
        names = list(dict.fromkeys(name for name, _ in self._chosen))
        values = self._session.run(onnx_feeds(self._model, x, self._held), names)
        found = dict(zip(names, values, strict=True))
        return np.stack([found[name][(slice(None), *at)] for name, at in self._chosen], axis=1)

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        raise InputError(
            f"the network has no contribution scores, because of its node {self._reason}: use the pair test, "
            "variants or mutagenesis maps, which need the network's values alone."
        )
