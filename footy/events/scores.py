"""The score: goals, cancelled goals, and corrections of a wrong score.

A goal is emitted at once from the score; its incident arrives later and is matched in `goal_incidents.py`. A
drop must be confirmed, because scores drop and recover (events.md, third and fourth point).
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from footy.events.emitted import NOBODY, Emitted, GoalState, Level, Side, counted
from footy.events.goal_incidents import ListedGoal
from footy.events.ids import event_id, generation_key
from footy.events.sighting import Sighting
from footy.events.statuses import FINISHED
from footy.events.types import Event, Lead, Score, SideName

YOUNG_GOAL_S = 600.0
"""If a goal is cancelled within these seconds, the next rise must be confirmed (events.md, Confirmation)."""
BEFORE_PLAY = frozenset({1, 9, 12, 13})
"""Statuses in which a null score means 0-0 (record.md, `home_score`)."""
MOST_GOALS = 99
"""A higher score is not credible, and counts as unknown."""

HOME: SideName = "home"
AWAY: SideName = "away"


class Ready(NamedTuple):
    """The change of the score that may be emitted now: the number of goals by which each side changes."""

    home: int
    away: int

    def __bool__(self) -> bool:
        return self != (0, 0)

    @property
    def opposite(self) -> bool:
        """Check whether the sides change by the same amount in opposite directions."""
        return self.home == -self.away != 0


def known_score(home: int | None, away: int | None, status_id: int, rank: int) -> Score | None:
    """Return the score of a record; None if it is unknown. A null score before play counts as 0.

    Args:
        home: The displayed score of the home side.
        away: The displayed score of the away side.
        status_id: The record's status.
        rank: The latest period so far: a match that has been played is not before play.
    """
    if home is None and away is None and status_id in BEFORE_PLAY and rank == 0:
        return Score(0, 0)
    if home is None or away is None or max(home, away) > MOST_GOALS:
        return None
    return Score(home, away)


def baseline(score: Score, now: float) -> tuple[Side, Side]:
    """Return both sides at the first known score, of which no goal is emitted."""
    home = Side(goals=(GoalState(None, now),) * score.home)
    return home, Side(goals=(GoalState(None, now),) * score.away)


def lead(score: Score) -> Lead:
    """Return the leading side."""
    if score.home == score.away:
        return "level"
    return HOME if score.home > score.away else AWAY


def followed(side: Side, value: int, sighting: Sighting) -> Side:
    """Return the side with its score in this record among the waiting scores.

    A score further from the emitted one also supports the nearer ones: a 2 includes the first goal.
    """
    emitted = len(side.goals)
    if value == emitted:
        return side if not side.waiting else replace(side, waiting=())
    rises = value > emitted
    levels = [level for level in side.waiting if (level.value > emitted) is rises]
    nearer = [level for level in levels if (level.value < value if rises else level.value > value)]
    supports = levels[len(nearer) :]
    since = min([level.since for level in supports], default=sighting.now)
    polled = [level.polled_at for level in supports if level.polled_at is not None]
    waiting = tuple(
        Level(level.value, level.since, sighting.first_polled(level.polled_at))
        for level in (*nearer, Level(value, since, min(polled, default=None)))
    )
    return side if waiting == side.waiting else replace(side, waiting=waiting)


def ready(home: Side, away: Side, sighting: Sighting) -> Ready:
    """Return the changes of the score that may be emitted now.

    A rise is emitted at once, a drop when it is confirmed. A rise must be confirmed, too, if the other side
    drops in the same record, or after a young goal was cancelled (events.md, Confirmation).
    """
    drops = _falls(home) or _falls(away)
    return Ready(
        _allowed(home, sighting, confirm=drops or home.wary),
        _allowed(away, sighting, confirm=drops or away.wary),
    )


def _falls(side: Side) -> bool:
    return bool(side.waiting) and side.waiting[-1].value < len(side.goals)


def _allowed(side: Side, sighting: Sighting, *, confirm: bool) -> int:
    """Return the change that a side may emit now: to the furthest score that has waited long enough."""
    for level in reversed(side.waiting):
        settled = sighting.now - level.since >= sighting.rules.settle_s
        if settled and (not confirm or sighting.confirms(level.polled_at)):
            return level.value - len(side.goals)
    return 0


def _still_waiting(side: Side, *, rose: bool) -> Side:
    """Return a side after a change; scores beyond the change are still waiting."""
    goals = len(side.goals)
    waiting = tuple(level for level in side.waiting if (level.value > goals if rose else level.value < goals))
    return replace(side, waiting=waiting)


def removed(side: Side, count: int, now: float, *, overruled_at: float = -1.0) -> Side:
    """Return a side without its newest `count` goals, whose incidents are not matched with other goals.

    Args:
        side: The side.
        count: How many goals no longer count.
        now: The current time, in Unix seconds.
        overruled_at: When the newest decision against a goal of the side arrived.
    """
    gone = side.goals[len(side.goals) - count :]
    first = len(side.goals) - count + 1
    links = tuple(
        replace(goal.link, gone_at=None if overruled_at >= goal.at else now)
        for goal in gone
        if goal.link is not None
    )
    after = replace(
        side,
        goals=side.goals[:-count],
        removed={**side.removed, **{n: side.generation(n) for n in range(first, first + count)}},
        wary=side.wary or any(now - goal.at <= YOUNG_GOAL_S for goal in gone),
        cancelled=side.cancelled + links,
    )
    return _still_waiting(after, rose=False)


def with_score(side: Side, change: int, now: float) -> Side:
    """Return a side after a correction by `change` goals, none of which is emitted."""
    if change < 0:
        return removed(side, -change, now)
    if change == 0:
        return side
    after = replace(side, goals=side.goals + (GoalState(None, now),) * change, wary=False)
    return _still_waiting(after, rose=True)


class Scored(NamedTuple):
    """The state after changes of the score, and the events: cancellations and corrections, then goals."""

    emitted: Emitted
    events: list[Event]


def changed(
    emitted: Emitted,
    change: Ready,
    sighting: Sighting,
    goals: Mapping[SideName, Mapping[int, ListedGoal]],
    overruled: Mapping[SideName, float],
) -> Scored:
    """Return the state after a change of the score that may be emitted, and its events.

    Args:
        emitted: The state, with a known score.
        change: The change of each side's score.
        sighting: The current sighting.
        goals: The listed incidents by goal number, as far as known, by side.
        overruled: When the newest decision of the video assistant referee against a goal arrived, by side.
    """
    ended = emitted.status_id == FINISHED
    if emitted.result or change.opposite or (ended and min(change) < 0):
        return corrected(emitted, change, sighting)
    after, events = _cancelled(emitted, change, sighting, overruled)
    after, scored = _goals(after, change, sighting, goals, after_full_time=ended)
    return Scored(after, events + scored)


def corrected(emitted: Emitted, change: Ready, sighting: Sighting) -> Scored:
    """Return the state after a correction of a wrong score, and the event."""
    home, away, before = _sides(emitted)
    gone = [
        goal.id
        for side, by in ((home, change.home), (away, change.away))
        if by < 0
        for goal in reversed(side.goals[by:])
        if goal.id is not None
    ]
    number, counts = counted(emitted.counts, "score_corrected")
    after = replace(
        emitted,
        home=with_score(home, change.home, sighting.now),
        away=with_score(away, change.away, sighting.now),
        counts=counts,
    )
    event = sighting.event(
        "score_corrected",
        number,
        before=before,
        after=after.score,
        removed=tuple(gone),
        relates=emitted.result or next(iter(gone), None),
    )
    return Scored(after, [event])


def _sides(emitted: Emitted) -> tuple[Side, Side, Score]:
    if emitted.home is None or emitted.away is None:
        raise ValueError("the score of this match is not known")
    return emitted.home, emitted.away, Score(len(emitted.home.goals), len(emitted.away.goals))


def _with_side(emitted: Emitted, name: SideName, side: Side) -> Emitted:
    return replace(emitted, home=side) if name == HOME else replace(emitted, away=side)


def _after(score: Score, name: SideName, by: int) -> Score:
    return Score(score.home + by, score.away) if name == HOME else Score(score.home, score.away + by)


def _cancelled(
    emitted: Emitted, change: Ready, sighting: Sighting, overruled: Mapping[SideName, float]
) -> Scored:
    events: list[Event] = []
    for name, by in ((HOME, change.home), (AWAY, change.away)):
        if by >= 0:
            continue
        home, away, score = _sides(emitted)
        side = home if name == HOME else away
        overruled_at = overruled.get(name, -1.0)
        for number in range(len(side.goals), len(side.goals) + by, -1):
            goal = side.goals[number - 1]
            after = _after(score, name, -1)
            cause: Literal["var"] | None = "var" if overruled_at >= goal.at else None
            event = sighting.event(
                "goal_cancelled",
                *(name, number, side.generation(number)),
                side=name,
                number=number,
                kind=goal.kind,
                player_id=goal.player.id,
                player=goal.player.name,
                before=score,
                after=after,
                lead=(lead(score), lead(after)),
                cause=cause,
                relates=goal.id,
            )
            events.append(event)
            score = after
        side = removed(side, -by, sighting.now, overruled_at=overruled_at)
        emitted = _with_side(emitted, name, side)
    return Scored(emitted, events)


def _goals(
    emitted: Emitted,
    change: Ready,
    sighting: Sighting,
    goals: Mapping[SideName, Mapping[int, ListedGoal]],
    *,
    after_full_time: bool,
) -> Scored:
    events: list[Event] = []
    for name in _in_order(emitted, change, goals):
        home, away, before = _sides(emitted)
        side = home if name == HOME else away
        number = len(side.goals) + 1
        after = _after(before, name, 1)
        listed = goals.get(name, {}).get(number)
        key = (name, number, *generation_key(side.generation(number)))
        player, assist = (listed.player, listed.assist) if listed else (NOBODY, NOBODY)
        minute = sighting.minute if listed is None or listed.minute is None else listed.minute
        events.append(
            sighting.event(
                "goal",
                *key,
                side=name,
                number=number,
                kind=listed and listed.kind,
                player_id=player.id,
                player=player.name,
                assist_id=assist.id,
                assist=assist.name,
                minute=minute,
                before=before,
                after=after,
                lead=(lead(before), lead(after)),
                after_full_time=after_full_time,
            )
        )
        state = GoalState(
            event_id(sighting.match_id, "goal", *key),
            sighting.now,
            kind=listed and listed.kind,
            player=player,
            assist=assist,
            link=listed and listed.link,
        )
        after_goal = replace(side, goals=(*side.goals, state), wary=False)
        emitted = _with_side(emitted, name, _still_waiting(after_goal, rose=True))
    return Scored(emitted, events)


def _in_order(
    emitted: Emitted, change: Ready, goals: Mapping[SideName, Mapping[int, ListedGoal]]
) -> Sequence[SideName]:
    """Return the sides of new goals in the order of play if incidents show it, else home before away."""
    home, away, _ = _sides(emitted)
    new: list[tuple[SideName, int]] = []
    new += [(HOME, number) for number in range(len(home.goals) + 1, len(home.goals) + change.home + 1)]
    new += [(AWAY, number) for number in range(len(away.goals) + 1, len(away.goals) + change.away + 1)]
    listed = [goals.get(name, {}).get(number) for name, number in new]
    totals = [None if goal is None else goal.total for goal in listed]
    if None in totals:
        return [name for name, _ in new]
    order = sorted(range(len(new)), key=lambda index: (totals[index] or 0, index))
    return [new[index][0] for index in order]
