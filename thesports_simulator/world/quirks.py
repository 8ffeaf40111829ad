"""The vendor's quirks: ways in which its live list misreports a match, as often as in real data.

A quirk changes what the live list shows, never the match itself: its detail row, its odds and
match/live/history stay true, and once a match has ended for some minutes so does its score on the list.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from random import Random

from thesports_simulator.world.fixtures import NEVER
from thesports_simulator.world.script import (
    AWAY,
    CORNERS,
    ENDED,
    EXTRA_TIME,
    FIRST_HALF,
    HOME,
    REDS,
    SECOND_HALF,
    SHOOT_OUT,
    YELLOWS,
    Incident,
)
from thesports_simulator.world.shown import GOAL_TYPES, Edit, Key, Picture, Quirk, Score, Subject

_CARDS_AND_CHANGES = frozenset({3, 4, 9, 15, 16, 28, 29, 30})
_SUBSTITUTION, _VAR = 9, 28
_PEOPLE = tuple(
    f"{who}_{part}"
    for who in ("player", "assist1", "in_player", "out_player")
    for part in ("id", "name")
)  # fmt: skip
_WITH_A_BREAK = frozenset(
    {(SECOND_HALF, EXTRA_TIME), (SECOND_HALF, SHOOT_OUT), (EXTRA_TIME, SHOOT_OUT)}
)  # fmt: skip
"""Statuses that follow one another after a break, in which the vendor may show 8."""
_NEWCOMER = ("in_player_id", "in_player_name")
_APART = 50
"""Seconds between a goal that will be cancelled and any true one."""


def cards_swapped(match: Subject, random: Random) -> Iterator[Edit]:
    """Exchange home and away cards and corners again and again after the end."""
    at = match.script.ended
    while at and (at := at + random.randint(20, 240)) < match.listed_until:
        end = at + random.randint(10, 240)
        yield Edit(at, end, _swap_counters)
        at = end


def _swap_counters(picture: Picture) -> None:
    home, away = picture.sides[HOME], picture.sides[AWAY]
    for counter in (REDS, YELLOWS, CORNERS):
        home[counter], away[counter] = away[counter], home[counter]


def player_late(match: Subject, random: Random) -> Iterator[Edit]:
    """List incidents without their players, which follow; one incident's players come and go."""
    named = [one for one in match.appearances if any(field in one.incident for field in _PEOPLE)]
    for key, at, incident in named:
        if random.random() < 0.6:
            late = _NEWCOMER if incident["type"] == _SUBSTITUTION and random.random() < 0.4 else _PEOPLE
            yield Edit(at, at + random.randint(10, 240), _without(key, late))
    if named:
        key, at, _ = random.choice(named)
        for _ in range(4):
            at += random.randint(60, 200)
            yield Edit(at, at + random.randint(10, 60), _without(key, _PEOPLE))


def _without(key: Key, fields: tuple[str, ...]) -> Callable[[Picture], None]:
    def change(picture: Picture) -> None:
        picture.replace(key, lambda one: {name: one[name] for name in one if name not in fields})

    return change


def minute_edited(match: Subject, random: Random) -> Iterator[Edit]:
    """List incidents with another minute at first."""
    for key, at, incident in match.appearances:
        if incident["position"] and random.random() < 0.3:
            minutes = max(1 - incident["time"], random.choice((-2, -1, -1, -1, 1, 1, 1, 2)))
            yield Edit(at, at + random.randint(10, 200), _minutes_later(key, minutes))


def _minutes_later(key: Key, minutes: int) -> Callable[[Picture], None]:
    def change(picture: Picture) -> None:
        picture.replace(key, lambda one: one | {"time": one["time"] + minutes})

    return change


def incident_late(match: Subject, random: Random) -> Iterator[Edit]:
    """Show the score before the incident of its goal; now and then there never is one."""
    for key, at, incident in match.appearances:
        if incident["type"] in GOAL_TYPES and random.random() < 0.95:
            never = random.random() < 0.04
            yield Edit(at, NEVER if never else at + random.randint(5, 90), partial(_hide, key))


def _hide(key: Key, picture: Picture) -> None:
    picture.hide(key)


def incident_inserted(match: Subject, random: Random) -> Iterator[Edit]:
    """List cards, substitutions and kicks late, before others; two substitutions trade places."""
    for key, at, incident in match.appearances:
        if incident["type"] in _CARDS_AND_CHANGES and random.random() < 0.35:
            until = at + random.randint(20, 300)
            if match.script.ended and random.random() < 0.05:
                until = match.script.ended + random.randint(850, 1_000)
            yield Edit(at, until, partial(_hide, key))
    substitutions = [one for one in match.appearances if one.incident["type"] == _SUBSTITUTION]
    if len(substitutions) > 1:
        one, other = random.sample(substitutions, 2)
        start = max(one.at, other.at) + random.randint(30, 400)
        yield Edit(start, NEVER, lambda picture: picture.swap(one.key, other.key))


