"""The public contract: the record of a match, and the files that carry it.

docs/record.md explains each field. Unknown values are None. Times are ISO 8601 texts in UTC with `Z`. Ids are
the vendor's.
"""

from typing import Any, Literal, NotRequired, TypedDict

SCHEMA = 2
"""Version of this contract; it increases only if a field changes its meaning, type or name."""


class IncidentRecord(TypedDict):
    """One incident of a match."""

    minute: int | None
    """Counted on through stoppage time: 45+2 is 47."""
    added_time: int | None
    """Minute of stoppage time; for type 19 the announced minutes."""
    type_id: int | None
    type: str | None
    side: str | None
    """`home`, `away`, or None if the incident belongs to neither side."""
    player_id: str | None
    player: str | None
    assist_id: str | None
    assist: str | None
    player_in_id: str | None
    player_in: str | None
    player_out_id: str | None
    player_out: str | None
    home_score: int | None
    """The running score after the incident."""
    away_score: int | None
    home_pens: int | None
    """The running score of the shoot-out; only for types 29 and 30."""
    away_pens: int | None
    reason_id: int | None
    reason: str | None
    var_reason_id: int | None
    var_reason: str | None
    var_result_id: int | None
    var_result: str | None


class MatchRecord(TypedDict):
    """One live match as a flat record: scalars, and one list, `incidents`. Readers must not modify it."""

    match_id: str
    status_id: int
    status: str
    """The name of `status_id`; `Status N` if it has none."""
    in_play: bool
    """The status is one of 2 to 7."""
    minute: int | None
    """Minute of play from 1, counted on through stoppage time; None if it is not credible."""
    clock: str
    """The clock for people, such as `45+2'`, `HT` or `FT`; the status name if there is no minute."""
    kickoff_at: str | None
    period_started_at: str | None
    """As the vendor sends it: for a while it may be the start of the previous period."""
    ended_at: str | None
    competition_id: str | None
    competition: str | None
    competition_type: str | None
    """`league`, `cup` or `friendly`."""
    country_id: str | None
    """None for internationals and continental competitions."""
    country: str | None
    """The country's name; the category's (such as `Europe`) if the competition has no country."""
    category_id: str | None
    season_id: str | None
    stage_id: str | None
    round: int | None
    group: int | None
    """1 is group A."""
    venue_id: str | None
    referee_id: str | None
    related_id: str | None
    """The other leg of a tie."""
    note: str | None
    neutral: bool | None
    extra_time: bool | None
    """Whether the match has gone past regular time; None if the detail is unknown and nothing shows it."""
    aggregate_home: int | None
    """Goals of both legs, as the vendor sends it: it may lag behind the score by one."""
    aggregate_away: int | None
    home_id: str | None
    home: str | None
    """The team's name."""
    home_short: str | None
    home_logo: str | None
    """A URL."""
    home_country_id: str | None
    home_gender: str | None
    """`men` or `women`."""
    home_national: bool | None
    home_position: int | None
    """Rank in the table."""
    away_id: str | None
    away: str | None
    away_short: str | None
    away_logo: str | None
    away_country_id: str | None
    away_gender: str | None
    away_national: bool | None
    away_position: int | None
    home_score: int | None
    """The displayed score: with extra time if there was any, without the shoot-out."""
    away_score: int | None
    home_score_ht: int | None
    away_score_ht: int | None
    home_score_et: int | None
    """Goals after extra time, including those of regular time."""
    away_score_et: int | None
    home_score_pens: int | None
    """Goals of the shoot-out alone."""
    away_score_pens: int | None
    has_stats: bool
    """The vendor covers this match with statistics."""
    home_red_cards: int | None
    home_yellow_cards: int | None
    home_corners: int | None
    away_red_cards: int | None
    away_yellow_cards: int | None
    away_corners: int | None
    home_shots_on_target: int | None
    home_shots_off_target: int | None
    home_attacks: int | None
    home_dangerous_attacks: int | None
    home_possession: int | None
    """Percent."""
    home_penalties: int | None
    """Penalties awarded, scored or not."""
    away_shots_on_target: int | None
    away_shots_off_target: int | None
    away_attacks: int | None
    away_dangerous_attacks: int | None
    away_possession: int | None
    away_penalties: int | None
    weather_id: int | None
    weather: str | None
    temperature_c: float | None
    temperature_f: float | None
    wind_ms: float | None
    """Metres per second."""
    wind_mph: float | None
    """Miles per hour."""
    wind: str | None
    """The name of the wind on the Beaufort scale."""
    humidity: int | None
    """Percent, at most 100."""
    pressure_mmhg: float | None
    pressure_inhg: float | None
    pressure_hpa: float | None
    fetched_at: str | None
    """When the live list arrived; `minute` is the minute at this time."""
    detail_fetched_at: str | None
    odds_fetched_at: str | None
    live_source: str
    """`fresh`, `cache`, `stale`, `missing`, `none`, `refused` or `mock`, as all `…_source` fields."""
    detail_source: str
    odds_source: str
    """Also `partial`: the prices come from a feed, and the odds history has not been read yet."""
    home_source: str
    away_source: str
    competition_source: str
    country_source: str
    data_age_s: float
    """Age of the oldest of live data, detail and odds at publication, in seconds."""
    incidents: list[IncidentRecord] | None
    """In the vendor's order, which is the order of play; None if there is no readable list."""
    incidents_complete: bool
    """False if `incidents` is None, or if an unreadable incident was left out."""
    early_money_line_home: float | None
    """Decimal odds, like all prices without a suffix."""
    early_money_line_draw: float | None
    early_money_line_away: float | None
    early_money_line_home_american: int | None
    """American odds, like all `…_american` fields."""
    early_money_line_draw_american: int | None
    early_money_line_away_american: int | None
    early_money_line_bookmaker_id: int | None
    early_money_line_bookmaker: str | None
    early_money_line_minute: int | None
    """Minute of play when the price was set."""
    early_money_line_at: str | None
    early_money_line_sealed: bool | None
    """Whether the bookmaker had suspended the market at this price."""
    early_money_line_in_play: bool | None
    early_money_line_score: str | None
    """The score when the price was set, such as `1-0`; corners in the corners markets."""
    early_spread_home: float | None
    early_spread_line: float | None
    """The home side's handicap in goals: -0.5 if home gives half a goal."""
    early_spread_away: float | None
    early_spread_home_american: int | None
    early_spread_away_american: int | None
    early_spread_bookmaker_id: int | None
    early_spread_bookmaker: str | None
    early_spread_minute: int | None
    early_spread_at: str | None
    early_spread_sealed: bool | None
    early_spread_in_play: bool | None
    early_spread_score: str | None
    early_over_under_over: float | None
    early_over_under_line: float | None
    """Total goals of the match."""
    early_over_under_under: float | None
    early_over_under_over_american: int | None
    early_over_under_under_american: int | None
    early_over_under_bookmaker_id: int | None
    early_over_under_bookmaker: str | None
    early_over_under_minute: int | None
    early_over_under_at: str | None
    early_over_under_sealed: bool | None
    early_over_under_in_play: bool | None
    early_over_under_score: str | None
    early_corners_over: float | None
    early_corners_line: float | None
    """Corners in the whole match."""
    early_corners_under: float | None
    early_corners_over_american: int | None
    early_corners_under_american: int | None
    early_corners_bookmaker_id: int | None
    early_corners_bookmaker: str | None
    early_corners_minute: int | None
    early_corners_at: str | None
    early_corners_sealed: bool | None
    early_corners_in_play: bool | None
    early_corners_score: str | None
    current_money_line_home: float | None
    current_money_line_draw: float | None
    current_money_line_away: float | None
    current_money_line_home_american: int | None
    current_money_line_draw_american: int | None
    current_money_line_away_american: int | None
    current_money_line_bookmaker_id: int | None
    current_money_line_bookmaker: str | None
    current_money_line_minute: int | None
    current_money_line_at: str | None
    current_money_line_sealed: bool | None
    current_money_line_in_play: bool | None
    current_money_line_score: str | None
    current_money_line_outdated: bool | None
    """Whether it was set in play at another score than the record's; None if either score is unknown."""
    current_spread_home: float | None
    current_spread_line: float | None
    current_spread_away: float | None
    current_spread_home_american: int | None
    current_spread_away_american: int | None
    current_spread_bookmaker_id: int | None
    current_spread_bookmaker: str | None
    current_spread_minute: int | None
    current_spread_at: str | None
    current_spread_sealed: bool | None
    current_spread_in_play: bool | None
    current_spread_score: str | None
    current_spread_outdated: bool | None
    current_over_under_over: float | None
    current_over_under_line: float | None
    current_over_under_under: float | None
    current_over_under_over_american: int | None
    current_over_under_under_american: int | None
    current_over_under_bookmaker_id: int | None
    current_over_under_bookmaker: str | None
    current_over_under_minute: int | None
    current_over_under_at: str | None
    current_over_under_sealed: bool | None
    current_over_under_in_play: bool | None
    current_over_under_score: str | None
    current_over_under_outdated: bool | None
    current_corners_over: float | None
    current_corners_line: float | None
    current_corners_under: float | None
    current_corners_over_american: int | None
    current_corners_under_american: int | None
    current_corners_bookmaker_id: int | None
    current_corners_bookmaker: str | None
    current_corners_minute: int | None
    current_corners_at: str | None
    current_corners_sealed: bool | None
    current_corners_in_play: bool | None
    current_corners_score: str | None


