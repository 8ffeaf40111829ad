"""The state of a match as its emitted events describe it, with which the next record is compared.

It is stored with the events of each cycle, so it is small and can be encoded. A record is never compared with
the previous record: after a restart, a stale cycle or a failed commit that is not what was emitted
(events.md, Detection). Times are Unix seconds.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from footy.events.types import Score, SideName

T = TypeVar("T", bound=msgspec.Struct)


class Person(msgspec.Struct, frozen=True, array_like=True):
    """A player, as far as known."""

    id: str | None = None
    name: str | None = None

    def __bool__(self) -> bool:
        return self.id is not None or self.name is not None


NOBODY = Person()


class Level(msgspec.Struct, frozen=True, array_like=True):
    """A score not emitted yet, which a side has had or exceeded in every record since a time."""

    value: int
    since: float
    polled_at: float | None
    """When the first polled list with it was read; None if it has come only by push so far."""


class Link(msgspec.Struct, frozen=True, array_like=True):
    """The features of a goal's incident when it was last matched."""

    running: int | None
    """The running score of the incident's side."""
    minute: int | None
    player: Person
    gone_at: float | None = None
    """When its goal was cancelled without a review; None if it was not, or by a review."""


class GoalState(msgspec.Struct, frozen=True, array_like=True):
    """A goal that counts."""

    id: str | None
    """The id of its event; None if it was scored before the first sight, or is due to a correction."""
    at: float
    kind: str | None = None
    player: Person = NOBODY
    assist: Person = NOBODY
    link: Link | None = None
    details: int = 0
    """Number of `goal_detail` events emitted."""
    counted: int = 0
    """Number of those that count towards the limit: the first with a name does not."""


class Side(msgspec.Struct, frozen=True, array_like=True):
    """The goals of a side; their number is its displayed score."""

    goals: tuple[GoalState, ...] = ()
    removed: dict[int, int] = {}
    """Number of times that a goal's number was cancelled or corrected, by number."""
    waiting: tuple[Level, ...] = ()
    """Scores not emitted yet, nearest to the emitted one first: all above it, or all below it."""
    wary: bool = False
    """Whether the next rise must be confirmed, because a young goal was cancelled."""
    cancelled: tuple[Link, ...] = ()
    """Incidents of cancelled goals that are still listed."""

    def generation(self, number: int) -> int:
        """Return 1 plus the number of times that this goal's number was cancelled or corrected."""
        return self.removed.get(number, 0) + 1


class Missing(msgspec.Struct, frozen=True, array_like=True):
    """The absence of an incident from every complete list since a time."""

    since: float
    polled_at: float | None


class IncidentState(msgspec.Struct, frozen=True, array_like=True):
    """An incident that is an event, or was listed at the first sight."""

    type_id: int
    side: SideName | None
    number: int
    id: str | None
    """The id of its event; None if it was listed at the first sight."""
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
    reason: str | None = None
    var_reason: str | None = None
    var_result: str | None = None


class PriceState(msgspec.Struct, frozen=True, array_like=True):
    """A bookmaker's price, with which later ones are compared."""

    bookmaker_id: int
    bookmaker: str | None
    line: float | None
    prices: tuple[float | None, ...]
    """In the order of the market's outcomes."""
    at: str | None


class MarketState(msgspec.Struct, frozen=True, array_like=True):
    """The emitted state of a market."""

    open: bool | None = None
    """None if the market was never seen."""
    opened_in_play: bool = False
    references: tuple[PriceState, ...] = ()
    """One price per bookmaker; the one shown most recently is last."""
    suspended: PriceState | None = None
    """The last price before the market was suspended; None if unknown, or if the market is not suspended."""
    is_suspended: bool = False
    moved_at: float | None = None
    line_moved_at: float | None = None
    blocked: bool = False
    """Whether a move is not emitted yet because the previous one was less than a minute ago."""


class Absence(msgspec.Struct, frozen=True, array_like=True):
    """The absence of a match from the live list."""

    since: float
    lists: int
    """Number of fresh lists in a row without it, counted only as far as needed."""


