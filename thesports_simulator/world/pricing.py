"""The fair chances and lines of a match at each moment, from opening to end."""

from dataclasses import dataclass
from math import erf, sqrt
from random import Random
from typing import NamedTuple

from thesports_simulator.world.fixtures import Fixture
from thesports_simulator.world.match import goals
from thesports_simulator.world.script import (
    AWAITED,
    CORNERS,
    EXTRA_TIME,
    FIRST_HALF,
    HALF_TIME,
    NOT_STARTED,
    POSTPONED,
    REDS,
    SECOND_HALF,
    SHOOT_OUT,
    Period,
    Script,
    State,
)

_HOUR = 3_600
_CORNERS_EXPECTED = 10.0


class Quote(NamedTuple):
    """Fair chances at one moment, in thousandths; all bookmakers' prices are computed from them.

    `goals` and `corners` are "H-A" at the time of the prices: a suspended quote keeps the old ones.
    `is_event` marks suspensions and reopenings, which most bookmakers follow.
    """

    at: int
    minute: str
    status: int
    sealed: bool
    is_event: bool
    goals: str
    corners: str
    home: int
    draw: int
    away: int
    asia_line: float
    asia_home: int
    goal_line: float
    goals_over: int
    corner_line: float
    corners_over: int


@dataclass(frozen=True, slots=True)
class Tempo:
    """The pace of pricing: seconds between quotes, quotes before kick-off, hours from opening to kick-off."""

    spacing: float
    before: int
    opens: float


def quotes(fixture: Fixture, script: Script, random: Random, tempo: Tempo) -> list[Quote]:
    """Return all quotes of a match, oldest first; none after its end."""
    market = _Market(fixture, script, random)
    made = [market.quote(at) for at in _times_before(fixture, script, random, tempo)]
    for state, until in zip(script.states, [*script.times[1:], fixture.listed_until], strict=True):
        if state.status == NOT_STARTED:
            continue
        if (
            market.has_goal_or_red_card(state)
            and made
            and state.status in {FIRST_HALF, SECOND_HALF, EXTRA_TIME}
        ):
            made += market.suspend(made[-1], state.at, random.randint(20, 60))
        start = max(state.at, made[-1].at if made else 0)
        made += [market.quote(at) for at in _times_within(start, until, state.status, random, tempo)]
    return made


def _times_before(fixture: Fixture, script: Script, random: Random, tempo: Tempo) -> list[int]:
    """Return moments before kick-off, denser towards kick-off; the first is the opening."""
    started = next((state.at for state in script.states if state.status != NOT_STARTED), fixture.kick_off)
    lead = tempo.opens * _HOUR
    rest = [started - 60 - int(lead * random.random() ** 3) for _ in range(tempo.before)]
    return [int(started - 90 - lead), *sorted(rest)]


def _times_within(start: int, end: int, status: int, random: Random, tempo: Tempo) -> list[int]:
    """Return moments from `start` to `end` at which a match in this status is priced again."""
    pause = {
        FIRST_HALF: 1.0, SECOND_HALF: 1.0, EXTRA_TIME: 2.0, HALF_TIME: 4.0, SHOOT_OUT: 8.0,
        AWAITED: 20.0, POSTPONED: 30.0,
    }.get(status)  # fmt: skip
    times: list[int] = []
    if pause is None:
        return times
    at = float(start)
    while (at := at + pause * tempo.spacing * random.uniform(0.4, 1.6)) < end - 2:
        times.append(int(at))
    return times


