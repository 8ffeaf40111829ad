"""What the live list shows of a match: its script, changed for a time by the vendor's quirks.

A quirk is a list of edits of the true script. Each edit has its own span of time, and at any moment all edits
of that moment apply, so quirks combine freely.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import NamedTuple

from thesports_simulator.world.fixtures import Fixture
from thesports_simulator.world.script import (
    ALL_GOALS,
    AWAY,
    EXTRA_TIME,
    FIRST_HALF,
    GOALS,
    HALF_TIME_GOALS,
    HOME,
    Incident,
    Script,
    State,
)

GOAL_TYPES = frozenset({1, 8, 17})

Key = Hashable
"""Which incident it is, whatever is shown of it."""


class Appearance(NamedTuple):
    """An incident of the script: when it is listed first, and as what."""

    key: Key
    at: int
    incident: Incident


class Score(NamedTuple):
    """A change of the displayed score by one goal of one side."""

    at: int
    side: int
    by: int


class Subject:
    """A match whose live element is to be misreported: its true script, with the identity of incidents."""

    def __init__(self, fixture: Fixture, script: Script) -> None:
        self.fixture = fixture
        self.script = script
        self.appearances: list[Appearance] = []
        self._keys = self._identify()
        self.appeared = {one.key: one.at for one in self.appearances}
        self.scores = self._scores()

    @property
    def listed_until(self) -> int:
        """Return when the match leaves the live list."""
        return min(self.fixture.listed_until, self.fixture.deleted_at)

    @property
    def goals(self) -> list[Score]:
        """Return the goals that were not cancelled later, in order."""
        standing: list[Score] = []
        for change in self.scores:
            if change.by > 0:
                standing.append(change)
            else:
                gone = next(goal for goal in reversed(standing) if goal.side == change.side)
                standing.remove(gone)
        return standing

    def incident_of(self, goal: Score) -> Key | None:
        """Return the incident that is listed with a goal, None if there is none."""
        return next(
            (
                one.key
                for one in self.appearances
                if one.at == goal.at
                and one.incident["position"] == goal.side
                and one.incident["type"] in GOAL_TYPES
            ),
            None,
        )

    def picture(self, at: int) -> "Picture":
        """Return the true live element at this time, to be changed."""
        index = self.script.index(at)
        state = self.script.states[index]
        return Picture(
            state.status,
            {HOME: list(state.home), AWAY: list(state.away)},
            state.period_start,
            list(zip(self._keys[index], state.incidents, strict=True)),
            state.penalties,
            self.appeared,
        )

    def _identify(self) -> list[list[Key]]:
        """Return the key of every incident in every state; a goal keeps its key when it gets its score."""
        known: dict[int, int] = {}
        before: tuple[Incident, ...] = ()
        keys: list[list[Key]] = []
        for state in self.script.states:
            present = {id(incident) for incident in state.incidents}
            for place, incident in enumerate(state.incidents):
                if id(incident) in known:
                    continue
                was = before[place] if place < len(before) else None
                if was is not None and id(was) not in present and was.items() <= incident.items():
                    known[id(incident)] = known[id(was)]
                else:
                    known[id(incident)] = len(self.appearances)
                    self.appearances.append(Appearance(known[id(incident)], state.at, incident))
            keys.append([known[id(incident)] for incident in state.incidents])
            before = state.incidents
        return keys

    def _scores(self) -> list[Score]:
        changes: list[Score] = []
        for before, after in pairwise(self.script.states):
            for side in (HOME, AWAY):
                by = _displayed(after)[side] - _displayed(before)[side]
                changes += [Score(after.at, side, 1 if by > 0 else -1)] * abs(by)
        return changes


def _displayed(state: State) -> dict[int, int]:
    element = ALL_GOALS if state.home[ALL_GOALS] or state.away[ALL_GOALS] else GOALS
    return {HOME: state.home[element], AWAY: state.away[element]}


@dataclass(slots=True)
class Picture:
    """A live element that edits change in place; incidents are replaced, never changed."""

    status: int
    sides: dict[int, list[int]]
    period_start: int
    incidents: list[tuple[Key, Incident]]
    penalties: tuple[int, int]
    appeared: dict[Key, int]

    def state(self, at: int) -> State:
        """Return it as a state of a script."""
        home, away = self.sides[HOME], self.sides[AWAY]
        incidents = tuple(incident for _, incident in self.incidents)
        return State(at, self.status, tuple(home), tuple(away), self.period_start, incidents, self.penalties)

    def replace(self, key: Key, change: Callable[[Incident], Incident]) -> None:
        """Show an incident as something else, if it is listed."""
        self.incidents = [
            (one, change(incident) if one == key else incident) for one, incident in self.incidents
        ]

    def hide(self, key: Key) -> None:
        """Do not list an incident."""
        self.incidents = [one for one in self.incidents if one[0] != key]

    def swap(self, one: Key, other: Key) -> None:
        """Let two incidents trade places, if both are listed."""
        places = [place for place, (key, _) in enumerate(self.incidents) if key in {one, other}]
        if len(places) == 2:
            first, second = places
            self.incidents[first], self.incidents[second] = self.incidents[second], self.incidents[first]

    def insert(self, key: Key, incident: Incident, at: int) -> None:
        """List an incident that is not in the script where one of this time belongs."""
        place = next(
            (place for place, (one, _) in enumerate(self.incidents) if self.appeared.get(one, 0) > at),
            len(self.incidents),
        )
        self.incidents.insert(place, (key, incident))

    def score(self, side: int, by: int) -> None:
        """Change the displayed score of a side; it is never below 0."""
        home, away = self.sides[HOME], self.sides[AWAY]
        counters = self.sides[side]
        if self.status == EXTRA_TIME or home[ALL_GOALS] or away[ALL_GOALS]:
            counters[ALL_GOALS] = max(0, counters[ALL_GOALS] + by)
            # Regular time had no more goals than all of it.
            counters[GOALS] = min(counters[GOALS], counters[ALL_GOALS])
        else:
            counters[GOALS] = max(0, counters[GOALS] + by)
        if self.status == FIRST_HALF:
            counters[HALF_TIME_GOALS] = counters[GOALS]

    def displayed(self) -> tuple[int, int]:
        """Return the displayed score."""
        home, away = self.sides[HOME], self.sides[AWAY]
        element = ALL_GOALS if home[ALL_GOALS] or away[ALL_GOALS] else GOALS
        return home[element], away[element]


class Edit(NamedTuple):
    """A change of what is shown from `start` up to, not including, `end` (unix seconds).

    `change` is None while the match is not on the live list at all.
    """

    start: int
    end: int
    change: Callable[[Picture], None] | None


Quirk = Callable[[Subject, Random], Iterable[Edit]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the live list shows of a match."""

    script: Script
    absences: tuple[tuple[int, int], ...] = ()

    def is_absent(self, at: int) -> bool:
        """Return whether the match is off the list for a while."""
        return any(start <= at < end for start, end in self.absences)


def shown(fixture: Fixture, script: Script, quirks: Iterable[tuple[Quirk, Random]]) -> Shown:
    """Return what is shown of a match with these quirks, each with its own random numbers.

    Edits apply in the order of the quirks.
    """
    subject = Subject(fixture, script)
    edits = [edit for quirk, random in quirks for edit in quirk(subject, random) if edit.start < edit.end]
    changes = [edit for edit in edits if edit.change is not None]
    absences = tuple((edit.start, edit.end) for edit in edits if edit.change is None)
    return Shown(_edited(subject, changes) if changes else script, absences)


def _edited(subject: Subject, edits: Sequence[Edit]) -> Script:
    script = subject.script
    times = sorted({*script.times, *(edit.start for edit in edits), *(edit.end for edit in edits)})
    states = []
    for at in times:
        picture = subject.picture(at)
        for edit in edits:
            if edit.start <= at < edit.end and edit.change is not None:
                edit.change(picture)
        states.append(picture.state(at))
    return Script(
        tuple(states), tuple(state.at for state in states), script.periods, script.ended, script.past_ninety
    )
