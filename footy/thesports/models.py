"""The vendor's rows as typed values: only the fields that footy reads, under the vendor's names.

A row is unreadable without its fields that have no default. Any other field takes its default if it has an
unreadable type, and `left_out` names it (see `tolerant`). All other fields of the vendor are ignored, so it
may add some. A field that is absent or null is None. For unknown values the vendor may also send `""` or 0.
"""

from typing import Annotated, Any

import msgspec

Number = Annotated[int, msgspec.Meta(ge=1 - 2**63, le=2**63 - 1)]
"""A whole number; beyond 64 bits it is unreadable, because neither JSON readers nor footy's files hold it."""
Count = Number | None
Text = str | None


def _left_out() -> Any:
    """Return the field for what was left out of a row; its JSON name is one that no vendor uses."""
    return msgspec.field(default=(), name="footy.left_out")


class SideScore(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One side's seven counters, as in `score[2]`, `score[3]`, `home_scores` and `away_scores`."""

    goals: Count = None
    half_time: Count = None
    red_cards: Count = None
    yellow_cards: Count = None
    corners: Count = None
    """-1 if the vendor has no data."""
    extra_time: Count = None
    """Goals after 120 minutes, including those of regular time; 0 if there was no extra time."""
    shoot_out: Count = None


class LiveScore(msgspec.Struct, frozen=True, array_like=True):
    """The six elements of `score` of a live match; the sixth is filler."""

    match_id: str | None
    status_id: Number
    home: SideScore = SideScore()
    away: SideScore = SideScore()
    period_started_at: Count = None
    """Unix seconds; 0 if no period is running."""


class StatRow(msgspec.Struct, frozen=True, gc=False):
    """One statistic of a live match; the type ids are in `codes.STAT_FIELDS`."""

    type: Number
    home: Count = None
    away: Count = None


class Incident(msgspec.Struct, frozen=True, gc=False):
    """One incident of a live match; `time` is the running minute, including stoppage time."""

    type: Number
    position: Count = None
    time: Count = None
    add_time: Count = None
    player_id: Text = None
    player_name: Text = None
    assist1_id: Text = None
    assist1_name: Text = None
    home_score: Count = None
    away_score: Count = None
    in_player_id: Text = None
    in_player_name: Text = None
    out_player_id: Text = None
    out_player_name: Text = None
    reason_type: Count = None
    var_reason: Count = None
    var_result: Count = None


Incidents = Annotated[list[Incident], msgspec.Meta(max_length=300)]
"""A list of incidents. The longest that was captured has 30; one ten times as long cannot be genuine, and to
compare thousands with those before would take minutes."""
Stats = Annotated[list[StatRow], msgspec.Meta(max_length=300)]
"""A list of statistics; a real one has up to 10 rows."""


class LiveMatch(msgspec.Struct, frozen=True):
    """An element of `match/detail_live`."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    score: LiveScore
    stats: Stats | None = None
    incidents: Incidents | None = None
    left_out: tuple[str, ...] = _left_out()


class Round(msgspec.Struct, frozen=True, gc=False):
    """The stage and round of a match; 0 and `""` are unknown."""

    stage_id: Text = None
    round_num: Count = None
    group_num: Count = None


class Aggregate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The goals of both legs, including extra time, as in `agg_score`."""

    home: Count = None
    away: Count = None


class Environment(msgspec.Struct, frozen=True, gc=False):
    """Weather at the ground: a code and four texts with their unit, such as `"759mmHg"`."""

    weather: Count = None
    pressure: Text = None
    temperature: Text = None
    wind: Text = None
    humidity: Text = None


class Detail(msgspec.Struct, frozen=True):
    """A row of `match/recent/list`: who plays whom, where and when."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    home_team_id: Text = None
    away_team_id: Text = None
    competition_id: Text = None
    season_id: Text = None
    status_id: Count = None
    match_time: Count = None
    venue_id: Text = None
    referee_id: Text = None
    related_id: Text = None
    note: Text = None
    neutral: Count = None
    has_ot: Count = None
    ended: Count = None
    home_position: str | Number | None = None
    away_position: str | Number | None = None
    agg_score: Aggregate | None = None
    round: Round | None = None
    environment: Environment | None = None
    updated_at: Count = None
    left_out: tuple[str, ...] = _left_out()


class Team(msgspec.Struct, frozen=True, gc=False):
    """A row of `team/additional/list`."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    name: Text = None
    short_name: Text = None
    logo: Text = None
    country_id: Text = None
    gender: Count = None
    national: Count = None
    uid: Text = None
    """The id of the team that this one was merged into, if it was a duplicate."""
    updated_at: Count = None
    left_out: tuple[str, ...] = _left_out()


class Competition(msgspec.Struct, frozen=True, gc=False):
    """A row of `competition/additional/list`."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    name: Text = None
    type: Count = None
    country_id: Text = None
    category_id: Text = None
    uid: Text = None
    updated_at: Count = None
    left_out: tuple[str, ...] = _left_out()


class Country(msgspec.Struct, frozen=True, gc=False):
    """A row of `country/list` or `category/list`: both have the same two fields."""

    id: str
    name: Text = None
    left_out: tuple[str, ...] = _left_out()


class Named(msgspec.Struct, frozen=True, gc=False):
    """A name beside the rows of `match/diary`."""

    id: Text = None
    name: Text = None


class DiaryNames(msgspec.Struct, frozen=True):
    """`results_extra` of `match/diary`: the names that its rows refer to."""

    competition: list[Named] | None = None
    team: list[Named] | None = None


class OddsRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One price change of a bookmaker in a market (8 elements).

    `first`, `line` and `last` are home, draw, away in market `eu`; home, handicap, away in `asia`; over,
    line, under in `bs` and `cr`. Prices of `eu` are decimal odds, the others Hong Kong odds.
    """

    at: Number
    minute: Text
    first: float
    line: float
    last: float
    status_id: Number
    sealed: Number
    score: str = ""
    """`"home-away"` at that time: goals, or corners in market `cr`."""


class Markets(msgspec.Struct, frozen=True):
    """One bookmaker's rows by market, newest first; an absent market is empty."""

    eu: list[OddsRow] = []
    asia: list[OddsRow] = []
    bs: list[OddsRow] = []
    cr: list[OddsRow] = []


Odds = dict[str, Markets]
"""Results of `odds/history`: each bookmaker's markets, by its id (a number as text)."""

_LONGEST_ID = 18
"""Digits of a number that surely fits into 64 bits."""


def bookmaker_number(company: str) -> int | None:
    """Return the bookmaker's number that a reply about odds has as a key; None if it is none."""
    is_number = company.isascii() and company.isdecimal() and len(company) <= _LONGEST_ID
    return int(company) if is_number else None


class OddsChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An entry of `odds/live`: a row of `odds/history` in one of two formats.

    `packed` is `[time, minute, "first,line,last,sealed", status]` or
    `[time, minute, first, line, last, status, sealed]`: both are documented, neither was captured.
    """

    match_id: str
    market: str
    packed: list[Any]
    score: str = ""


class OddsUpdate(msgspec.Struct, frozen=True, gc=False):
    """An entry of `odds/update`: a match whose odds changed at one bookmaker, and the time of the change."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    update_time: Count = None
    left_out: tuple[str, ...] = _left_out()


class Deleted(msgspec.Struct, frozen=True):
    """Results of `deleted`: ids that the vendor removed in the last day."""

    match: list[str] = []
    team: list[str] = []
    competition: list[str] = []
