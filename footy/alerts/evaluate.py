"""Evaluate rules, as pure functions: over a record and the events that it made, and over the end of a match.

    fired(rules, sight, states) -> the states that changed, and events
    settled(rules, sight, states) -> the states that changed, and events

A rule fires when its condition comes true. Unknown is not true, and is no change: what was true stays so
until it is known to be false. The states are kept with the events (`footy/events/emitted.py`), so each alert
is decided once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from footy.alerts.fields import event_fields
from footy.alerts.logic import Scene
from footy.alerts.rules import Rule
from footy.alerts.wording import text
from footy.events.emitted import AlertState, FieldValue, OpenAlert
from footy.events.ids import event_id
from footy.events.statuses import ABANDONED, IN_PLAY
from footy.events.types import (
    Alert,
    AlertSettled,
    Event,
    MatchData,
    MatchLeft,
    Result,
    Score,
    StatusChange,
)
from footy.times import moment_text

KNOWN_PRICES = frozenset({"fresh", "cache", "partial"})
"""Values of `odds_source` with which a current price is one of now."""
_FINISHED = 8
_NEW = AlertState()
_CURRENT, _ODDS = "current_", ("current_", "early_")

Outcome = Literal["won", "lost", "void"]


class Sight(NamedTuple):
    """What is seen of one match in a cycle."""

    record: Mapping[str, Any]
    """The record, or what is known of the match without one; a field that is missing is unknown."""
    events: Sequence[Event]
    """What this cycle made of it, in order."""
    now: float
    """Unix seconds."""
    unseen_s: float = 0.0
    """How long the match was not seen before, if that is longer than usual; else 0."""


class Evaluated(NamedTuple):
    """The result of rules in one match."""

    states: dict[str, AlertState]
    """The states that changed, by rule."""
    events: list[Event]


def fired(rules: Iterable[Rule], sight: Sight, states: Mapping[str, AlertState]) -> Evaluated:
    """Return the alerts of rules for a record and its events, and the states after them.

    Args:
        rules: In the order in which they fire.
        sight: The record, which counts, and its events.
        states: What the rules have done in this match, by rule.
    """
    found = Evaluated({}, [])
    scene = Scene(usable(sight.record))
    with_events: list[tuple[Event, Scene]] | None = None
    for rule in rules:
        state = states.get(rule.name, _NEW)
        if rule.on_events:
            if not sight.events:
                continue
            if with_events is None:
                with_events = [
                    (event, Scene(scene.record, event_fields(event.type, event.data)))
                    for event in sight.events
                    if isinstance(event.data, MatchData)
                ]
            after = _by_events(rule, sight, with_events, state, found.events)
        elif state.count and rule.once == "match":
            continue
        else:
            after = _by_record(rule, sight, scene, state, found.events)
        if after is not state:
            found.states[rule.name] = after
    return found


def noted(
    rules: Iterable[Rule], record: Mapping[str, Any], states: Mapping[str, AlertState]
) -> dict[str, AlertState]:
    """Return the states in which what open alerts are judged by has changed, with the new values.

    The last record that counts is the first one of a finished match: later the vendor's counters are wrong.
    """
    changed: dict[str, AlertState] = {}
    if not any(state.open for state in states.values()):
        return changed
    of_rules = {rule.name: rule.last_fields for rule in rules}
    known = usable(record)
    for name, state in states.items():
        after = tuple(_with_last(one, of_rules.get(name, frozenset()), known) for one in state.open)
        if after != state.open:
            changed[name] = replace(state, open=after)
    return changed


def _with_last(alert: OpenAlert, of_rule: frozenset[str], record: Mapping[str, Any]) -> OpenAlert:
    """Return an alert with the values of now, also if its rule cannot be read at present."""
    last = _values(record, of_rule | alert.last.keys())
    known = {name: value for name, value in last.items() if value is not None}
    return alert if alert.last.items() >= known.items() else replace(alert, last={**alert.last, **known})


def settled(
    rules: Iterable[Rule], sight: Sight, states: Mapping[str, AlertState], *, are_all: bool = True
) -> Evaluated:
    """Return the outcomes of open alerts, once the match has its result or will get none.

    `void` counts first, then `won`, then `lost`, which is anything but won where a rule does not say.
    What is decided by an unknown field, or by neither, is void.

    Args:
        rules: The rules in use.
        sight: The events of this cycle.
        states: What the rules have done in this match, by rule.
        are_all: Whether there are no other rules: alerts of a rule that there is no more are void.
    """
    found = Evaluated({}, [])
    end = next((one for one in sight.events if _is_end(one)), None)
    if end is None or not any(state.open for state in states.values()):
        return found
    final = final_fields(end)
    for rule in rules:
        state = states.get(rule.name, _NEW)
        if rule.won is None or not state.open:
            continue
        for alert in state.open:
            outcome: Outcome = "void"
            if final is not None:
                outcome = judged(rule, Scene({**alert.last, **final}, then=alert.then))
            found.events.append(_settlement(rule.name, alert, outcome, end))
        found.states[rule.name] = replace(state, open=())
    for name, state in states.items() if are_all else ():
        if state.open and name not in found.states:
            found.events.extend(_settlement(name, alert, "void", end) for alert in state.open)
            found.states[name] = replace(state, open=())
    return found


def judged(rule: Rule, scene: Scene) -> Outcome:
    """Return the outcome of an alert by the end of the match."""
    if rule.won is None or (rule.void is not None and rule.void.run(scene) is not False):
        return "void"
    won = rule.won.run(scene)
    if won is not False:
        return "won" if won else "void"
    return "lost" if rule.lost is None or rule.lost.run(scene) else "void"


def usable(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record without prices that are not of now, or are made up."""
    source = record.get("odds_source")
    if source in KNOWN_PRICES or source is None:
        return record
    hidden = _ODDS if source == "mock" else _CURRENT
    return {name: None if name.startswith(hidden) else value for name, value in record.items()}


