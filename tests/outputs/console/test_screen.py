"""The screen as people see it: what stands in it, at which width, in which encoding."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_type_hints

import pytest
import pytz
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

import footy
from footy.outputs.console.options import ConsoleOptions, OddsFormat
from footy.outputs.console.screen import Screen
from footy.record import MatchRecord, Snapshot, field_names
from tests.outputs.console.samples import (
    IN_PLAY,
    PUBLISHED_AT,
    counts,
    early_prices,
    named,
    quote,
    record,
    snapshot,
)


class Stream(io.StringIO):
    """A file of a given encoding that is no terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def options(**changes: Any) -> ConsoleOptions:
    chosen: dict[str, Any] = {"odds_format": "american", "timezone": pytz.timezone("America/New_York")}
    return ConsoleOptions(**(chosen | {"statuses": IN_PLAY, "price_max_age_s": 900} | changes))


def screen(
    shown: Snapshot,
    *,
    width: int = 80,
    height: int | None = None,
    zone: str = "America/New_York",
    encoding: str = "utf-8",
    **chosen: Any,
) -> str:
    """Return the screen as plain text."""
    stream = Stream(encoding)
    drawn = Screen(shown, options(timezone=pytz.timezone(zone), **chosen), height)
    Console(file=stream, width=width, force_terminal=False).print(drawn, end="", crop=False)
    return stream.getvalue()


def test_a_match_is_a_line_with_its_status_minute_names_and_score() -> None:
    assert "• [Second half | 67'] Arsenal 2 – 1 Chelsea\n" in screen(snapshot(named()))


@pytest.mark.parametrize(
    ("status_id", "clock", "words"),
    [
        (2, "45+2'", "[First half | 45+2']"),
        (3, "HT", "[Half-time]"),
        (5, "105'", "[Overtime | 105']"),
        (7, "PEN", "[Penalty shoot-out]"),
        (4, "Second half", "[Second half]"),
    ],
)
def test_a_clock_that_does_not_run_is_not_said_twice(status_id: int, clock: str, words: str) -> None:
    assert f"• {words} Arsenal" in screen(snapshot(named(status_id=status_id, clock=clock)))


def test_a_deprecated_status_keeps_that_to_itself() -> None:
    text = screen(snapshot(named(status_id=6, status="Overtime (deprecated)", clock="ET")))
    assert "• [Overtime] Arsenal" in text


def test_what_else_is_known_of_a_match_stands_behind_it_in_short() -> None:
    match = named(
        status_id=7,
        clock="PEN",
        home_score_ht=0,
        away_score_ht=1,
        home_score_pens=4,
        away_score_pens=3,
        aggregate_home=3,
        aggregate_away=3,
        home_red_cards=0,
        away_red_cards=1,
        neutral=True,
    )
    line = screen(snapshot(match), width=160)
    assert "Chelsea · pens 4–3 · HT 0–1 · aggregate 3–3 · red cards 0–1 · neutral ground\n" in line


def test_no_red_cards_are_not_mentioned() -> None:
    assert "red" not in screen(snapshot(named(home_red_cards=0, away_red_cards=0)))


def test_a_match_that_has_not_kicked_off_says_when_it_will_in_the_operators_zone() -> None:
    match = named(
        status_id=1, clock="Not started", home_score=None, away_score=None, kickoff_at="2025-09-27T19:30:00Z"
    )
    text = screen(snapshot(match), statuses=frozenset({1}))
    assert "[Not started] Arsenal – Chelsea · kick-off 15:30\n" in text


def test_a_finished_match_tells_that_it_went_to_extra_time() -> None:
    match = named(status_id=8, clock="FT", home_score_et=2, away_score_et=1)
    assert "[Finished] Arsenal 2 – 1 Chelsea · after extra time" in screen(
        snapshot(match), statuses=frozenset({8})
    )


def test_what_is_not_known_is_a_dash_or_a_question_mark() -> None:
    text = screen(
        snapshot(record(detail_source="missing", home_source="missing", competition_source="missing"))
    )
    assert "[Second half | 67'] ? – ?\n" in text
    assert "Country not known" in text
    assert "COMPETITION NOT KNOWN (1)" in text
    assert "Unknown" not in text
    assert "None" not in text


