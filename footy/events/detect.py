"""Detection: find what happened in a match since its last event, as a pure function.

    detect(emitted, observation, now, rules) -> (emitted', events)

Events of one record are in the order of events.md: start of a period, cancellations, goals, incidents in list
order, any other status, prices.
"""

from collections.abc import Sequence
from enum import Enum
from operator import itemgetter
from typing import Any

from msgspec.structs import replace

from footy.events import goal_incidents, incidents, presence, prices, results, scores, statuses
from footy.events.emitted import Emitted, PeriodScores, Side
from footy.events.results import History
from footy.events.sighting import (
    INCIDENTS_AFTER_FULL_TIME_S,
    PLAYED,
    EventRules,
    Sighting,
    names_of,
    sighting_of,
)
from footy.events.types import Event, Market, Score, SideName
from footy.record import MatchRecord

__all__ = ["Compared", "EventRules", "History", "NoRecord", "Observation", "advance", "compared", "detect"]


class NoRecord(Enum):
    """An observation of a match other than a record."""

    ABSENT = "absent"
    """The match is missing from a fresh list."""
    DELETED = "deleted"
    """The match is missing from a fresh list, and the vendor reports it as deleted."""
    REFUSED = "refused"
    """The final state of the match cannot be read."""


Observation = MatchRecord | NoRecord | History

Compared = tuple[Any, ...]
"""The values of a record that events depend on, in the order of `_FIELDS`."""

_LIVE = (
    "live_source",
    "status_id",
    "odds_source",
    "home_score",
    "away_score",
    "home_score_ht",
    "away_score_ht",
    "home_score_et",
    "away_score_et",
    "home_score_pens",
    "away_score_pens",
    "competition",
    "country",
    "home",
    "away",
)
_STATUS, _ODDS = 1, 2
_PERIODS, _NAMES = slice(5, 11), slice(11, 15)


def _slices() -> tuple[tuple[str, ...], dict[Market, slice]]:
    """Return the fields that are compared before the incidents, and the slice of each market's fields."""
    fields: tuple[str, ...] = _LIVE
    found: dict[Market, slice] = {}
    for market, of_market in prices.FIELDS.items():
        found[market] = slice(len(fields), len(fields) + len(of_market.compared))
        fields += of_market.compared
    return fields, found


_BEFORE_INCIDENTS, _MARKETS = _slices()
# The list of incidents is last: its comparison takes longest.
_FIELDS = (*_BEFORE_INCIDENTS, "incidents_complete", "incidents")
_INCIDENTS = slice(len(_FIELDS) - 2, len(_FIELDS))

compared = itemgetter(*_FIELDS)
"""Return the values of a record that events depend on; if they are equal, nothing has changed."""


def detect(
    emitted: Emitted | None, observation: Observation, now: float, rules: EventRules
) -> tuple[Emitted | None, list[Event]]:
    """Return the new state, which includes the events, and the events.

    Args:
        emitted: The state after the events emitted so far; None before the first sight.
        observation: A record, a final state, or another observation.
        now: The time of the observation, in Unix seconds.
        rules: The operator's rules for events.
    """
    if not isinstance(observation, dict):
        return (None, []) if emitted is None else _without_record(emitted, observation, now, rules)
    if observation["live_source"] not in PLAYED:
        return emitted, []
    after, events = advance(emitted, observation, now, rules)
    return replace(after, seen_at=now), events


def _without_record(
    emitted: Emitted, observation: NoRecord | History, now: float, rules: EventRules
) -> tuple[Emitted, list[Event]]:
    if observation is NoRecord.ABSENT or observation is NoRecord.DELETED:
        return presence.absent(emitted, now, rules, deleted=observation is NoRecord.DELETED)
    history = observation if isinstance(observation, History) else None
    return results.concluded(emitted, history, now, rules)


