"""DeepLIFT of captum and of tangermeme, in PyTorch: Rescale at every activation.

Needs torch and the one that is asked for, nothing of dfim.
"""

import numpy as np
import torch
from torch import nn


class TorchDeepLift:
    """Contributions of simplified layers (kind, name, arrays, options), in batches."""

    def __init__(self, layers: list[tuple], reference: np.ndarray, batch_size: int = 64):
        self.batch_size = batch_size
        self.network = _network(layers)
        self.reference = torch.tensor(np.broadcast_to(reference, layers[0][3]["input_shape"]).T.copy())[None]

    def contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return multiplier × (x − reference), shape of ``x``: (sequences, length, 4)."""
        found = []
        for start in range(0, len(x), self.batch_size):
            part = torch.tensor(x[start : start + self.batch_size].transpose(0, 2, 1).copy())
            found.append(self._scores(part, int(task)).detach().numpy().transpose(0, 2, 1))
        return np.concatenate(found)

    def _scores(self, x: torch.Tensor, task: int) -> torch.Tensor:
        """Return the contributions (sequences, 4, length) of a batch of that shape."""
        raise NotImplementedError


class CaptumDeepLift(TorchDeepLift):
    """Those of captum."""

    def __init__(self, **options):
        from captum.attr import DeepLift

        super().__init__(**options)
        self._attribution = DeepLift(self.network)

    def _scores(self, x: torch.Tensor, task: int) -> torch.Tensor:
        return self._attribution.attribute(x, self.reference, target=task)


class TangermemeDeepLift(TorchDeepLift):
    """Those of tangermeme, which evaluates the reference beside each sequence."""

    def _scores(self, x: torch.Tensor, task: int) -> torch.Tensor:
        from tangermeme.deep_lift_shap import deep_lift_shap

        references = self.reference[:, None].expand(len(x), 1, *x.shape[1:])
        multipliers = deep_lift_shap(
            self.network, x, target=task, references=references, batch_size=len(x), raw_outputs=True,
            only_warn=True, device="cpu",
        )  # fmt: skip
        return multipliers[:, 0] * (x - self.reference)


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
