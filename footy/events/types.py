"""Event types: the data of each event, as typed values.

An event explains itself: it has names, status, clock and score, and the values before the change. The JSON
Schemas are generated from these types (`schema.py`), so field names and docstrings here are public.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

SideName = Literal["home", "away"]
Lead = Literal["home", "away", "level"]
Market = Literal["money_line", "spread", "over_under", "corners"]


class Score(msgspec.Struct, frozen=True):
    """Goals of both sides."""

    home: int
    away: int


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """One bookmaker's price of a market, in decimal odds."""

    bookmaker_id: int
    bookmaker: str | None
    line: float | None
    """The home side's handicap, or the goals or corners of over/under; None for a money line."""
    prices: dict[str, float | None]
    """By outcome: `home`, `draw`, `away`, or `over`, `under`."""
    at: str | None
    """When the bookmaker set it."""
    open: bool
    """Whether one can bet at it: not suspended, set at the displayed score and, in play, set in play."""


class MatchData(msgspec.Struct, frozen=True, kw_only=True):
    """The data of every event of a match."""

    match_id: str
    competition: str | None
    country: str | None
    home: str | None
    away: str | None
    status_id: int
    """The match's status when it was seen, as in the record."""
    minute: int | None
    clock: str | None
    late: bool
    """Whether it happened at an unknown time while footy saw no record for more than 60 s."""
    relates: str | None
    """The id of the event that this one corrects or completes."""
    seen_at: str
    """When footy saw it."""
    vendor_at: str | None
    """When it happened by the vendor's clock, if the vendor says so."""


class ScoredData(MatchData, frozen=True, kw_only=True):
    """An event that does not change the score."""

    score: Score | None


class MatchSeen(ScoredData, frozen=True, kw_only=True):
    """The first sight of a match; nothing that happened before is emitted."""

    in_play: bool
    money_line: Price | None
    spread: Price | None
    over_under: Price | None


class Period(ScoredData, frozen=True, kw_only=True):
    """A period began or ended."""

    previous_status_id: int


class StatusChange(ScoredData, frozen=True, kw_only=True):
    """Any other change of the status."""

    previous_status_id: int
    status: str
    change: Literal["resumed", "corrected"] | None
    """`resumed`: play continues in the same period; `corrected`: it went back to an earlier period."""


class Goal(MatchData, frozen=True, kw_only=True):
    """A side's displayed score rose by one."""

    side: SideName
    number: int
    """Number of the side's goal, from 1."""
    kind: Literal["goal", "penalty", "own_goal"] | None
    player_id: str | None
    player: str | None
    assist_id: str | None
    assist: str | None
    before: Score
    after: Score
    lead: tuple[Lead, Lead]
    """The leading side before and after."""
    after_full_time: bool
    """Whether it was displayed after full time and before the result."""


class GoalDetail(ScoredData, frozen=True, kw_only=True):
    """Details of a goal that became known or changed; `relates` is the goal."""

    side: SideName
    number: int
    kind: Literal["goal", "penalty", "own_goal"] | None
    player_id: str | None
    player: str | None
    assist_id: str | None
    assist: str | None


class GoalCancelled(MatchData, frozen=True, kw_only=True):
    """A goal no longer counts; `relates` is the goal, or None if it was never emitted."""

    side: SideName
    number: int
    kind: Literal["goal", "penalty", "own_goal"] | None
    player_id: str | None
    player: str | None
    before: Score
    after: Score
    lead: tuple[Lead, Lead]
    cause: Literal["var"] | None


class ScoreCorrected(MatchData, frozen=True, kw_only=True):
    """A wrong score was corrected; `relates` is the result if there is one, else a goal."""

    before: Score
    after: Score
    removed: tuple[str, ...]
    """The ids of the goals that no longer count, newest first."""


class IncidentData(ScoredData, frozen=True, kw_only=True):
    """An incident of one side."""

    side: SideName | None
    number: int
    """Number among incidents of this type and side, in the order of sighting, from the first sight on."""


class PlayerIncident(IncidentData, frozen=True, kw_only=True):
    """A card or a missed penalty."""

    player_id: str | None
    player: str | None
    reason: str | None


class Substitution(IncidentData, frozen=True, kw_only=True):
    """One player replaced another."""

    player_in_id: str | None
    player_in: str | None
    player_out_id: str | None
    player_out: str | None
    reason: str | None


class Kick(IncidentData, frozen=True, kw_only=True):
    """A kick of the shoot-out."""

    player_id: str | None
    player: str | None
    home_pens: int | None
    """The running score of the shoot-out."""
    away_pens: int | None


class VideoReview(IncidentData, frozen=True, kw_only=True):
    """The video assistant referee reviewed or decided something."""

    player_id: str | None
    player: str | None
    var_reason: str | None
    var_result: str | None


class Withdrawn(ScoredData, frozen=True, kw_only=True):
    """The vendor removed an incident; `relates` is its event."""

    withdrawn: str
    """The type of the incident's event, such as `yellow`."""
    side: SideName | None
    number: int


