"""Networks in PyTorch with attention, or that go along the positions. Needs torch, and nothing of dfim."""

import torch
from torch import nn
from torch.nn import functional
from torch_parts import convolution


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.g, self.out = nn.Conv1d(4, 8, 7), nn.GRU(8, 6, batch_first=True), nn.Linear(6, 1)

    def forward(self, x):
        return self.out(self.g(torch.relu(self.c(x)).transpose(1, 2))[0][:, -1])


class BothWays(nn.Module):
    """Two LSTM layers over pooled positions, on and back."""

    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv1d(4, 16, 9), nn.ReLU(), nn.AvgPool1d(4))
        self.steps, self.out = nn.LSTM(16, 8, 2, batch_first=True, bidirectional=True), nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.steps(self.c(x).transpose(1, 2))[0].mean(dim=1))


class Attention(nn.Module):
    """Self-attention over pooled positions, as in Enformer and its like."""

    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(convolution(4, 16, 9), nn.GELU(), nn.MaxPool1d(10))
        self.queries, self.keys, self.values, self.out = (nn.Linear(16, 16) for _ in range(4))

    def forward(self, x):
        x = self.c(x).transpose(1, 2)
        shares = functional.softmax(self.queries(x) @ self.keys(x).transpose(1, 2) / 4, dim=-1)
        return self.out(x + shares @ self.values(x)).mean(dim=1)[:, :1]


class Transformer(nn.Module):
    """PyTorch's encoder layers over pooled positions, with a table of places and a position of its own."""

    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv1d(4, 32, 9), nn.GELU(), nn.AvgPool1d(8))
        self.places, self.first = (
            nn.Parameter(torch.randn(1, 24, 32) / 3),
            nn.Parameter(torch.randn(1, 1, 32)),
        )
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(32, 2)

    def forward(self, x):
        x = self.c(x).transpose(1, 2) + self.places
        x = self.layers(torch.cat([self.first.expand(len(x), -1, -1), x], dim=1))
        return self.out(x[:, 0])


class PositionsFirst(nn.Module):
    """nn.MultiheadAttention as it is without ``batch_first``: the examples are the second axis."""

    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv1d(4, 32, 9), nn.ReLU(), nn.AvgPool1d(8))
        self.attention, self.norm, self.out = nn.MultiheadAttention(32, 4), nn.LayerNorm(32), nn.Linear(32, 1)

    def forward(self, x):
        x = self.c(x).permute(2, 0, 1)
        return self.out(self.norm(x + self.attention(x, x, x)[0]).mean(dim=0))
