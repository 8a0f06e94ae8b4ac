"""How much arithmetic each way to score mutants takes: multiplications of the matrix products, in numbers."""

from dfim.attribution.cpu.plan import Plan, Stage
from dfim.attribution.cpu.vectors import BLOCK

# What a multiplication on changes costs more than one on whole sequences: more elementwise work beside it.
_WINDOWS = 1.3
# The same of paths, whose products are small; and what a sequence takes beside, in multiplications, since its
# mutants are scored by themselves. Measured on the networks of the default run, with few mutants of many
# sequences and with all mutants of few.
_PATHS, _SEQUENCE = 1.7, 8e6
# Measured, in cycles of a core: a list of the multipliers at one place of a pool takes so many to begin with,
# so many for each multiplier, and so many to find it. A matrix product does so many multiplications in one.
_LIST, _ENTRY, _FOUND, _PRODUCT = 18, 3, 6, 14


def costs(plan: Plan, sequences: int, mutants: int, width: int, window: int) -> dict[str, float]:
    """Return the cost of each evaluation of ``mutants`` mutants of ``sequences`` sequences altogether.

    ``width`` positions are mutated in each, and the change in ``window`` positions is asked for.
    """
    forward = sum(_convolution(stage, stage.positions) for stage in plan.stages) + _head(plan, plan.head)
    whole = forward + _back(plan, plan.length)
    changed = _WINDOWS * (_forward_changed(plan, width) + _head(plan, plan.head[1:]))
    found = {
        "batched": (sequences + mutants) * whole,
        "windows": sequences * (forward + _back(plan, window))
        + mutants * (changed + _WINDOWS * _back(plan, min(window, _reach(plan, width)))),
    }
    paths, applied = _paths(plan, width)
    a_sequence, a_mutant = whole + paths + _SEQUENCE, changed + _WINDOWS * applied
    found["paths"] = _PATHS * (sequences * a_sequence + mutants * a_mutant)
    return found


def share_of_chosen(stage: Stage, first: bool) -> float:
    """Return what carrying a pool's multipliers back one by one takes, of what matrix products take.

    The former leaves out those that are 0, which are all but one of each pool and channel. Above 1 it is
    slower. ``first``: whether the stage is the network's first, whose taps lie side by side.
    """
    taps, inputs, channels = stage.kernel.shape
    lists, numbers = (1, taps * inputs) if first else (taps, inputs)
    chosen = lists * -(-numbers // BLOCK) * (_LIST + _ENTRY * channels / stage.width)
    chosen += _FOUND * channels / stage.width
    return chosen / (stage.kernel.size / _PRODUCT + channels)


def _carried(plan: Plan, number: int, rows: int) -> float:
    """Return the cost of carrying multipliers back to so many inputs of a stage."""
    stage = plan.stages[number]
    share = share_of_chosen(stage, number == 0) if stage.width > 1 else 1
    return _convolution(stage, rows) * min(share, 1)


def _convolution(stage: Stage, rows: int) -> int:
    return rows * stage.kernel.size


def _head(plan: Plan, layers: list) -> int:
    """Return the cost of dense layers one way; RevealCancel takes two products."""
    return sum((2 if layer.relu else 1) * layer.kernel.size for layer in layers)


def _windows(plan: Plan, width: int) -> list[tuple[int, int]]:
    """Return for each stage how many inputs and how many pooled positions a mutation changes."""
    found = []
    for stage in plan.stages:
        pooled = min(stage.pooled, (width + stage.taps + stage.width - 3) // stage.width + 1)
        found.append((width, pooled))
        width = pooled
    return found


def _forward_changed(plan: Plan, width: int) -> int:
    windows = _windows(plan, width)
    cost = sum(_convolution(stage, inputs) for stage, (inputs, _) in zip(plan.stages, windows, strict=True))
    return cost + _head(plan, plan.head[:1]) * windows[-1][1] // plan.stages[-1].pooled


def _back(plan: Plan, window: int) -> float:
    """Return the cost of multipliers in a window of the sequence."""
    cost = 0
    for number, stage in enumerate(plan.stages):
        cost += _carried(plan, number, window)
        window = min(stage.pooled, (window + stage.taps + stage.width - 3) // stage.width + 1)
    share = window / plan.stages[-1].pooled
    return cost + _head(plan, plan.head[1:]) + int(share * _head(plan, plan.head[:1]))


def _reach(plan: Plan, width: int) -> int:
    if not plan.linear_head:
        return plan.length
    reach = _windows(plan, width)[-1][1]
    for stage in reversed(plan.stages):
        reach = reach * stage.width + stage.taps - 1
    return min(reach, plan.length)


def _path_lengths(plan: Plan) -> list[tuple[int, int]]:
    """Return for each stage how many positions of the sequence its paths have, before and after its pool."""
    found, step, length = [], 1, 1
    for stage in plan.stages:
        convolved = length + (stage.taps - 1) * step
        length = convolved + (stage.width - 1) * step
        step *= stage.width
        found.append((convolved, length))
    return found


def numbers_of_paths(plan: Plan) -> int:
    """Return how many numbers the paths of one sequence are, all of which are held at once."""
    return sum(
        stage.channels * (stage.positions * convolved + stage.pooled * pooled)
        for stage, (convolved, pooled) in zip(plan.stages, _path_lengths(plan), strict=True)
    )


def _paths(plan: Plan, width: int) -> tuple[int, int]:
    """Return the cost of a sequence's paths, and of applying them to a mutant."""
    lengths = _path_lengths(plan)
    below = [1, *(length for _, length in lengths[:-1])]
    built = sum(_convolution(stage, stage.positions) * n for stage, n in zip(plan.stages, below, strict=True))
    applied = 0
    for number, (stage, (inputs, pooled)) in enumerate(zip(plan.stages, _windows(plan, width), strict=True)):
        # Of a pool's places two have multipliers: what is chosen, and what was.
        applied += pooled * min(stage.width, 2) * stage.channels * lengths[number][0]
        applied += _convolution(stage, inputs) if number else 0
    if plan.linear_head:
        return built, applied
    units = plan.head[0].kernel.shape[1]
    products = 2 if plan.head[0].relu else 1
    built += products * stage.pooled * stage.channels * lengths[-1][1] * units
    applied += _head(plan, plan.head[1:]) + products * plan.length * units
    return built, applied + int(pooled / stage.pooled * _head(plan, plan.head[:1]))