class PriceChange(ScoredData, frozen=True, kw_only=True):
    """A price or a line moved; both prices are from the same bookmaker."""

    market: Market
    before: Price
    after: Price


class MarketState(ScoredData, frozen=True, kw_only=True):
    """A market was suspended or reopened, whichever bookmaker is shown."""

    market: Market
    before: Price | None
    """The last price before the market closed."""
    after: Price


class MatchLeft(ScoredData, frozen=True, kw_only=True):
    """A match in play is no longer listed."""

    deleted: bool
    """Whether the vendor reports the match as deleted."""


class MatchBack(ScoredData, frozen=True, kw_only=True):
    """A match that had left is listed again."""


class Result(ScoredData, frozen=True, kw_only=True):
    """The final state of a match; emitted once."""

    half_time: Score | None
    extra_time: Score | None
    shoot_out: Score | None
    confirmed: bool
    """Whether it was read again ten minutes after full time; False if the account cannot read it."""


class Alert(ScoredData, frozen=True, kw_only=True):
    """A rule of the operator's fired."""

    rule: str
    text: str
    """What the rule says; names in it cannot act as markup, mention or link."""
    to: tuple[str, ...]
    """The names of the targets that it is for."""
    price: float | None
    """Decimal odds at which it would have been bet; None if the rule names no price, or none was open."""
    event: str | None
    """The id of the event that made the rule fire; None if the record did."""
    unseen_s: float
    """Seconds for which the match was not seen before that event, if longer than two intervals; else 0."""


class AlertSettled(ScoredData, frozen=True, kw_only=True):
    """The outcome of an alert; `relates` is the alert."""

    rule: str
    outcome: Literal["won", "lost", "void"]
    price: float | None
    """As in the alert."""


class OperationalData(msgspec.Struct, frozen=True, kw_only=True):
    """The data of every event without a match."""

    relates: str | None = None
    seen_at: str


class IndicatorChanged(OperationalData, frozen=True, kw_only=True):
    """An indicator of the service left its normal range, or returned to it."""

    indicator: str
    """`cycle`, `enrich`, `sleep` or `errors`."""
    before: str | None
    """The level (`normal`, `warning` or `critical`), a colon, and the figure; None if there was none."""
    after: str | None
    """Likewise."""


class Gap(OperationalData, frozen=True, kw_only=True):
    """A reader missed events: they are no longer kept, or its position is not in this log."""

    first: str | None
    """The first position that is no longer available, as `last` is the last one; None if unknown."""
    last: str | None


class ServiceStarted(OperationalData, frozen=True, kw_only=True):
    """The service started."""

    version: str
    mode: str


Data = MatchData | OperationalData

INCIDENT_TYPES: Mapping[int, str] = {
    3: "yellow",
    15: "second_yellow",
    4: "red",
    9: "substitution",
    16: "penalty_missed",
    29: "kick_scored",
    30: "kick_missed",
    28: "var",
}
"""The record's incident types (record.md, Incidents) that are events, with the events' types."""

_OF_INCIDENTS: Mapping[str, type[IncidentData]] = {
    "yellow": PlayerIncident,
    "second_yellow": PlayerIncident,
    "red": PlayerIncident,
    "substitution": Substitution,
    "penalty_missed": PlayerIncident,
    "kick_scored": Kick,
    "kick_missed": Kick,
    "var": VideoReview,
}

DATA: Mapping[str, type[Data]] = {
    "match_seen": MatchSeen,
    **dict.fromkeys(("kickoff", "half_time", "second_half", "extra_time", "penalties", "full_time"), Period),
    "status": StatusChange,
    "goal": Goal,
    "goal_detail": GoalDetail,
    "goal_cancelled": GoalCancelled,
    "score_corrected": ScoreCorrected,
    **_OF_INCIDENTS,
    **{f"{kind}_detail": data for kind, data in _OF_INCIDENTS.items()},
    "withdrawn": Withdrawn,
    "price_moved": PriceChange,
    "line_moved": PriceChange,
    "suspended": MarketState,
    "reopened": MarketState,
    "match_left": MatchLeft,
    "match_back": MatchBack,
    "result": Result,
    "alert": Alert,
    "alert_settled": AlertSettled,
    "indicator_changed": IndicatorChanged,
    "gap": Gap,
    "service_started": ServiceStarted,
}
"""The data of each type of event."""

PRICE_TYPES = frozenset({"price_moved", "line_moved", "suspended", "reopened"})
"""Types that are kept for some days, not as long as the match."""


class Event(msgspec.Struct, frozen=True):
    """One event."""

    id: str
    type: str
    """A key of `DATA`."""
    data: Data

    @property
    def match_id(self) -> str | None:
        """Return the id of the match; None for an operational event."""
        return self.data.match_id if isinstance(self.data, MatchData) else None
