"""Statistics of the simulator: counts, arrivals, connections, and a log of replies."""

from collections import deque
from itertools import islice
from typing import Any

_ARRIVALS_KEPT = 20_000
_REPLIES_KEPT = 20_000


class Ledger:
    """Counts since the start or the last reset; a reset keeps the count of open connections."""

    def __init__(self) -> None:
        self.open = 0
        self.in_flight = 0
        self.number = 0
        self._replies: deque[dict[str, Any]] = deque(maxlen=_REPLIES_KEPT)
        self.reset()

    def reset(self) -> None:
        """Reset all counters."""
        self.accepted = 0
        self.peak_open = self.open
        self.peak_in_flight = self.in_flight
        self.bytes_sent = 0
        self.requests: dict[str, int] = {}
        self.throttled: dict[str, int] = {}
        self.faults: dict[str, int] = {}
        self._arrivals: dict[str, deque[float]] = {}

    def connected(self) -> None:
        """Count an accepted connection."""
        self.accepted += 1
        self.open += 1
        self.peak_open = max(self.peak_open, self.open)

    def disconnected(self) -> None:
        """Count a closed connection."""
        self.open -= 1

    def arrived(self, endpoint: str, now: float) -> None:
        """Count a request that arrived at this time of the monotonic clock."""
        self.requests[endpoint] = self.requests.get(endpoint, 0) + 1
        if endpoint not in self._arrivals:
            self._arrivals[endpoint] = deque(maxlen=_ARRIVALS_KEPT)
        self._arrivals[endpoint].append(now)
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def done(self) -> None:
        """Count a request that was answered, or whose connection ended before."""
        self.in_flight -= 1

    def throttle(self, endpoint: str) -> None:
        """Count a call that was refused because of the quota."""
        self.throttled[endpoint] = self.throttled.get(endpoint, 0) + 1

    def fault(self, name: str) -> None:
        """Count an injected fault."""
        self.faults[name] = self.faults.get(name, 0) + 1

    def replied(self, entry: dict[str, Any]) -> None:
        """Log a reply under the next sequence number."""
        self.number += 1
        self._replies.append({"seq": self.number} | entry)

    def stats(self) -> dict[str, Any]:
        """Return all counts, as values for JSON."""
        return {
            "requests": self.requests,
            "total": sum(self.requests.values()),
            "bytes": self.bytes_sent,
            "throttled": self.throttled,
            "faults": self.faults,
            "connections": {"accepted": self.accepted, "open": self.open, "peak_open": self.peak_open},
            "in_flight": self.in_flight,
            "peak_in_flight": self.peak_in_flight,
            "arrivals": {endpoint: list(times) for endpoint, times in self._arrivals.items()},
        }

    def log(self, since: int) -> list[dict[str, Any]]:
        """Return the kept replies with a sequence number greater than `since`, oldest first."""
        kept = len(self._replies)
        return list(islice(self._replies, kept - min(kept, max(0, self.number - since)), None))

    def last(self, most: int) -> list[dict[str, Any]]:
        """Return the last replies, at most so many, oldest first."""
        return self.log(self.number - most)