def test_a_team_without_a_name_has_its_short_name() -> None:
    assert "ARS 2 – 1 Chelsea" in screen(snapshot(named(home=None, home_short="ARS")))


def test_matches_stand_by_country_then_competition_then_status_and_kick_off() -> None:
    cup = {"competition": "FA Cup", "competition_id": "cup"}
    text = screen(
        snapshot(
            named("E", kickoff_at="2025-09-27T18:00:00Z"),
            named("D", kickoff_at="2025-09-27T17:00:00Z"),
            named("C", status_id=2, clock="3'", kickoff_at="2025-09-27T18:00:00Z"),
            record(home="F"),
            named("B", **cup),
            named("A", country="Brazil", competition="Serie B", competition_id="b"),
        )
    )
    assert re.findall(r"\] +([A-F]) ", text) == list("ABCDEF")
    assert "FA CUP (1)\n" in text
    assert "PREMIER LEAGUE (3)\n" in text


def test_two_competitions_of_one_name_stay_two() -> None:
    text = screen(snapshot(named(competition_id="one"), named(competition_id="two")))
    assert text.count("PREMIER LEAGUE (1)") == 2


def test_only_the_statuses_asked_for_are_shown_and_the_header_counts_all() -> None:
    finished = named("Leeds", "Hull", status_id=8, clock="FT")
    text = screen(snapshot(named(), finished), width=120)
    assert "Leeds" not in text
    assert "2 from the live list · 1 in play · 1 shown · Second half 1 · Finished 1\n" in text
    assert "1 of 2 matches" in text


def test_in_play_is_what_is_being_played_whatever_is_shown() -> None:
    matches = (named(), named("Hull"), named("Leeds", status_id=8, clock="FT"))
    text = screen(snapshot(*matches, counts=counts(matches) | {"in_play": 1}), statuses=frozenset({8}))
    assert "3 from the live list · 2 in play · 1 shown" in text


def test_the_header_has_the_time_with_its_zones_abbreviation_of_that_day_the_cycle_and_its_time() -> None:
    assert "footy · Sat 2025-09-27 14:03:12 EDT · cycle 12 · 5.44 s\n" in screen(snapshot(named()))
    winter = snapshot(named(), published_at="2025-01-11T18:03:12Z")
    assert "Sat 2025-01-11 13:03:12 EST" in screen(winter)
    assert "Sat 2025-01-11 19:03:12 CET" in screen(winter, zone="Europe/Berlin")


def test_nothing_live_is_said_plainly() -> None:
    assert screen(snapshot()).endswith("No live matches\n")
    other = screen(snapshot(named(status_id=8, clock="FT")))
    assert "No live match has a status that is shown (FOOTY_STATUSES)\n" in other


def test_where_a_problem_may_be_why_nothing_is_shown_it_is_not_said_that_nothing_is_live() -> None:
    text = screen(snapshot(problems=["None of the 49 live matches listed is wanted: FOOTY_COUNTRIES …"]))
    assert "! None of the 49 live matches listed is wanted: FOOTY_COUNTRIES" in text
    assert text.endswith("No live match to show\n")
    assert "No live matches" not in text


def test_problems_stand_above_the_matches_and_a_flood_of_them_is_counted() -> None:
    text = screen(snapshot(named(), problems=[f"Problem {number}." for number in range(11)]))
    assert "! Problem 0.\n" in text
    assert "! and 3 more problems, all in the log\n" in text
    assert text.index("Problem 7.") < text.index("Arsenal")


def test_the_demo_says_so_at_the_top_beside_every_country_and_at_the_end() -> None:
    lines = screen(snapshot(named(), named(country="Brazil"), mode="demo")).splitlines()
    assert lines[0].strip() == "DEMO – simulated matches, nothing here is real"
    assert sum("DEMO" in line for line in lines) == 4
    assert "DEMO" in lines[-1]
    assert "DEMO" not in screen(snapshot(named()))


def test_a_live_list_that_could_not_be_read_again_is_unmistakably_stale() -> None:
    old = {"fetched_at": "2025-09-27T17:59:00Z"}
    assert "! LIVE LIST STALE 4 min" in screen(snapshot(named(live_source="stale"), **old))
    assert "! LIVE LIST STALE 4 min" in screen(snapshot(**old))
    assert "! LIVE LIST MISSING" in screen(snapshot(fetched_at=None))
    assert "! LIVE LIST IS MOCK" in screen(snapshot(named(live_source="mock")))
    assert "LIVE LIST" not in screen(snapshot(named()))


