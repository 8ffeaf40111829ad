"""The events that a consumer has to emit of the live lists it was served: a second reading of the contract.

It imports nothing of footy. It knows the whole evening, keeps every score that was shown and looks back over
them, where footy keeps a small state; and it counts incidents by kind and side instead of telling them apart,
because their ids depend on nothing else. Where it and footy differ, one of them misreads the contract.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.oracle import remembered_of_unchanging, scores

Element = dict[str, Any]
Pair = tuple[int, int]

RANK = {0: 0, 1: 0, 9: 0, 12: 0, 13: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 6}
PERIOD = ["", "kickoff", "half_time", "second_half", "extra_time", "penalties", "full_time"]
STARTS = {"kickoff", "second_half", "extra_time", "penalties"}
IN_PLAY = {2, 3, 4, 5, 6, 7}
INCIDENT = {
    3: "yellow",
    15: "second_yellow",
    4: "red",
    9: "substitution",
    16: "penalty_missed",
    29: "kick_scored",
    30: "kick_missed",
    28: "var",
}
SIDE = {1: "home", 2: "away"}
SIDES = ("home", "away")


class Poll(NamedTuple):
    """A cycle of the consumer: when, and the live list by id in its order, None if it could not be read."""

    at: float
    listed: Mapping[str, Element] | None


class Told(NamedTuple):
    """An event as the contract determines it; `says` are those of its values that are compared."""

    at: float
    id: str
    says: Mapping[str, Any]

    @property
    def type(self) -> str:
        return self.id.split(":")[1]


class Goal(NamedTuple):
    """A goal that counts; `id` is None if no event told of it."""

    id: str | None
    at: float


@dataclass
class _Consumer:
    """One match. `shown` holds every known score, by time."""

    match_id: str
    seen_at: float = 0.0
    late: bool = False
    status: int = -1
    rank: int = 0
    highest_event: str | None = None
    full_time: str | None = None
    ended_at: float | None = None
    first_seen_ended: bool = False
    goals: dict[str, list[Goal]] | None = None
    gone: Counter[tuple[str, int]] = field(default_factory=Counter)
    wary: set[str] = field(default_factory=set)
    shown: list[tuple[float, Pair]] = field(default_factory=list)
    given: Counter[str] | None = None
    first: Element | None = None
    last: Element | None = None
    overruled: dict[str, list[float]] = field(default_factory=lambda: {"home": [], "away": []})
    numbers: Counter[str] = field(default_factory=Counter)
    absent: list[float] = field(default_factory=list)
    left: bool = False
    result: str | None = None

    @property
    def score(self) -> Pair | None:
        return None if self.goals is None else (len(self.goals["home"]), len(self.goals["away"]))

    def told(self, at: float, kind: str, *key: object, **says: Any) -> Told:
        parts = [self.match_id, kind, *("none" if part is None else str(part) for part in key)]
        return Told(at, ":".join(parts), {"relates": None, "late": self.late, **says})

    def nth(self, kind: str) -> int:
        self.numbers[kind] += 1
        return self.numbers[kind]

    def look(self, at: float, element: Element) -> Iterator[Told]:
        """See the match in a fresh list."""
        status = element["score"][1]
        shown = scores(element)
        home, away = shown["home_score"], shown["away_score"]
        if home is None and away is None and status in {1, 9, 12, 13} and max(self.rank, 0) == 0:
            home = away = 0
        score = None if home is None or away is None else (home, away)
        if self.status == -1:
            yield from self._first(at, status, score, element)
            return
        self.late, self.seen_at = at - self.seen_at > 60, at
        if self.left:
            yield self.told(at, "match_back", self.nth("match_back"))
        self.absent, self.left = [], False
        period = list(self._status(at, status))
        starts = [one for one in period if one.type in STARTS]
        yield from starts
        if status != 8:
            self.ended_at = None
        if score is not None:
            self.shown.append((at, score))
            yield from self._score(at, score, element)
        yield from self._incidents(at, element)
        yield from (one for one in period if one not in starts)
        if status != self.status:
            self.ended_at = at if status == 8 else None
        self.status = status

    def _first(self, at: float, status: int, score: Pair | None, element: Element) -> Iterator[Told]:
        self.status, self.rank, self.seen_at = status, RANK.get(status, 0), at
        self.first_seen_ended = status == 8
        self.ended_at = at if status == 8 else None
        if score is not None:
            self.shown.append((at, score))
            self._begin(at, score)
        if not self.first_seen_ended:
            self.given, self.first, self.last = counted(element), element, element
        yield self.told(at, "match_seen")

    def _begin(self, at: float, score: Pair) -> None:
        self.goals = {side: [Goal(None, at)] * goals for side, goals in zip(SIDES, score, strict=True)}

    def _status(self, at: float, status: int) -> Iterator[Told]:
        was, reached = self.status, RANK.get(status, self.rank)
        if status == was or {status, was} == {5, 6}:
            return
        again = was == 8 and status in {5, 6, 7}
        if (again or reached > self.rank) and status != 12:
            kind = PERIOD[reached]
            told = self.told(at, kind, self.nth(kind), relates=self.full_time if again else None)
            self.rank = reached
            if kind == "full_time":
                self.full_time = told.id
        else:
            played = was in IN_PLAY or was == 8
            lower = reached < self.rank and played and status != 12
            resumed = reached == self.rank > 0 and status in RANK
            change = "corrected" if lower else "resumed" if resumed else None
            relates = self.highest_event if lower else None
            number = self.nth(f"status:{status}")
            told = self.told(at, "status", status, number, change=change, relates=relates)
        self.highest_event = told.id
        yield told

    def _score(self, at: float, score: Pair, element: Element) -> Iterator[Told]:
        for side in SIDES:
            ruled = sum(
                one["type"] == 28 and SIDE.get(one["position"]) == side and one.get("var_result") in {2, 10}
                for one in element["incidents"]
            )
            self.overruled[side] += [at] * (ruled - len(self.overruled[side]))
        if self.goals is None:
            self._begin(at, score)
            return
        emitted = self.score
        assert emitted is not None
        falls = any(now < was for now, was in zip(score, emitted, strict=True))
        change = [
            self._allowed(at, place, emitted[place], confirm=falls or side in self.wary)
            for place, side in enumerate(SIDES)
        ]
        if change == [0, 0]:
            return
        opposite = change[0] == -change[1]
        if self.result or opposite or (self.status == 8 and min(change) < 0):
            yield self._corrected(at, change)
            return
        for side, by in zip(SIDES, change, strict=True):
            for _ in range(-by):
                yield self._cancelled(at, side)
        # Which incident is a goal's that was taken back before depends on what was matched then.
        again = any(
            self.gone[side, len(self.goals[side]) + number]
            for side, by in zip(SIDES, change, strict=True)
            for number in range(1, by + 1)
        )
        for side in self._order(change, element):
            yield self._goal(at, side, ordered=not again or min(change) <= 0)

    def _allowed(self, at: float, place: int, emitted: int, *, confirm: bool) -> int:
        """Return by how many goals a side may change now, from what was shown until now."""
        now = self.shown[-1][1][place]
        if now == emitted:
            return 0
        if now > emitted and not confirm:
            return now - emitted
        # Two lists at least 2 s apart, and those between them, have to agree that it changed, and how far.
        since = [score[place] for seen_at, score in self.shown if at - seen_at < 2]
        before = [score[place] for seen_at, score in self.shown if at - seen_at >= 2][-1:]
        agreed = [*before, *since]
        if not before:
            return 0
        if all(value > emitted for value in agreed):
            return min(agreed) - emitted
        return max(agreed) - emitted if all(value < emitted for value in agreed) else 0

    def _remove(self, at: float, side: str) -> Goal:
        assert self.goals is not None
        goal = self.goals[side].pop()
        self.gone[side, len(self.goals[side]) + 1] += 1
        if at - goal.at <= 600:
            self.wary.add(side)
        return goal

    def _corrected(self, at: float, change: Sequence[int]) -> Told:
        assert self.goals is not None
        before, removed = self.score, []
        for side, by in zip(SIDES, change, strict=True):
            removed += [self._remove(at, side).id for _ in range(-by)]
            if by > 0:
                self.goals[side] += [Goal(None, at)] * by
                self.wary.discard(side)
        gone = [one for one in removed if one is not None]
        return self.told(
            at,
            "score_corrected",
            self.nth("score_corrected"),
            before=before,
            after=self.score,
            removed=tuple(gone),
            relates=self.result or next(iter(gone), None),
        )

    def _cancelled(self, at: float, side: str) -> Told:
        before = self.score
        goal = self._remove(at, side)
        assert self.goals is not None
        number = len(self.goals[side]) + 1
        cause = "var" if any(moment >= goal.at for moment in self.overruled[side]) else None
        key = (side, number, self.gone[side, number])
        return self.told(
            at, "goal_cancelled", *key, before=before, after=self.score, cause=cause, relates=goal.id
        )

    def _goal(self, at: float, side: str, *, ordered: bool) -> Told:
        assert self.goals is not None
        before, number = self.score, len(self.goals[side]) + 1
        generation = self.gone[side, number] + 1
        key = (side, number) if generation == 1 else (side, number, generation)
        event = self.told(at, "goal", *key, after_full_time=self.status == 8)
        self.goals[side].append(Goal(event.id, at))
        self.wary.discard(side)
        if not ordered:
            return event
        return event._replace(says={**event.says, "before": before, "after": self.score})

    def _order(self, change: Sequence[int], element: Element) -> list[str]:
        """Return the sides of new goals: by the running score if every one of them is listed with it."""
        assert self.goals is not None
        new = [
            (side, len(self.goals[side]) + number)
            for side, by in zip(SIDES, change, strict=True)
            for number in range(1, by + 1)
        ]
        total = {
            (side, one[f"{side}_score"]): one["home_score"] + one["away_score"]
            for one in element["incidents"]
            if one["type"] in {1, 8, 17} and "home_score" in one
            for side in [SIDE[one["position"]]]
        }
        if all(one in total for one in new):
            new.sort(key=lambda one: total[one])
        return [side for side, _ in new]

    def _incidents(self, at: float, element: Element) -> Iterator[Told]:
        if self.first_seen_ended or (self.ended_at is not None and at - self.ended_at > 900):
            return
        now, self.last = counted(element), element
        if now is self.given:
            return
        assert self.given is not None
        assert now >= self.given, "an incident is missing: the oracle does not tell incidents apart"
        for kind in now - self.given:
            for number in range(self.given[kind] + 1, now[kind] + 1):
                yield self.told(at, *kind.split(":"), number)
        self.given = now

    def miss(self, at: float, *, deleted: bool) -> Iterator[Told]:
        """See a fresh list without the match."""
        if self.left or self.status not in IN_PLAY:
            return
        self.absent.append(at)
        if deleted or (len(self.absent) >= 3 and at - self.absent[0] >= 180):
            self.left, self.late = True, False
            yield self.told(at, "match_left", self.nth("match_left"), deleted=deleted)

    def is_due(self, at: float) -> bool:
        """Tell whether the final state is to be read."""
        if self.result or self.first_seen_ended:
            return False
        if self.ended_at is not None:
            return at - self.ended_at >= 600
        return self.left and at - self.absent[0] >= 600

    def conclude(self, at: float, element: Element) -> Iterator[Told]:
        """Read the final state."""
        status, final = element["score"][1], scores(element)
        self.late = False
        if status != self.status:
            if status in IN_PLAY | {1, 9, 13}:
                return  # it lags behind what was seen live
            self.late = True
            yield from self._status(at, status)
            self.status, self.ended_at = status, at if status == 8 else None
        if status != 8:
            return
        score = (final["home_score"], final["away_score"])
        if self.goals is None:
            self._begin(at, score)
        elif self.score != score:
            was = self.score
            assert was is not None
            yield self._corrected(at, [score[0] - was[0], score[1] - was[1]])
        self.result = f"{self.match_id}:result"
        # A score that waited for a second list is settled.
        self.shown.clear()
        pens = (final["home_score_pens"], final["away_score_pens"])
        yield self.told(
            at,
            "result",
            score=self.score,
            half_time=(final["home_score_ht"], final["away_score_ht"]),
            shoot_out=None if None in pens else pens,
            confirmed=True,
        )


@remembered_of_unchanging
def counted(element: Element) -> Counter[str]:
    """Count the incidents that are events, by kind and side; the result must not be changed."""
    return Counter(
        f"{INCIDENT[one['type']]}:{SIDE.get(one['position'], 'none')}"
        for one in element["incidents"]
        if one["type"] in INCIDENT
    )


class Tale(NamedTuple):
    """What a consumer has to emit, and between what lists of incidents."""

    told: list[Told]
    first: dict[str, Element]
    """The first element of every match whose incidents count."""
    last: dict[str, Element]
    """The last element whose incidents count."""


def tale(
    polls: Sequence[Poll],
    deleted: Callable[[float], set[str]],
    history: Callable[[str, float], Element],
) -> Tale:
    """Return what a consumer has to emit that was served these lists, but for details and prices.

    Args:
        polls: Every cycle, in order.
        deleted: The ids that the vendor says it deleted, by time.
        history: The final state of a match as it is read at a time.
    """
    consumers: dict[str, _Consumer] = {}
    found: list[Told] = []
    for at, listed in polls:
        if listed is not None:
            for match_id, element in listed.items():
                consumer = consumers.setdefault(match_id, _Consumer(match_id))
                found += consumer.look(at, element)
            missing = consumers.keys() - listed.keys()
            gone = deleted(at) if missing else set()
            for match_id, consumer in consumers.items():
                if match_id in missing:
                    found += consumer.miss(at, deleted=match_id in gone)
        for match_id, consumer in consumers.items():
            if consumer.is_due(at):
                found += consumer.conclude(at, history(match_id, at))
    first = {key: one.first for key, one in consumers.items() if one.first is not None}
    last = {key: one.last for key, one in consumers.items() if one.last is not None}
    return Tale(found, first, last)
