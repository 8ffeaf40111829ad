"""What the events of a match have described so far: the state that the next record is compared with.

It is stored with the events of each cycle, so it is small, and can be encoded and decoded. A record is
compared with this and never with the record before it: after a restart, a stale cycle or a failed commit the
record before is not what was emitted (events.md, Detection). Times are Unix seconds.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from footy.events.types import Score, SideName

T = TypeVar("T", bound=msgspec.Struct)


class Person(msgspec.Struct, frozen=True, array_like=True):
    """A player as far as known."""

    id: str | None = None
    name: str | None = None

    def __bool__(self) -> bool:
        return self.id is not None or self.name is not None


NOBODY = Person()


class Level(msgspec.Struct, frozen=True, array_like=True):
    """A score that is not emitted, and that a side has had or exceeded in every record since some time."""

    value: int
    since: float
    polled_at: float | None
    """When the first polled list of these was read; None if it only came by push so far."""


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What an incident of a goal looked like when it was last matched."""

    running: int | None
    """The running score of its own side."""
    minute: int | None
    player: Person


class GoalState(msgspec.Struct, frozen=True, array_like=True):
    """A goal that counts."""

    id: str | None
    """Its event; None if it was scored before the first sight, or came by a correction."""
    at: float
    kind: str | None = None
    player: Person = NOBODY
    assist: Person = NOBODY
    link: Link | None = None
    details: int = 0
    """How many `goal_detail` were emitted."""
    counted: int = 0
    """Those of them that count for the limit: the first naming does not."""


class Side(msgspec.Struct, frozen=True, array_like=True):
    """The goals of a side: as many as its displayed score."""

    goals: tuple[GoalState, ...] = ()
    removed: dict[int, int] = {}
    """How often a number was cancelled or corrected away, by number."""
    waiting: tuple[Level, ...] = ()
    """Scores that wait to be emitted, from the emitted one on: all above it, or all below it."""
    wary: bool = False
    """A young goal was cancelled: the next rise has to be confirmed."""
    cancelled: tuple[Link, ...] = ()
    """Incidents of cancelled goals that are still listed."""

    def generation(self, number: int) -> int:
        """Return 1 for a goal's number that was never taken back, and one more for each time that it was."""
        return self.removed.get(number, 0) + 1


class Missing(msgspec.Struct, frozen=True, array_like=True):
    """An incident has been absent from every complete list since some time."""

    since: float
    polled_at: float | None


class IncidentState(msgspec.Struct, frozen=True, array_like=True):
    """An incident that is an event, or was there at the first sight."""

    type_id: int
    side: SideName | None
    number: int
    id: str | None
    """Its event; None if it was there at the first sight."""
    at: float
    minute: int | None = None
    player: Person = NOBODY
    player_in: Person = NOBODY
    player_out: Person = NOBODY
    pens: tuple[int | None, int | None] | None = None
    var_reason_id: int | None = None
    var_result_id: int | None = None
    details: int = 0
    counted: int = 0
    missing: Missing | None = None


class PriceState(msgspec.Struct, frozen=True, array_like=True):
    """A bookmaker's price that later ones are compared with."""

    bookmaker_id: int
    bookmaker: str | None
    line: float | None
    prices: tuple[float | None, ...]
    """In the market's order of outcomes."""
    at: str | None


class MarketState(msgspec.Struct, frozen=True, array_like=True):
    """What was emitted of a market."""

    open: bool | None = None
    """None if it was never seen."""
    opened_in_play: bool = False
    references: tuple[PriceState, ...] = ()
    """One per bookmaker, the one shown last at the end."""
    suspended: PriceState | None = None
    """The last price before the market was suspended; None if no `suspended` waits for its `reopened`."""
    is_suspended: bool = False
    moved_at: float | None = None
    line_moved_at: float | None = None
    blocked: bool = False
    """A move is not emitted yet, because another was less than a minute ago."""


class Absence(msgspec.Struct, frozen=True, array_like=True):
    """The match is missing from the live list."""

    since: float
    lists: int
    """How many fresh lists in a row; not counted further than needed."""


