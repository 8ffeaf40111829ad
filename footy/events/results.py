"""The result: the final state of a match, confirmed by a second reading."""

from dataclasses import dataclass

from msgspec.structs import replace

from footy.events import scores, statuses
from footy.events.emitted import Emitted, PeriodScores, Side
from footy.events.sighting import EventRules, unseen
from footy.events.types import Event, Score

CONFIRMED_AFTER_S = 600.0
"""Seconds in status 8, or off the list, after which a match is read again (events.md, `result`)."""


@dataclass(frozen=True, slots=True)
class History:
    """The final state of a match from the second reading."""

    status_id: int
    status: str
    """The name of the status, as in a record."""
    score: Score | None
    half_time: Score | None = None
    extra_time: Score | None = None
    shoot_out: Score | None = None


def is_open(emitted: Emitted) -> bool:
    """Check whether events of a match may come without a record: it may leave, get its result or outcomes."""
    if emitted.has_open_alerts:
        return True
    if emitted.result or emitted.muted:
        return False
    return emitted.ended_at is not None or emitted.status_id in statuses.IN_PLAY


def is_due(emitted: Emitted, now: float) -> bool:
    """Check whether the final state of a match should be read now."""
    if emitted.result or emitted.muted:
        return False
    if emitted.ended_at is not None:
        return now - emitted.ended_at >= CONFIRMED_AFTER_S
    return emitted.left and emitted.absence is not None and now - emitted.absence.since >= CONFIRMED_AFTER_S


def concluded(
    emitted: Emitted, history: History | None, now: float, rules: EventRules
) -> tuple[Emitted, list[Event]]:
    """Return the state after the final state was read, and the events, with a `result` at most once.

    A match whose end was missed gets a late `full_time`. An unfinished match gets no result.

    Args:
        emitted: The state.
        history: The final state; None if the account cannot read it, or the vendor no longer has it.
        now: The current time, in Unix seconds.
        rules: The operator's rules for events.
    """
    if emitted.result or emitted.muted:
        return emitted, []
    if history is None:
        return _of_emitted(emitted, now, rules)
    events: list[Event] = []
    sighting = replace(
        unseen(emitted, now, rules, late=False), status_id=history.status_id, status=history.status
    )
    change = statuses.change_to(emitted, history.status_id)
    if change is not None:
        if history.status_id in statuses.IN_PLAY or history.status_id in scores.BEFORE_PLAY - {
            statuses.CANCELLED
        }:
            return emitted, []  # the history lags behind the live list
        sighting = replace(sighting, late=True)
        emitted, events = statuses.changed(emitted, change, sighting)
    if history.status_id != statuses.FINISHED:
        return emitted, events
    score = history.score
    if score is not None:
        score = scores.known_score(score.home, score.away, history.status_id, emitted.rank)
    if score is not None and emitted.score is None:
        home, away = scores.baseline(score, now)
        emitted = replace(emitted, home=home, away=away)
    elif score is not None and emitted.score is not None and score != emitted.score:
        by = scores.Ready(score.home - emitted.score.home, score.away - emitted.score.away)
        emitted, correction = scores.corrected(emitted, by, sighting)
        events += correction
    event = sighting.event(
        "result",
        score=emitted.score,
        half_time=history.half_time,
        extra_time=history.extra_time,
        shoot_out=history.shoot_out,
        confirmed=True,
    )
    return _with_result(emitted, event), [*events, event]


def _of_emitted(emitted: Emitted, now: float, rules: EventRules) -> tuple[Emitted, list[Event]]:
    """Return an unconfirmed result from the emitted state; none if full time was not seen."""
    if emitted.status_id != statuses.FINISHED:
        return emitted, []
    event = unseen(emitted, now, rules, late=False).event(
        "result",
        score=emitted.score,
        half_time=_score(emitted.periods.half_time),
        extra_time=_score(emitted.periods.extra_time),
        shoot_out=_score(emitted.periods.shoot_out),
        confirmed=False,
    )
    return _with_result(emitted, event), [event]


def _score(pair: tuple[int, int] | None) -> Score | None:
    return None if pair is None else Score(*pair)


def _with_result(emitted: Emitted, event: Event) -> Emitted:
    """Return the state after the result, in which no change of the score is waiting."""
    return replace(emitted, result=event.id, home=_at_rest(emitted.home), away=_at_rest(emitted.away))


def _at_rest(side: Side | None) -> Side | None:
    return side if side is None or not side.waiting else replace(side, waiting=())


def periods_of(known: PeriodScores, seen: PeriodScores) -> PeriodScores:
    """Return the scores of periods, with those that a record lacks as known before."""
    return PeriodScores(
        seen.half_time or known.half_time,
        seen.extra_time or known.extra_time,
        seen.shoot_out or known.shoot_out,
    )
