"""The time and the retries that one cycle may use for requests."""

import threading
import time
from collections.abc import Callable, Mapping

from footy.thesports.endpoints import LIVE, Endpoint
from footy.thesports.failure_log import FailureLog

MIN_RETRIES = 3
RETRY_SHARE = 5
"""A cycle makes at most 3 retries, or one per 5 calls if that is more, so as not to worsen an outage."""
SENDING_SHARE = 0.1
"""Share of a cycle, from its start, in which calls are sent however long the last answers took."""


class RetryBudget:
    """The budget of one cycle: its deadlines and retries, and the count of what it has used."""

    def __init__(
        self,
        deadline: float,
        grace_s: float = 1.0,
        *,
        live_deadline: float | None = None,
        answers_s: Mapping[Endpoint, float] | None = None,
        failures: FailureLog | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create a budget; deadlines are in monotonic seconds.

        Args:
            deadline: Deadline of all answers.
            grace_s: See the attribute.
            live_deadline: Deadline of the live list, if it may take longer than the rest.
            answers_s: Seconds that an answer took in the previous cycle, by endpoint.
            failures: The log of failed attempts, kept across cycles.
            now: The monotonic clock.
        """
        self.now = now
        self.deadline = deadline
        self._expected_s = answers_s or {}
        self._answers_s: dict[Endpoint, list[float]] = {}
        self._began = now()
        self._live_deadline = deadline if live_deadline is None else max(deadline, live_deadline)
        self.grace_s = grace_s
        """Seconds after the deadline that the workers have to report their aborted attempts."""
        self.calls = 0
        """Number of calls planned so far, counted by the cycle's thread."""
        self.attempts = 0
        self.retries = 0
        self.kept_back = 0
        """Number of retries reserved for the live list until it has arrived."""
        self.failures = FailureLog() if failures is None else failures
        """The log of failed attempts."""
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
        live_s = self.answer_s(LIVE) or self._expected_s.get(LIVE, 0.0)
        expected_s = max(live_s, self._expected_s.get(endpoint, 0.0))
        return left >= min(expected_s, (1 - SENDING_SHARE) * (self.deadline - self._began))

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

    def live_is_in(self, deadline: float) -> None:
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


def _median(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]