def advance(
    emitted: Emitted | None,
    record: MatchRecord,
    now: float,
    rules: EventRules,
    before: Compared | None = None,
    values: Compared | None = None,
    seen_at: float | None = None,
) -> tuple[Emitted, list[Event]]:
    """Return the state after a record that counts (the same object if nothing changed), and the events.

    Args:
        emitted: The state after the events emitted so far; None before the first sight.
        record: A record whose `live_source` is `fresh` or `push`.
        now: The current time, in Unix seconds.
        rules: The operator's rules for events.
        before: The compared values of the record that led to exactly this state: equal parts are not compared
            again. If None, everything is compared.
        values: The compared values of this record, if the caller has them.
        seen_at: When a fresh record was last seen, if that is later than in the state.
    """
    if seen_at is None:
        seen_at = now if emitted is None else emitted.seen_at
    sighting = sighting_of(record, emitted, now, rules, seen_at)
    if emitted is None:
        return _first_sight(record, sighting)
    if values is None:
        values = compared(record)
    if before is not None and before[_STATUS] != values[_STATUS]:
        before = None  # the meaning of the values depends on the status
    events: list[Event] = []
    emitted, events = presence.present(emitted, sighting)
    emitted = _noted(emitted, record, values, before)
    change = statuses.change_to(emitted, sighting.status_id)
    if change is not None and change.starts_play:
        kicked_off_at = record["period_started_at"] if change.type == "kickoff" else None
        emitted, started = statuses.changed(emitted, change, sighting, kicked_off_at)
        events += started
    emitted, played = _play(emitted, record, sighting, values, before)
    events += played
    if change is not None and not change.starts_play:
        emitted, status = statuses.changed(emitted, change, sighting)
        events += status
    if sighting.status_id != statuses.FINISHED and not emitted.muted:
        emitted, moved = _prices(emitted, record, sighting, values, before)
        events += moved
    return emitted, events


def _first_sight(record: MatchRecord, sighting: Sighting) -> tuple[Emitted, list[Event]]:
    """Return the state at the first sight; nothing earlier is emitted (events.md, The first sight)."""
    status_id, now = sighting.status_id, sighting.now
    emitted = Emitted(
        match_id=sighting.match_id,
        names=sighting.names,
        seen_at=now,
        status_id=status_id,
        rank=statuses.rank_of(status_id),
        ended_at=now if status_id == statuses.FINISHED else None,
        muted=status_id == statuses.FINISHED,
        periods=_periods(record),
        markets=prices.baseline(record, sighting),
    )
    # Before play there are no incidents, whether or not the vendor sends an empty list.
    if status_id in scores.BEFORE_PLAY and record["incidents"] is None:
        emitted = replace(emitted, incidents=())
    emitted, _ = _play(emitted, record, sighting, (), None)
    seen = sighting.event(
        "match_seen",
        score=emitted.score,
        in_play=record["in_play"],
        money_line=prices.price_of(record, "money_line"),
        spread=prices.price_of(record, "spread"),
        over_under=prices.price_of(record, "over_under"),
    )
    return emitted, [seen]


def _noted(emitted: Emitted, record: MatchRecord, values: Compared, before: Compared | None) -> Emitted:
    """Return the state with the record's names and scores of periods."""
    if before is None or before[_NAMES] != values[_NAMES]:
        names = names_of(record, emitted.names)
        if names != emitted.names:
            emitted = replace(emitted, names=names)
    if before is None or before[_PERIODS] != values[_PERIODS]:
        periods = results.periods_of(emitted.periods, _periods(record))
        if periods != emitted.periods:
            emitted = replace(emitted, periods=periods)
    return emitted


def _periods(record: MatchRecord) -> PeriodScores:
    return PeriodScores(
        _pair(record["home_score_ht"], record["away_score_ht"]),
        _pair(record["home_score_et"], record["away_score_et"]),
        _pair(record["home_score_pens"], record["away_score_pens"]),
    )


def _pair(home: int | None, away: int | None) -> tuple[int, int] | None:
    return None if home is None or away is None else (home, away)


def _play(
    emitted: Emitted,
    record: MatchRecord,
    sighting: Sighting,
    values: Compared,
    before: Compared | None,
) -> tuple[Emitted, list[Event]]:
    """Return the state and the events after the score and then the incidents."""
    score = scores.known_score(record["home_score"], record["away_score"], sighting.status_id, emitted.rank)
    moved = score is not None and (
        emitted.home is None
        or emitted.away is None
        or len(emitted.home.goals) != score.home
        or len(emitted.away.goals) != score.away
        or bool(emitted.home.waiting)
        or bool(emitted.away.waiting)
    )
    listed_anew = before is None or before[_INCIDENTS] != values[_INCIDENTS] or _misses(emitted)
    if not moved and not listed_anew:
        return emitted, []
    found = _Found(emitted, record, sighting)
    events: list[Event] = []
    if moved and score is not None:
        emitted, events = _score(emitted, score, sighting, found)
    told: list[Event] = []
    if found.counts:
        emitted, told = _incidents(emitted, record, sighting, found)
    return emitted, events + told


