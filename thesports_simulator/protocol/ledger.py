"""What the simulator has seen and said: counts, arrivals, connections and a log of replies."""

from collections import deque
from typing import Any

_ARRIVALS_KEPT = 20_000
_REPLIES_KEPT = 20_000


class Ledger:
    """Counts since the start or the last reset; connections open stay counted through a reset."""

    def __init__(self) -> None:
        self.open = 0
        self.in_flight = 0
        self.number = 0
        self._replies: deque[dict[str, Any]] = deque(maxlen=_REPLIES_KEPT)
        self.reset()

    def reset(self) -> None:
        """Zeroes all that counts up."""
        self.accepted = 0
        self.peak_open = self.open
        self.peak_in_flight = self.in_flight
        self.bytes_sent = 0
        self.requests: dict[str, int] = {}
        self.throttled: dict[str, int] = {}
        self.faults: dict[str, int] = {}
        self._arrivals: dict[str, deque[float]] = {}

    def connected(self) -> None:
        """A connection was accepted."""
        self.accepted += 1
        self.open += 1
        self.peak_open = max(self.peak_open, self.open)

    def disconnected(self) -> None:
        """A connection ended."""
        self.open -= 1

    def arrived(self, endpoint: str, now: float) -> None:
        """A request came in, at this time of the steady clock."""
        self.requests[endpoint] = self.requests.get(endpoint, 0) + 1
        if endpoint not in self._arrivals:
            self._arrivals[endpoint] = deque(maxlen=_ARRIVALS_KEPT)
        self._arrivals[endpoint].append(now)
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def done(self) -> None:
        """A request was answered, or its connection ended before."""
        self.in_flight -= 1

    def throttle(self, endpoint: str) -> None:
        """A call was refused as one too many."""
        self.throttled[endpoint] = self.throttled.get(endpoint, 0) + 1

    def fault(self, name: str) -> None:
        """A fault was played."""
        self.faults[name] = self.faults.get(name, 0) + 1

    def replied(self, entry: dict[str, Any]) -> None:
        """Logs a reply; it gets the next sequence number."""
        self.number += 1
        self._replies.append({"seq": self.number} | entry)

    def stats(self) -> dict[str, Any]:
        """Everything counted, JSON-able."""
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
        """The replies with a sequence number greater than `since`, oldest first, as far as they are kept."""
        return [entry for entry in self._replies if entry["seq"] > since]