def test_stale_missing_and_mock_values_are_said_in_words_at_the_match_and_counted_above() -> None:
    text = screen(
        snapshot(
            named(odds_source="stale", odds_fetched_at="2025-09-27T17:59:00Z", home_source="mock"),
            named(odds_source="missing", away_source="stale"),
        ),
        width=160,
    )
    assert "! odds stale 4 min · MOCK home team\n" in text
    assert "! odds missing · away team stale\n" in text
    assert "! odds missing in 1 of 2 · odds stale in 1 of 2 · home team MOCK in 1 of 2" in text


def test_what_is_missing_because_the_detail_is_missing_is_not_said_again() -> None:
    parts = ("detail", "home", "away", "competition", "country")
    text = screen(snapshot(record(**{f"{part}_source": "missing" for part in parts})))
    assert "! detail missing · match id 3glrw7h0pzkqdyj\n" in text


def test_what_the_account_is_refused_for_every_match_is_said_once() -> None:
    text = screen(snapshot(named(odds_source="refused"), named("Leeds", odds_source="refused")))
    assert "\nodds not in the account's plan\n" in text
    assert "refused" not in text


def test_what_follows_from_a_refused_detail_is_not_said() -> None:
    parts = ("detail", "home", "away", "competition", "country")
    text = screen(snapshot(record(**{f"{part}_source": "refused" for part in parts})))
    assert "\ndetail not in the account's plan\n" in text
    assert "refused" not in text


def test_what_the_account_is_refused_for_some_matches_stands_at_those() -> None:
    text = screen(snapshot(named(odds_source="refused"), named("Leeds")), width=120)
    assert "! odds refused in 1 of 2\n" in text
    assert "Chelsea\n  ! odds refused\n" in text


def test_early_prices_stand_in_columns_with_their_minute_and_bookmaker() -> None:
    text = screen(snapshot(named(**early_prices())))
    assert "\n  ML      +150 +240 +163 @6' BET365\n" in text
    assert "\n  Spread  -120 -0.5 +105 @6' BET365\n" in text
    assert "\n  O/U     -110 2.75 -110 @6' BET365\n" in text


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_every_market_and_bookmaker_is_shown_at_any_width(width: int) -> None:
    now = quote("current_corners", 1.9, 8.5, 1.9, american=(-111, -111), minute=66)
    text = screen(snapshot(named(**early_prices(), **now)), width=width)
    assert "  Corners -120 10.5 -120 @6' BET365" in text
    assert "now  -111 8.5 -111 @66' BET365" in text


@pytest.mark.parametrize(
    ("odds_format", "money_line", "spread"),
    [
        ("american", "+150 +240 +163", "-120 -0.5 +105"),
        ("decimal", "2.50 3.40 2.625", "1.8333 -0.5  2.05"),
        ("hongkong", "1.50 2.40 1.625", "0.8333 -0.5  1.05"),
    ],
)
def test_prices_are_written_in_the_operators_format(
    odds_format: OddsFormat, money_line: str, spread: str
) -> None:
    text = screen(snapshot(named(**early_prices())), odds_format=odds_format)
    assert money_line in text
    assert spread in text


def test_a_price_of_even_money_and_one_that_pays_nothing() -> None:
    match = named(**quote("early_money_line", 2.0, 1.0, None, american=(100, None, None)))
    assert "  ML      +100 – – @6' BET365" in screen(snapshot(match))
    assert "  ML      2.00 1.00 – @6' BET365" in screen(snapshot(match), odds_format="decimal")


@pytest.mark.parametrize(
    ("line", "written"), [(-0.5, "-0.5"), (0.25, "+0.25"), (0.0, " 0.0"), (1.0, "+1.0"), (-1.75, "-1.75")]
)
def test_a_spread_line_is_written_as_bettors_write_it(line: float, written: str) -> None:
    match = named(**quote("early_spread", 1.9, line, 1.9, american=(-111, -111)))
    assert f"-111 {written.strip()} -111" in screen(snapshot(match))


