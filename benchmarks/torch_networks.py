"""Networks of the field in PyTorch, exported as their users do. Needs torch, onnx, and nothing of dfim.

Weights are random, drawn from a seed. Networks of bpnet-lite need that package. Contributions are those of
captum and tangermeme, which need theirs.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch_attention import Attention, BothWays, PositionsFirst, Recurrent, Transformer
from torch_parts import ChannelNorm, Function, Gate, Mean, PlainProduct, Residual, convolution

# ---------------------------------------------------------------------------------------------- networks


def plain() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv1d(4, 32, 15), nn.BatchNorm1d(32), nn.ReLU(), nn.MaxPool1d(6)),
        *(nn.Conv1d(32, 16, 5), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2)),
        *(nn.Flatten(), nn.Linear(16 * 13, 24), nn.ReLU(), nn.Linear(24, 2)),
    )


class Dilated(nn.Module):
    """Dilated residual blocks with a profile of two strands and counts, as BPNet has them."""

    def __init__(self):
        super().__init__()
        blocks = [Residual(convolution(16, 16, 3, 2**i), nn.ReLU()) for i in range(1, 5)]
        self.body = nn.Sequential(convolution(4, 16, 11), nn.ReLU(), *blocks)
        self.profile, self.counts = nn.Conv1d(16, 2, 25), nn.Linear(16, 1)

    def forward(self, x):
        x = self.body(x)
        return self.profile(x), self.counts(x.mean(dim=2))


class LegNet(nn.Module):
    """LegNet's blocks (Penzar et al. 2023): grouped convolutions, SiLU, gates; the expression by classes."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(convolution(4, 32, 7), nn.BatchNorm1d(32), nn.SiLU())
        self.blocks = nn.ModuleList([self._block() for _ in range(2)])
        self.joins = nn.ModuleList([self._join(64), self._join(64)])
        self.classes = nn.Conv1d(32, 18, 1)

    def _block(self) -> nn.Module:
        return nn.Sequential(
            *(convolution(32, 64, 1), nn.BatchNorm1d(64), nn.SiLU()),
            *(
                convolution(64, 64, 7, groups=8),
                nn.BatchNorm1d(64),
                nn.SiLU(),
                Gate(64, PlainProduct(), nn.SiLU),
            ),
            *(convolution(64, 32, 1), nn.BatchNorm1d(32), nn.SiLU()),
        )

    def _join(self, channels: int) -> nn.Module:
        steps = (convolution(channels, 32, 7), nn.BatchNorm1d(32), nn.SiLU(), nn.MaxPool1d(2))
        return nn.Sequential(*steps)

    def forward(self, x):
        x = self.stem(x)
        for block, join in zip(self.blocks, self.joins, strict=True):
            x = join(torch.cat([x, block(x)], dim=1))
        return functional.softmax(functional.adaptive_avg_pool1d(self.classes(x), 1).squeeze(2), dim=1)


class Malinois(nn.Module):
    """Malinois' form (Gosai et al. 2024): Basset with a branch for each task, as grouped dense layers."""

    def __init__(self, kind: Callable[[int], nn.Module] = nn.MaxPool1d):
        super().__init__()
        steps = []
        for before, after, width, pool in ((4, 30, 19, 3), (30, 20, 11, 4), (20, 20, 7, 4)):
            steps += [convolution(before, after, width), nn.BatchNorm1d(after), nn.ReLU()]
            steps += [kind(pool)]
        self.body = nn.Sequential(*steps, nn.Flatten(), nn.Linear(20 * 4, 40), nn.ReLU())
        self.weight, self.bias = nn.Parameter(torch.randn(3, 40, 14)), nn.Parameter(torch.randn(3, 1, 14) / 9)
        self.out, self.shift = nn.Parameter(torch.randn(3, 14, 1) / 4), nn.Parameter(torch.randn(3, 1, 1))

    def forward(self, x):
        x = self.body(x).repeat(1, 3)
        x = x.reshape(len(x), 3, -1).permute(1, 0, 2)
        x = torch.relu(torch.bmm(x, self.weight) + self.bias)
        return (torch.bmm(x, self.out) + self.shift).permute(1, 0, 2).reshape(x.shape[1], 3)


