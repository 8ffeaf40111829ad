"""The pace of cycles: how long one may last, derived from how fast the vendor answers. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from footy.thesports.endpoints import Endpoint

DEADLINE_SHARE = 0.8
"""Share of the interval after which a cycle publishes what it has."""
GRACE_SHARE = 0.1
"""Share of the interval, at most one second, to wait for aborted attempts."""
ROUND_TRIPS = 2.2
"""A cycle needs two round trips, the live list and then what it names, plus a tenth of each in reserve."""
RECENT = 5
"""Number of live lists of which the slowest counts.

If only the last one counted, a vendor who is slow now and then would count as fast in between.
"""


def deadline_s(interval_s: float, timeout_s: float, round_trip_s: float) -> float:
    """Return the seconds that a cycle may last.

    That is 0.8 of the interval. If two round trips do not fit into that, it is the timeout of one attempt, if
    that is longer: a cycle that ends before anything is answered makes no progress.
    """
    share_s = DEADLINE_SHARE * interval_s
    return share_s if ROUND_TRIPS * round_trip_s <= share_s else max(share_s, timeout_s)


@dataclass(frozen=True, slots=True)
class Pace:
    """What recent cycles imply for the next one; all times in seconds."""

    interval_s: float
    timeout_s: float
    """Timeout of one attempt."""
    round_trips_s: tuple[float, ...] = ()
    """Round-trip times of the last live lists, the newest last."""
    answers_s: Mapping[Endpoint, float] = field(default_factory=dict)
    """Time that an answer took in the last cycle, by endpoint."""
    unfinished: bool = False
    """Whether the last cycle ran out of time before all its requests were sent."""

    @property
    def deadline_s(self) -> float:
        """Time limit of a cycle."""
        return deadline_s(self.interval_s, self.timeout_s, self.slowest_s)

    @property
    def live_deadline_s(self) -> float:
        """Time limit of the live list: without it a cycle makes no progress at all."""
        return max(self.deadline_s, self.timeout_s)

    @property
    def grace_s(self) -> float:
        """How long to wait for aborted attempts."""
        return min(1.0, GRACE_SHARE * self.interval_s)

    @property
    def slowest_s(self) -> float:
        """Longest of the recent round trips; 0 if none is known."""
        return max(self.round_trips_s, default=0.0)

    @property
    def is_slow(self) -> bool:
        """Whether the vendor is so slow that cycles may last longer than `DEADLINE_SHARE` of the interval."""
        return self.deadline_s > DEADLINE_SHARE * self.interval_s

    @property
    def is_short_of_time(self) -> bool:
        """Whether the next cycle will probably run out of time for the requests after the live list."""
        return self.unfinished or ROUND_TRIPS * self.slowest_s > self.deadline_s

    @property
    def apart_s(self) -> float:
        """Time between the starts of two cycles: the interval, or a multiple of it if cycles are skipped."""
        if not self.is_slow:
            return self.interval_s
        return math.ceil((self.deadline_s + self.grace_s) / self.interval_s) * self.interval_s

    @property
    def enough_s(self) -> int:
        """Shortest interval at which this vendor would not count as slow, in whole seconds."""
        return math.ceil(ROUND_TRIPS * self.slowest_s / DEADLINE_SHARE)

    def answered(self, round_trip_s: float) -> "Pace":
        """Return the pace after a live list that took `round_trip_s`."""
        return replace(self, round_trips_s=(*self.round_trips_s, round_trip_s)[-RECENT:])

    def ended(self, answers_s: Mapping[Endpoint, float], *, unfinished: bool) -> "Pace":
        """Return the pace after a cycle whose answers took `answers_s`."""
        return replace(self, answers_s=answers_s, unfinished=unfinished)

    def sentence(self) -> str:
        """Return a sentence: the vendor is slow, the consequence, and what to do."""
        return (
            f"The vendor is slow: it takes {self.slowest_s:.1f} s to answer, and two answers do not fit into "
            f"{DEADLINE_SHARE:g} of the interval of {self.interval_s:g} s. A cycle may take "
            f"{self.deadline_s:g} s, and cycles are skipped; set FOOTY_INTERVAL to {self.enough_s} or more"
        )