class Names(msgspec.Struct, frozen=True, array_like=True):
    """The names of a match, for events without a record."""

    competition: str | None = None
    country: str | None = None
    home: str | None = None
    away: str | None = None


class PeriodScores(msgspec.Struct, frozen=True, array_like=True):
    """Scores (home, away) of periods, as far as known."""

    half_time: tuple[int, int] | None = None
    extra_time: tuple[int, int] | None = None
    shoot_out: tuple[int, int] | None = None


FieldValue = str | bool | int | float | None
"""The value of a field of a record."""


class OpenAlert(msgspec.Struct, frozen=True, array_like=True):
    """An alert whose outcome is not known yet."""

    number: int
    price: float | None
    then: dict[str, FieldValue]
    """The fields that its outcome depends on, when it fired."""
    last: dict[str, FieldValue]
    """The same fields when they were seen last, up to full time."""


class AlertState(msgspec.Struct, frozen=True, array_like=True):
    """What a rule of the operator's has done in a match."""

    count: int = 0
    """Number of its alerts."""
    holds: bool = False
    """Whether its condition was true when it was last known."""
    since: float | None = None
    """Since when it holds, for a rule that waits; None if it does not."""
    open: tuple[OpenAlert, ...] = ()


class Emitted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The emitted state of a match, and the changes that await confirmation."""

    match_id: str
    names: Names
    seen_at: float
    """When a fresh record was last seen."""
    status_id: int
    rank: int
    """The latest period emitted, from 0 before play to 6 after full time (statuses.py)."""
    period_event: str | None = None
    """The id of the newest event of a period or status, to which a correction relates."""
    full_time_event: str | None = None
    ended_at: float | None = None
    """When the status became 8; None for any other status."""
    home: Side | None = None
    """None until a score is known."""
    away: Side | None = None
    incidents: tuple[IncidentState, ...] | None = None
    """None until a list of incidents is known."""
    counts: dict[str, int] = {}
    """Number of events per kind, for the numbers in ids."""
    markets: dict[str, MarketState] = {}
    periods: PeriodScores = PeriodScores()
    absence: Absence | None = None
    left: bool = False
    muted: bool = False
    """Whether the match was first seen after full time: only its score and status count."""
    result: str | None = None
    """The id of its `result` event."""
    alerts: dict[str, AlertState] = {}
    """By the name of the rule; only of rules that have done something."""

    @property
    def score(self) -> Score | None:
        """Return the emitted score; None if it is unknown."""
        if self.home is None or self.away is None:
            return None
        return Score(len(self.home.goals), len(self.away.goals))

    @property
    def has_open_alerts(self) -> bool:
        """Check whether an alert of the match has no outcome yet."""
        return any(state.open for state in self.alerts.values())

    @property
    def waits(self) -> bool:
        """Check whether an event may follow without a further change of the record."""
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
            alerts={
                rule: replace(state, since=_moved(state.since, step_s)) for rule, state in self.alerts.items()
            },
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
        cancelled=tuple(replace(link, gone_at=_moved(link.gone_at, step_s)) for link in side.cancelled),
    )


def _moved_incident(incident: IncidentState, step_s: float) -> IncidentState:
    missing = incident.missing
    if missing is not None:
        missing = Missing(missing.since + step_s, _moved(missing.polled_at, step_s))
    return replace(incident, at=incident.at + step_s, missing=missing)


class Count(NamedTuple):
    """The next number of a kind, and the counts that include it."""

    number: int
    counts: dict[str, int]


def counted(counts: Mapping[str, int], key: str) -> Count:
    """Return the next number of a kind, from 1, and the counts that include it."""
    number = counts.get(key, 0) + 1
    return Count(number, {**counts, key: number})


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Emitted)


def encoded(emitted: Emitted) -> bytes:
    """Return the state as bytes, for the log."""
    return _encoder.encode(emitted)


def decoded(content: bytes) -> Emitted:
    """Decode a state.

    Raises:
        msgspec.DecodeError: The bytes are not an encoded state.
    """
    return _decoder.decode(content)