class Image(nn.Module):
    """2-D convolutions of which the first spans the bases."""

    def __init__(self):
        super().__init__()
        self.steps = nn.Sequential(
            *(nn.Conv2d(1, 24, (4, 11)), nn.ReLU(), nn.MaxPool2d((1, 5))),
            *(nn.Conv2d(24, 12, (1, 7)), nn.ReLU(), nn.Flatten(), nn.Linear(12 * 32, 2)),
        )

    def forward(self, x):
        return self.steps(x[:, None])


class BothStrands(nn.Module):
    """The mean of what both strands give."""

    def __init__(self):
        super().__init__()
        blocks = [Residual(nn.BatchNorm1d(16), nn.GELU(), convolution(16, 16, 5)) for _ in range(2)]
        self.steps = nn.Sequential(convolution(4, 16, 9), *blocks, Mean(), nn.Linear(16, 2))

    def forward(self, x):
        return (self.steps(x) + self.steps(x.flip(1, 2))) / 2


def normed_residual() -> nn.Module:
    blocks = [Residual(ChannelNorm(16), nn.GELU(), convolution(16, 16, 5, 2**i)) for i in range(3)]
    return nn.Sequential(convolution(4, 16, 9), *blocks, Mean(), nn.Linear(16, 1))


def residual(activation: Callable[[], nn.Module]) -> nn.Module:
    blocks = [Residual(convolution(16, 16, 3, 2**i), activation()) for i in range(1, 5)]
    return nn.Sequential(convolution(4, 16, 11), activation(), *blocks, Mean(), nn.Linear(16, 1))


def gated(product: Callable[[], nn.Module]) -> nn.Module:
    blocks = [Residual(convolution(16, 16, 3, 2**i), nn.ReLU(), Gate(16, product())) for i in range(1, 3)]
    for block in blocks:
        # Gates that open and close, as those of trained networks do.
        nn.init.normal_(block.steps[2].squeeze[2].weight, 0, 20)
    return nn.Sequential(convolution(4, 16, 11), nn.ReLU(), *blocks, Mean(), nn.Linear(16, 1))


def pooled(padded: bool) -> nn.Module:
    ends = (nn.MaxPool1d(10), nn.Flatten(), nn.LazyLinear(1))
    if not padded:
        return nn.Sequential(nn.Conv1d(4, 16, 11), nn.ReLU(), nn.Conv1d(16, 16, 5), nn.ReLU(), *ends)
    blocks = [Residual(convolution(16, 16, 3, 2**i), nn.ReLU()) for i in range(1, 3)]
    return nn.Sequential(convolution(4, 16, 11), nn.ReLU(), *blocks, *ends)


def hidden_in_forward() -> nn.Module:
    return residual(lambda: Function(functional.relu))


def used_again() -> nn.Module:
    relu = nn.ReLU()
    return residual(lambda: relu)


def bilinear_gate() -> nn.Module:
    from tangermeme.deep_lift_shap import BilinearOp

    return gated(lambda: BilinearOp("...,...->..."))


def bpnet(tracks: int, filters: int = 16, layers: int = 4, strands: int = 2) -> nn.Module:
    from bpnetlite import BPNet

    return BPNet(filters, layers, strands, tracks, trimming=30, verbose=False)


def chrombpnet() -> nn.Module:
    from bpnetlite import ChromBPNet

    return ChromBPNet(bpnet(0, 8, 3, 1), bpnet(0, strands=1))


def wrapped(wrapper: str) -> nn.Module:
    """Return a BPNet as bpnet-lite's users give it to an attribution, one number for each sequence."""
    import bpnetlite.bpnet

    return getattr(bpnetlite.bpnet, wrapper)(bpnet(0, strands=1))


