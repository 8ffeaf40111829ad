"""When rules fire: once, when their condition comes true; and what becomes of their alerts."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footy.alerts.condition import condition
from footy.alerts.evaluate import Sight, fired, judged
from footy.alerts.logic import Scene
from footy.alerts.rules import Rule
from footy.events.emitted import AlertState, Emitted, Names, decoded, encoded
from footy.events.types import Alert
from footy.plain_text import harmless
from tests.alerts.matches import TOWN, Matches, ids, outcomes
from tests.events.watch import KICK_OFF, money_line, record

GOALLESS = """
[rules.goalless]
when = "status_id == 3 and home_score == 0 and away_score == 0 and early_over_under_line >= 3"
won = "home_score + away_score >= 1"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.toml"


# --- firing


def test_a_rule_fires_once_in_a_match(path: Path) -> None:
    matches = Matches(path, GOALLESS)
    assert matches.see(status_id=2, early_over_under_line=3.25) == []
    assert ids(matches.see(status_id=3)) == ["alert:goalless:1"]
    assert matches.see(status_id=3) == []
    assert matches.see(status_id=4) == []
    assert matches.see(status_id=3) == []
    assert ids(matches.see(match_id="n54qllhpo1vqvy9", status_id=3, early_over_under_line=3.0)) == [
        "alert:goalless:1"
    ]


def test_a_rule_does_not_fire_again_after_a_restart(path: Path) -> None:
    matches = Matches(path, GOALLESS)
    matches.see(status_id=3, early_over_under_line=3.25)
    matches.restart()
    assert matches.see(status_id=3) == []


