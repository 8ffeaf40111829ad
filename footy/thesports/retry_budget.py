"""What one cycle may spend on asking: time and retries."""

import threading
import time
from collections.abc import Callable, Mapping

from footy.thesports.endpoints import LIVE, Endpoint
from footy.thesports.failure_log import FailureLog

MIN_RETRIES = 3
RETRY_SHARE = 5
"""Retries are at most 3, or a fifth of the calls that a cycle made, so that an outage is not made worse."""
SENDING_SHARE = 0.1
"""In this first part of a cycle calls are sent however long the last answer took."""


class RetryBudget:
    """What one cycle may spend: time until a deadline, and retries; and the count of what it spent."""

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
        """Take deadlines on the monotonic clock, which `now` reads.

        Args:
            deadline: When everything has to be answered.
            grace_s: See the attribute.
            live_deadline: When the live list has to be, if it may take longer than the rest.
            answers_s: Seconds that an answer took in the cycle before, by endpoint.
            failures: What the log has of failed attempts, over all cycles.
            now: The monotonic clock.
        """
        self.now = now
        self.deadline = deadline
        self._expected_s = answers_s or {}
        self._answers_s: dict[Endpoint, list[float]] = {}
        self._began = now()
        self._live_deadline = deadline if live_deadline is None else max(deadline, live_deadline)
        self.grace_s = grace_s
        """After the deadline every attempt has been cut; its worker is given this long to say so."""
        self.calls = 0
        """Calls planned so far; the cycle's thread counts them."""
        self.attempts = 0
        self.retries = 0
        self.kept_back = 0
        """Retries that only the live list may take, as long as it has not come."""
        self.failures = FailureLog() if failures is None else failures
        """What the log has of the attempts that failed."""
        self._lock = threading.Lock()

    def left(self, endpoint: Endpoint | None = None) -> float:
        """Return the seconds until the deadline of calls to this endpoint."""
        return (self._live_deadline if endpoint is LIVE else self.deadline) - self.now()

    def wait_s(self) -> float:
        """Return the seconds until nothing can be answered in time any more, the live list included."""
        return max(self.deadline, self._live_deadline) - self.now()

    def has_time(self, endpoint: Endpoint, after_s: float = 0.0) -> bool:
        """Check whether a call that is sent so many seconds from now can be answered before the deadline.

        A call that cannot be is not sent: it would spend a quota and a turn for nothing. The live list is
        asked for until its deadline, because without it nothing else can be published.
        """
        left = self.left(endpoint) - after_s
        if endpoint is LIVE or left <= 0:
            return left > 0
        return left >= min(self.expected_s(endpoint), (1 - SENDING_SHARE) * (self.deadline - self._began))

    def expected_s(self, endpoint: Endpoint) -> float:
        """Return the seconds that an answer of this endpoint is expected to take; 0 if nothing is known.

        That is the time of the live list, or that of this endpoint in the cycle before if it is longer.
        """
        live_s = self.answer_s(LIVE) or self._expected_s.get(LIVE, 0.0)
        return max(live_s, self._expected_s.get(endpoint, 0.0))

    def answered(self, endpoint: Endpoint, seconds: float) -> None:
        """Note how long an answer took."""
        with self._lock:
            self._answers_s.setdefault(endpoint, []).append(seconds)

    def answer_s(self, endpoint: Endpoint) -> float | None:
        """Return the median of the seconds that the answers of this endpoint took; None before the first."""
        with self._lock:
            seconds = self._answers_s.get(endpoint)
            return _median(seconds) if seconds else None

    def answers_s(self) -> dict[Endpoint, float]:
        """Return those medians by endpoint."""
        with self._lock:
            return {endpoint: _median(seconds) for endpoint, seconds in self._answers_s.items()}

    def live_is_in(self, deadline: float) -> None:
        """Wait for no live list any more: from now on everything has to be answered by `deadline`."""
        self.kept_back = 0
        self.deadline = self._live_deadline = deadline

    def sent(self) -> None:
        """Count an attempt."""
        with self._lock:
            self.attempts += 1

    def may_retry(self, endpoint: Endpoint) -> bool:
        """Take one retry, where one is left for this endpoint.

        What was planned does not count: it may be answered without the vendor, or never be asked.
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
