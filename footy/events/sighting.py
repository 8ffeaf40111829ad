"""A sighting of a match: what was seen and when, and which conclusions it allows."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from footy.events.emitted import Emitted, Names
from footy.events.ids import event_id
from footy.events.types import DATA, Event, Market
from footy.record import MatchRecord
from footy.times import moment_text

LATE_AFTER_S = 60.0
"""Age of the last fresh record, in seconds, beyond which an event is late (events.md, Late events)."""
CONFIRMED_AFTER_S = 2.0
"""Minimum seconds from the first list with a change to a confirming one (events.md, Confirmation)."""
INCIDENTS_AFTER_FULL_TIME_S = 900.0
"""Seconds after full time in which incidents count (events.md, What counts)."""

_NO_NAMES = Names()

PLAYED = frozenset({"fresh", "push"})
"""Values of `live_source` in which a record counts."""


_GOALS: tuple[Market, ...] = ("money_line", "spread", "over_under")
_MARKETS: Mapping[str, tuple[Market, ...]] = {"off": (), "on": _GOALS, "corners": (*_GOALS, "corners")}


class EventRules(msgspec.Struct, frozen=True):
    """The operator's rules for events."""

    price_step: float = 5.0
    """FOOTY_PRICE_STEP: smallest move of a price, in percentage points of implied probability."""
    settle_s: float = 0.0
    """FOOTY_SETTLE: seconds that a changed score must persist before it is emitted."""
    price_events: Literal["off", "on", "corners"] = "on"
    """FOOTY_PRICE_EVENTS: `off`, `on`, or `corners` for `on` and corners."""

    @property
    def markets(self) -> tuple[Market, ...]:
        """Return the markets with price events, in the record's order."""
        return _MARKETS[self.price_events]


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One sighting of a match: the data that all rules need."""

    match_id: str
    names: Names
    status_id: int
    status: str
    """The name of the status."""
    minute: int | None
    clock: str | None
    now: float
    rules: EventRules
    polled: bool
    """Whether it was read from a list; pushed values confirm nothing."""
    late: bool

    def confirms(self, polled_at: float | None) -> bool:
        """Check whether this is a later polled list with a change that was first polled at `polled_at`."""
        return self.polled and polled_at is not None and self.now - polled_at >= CONFIRMED_AFTER_S

    def first_polled(self, polled_at: float | None) -> float | None:
        """Return when the first polled list with a change was read: `polled_at`, now, or None for not yet."""
        return self.now if polled_at is None and self.polled else polled_at

    def event(self, kind: str, /, *key: str | int | None, **fields: Any) -> Event:
        """Return an event of a type, with its own fields and those of every event of a match."""
        own = {
            "match_id": self.match_id,
            "competition": self.names.competition,
            "country": self.names.country,
            "home": self.names.home,
            "away": self.names.away,
            "status_id": self.status_id,
            "minute": self.minute,
            "clock": self.clock,
            "late": self.late,
            "relates": None,
            "seen_at": moment_text(self.now) or "",
            "vendor_at": None,
        }
        return Event(event_id(self.match_id, kind, *key), kind, DATA[kind](**(own | fields)))


def names_of(record: MatchRecord, known: Names | None = None) -> Names:
    """Return the names of a record, with those that it lacks as known before."""
    if known is None:
        known = _NO_NAMES
    elif (
        record["home"] == known.home
        and record["away"] == known.away
        and record["competition"] == known.competition
        and record["country"] == known.country
    ):
        return known
    return Names(
        record["competition"] or known.competition,
        record["country"] or known.country,
        record["home"] or known.home,
        record["away"] or known.away,
    )


def sighting_of(
    record: MatchRecord, emitted: Emitted | None, now: float, rules: EventRules, seen_at: float
) -> Sighting:
    """Return the sighting of a match by a record; `seen_at` is when a fresh record was last seen."""
    return Sighting(
        match_id=record["match_id"],
        names=names_of(record, None if emitted is None else emitted.names),
        status_id=record["status_id"],
        status=record["status"],
        minute=record["minute"],
        clock=record["clock"],
        now=now,
        rules=rules,
        polled=record["live_source"] == "fresh",
        late=emitted is not None and now - seen_at > LATE_AFTER_S,
    )


def unseen(emitted: Emitted, now: float, rules: EventRules, *, late: bool) -> Sighting:
    """Return the sighting of a match without a record."""
    return Sighting(
        match_id=emitted.match_id,
        names=emitted.names,
        status_id=emitted.status_id,
        status="",
        minute=None,
        clock=None,
        now=now,
        rules=rules,
        polled=True,
        late=late,
    )
