"""A match that tests let happen record by record, and what is emitted of it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, cast

from footy.events.detect import NoRecord, Observation, detect
from footy.events.emitted import Emitted, decoded, encoded
from footy.events.sighting import EventRules
from footy.events.types import Event
from footy.record import IncidentRecord, MatchRecord, field_names

KICK_OFF = 1_795_460_400.0
"""Unix seconds: 2026-11-23T19:00:00Z."""

_STATUSES = {
    0: "Abnormal",
    1: "Not started",
    2: "First half",
    3: "Half-time",
    4: "Second half",
    8: "Finished",
}
_INCIDENT = dict.fromkeys(field_names(IncidentRecord))
_RECORD = dict.fromkeys(field_names(MatchRecord))


def incident(
    type_id: int, side: str | None = "home", minute: int | None = None, **fields: Any
) -> IncidentRecord:
    """Return an incident; a player is given by name."""
    return cast("IncidentRecord", {**_INCIDENT, "type_id": type_id, "side": side, "minute": minute, **fields})


def record(**fields: Any) -> MatchRecord:
    """Return a record of a match, in its second half at 0-0 unless fields say otherwise."""
    status_id = fields.get("status_id", 4)
    own = {
        "match_id": "4wyrn4h68yv6q86",
        "status_id": status_id,
        "status": _STATUSES.get(status_id) or f"Status {status_id}",
        "in_play": 2 <= status_id <= 7,
        "minute": 67,
        "clock": "67'",
        "competition": "Premier League",
        "country": "England",
        "home": "Town",
        "away": "City",
        "home_score": 0,
        "away_score": 0,
        "live_source": "fresh",
        "odds_source": "fresh",
        "incidents": [],
        "incidents_complete": fields.get("incidents", []) is not None,
        "kickoff_at": "2026-11-23T19:00:00Z",
    }
    return cast("MatchRecord", {**_RECORD, **own, **fields})


def money_line(home: float = 2.0, draw: float = 4.0, away: float = 4.0, **fields: Any) -> dict[str, Any]:
    """Return the record's fields of an open money line made in play; fields are named without `current_…`."""
    return _market("money_line", home=home, draw=draw, away=away, outdated=False, **fields)


def spread(line: float, home: float = 1.9, away: float = 1.9, **fields: Any) -> dict[str, Any]:
    """Return the record's fields of an open spread made in play."""
    return _market("spread", home=home, line=line, away=away, outdated=False, **fields)


def corners(line: float, **fields: Any) -> dict[str, Any]:
    """Return the record's fields of an open market of corners made in play."""
    return _market("corners", over=1.9, line=line, under=1.9, **fields)


def _market(market: str, **fields: Any) -> dict[str, Any]:
    own = {"bookmaker_id": 2, "bookmaker": "BET365", "sealed": False, "in_play": True, "at": None}
    return {f"current_{market}_{field}": value for field, value in {**own, **fields}.items()}


class Watch:
    """Sees one match; what it sees stays until it changes."""

    def __init__(self, rules: EventRules | None = None, *, restarts: bool = False, **first: Any) -> None:
        """See the match a first time, with these fields of its record."""
        self.rules = rules or EventRules()
        self.restarts = restarts
        self.now = KICK_OFF
        self.emitted: Emitted | None = None
        self.events: list[Event] = []
        self.fields: dict[str, Any] = {}
        self.first = self.see(after_s=0.0, **first)

    def see(self, after_s: float = 10.0, **fields: Any) -> list[Event]:
        """See the match so many seconds later, with what changed in its record; return the events."""
        self.fields |= fields
        return self.observe(record(**self.fields), after_s)

    def twice(self, **fields: Any) -> list[Event]:
        """See the same in two lists; return the events of both."""
        return self.see(**fields) + self.see()

    def absent(self, after_s: float = 10.0) -> list[Event]:
        """See a list without the match."""
        return self.observe(NoRecord.ABSENT, after_s)

    def observe(self, observation: Observation, after_s: float = 10.0) -> list[Event]:
        """See anything."""
        self.now += after_s
        self.emitted, events = detect(self.emitted, observation, self.now, self.rules)
        if self.restarts and self.emitted is not None:
            self.emitted = decoded(encoded(self.emitted))
        self.events += events
        return events

    @property
    def state(self) -> Emitted:
        """Return what was emitted so far."""
        assert self.emitted is not None
        return self.emitted


def keys(events: list[Event]) -> list[str]:
    """Return the ids of events without the match."""
    return [event.id.partition(":")[2] for event in events]


def said(event: Event) -> Any:
    """Return what an event says, of whatever type it is."""
    return event.data


def only(events: list[Event]) -> Any:
    """Return what the only event says."""
    [event] = events
    return event.data


def goals_told(events: Iterable[Event], start: tuple[int, int]) -> tuple[int, int]:
    """Return the score that the events come to: goals, those cancelled, and corrections."""
    told = Counter({"home": start[0], "away": start[1]})
    for event in events:
        if event.type == "goal":
            told[said(event).side] += 1
        elif event.type == "goal_cancelled":
            told[said(event).side] -= 1
        elif event.type == "score_corrected":
            told["home"] += said(event).after.home - said(event).before.home
            told["away"] += said(event).after.away - said(event).before.away
    return told["home"], told["away"]
