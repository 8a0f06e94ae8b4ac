"""DeepLIFT of captum, in PyTorch: Rescale at every activation. Needs torch and captum, nothing of dfim."""

import numpy as np
import torch
from captum.attr import DeepLift
from torch import nn


class CaptumDeepLift:
    """Contributions of simplified layers (kind, name, arrays, options), in batches."""

    def __init__(self, layers: list[tuple], reference: np.ndarray, batch_size: int = 64):
        self.batch_size = batch_size
        self._attribution = DeepLift(_network(layers))
        self._reference = torch.tensor(np.broadcast_to(reference, layers[0][3]["input_shape"]).T.copy())[None]

    def contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return multiplier × (x − reference), shape of ``x``: (sequences, length, 4)."""
        found = []
        for start in range(0, len(x), self.batch_size):
            part = torch.tensor(x[start : start + self.batch_size].transpose(0, 2, 1).copy())
            scores = self._attribution.attribute(part, self._reference, target=int(task))
            found.append(scores.detach().numpy().transpose(0, 2, 1))
        return np.concatenate(found)


def _network(layers: list[tuple]) -> nn.Sequential:
    modules, flattened = [], None
    for kind, _, arrays, options in layers:
        weights = {name: np.asarray(array, np.float32) for name, array in arrays.items()}
        if kind == "convolution":
            module = _convolution(weights["kernel"], options)
        elif kind == "dense":
            module = nn.Linear(*weights["kernel"].shape)
            kernel = weights["kernel"].T
            if flattened is not None:
                # Positions and channels change places: this framework has the channels first.
                kernel = kernel.reshape(-1, *flattened).transpose(0, 2, 1).reshape(len(kernel), -1)
                flattened = None
            module.weight.data = torch.tensor(kernel.copy())
        elif kind == "relu":
            module = nn.ReLU()
        elif kind == "max_pool" and options["padding"] == "valid":
            module = nn.MaxPool1d(options["width"], options["stride"])
        elif kind == "flatten":
            module, flattened = nn.Flatten(), options["input_shape"]
        else:
            raise ValueError(f"no counterpart of {kind} is written here")
        if "bias" in weights:
            module.bias.data = torch.tensor(weights["bias"])
        modules.append(module)
    return nn.Sequential(*modules).eval()


def _convolution(kernel: np.ndarray, options: dict) -> nn.Conv1d:
    width, channels, filters = kernel.shape
    module = nn.Conv1d(channels, filters, width, options["stride"], padding=options["padding"])
    module.weight.data = torch.tensor(kernel.transpose(2, 1, 0).copy())
    return module
