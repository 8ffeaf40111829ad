"""How many calls an endpoint takes in how many seconds."""

from collections import deque
from typing import NamedTuple


class Quota(NamedTuple):
    """At most so many `calls` in any `seconds`."""

    calls: int
    seconds: float


def parse_quota(text: str) -> tuple[str, Quota]:
    """The endpoint and quota of `odds/history=120/60`.

    Raises:
        ValueError: the text is something else.
    """
    endpoint, equals, rate = text.partition("=")
    count, slash, seconds = rate.partition("/")
    if not (endpoint and equals and slash):
        raise ValueError(f"{text!r} is not ENDPOINT=COUNT/SECONDS")
    return endpoint, Quota(int(count), float(seconds))


class Turnstile:
    """Lets calls through by a sliding window. Refused calls do not count towards it."""

    def __init__(self, quotas: dict[str, Quota]) -> None:
        self.quotas = quotas
        self._passed: dict[str, deque[float]] = {}

    def lets_pass(self, endpoint: str, now: float) -> bool:
        """Whether a call at `now` (seconds on any steady clock) is within the quota; if so it is counted."""
        quota = self.quotas.get(endpoint)
        if quota is None:
            return True
        passed = self._passed.setdefault(endpoint, deque())
        while passed and passed[0] <= now - quota.seconds:
            passed.popleft()
        if len(passed) >= quota.calls:
            return False
        passed.append(now)
        return True
