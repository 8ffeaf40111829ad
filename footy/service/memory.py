"""Return freed memory to the system, so that one period of huge replies does not cost memory for good."""

import ctypes
import sys

ARENA_MAX = (-8, 2)
"""glibc's M_ARENA_MAX: by default eight heaps per core, each of which keeps what its threads once used."""
MMAP_THRESHOLD = (-3, 128 * 1024)
"""glibc's M_MMAP_THRESHOLD, in bytes: larger blocks return to the system when they are freed.

By default it grows to the size of the largest freed block, so that bodies of megabytes stay in the heaps.
Source for both: mallopt(3).
"""


def give_back() -> None:
    """Make the C library return large blocks at once; do nothing if it is not glibc."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for name, value in (ARENA_MAX, MMAP_THRESHOLD):
            mallopt(name, value)
