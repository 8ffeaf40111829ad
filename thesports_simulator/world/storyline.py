"""Generates the events of a match from its fixture and the world's seed."""

from collections.abc import Iterator
from random import Random
from typing import Any

from thesports_simulator.world.fixtures import Fixture
from thesports_simulator.world.ids import Ids
from thesports_simulator.world.places import FAMILY_NAMES, GIVEN_NAMES
from thesports_simulator.world.script import (
    ABANDONED,
    AWAITED,
    AWAY,
    CANCELLED,
    ENDED,
    EXTRA_TIME,
    FIRST_HALF,
    HALF_TIME,
    HOME,
    INTERRUPTED,
    POSTPONED,
    SECOND_HALF,
    SHOOT_OUT,
    Event,
    Incident,
    Period,
    Script,
    build_script,
)

_MINUTE = 60
_GOAL, _YELLOW, _RED, _PENALTY_GOAL, _SUBSTITUTION, _HALF_TIME_WHISTLE, _FULL_TIME = 1, 3, 4, 8, 9, 11, 12
_SECOND_YELLOW, _PENALTY_MISSED, _OWN_GOAL, _ADDED_TIME, _EXTRA_TIME_OVER = 15, 16, 17, 19, 26
_SHOOT_OUT_OVER, _VAR, _KICK_SCORED, _KICK_MISSED, _HYDRATION_BREAK = 27, 28, 29, 30, 38
_CARD_REASONS = (1, 1, 1, 4, 5, 7, 10, 11, 15, 18, 19, 20, 31)
_KICKS = 5
_BETWEEN_GOALS = 45  # seconds


