"""What a job takes: the unit in which demands are told."""

from dataclasses import dataclass

# Start of Python with the library: seconds, MB.
PLAIN = (2.0, 210.0)


@dataclass(frozen=True)
class Demand:
    """Processor time in seconds on one core, memory in MB while it runs, and disk in MB that stays.

    ``passing`` is the disk in MB of what is there while it runs and is deleted later; ``download`` the MB that
    it fetches.
    """

    seconds: float
    memory: float
    disk: float = 0.0
    passing: float = 0.0
    download: float = 0.0
