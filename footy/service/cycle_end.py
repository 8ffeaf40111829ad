"""How a cycle ended, for the watchers of the service, such as the metrics and the service manager."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from footy.errors import Exit
from footy.mirror.state import State
from footy.record import Degradation, Meta
from footy.service.indicators import Reading


@dataclass(frozen=True, slots=True)
class CycleEnd:
    """One cycle, after it has published or failed; times in Unix seconds."""

    number: int
    attempted_at: float
    ended_at: float
    error: str | None
    """Why it did not succeed, as one sentence; None if it did."""
    code: Exit
    """The exit code of that error; OK without one."""
    published: bool
    """Whether a snapshot was written, with a fresh live list or with one that is old."""
    timings: Mapping[str, float]
    """Seconds per step, and their `total`, of the last cycle that got so far."""
    publish_s: float | None
    sleep_s: float
    meta: Meta | None
    """Of the last snapshot that was published; None before the first."""
    state: State
    readings: Mapping[str, Reading]
    lacking: Mapping[str, int]
    """By kind of data, in how many matches in play it is missing or old."""
    degraded: Sequence[Degradation]


Watcher = Callable[[CycleEnd], None]
"""Is told of each cycle that has ended, in the scheduler's thread; must not block."""
