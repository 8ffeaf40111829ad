"""Quotas: how many calls an endpoint allows in how many seconds."""

from collections import deque
from typing import NamedTuple


class Quota(NamedTuple):
    """At most `calls` calls in any `seconds` seconds."""

    calls: int
    seconds: float


def parse_quota(text: str) -> tuple[str, Quota]:
    """Parse an endpoint and its quota, such as `odds/history=120/60`.

    Raises:
        ValueError: The text has another form.
    """
    endpoint, equals, rate = text.partition("=")
    count, slash, seconds = rate.partition("/")
    if not (endpoint and equals and slash):
        raise ValueError(f"{text!r} is not ENDPOINT=COUNT/SECONDS")
    return endpoint, Quota(int(count), float(seconds))


class QuotaWindow:
    """Admits calls by a sliding window per endpoint. Refused calls do not count."""

    def __init__(self, quotas: dict[str, Quota]) -> None:
        self.quotas = quotas
        self._admitted: dict[str, deque[float]] = {}

    def admits(self, endpoint: str, now: float) -> bool:
        """Return whether a call at `now` (monotonic seconds) is within the quota, and count it if so."""
        quota = self.quotas.get(endpoint)
        if quota is None:
            return True
        admitted = self._admitted.setdefault(endpoint, deque())
        while admitted and admitted[0] <= now - quota.seconds:
            admitted.popleft()
        if len(admitted) >= quota.calls:
            return False
        admitted.append(now)
        return True
