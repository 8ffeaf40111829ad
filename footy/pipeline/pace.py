"""The pace of the cycles: how long one may last, judged by how long the vendor takes to answer. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from footy.thesports.endpoints import Endpoint

DEADLINE_SHARE = 0.8
"""Of the interval: then a cycle publishes what it has."""
GRACE_SHARE = 0.1
"""Of the interval, a second at most: so long are attempts that were cut waited for."""
ROUND_TRIPS = 2.2
"""A cycle needs two round trips, the live list and then what it names, and a tenth of each to spare."""
RECENT = 5
"""The slowest of so many live lists counts, or a vendor who is slow now and then would be fast in between."""


def deadline_s(interval_s: float, timeout_s: float, round_trip_s: float) -> float:
    """Return the seconds that a cycle may last.

    That is 0.8 of the interval. Where two round trips do not fit into that, it is the timeout of one attempt
    if that is longer: a cycle that is cut off before anything is answered makes no progress.
    """
    share_s = DEADLINE_SHARE * interval_s
    return share_s if ROUND_TRIPS * round_trip_s <= share_s else max(share_s, timeout_s)


@dataclass(frozen=True, slots=True)
class Pace:
    """What the last cycles say about the next one; all times in seconds."""

    interval_s: float
    timeout_s: float
    """For one attempt."""
    round_trips_s: tuple[float, ...] = ()
    """How long the last live lists took, the newest last."""
    answers_s: Mapping[Endpoint, float] = field(default_factory=dict)
    """How long an answer took in the last cycle, by endpoint."""
    unfinished: bool = False
    """Whether the last cycle's time was up before all calls were sent."""

    @property
    def deadline_s(self) -> float:
        """How long a cycle may last."""
        return deadline_s(self.interval_s, self.timeout_s, self.slowest_s)

    @property
    def live_deadline_s(self) -> float:
        """How long the live list is waited for: without it a cycle makes no progress at all."""
        return max(self.deadline_s, self.timeout_s)

    @property
    def grace_s(self) -> float:
        """How long attempts that were cut are waited for."""
        return min(1.0, GRACE_SHARE * self.interval_s)

    @property
    def slowest_s(self) -> float:
        """The longest of the recent round trips; 0 if none is known."""
        return max(self.round_trips_s, default=0.0)

    @property
    def is_slow(self) -> bool:
        """Whether the vendor is so slow that cycles may take longer than the interval allows."""
        return self.deadline_s > DEADLINE_SHARE * self.interval_s

    @property
    def is_short_of_time(self) -> bool:
        """Whether the next cycle will probably not reach all that is to be asked for after the live list."""
        return self.unfinished or ROUND_TRIPS * self.slowest_s > self.deadline_s

    @property
    def apart_s(self) -> float:
        """How far apart two cycles begin: the interval, or a multiple of it where cycles are skipped."""
        if not self.is_slow:
            return self.interval_s
        return math.ceil((self.deadline_s + self.grace_s) / self.interval_s) * self.interval_s

    @property
    def enough_s(self) -> int:
        """The shortest interval at which this vendor would not be slow, in whole seconds."""
        return math.ceil(ROUND_TRIPS * self.slowest_s / DEADLINE_SHARE)

    def answered(self, round_trip_s: float) -> "Pace":
        """Return the pace after a live list that took so long."""
        return replace(self, round_trips_s=(*self.round_trips_s, round_trip_s)[-RECENT:])

    def ended(self, answers_s: Mapping[Endpoint, float], *, unfinished: bool) -> "Pace":
        """Return the pace after a cycle whose answers took so long."""
        return replace(self, answers_s=answers_s, unfinished=unfinished)

    def sentence(self) -> str:
        """Return a sentence that the vendor is slow, what follows from it, and what to do."""
        return (
            f"The vendor is slow: it takes {self.slowest_s:.1f} s to answer, and two answers do not fit into "
            f"{DEADLINE_SHARE:g} of the interval of {self.interval_s:g} s. A cycle may take "
            f"{self.deadline_s:g} s, and cycles are skipped; set FOOTY_INTERVAL to {self.enough_s} or more"
        )
