"""Memory that is freed stays with the process, for the arrays that come next."""

import ctypes
import platform

# Numbers of settings in malloc.h of glibc, and the largest that it takes for the second.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST, _LARGEST_FOR_MMAP = 2**31 - 1, 2**25


def keep_freed_memory() -> None:
    """Tell glibc's malloc to keep what is freed; elsewhere nothing happens.

    The engine makes the same arrays of some hundred kB again and again. Given back and taken anew, each of
    their pages costs a visit to the kernel, which is up to a fifth of its time. The setting is that of the
    whole process; the most memory that it ever has hardly rises.
    """
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _LARGEST)
        mallopt(_MMAP_THRESHOLD, _LARGEST_FOR_MMAP)
