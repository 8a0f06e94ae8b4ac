"""A network of which only the values are known: pair tests, scans and in-silico mutagenesis need no more."""

import numpy as np
import onnx

from dfim.attribution.scorer import Scorer
from dfim.errors import InputError
from dfim.networks.onnx_files import Session
from dfim.networks.onnx_graphs import onnx_feeds
from dfim.networks.onnx_values import OnnxValues


class ValuesOnly(Scorer):
    """Logits by onnxruntime; contributions by rules are refused, naming the node that has none."""

    def __init__(self, network: OnnxValues, reference, **options):
        kept = {key: value for key, value in options.items() if key in Scorer.OPTIONS}
        super().__init__(network.graph(), reference, **kept)
        self._reason, self._chosen = network.reason, network.outputs
        self._model = onnx.load_from_string(network.file)
        self._session = Session(self._model, self.threads)
        self._held = {key: np.asarray(value, np.float32)[None] for key, value in network.held.items()}

    def _default_batch_size(self) -> int:
        return 64

    def _logits(self, x: np.ndarray) -> np.ndarray:
        names = list(dict.fromkeys(name for name, _ in self._chosen))
        values = self._session.run(onnx_feeds(self._model, x, self._held), names)
        found = dict(zip(names, values, strict=True))
        return np.stack([found[name][(slice(None), *at)] for name, at in self._chosen], axis=1)

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        raise InputError(
            f"the network has no contribution scores by rules, because of its node {self._reason}: use the "
            "method in_silico_mutagenesis, the pair test or a scan, which need the network's values alone."
        )
