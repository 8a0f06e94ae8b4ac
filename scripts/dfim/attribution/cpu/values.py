"""What a network gives for whole sequences where no score is asked for: choices and factors are not kept."""

from collections.abc import Iterator

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Engine
from dfim.attribution.cpu.vectors import empty


def stages_of(engine: Engine, x: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield z and y of every stage, [position, sequence, channel], for x (sequences, length, 4)."""
    y = x
    for number, stage in enumerate(engine.plan.stages):
        z = engine.linear(number, y)
        y = empty((stage.pooled, z.shape[1], stage.channels))
        kernels.pool(z, stage.relu, stage.width, y)
        yield z, y


def top_of(engine: Engine, x: np.ndarray) -> np.ndarray:
    """Return the head's inputs less the reference's, (sequences, inputs)."""
    for _, y in stages_of(engine, x):
        top = y
    return engine.top_differences(top)


def logits_of(engine: Engine, x: np.ndarray) -> np.ndarray:
    """Return the logits, float32 (sequences, tasks)."""
    return engine.head.values(top_of(engine, x))
