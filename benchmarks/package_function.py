"""The scoring function of the deeplift package, called as its documentation says."""

import sys

import numpy as np


class PackageFunction:
    """Contributions of layers (kind, name, arrays, options) by the function that the package makes.

    It evaluates the reference once for every sequence; the project's own scorer of the package
    (:mod:`dfim.attribution.deeplift_package`) does so once for a batch.
    """

    def __init__(self, layers: list[tuple], reference: np.ndarray, batch_size: int = 64):
        import tensorflow.compat.v1 as tf

        tf.disable_v2_behavior()
        sys.modules["tensorflow"] = tf  # the package says "import tensorflow" and means version 1
        import deeplift.util

        session = tf.Session()
        deeplift.util.get_session = lambda: session
        from deeplift.conversion.kerasapi_conversion import convert_sequential_model

        from dfim.attribution.deeplift_package import keras_configs
        from dfim.networks.description import Layer

        layers = [Layer(*layer) for layer in layers]
        model = convert_sequential_model(
            keras_configs(layers), nonlinear_mxts_mode="DeepLIFT_GenomicsDefault", verbose=False
        )
        self._function = model.get_target_contribs_func(find_scores_layer_idx=0, target_layer_idx=-1)
        self._reference = np.broadcast_to(reference, layers[0].options["input_shape"])
        self.batch_size = batch_size

    def contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return multiplier × (x − reference), shape of ``x``: (sequences, length, 4)."""
        references = np.broadcast_to(self._reference, x.shape)
        arguments = {"task_idx": int(task), "batch_size": self.batch_size, "progress_update": None}
        found = self._function(input_data_list=[x], input_references_list=[references], **arguments)
        return np.array(found)
