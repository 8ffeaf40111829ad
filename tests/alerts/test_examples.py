"""The examples of docs/alerts.example.toml work: each fires when it says, and not otherwise."""

from pathlib import Path
from typing import Any

import pytest

from footy.alerts.rules import load
from footy.events.types import Alert, Event
from tests.alerts.matches import Matches, ids, outcomes
from tests.events.watch import incident, money_line

EXAMPLES = Path(__file__).parents[2] / "docs" / "alerts.example.toml"


@pytest.fixture
def matches(tmp_path: Path) -> Matches:
    return Matches(tmp_path / "alerts.toml", EXAMPLES.read_text(encoding="utf-8"))


def said(events: list[Event]) -> list[str]:
    return [one.data.text for one in events if isinstance(one.data, Alert)]


def over_under(line: float, over: float = 1.9) -> dict[str, Any]:
    return {
        "current_over_under_line": line,
        "current_over_under_over": over,
        "current_over_under_sealed": False,
        "current_over_under_outdated": False,
    }


def test_there_are_five_and_one_target(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    path.write_bytes(EXAMPLES.read_bytes())
    path.chmod(0o600)
    rules = load(path)
    assert [rule.name for rule in rules.rules] == [
        "goalless-half-time",
        "favourite-behind",
        "late-goal",
        "goal-taken-back",
        "pressure",
    ]
    assert {rule.to for rule in rules.rules} == {(rules.targets[0].name,)}


def test_half_time_without_a_goal_where_three_were_expected(matches: Matches) -> None:
    line = {"early_over_under_line": 3.0, **over_under(1.5)}
    assert matches.see(status_id=2, clock="44'", **line) == []
    found = matches.see(status_id=3, clock="HT", minute=None)
    assert ids(found) == ["alert:goalless-half-time:1"]
    assert said(found) == ["Town – City: half-time, 0–0, early line 3, now 1.5 (Premier League)"]
    assert matches.see(status_id=3) == []
    matches.see(3600, status_id=8, home_score=1)
    assert outcomes(matches.end(1, 0)) == ["won"]


@pytest.mark.parametrize(
    "but",
    [
        {"early_over_under_line": 2.75},
        {"early_over_under_line": None},
        {"home_score": 1},
        {"away_score": None},
        {"status_id": 4},
    ],
)
def test_half_time_is_silent_if_a_term_is_not_true(matches: Matches, but: dict[str, Any]) -> None:
    assert matches.see(**({"status_id": 3, "early_over_under_line": 3.0} | but)) == []


def test_the_favourite_is_behind(matches: Matches) -> None:
    assert matches.see(early_money_line_home=1.4, minute=60) == []
    found = matches.see(away_score=1, clock="61'", minute=61, **money_line(3.2))
    assert ids(found) == ["alert:favourite-behind:1"]
    assert said(found) == ["Town 0–1 City, 61': the favourite is behind, 3.2"]
    assert isinstance(found[0].data, Alert)
    assert found[0].data.price == 3.2
    assert matches.see(away_score=2) == []
    matches.see(3600, status_id=8)
    assert outcomes(matches.end(0, 2)) == ["lost"]


def test_a_late_goal_that_matters(matches: Matches) -> None:
    matches.see(minute=88, clock="88'")
    assert said(matches.see(home_score=1)) == ["Town 1–0 City, 88': goal for home"]
    assert said(matches.see(away_score=1, minute=90, clock="90'")) == ["Town 1–1 City, 90': goal for away"]
    matches.see(match_id="n54qllhpo1vqvy9", minute=80)
    assert matches.see(match_id="n54qllhpo1vqvy9", minute=84, home_score=1) == []


def test_a_goal_is_taken_back(matches: Matches) -> None:
    matches.see(clock="50'")
    matches.see(away_score=1)
    var = incident(28, "away", 51) | {"var_result_id": 2}
    matches.see(20, incidents=[var])
    matches.see(20, away_score=0)
    found = matches.see(20)
    assert said(found) == ["Town 0–0 City, 50': goal 1 of away is taken back by VAR"]


def test_pressure_that_lasts(matches: Matches) -> None:
    pressure = {"minute": 60, "home_shots_on_target": 8, "away_shots_on_target": 2, **over_under(1.5, 2.1)}
    assert matches.see(**pressure) == []
    assert matches.see(120) == []
    found = matches.see(60, minute=63, clock="63'")
    assert said(found) == ["Town 0–0 City, 63': shots on target 8–2, over 1.5 at 2.1"]
    matches.see(3600, status_id=8, home_score=2)
    assert outcomes(matches.end(2, 0)) == ["won"]
