"""The script of one match: everything that will happen in it, folded into the states it passes through."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

Incident = dict[str, Any]

NOT_STARTED, FIRST_HALF, HALF_TIME, SECOND_HALF, EXTRA_TIME = 1, 2, 3, 4, 5
SHOOT_OUT, ENDED, POSTPONED, INTERRUPTED, ABANDONED, CANCELLED, AWAITED = 7, 8, 9, 10, 11, 12, 13

HOME, AWAY = 1, 2
GOALS, HALF_TIME_GOALS, REDS, YELLOWS, CORNERS, ALL_GOALS, SHOOT_OUT_GOALS = range(7)


class Period(NamedTuple):
    """A stretch of play from `start` up to, not including, `end` (unix seconds).

    `clock` is when the running clock would have started for `minute` minutes to have been played by then; an
    interruption moves it. `length` is in minutes, without added time.
    """

    status: int
    start: int
    end: int
    clock: int
    minute: int
    length: int

    def minute_at(self, at: int) -> tuple[int, int]:
        """The minute on the running clock, and how much of it is added time (0: none)."""
        minute = self.minute + (at - self.clock) // 60 + 1
        return minute, max(0, minute - self.minute - self.length)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happens: what, when (unix seconds), to which side, and the incident that tells of it.

    `what` is "status" (with `status` and `clock`, the period's start or 0), "goal", "cancelled goal", "kick"
    (of a shoot-out, `scored` or not), "yellow", "red", "corner", "penalty" (one given), "incident" (nothing
    but the incident) or "score told" (a goal's incident gets its running score late). `about` is the earlier
    incident that a cancelled goal or a late score is about.
    """

    at: int
    what: str
    side: int = 0
    incident: Incident | None = None
    about: Incident | None = None
    status: int = 0
    clock: int = 0
    scored: bool = True
    tells_score: bool = True
    stays_listed: bool = True

    def later(self, seconds: int) -> "Happening":
        """The same, so many seconds later."""
        return replace(self, at=self.at + seconds, clock=self.clock + seconds if self.clock else 0)


class State(NamedTuple):
    """A match from `at` on, until the next state. The counters are the vendor's seven per side."""

    at: int
    status: int
    home: tuple[int, ...]
    away: tuple[int, ...]
    period_start: int
    incidents: tuple[Incident, ...]
    penalties: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Script:
    """All states of a match in order, its periods of play, and when it ended (0: it does not).

    `past_ninety` is when extra time or, without one, the shoot-out began (0: never).
    """

    states: tuple[State, ...]
    times: tuple[int, ...]
    periods: tuple[Period, ...]
    ended: int
    past_ninety: int

    def state(self, at: int) -> State:
        """The state at this time; before the first, the first."""
        return self.states[max(0, bisect_right(self.times, at) - 1)]

    @property
    def final(self) -> State:
        """How it ends."""
        return self.states[-1]

    def played(self, at: int) -> int:
        """Seconds of play up to this time."""
        return sum(max(0, min(at, period.end) - period.start) for period in self.periods)


class _Fold:
    """Applies happenings, in order of time, to the state they change."""

    def __init__(self) -> None:
        self.status = NOT_STARTED
        self.period_start = 0
        self.sides = {HOME: [0] * 7, AWAY: [0] * 7}
        self.incidents: list[Incident] = []
        self.penalties = {HOME: 0, AWAY: 0}
        # By the identity of the incident as the story tells it: as listed, and as listed with its running
        # score.
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

    def apply(self, happening: Happening) -> None:
        what, side = happening.what, happening.side
        if what == "status":
            self._enter(happening)
        elif what == "goal":
            self._score(side, 1)
        elif what == "cancelled goal":
            self._score(side, -1)
        elif what == "kick":
            self.sides[side][SHOOT_OUT_GOALS] += happening.scored
        elif what == "penalty":
            self.penalties[side] += 1
        elif what in {"yellow", "red", "corner"}:
            self.sides[side][{"yellow": YELLOWS, "red": REDS, "corner": CORNERS}[what]] += 1
        self._list(happening)

    def _list(self, happening: Happening) -> None:
        """Writes the incident, or corrects the one that this is about."""
        incident, what = happening.incident, happening.what
        if incident is not None:
            element = SHOOT_OUT_GOALS if what == "kick" else ALL_GOALS if self.status == EXTRA_TIME else GOALS
            scored = incident
            if what in {"goal", "kick"}:
                score = {"home_score": self.sides[HOME][element], "away_score": self.sides[AWAY][element]}
                scored = incident | score
            listed = scored if happening.tells_score else incident
            self.incidents.append(listed)
            self._listed[id(incident)] = (listed, scored)
        elif happening.about is not None:
            listed, scored = self._listed[id(happening.about)]
            if what == "score told":
                self.incidents[self.incidents.index(listed)] = scored
            elif not happening.stays_listed:
                self.incidents.remove(listed)

    def _enter(self, happening: Happening) -> None:
        self.status = happening.status
        self.period_start = happening.clock
        if happening.status == EXTRA_TIME:
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


def fold(happenings: list[Happening], periods: list[Period], *, first: int) -> Script:
    """The script in which these things happen, not started from `first` (unix seconds) on."""
    running = _Fold()
    states = [running.state(first)]
    began: dict[int, int] = {}
    for happening in sorted(happenings, key=lambda happening: happening.at):
        running.apply(happening)
        if happening.what == "status":
            began.setdefault(happening.status, happening.at)
        state = running.state(happening.at)
        if states[-1].at == happening.at:
            states.pop()
        states.append(state)
    past_ninety = began.get(EXTRA_TIME, began.get(SHOOT_OUT, 0))
    return Script(
        tuple(states), tuple(s.at for s in states), tuple(periods), began.get(ENDED, 0), past_ninety
    )
