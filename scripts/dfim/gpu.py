"""A GPU that a job was given: whether the backend sees it, and if not, why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dfim.errors import InputError

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_COUNT = "SLURM_GPUS_ON_NODE"
# What schedulers set in a job with GPUs: which, or how many. CUDA reads the first, empty or -1 for none.
_VARIABLES = (_VISIBLE, "SLURM_JOB_GPUS", _COUNT)
_HIDDEN = ("", "-1", "NoDevFiles")
# What a driver of NVIDIA, AMD or Windows makes.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


@dataclass(frozen=True)
class Seen:
    """What a framework finds: how many GPUs, and what it needs for them; ``packages`` are those of CUDA.

    ``framework``: what it is called; ``install``: how to install what it needs, a piece of a sentence.
    """

    gpus: int
    built_for_gpus: bool
    driver: bool
    packages: bool
    framework: str
    install: str


def driver_is_there() -> bool:
    """Return whether the machine has a driver of a GPU; frameworks take seconds to say that it has none."""
    return any(Path(path).exists() for path in _DRIVERS)


def check_gpu(rule: str, asked: int, environment: Mapping[str, str], look: Callable[[], Seen]) -> bool:
    """Return whether a job was given a GPU, which the framework then sees.

    ``asked``: GPUs that the rule asks for. ``look`` is called only in a job that was given one. Raises
    InputError where the framework sees none: the job would take hours on a processor.
    """
    given = _given(asked, environment)
    if given is None:
        return False
    seen = look()
    if seen.gpus:
        return True
    reason, remedy = why_unseen(seen, environment)
    without = "take gpu out of its resources" if asked else f"set {_VISIBLE} to nothing"
    raise InputError(
        f"the job of {rule} was given a GPU ({given}), and {seen.framework} sees none: {reason}. "
        f"{remedy}; or, to compute on a processor, {without}."
    )


def _given(asked: int, environment: Mapping[str, str]) -> str | None:
    """Return what says that the job has a GPU, or None; hiding all GPUs takes back what a scheduler gave."""
    if asked:
        return f"gpu={asked} among its resources"
    if environment.get(_VISIBLE) in _HIDDEN:
        return None
    given = [(name, environment[name]) for name in _VARIABLES if environment.get(name)]
    return next((f"{name}={value}" for name, value in given if (name, value) != (_COUNT, "0")), None)


def why_unseen(seen: Seen, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return why the framework sees no GPU, and what to do, each a piece of a sentence."""
    visible = environment.get(_VISIBLE)
    if visible in _HIDDEN:
        return f"{_VISIBLE} hides them all", "Unset it"
    if not seen.built_for_gpus:
        return "it was built without CUDA", f"For one with CUDA {seen.install}"
    if not seen.driver:
        return "the machine has no driver of a GPU", "Run it where 'nvidia-smi' lists a GPU"
    if not seen.packages:
        return "the packages of CUDA are not installed", f"To install them {seen.install}"
    return "the driver shows it none of its GPUs", f"See what 'nvidia-smi' lists there, and {_VISIBLE}"
