"""The types of the API's answers besides records and events, from which `/openapi.json` is made."""

from typing import Any, NotRequired, TypedDict

from footy.record import Degradation, Fixture, Fixtures, MatchRecord, Meta


class ApiError(TypedDict):
    """Why a request was refused."""

    error: str
    """One sentence."""


class Matches(TypedDict):
    """Matches of the newest snapshot; with `fields` only those fields of each."""

    meta: Meta
    matches: list[dict[str, Any]]


class Health(TypedDict):
    """Whether an instance is well."""

    well: bool
    health: NotRequired[str]
    """One line; not at `/healthz`."""


class Status(TypedDict):
    """How the instance is: what `footy status` says too."""

    well: NotRequired[bool]
    """Not at `/api/live`."""
    health: NotRequired[str]
    mode: str
    """`live` or `demo`."""
    snapshot: Meta | None
    """What the newest snapshot says of itself; null before the first."""
    started_at: str | None
    last_attempt_at: str | None
    last_success_at: str | None
    last_error: str | None
    """Why the last cycle did not succeed."""
    interval_s: float
    stale_after_s: float
    """The age of the last success, in seconds, from which on the instance is stale."""
    indicators: dict[str, str]
    """Those that are not normal."""
    degraded: list[Degradation]
    not_in_plan: list[str]
    quota_left: dict[str, int]
    """Calls left of each endpoint that has a quota; empty from `footy serve`."""
    timezone: str
    odds_format: str
    events: bool
    """There is a log of events."""
    alerts: str | None
    """The position of the newest alert, or of its outcome; null if there is none."""
    position: str | None
    """The newest position of the log."""
    fixtures_at: str | None
    """When the fixtures were read."""


class EventPage(TypedDict):
    """Events of the log, oldest first."""

    position: str
    """Give it as `after` to go on."""
    newest: str
    """The newest position of the log: nothing is left where it is the same."""
    gap: bool
    """The first event is a `footy.gap`: some events that were asked for are not kept any more."""
    events: list[dict[str, Any]]
    """Envelopes (CloudEvents 1.0)."""


class Goal(TypedDict):
    """A goal as the log knows it."""

    id: str
    """Of its event."""
    side: str
    minute: int | None
    player: str | None
    kind: str | None
    score: dict[str, int]
    """After it: `home`, `away`."""
    seen_at: str
    late: bool
    cancelled_at: str | None
    cause: str | None
    """`var`, where a video review cancelled it."""


class AlertMark(TypedDict):
    """An alert as a row of the page marks it."""

    id: str
    """Of its event."""
    rule: str
    seen_at: str
    outcome: str | None
    """`won`, `lost` or `void`; null as long as it is open."""


class KeptAlert(TypedDict):
    """An alert in the log, with what became of it."""

    id: str
    """Of its event."""
    rule: str
    text: str
    """What the rule said."""
    match_id: str
    home: str | None
    away: str | None
    competition: str | None
    country: str | None
    seen_at: str
    """When the rule fired."""
    clock: str | None
    score: dict[str, int] | None
    """When the rule fired: `home`, `away`."""
    price: float | None
    """Decimal odds at which it would have been bet; null if the rule names no price, or none was open."""
    event: str | None
    """The id of the event that made the rule fire; null if the record did."""
    late: bool
    outcome: str | None
    """`won`, `lost` or `void`; null as long as it is open, or if the rule has no `won`."""
    settled_at: str | None
    final: dict[str, int] | None
    """The score that decided it: `home`, `away`."""


class RuleOutcomes(TypedDict):
    """What became of the alerts of a rule, as `footy alerts outcomes` says it."""

    rule: str
    alerts: int
    won: int
    lost: int
    void: int
    open: int
    rate: float | None
    """The share that was won of those won or lost."""
    interval: tuple[float, float] | None
    """The Wilson 95 % interval of that rate."""
    break_even: float | None
    """The rate at which the same stake on each, at its price, would neither win nor lose."""
    gain: float | None
    """The yield: what the same stake on each would have brought, as a share of all stakes."""


