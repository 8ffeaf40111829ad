"""What one cycle may spend on asking: time and retries."""

import threading
import time

from footy.thesports.endpoints import LIVE, Endpoint
from footy.thesports.failures import VendorError

MIN_RETRIES = 3
RETRY_SHARE = 5
"""Retries are at most 3, or a fifth of the calls that a cycle made, so that an outage is not made worse."""


class Budget:
    """What one cycle may spend: time until a deadline, and retries; and the count of what it spent."""

    def __init__(self, deadline: float, grace_s: float = 1.0) -> None:
        self.deadline = deadline
        """On the monotonic clock."""
        self.grace_s = grace_s
        """After the deadline every attempt has been cut; its worker is given this long to say so."""
        self.calls = 0
        """Calls planned so far; the cycle's thread counts them."""
        self.attempts = 0
        self.retries = 0
        self.kept_back = 0
        """Retries that only the live list may take, as long as it has not come."""
        self._lock = threading.Lock()
        self._failures: dict[tuple[str, str], int] = {}

    def left(self) -> float:
        """Give the seconds until the deadline."""
        return self.deadline - time.monotonic()

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

    def failed(self, endpoint: Endpoint, error: VendorError) -> int:
        """Count a failure; give the how-manieth of its kind it is in this cycle."""
        with self._lock:
            key = (endpoint.path, error.outcome)
            self._failures[key] = self._failures.get(key, 0) + 1
            return self._failures[key]