def score_back(match: Subject, random: Random) -> Iterator[Edit]:
    """Count a goal that is cancelled, with a video review or without."""
    periods = [period for period in match.script.periods if period.end - period.start > 600]
    occupied = [change.at for change in match.scores]
    for number in range(random.choice((1, 1, 2)) if periods else 0):
        period = random.choice(periods)
        start = random.randint(period.start + 60, period.end - 300)
        end = start + random.randint(30, 180)
        if any(start - _APART < at < end + _APART for at in occupied):
            continue
        occupied += range(start, end, _APART)
        side = random.choice((HOME, AWAY))
        yield Edit(start, end, lambda picture, side=side: picture.score(side, 1))  # type: ignore[misc]
        goal: Incident = {"type": 1, "position": side, "time": period.minute_at(start)[0]}
        listed_at = start + random.randint(3, 60)
        listed_until = NEVER if random.random() < 0.4 else end + random.randint(0, 60)
        if random.random() < 0.8:
            home, away = match.picture(start).displayed()
            goal |= {"home_score": home + (side == HOME), "away_score": away + (side == AWAY)}
        yield Edit(listed_at, listed_until, _listed(("goal", number), goal, start))
        if random.random() < 0.5:
            at = end + random.randint(-25, 20)
            review: Incident = {
                "type": _VAR,
                "position": side,
                "time": period.minute_at(at)[0],
                "var_reason": 2,
                "var_result": random.choice((2, 2, 10)),
            }
            yield Edit(at, NEVER, _listed(("review", number), review, at))


def _listed(key: Key, incident: Incident, at: int) -> Callable[[Picture], None]:
    return lambda picture: picture.insert(key, incident, at)


def score_flaps(match: Subject, random: Random) -> Iterator[Edit]:
    """Let the score drop by a goal, or to 0-0, for 10 to 100 s, and recover."""
    for goal in match.goals:
        if random.random() < 0.35:
            start = goal.at + random.randint(15, 900)
            end = min(start + random.randint(10, 100), match.listed_until)
            yield Edit(start, end, _nil if random.random() < 0.15 else _less(goal))


def _less(goal: Score) -> Callable[[Picture], None]:
    return lambda picture: picture.score(goal.side, -1)


def _nil(picture: Picture) -> None:
    for counters in picture.sides.values():
        counters[:] = [0, 0, *counters[2:5], 0, *counters[6:]]


def status_early(match: Subject, random: Random) -> Iterator[Edit]:
    """Show 8 before extra time and the shoot-out, before the last goal, and once too early."""
    script = match.script
    for before, after in pairwise(script.states):
        if (before.status, after.status) in _WITH_A_BREAK:
            over = max(period.end for period in script.periods if period.end <= after.at)
            yield Edit(over, after.at, _finished)
    if not script.ended:
        return
    last = match.goals[-1] if match.goals else None
    if last is not None and script.ended - last.at < 1_200 and random.random() < 0.8:
        until = script.ended + random.randint(15, 240)
        yield Edit(last.at, until, _less(last))
        if (incident := match.incident_of(last)) is not None:
            yield Edit(last.at, until, partial(_hide, incident))
    if random.random() < 0.25:
        start = script.ended - random.randint(60, 240)
        yield Edit(start, start + random.randint(15, 50), _finished)


def _finished(picture: Picture) -> None:
    picture.status, picture.period_start = ENDED, 0


def period_moved(match: Subject, random: Random) -> Iterator[Edit]:
    """Move the start of a half 61 s back in the middle of it."""
    for period in match.script.periods:
        if period.status in {FIRST_HALF, SECOND_HALF}:
            yield Edit(period.start + random.randint(300, 1_500), period.end, _period_back)


def _period_back(picture: Picture) -> None:
    if picture.period_start:
        picture.period_start -= 61


def match_flickers(match: Subject, random: Random) -> Iterator[Edit]:
    """Take the match off the list for a while, mostly for seconds, and put it back."""
    first, last = match.fixture.listed_from + 60, match.listed_until
    for _ in range(random.randint(1, 4)):
        longest = random.choice((40, 40, 40, 40, 170, 170, 600))
        start = random.randint(first, max(first, last - 1))
        yield Edit(start, min(last, start + random.randint(5, longest)), None)


QUIRKS: dict[str, Quirk] = {
    "cards_swapped": cards_swapped,
    "player_late": player_late,
    "minute_edited": minute_edited,
    "incident_late": incident_late,
    "incident_inserted": incident_inserted,
    "score_back": score_back,
    "score_flaps": score_flaps,
    "status_early": status_early,
    "period_moved": period_moved,
    "match_flickers": match_flickers,
}
"""Every quirk by name, in the order in which their edits apply."""
