"""How this process gives memory back: an evening of hostile replies is not to be paid for until the end."""

import ctypes
import sys

ARENA_MAX = (-8, 2)
"""glibc's M_ARENA_MAX: by default eight heaps a core, each of which keeps what its threads once used."""
MMAP_THRESHOLD = (-3, 128 * 1024)
"""glibc's M_MMAP_THRESHOLD, in bytes: larger blocks go back to the system as they are freed.

Unset, it rises to the largest block freed so far, and bodies of megabytes stay in their threads' heaps.
Source for both: mallopt(3).
"""


def give_back() -> None:
    """Have the C library return large blocks at once; nothing happens where it is another than glibc."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for name, value in (ARENA_MAX, MMAP_THRESHOLD):
            mallopt(name, value)
