"""The script of one match: its events, and the states that follow from them."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

Incident = dict[str, Any]

NOT_STARTED, FIRST_HALF, HALF_TIME, SECOND_HALF, EXTRA_TIME = 1, 2, 3, 4, 5
SHOOT_OUT, ENDED, POSTPONED, INTERRUPTED, ABANDONED, CANCELLED, AWAITED = 7, 8, 9, 10, 11, 12, 13

HOME, AWAY = 1, 2
GOALS, HALF_TIME_GOALS, REDS, YELLOWS, CORNERS, ALL_GOALS, SHOOT_OUT_GOALS = range(7)


class Period(NamedTuple):
    """A period of play from `start` up to, not including, `end` (unix seconds).

    `clock` is the start of the running clock, at which `minute` minutes were played; an interruption moves
    it. `length` is in minutes, without added time.
    """

    status: int
    start: int
    end: int
    clock: int
    minute: int
    length: int

    def minute_at(self, at: int) -> tuple[int, int]:
        """Return the minute on the running clock, and the minutes of added time in it (0: none)."""
        minute = self.minute + (at - self.clock) // 60 + 1
        return minute, max(0, minute - self.minute - self.length)


class Event(NamedTuple):
    """One event: what, when (unix seconds), for which side, and the incident that describes it.

    `what` is "status" (with `status` and `clock`, the period's start or 0), "goal", "cancelled goal", "kick"
    (of a shoot-out, `scored` or not), "yellow", "red", "corner", "penalty" (one given), "incident" (only
    the incident) or "late score" (a goal's incident gets its running score later). `about` is the earlier
    incident that a cancelled goal or a late score refers to.
    """

    at: int
    what: str
    side: int = 0
    incident: Incident | None = None
    about: Incident | None = None
    status: int = 0
    clock: int = 0
    scored: bool = True
    has_score: bool = True
    stays_listed: bool = True

    def later(self, seconds: int) -> "Event":
        """Return the same event, so many seconds later."""
        return self._replace(at=self.at + seconds, clock=self.clock + seconds if self.clock else 0)


class State(NamedTuple):
    """The state of a match from `at` until the next state. The counters are the vendor's seven per side."""

    at: int
    status: int
    home: tuple[int, ...]
    away: tuple[int, ...]
    period_start: int
    incidents: tuple[Incident, ...]
    penalties: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Script:
    """All states of a match in order, its periods of play, and its end (0: it does not end).

    `past_ninety` is the start of extra time or, without it, of the shoot-out (0: never).
    """

    states: tuple[State, ...]
    times: tuple[int, ...]
    periods: tuple[Period, ...]
    ended: int
    past_ninety: int

    def index(self, at: int) -> int:
        """Return the place of the state at this time; before the first state, the first."""
        return max(0, bisect_right(self.times, at) - 1)

    def state(self, at: int) -> State:
        """Return the state at this time."""
        return self.states[self.index(at)]

    @property
    def final(self) -> State:
        """Return the last state."""
        return self.states[-1]

    def played(self, at: int) -> int:
        """Return the seconds of play up to this time."""
        return sum([min(at, end) - start for _, start, end, *_ in self.periods if start < at])


class _RunningState:
    """The state of a match while events are applied to it in order of time."""

    def __init__(self) -> None:
        self.status = NOT_STARTED
        self.period_start = 0
        self.sides = {HOME: [0] * 7, AWAY: [0] * 7}
        self.incidents: list[Incident] = []
        self.penalties = {HOME: 0, AWAY: 0}
        # By the identity of the event's incident: the incident as listed, and with its running score.
        self._listed: dict[int, tuple[Incident, Incident]] = {}

    def state(self, at: int) -> State:
        return State(
            at,
            self.status,
            tuple(self.sides[HOME]),
            tuple(self.sides[AWAY]),
            self.period_start,
            tuple(self.incidents),
            (self.penalties[HOME], self.penalties[AWAY]),
        )

    def apply(self, event: Event) -> None:
        what, side = event.what, event.side
        if what == "status":
            self._enter(event)
        elif what == "goal":
            self._score(side, 1)
        elif what == "cancelled goal":
            self._score(side, -1)
        elif what == "kick":
            self.sides[side][SHOOT_OUT_GOALS] += event.scored
        elif what == "penalty":
            self.penalties[side] += 1
        elif what in {"yellow", "red", "corner"}:
            self.sides[side][{"yellow": YELLOWS, "red": REDS, "corner": CORNERS}[what]] += 1
        self._list(event)

    def _list(self, event: Event) -> None:
        """List the incident of the event, or correct the one that it refers to."""
        incident, what = event.incident, event.what
        if incident is not None:
            element = SHOOT_OUT_GOALS if what == "kick" else ALL_GOALS if self.status == EXTRA_TIME else GOALS
            scored = incident
            if what in {"goal", "kick"}:
                score = {"home_score": self.sides[HOME][element], "away_score": self.sides[AWAY][element]}
                scored = incident | score
            listed = scored if event.has_score else incident
            self.incidents.append(listed)
            self._listed[id(incident)] = (listed, scored)
        elif event.about is not None:
            listed, scored = self._listed[id(event.about)]
            if what == "late score":
                self.incidents[self.incidents.index(listed)] = scored
            elif not event.stays_listed:
                self.incidents.remove(listed)

    def _enter(self, event: Event) -> None:
        self.status = event.status
        self.period_start = event.clock
        if event.status == EXTRA_TIME:
            for counters in self.sides.values():
                counters[ALL_GOALS] = counters[GOALS]

    def _score(self, side: int, goals: int) -> None:
        counters = self.sides[side]
        if self.status == EXTRA_TIME:
            # Once one side has scored, element 5 holds both sides' goals of all 120 minutes.
            counters[ALL_GOALS] += goals
        else:
            counters[GOALS] += goals
            if self.status == FIRST_HALF:
                counters[HALF_TIME_GOALS] = counters[GOALS]


_time = attrgetter("at")


def build_script(events: list[Event], periods: list[Period], *, first: int) -> Script:
    """Return the script of these events; the match is not started from `first` (unix seconds) on."""
    running = _RunningState()
    states = [running.state(first)]
    began: dict[int, int] = {}
    for at, together in groupby(sorted(events, key=_time), _time):
        for event in together:
            running.apply(event)
            if event.what == "status":
                began.setdefault(event.status, at)
        if states[-1].at == at:
            states.pop()
        states.append(running.state(at))
    past_ninety = began.get(EXTRA_TIME, began.get(SHOOT_OUT, 0))
    return Script(
        tuple(states), tuple(s.at for s in states), tuple(periods), began.get(ENDED, 0), past_ninety
    )
