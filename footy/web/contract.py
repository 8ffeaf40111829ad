"""What the API answers beside records and events, typed: the schemas of `/openapi.json` come from here."""

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


class LiveBoard(TypedDict):
    """What the page shows, whole: the message `all` of the stream."""

    version: str
    about: Status
    latest: list[dict[str, Any]]
    """The newest goals, cancelled goals, dismissals and final whistles, newest first."""
    columns: list[str]
    matches: list[list[Any]]
    """A list of cells per match, in the order of `columns`; the last cell is a list of `Goal`, null without
    a log."""


__all__ = [
    "ApiError",
    "EventPage",
    "Fixture",
    "Fixtures",
    "Goal",
    "Health",
    "LiveBoard",
    "MatchRecord",
    "Matches",
    "Status",
]
