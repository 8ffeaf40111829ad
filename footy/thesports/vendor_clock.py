"""Measure the difference between the vendor's clock and ours from the `Date` headers of its replies.

The vendor computes minutes of play and dates prices by its own clock. If the machine's clock were used
instead, its error would be in every minute and age that footy publishes.
"""

import functools
import threading
from collections import deque
from email.utils import parsedate_to_datetime
from statistics import median

SAMPLES = 20
"""Number of replies for the median, which a cached or absurd `Date` does not affect."""
LEAST = 3
USED_FROM_S = 2.0
USED_UNTIL_S = 1.0
"""A difference is applied above 2 s, and then until it is below 1 s: a `Date` is exact only to a second."""
HALF_A_SECOND = 0.5
"""Added to a `Date`: it is truncated to the second, so on average the vendor's clock was this far ahead."""


class VendorClock:
    """Compares the vendor's clock with ours; safe to use from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._differences: deque[float] = deque(maxlen=SAMPLES)
        self._used = False

    def note(self, date: str | None, sent_at: float, received_at: float) -> None:
        """Compare the `Date` of a reply with the times of sending and receiving (Unix seconds, our clock).

        A reply without a readable `Date` is ignored.
        """
        try:
            shown = _seconds(date or "") + HALF_A_SECOND
        except (ValueError, TypeError, OverflowError):
            return
        with self._lock:
            self._differences.append(shown - (sent_at + received_at) / 2)
            if len(self._differences) >= LEAST:
                far = abs(median(self._differences))
                self._used = far > USED_FROM_S or (self._used and far >= USED_UNTIL_S)

    def shift(self, step_s: float) -> None:
        """Adjust the differences after our clock was set ahead by `step_s` seconds."""
        with self._lock:
            moved = [difference - step_s for difference in self._differences]
            self._differences.clear()
            self._differences.extend(moved)

    @property
    def measured_s(self) -> float | None:
        """The vendor's clock minus ours, in seconds; None if too few replies had a `Date`."""
        with self._lock:
            return median(self._differences) if len(self._differences) >= LEAST else None

    @property
    def offset_s(self) -> float:
        """The seconds to add to our time to get the vendor's; 0 if the clocks agree or that is unknown."""
        with self._lock:
            return median(self._differences) if self._used else 0.0


@functools.lru_cache(maxsize=1)
def _seconds(date: str) -> float:
    """Return a `Date` in Unix seconds; many replies of a cycle have the same one."""
    return parsedate_to_datetime(date).timestamp()


def clock_text(measured_s: float) -> str:
    """Return how far the machine's clock is off, such as `600 s behind the vendor's`."""
    return f"{abs(measured_s):.0f} s {'behind' if measured_s > 0 else 'ahead of'} the vendor's"
