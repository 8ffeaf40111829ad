"""What one cycle of a client took: time and CPU by its own clocks, the rest as the vendor counts it."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from benchmarks.measure import peak_mb
from thesports_simulator.process import SimulatorControl

T = TypeVar("T")


@dataclass(slots=True)
class Lap:
    """One cycle as it was measured."""

    kind: str
    matches: int
    calls: int
    """Requests that the simulator answered."""
    bytes: int
    """Of reply bodies, as they were sent."""
    wall_s: float
    """From the start until the result is there; footy's is in its file by then."""
    cpu_s: float
    """Of all threads, from the start until the process rests again."""
    peak_mb: float
    """The most memory that the process has held so far."""
    new: int = 0
    """Matches that were not there in the cycle before."""
    complete: bool = True

    def as_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)


class Meter:
    """Measures what a client does of one simulator, which nobody else asks meanwhile."""

    def __init__(self, control: SimulatorControl) -> None:
        self._control = control

    def lap(self, kind: str, work: Callable[[], T], rest: Callable[[], None] = lambda: None) -> tuple[Lap, T]:
        """Measure a piece of work.

        Args:
            kind: The lap's name.
            work: What is measured.
            rest: Lets what the work left to other threads come to its end: its CPU counts, its time does not.
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
