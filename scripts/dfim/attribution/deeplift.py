"""DeepLIFT by the engine that suits the network and the machine; all give the same numbers."""

import logging

from dfim import backends
from dfim.attribution.rules import check_rule
from dfim.attribution.scorer import Scorer
from dfim.attribution.whole_sequences import DeepLift
from dfim.errors import InputError

logger = logging.getLogger("dfim")

WHOLE = "whole_sequences"
ENGINES = ("auto", "cpu", WHOLE)
OPTIONS = ("batch_size", "threads", "rule", "engine", "evaluation")


def deeplift(
    layers: list,
    reference,
    rule: str = "genomics_default",
    engine: str = "auto",
    evaluation: str = "auto",
    **options,
) -> Scorer:
    """Return a scorer of DeepLIFT contributions.

    ``engine``: ``cpu`` for compiled loops and mutants as changes of their sequences, ``whole_sequences`` for
    these by the backend (:mod:`dfim.backends`), on a GPU, or of networks that the other does not take, and
    ``auto`` for the one that suits.
    ``evaluation``: see :class:`dfim.attribution.cpu.CpuDeepLift`. Other arguments as in
    :func:`dfim.attribution.open_scorer`. Raises InputError on an unknown rule, engine or evaluation, and on a
    network that the engine asked for does not take.
    """
    check_rule(rule)
    if engine not in ENGINES:
        raise InputError(f"DeepLIFT has no engine {engine!r}: use one of {', '.join(ENGINES)}.")
    if engine == WHOLE or (engine == "auto" and backends.gpu_is_there()):
        return DeepLift(layers, reference, rule=rule, **options)
    # Here, since the compiler that comes with them takes half a second to load.
    from dfim.attribution.cpu import CpuDeepLift
    from dfim.attribution.cpu.plan import NotPlanned

    try:
        return CpuDeepLift(layers, reference, rule=rule, evaluation=evaluation, **options)
    except NotPlanned as reason:
        if engine == "cpu":
            raise InputError(
                f"the engine 'cpu' does not take this network ({reason}): use the engine {WHOLE}."
            ) from None
        logger.info("the CPU engine does not take this network (%s): %s scores it", reason, backends.words())
    return DeepLift(layers, reference, rule=rule, **options)