def final_fields(end: Event) -> dict[str, FieldValue] | None:
    """Return the record's fields that a result decides; None if the match ended without one."""
    data = end.data
    if not isinstance(data, Result):
        return None
    fields: dict[str, FieldValue] = {
        "match_id": data.match_id,
        "competition": data.competition,
        "country": data.country,
        "home": data.home,
        "away": data.away,
        "status_id": _FINISHED,
        "status": "Finished",
        "in_play": False,
        "minute": None,
        "clock": "FT",
    }
    for score, ending in (
        (data.score, ""),
        (data.half_time, "_ht"),
        (data.extra_time, "_et"),
        (data.shoot_out, "_pens"),
    ):
        fields[f"home_score{ending}"] = None if score is None else score.home
        fields[f"away_score{ending}"] = None if score is None else score.away
    return fields


def told(event: Event) -> dict[str, FieldValue]:
    """Return the record's fields that an event tells, for events that come without a record."""
    data = event.data
    assert isinstance(data, MatchData)  # noqa: S101 - only those are of a match
    fields: dict[str, FieldValue] = {
        name: getattr(data, name)
        for name in ("match_id", "competition", "country", "home", "away", "status_id", "minute", "clock")
    }
    fields["in_play"] = data.status_id in IN_PLAY
    score = getattr(data, "score", None)
    if isinstance(score, Score):
        fields |= {"home_score": score.home, "away_score": score.away}
    return fields


def _by_events(
    rule: Rule, sight: Sight, scenes: Sequence[tuple[Event, Scene]], state: AlertState, events: list[Event]
) -> AlertState:
    for event, scene in scenes:
        if state.count and rule.once == "match":
            break
        if rule.when.run(scene) is True:
            state = _fire(rule, sight, state, events, event, scene.event)
    return state


def _by_record(rule: Rule, sight: Sight, scene: Scene, state: AlertState, events: list[Event]) -> AlertState:
    outcome = rule.when.run(scene)
    if outcome is None:
        return state
    if outcome is False:
        return state if not state.holds and state.since is None else replace(state, holds=False, since=None)
    if state.holds:
        return state
    if rule.for_s:
        if state.since is None:
            return replace(state, since=sight.now)
        if sight.now - state.since < rule.for_s:
            return state
    return replace(_fire(rule, sight, state, events), holds=rule.once == "event", since=None)


def _fire(
    rule: Rule,
    sight: Sight,
    state: AlertState,
    events: list[Event],
    event: Event | None = None,
    fields: Mapping[str, Any] | None = None,
) -> AlertState:
    number = state.count + 1
    record = usable(sight.record)
    price = open_price(record, rule.price)
    events.append(_alert(rule, number, sight, price, event, fields or {}))
    if rule.won is None:
        return replace(state, count=number)
    opened = OpenAlert(number, price, _values(record, rule.then_fields), _values(record, rule.last_fields))
    return replace(state, count=number, open=(*state.open, opened))


def open_price(record: Mapping[str, Any], name: str | None) -> float | None:
    """Return a price of the record; None if one cannot bet at it, for it is suspended or outdated."""
    if name is None:
        return None
    market = name.rpartition("_")[0]
    if record.get(f"{market}_sealed") or record.get(f"{market}_outdated"):
        return None
    value: float | None = record.get(name)
    return value


def _values(record: Mapping[str, Any], names: Iterable[str]) -> dict[str, FieldValue]:
    return {name: record.get(name) for name in sorted(names)}


def _alert(
    rule: Rule,
    number: int,
    sight: Sight,
    price: float | None,
    event: Event | None,
    fields: Mapping[str, Any],
) -> Event:
    record = sight.record
    home, away = record.get("home_score"), record.get("away_score")
    data = Alert(
        match_id=record["match_id"],
        competition=record.get("competition"),
        country=record.get("country"),
        home=record.get("home"),
        away=record.get("away"),
        status_id=record["status_id"],
        minute=record.get("minute"),
        clock=record.get("clock"),
        late=event is not None and isinstance(event.data, MatchData) and event.data.late,
        relates=None,
        seen_at=moment_text(sight.now) or "",
        vendor_at=None,
        score=None if home is None or away is None else Score(home, away),
        rule=rule.name,
        text=text(rule.say, usable(record), fields),
        to=rule.to,
        price=price,
        event=None if event is None else event.id,
        unseen_s=round(sight.unseen_s, 1) if event is not None else 0.0,
    )
    return Event(event_id(data.match_id, "alert", rule.name, number), "alert", data)


def _is_end(event: Event) -> bool:
    data = event.data
    if isinstance(data, MatchLeft):
        return data.deleted
    return isinstance(data, Result) or (isinstance(data, StatusChange) and data.status_id in ABANDONED)


def _settlement(rule: str, alert: OpenAlert, outcome: Outcome, end: Event) -> Event:
    of = end.data
    assert isinstance(of, Result | StatusChange | MatchLeft)  # noqa: S101 - `_is_end` has seen to it
    data = AlertSettled(
        match_id=of.match_id,
        competition=of.competition,
        country=of.country,
        home=of.home,
        away=of.away,
        status_id=of.status_id,
        minute=of.minute,
        clock=of.clock,
        late=False,
        relates=event_id(of.match_id, "alert", rule, alert.number),
        seen_at=of.seen_at,
        vendor_at=None,
        score=of.score,
        rule=rule,
        outcome=outcome,
        price=alert.price,
    )
    return Event(event_id(of.match_id, "alert_settled", rule, alert.number), "alert_settled", data)