class Alerts(TypedDict):
    """Alerts of the log, newest first, and what became of all of them by rule."""

    position: str
    """The newest position of the log."""
    alerts: list[KeptAlert]
    rules: list[RuleOutcomes]
    """Of all alerts asked for that are kept, those beyond `limit` too."""
    complete: bool
    """False if the log keeps more alerts than are counted: the newest ones are."""


class PriceAt(TypedDict):
    """A bookmaker's price of a market at one moment."""

    at: str | None
    """When the bookmaker set it, by the vendor's clock."""
    minute: int | None
    score: str | None
    """At which it was made, such as `1-0`; of the corners market, the corners."""
    suspended: bool
    line: float | None
    """The home side's handicap, or the goals or corners of over/under; null for a money line."""
    prices: dict[str, float | None]
    """Decimal odds by outcome: `home`, `draw`, `away`, or `over`, `under`."""


class BookmakerPrices(TypedDict):
    """A bookmaker's opening, early and newest price of a market."""

    market: str
    """`money_line`, `spread`, `over_under` or `corners`."""
    bookmaker_id: int
    bookmaker: str | None
    rows: int
    """How many prices are known."""
    opening: PriceAt
    """The oldest price."""
    early: PriceAt | None
    """The newest open price of the early window, otherwise the newest suspended one."""
    now: PriceAt
    """The newest price; if the match is over, the last one."""
    state: str | None
    """Of the newest price: `now`, `suspended`, or `old`, that is made at another score, before play, or too
    long ago; null if the match is not live."""
    best: list[str]
    """Outcomes for which nobody offers more now, at the line that the record shows; empty if nobody else
    offers one."""


class PriceSeries(TypedDict):
    """Every price of a bookmaker in a market, oldest first: lists of one length."""

    market: str
    bookmaker_id: int
    bookmaker: str | None
    at: list[int]
    """Unix seconds, by the vendor's clock."""
    minute: list[int | None]
    status_id: list[int]
    score: list[str | None]
    suspended: list[bool]
    line: list[float] | None
    """Null for a money line."""
    prices: dict[str, list[float | None]]
    """Decimal odds by outcome."""


class MatchOdds(TypedDict):
    """Every known price of a match, and a summary for each bookmaker."""

    match_id: str
    archive: str | None
    """`waiting`, `whole`, `empty`, `partial` or `lost`; null if the match is not over."""
    whole: bool
    """These are all prices that the vendor has, exactly."""
    note: str | None
    """Why they are not whole."""
    read_at: str | None
    """When the newest of them were read."""
    rows: int
    """How many prices are known, of all markets."""
    left_out: int
    """How many of the prices asked for, the oldest, are not in `series`."""
    bookmakers: list[BookmakerPrices]
    """Of all markets and bookmakers, whatever is asked for."""
    series: list[PriceSeries]
    """Of the markets and bookmakers asked for."""


class MatchMinutes(TypedDict):
    """What the record of a match showed, minute by minute: lists of one length, oldest first."""

    match_id: str
    at: list[int]
    """When the values of each row were read, Unix seconds. A minute without a row: the values before hold."""
    fields: dict[str, list[Any]]
    """Fields of the record, each with its values."""
    left_out: int
    """How many of the rows, the oldest, are not in it."""


class LiveBoard(TypedDict):
    """What the page shows, whole: the message `all` of the stream."""

    version: str
    about: Status
    latest: list[dict[str, Any]]
    """The newest goals, cancelled goals, dismissals and final whistles, newest first."""
    columns: list[str]
    matches: list[list[Any]]
    """A list of cells per match, in the order of `columns`; the last two cells are lists of `AlertMark` and
    `Goal`, null without a log."""


PARTS = (ApiError, AlertMark, Goal)
"""Types that no answer names: they are in errors, and in lists of cells."""

__all__ = [
    "PARTS",
    "AlertMark",
    "Alerts",
    "ApiError",
    "BookmakerPrices",
    "EventPage",
    "Fixture",
    "Fixtures",
    "Goal",
    "Health",
    "KeptAlert",
    "LiveBoard",
    "MatchMinutes",
    "MatchOdds",
    "MatchRecord",
    "Matches",
    "PriceAt",
    "PriceSeries",
    "RuleOutcomes",
    "Status",
]
