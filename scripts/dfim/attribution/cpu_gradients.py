"""Gradient × input by the compiled loops of DeepLIFT."""

import numpy as np

from dfim.attribution.cpu import CpuDeepLift
from dfim.attribution.cpu.deeplift import DERIVATIVE
from dfim.attribution.scorer import Scorer


class CpuGradientInput(CpuDeepLift):
    """Gradient × input by the engine of DeepLIFT, whose multipliers are derivatives here.

    A mutant that switches no unit on or off changes exactly nothing elsewhere.
    """

    OPTIONS = Scorer.OPTIONS
    COMPLETE = False
    # Whole mutants, and sums over paths, differ by rounding where nothing changes.
    _AUTO = ("windows",)

    def __init__(self, layers: list, reference, **options):
        # What is not finite stays so, and is refused.
        super().__init__(layers, 0 * np.asarray(reference, np.float32), rule=DERIVATIVE, **options)