# ------------------------------------------------------------------------------------------- what to take


@dataclass(frozen=True)
class Entry:
    """A network and the output of it that is explained; ``more``: shapes of further inputs."""

    make: Callable[[], nn.Module]
    length: int = 200
    head: int | None = None
    unit: int | None = None
    reduction: str | None = None
    newer: bool = False
    softmax: bool = False
    more: tuple[tuple[str, tuple[int, ...]], ...] = ()


CONTROL = (("control", (2, 200)),)
ENTRIES = {
    "plain nn.Module": Entry(plain, unit=0),
    "the same by torch's newer exporter": Entry(plain, unit=0, newer=True),
    "a dilated residual network, profile": Entry(Dilated, 200, 0, 1, "profile"),
    "the same, counts": Entry(Dilated, 200, 1, 0),
    "LegNet-like: SiLU, squeeze-and-excitation, groups, softmax": Entry(LegNet, 80, unit=3, softmax=True),
    "LegNet-like by torch's newer exporter": Entry(LegNet, 80, unit=3, softmax=True, newer=True),
    "layer normalisation and GELU in residual blocks": Entry(normed_residual),
    "2-D convolutions over the bases": Entry(Image, unit=0),
    "both strands averaged": Entry(BothStrands, unit=1),
    "Malinois-like: a branch for each task": Entry(Malinois, unit=1),
    "Malinois-like by torch's newer exporter, averages in place of maxima": Entry(
        lambda: Malinois(nn.AvgPool1d), unit=1, newer=True
    ),
    "GRU": Entry(Recurrent),
    "LSTM, two layers, both ways": Entry(BothWays),
    "self-attention": Entry(Attention),
    "nn.TransformerEncoderLayer, twice": Entry(Transformer, unit=0),
    "nn.TransformerEncoderLayer, twice, by torch's newer exporter": Entry(Transformer, unit=0, newer=True),
    "nn.MultiheadAttention, positions first": Entry(PositionsFirst),
    "bpnet-lite BPNet, counts, control tracks at zero": Entry(lambda: bpnet(2), 200, 1, 0, more=CONTROL),
    "bpnet-lite BPNet, profile of strand 0": Entry(lambda: bpnet(2), 200, 0, 0, "profile", more=CONTROL),
    "bpnet-lite BPNet by torch's newer exporter, counts": Entry(lambda: bpnet(0), 200, 1, 0, newer=True),
    "bpnet-lite ChromBPNet with its bias, counts": Entry(chrombpnet, 200, 1, 0),
    "bpnet-lite ChromBPNet with its bias, profile": Entry(chrombpnet, 200, 0, 0, "profile"),
}
# Networks with one output, of which captum and tangermeme give contributions.
EXPLAINED = {
    "residual, dilated, ReLU": lambda: residual(nn.ReLU),
    "residual, dilated, GELU": lambda: residual(nn.GELU),
    "residual, dilated, SiLU": lambda: residual(nn.SiLU),
    "residual, dilated, ELU": lambda: residual(nn.ELU),
    "residual, dilated, softplus": lambda: residual(nn.Softplus),
    "bpnet-lite BPNet, counts": lambda: wrapped("CountWrapper"),
    "bpnet-lite BPNet, profile": lambda: wrapped("ProfileWrapper"),
    "layer normalisation": normed_residual,
    "max pools without padding": lambda: pooled(False),
    "max pools after same padding": lambda: pooled(True),
    "squeeze-and-excitation, a plain product": lambda: gated(PlainProduct),
    "squeeze-and-excitation, tangermeme's product": bilinear_gate,
    "functional.relu in the forward": hidden_in_forward,
    "one nn.ReLU used everywhere": used_again,
}