def _misses(emitted: Emitted) -> bool:
    for incident in emitted.incidents or ():  # noqa: SIM110 - twice as fast as any(), once per match and cycle
        if incident.missing is not None:
            return True
    return False


class _Found:
    """The incidents of a record, parsed once."""

    __slots__ = ("counts", "goals", "others")

    def __init__(self, emitted: Emitted, record: MatchRecord, sighting: Sighting) -> None:
        listed = record["incidents"]
        ended_at = emitted.ended_at
        young = ended_at is None or sighting.now - ended_at <= INCIDENTS_AFTER_FULL_TIME_S
        self.counts = listed is not None and young and not emitted.muted
        """Whether incidents count: they are known, and full time is not long ago."""
        self.goals = goal_incidents.listed_goals(listed or ())
        self.others = incidents.listed_incidents(listed or ())


def _score(emitted: Emitted, score: Score, sighting: Sighting, found: _Found) -> tuple[Emitted, list[Event]]:
    if emitted.home is None or emitted.away is None:
        home, away = scores.baseline(score, sighting.now)
        return replace(emitted, home=home, away=away), []
    emitted = _followed(emitted, emitted.home, emitted.away, score, sighting)
    if emitted.home is None or emitted.away is None:
        return emitted, []
    change = scores.ready(emitted.home, emitted.away, sighting)
    if not change:
        return emitted, []
    goals: dict[SideName, dict[int, goal_incidents.ListedGoal]] = {}
    for name, before, by in _sides(emitted.home, emitted.away, change):
        side = goal_incidents.with_returned(before, len(before.goals) + by, sighting.now)
        if side is not before:
            emitted = replace(emitted, home=side) if name == "home" else replace(emitted, away=side)
        listed = goal_incidents.without_cancelled(side, found.goals[name], complete=False)[1]
        goals[name] = goal_incidents.matched(side, listed, len(side.goals) + by)
    overruled = incidents.overruled(emitted, found.others, sighting.now)
    return scores.changed(emitted, change, sighting, goals, overruled)


def _sides(home: Side, away: Side, change: scores.Ready) -> Sequence[tuple[SideName, Side, int]]:
    return (("home", home, change.home), ("away", away, change.away))


def _followed(emitted: Emitted, home: Side, away: Side, score: Score, sighting: Sighting) -> Emitted:
    now_home = scores.followed(home, score.home, sighting)
    now_away = scores.followed(away, score.away, sighting)
    if now_home is home and now_away is away:
        return emitted
    return replace(emitted, home=now_home, away=now_away)


def _incidents(
    emitted: Emitted, record: MatchRecord, sighting: Sighting, found: _Found
) -> tuple[Emitted, list[Event]]:
    """Return the state after a known list of incidents, and its events in list order, withdrawals last."""
    complete = record["incidents_complete"]
    placed: list[tuple[int, Event]] = []
    for name in ("home", "away"):
        side = emitted.home if name == "home" else emitted.away
        if side is None or not (side.goals or side.cancelled):
            continue
        now, listed = goal_incidents.without_cancelled(side, found.goals[name], complete=complete)
        of_goals = goal_incidents.matched(now, listed, len(now.goals))
        now, events = goal_incidents.detailed(now, name, of_goals, sighting, emitted.score)
        placed += events
        if now is not side:
            emitted = replace(emitted, home=now) if name == "home" else replace(emitted, away=now)
    if emitted.incidents is None:
        return incidents.baseline(found.others, emitted, sighting.now), [one for _, one in placed]
    emitted, of_others, withdrawals = incidents.detected(emitted, found.others, sighting, complete=complete)
    placed += of_others
    return emitted, [one for _, one in sorted(placed, key=itemgetter(0))] + withdrawals


def _prices(
    emitted: Emitted,
    record: MatchRecord,
    sighting: Sighting,
    values: Compared,
    before: Compared | None,
) -> tuple[Emitted, list[Event]]:
    if record["odds_source"] not in prices.GOOD_ODDS:
        return emitted, []
    if before is not None and before[_ODDS] not in prices.GOOD_ODDS:
        before = None
    events: list[Event] = []
    for market in sighting.rules.markets:
        place = _MARKETS[market]
        now = values[place]
        state = emitted.markets.get(market)
        if before is not None and before[place] == now and (state is None or not state.blocked):
            continue
        if state is not None and prices.rests(state, market, now, sighting):
            continue
        emitted, moved = prices.detected(emitted, record, market, sighting)
        events += moved
    return emitted, events