CURRENT = quote("current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=66)


def test_the_current_price_stands_behind_a_bar_beside_the_early_one() -> None:
    text = screen(snapshot(named(**early_prices(), **CURRENT)))
    assert "+163 @6' BET365 │ now  -500 +550 +2500 @66' BET365\n" in text


def test_a_current_price_that_does_not_fit_beside_stands_beneath() -> None:
    now = CURRENT | {"current_money_line_bookmaker": "Mansion88"}
    lines = screen(snapshot(named(**early_prices(), **now)), width=60).splitlines()
    beneath = lines[lines.index("  ML      +150 +240 +163 @6' BET365") + 1]
    assert beneath == "     now  -500 +550 +2500 @66' Mansion88"


def test_the_eye_goes_to_the_current_price_and_only_while_it_is_open() -> None:
    sealed = quote("current_spread", 1.7, -1.0, 2.1, american=(-143, 110), minute=66, sealed=True)
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    drawn = Screen(snapshot(named(**early_prices(), **CURRENT, **sealed)), options())
    styled = [(part.text, part.style) for part in console.render(drawn) if part.style is not None]
    bold = "".join(text for text, style in styled if style.bold and not style.dim)
    assert "-500 +550 +2500" in bold
    assert "+150" not in bold
    assert "-143" not in bold


def test_susp_stands_with_the_price_that_is_suspended() -> None:
    early = early_prices(sealed=True)
    assert "+163 @6' BET365 susp │ now  -500" in screen(snapshot(named(**early, **CURRENT)))
    sealed = CURRENT | {"current_money_line_sealed": True}
    assert "+163 @6' BET365 │ susp -500" in screen(snapshot(named(**early_prices(), **sealed)))


def old(**changes: Any) -> str:
    """Return the screen of a match with a current money line of minute 40."""
    row = CURRENT | {"current_money_line_minute": 40}
    match = named(**(row | {"odds_fetched_at": PUBLISHED_AT} | changes))
    return screen(snapshot(match), statuses=frozenset({match["status_id"]}))


def test_a_price_that_is_not_one_of_now_is_old() -> None:
    assert "now  -500 +550 +2500 @40'" in old()
    before_kickoff = {"current_money_line_minute": None, "current_money_line_in_play": False}
    assert "old  -500 +550 +2500 @pre" in old(**before_kickoff)
    assert "now  -500 +550 +2500 @pre" in old(**before_kickoff, status_id=1, clock="Not started")
    assert "old  -500 +550 +2500 @40'" in old(status_id=8, clock="FT")


def test_a_price_in_play_that_did_not_move_for_long_is_old() -> None:
    made = {"current_money_line_at": "2025-09-27T17:40:00Z"}
    assert "old  -500" in old(**made)
    assert "now  -500" in old(**made, odds_fetched_at="2025-09-27T17:50:00Z")
    assert "now  -500" in old(**made, status_id=1, clock="Not started")


def test_a_price_made_at_another_score_carries_that_score() -> None:
    scores: dict[str, Any] = {"current_money_line_outdated": True, "current_money_line_score": "1-1"}
    assert "old  -500 +550 +2500 @40' at 1–1 BET365" in old(**scores)
    assert "susp -500 +550 +2500 @40' at 1–1 BET365" in old(**scores, current_money_line_sealed=True)
    assert "now  -500 +550 +2500 @40' BET365" in old(**(scores | {"current_money_line_outdated": False}))
    assert "old  -500 +550 +2500 @40' BET365" in old(**(scores | {"current_money_line_score": None}))


def test_a_market_without_an_early_price_has_dashes_there() -> None:
    (line,) = [line for line in screen(snapshot(named(**CURRENT))).splitlines() if line.startswith("  ML  ")]
    assert line.split()[:10] == ["ML", "–", "–", "–", "│", "now", "-500", "+550", "+2500", "@66'"]


def test_a_price_of_plus_31500_moves_no_other_match() -> None:
    now = quote("current_money_line", 316.0, 51.0, 1.001, american=(31500, 5000, -100000), minute=90)
    decided = named("Leeds", match_id="b", **early_prices(), **now)
    usual = named("Arsenal", match_id="a", **early_prices(), **CURRENT)

    def of_arsenal(text: str) -> list[str]:
        lines = text.splitlines()
        start = next(number for number, line in enumerate(lines) if "Arsenal" in line)
        return lines[start : start + 5]

    both = screen(snapshot(usual, decided))
    assert of_arsenal(both) == of_arsenal(screen(snapshot(usual)))
    assert "now  +31500 +5000 -100000 @90' BET365\n" in both


@pytest.mark.parametrize("width", [80, 100, 160])
def test_every_sign_in_the_prices_is_in_the_legend(width: int) -> None:
    text = " ".join(screen(snapshot(named(**CURRENT)), width=width).split())
    for words in (
        *("ML home draw away", "Spread home line away", "O/U, Corners over line under"),
        *("American odds: early │ now", "@6' minute", "@pre before kick-off", "– unknown", "susp suspended"),
        "old over 15 min, before kick-off or at another score (at 1–1)",
    ):
        assert words in text


def test_weather_temperature_and_wind_follow_the_prices() -> None:
    weather: dict[str, Any] = {"weather": "Partly cloudy", "temperature_c": 16.0, "temperature_f": 60.8}
    wind: dict[str, Any] = {"wind_ms": 4.0, "wind_mph": 8.9, "wind": "Gentle breeze"}
    match = named(**early_prices(), **weather, **wind)
    assert "\n  Partly cloudy · 16°C / 60.8°F · Wind 4 m/s / 8.9 mph, Gentle breeze\n" in screen(
        snapshot(match)
    )
    beside = screen(snapshot(match), width=160).splitlines()
    assert [line.split("BET365")[1].strip() for line in beside if "BET365" in line] == [
        "Partly cloudy",
        "16°C / 60.8°F",
        "Wind 4 m/s / 8.9 mph, Gentle breeze",
        "",
    ]


def test_no_odds_and_no_environment_are_said_plainly() -> None:
    for width in (80, 160):
        text = screen(snapshot(named()), width=width)
        assert "No betting odds available" in text
        assert "No environment data available" in text


@pytest.mark.parametrize("source", ["partial", "stale"])
def test_of_odds_that_are_not_all_known_it_is_not_said_that_there_are_none(source: str) -> None:
    text = screen(snapshot(named(odds_source=source), named(**CURRENT, odds_source=source)))
    assert f"! odds {source}" in text
    assert f"odds {source} in 2 of 2" in text
    assert "No betting odds" not in text


@pytest.mark.parametrize(("part", "words"), [("odds", "No betting odds"), ("detail", "No environment data")])
def test_what_could_not_be_read_is_not_said_to_be_unavailable(part: str, words: str) -> None:
    text = screen(snapshot(named(**{f"{part}_source": "missing"})))
    assert f"! {part} missing\n" in text
    assert words not in text


def test_the_match_in_the_operations_page_is_drawn_as_it_stands_there() -> None:
    prices = early_prices() | CURRENT
    prices |= quote("current_spread", 1.7, -0.5, 2.1, american=(-143, 110), minute=66, sealed=True)
    prices |= quote(
        "current_over_under", 2.2, 3.5, 1.67, american=(120, -150), minute=31, score="1-1", bookmaker="Crown"
    )
    match = named(
        "Home",
        "Away",
        **{field: value for field, value in prices.items() if "corners" not in field},
        **(STATISTICS | {"current_over_under_outdated": True, "home_score_ht": 1, "away_score_ht": 1}),
        home_red_cards=0,
        away_red_cards=1,
        weather="Partly cloudy",
        wind="Gentle breeze",
        temperature_c=16.0,
        temperature_f=60.8,
        wind_ms=4.0,
        wind_mph=8.9,
    )
    page = (Path(footy.__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    [shown] = [block for block in page.split("```text\n") if block.startswith("• [")]
    assert shown.split("```")[0] in screen(snapshot(match))


STATISTICS: dict[str, Any] = {"home_shots_on_target": 3, "away_shots_on_target": 1, "home_possession": 55}
STATISTICS |= {"home_shots_off_target": 4, "away_shots_off_target": 12, "away_possession": 45}
STATISTICS |= {"home_corners": 0, "away_corners": 2, "kickoff_at": "2025-09-27T17:00:00Z"}
FACTS = "kick-off 13:00 · shots on 3–1, off 4–12 · possession 55–45 · corners 0–2"


def test_kick_off_and_statistics_stand_beside_the_names_if_there_is_room_else_below() -> None:
    match = named(**STATISTICS)
    assert f"Arsenal 2 – 1 Chelsea\n  {FACTS}\n" in screen(snapshot(match))
    assert f"Arsenal 2 – 1 Chelsea · {FACTS}\n" in screen(snapshot(match), width=160)


def test_a_statistic_that_is_not_known_is_left_out() -> None:
    text = screen(snapshot(named(**(STATISTICS | {"home_possession": None, "away_possession": None}))))
    assert "kick-off 13:00 · shots on 3–1, off 4–12 · corners 0–2\n" in text


def test_sorted_by_kick_off_each_match_says_where_it_is_played() -> None:
    late, early = (
        named(home, kickoff_at=f"2025-09-27T{hour}:00:00Z") for home, hour in (("A", 17), ("B", 16))
    )
    text = screen(snapshot(late, early), sort="kickoff", width=120)
    assert "sorted by kick-off" in text
    assert "B 2 – 1 Chelsea · England, PREMIER LEAGUE · kick-off 12:00\n" in text
    assert text.index("B 2 – 1") < text.index("A 2 – 1")


def test_sorted_by_movement_each_match_says_how_far_its_prices_moved() -> None:
    text = screen(snapshot(named(**early_prices(), **CURRENT)), sort="movement")
    assert "sorted by price movement" in text
    assert "  England, PREMIER LEAGUE · ML moved 43.3 points\n" in text


def test_a_search_is_named_and_counted() -> None:
    text = screen(snapshot(named("1. FC Köln"), named("Hull")), search="kOLN\x1b[2J")
    assert 'search "kOLN [2J"' in text
    text = screen(snapshot(named("1. FC Köln"), named("Hull")), search="kOLN")
    assert '2 from the live list · 2 in play · 1 shown · search "kOLN"' in text
    assert "Hull" not in text


def test_a_search_that_finds_nothing_says_so() -> None:
    text = screen(snapshot(named()), search="Köln")
    assert text.endswith("No match with that text and a status that is shown (FOOTY_STATUSES)\n")


def many(number: int, **changes: Any) -> list[MatchRecord]:
    return [
        named(f"Home {position}", match_id=f"{position:03}", **early_prices(), **CURRENT, **changes)
        for position in range(number)
    ]


@pytest.mark.parametrize("number", [3, 50, 300])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 40), (160, 60), (20, 19), (20, 5)])
def test_a_terminal_shows_what_fits_and_says_how_many_more_there_are(
    number: int, width: int, height: int
) -> None:
    lines = screen(snapshot(*many(number)), width=width, height=height).splitlines()
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    seen = sum("• [" in line for line in lines)
    words = f"{number - seen} more matches do not fit: enlarge the terminal or use --search"
    assert words in " ".join(" ".join(lines).split()) or seen == number


