"""One match as the vendor shows it at any time: its live element and its detail row."""

from bisect import bisect_right
from itertools import pairwise
from random import Random
from typing import Any

from thesports_simulator.world.directory import Competition, Directory
from thesports_simulator.world.fixtures import DETAILS_FROM_S, NEVER, Fixture
from thesports_simulator.world.ids import Ids
from thesports_simulator.world.script import (
    ALL_GOALS,
    CORNERS,
    ENDED,
    GOALS,
    REDS,
    SHOOT_OUT_GOALS,
    YELLOWS,
    Incident,
    Script,
    State,
)

_FEEDS_EVERY = 20  # seconds of play between two counts of shots and attacks
_AGGREGATE_LAG = 40  # seconds by which the vendor's aggregate follows the score
_HOUR = 3_600
_CORNERS, _YELLOWS, _REDS, _PENALTIES, _ON_TARGET, _OFF_TARGET, _ATTACKS, _DANGEROUS, _POSSESSION = (
    2, 3, 4, 8, 21, 22, 23, 24, 25,
)  # fmt: skip
_COMMENTARY = {
    1: "Goal!", 3: "Yellow card", 4: "Red card", 8: "Goal from the spot!", 9: "Substitution", 11: "Half-time",
    12: "Full-time", 15: "Second yellow card for %oppos_player%", 17: "Own goal", 28: "VAR check",
}  # fmt: skip