class _Market:
    """Prices a match along its script; time must not go back."""

    def __init__(self, fixture: Fixture, script: Script, random: Random) -> None:
        self._script = script
        self._random = random
        self._expected = fixture.goals_expected
        self._sway = 0.0
        self._lines = [0.0, 2.5, 9.5]
        self._goals = (0, 0)
        self._reds = (0, 0)

    def has_goal_or_red_card(self, state: State) -> bool:
        """Return whether goals or red cards changed since the last call."""
        before = self._goals, self._reds
        self._goals, self._reds = goals(state), (state.home[REDS], state.away[REDS])
        return before != (self._goals, self._reds)

    def suspend(self, last: Quote, at: int, seconds: int) -> list[Quote]:
        """Return the suspension with the last prices, and the reopening with new ones."""
        moments = [max(at, last.at) + 2, max(at, last.at) + 2 + seconds // 2]
        state = self._script.state(moments[-1] + seconds)
        if state.status != self._script.state(at).status:
            seconds = 3
        sealed = [
            last._replace(
                at=moment, minute=self._minute(status, moment), status=status, sealed=True, is_event=True
            )
            for moment in moments[: 1 + (seconds > 3)]
            for status in (self._script.state(moment).status,)
        ]
        return [*sealed, self.quote(sealed[-1].at + max(2, seconds // 2), is_event=True)]

    def quote(self, at: int, *, is_event: bool = False) -> Quote:
        """Return fair chances at this time."""
        state = self._script.state(at)
        home_left, away_left, share = self._expected_yet(state, at)
        score = goals(state)
        total, margin = home_left + away_left, home_left - away_left
        spread = sqrt(total + 0.03)
        lead = score[0] - score[1] + margin
        home, not_away = 1 - _chance((0.5 - lead) / spread), 1 - _chance((-0.5 - lead) / spread)
        line = self._line(0, margin, spread)
        goal_line = max(score[0] + score[1] + 0.5, self._line(1, score[0] + score[1] + total, spread))
        corners = state.home[CORNERS], state.away[CORNERS]
        corners_due = sum(corners) + _CORNERS_EXPECTED * share
        corner_spread = sqrt(_CORNERS_EXPECTED * share + 0.1)
        corner_line = max(sum(corners) + 0.5, self._line(2, corners_due, corner_spread, step=1.0))
        return Quote(
            at,
            self._minute(state.status, at),
            state.status,
            sealed=False,
            is_event=is_event,
            goals=f"{score[0]}-{score[1]}",
            corners=f"{corners[0]}-{corners[1]}",
            home=_thousandths(home),
            draw=_thousandths(not_away - home),
            away=_thousandths(1 - not_away),
            asia_line=line,
            asia_home=_thousandths(1 - _chance((line - margin) / spread)),
            goal_line=goal_line,
            goals_over=_thousandths(1 - _chance((goal_line - score[0] - score[1] - total) / spread)),
            corner_line=corner_line,
            corners_over=_thousandths(1 - _chance((corner_line - corners_due) / corner_spread)),
        )

    def _expected_yet(self, state: State, at: int) -> tuple[float, float, float]:
        """Return the goals that each side is still expected to score, and the share of the match left."""
        played = self._script.played(at)
        length = 7_800 if state.status in {EXTRA_TIME, SHOOT_OUT} else 5_760
        share = max(0.01, 1 - played / length)
        self._sway += self._random.gauss(0, 0.012)
        reds = state.home[REDS] - state.away[REDS]
        home = self._expected[0] * share * (1 + self._sway - 0.3 * min(1, max(-1, reds)))
        away = self._expected[1] * share * (1 - self._sway + 0.3 * min(1, max(-1, reds)))
        return max(0.01, home), max(0.01, away), share

    def _line(self, which: int, fair: float, spread: float, *, step: float = 0.25) -> float:
        """Return the line: it moves only if the chances at the old one have become too uneven."""
        line = self._lines[which]
        if abs(_chance((line - fair) / spread) - 0.5) > 0.07:
            line = round(fair / step) * step if step < 1 else round(fair - 0.5) + 0.5
            self._lines[which] = line
        return line + 0.0

    def _minute(self, status: int, at: int) -> str:
        """Return the minute as the odds feed writes it."""
        if status in {FIRST_HALF, SECOND_HALF, EXTRA_TIME}:
            period = self._period(at)
            if period is None:
                return ""
            minute = period.minute_at(at)[0]
            return "45+" if status == FIRST_HALF and minute > 45 else str(minute)
        return {HALF_TIME: "midfield", SHOOT_OUT: "120"}.get(status, "")

    def _period(self, at: int) -> Period | None:
        return next((period for period in reversed(self._script.periods) if period.start <= at), None)


_MOST_DEVIATIONS = 500  # in hundredths
_NORMAL = {
    hundredths: 0.5 + 0.5 * erf(hundredths / 100 / sqrt(2))
    for hundredths in range(-_MOST_DEVIATIONS, _MOST_DEVIATIONS + 1)
}


def _chance(deviations: float) -> float:
    """Return the normal distribution function, in steps of a hundredth."""
    hundredths = int(100 * deviations)
    if hundredths > _MOST_DEVIATIONS:
        hundredths = _MOST_DEVIATIONS
    elif hundredths < -_MOST_DEVIATIONS:
        hundredths = -_MOST_DEVIATIONS
    return _NORMAL[hundredths]


def _thousandths(chance: float) -> int:
    return max(2, min(985, int(1_000 * chance)))
