"""How far the vendor's clock is from ours, as the `Date` of its replies tells.

The vendor counts minutes of play and stamps prices by its own clock; a machine whose clock is off would
publish minutes and ages that are off as well.
"""

import threading
from collections import deque
from email.utils import parsedate_to_datetime
from statistics import median

SAMPLES = 20
"""Replies whose median counts: one that a proxy kept, or that is absurd, does not matter."""
LEAST = 3
USED_FROM_S = 2.0
USED_UNTIL_S = 1.0
"""A difference counts from 2 s on, and then until it is below 1 s: a `Date` is a whole second."""
HALF_A_SECOND = 0.5
"""A `Date` is cut to the second, so the vendor's clock showed half a second more on average."""


class VendorClock:
    """The vendor's clock compared with ours; safe to use from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._differences: deque[float] = deque(maxlen=SAMPLES)
        self._used = False

    def note(self, date: str | None, sent_at: float, received_at: float) -> None:
        """Compare the `Date` of a reply with when it was asked for and received (Unix seconds by our clock).

        A reply without a `Date`, or with one that cannot be read, tells nothing.
        """
        try:
            shown = parsedate_to_datetime(date or "").timestamp() + HALF_A_SECOND
        except (ValueError, TypeError, OverflowError):
            return
        with self._lock:
            self._differences.append(shown - (sent_at + received_at) / 2)
            if len(self._differences) >= LEAST:
                far = abs(median(self._differences))
                self._used = far > USED_FROM_S or (self._used and far >= USED_UNTIL_S)

    def shift(self, step_s: float) -> None:
        """Take note that our clock was set ahead by so many seconds."""
        with self._lock:
            moved = [difference - step_s for difference in self._differences]
            self._differences.clear()
            self._differences.extend(moved)

    @property
    def measured_s(self) -> float | None:
        """The vendor's clock minus ours, in seconds; None while too few replies had a `Date`."""
        with self._lock:
            return median(self._differences) if len(self._differences) >= LEAST else None

    @property
    def offset_s(self) -> float:
        """The seconds to add to our time to get the vendor's; 0 if the clocks agree, or nothing is known."""
        with self._lock:
            return median(self._differences) if self._used else 0.0


def clock_text(measured_s: float) -> str:
    """Return how far the machine's clock is off, such as `600 s behind the vendor's`."""
    return f"{abs(measured_s):.0f} s {'behind' if measured_s > 0 else 'ahead of'} the vendor's"
