"""The vendor's quotas: the attempts left for each endpoint, including those of an earlier process.

Decisions are per endpoint and for all threads; nothing here waits.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from footy.files import write_atomically
from footy.thesports.endpoints import ENDPOINTS, LIVE, Endpoint, RateLimit
from footy.thesports.errors import QuotaSpentError
from footy.thesports.tolerant import UNREADABLE

WINDOW_SLACK_S = 2.0
"""Seconds added to each window: arrival times jitter, so an exact window could overshoot at the vendor."""
LIVE_CALLS = 3
"""Most attempts on the live list in a cycle, with two retries."""
MOST_CALLS = 6
"""Most attempts on one endpoint per match: two teams, with two retries each."""


class Quota(Protocol):
    """Limits the attempts on each endpoint."""

    def take(self, endpoint: Endpoint) -> None:
        """Count one attempt that is about to be made.

        Raises:
            QuotaSpentError: No attempt is left.
        """

    def left(self, endpoint: Endpoint) -> int | None:
        """Return the number of attempts left now; None if there is no quota."""

    def reserve(self, matches: int) -> None:
        """Save the most attempts that `matches` matches may need from now on as if they were made."""

    def save(self) -> None:
        """Save the attempts that were made."""


class SavedCalls(Protocol):
    """A second place where attempts are kept, for another machine, whose clock differs."""

    def load(self) -> Mapping[str, Sequence[float]]:
        """Return how many seconds ago the attempts on each endpoint were made."""

    def save(self, ages: Mapping[str, Sequence[float]]) -> bool:
        """Save how many seconds ago the attempts were made; return whether that was done."""


class WindowQuota:
    """Quotas as sliding windows, kept in a file across restarts; safe to use from every thread.

    Before a cycle makes its requests, they are saved as if they were made. So if the process is killed in the
    middle of a cycle, it has never made more attempts than the file says.
    """

    def __init__(
        self, overrides: Mapping[str, RateLimit] | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Create the quotas; `overrides` replaces the vendor's limits by endpoint, None removes them all."""
        self._now = now
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._saved_calls: SavedCalls | None = None
        self._is_unsaved = False
        """Whether another machine could not know what is asked now: then nothing limited is asked."""
        self._sent: dict[str, deque[float]] = {}
        limits = {} if overrides is None else overrides
        self._limits = {
            endpoint.path: limit
            for endpoint in ENDPOINTS.values()
            if overrides is not None and (limit := limits.get(endpoint.path, endpoint.quota)) is not None
        }

    def take(self, endpoint: Endpoint) -> None:
        """Count one attempt that is about to be made.

        Raises:
            QuotaSpentError: No attempt is left in the window.
        """
        limit = self._limits.get(endpoint.path)
        if limit is None:
            return
        with self._lock:
            if self._left(endpoint.path, limit) <= 0:
                said = f"{limit.calls} in {limit.seconds:.0f} s"
                raise QuotaSpentError(f"the quota of {endpoint}, {said}, is spent")
            self._sent[endpoint.path].append(self._now())

    def left(self, endpoint: Endpoint) -> int | None:
        """Return the number of attempts left in the window now; None if there is no quota."""
        limit = self._limits.get(endpoint.path)
        if limit is None:
            return None
        with self._lock:
            return self._left(endpoint.path, limit)

    def all_left(self) -> dict[str, tuple[int, int]]:
        """Return by endpoint how many attempts its window has room for now, and how many it holds."""
        with self._lock:
            return {name: (self._left(name, limit), limit.calls) for name, limit in self._limits.items()}

    def keep_in(self, path: Path) -> None:
        """Count an earlier process's attempts in this file, and save later attempts there."""
        self._path = path
        try:
            spent = msgspec.json.decode(path.read_bytes(), type=dict[str, list[float]])
        except (OSError, *UNREADABLE):
            return
        wall, now = time.time(), self._now()
        with self._lock:
            for name in spent.keys() & self._limits.keys():
                before = [now - max(0.0, wall - moment) for moment in spent[name]]
                self._sent[name] = deque(sorted([*self._sent.get(name, ()), *before]))

    def keep_by(self, saved_calls: SavedCalls, stray: int = 0) -> None:
        """Count the attempts that another machine saved here, and save later attempts here.

        They include this machine's own: those in its file are counted only if nothing was saved here.

        Args:
            saved_calls: Where they are kept.
            stray: Number of attempts that a machine that was stopped may still make, on whatever endpoint.
        """
        self._saved_calls = saved_calls
        ages, now = saved_calls.load(), self._now()
        with self._lock:
            for name in self._limits:
                if name in ages:
                    self._sent[name] = deque(sorted(now - max(0.0, age) for age in ages[name]))
                self._sent.setdefault(name, deque()).extend([now] * stray)

    def reserve(self, matches: int) -> None:
        """Save the most attempts that `matches` matches may need from now on as if they were made.

        Retries are included, and the live list, which may be asked for meanwhile.
        """
        wall, self._is_unsaved = time.time(), False
        most = ((one, LIVE_CALLS if one is LIVE else MOST_CALLS * matches) for one in ENDPOINTS.values())
        self._write({one.path: [wall] * min(calls, left) for one, calls in most if (left := self.left(one))})

    def save(self) -> None:
        """Save the attempts that were made."""
        self._write({})

    def _write(self, more: Mapping[str, list[float]]) -> None:
        if self._saved_calls is not None and self._limits:
            now = self._now()
            with self._lock:
                ages = {name: [now - moment for moment in sent] for name, sent in self._sent.items()}
            for name, moments in more.items():
                ages[name] = [*ages.get(name, []), *([0.0] * len(moments))]
            self._is_unsaved = not self._saved_calls.save(ages)
        if self._path is None:
            return
        wall, now = time.time(), self._now()
        with self._lock:
            spent = {name: [wall - (now - moment) for moment in sent] for name, sent in self._sent.items()}
        for name, moments in more.items():
            spent[name] = [*spent.get(name, []), *moments]
        if any(spent.values()):
            with contextlib.suppress(OSError):
                write_atomically(self._path, msgspec.json.encode(spent))

    def _left(self, name: str, limit: RateLimit) -> int:
        """Drop the attempts outside the window; return the number of attempts left."""
        sent, until = self._sent.setdefault(name, deque()), self._now() - limit.seconds - WINDOW_SLACK_S
        while sent and sent[0] <= until:
            sent.popleft()
        return 0 if self._is_unsaved else max(0, limit.calls - len(sent))
