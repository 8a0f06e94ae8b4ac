"""A scorer that is asked for logits alone, as pair tests do: what evaluates the network quickest."""

import logging

from dfim import backends
from dfim.attribution.gradients import GradientInput
from dfim.attribution.scorer import Scorer

logger = logging.getLogger("dfim")


def forward(layers: list, reference, **options) -> Scorer:
    """Return a scorer whose logits, of edited sequences above all, are quick; arguments as `open_scorer`'s.

    Without a GPU, and where it takes the network, that is the compiled engine, which carries changes alone
    (:mod:`dfim.attribution.cpu.edits`); else the backend, which evaluates whole sequences.
    """
    if not backends.gpu_is_there():
        # Here, since the compiler that comes with them takes half a second to load.
        from dfim.attribution.cpu import CpuDeepLift
        from dfim.attribution.cpu.plan import NotPlanned

        try:
            return CpuDeepLift(layers, reference, rule="rescale", **options)
        except NotPlanned as reason:
            words = "the CPU engine does not take this network (%s): %s evaluates it"
            logger.info(words, reason, backends.words())
    return GradientInput(layers, reference, **options)