class Counts(TypedDict):
    """Numbers of matches in a snapshot."""

    live: int
    in_play: int
    status: dict[str, int]
    """Number of matches by status id (as text)."""


class Timings(TypedDict):
    """Seconds that each step of a cycle took."""

    live: float
    enrich: float
    flatten: float
    filter: float
    publish: float | None
    """Of the previous cycle; None in the first."""
    total: float
    """From `live` to `filter`."""


class Meta(TypedDict):
    """A snapshot's description of itself."""

    schema: int
    mode: str
    """`live` or `demo`."""
    cycle: int
    """Number since the start, from 1."""
    fetched_at: str | None
    published_at: str
    complete: bool
    """Nothing is missing, stale, partial, mock or unreadable; `none` and `refused` do not count."""
    counts: Counts
    requests: int
    """Attempts sent to the vendor in this cycle."""
    timings: Timings
    problems: list[str]
    """Plain sentences, without any secret."""


class Snapshot(TypedDict):
    """The content of matches.json: all live matches, in play or not."""

    meta: Meta
    matches: list[MatchRecord]
    """Ordered by country, competition, kick-off, match id; None last."""


class Fixture(TypedDict):
    """A match that kicks off soon."""

    match_id: str
    kickoff_at: str
    competition_id: str | None
    competition: str | None
    country: str | None
    """As in a record; None if the competition has not been live yet."""
    home_id: str | None
    home: str | None
    away_id: str | None
    away: str | None
    neutral: bool | None


