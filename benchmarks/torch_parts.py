"""Parts of the networks in PyTorch. Needs torch, and nothing of dfim."""

from collections.abc import Callable

from torch import nn


class Residual(nn.Module):
    """A step whose input is added to its output."""

    def __init__(self, *steps: nn.Module):
        super().__init__()
        self.steps = nn.Sequential(*steps)

    def forward(self, x):
        return x + self.steps(x)


class PlainProduct(nn.Module):
    """A product as most people write it, which libraries of attribution do not see."""

    def forward(self, x, y):
        return x * y


class Gate(nn.Module):
    """Squeeze-and-excitation: channels are multiplied by a function of their means."""

    def __init__(self, channels: int, product: nn.Module, activation: Callable[[], nn.Module] = nn.ReLU):
        super().__init__()
        self.squeeze = nn.Sequential(
            *(
                nn.Linear(channels, channels // 4),
                activation(),
                nn.Linear(channels // 4, channels),
                nn.Sigmoid(),
            )
        )
        self.product = product

    def forward(self, x):
        return self.product(x, self.squeeze(x.mean(dim=2))[:, :, None])


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of (batch, channels, positions)."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(dim=2)


class Function(nn.Module):
    """A function that is no module of its own, as ``functional.relu`` in a forward."""

    def __init__(self, function: Callable):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def convolution(before: int, after: int, width: int, dilation: int = 1, **options) -> nn.Conv1d:
    """Return a convolution that keeps the number of positions."""
    return nn.Conv1d(before, after, width, padding=dilation * (width // 2), dilation=dilation, **options)
