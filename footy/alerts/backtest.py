"""Backtest rules: what they would have made of matches that are kept as minute rows and events. Pure.

The rules are evaluated as in the service, by `evaluate`, as if footy had looked once a minute: a row is what
the record showed when it was read last in a minute of the clock. What rows cannot tell of a rule is said by
`limits`; a rule without limits fires exactly as with an interval of 60 s.
"""

from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Any, NamedTuple

from footy.alerts.evaluate import Evaluated, Sight, fired, noted, settled, told
from footy.alerts.fields import EVENTS, RECORD
from footy.alerts.logic import Scene
from footy.alerts.rules import Rule
from footy.events.emitted import AlertState
from footy.events.statuses import ABANDONED, IN_PLAY
from footy.events.types import PRICE_TYPES, Event, MatchData
from footy.history.minutes import FIELDS, MinuteRow
from footy.times import unix_seconds

MINUTE_S = 60
PRICES_KEPT_S = 7 * 86_400.0
"""How long events of prices are kept (events.md)."""
_FINISHED = 8
_NOT_IN_PLAY = (0, 1, _FINISHED, 9, 10, *sorted(ABANDONED), 13)
"""The statuses of a match that is not in play, of which there is at most one row."""
_PLAYED = frozenset({"kickoff", "half_time", "second_half", "extra_time", "penalties"})
"""Types of events of matches in play."""
_OWN = frozenset({"alert", "alert_settled"})
_LEFT = "match_left"
"""The type of event of a match in play that has no record."""
_NOTHING: Mapping[str, Any] = {}


def limits(rule: Rule, since_s: float = 0.0) -> list[str]:
    """Return the limits of a rule's backtest, as clauses; without any, it is exact.

    Args:
        rule: The rule.
        since_s: How long ago the backtest begins, in seconds.
    """
    found = []
    if 0 < rule.for_s < MINUTE_S:
        found.append(f"for is {rule.for_s:g} s, and rows are a minute apart: it is taken as a minute")
    lacking = sorted((_fields(rule) & RECORD.keys()) - FIELDS.keys() - {"match_id", "live_source"})
    if lacking:
        found.append(f"minute rows do not have {', '.join(lacking)}: unknown")
    if _may_fire_out_of_play(rule):
        found.append("it may fire while a match is not in play, when there are no minute rows")
    if rule.for_s and any(_may_be_true(rule, _in_play_without_minute(one)) for one in sorted(IN_PLAY)):
        found.append(
            "for counts minutes at half-time in which the match was not listed: rows do not tell them"
        )
    if _notes_out_of_play(rule):
        found.append("of an event while a match is not in play, price and then. are those of the last row")
    prices = PRICE_TYPES if rule.when.kinds is None else PRICE_TYPES & rule.when.kinds
    if rule.on_events and prices and since_s > PRICES_KEPT_S:
        found.append(f"events such as {min(prices)} are kept for 7 days")
    return found


def _fields(rule: Rule) -> frozenset[str]:
    said = {field for _, field, _, _ in Formatter().parse(rule.say) if field}
    named = rule.when.fields | rule.then_fields | rule.last_fields | said
    return named | {rule.price} if rule.price is not None else named


def _notes_out_of_play(rule: Rule) -> bool:
    """Check whether a rule fires on events alone, possibly out of play, but stores fields of the record."""
    if not rule.on_events or rule.when.fields or (rule.when.kinds is not None and rule.when.kinds <= _PLAYED):
        return False
    return rule.price is not None or bool(rule.then_fields)


def _may_fire_out_of_play(rule: Rule) -> bool:
    """Check whether a condition can be true in any status out of play, whatever the other fields are."""
    happening: list[Mapping[str, Any]] = [_NOTHING]
    if rule.on_events:
        if not rule.when.fields:
            return False  # events alone decide, and all of them are kept
        kinds = EVENTS.keys() if rule.when.kinds is None else rule.when.kinds
        happening = [{"event": kind} for kind in sorted(kinds - _PLAYED)]
    return any(
        _may_be_true(rule, {"status_id": status, "in_play": False, "minute": None}, event)
        for event in happening
        for status in _NOT_IN_PLAY
    )


def _in_play_without_minute(status_id: int) -> dict[str, Any]:
    return {"status_id": status_id, "in_play": True, "minute": None}


def _may_be_true(rule: Rule, record: Mapping[str, Any], event: Mapping[str, Any] = _NOTHING) -> bool:
    for term in rule.when.terms:
        # If the status and the type of the event are all that it names, unknown is not true.
        is_known = term.fields <= record.keys() and term.event_fields <= event.keys()
        outcome = term.run(Scene(record, event, is_open=not is_known))
        if outcome is False or (is_known and outcome is None):
            return False
    return True


class _Step(NamedTuple):
    """A moment of a match: what its record showed, and what happened."""

    at: float
    record: Mapping[str, Any] | None
    """None if there is no row: events are all that is known."""
    events: Sequence[Event]


def replayed(rules: Sequence[Rule], rows: Sequence[MinuteRow], events: Sequence[Event]) -> list[Event]:
    """Return the alerts and the outcomes that rules make of one match, in order.

    Args:
        rules: The rules.
        rows: The minutes of the match, oldest first.
        events: Its events, in the order of the log; alerts among them do not count.
    """
    on_events = [rule for rule in rules if rule.on_events]
    states: dict[str, AlertState] = {}
    made: list[Event] = []
    last: Mapping[str, Any] = {}
    for step in _steps(rows, [one for one in events if one.type not in _OWN]):
        known = step.record is not None
        record = step.record if step.record is not None else _record_of(last, step.events)
        sight = Sight(record, step.events, step.at)
        _take(fired(rules if known else on_events, sight, states), states, made)
        if known and last.get("status_id") != _FINISHED:
            states.update(noted(rules, record, states))
        last = record
        _take(settled(rules, sight, states), states, made)
    return made


def _take(found: Evaluated, states: dict[str, AlertState], made: list[Event]) -> None:
    states.update(found.states)
    made += found.events


def _steps(rows: Sequence[MinuteRow], events: Sequence[Event]) -> Iterator[_Step]:
    """Yield each minute that has a row, or in which that of a minute before still holds, or an event."""
    of_minute: dict[int, list[Event]] = {}
    for event in events:
        if isinstance(event.data, MatchData):
            of_minute.setdefault(int(unix_seconds(event.data.seen_at)) // MINUTE_S, []).append(event)
    shown: dict[int, tuple[float, Mapping[str, Any]]] = {}
    match_id = next((one.match_id for one in events if one.match_id is not None), "")
    for number, row in enumerate(rows):
        record = {**row.record(), "match_id": match_id, "live_source": "fresh"}
        shown[row.minute] = (row.at, record)
        # While the minute of play runs, each record differs: without a row there was none.
        if record["in_play"] and record["minute"] is None and number + 1 < len(rows):
            for minute in range(row.minute + 1, rows[number + 1].minute):
                shown[minute] = (row.at + MINUTE_S * (minute - row.minute), record)
    for minute in sorted({*of_minute, *shown}):
        of = of_minute.get(minute, [])
        is_listed = not any(one.type == _LEFT for one in of)
        if minute in shown and is_listed:
            yield _Step(*shown[minute], of)
        else:
            yield _Step(unix_seconds(of[-1].data.seen_at), None, of)


def _record_of(before: Mapping[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """Return the record of a moment without a row: the one before, and what events tell."""
    of_event = told(events[-1])
    if events[-1].type == _LEFT:
        return of_event
    record = {**before, **of_event}
    if record["status_id"] in _NOT_IN_PLAY:
        record["minute"] = None
    return record