def test_what_fits_in_full_is_followed_by_headlines() -> None:
    lines = screen(snapshot(*many(50)), width=120, height=32).splitlines()
    assert sum(line.startswith("  ML ") for line in lines) == 4
    start = lines.index("Without prices, for lack of room:")
    assert lines[start + 1] == "• [Second half | 67'] Home 4 2 – 1 Chelsea"
    assert len(lines) == 32


def test_on_a_terminal_matches_in_play_stand_before_all_others() -> None:
    finished = named("Leeds", country="Albania", status_id=8, clock="FT")
    statuses = frozenset({4, 8})
    whole = screen(snapshot(named(), finished), statuses=statuses)
    cut = screen(snapshot(named(), finished), statuses=statuses, height=24)
    assert whole.index("Leeds") < whole.index("Arsenal")
    assert cut.index("Arsenal") < cut.index("Leeds")


def test_a_flood_of_problems_leaves_room_for_matches_on_a_terminal() -> None:
    problems = [f"Problem {number}." for number in range(11)]
    text = screen(snapshot(*many(3), problems=problems), height=24)
    assert "! Problem 2.\n! and 8 more problems, all in the log\n" in text
    assert "Home 0" in text


def test_vendor_text_can_neither_style_nor_command_the_terminal() -> None:
    text = screen(
        snapshot(
            named("[red]Rot-Weiss[/]", "\x1b[31mRed\x07 Star\x9b2J\u202e", competition="Liga\r\n[bold]1")
        )
    )
    assert "[red]Rot-Weiss[/] 2 – 1 [31mRed Star 2J" in text
    assert "LIGA [BOLD]1 (1)" in text
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}


