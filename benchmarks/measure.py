"""Measurements of a process, and statistics of them."""

import resource
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

MB = 1_000_000


def peak_mb() -> float:
    """Return the peak memory of this process since its start, in MB.

    Linux counts it per program of a process; `getrusage` would include the process that it was forked from.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / MB if sys.platform == "darwin" else most * 1024 / MB
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / MB


def held_mb() -> float:
    """Return the current memory of this process, in MB."""
    return psutil.Process().memory_info().rss / MB


def descriptors() -> int:
    """Return the number of this process's open files and sockets."""
    return psutil.Process().num_fds()


def threads() -> int:
    """Return the number of this process's threads."""
    return psutil.Process().num_threads()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all lies, interpolated between the two nearest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def slope(values: Sequence[float]) -> float:
    """Return the growth of a series per value, by least squares."""
    if len(values) < 2:
        return 0.0
    return statistics.linear_regression(range(len(values)), values).slope


def median(values: Iterable[float]) -> float:
    """Return the median; 0 if there is no value."""
    found = list(values)
    return statistics.median(found) if found else 0.0
