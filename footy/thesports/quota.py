"""What was spent of the quotas, on disk: a restart must not spend the same minute's quota twice."""

import contextlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from footy.files import write_atomically
from footy.thesports.circuit_breaker import CircuitBreaker
from footy.thesports.endpoints import ENDPOINTS, LIVE
from footy.thesports.tolerant import UNREADABLE

log = logging.getLogger(__name__)


class Spending:
    """Keeps the times of the attempts that quotas count.

    Before a cycle asks, what it plans is written down as if it had been asked at that moment, so that a
    process killed half-way has never spent more than the file says.
    """

    def __init__(self, breaker: CircuitBreaker, path: Path) -> None:
        self._gates = breaker
        self._path = path

    def recall(self) -> None:
        """Count what an earlier process spent."""
        try:
            spent = msgspec.json.decode(self._path.read_bytes(), type=dict[str, list[float]])
        except (OSError, *UNREADABLE):
            return
        now = time.time()
        for path, moments in spent.items():
            if path in ENDPOINTS:
                self._gates.remember(ENDPOINTS[path], [max(0.0, now - moment) for moment in moments])

    def reserve(self, matches: int) -> None:
        """Write down the most that may be asked from now on for so many matches, with two retries a call.

        The live list is had by now, and a match names two teams.
        """
        now = time.time()
        limited = {
            endpoint.path: [now] * min(6 * matches, left)
            for endpoint in ENDPOINTS.values()
            if endpoint is not LIVE and (left := self._gates.left(endpoint))
        }
        if limited:
            self._write(limited)

    def settle(self) -> None:
        """Write down what was asked."""
        self._write({})

    def _write(self, more: Mapping[str, list[float]]) -> None:
        now = time.time()
        spent = {path: [now - age for age in ages] for path, ages in self._gates.ages().items()}
        for path, moments in more.items():
            spent[path] = [*spent.get(path, []), *moments]
        if spent:
            with contextlib.suppress(OSError):
                write_atomically(self._path, msgspec.json.encode(spent))