def test_a_stream_without_unicode_gets_plain_signs() -> None:
    text = screen(snapshot(named("1. FC Köln", "Beşiktaş", mode="demo")), encoding="ascii")
    assert text.isascii()
    assert "* [Second half | 67'] 1. FC Koln 2 - 1 Besiktas\n" in text


def test_an_upper_case_that_the_encoding_lacks_is_replaced() -> None:
    text = screen(snapshot(named(competition="Coupe ÿ")), encoding="latin-1")
    text.encode("latin-1")
    assert "COUPE Y (1)" in text


HINTS = get_type_hints(MatchRecord)
ISO_TIMES = st.datetimes(timezones=st.just(UTC)).map(
    lambda at: at.isoformat(timespec="seconds").replace("+00:00", "Z")
)
TEXTS = st.text().filter(lambda text: "None" not in text and "Unknown" not in text)
SOURCES = st.sampled_from(["fresh", "cache", "stale", "missing", "none", "refused", "mock"])


def values(field: str) -> st.SearchStrategy[Any]:
    """Return any value of the contract's type for a field, likely ones more often."""
    if field.endswith("_source"):
        return SOURCES
    if field.endswith("_at"):
        return st.none() | ISO_TIMES
    if field == "incidents":
        return st.just([])
    if field == "status_id":
        return st.integers(0, 13) | st.integers()
    if HINTS[field] in (str, str | None):
        return TEXTS if HINTS[field] is str else st.none() | TEXTS
    anything: st.SearchStrategy[Any] = st.from_type(HINTS[field])
    return anything