class Match:
    """A fixture with its script. Times are unix seconds; returned values are new and may be changed."""

    def __init__(
        self,
        fixture: Fixture,
        script: Script,
        *,
        seed: int,
        ids: Ids,
        directory: Directory,
        first_leg: Script | None,
    ) -> None:
        self.fixture = fixture
        self.script = script
        self._ids = ids
        self._directory = directory
        self._first_leg = first_leg
        random = Random(f"match:{seed}:{fixture.number}")
        self._rates = [
            [random.uniform(low, high) / 5_400 for low, high in ((1, 5), (2, 7), (60, 110), (25, 65))]
            for _ in range(2)
        ]
        self._possession = random.randint(38, 62)
        self._stats_order = random.sample(range(9), 9)
        self._has_commentary = fixture.is_covered and random.random() < 0.12
        self._describe(random)
        self._row_times = self._times_of_row()

    def live_element(self, at: int, shown: Script | None = None) -> dict[str, Any]:
        """Return the match in match/detail_live at this time, with keys in the vendor's order.

        `shown` is the script that the live list shows, if it is not the true one.
        """
        state = (shown or self.script).state(at)
        return {
            "id": self.fixture.id,
            "score": [
                self.fixture.id,
                state.status,
                list(state.home),
                list(state.away),
                state.period_start,
                "",
            ],
            "stats": self._stats(state, at),
            "incidents": [dict(incident) for incident in state.incidents],
            "tlive": [self._commentary(incident) for incident in state.incidents]
            if self._has_commentary
            else [],
        }

    def live_until(self, at: int, shown: Script | None = None) -> int:
        """Return the time, exclusive, until which the live element does not change."""
        times = (shown or self.script).times
        index = bisect_right(times, at)
        until = times[index] if index < len(times) else NEVER
        if self.fixture.is_covered:
            rest = _FEEDS_EVERY - self.script.played(at) % _FEEDS_EVERY
            for period in self.script.periods:
                if at < period.end:  # no statistics between the halves of extra time
                    until = min(until, max(at, period.start) + rest)
        return until

    def detail_row(self, at: int) -> dict[str, Any]:
        """Return the match in match/recent/list at this time, with its keys in the vendor's order."""
        fixture, state = self.fixture, self.script.state(at)
        competition = self._directory.competition(fixture.competition)
        row: dict[str, Any] = {
            "id": fixture.id,
            "season_id": self._directory.season_id(competition.number) if self._has_season else "",
            "competition_id": self._ids.text(competition.number),
            "home_team_id": self._ids.text(fixture.home),
            "away_team_id": self._ids.text(fixture.away),
            "status_id": state.status,
            "match_time": self.match_time,
            "venue_id": self._venue,
            "referee_id": self._referee if at >= self._referee_at else "",
            "neutral": self._neutral,
            "note": self._note if at >= self._note_at else "",
            "home_scores": list(state.home),
            "away_scores": list(state.away),
            "home_position": self._position(0, at),
            "away_position": self._position(1, at),
            "coverage": {
                "mlive": int(self._environment_at < NEVER or fixture.is_covered),
                "lineup": self._lineup,
            },
            "round": self._round,
        }
        if fixture.related is not None:
            row["related_id"] = fixture.related
            row["agg_score"] = self._aggregate(at)
        if at >= self._environment_at:
            row["environment"] = dict(self._environment)
        if self.script.past_ninety and at >= self.script.past_ninety:
            row["has_ot"] = 1
        if self.script.ended and at >= self.script.ended:
            row["ended"] = self.script.ended
        row["updated_at"] = self.row_updated_at(at)
        return row

    def row_updated_at(self, at: int) -> int:
        """Return the time of the detail row's last change up to `at`."""
        return self._row_times[max(0, bisect_right(self._row_times, at) - 1)]

    def row_until(self, at: int) -> int:
        """Return the time, exclusive, until which the detail row does not change."""
        index = bisect_right(self._row_times, at)
        return self._row_times[index] if index < len(self._row_times) else NEVER

    def _describe(self, random: Random) -> None:
        """Draw the values of the detail row that do not depend on play."""
        fixture = self.fixture
        competition = self._directory.competition(fixture.competition)
        # Kick-offs are scheduled to five minutes; play starts a little later, rarely earlier.
        self.match_time = (fixture.kick_off + 59) // 300 * 300
        if fixture.story == "postponed":
            self.match_time -= random.randint(1, 5) * _HOUR
        self._has_season = competition.has_season
        self._venue = self._ids.text(200_000 + fixture.home) if random.random() < 0.55 else ""
        self._referee = self._ids.text(500_000 + random.randrange(4_000)) if random.random() < 0.1 else ""
        self._referee_at = (
            fixture.announced_at if random.random() < 0.5 else fixture.kick_off - DETAILS_FROM_S
        )
        self._neutral = int(random.random() < 0.06)
        self._lineup = int(fixture.is_covered and random.random() < 0.4)
        self._describe_rank(random, competition)
        self._describe_weather(random)
        self._describe_end()

    def _describe_rank(self, random: Random, competition: Competition) -> None:
        ranks = random.sample(range(1, 21), 4)
        ranked = competition.has_table and random.random() < 0.9
        self._positions = [str(rank) if ranked else "" for rank in ranks]
        # The table is updated soon after some matches.
        moves = ranked and self.script.ended and random.random() < 0.3
        self._positions_move_at = self.script.ended + 90 if moves else NEVER
        in_cup = competition.is_knock_out
        self._round = {
            "stage_id": self._directory.stage_id(competition.number) if competition.has_season else "",
            "round_num": 0 if in_cup or not competition.has_season else self.fixture.generation % 38 + 1,
            "group_num": random.randint(1, 8) if in_cup and self.fixture.story == "played" else 0,
        }

    def _describe_weather(self, random: Random) -> None:
        measured = random.random() < 0.76
        arrives_late = random.random() < 0.25
        announced, kick_off = self.fixture.announced_at, self.fixture.kick_off
        self._environment_at = (
            (kick_off + random.randint(-DETAILS_FROM_S, 1_200) if arrives_late else announced)
            if measured
            else NEVER
        )
        speed = random.uniform(0.3, 12)
        self._environment = {
            "weather": random.choice((1, 1, 1, 1, 5, 5, 5, 2, 2, 3, 3, 10, 7, 6, 9, 4, 8, 13)),
            "pressure": f"{random.randint(740, 770)}mmHg",
            "temperature": f"{random.randint(-4, 34)}°C",
            # The vendor writes some whole numbers without their zero.
            "wind": f"{speed:.0f}.m/s" if random.random() < 0.05 else f"{speed:.1f}m/s",
            "humidity": f"{random.randint(25, 100)}%",
        }

    def _describe_end(self) -> None:
        """Build the note on a match decided on penalties; the vendor adds it half a minute after the end."""
        final = self.script.final
        kicks = final.home[SHOOT_OUT_GOALS], final.away[SHOOT_OUT_GOALS]
        self._note, self._note_at = "", NEVER
        if final.status != ENDED or kicks[0] == kicks[1]:
            return
        winner = self.fixture.home if kicks[0] > kicks[1] else self.fixture.away
        extra = (
            f",ET[{final.home[ALL_GOALS]}-{final.away[ALL_GOALS]}]" if len(self.script.periods) > 2 else ""
        )
        self._note = (
            f"FT[{final.home[GOALS]}-{final.away[GOALS]}]{extra},PEN[{kicks[0]}-{kicks[1]}],"
            f"{self._directory.team_name(winner)} win"
        )
        self._note_at = self.script.ended + 30

    def _times_of_row(self) -> list[int]:
        """Return all times at which the detail row changes; the first is its announcement."""
        times = {self.fixture.announced_at, self.script.ended, self.script.past_ninety}
        times |= {self._note_at, self._positions_move_at, self._environment_at}
        if self._referee:
            times.add(self._referee_at)
        states = self.script.states
        for before, after in pairwise(states):
            if before[1:4] != after[1:4]:
                times.add(after.at)
            if self.fixture.related is not None and goals(before) != goals(after):
                times.add(after.at + _AGGREGATE_LAG)
        return sorted(time for time in times if self.fixture.announced_at <= time < NEVER)

    def _position(self, side: int, at: int) -> str:
        return self._positions[side + 2 * (at >= self._positions_move_at)]

    def _aggregate(self, at: int) -> list[int]:
        home, away = goals(self.script.state(at - _AGGREGATE_LAG))
        if self._first_leg:
            away_before, home_before = goals(self._first_leg.final)
            return [home_before + home, away_before + away]
        return [home, away]

    def _stats(self, state: State, at: int) -> list[dict[str, int]]:
        if not self.fixture.is_covered:
            return []
        played = self.script.played(at) // _FEEDS_EVERY * _FEEDS_EVERY
        home_share = self._possession + (played // 240 * 7 % 9) - 4 if played else 0
        rows = [
            (_CORNERS, state.home[CORNERS], state.away[CORNERS]),
            (_YELLOWS, state.home[YELLOWS], state.away[YELLOWS]),
            (_REDS, state.home[REDS], state.away[REDS]),
            (_PENALTIES, *state.penalties),
            (_POSSESSION, home_share, 100 - home_share if played else 0),
        ]
        scored = goals(state)
        for index, type_ in enumerate((_ON_TARGET, _OFF_TARGET, _ATTACKS, _DANGEROUS)):
            home, away = (int(self._rates[side][index] * played) for side in (0, 1))
            on_target = type_ == _ON_TARGET
            rows.append((type_, home + on_target * scored[0], away + on_target * scored[1]))
        return [{"type": rows[i][0], "home": rows[i][1], "away": rows[i][2]} for i in self._stats_order]

    def _commentary(self, incident: Incident) -> dict[str, Any]:
        added = incident.get("add_time", 0) if incident["type"] != 19 else 0
        time = f"{incident['time'] - added}'+{added}'" if added else f"{incident['time']}'"
        text = _COMMENTARY.get(incident["type"], "Play goes on")
        return {"time": time, "data": f"{time} - {text}", "position": incident["position"]}


def goals(state: State) -> tuple[int, int]:
    """Return home and away goals of a state, with extra time and without the shoot-out."""
    element = ALL_GOALS if state.home[ALL_GOALS] or state.away[ALL_GOALS] else GOALS
    return state.home[element], state.away[element]
