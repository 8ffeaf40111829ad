"""Counting what was asked of the vendor and how it ended."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

ERROR_WINDOW_S = 300.0
ERROR_WINDOW_CALLS = 100
"""The API error rate is over the last 5 minutes and at least this many attempts."""


@dataclass(slots=True)
class Tally:
    """One endpoint's attempts since the start: how each ended, bytes received, seconds spent."""

    outcomes: Counter[str] = field(default_factory=Counter)
    received: int = 0
    seconds: float = 0.0


class Counters:
    """Attempts by endpoint and outcome (`ok`, or an error's outcome name); safe to use from every thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._tallies: dict[str, Tally] = {}
        self._recent: deque[tuple[float, bool]] = deque()

    def attempt(self, endpoint: str, outcome: str, *, received: int, seconds: float) -> None:
        """Count one attempt that ended; `received` is the body's bytes on the wire or decoded."""
        with self._lock:
            tally = self._tallies.setdefault(endpoint, Tally())
            tally.outcomes[outcome] += 1
            tally.received += received
            tally.seconds += seconds
            moment = self._now()
            self._recent.append((moment, outcome == "ok"))
            while len(self._recent) > ERROR_WINDOW_CALLS and self._recent[0][0] < moment - ERROR_WINDOW_S:
                self._recent.popleft()

    def error_rate(self) -> float | None:
        """Give the share of failed attempts, 0 to 1; None before the first."""
        with self._lock:
            if not self._recent:
                return None
            return sum(not ok for _, ok in self._recent) / len(self._recent)

    def tallies(self) -> dict[str, Tally]:
        """Give a copy of every endpoint's tally."""
        with self._lock:
            return {
                endpoint: Tally(Counter(tally.outcomes), tally.received, tally.seconds)
                for endpoint, tally in self._tallies.items()
            }