@st.composite
def records(draw: st.DrawFn) -> MatchRecord:
    base = draw(st.sampled_from([record(), named(**early_prices()), named("Brighton & Hove Albion " * 3)]))
    fields: dict[str, Any] = dict(base)
    for field in draw(st.lists(st.sampled_from(field_names()), max_size=25, unique=True)):
        fields[field] = draw(values(field))
    return cast("MatchRecord", fields)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    matches=st.lists(records(), max_size=3),
    mode=st.sampled_from(["live", "demo"]),
    times=st.tuples(ISO_TIMES, st.none() | ISO_TIMES),
    problems=st.lists(TEXTS, max_size=2),
    paper=st.fixed_dictionaries(
        {
            "width": st.integers(20, 200),
            "height": st.none() | st.integers(1, 60),
            "sort": st.sampled_from(["league", "kickoff", "movement"]),
            "search": st.just("") | TEXTS,
            "odds_format": st.sampled_from(["american", "decimal", "hongkong"]),
            "encoding": st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]),
        }
    ),
)
def test_any_record_of_the_contract_is_drawn_plain_within_the_terminal_and_in_its_encoding(
    matches: list[MatchRecord],
    mode: str,
    times: tuple[str, str | None],
    problems: list[str],
    paper: dict[str, Any],
) -> None:
    shown = snapshot(*matches, mode=mode, published_at=times[0], fetched_at=times[1], problems=problems)
    every_status = frozenset(match["status_id"] for match in matches)
    text = screen(shown, statuses=every_status, **paper)
    text.encode(paper["encoding"])
    assert all(cell_len(line) <= paper["width"] for line in text.split("\n"))
    assert paper["height"] is None or text.count("\n") <= paper["height"]
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "None" not in text
    assert "Unknown" not in text


def test_ages_are_said_in_the_unit_that_fits() -> None:
    def age(since: str) -> str:
        return screen(snapshot(named(odds_source="stale", odds_fetched_at=since)))

    assert "odds stale 12 s\n" in age("2025-09-27T18:03:00Z")
    assert "odds stale 4 min\n" in age("2025-09-27T17:59:00Z")
    assert "odds stale 2 h 03 min\n" in age("2025-09-27T16:00:00Z")
    assert "odds stale 0 s\n" in age(datetime(2025, 9, 28, tzinfo=UTC).isoformat())