class Names(msgspec.Struct, frozen=True, array_like=True):
    """Who plays, for events that no record comes with."""

    competition: str | None = None
    country: str | None = None
    home: str | None = None
    away: str | None = None


class PeriodScores(msgspec.Struct, frozen=True, array_like=True):
    """Scores of periods, home and away, as far as known."""

    half_time: tuple[int, int] | None = None
    extra_time: tuple[int, int] | None = None
    shoot_out: tuple[int, int] | None = None


class Emitted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that was emitted of a match, and what awaits confirmation."""

    match_id: str
    names: Names
    seen_at: float
    """When a fresh record of it was last seen."""
    status_id: int
    rank: int
    """The highest period that was emitted, 0 before play to 6 after full time (statuses.py)."""
    period_event: str | None = None
    """The newest event of a period or status: what a correction relates to."""
    full_time_event: str | None = None
    ended_at: float | None = None
    """Since when the status is 8; None in any other."""
    home: Side | None = None
    """None if no score is known yet."""
    away: Side | None = None
    incidents: tuple[IncidentState, ...] | None = None
    """None if no list of incidents is known yet."""
    counts: dict[str, int] = {}
    """How many of a kind were counted, for numbers in ids."""
    markets: dict[str, MarketState] = {}
    periods: PeriodScores = PeriodScores()
    absence: Absence | None = None
    left: bool = False
    muted: bool = False
    """First seen after full time: only its score and status count."""
    result: str | None = None
    """The id of its `result`."""

    @property
    def score(self) -> Score | None:
        """Return the emitted score, None if none is known yet."""
        if self.home is None or self.away is None:
            return None
        return Score(len(self.home.goals), len(self.away.goals))

    @property
    def waits(self) -> bool:
        """Check whether something may be emitted without a further change of the record."""
        return bool(
            (self.home and self.home.waiting)
            or (self.away and self.away.waiting)
            or self.left
            or self.absence
            or any(market.blocked for market in self.markets.values())
            or any(incident.missing for incident in self.incidents or ())
        )

    def shifted(self, step_s: float) -> "Emitted":
        """Return the state with its times moved by so many seconds, after the machine's clock was set."""
        absence = self.absence
        return replace(
            self,
            seen_at=self.seen_at + step_s,
            ended_at=_moved(self.ended_at, step_s),
            home=None if self.home is None else _moved_side(self.home, step_s),
            away=None if self.away is None else _moved_side(self.away, step_s),
            incidents=None
            if self.incidents is None
            else tuple(_moved_incident(one, step_s) for one in self.incidents),
            markets={
                name: replace(
                    market,
                    moved_at=_moved(market.moved_at, step_s),
                    line_moved_at=_moved(market.line_moved_at, step_s),
                )
                for name, market in self.markets.items()
            },
            absence=None if absence is None else replace(absence, since=absence.since + step_s),
        )


def _moved(moment: float | None, step_s: float) -> float | None:
    return None if moment is None else moment + step_s


def _moved_side(side: Side, step_s: float) -> Side:
    return replace(
        side,
        goals=tuple(replace(goal, at=goal.at + step_s) for goal in side.goals),
        waiting=tuple(
            replace(level, since=level.since + step_s, polled_at=_moved(level.polled_at, step_s))
            for level in side.waiting
        ),
    )


def _moved_incident(incident: IncidentState, step_s: float) -> IncidentState:
    missing = incident.missing
    if missing is not None:
        missing = Missing(missing.since + step_s, _moved(missing.polled_at, step_s))
    return replace(incident, at=incident.at + step_s, missing=missing)


class Count(NamedTuple):
    """A number that was given, and the counts after it."""

    number: int
    counts: dict[str, int]


def counted(counts: Mapping[str, int], key: str) -> Count:
    """Return the next number of a kind, from 1, and the counts that include it."""
    number = counts.get(key, 0) + 1
    return Count(number, {**counts, key: number})


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Emitted)


def encoded(emitted: Emitted) -> bytes:
    """Return the state as bytes, for the store."""
    return _encoder.encode(emitted)


def decoded(content: bytes) -> Emitted:
    """Return the state that was encoded.

    Raises:
        msgspec.DecodeError: These bytes are no such state.
    """
    return _decoder.decode(content)
