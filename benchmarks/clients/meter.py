"""The cost of one cycle of a client: its time and CPU, and the calls and bytes that the vendor counts."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from benchmarks.measure import peak_mb
from thesports_simulator.process import SimulatorControl

T = TypeVar("T")


@dataclass(slots=True)
class Lap:
    """The measurements of one cycle."""

    kind: str
    matches: int
    calls: int
    """Requests that the simulator answered."""
    bytes: int
    """Bytes of reply bodies, as sent."""
    wall_s: float
    """Seconds from the start until the result is complete; for footy, until its file is written."""
    cpu_s: float
    """CPU seconds of all threads, from the start until the process is idle again."""
    peak_mb: float
    """Peak memory of the process so far."""
    new: int = 0
    """Matches that the cycle before did not have."""
    complete: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the measurements as values for JSON."""
        return asdict(self)


class Meter:
    """Measures one client of a simulator, which must have no other client meanwhile."""

    def __init__(self, control: SimulatorControl) -> None:
        self._control = control

    def lap(self, kind: str, work: Callable[[], T], rest: Callable[[], None] = lambda: None) -> tuple[Lap, T]:
        """Measure a piece of work.

        Args:
            kind: The lap's name.
            work: The work to measure.
            rest: Waits for the work of other threads: its CPU counts, its time does not.
        """
        self._control.reset()
        cpu, started = time.process_time(), time.monotonic()
        result = work()
        wall = time.monotonic() - started
        rest()
        cpu = time.process_time() - cpu
        stats = self._control.stats()
        requests = {name: count for name, count in stats["requests"].items() if count}
        return Lap(kind, 0, sum(requests.values()), stats["bytes"], wall, cpu, peak_mb()), result
