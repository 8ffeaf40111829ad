"""Counters of the attempts to call the vendor, of failures and of unreadable values."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from footy.telemetry.attempts import OK, AttemptRecord

ERROR_WINDOW_S = 300.0
ERROR_WINDOW_CALLS = 100
"""The API error rate covers the last 5 minutes, and at least this many attempts."""

DAY_S = 86_400.0


@dataclass(slots=True)
class _Second:
    """Attempts of one second: memory does not grow with the number of attempts."""

    starts_at: float
    calls: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What was counted since the start."""

    attempts: Mapping[tuple[str, str], int]
    """By endpoint and outcome."""
    unreadable: Mapping[tuple[str], int]
    """Unreadable values by endpoint."""


class Counters:
    """Counts attempts and failures; safe to use from every thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._recent: deque[_Second] = deque()
        self._recent_calls = 0
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """Attempts since the start, by endpoint and outcome."""
        self.values_left_out: Counter[tuple[str, str]] = Counter()
        """Unreadable values since the start, by endpoint and field."""
        self._left_out_at: dict[tuple[str, str], float] = {}

    def note(self, attempt: AttemptRecord) -> None:
        """Count one finished attempt, if it was sent."""
        with self._lock:
            if attempt.was_sent:
                self.outcomes[attempt.endpoint, attempt.outcome] += 1
                if attempt.counts:
                    self._count(self._now(), failed=attempt.outcome != OK)

    def note_refusals(self, number: int) -> None:
        """Count refusals towards the error rate that were excused until their endpoint answered."""
        with self._lock:
            for _ in range(number):
                self._count(self._now(), failed=True)

    def unreadable(self, endpoint: str, field: str) -> bool:
        """Count an unreadable value; return whether it is the first of its field in 24 hours."""
        with self._lock:
            key, now = (endpoint, field), self._now()
            self.values_left_out[key] += 1
            is_first = now - self._left_out_at.get(key, -inf) >= DAY_S
            if is_first:
                self._left_out_at[key] = now
            return is_first

    def totals(self) -> Totals:
        """Return a copy of what was counted, while other threads go on counting."""
        with self._lock:
            attempts, left_out = dict(self.outcomes), dict(self.values_left_out)
        unreadable: Counter[tuple[str]] = Counter()
        for (endpoint, _field), count in left_out.items():
            unreadable[endpoint,] += count
        return Totals(attempts, unreadable)

    def error_rate(self) -> float | None:
        """Return the share of failed attempts, 0 to 1; None before the first attempt."""
        with self._lock:
            if not self._recent_calls:
                return None
            return sum(second.failed for second in self._recent) / self._recent_calls

    def _count(self, moment: float, *, failed: bool) -> None:
        """Count an attempt in its second, and drop the seconds outside the error rate's window."""
        if not self._recent or self._recent[-1].starts_at + 1.0 <= moment:
            self._recent.append(_Second(moment))
        self._recent[-1].calls += 1
        self._recent[-1].failed += failed
        self._recent_calls += 1
        while (
            self._recent[0].starts_at < moment - ERROR_WINDOW_S
            and self._recent_calls - self._recent[0].calls >= ERROR_WINDOW_CALLS
        ):
            self._recent_calls -= self._recent.popleft().calls