def test_unknown_is_not_true(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = 'home_red_cards != 0 and not (minute > 90)'\n")
    assert matches.see(home_red_cards=None) == []
    assert matches.see(home_red_cards=1, minute=None) == []
    assert ids(matches.see(minute=67)) == ["alert:r:1"]


def test_only_fresh_records_count(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = 'home_score == 0'\n")
    assert matches.see() != []
    matches = Matches(path, "[rules.r]\nwhen = 'home_score == 2'\n")
    matches.see()
    for source in ("stale", "missing", "mock"):
        assert matches.see(home_score=2, live_source=source) == []
    assert matches.see(live_source="push") != []


def test_a_price_that_is_old_or_made_up_is_unknown(path: Path) -> None:
    now = "[rules.now]\nwhen = 'current_money_line_home >= 2'\n"
    early = "[rules.early]\nwhen = 'early_money_line_home >= 2'\n"
    prices = {**money_line(2.5), "early_money_line_home": 2.5}
    for source, fires in (
        ("fresh", ["now", "early"]),
        ("cache", ["now", "early"]),
        ("partial", ["now", "early"]),
        ("stale", ["early"]),
        ("missing", ["early"]),
        ("mock", []),
    ):
        found = Matches(path, now + early).see(odds_source=source, **prices)
        assert [one.data.rule for one in found if isinstance(one.data, Alert)] == fires


def test_each_time_that_it_comes_true(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = 'current_money_line_home > 2'\nonce = 'event'\n")
    assert matches.see(**money_line(1.9)) == []
    assert ids(matches.see(**money_line(2.1))) == ["alert:r:1"]
    assert matches.see(**money_line(2.2)) == []
    assert matches.see(current_money_line_home=None) == []
    assert matches.see(**money_line(2.2)) == []  # unknown was no change
    assert matches.see(**money_line(2.0)) == []
    matches.restart()
    assert ids(matches.see(**money_line(2.1))) == ["alert:r:2"]


def test_a_condition_that_must_last(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = 'home_score > 0'\nfor = 60\n")
    assert matches.see(home_score=1) == []
    assert matches.see(50) == []
    matches.restart()
    assert ids(matches.see(10)) == ["alert:r:1"]
    assert matches.see(100) == []


def test_what_ends_before_its_time_does_not_last(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = 'home_score > 0'\nfor = 60\n")
    matches.see(home_score=1)
    matches.see(50, home_score=0)
    assert matches.see(50, home_score=1) == []
    assert matches.see(50) == []
    assert ids(matches.see(10)) == ["alert:r:1"]


def test_how_long_it_lasts_follows_the_clock(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = 'home_score > 0'\nfor = 60\n")
    matches.see(home_score=1)
    matches.detector.shift(-3600)
    matches.now -= 3600
    assert matches.see(50) == []
    assert ids(matches.see(10)) == ["alert:r:1"]


# --- events


def test_once_an_event(path: Path) -> None:
    rule = """
[rules.goals]
when = "event == 'goal' and side == 'home'"
once = "event"
say = "{side} {number}: {after.home}"
"""
    matches = Matches(path, rule)
    matches.see()
    found = matches.see(home_score=2, away_score=1)
    assert ids(found) == ["alert:goals:1", "alert:goals:2"]
    first = found[0].data
    assert isinstance(first, Alert)
    assert (first.event, first.text, first.late) == (f"{TOWN}:goal:home:1", "home 1: 1", False)
    assert matches.see() == []
    assert ids(matches.see(home_score=3)) == ["alert:goals:3"]


def test_an_event_once_in_a_match(path: Path) -> None:
    matches = Matches(path, "[rules.goals]\nwhen = \"event == 'goal'\"\n")
    matches.see()
    assert ids(matches.see(home_score=2)) == ["alert:goals:1"]
    assert matches.see(home_score=3) == []


def test_an_event_without_a_record_has_what_it_tells(path: Path) -> None:
    rule = """
[rules.left]
when = "event == 'match_left' and in_play and home_score == 1 and home_corners == null"
[rules.over]
when = "event == 'result' and not in_play and home_score == 2"
[rules.started]
when = "event == 'match_left' and home_corners > 3"
"""
    matches = Matches(path, rule)
    matches.see(home_score=1, home_corners=5)
    assert ids(matches.leave()) == ["alert:left:1"]
    matches = Matches(path, rule)
    matches.see(home_score=2)
    matches.see(3600, status_id=8)
    assert ids(matches.end(2, 0)) == ["alert:over:1"]


def test_what_happened_while_nobody_looked_is_late(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = \"event == 'goal'\"\n[rules.score]\nwhen = 'home_score > 0'\n")
    matches.see()
    by_event, by_record = (one.data for one in matches.see(400, home_score=1))
    assert isinstance(by_event, Alert)
    assert isinstance(by_record, Alert)
    assert (by_event.late, by_event.unseen_s) == (True, 400)
    assert (by_record.late, by_record.unseen_s) == (False, 0)


def test_what_happened_within_two_intervals_is_of_now(path: Path) -> None:
    matches = Matches(path, "[rules.r]\nwhen = \"event == 'goal'\"\n")
    matches.see()
    [alert] = matches.see(110, home_score=1)
    assert isinstance(alert.data, Alert)
    assert (alert.data.late, alert.data.unseen_s) == (True, 0)


# --- outcomes


def test_a_bet_is_won_or_lost_by_the_result(path: Path) -> None:
    matches = Matches(path, GOALLESS)
    matches.see(status_id=3, early_over_under_line=3.25)
    assert matches.see(3600, status_id=8, home_score=1) == []
    found = matches.end(1, 0)
    assert ids(found) == ["alert_settled:goalless:1"]
    assert (outcomes(found), found[0].data.relates) == (["won"], f"{TOWN}:alert:goalless:1")
    matches = Matches(path, GOALLESS)
    matches.see(status_id=3, early_over_under_line=3.25)
    matches.see(3600, status_id=8)
    assert outcomes(matches.end(0, 0)) == ["lost"]
    assert matches.see(status_id=8) == []


def test_a_result_that_cannot_be_read_is_the_last_score(path: Path) -> None:
    matches = Matches(path, GOALLESS)
    matches.see(status_id=3, early_over_under_line=3.25)
    matches.see(3600, status_id=8, away_score=2)
    assert outcomes(matches.end_unread()) == ["won"]


def test_a_bet_of_a_match_that_is_not_finished_is_void(path: Path) -> None:
    for status in (11, 12):
        matches = Matches(path, GOALLESS)
        matches.see(status_id=3, early_over_under_line=3.25)
        assert outcomes(matches.see(status_id=status)) == ["void"]
        assert matches.state("goalless").open == ()
    matches = Matches(path, GOALLESS)
    matches.see(status_id=3, early_over_under_line=3.25)
    assert outcomes(matches.leave()) == ["void"]


OVER = """
[rules.over]
when = "minute >= 60"
won = "home_score + away_score > then.current_over_under_line"
void = "home_score + away_score == then.current_over_under_line"
price = "current_over_under_over"
"""


@pytest.mark.parametrize(("goals", "outcome"), [(1, "lost"), (2, "void"), (3, "won")])
def test_an_outcome_may_depend_on_what_was_when_it_fired(path: Path, goals: int, outcome: str) -> None:
    matches = Matches(path, OVER)
    odds: dict[str, Any] = {"current_over_under_line": 2.0, "current_over_under_over": 1.95}
    [alert] = matches.see(**odds, current_over_under_sealed=False)
    assert isinstance(alert.data, Alert)
    assert alert.data.price == 1.95
    matches.restart()
    matches.see(current_over_under_line=3.5)
    matches.see(3600, status_id=8, home_score=goals)
    [found] = matches.end(goals, 0)
    assert (outcomes([found]), getattr(found.data, "price", None)) == ([outcome], 1.95)


def test_what_depends_on_an_unknown_field_is_void(path: Path) -> None:
    matches = Matches(path, OVER)
    matches.see()
    matches.see(3600, status_id=8, home_score=3)
    assert outcomes(matches.end(3, 0)) == ["void"]


def test_nobody_bets_at_a_price_that_is_suspended_or_outdated(path: Path) -> None:
    for flag in ("sealed", "outdated"):
        odds: dict[str, Any] = {"current_over_under_line": 2.0, "current_over_under_over": 1.95}
        odds[f"current_over_under_{flag}"] = True
        [alert] = Matches(path, OVER).see(**odds)
        assert isinstance(alert.data, Alert)
        assert alert.data.price is None


def test_other_fields_are_as_they_were_at_full_time(path: Path) -> None:
    corners = "[rules.corners]\nwhen = 'minute >= 60'\nwon = 'home_corners + away_corners >= 10'\n"
    matches = Matches(path, corners)
    matches.see(home_corners=4, away_corners=3)
    matches.see(600, home_corners=6, away_corners=5)
    matches.see(600, home_corners=None)
    matches.restart()
    matches.see(600, status_id=8, home_corners=6)
    matches.see(600, status_id=8, home_corners=2, away_corners=2)  # swapped or cleared by the vendor
    assert outcomes(matches.end(0, 0)) == ["won"]


def test_lost_may_be_said_and_neither_is_void() -> None:
    rule = Rule(
        "r",
        condition("minute > 3"),
        won=condition("home_score > 1", ("record", "then")),
        lost=condition("home_score < 1", ("record", "then")),
    )
    assert [judged(rule, Scene({"home_score": goals})) for goals in (0, 1, 2, None)] == [
        "lost",
        "void",
        "won",
        "void",
    ]


# --- properties

SCORES = st.one_of(st.none(), st.integers(0, 3))
STEPS = st.lists(st.tuples(st.floats(1, 120), SCORES, st.integers(1, 8)), max_size=30)


def run(rule: Rule, steps: list[tuple[float, int | None, int]], *, restarts: bool) -> list[str]:
    now, state, found = KICK_OFF, AlertState(), []
    for after_s, score, status in steps:
        now += after_s
        fields: dict[str, Any] = {"home_score": score, "status_id": status}
        made = fired([rule], Sight(record(**fields), (), now), {rule.name: state})
        state = made.states.get(rule.name, state)
        if restarts:
            state = again(state)
        found += [one.id for one in made.events]
    return found


def again(state: AlertState) -> AlertState:
    """Return a state as the log gives it back."""
    emitted = Emitted(match_id=TOWN, names=Names(), seen_at=0, status_id=2, rank=2, alerts={"r": state})
    return decoded(encoded(emitted)).alerts["r"]


@given(STEPS, st.sampled_from([0.0, 60.0]))
def test_once_a_match_is_once_whatever_happens(
    steps: list[tuple[float, int | None, int]], for_s: float
) -> None:
    rule = Rule("r", condition("home_score > 0"), for_s=for_s)
    found = run(rule, steps, restarts=True)
    assert len(found) <= 1
    if not for_s:
        assert bool(found) == any(score for _, score, _ in steps)


@given(STEPS)
def test_it_fires_exactly_when_false_becomes_true(steps: list[tuple[float, int | None, int]]) -> None:
    rule = Rule("r", condition("home_score > 0"), once="event")
    known = [bool(score) for _, score, _ in steps if score is not None]
    rises = sum(now and not before for before, now in zip([False, *known], known, strict=False))
    found = run(rule, steps, restarts=False)
    assert found == [f"{TOWN}:alert:r:{n}" for n in range(1, rises + 1)]
    assert found == run(rule, steps, restarts=True)


TRUTHS = st.sampled_from([True, False, None])


@given(TRUTHS, TRUTHS, TRUTHS)
@settings(max_examples=60)
def test_unknown_follows_kleene(a: bool | None, b: bool | None, c: bool | None) -> None:
    scene = Scene({"in_play": a, "neutral": b, "extra_time": c})

    def of(text: str) -> bool | None:
        found: bool | None = condition(text).run(scene)
        return found

    low = {False: 0, None: 1, True: 2}
    high = {value: key for key, value in low.items()}
    assert of("in_play and neutral and extra_time") == high[min(low[a], low[b], low[c])]
    assert of("in_play or neutral or extra_time") == high[max(low[a], low[b], low[c])]
    assert of("not in_play") == high[2 - low[a]]
    assert of("not (in_play and neutral)") == of("not in_play or not neutral")
    assert of("in_play == null") == (a is None)
    assert of("in_play != null") == (a is not None)


def test_computing_with_what_is_unknown_or_impossible_is_unknown() -> None:
    for text in (
        "home_score / away_score > 1",
        "max(home_score, minute) > 1",
        "-minute < 3",
        "1 < minute < 3",
    ):
        assert condition(text).run(Scene({"home_score": 3, "away_score": 0, "minute": None})) is None
    scene = Scene({"home_score": 3, "away_score": 1, "minute": 2, "home": "Town U21", "country": "Spain"})
    for text in (
        "home_score - away_score == 2",
        "abs(away_score - home_score) == 2",
        "1 < minute < 3",
        "'U21' in home",
        "country in ('England', 'Spain')",
        "country not in ('England', 'Italy')",
        "country == 'Spain' and minute in [1, 2]",
    ):
        assert condition(text).run(scene) is True


# --- what is said

HOSTILE = {
    "**Town** _x_ ~~y~~": "∗∗Town∗∗ ˍxˍ ∼∼y∼∼",
    "<b>Town</b>": "‹b›Town‹∕b›",
    "<!channel> <@U123>": "‹!channel› ‹＠U123›",
    "@everyone": "＠everyone",
    "[Town](https://evil.example)": "(Town)(https∶//evil․example)",
    "www.evil.example": "www․evil․example",
    "mailto:x@evil.example": "mailto∶x＠evil․example",
    "Town\r\nBcc: x": "Town Bcc: x",
    "Town\x1b[31m\x07": "Town (31m",
    "\u202eTown\u200b": "Town",
    "&lt;b&gt; &#60;": "＆lt;b＆gt; ＆＃60;",
    "`rm -rf`": "ʼrm -rfʼ",
    "F.C. Köln": "F․C. Köln",
    "Brighton & Hove Albion": "Brighton & Hove Albion",
    "St. Pauli (W)": "St. Pauli (W)",
    "{home}": "(home)",
    "/stop now": "∕stop now",
    "Town/City": "Town/City",
    "- Town": "‐ Town",
    "-# Town": "‐＃ Town",
    "1. FC Köln": "1․ FC Köln",
    "+ Town": "＋ Town",
    "===": "＝==",
    "x" * 200: "x" * 79 + "…",
}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_no_markup_mention_or_link(name: str) -> None:
    assert harmless(name) == HOSTILE[name]


@given(st.text())
def test_no_name_ends_a_line_or_marks_anything(name: str) -> None:
    said = harmless(name)
    assert said.isprintable()
    assert not set(said) & set("<>*_~`|[]@#\\")
    assert "://" not in said
    assert len(said) <= 80


def test_values_are_written_for_people(path: Path) -> None:
    say = "{{{home}}} {home_score}–{away_score} {minute} {early_over_under_line} {in_play}"
    matches = Matches(path, f"[rules.r]\nwhen = 'home_score == 0'\nsay = '{say}'\n")
    [alert] = matches.see(home="A\nB", early_over_under_line=3.0, minute=None)
    assert isinstance(alert.data, Alert)
    assert alert.data.text == "{A B} 0–0 unknown 3 true"