class Fixtures(TypedDict):
    """The content of fixtures.json: what kicks off in the next 12 hours, in order of kick-off."""

    fetched_at: str | None
    """When the vendor was asked; None before its first answer."""
    source: str | None
    """`fresh`, `stale` or `refused`; None before the first answer."""
    fixtures: list[Fixture]


class Degradation(TypedDict):
    """A kind of data that most matches in play have lacked for too long."""

    kind: str
    """`details`, `odds` or `names`."""
    matches: int
    """Number of matches in play for which it is missing, old or made up."""
    in_play: int
    since: str
    """Since when more than half of the matches in play have lacked it."""


class LeaseState(TypedDict):
    """Who leads, of several machines with one store."""

    name: str
    """FOOTY_LEASE."""
    role: Literal["leader", "standby"]
    """What this machine is."""
    leader: str | None
    """Who leads; None if nobody is known to."""
    since: str | None
    """Since when."""
    standbys: list[str]
    """Who else stands by."""
    seen_at: str | None
    """When the store answered last."""
    problem: str | None
    """Why the store does not answer; None if it does."""


class Push(TypedDict):
    """The state of the vendor's push."""

    state: str
    """`connected`, `connecting`, `standby`, `refused`, `unreachable`, `silent`, `flooding` or `malformed`."""
    since: str
    why: str | None


class Heartbeat(TypedDict):
    """The content of heartbeat.json."""

    pid: int
    started_at: str
    cycle: int
    last_attempt_at: str | None
    last_success_at: str | None
    last_error: str | None
    last_error_code: NotRequired[int | None]
    """The exit code of a command with this error; None if the last cycle succeeded."""
    interval_s: float
    mode: str
    indicators: dict[str, str]
    """Level and figure of those that are not normal, by name: `cycle`, `enrich`, `sleep` or `errors`."""
    page: NotRequired[str | None]
    """Where the page and the API are served; None if they are not."""
    account_shared_with: NotRequired[str | None]
    """Another footy on this machine that uses the same account: its PID and data folder."""
    not_in_plan: NotRequired[list[str]]
    """Endpoints that the account lacks. This and later fields are absent in heartbeats of older versions."""
    degraded: NotRequired[list[Degradation]]
    """Why health is degraded; empty if it is not."""
    events_position: NotRequired[str | None]
    """The newest position written to the log of events; None before the first."""
    events_problem: NotRequired[str | None]
    """Why events are not written, or what became of those before; None if all is well."""
    lease: NotRequired[LeaseState]
    """Who leads; absent without FOOTY_STORE."""
    push: NotRequired[Push]
    """How the push stands; absent if it is switched off."""


def field_names(contract: Any = MatchRecord) -> tuple[str, ...]:
    """Return the names of a contract's fields, in the contract's order."""
    return tuple(contract.__annotations__)
