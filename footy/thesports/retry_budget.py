"""The time and the retries that one cycle may use for requests."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field

from footy.thesports.endpoints import LIVE, Endpoint
from footy.thesports.failure_log import FailureLog

MIN_RETRIES = 3
RETRY_SHARE = 5
"""A cycle makes at most 3 retries, or one per 5 calls if that is more, so as not to worsen an outage."""
SENDING_SHARE = 0.1
"""Share of a cycle, from its start, in which calls are sent however long the last answers took."""


@dataclass
class RetryBudget:
    """The budget of one cycle: its deadlines and retries, and the count of what it has used.

    Deadlines are in seconds of the monotonic clock, which `now` reads.
    """

    deadline: float
    """Deadline of all answers."""
    grace_s: float = 1.0
    """Seconds after the deadline that the workers have to report their aborted attempts."""
    _: KW_ONLY
    live_deadline: float | None = None
    """Deadline of the live list, if it may take longer than the rest."""
    earlier_s: Mapping[Endpoint, float] = field(default_factory=dict)
    """Seconds that an answer took in the previous cycle, by endpoint."""
    failures: FailureLog = field(default_factory=FailureLog)
    """The log of failed attempts, kept across cycles."""
    now: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.calls = self.attempts = self.retries = 0
        """Numbers of calls planned, attempts sent, and retries among those."""
        self.kept_back = 0
        """Number of retries reserved for the live list until it has arrived."""
        self._answers_s: dict[Endpoint, list[float]] = {}
        self._began = self.now()
        self._live_deadline = max(self.deadline, self.live_deadline or self.deadline)
        self._lock = threading.Lock()

    def left(self, endpoint: Endpoint | None = None) -> float:
        """Return the seconds until the deadline for this endpoint."""
        return (self._live_deadline if endpoint is LIVE else self.deadline) - self.now()

    def wait_s(self) -> float:
        """Return the seconds until the last deadline, including that of the live list."""
        return max(self.deadline, self._live_deadline) - self.now()

    def has_time(self, endpoint: Endpoint, after_s: float = 0.0) -> bool:
        """Check whether a call sent `after_s` seconds from now can be answered before the deadline.

        If not, it is not sent: it would use up quota and a worker for nothing. The live list is requested
        until its deadline, because nothing can be published without it.
        """
        left = self.left(endpoint) - after_s
        if endpoint is LIVE or left <= 0:
            return left > 0
        return left >= min(
            self.answer_within_s(endpoint), (1 - SENDING_SHARE) * (self.deadline - self._began)
        )

    def answer_within_s(self, endpoint: Endpoint) -> float:
        """Return the seconds that an answer of this endpoint is expected to take; 0 if nothing is known.

        That is the time of the live list, or that of this endpoint in the last cycle if it is longer.
        """
        live_s = self.answer_s(LIVE) or self.earlier_s.get(LIVE, 0.0)
        return max(live_s, self.earlier_s.get(endpoint, 0.0))

    def answered(self, endpoint: Endpoint, seconds: float) -> None:
        """Record how long an answer took."""
        with self._lock:
            self._answers_s.setdefault(endpoint, []).append(seconds)

    def answer_s(self, endpoint: Endpoint) -> float | None:
        """Return the median duration of this endpoint's answers, in seconds; None before the first."""
        with self._lock:
            seconds = self._answers_s.get(endpoint)
            return _median(seconds) if seconds else None

    def answers_s(self) -> dict[Endpoint, float]:
        """Return the median duration of answers by endpoint, in seconds."""
        with self._lock:
            return {endpoint: _median(seconds) for endpoint, seconds in self._answers_s.items()}

    def live_arrived(self, deadline: float) -> None:
        """End the wait for the live list: from now on `deadline` applies to all answers."""
        self.kept_back = 0
        self.deadline = self._live_deadline = deadline

    def sent(self) -> None:
        """Count an attempt."""
        with self._lock:
            self.attempts += 1

    def may_retry(self, endpoint: Endpoint) -> bool:
        """Take one retry if one is left for this endpoint; return whether it was.

        The limit depends on calls made, not planned: a planned one may be served from a cache, or never be
        sent.
        """
        with self._lock:
            made = self.attempts - self.retries
            most = max(MIN_RETRIES, made // RETRY_SHARE)
            if self.retries >= (most if endpoint is LIVE else most - self.kept_back):
                return False
            self.retries += 1
            return True

    def give_back(self) -> None:
        """Return a retry that was taken and not sent, for example because the time was up after its pause."""
        with self._lock:
            self.retries -= 1


def _median(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]