class ScriptWriter:
    """Writes the script of one fixture. `lead` is the goal difference of its home side in the first leg."""

    def __init__(self, fixture: Fixture, *, seed: int, ids: Ids, lead: int = 0) -> None:
        self._fixture = fixture
        self._random = Random(f"script:{seed}:{fixture.number}")
        self._ids = ids
        self._lead = lead
        self._events: list[Event] = []
        self._periods: list[Period] = []
        self._is_named = fixture.is_covered and self._random.random() < 0.6
        self._has_var = fixture.is_covered and self._random.random() < 0.4
        # The vendor lists no kick of many shoot-outs.
        self._lists_kicks = Random(f"kicks listed:{seed}:{fixture.number}").random() < 0.6
        self._goal_times: list[int] = []
        self._booked: set[tuple[int, int]] = set()

    def script(self) -> Script:
        """Return the script of the whole match."""
        fixture, story = self._fixture, self._fixture.story
        if story in {"awaited", "deleted", "postponed"}:
            self._status(fixture.listed_from, POSTPONED if story == "postponed" else AWAITED)
        elif story == "cancelled":
            self._status(fixture.kick_off, CANCELLED)
        else:
            self._play()
            if story in {"lost", "abandoned", "interrupted"}:
                self._disturb(story)
        return build_script(self._events, self._periods, first=fixture.announced_at)

    def _play(self) -> None:
        random, start = self._random, self._fixture.kick_off
        # 1. Both halves.
        first = self._period(FIRST_HALF, start, 45, random.randint(30, 300), minute=0)
        self._incident(
            first.end, _HALF_TIME_WHISTLE, minute=random.choice((45, 45, first.minute_at(first.end)[0]))
        )
        self._status(first.end, HALF_TIME)
        second = self._period(
            SECOND_HALF, first.end + random.randint(840, 1_020), 45, random.randint(120, 420), minute=45
        )
        if self._fixture.story in {"knock-out", "second leg"} and random.random() < 0.4:
            self._equalise(second)
        self._incident(second.end, _FULL_TIME, minute=90)
        # 2. Extra time and shoot-out, if the tie needs a winner.
        over, goes_to_kicks = second.end, False
        if self._fixture.story in {"knock-out", "second leg"} and self._margin() == 0:
            goes_to_kicks = True
            if random.random() < 0.7:
                over = self._extra_time(second.end + random.randint(180, 300))
                goes_to_kicks = self._margin() == 0
        if goes_to_kicks:
            over = self._shoot_out(over + random.randint(60, 120), 120 if len(self._periods) > 2 else 90)
        # 3. The end; substitutions come last, because they need the second half.
        self._status(over, ENDED)
        self._substitutions(second)

    def _extra_time(self, start: int) -> int:
        first = self._period(EXTRA_TIME, start, 15, self._random.randint(10, 60), minute=90)
        # The vendor gives one start for all of extra time: the clock runs on through the change of ends.
        resumed = first.end + self._random.randint(30, 60)
        second = self._period(
            EXTRA_TIME, resumed, 15, self._random.randint(30, 120), minute=90, clock=start, length=30
        )
        self._incident(second.end, _EXTRA_TIME_OVER, minute=120)
        return second.end

    def _period(
        self,
        status: int,
        start: int,
        minutes: int,
        added: int,
        *,
        minute: int,
        clock: int = 0,
        length: int = 0,
    ) -> Period:
        end = start + minutes * _MINUTE + added
        period = Period(status, start, end, clock or start, minute, length or minutes)
        self._periods.append(period)
        if not clock:
            self._status(start, status, clock=start)
        self._goals(period)
        if self._fixture.is_covered:
            self._cards(period)
            for side, rate in ((HOME, 5.5), (AWAY, 4.5)):
                self._events += [Event(at, "corner", side) for at in self._times(period, rate)]
            if status != EXTRA_TIME and self._random.random() < 0.5:
                announced = start + minutes * _MINUTE - self._random.randint(1, 30)
                extra = {} if self._random.random() < 0.2 else {"add_time": -(-added // _MINUTE)}
                self._incident(announced, _ADDED_TIME, minute=minute + minutes, extra=extra)
        if status == FIRST_HALF and self._has_var and self._random.random() < 0.2:
            self._incident(start + 1_800, _HYDRATION_BREAK, minute=30)
        return period

    def _times(self, period: Period, rate: float) -> Iterator[int]:
        """Yield moments in a period for events that occur `rate` times in 90 minutes."""
        at = period.start + 5.0
        while (at := at + self._random.expovariate(rate / 5_400)) < period.end - 3:
            yield int(at)

    def _goals(self, period: Period) -> None:
        for side, expected in zip((HOME, AWAY), self._fixture.goals_expected, strict=True):
            for at in self._times(period, expected):
                if self._is_apart(at):
                    self._goal(period, at, side)
            if self._fixture.is_covered:
                for at in self._times(period, 0.04):
                    self._events.append(Event(at - 2, "penalty", side))
                    self._play_incident(period, at, _PENALTY_MISSED, side)

    def _is_apart(self, at: int) -> bool:
        """Return whether there is time for a goal: each goal is followed by a kick-off."""
        return all(abs(at - other) >= _BETWEEN_GOALS for other in self._goal_times)

    def _goal(self, period: Period, at: int, side: int) -> None:
        random = self._random
        self._goal_times.append(at)
        fate = random.random()
        type_ = _PENALTY_GOAL if fate < 0.08 else _OWN_GOAL if fate < 0.11 else _GOAL
        if type_ == _PENALTY_GOAL and self._fixture.is_covered:
            self._events.append(Event(at - 4, "penalty", side))
        # An own goal is listed for the side that it counts for; its scorer plays for the other side.
        scorer = AWAY + HOME - side if type_ == _OWN_GOAL else side
        incident = self._play_incident(period, at, type_, side, player_of=scorer, keep=False)
        if type_ == _GOAL and "player_id" in incident and random.random() < 0.5:
            id_, name = self._player(side)
            incident |= {"assist1_id": id_, "assist1_name": name}
        under_review = self._has_var and at + 100 < period.end
        if under_review and random.random() < 0.12:
            self._events.append(Event(at, "goal", side, incident))
            self._review(period, at + random.randint(40, 90), side, incident)
            return
        is_late = type_ == _GOAL and random.random() < 0.05
        self._events.append(Event(at, "goal", side, incident, has_score=not is_late))
        if is_late:
            self._events.append(Event(at + 20, "late score", side, about=incident))

    def _review(self, period: Period, at: int, side: int, goal: Incident) -> None:
        """Add a video review of a goal, which confirms or cancels it."""
        stands = self._random.random() < 0.4
        decision = {"var_reason": 1, "var_result": 1} if stands else {"var_reason": 2, "var_result": 2}
        if not stands:
            stays_listed = self._random.random() < 0.5
            self._events.append(Event(at, "cancelled goal", side, about=goal, stays_listed=stays_listed))
        self._play_incident(period, at, _VAR, side, extra=decision)

    def _cards(self, period: Period) -> None:
        for side in (HOME, AWAY):
            for at in self._times(period, 1.9):
                shirt = self._random.randint(1, 11)
                reason = (
                    {"reason_type": self._random.choice(_CARD_REASONS)} if self._random.random() < 0.3 else {}
                )
                is_second = (side, shirt) in self._booked and self._random.random() < 0.3
                type_ = _SECOND_YELLOW if is_second else _RED if self._random.random() < 0.03 else _YELLOW
                self._booked.add((side, shirt))
                # The vendor's counters and incidents sometimes differ: here a card is counted but not listed.
                keep = self._random.random() > 0.02
                incident = self._play_incident(period, at, type_, side, shirt=shirt, extra=reason, keep=False)
                what = "yellow" if type_ == _YELLOW else "red"
                self._events.append(Event(at, what, side, incident if keep else None))

    def _substitutions(self, second: Period) -> None:
        if not self._is_named:
            return
        for side in (HOME, AWAY):
            for shirt in range(12, 12 + self._random.randint(2, 5)):
                at_half_time = self._random.random() < 0.3
                at = (
                    second.start
                    if at_half_time
                    else self._random.randint(second.start + 300, second.end - 10)
                )
                missing = self._random.random() < 0.04
                coming = {} if missing else self._pair("in_player", side, shirt)
                extra = coming | self._pair("out_player", side, shirt - 11)
                # Some are listed late, so the list is not strictly in order of time.
                delay = self._random.randint(60, 150) if self._random.random() < 0.04 else 0
                self._play_incident(second, at, _SUBSTITUTION, side, player_of=0, extra=extra, delay=delay)

    def _shoot_out(self, start: int, minute: int) -> int:
        """Add alternate kicks from `start` on until one side has won; return the time of the end."""
        self._status(start, SHOOT_OUT)
        scored, taken, at = {HOME: 0, AWAY: 0}, {HOME: 0, AWAY: 0}, start + 30
        first = self._random.choice((HOME, AWAY))
        for turn in range(60):
            side = first if turn % 2 == 0 else HOME + AWAY - first
            goal = self._random.random() < 0.74
            scored[side] += goal
            taken[side] += 1
            incident: Incident = {
                "type": _KICK_SCORED if goal else _KICK_MISSED,
                "position": side,
                "time": minute,
            }
            if self._is_named:
                incident |= self._pair("player", side, taken[side] % 11 + 1)
            has_score = goal or self._random.random() < 0.5
            listed = incident if self._lists_kicks else None
            self._events.append(Event(at, "kick", side, listed, scored=goal, has_score=has_score))
            at += self._random.randint(8, 12) if turn > 20 else self._random.randint(30, 45)
            left = {s: max(_KICKS, taken[HOME], taken[AWAY]) - taken[s] for s in (HOME, AWAY)}
            if any(scored[s] > scored[HOME + AWAY - s] + left[HOME + AWAY - s] for s in (HOME, AWAY)):
                break
        self._incident(at, _SHOOT_OUT_OVER, minute=120)
        return at

    def _equalise(self, second: Period) -> None:
        """Add late goals for the side that is behind on the tie, so that it goes to extra time."""
        margin = self._margin()
        for _ in range(abs(margin)):
            at = self._random.randint(second.end - 1_200, second.end - 5)
            while not self._is_apart(at):
                at = self._random.randint(second.start, second.end - 5)
            self._goal_times.append(at)
            side = AWAY if margin > 0 else HOME
            self._events.append(
                Event(at, "goal", side, self._play_incident(second, at, _GOAL, side, keep=False))
            )

    def _margin(self) -> int:
        """Return the lead of the home side on the tie after the events so far."""
        change = {"goal": 1, "cancelled goal": -1}
        goals = {
            side: sum(change.get(event.what, 0) for event in self._events if event.side == side)
            for side in (HOME, AWAY)
        }
        return self._lead + goals[HOME] - goals[AWAY]

    def _disturb(self, story: str) -> None:
        """Stop the match during play: abandoned, interrupted for a while, or lost by the vendor."""
        at = self._random.randint(self._periods[0].start + 600, self._periods[1].end - 600)
        pause = self._random.randint(8, 20) * _MINUTE
        # 1. Cut the match in two at that moment.
        before = [event for event in self._events if event.at < at]
        after = [event for event in self._events if event.at >= at]
        cut = [period for period in self._periods if period.start < at]
        running = cut[-1] if at < cut[-1].end else None
        if running:
            cut[-1] = running._replace(end=at)
        # 2. Keep the first part, and the second one only after an interruption, later.
        self._events = before
        if story == "lost":
            self._status(at, AWAITED)
        elif story == "abandoned":
            self._status(at, INTERRUPTED)
            self._status(at + pause, ABANDONED)
        else:
            rest = [period for period in self._periods if period.start >= at]
            moved = [
                p._replace(start=p.start + pause, end=p.end + pause, clock=p.clock + pause) for p in rest
            ]
            if running:
                clock = running.clock + pause
                moved.insert(0, running._replace(start=at + pause, end=running.end + pause, clock=clock))
                self._status(at, INTERRUPTED)
                self._status(at + pause, running.status, clock=clock)
            cut += moved
            self._events += [event.later(pause) for event in after]
        self._periods = cut

    def _status(self, at: int, status: int, *, clock: int = 0) -> None:
        self._events.append(Event(at, "status", status=status, clock=clock))

    def _incident(self, at: int, type_: int, *, minute: int, extra: dict[str, Any] | None = None) -> None:
        incident = {"type": type_, "position": 0, "time": minute} | (extra or {})
        self._events.append(Event(at, "incident", 0, incident))

    def _play_incident(
        self,
        period: Period,
        at: int,
        type_: int,
        side: int,
        *,
        player_of: int | None = None,
        shirt: int = 0,
        extra: dict[str, Any] | None = None,
        delay: int = 0,
        keep: bool = True,
    ) -> Incident:
        """Return an incident of play with minute and player; `keep` also adds it as an event."""
        minute, added = period.minute_at(at)
        incident: Incident = {"type": type_, "position": side, "time": minute}
        if added:
            incident["add_time"] = added
        team = side if player_of is None else player_of
        if team and self._is_named and self._random.random() < 0.95:
            incident |= self._pair("player", team, shirt or self._random.randint(1, 11))
        incident |= extra or {}
        if keep:
            self._events.append(Event(at + delay, "incident", side, incident))
        return incident

    def _player(self, side: int, shirt: int = 0) -> tuple[str, str]:
        team = self._fixture.home if side == HOME else self._fixture.away
        number = team * 32 + (shirt or self._random.randint(1, 11))
        given = GIVEN_NAMES[number * 7 % len(GIVEN_NAMES)]
        return self._ids.text(
            1_000_000 + number
        ), f"{given} {FAMILY_NAMES[number * 11 // 3 % len(FAMILY_NAMES)]}"

    def _pair(self, key: str, side: int, shirt: int) -> Incident:
        id_, name = self._player(side, shirt)
        return {f"{key}_id": id_, f"{key}_name": name}