class Network:
    """One network; ``entry`` or ``explained`` is its name in :data:`ENTRIES` or :data:`EXPLAINED`."""

    def __init__(self, entry: str = "", explained: str = "", seed: int = 0):
        torch.manual_seed(seed)
        self.entry = ENTRIES[entry] if entry else Entry(EXPLAINED[explained])
        self.module = self.entry.make()
        self.module.eval()
        with torch.no_grad():
            # Lazy layers take their size from what they are given first.
            self.module(*(torch.zeros(1, *shape) for _, shape in self._inputs()))
        for part in self.module.modules():
            # As after training: statistics of their own.
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.running_mean.normal_(0, 0.3)
                part.running_var.uniform_(0.5, 2)

    def describe(self) -> dict:
        """Return what a user says of the task: head, unit and reduction; and the file's ending."""
        kept = {key: getattr(self.entry, key) for key in ("head", "unit", "reduction")}
        return kept | {"ending": ".onnx"}

    def export(self, path: str) -> None:
        """Write the network as ONNX, as ``docs/from_pytorch.md`` says."""
        examples = tuple(torch.zeros(1, *shape) for _, shape in self._inputs())
        names = [name for name, _ in self._inputs()]
        options = {"dynamo": False, "opset_version": 17}
        options["dynamic_axes"] = {name: {0: "batch"} for name in names}
        if self.entry.newer:
            options = {"dynamo": True, "dynamic_shapes": [{0: torch.export.Dim("batch")} for _ in names]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(self.module, examples, path, input_names=names, **options)

    def _inputs(self) -> list[tuple[str, tuple[int, ...]]]:
        return [("x", (4, self.entry.length)), *self.entry.more]

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Return the task's value for sequences (sequences, length, 4), in 64 bits, before a softmax."""
        module = self.module.double()
        inputs = torch.tensor(x.transpose(0, 2, 1).copy(), dtype=torch.float64)
        more = [torch.zeros(len(x), *shape, dtype=torch.float64) for _, shape in self.entry.more]
        with torch.no_grad():
            found = module(inputs, *more)
        self.module.float()
        return self._task(found if isinstance(found, torch.Tensor) else found[self.entry.head]).numpy()

    def _task(self, found: torch.Tensor) -> torch.Tensor:
        if self.entry.softmax:
            logits = torch.log(found)
            found = logits - logits.mean(dim=1, keepdim=True)
        found = found[:, self.entry.unit or 0]
        if self.entry.reduction == "profile":
            found = (torch.softmax(found, 1) * (found - found.mean(1, keepdim=True))).sum(1)
        return found

    def attributed(self, library: str, x: np.ndarray, reference: np.ndarray) -> dict:
        """Return a library's contributions in 64 bits, ``scores`` (sequences, length, 4), and ``changes``.

        ``changes``: of the output against the reference's, which the scores should sum to.
        """
        module = self.module.double()
        inputs, references = (
            torch.tensor(each.transpose(0, 2, 1).copy(), dtype=torch.float64)
            for each in (x, np.broadcast_to(reference, x.shape))
        )
        multipliers = {"captum": _captum, "tangermeme": _tangermeme}[library](module, inputs, references)
        with torch.no_grad():
            changes = (module(inputs) - module(references))[:, 0].numpy()
        scores = (multipliers * (inputs - references)).detach().numpy().transpose(0, 2, 1)
        return {"scores": scores, "changes": changes}


def _captum(module: nn.Module, x, references):
    from captum.attr import DeepLift

    found = DeepLift(module, multiply_by_inputs=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return found.attribute(x.requires_grad_(), references.requires_grad_(), target=0)


def _tangermeme(module: nn.Module, x, references):
    from tangermeme.deep_lift_shap import _nonlinear, deep_lift_shap

    # As bpnet-lite's own attribution does.
    scaling = [type(part) for part in module.modules() if type(part).__name__ == "_ProfileLogitScaling"]
    more = dict.fromkeys(scaling, _nonlinear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return deep_lift_shap(
            module,
            x,
            references=references[:, None],
            raw_outputs=True,
            only_warn=True,
            additional_nonlinear_ops=more,
            device="cpu",
        )[:, 0]
