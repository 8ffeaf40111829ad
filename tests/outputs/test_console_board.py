"""The board as people see it: what stands in it, at which width, in which script."""

import io
import re
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast, get_type_hints

import pytest
import pytz
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from footy.outputs.board_view import render
from footy.outputs.price_rows import OddsFormat
from footy.record import MatchRecord, Meta, Snapshot, field_names

IN_PLAY = frozenset(range(2, 8))
PUBLISHED_AT = "2025-09-27T18:03:12Z"
STATUS_NAMES = {1: "Not started", 2: "First half", 3: "Half-time", 4: "Second half", 5: "Overtime"} | {
    7: "Penalty shoot-out",
    8: "Finished",
}


def record(**changes: Any) -> MatchRecord:
    """Return a second-half match of which nothing is known but what is given."""
    fields: dict[str, Any] = dict.fromkeys(field_names())
    fields |= {f"{part}_source": "fresh" for part in ("live", "detail", "odds", "home", "away")}
    fields |= {"competition_source": "cache", "country_source": "cache"}
    fields |= {
        "match_id": "3glrw7h0pzkqdyj",
        "status_id": 4,
        "clock": "67'",
        "has_stats": False,
        "incidents": [],
    }
    fields |= {"data_age_s": 1.0, "fetched_at": PUBLISHED_AT}
    fields |= changes
    fields.setdefault("status", None)
    fields["status"] = fields["status"] or STATUS_NAMES.get(
        fields["status_id"], f"Status {fields['status_id']}"
    )
    fields["in_play"] = fields["status_id"] in IN_PLAY
    return cast("MatchRecord", fields)


def named(home: str | None = "Arsenal", away: str | None = "Chelsea", **changes: Any) -> MatchRecord:
    place = {"country": "England", "competition": "Premier League", "competition_id": "jednm9whz0ryox8"}
    return record(**(place | {"home": home, "away": away, "home_score": 2, "away_score": 1} | changes))


def quote(prefix: str, *prices: float | None, american: Sequence[int | None], **about: Any) -> dict[str, Any]:
    """Return the fields of one market at one moment; prices in the order of the board's columns."""
    market = prefix.split("_", 1)[1]
    columns = {"money_line": ("home", "draw", "away"), "spread": ("home", "line", "away")}.get(
        market, ("over", "line", "under")
    )
    fields: dict[str, Any] = {
        f"{prefix}_{column}": price for column, price in zip(columns, prices, strict=True)
    }
    priced = [column for column in columns if column != "line"]
    fields |= {f"{prefix}_{column}_american": price for column, price in zip(priced, american, strict=True)}
    row = {"bookmaker_id": 2, "bookmaker": "BET365", "minute": 6, "sealed": False, "in_play": True} | about
    return (
        fields | {f"{prefix}_{field}": value for field, value in row.items()} | {f"{prefix}_at": PUBLISHED_AT}
    )


def early_prices(**about: Any) -> dict[str, Any]:
    return (
        quote("early_money_line", 2.5, 3.4, 2.625, american=(150, 240, 163), **about)
        | quote("early_spread", 1.8333, -0.5, 2.05, american=(-120, 105), **about)
        | quote("early_over_under", 1.909, 2.75, 1.909, american=(-110, -110), **about)
        | quote("early_corners", 1.83, 10.5, 1.83, american=(-120, -120), **about)
    )


def meta(matches: Sequence[MatchRecord], **changes: Any) -> Meta:
    fields: dict[str, Any] = {
        "schema": 1,
        "mode": "live",
        "cycle": 12,
        "fetched_at": "2025-09-27T18:03:07Z",
        "published_at": PUBLISHED_AT,
        "complete": True,
        "counts": {
            "live": len(matches),
            "in_play": sum(match["in_play"] for match in matches),
            "status": dict(Counter(str(match["status_id"]) for match in matches)),
        },
        "requests": 216,
        "timings": {
            "live": 0.5,
            "enrich": 4.7,
            "flatten": 0.2,
            "filter": 0.0,
            "publish": None,
            "total": 5.4412,
        },
        "problems": [],
    }
    return cast("Meta", fields | changes)


def snapshot(*matches: MatchRecord, **meta_changes: Any) -> Snapshot:
    return {"meta": meta(matches, **meta_changes), "matches": list(matches)}


class Stream(io.StringIO):
    """A file of a given encoding that is no terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def board(
    shown: Snapshot,
    *,
    width: int = 80,
    odds_format: OddsFormat = "american",
    zone: str = "America/New_York",
    statuses: frozenset[int] = IN_PLAY,
    encoding: str = "utf-8",
) -> str:
    stream = Stream(encoding)
    view = render(
        shown,
        odds_format=odds_format,
        timezone=pytz.timezone(zone),
        statuses=statuses,
        price_max_age_s=900,
    )
    Console(file=stream, width=width, force_terminal=False).print(view, end="")
    return stream.getvalue()


def test_a_match_is_a_line_with_its_status_minute_names_and_score() -> None:
    assert "• [Second half | 67'] Arsenal 2 – 1 Chelsea\n" in board(snapshot(named()))


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
    assert f"• {words} Arsenal" in board(snapshot(named(status_id=status_id, clock=clock)))


def test_a_deprecated_status_keeps_that_to_itself() -> None:
    text = board(snapshot(named(status_id=6, status="Overtime (deprecated)", clock="ET")))
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
    line = board(snapshot(match), width=160)
    assert "Chelsea · pens 4–3 · HT 0–1 · aggregate 3–3 · red cards 0–1 · neutral ground\n" in line


def test_no_red_cards_are_not_mentioned() -> None:
    assert "red" not in board(snapshot(named(home_red_cards=0, away_red_cards=0)))


def test_a_match_that_has_not_kicked_off_says_when_it_will_in_the_operators_zone() -> None:
    match = named(
        status_id=1, clock="Not started", home_score=None, away_score=None, kickoff_at="2025-09-27T19:30:00Z"
    )
    text = board(snapshot(match), statuses=frozenset({1}))
    assert "[Not started] Arsenal – Chelsea · kick-off 15:30\n" in text


def test_a_finished_match_tells_that_it_went_to_extra_time() -> None:
    match = named(status_id=8, clock="FT", home_score_et=2, away_score_et=1)
    assert "[Finished] Arsenal 2 – 1 Chelsea · after extra time" in board(
        snapshot(match), statuses=frozenset({8})
    )


def test_what_is_not_known_is_a_dash_or_a_question_mark() -> None:
    text = board(
        snapshot(record(detail_source="missing", home_source="missing", competition_source="missing"))
    )
    assert "[Second half | 67'] ? – ?\n" in text
    assert "Country not known" in text
    assert "COMPETITION NOT KNOWN (1)" in text
    assert "Unknown" not in text
    assert "None" not in text


def test_a_team_without_a_name_has_its_short_name() -> None:
    assert "ARS 2 – 1 Chelsea" in board(snapshot(named(home=None, home_short="ARS")))


def test_matches_stand_by_country_then_competition_then_status_and_kick_off() -> None:
    cup = {"competition": "FA Cup", "competition_id": "cup"}
    text = board(
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
    text = board(snapshot(named(competition_id="one"), named(competition_id="two")))
    assert text.count("PREMIER LEAGUE (1)") == 2


def test_only_the_statuses_asked_for_are_shown_and_the_header_counts_all() -> None:
    finished = named("Leeds", "Hull", status_id=8, clock="FT")
    text = board(snapshot(named(), finished), width=120)
    assert "Leeds" not in text
    assert "2 live · 1 in play · 1 shown · Second half 1 · Finished 1\n" in text
    assert "1 of 2 live matches" in text


def test_the_header_has_the_time_with_its_zones_abbreviation_of_that_day_the_cycle_and_its_time() -> None:
    assert "footy · Sat 2025-09-27 14:03:12 EDT · cycle 12 · 5.44 s\n" in board(snapshot(named()))
    winter = snapshot(named(), published_at="2025-01-11T18:03:12Z")
    assert "Sat 2025-01-11 13:03:12 EST" in board(winter)
    assert "Sat 2025-01-11 19:03:12 CET" in board(winter, zone="Europe/Berlin")


def test_nothing_live_is_said_plainly() -> None:
    assert board(snapshot()).endswith("No live matches\n")
    other = board(snapshot(named(status_id=8, clock="FT")))
    assert "No live match has a status that is shown (FOOTY_STATUSES)\n" in other


def test_where_a_problem_may_be_why_nothing_is_shown_it_is_not_said_that_nothing_is_live() -> None:
    text = board(snapshot(problems=["None of the 49 live matches listed is wanted: FOOTY_COUNTRIES …"]))
    assert "! None of the 49 live matches listed is wanted: FOOTY_COUNTRIES" in text
    assert text.endswith("No live match to show\n")
    assert "No live matches" not in text


def test_problems_stand_above_the_matches_and_a_flood_of_them_is_counted() -> None:
    text = board(snapshot(named(), problems=[f"Problem {number}." for number in range(11)]))
    assert "! Problem 0.\n" in text
    assert "! and 3 more problems, all in the log\n" in text
    assert text.index("Problem 7.") < text.index("Arsenal")


def test_the_demo_says_so_at_the_top_beside_every_country_and_at_the_end() -> None:
    lines = board(snapshot(named(), named(country="Brazil"), mode="demo")).splitlines()
    assert lines[0].strip() == "DEMO – simulated matches, nothing here is real"
    assert sum("DEMO" in line for line in lines) == 4
    assert "DEMO" in lines[-1]
    assert "DEMO" not in board(snapshot(named()))


def test_a_live_list_that_could_not_be_read_again_is_unmistakably_stale() -> None:
    old = {"fetched_at": "2025-09-27T17:59:00Z"}
    assert "! LIVE LIST STALE 4 min" in board(snapshot(named(live_source="stale"), **old))
    assert "! LIVE LIST STALE 4 min" in board(snapshot(**old))
    assert "! LIVE LIST MISSING" in board(snapshot(fetched_at=None))
    assert "! LIVE LIST IS MOCK" in board(snapshot(named(live_source="mock")))
    assert "LIVE LIST" not in board(snapshot(named()))


def test_stale_missing_and_mock_values_are_said_in_words_at_the_match_and_counted_above() -> None:
    text = board(
        snapshot(
            named(odds_source="stale", odds_fetched_at="2025-09-27T17:59:00Z", home_source="mock"),
            named(odds_source="missing", away_source="stale"),
        ),
        width=160,
    )
    assert "! odds stale 4 min · MOCK home team\n" in text
    assert "! odds missing · away team stale\n" in text
    assert "! missing odds in 1 of 2 · stale odds in 1 of 2 · MOCK home team in 1 of 2" in text


def test_what_is_missing_because_the_detail_is_missing_is_not_said_again() -> None:
    parts = ("detail", "home", "away", "competition", "country")
    text = board(snapshot(record(**{f"{part}_source": "missing" for part in parts})))
    assert "! detail missing · match id 3glrw7h0pzkqdyj\n" in text


def test_what_the_account_is_refused_for_every_match_is_said_once() -> None:
    text = board(snapshot(named(odds_source="refused"), named("Leeds", odds_source="refused")))
    assert text.count("refused") == 1
    assert "! refused odds in 2 of 2\n" in text


def test_what_follows_from_a_refused_detail_is_not_said() -> None:
    parts = ("detail", "home", "away", "competition", "country")
    text = board(snapshot(record(**{f"{part}_source": "refused" for part in parts})))
    assert "! refused detail in 1 of 1\n" in text
    assert text.count("refused") == 1


def test_early_prices_stand_in_columns_with_their_minute_and_bookmaker() -> None:
    text = board(snapshot(named(**early_prices())))
    assert "\n  ML      +150 +240 +163 @6' BET365\n" in text
    assert "\n  Spread  -120 -0.5 +105 @6' BET365\n" in text
    assert "\n  O/U     -110 2.75 -110 @6' BET365\n" in text


def test_corners_are_shown_where_there_is_room() -> None:
    assert "Corners" not in board(snapshot(named(**early_prices())))
    assert "  Corners -120 10.5 -120 @6' BET365\n" in board(snapshot(named(**early_prices())), width=120)


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
    text = board(snapshot(named(**early_prices())), odds_format=odds_format)
    assert money_line in text
    assert spread in text


def test_a_price_of_even_money_and_one_that_pays_nothing() -> None:
    match = named(**quote("early_money_line", 2.0, 1.0, None, american=(100, None, None)))
    assert "  ML      +100 – – @6' BET365\n" in board(snapshot(match))
    assert "  ML      2.00 1.00 – @6' BET365\n" in board(snapshot(match), odds_format="decimal")


@pytest.mark.parametrize(
    ("line", "written"), [(-0.5, "-0.5"), (0.25, "+0.25"), (0.0, " 0.0"), (1.0, "+1.0"), (-1.75, "-1.75")]
)
def test_a_spread_line_is_written_as_bettors_write_it(line: float, written: str) -> None:
    match = named(**quote("early_spread", 1.9, line, 1.9, american=(-111, -111)))
    assert f"-111 {written.strip()} -111" in board(snapshot(match))


def test_the_newest_price_stands_beside_the_early_one() -> None:
    now = quote("current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=66)
    match = named(**early_prices(), **now)
    assert "+163 @6' BET365  now  -500 +550 +2500 @66'\n" in board(snapshot(match))
    assert "+163 @6' BET365  now  -500 +550 +2500 @66' BET365\n" in board(snapshot(match), width=120)


def test_another_bookmaker_of_the_newest_price_is_named_at_any_width() -> None:
    now = quote(
        "current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=66, bookmaker="Crown"
    )
    assert "now  -500 +550 +2500 @66' Crown\n" in board(snapshot(named(**early_prices(), **now)))


def test_a_newest_price_that_does_not_fit_beside_stands_beneath() -> None:
    now = quote(
        "current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=66, bookmaker="Mansion88"
    )
    lines = board(snapshot(named(**early_prices(), **now)), width=60).splitlines()
    beneath = lines[lines.index("  ML      +150 +240 +163 @6' BET365") + 1]
    assert beneath == "     now  -500 +550 +2500 @66' Mansion88"


def test_suspended_prices_and_those_from_before_kick_off_are_told_from_open_ones() -> None:
    sealed = quote("current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=66, sealed=True)
    before = quote("current_spread", 1.9, -1.0, 1.9, american=(-111, -111), minute=None, in_play=False)
    text = board(snapshot(named(**early_prices(sealed=True), **sealed, **before)))
    assert "+163 @6' BET365 susp  susp -500" in text
    assert "last -111 -1.0  -111 @pre" in text


def test_a_price_in_play_that_did_not_move_for_long_is_the_last_rather_than_that_of_now() -> None:
    row = quote("current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=40)
    row["current_money_line_at"] = "2025-09-27T17:40:00Z"
    assert "last -500" in board(snapshot(named(**row, odds_fetched_at=PUBLISHED_AT)))
    assert "now  -500" in board(snapshot(named(**row, odds_fetched_at="2025-09-27T17:50:00Z")))
    waiting = named(**row, odds_fetched_at=PUBLISHED_AT, status_id=1, clock="Not started")
    assert "now  -500" in board(snapshot(waiting), statuses=frozenset({1}))


def test_a_market_without_an_early_price_has_dashes_there() -> None:
    now = quote("current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=66)
    (line,) = [line for line in board(snapshot(named(**now))).splitlines() if line.startswith("  ML  ")]
    assert line.split() == ["ML", "–", "–", "–", "now", "-500", "+550", "+2500", "@66'", "BET365"]


def test_weather_temperature_and_wind_follow_the_prices() -> None:
    weather: dict[str, Any] = {"weather": "Partly cloudy", "temperature_c": 16.0, "temperature_f": 60.8}
    wind: dict[str, Any] = {"wind_ms": 4.0, "wind_mph": 8.9, "wind": "Gentle breeze"}
    match = named(**early_prices(), **weather, **wind)
    assert "\n  Partly cloudy · 16°C / 60.8°F · Wind 4 m/s / 8.9 mph, Gentle breeze\n" in board(
        snapshot(match)
    )
    beside = board(snapshot(match), width=160).splitlines()
    assert [line.split("BET365")[1].strip() for line in beside if "BET365" in line] == [
        "Partly cloudy",
        "16°C / 60.8°F",
        "Wind 4 m/s / 8.9 mph, Gentle breeze",
        "",
    ]


def test_no_odds_and_no_environment_are_said_plainly() -> None:
    for width in (80, 160):
        text = board(snapshot(named()), width=width)
        assert "No betting odds available" in text
        assert "No environment data available" in text


def test_vendor_text_can_neither_style_nor_command_the_terminal() -> None:
    text = board(
        snapshot(
            named("[red]Rot-Weiss[/]", "\x1b[31mRed\x07 Star\x9b2J\u202e", competition="Liga\r\n[bold]1")
        )
    )
    assert "[red]Rot-Weiss[/] 2 – 1 [31mRed Star 2J" in text
    assert "LIGA [BOLD]1 (1)" in text
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}


def test_a_stream_without_unicode_gets_plain_signs() -> None:
    text = board(snapshot(named("1. FC Köln", "Beşiktaş", mode="demo")), encoding="ascii")
    assert text.isascii()
    assert "* [Second half | 67'] 1. FC Koln 2 - 1 Besiktas\n" in text


def test_an_upper_case_that_the_encoding_lacks_is_replaced() -> None:
    text = board(snapshot(named(competition="Coupe ÿ")), encoding="latin-1")
    text.encode("latin-1")
    assert "COUPE Y (1)" in text


def test_a_hundred_matches_are_drawn_in_well_under_a_tenth_of_a_second() -> None:
    now = quote("current_money_line", 1.2, 6.5, 26.0, american=(-500, 550, 2500), minute=66)
    full = [
        named(f"Home {number}", match_id=str(number), weather="Sunny", **early_prices(), **now)
        for number in range(100)
    ]
    costs = []
    for _ in range(5):
        started = time.process_time()
        board(snapshot(*full), width=160)
        costs.append(time.process_time() - started)
    assert min(costs) < 0.1


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
            "width": st.integers(40, 200),
            "odds_format": st.sampled_from(["american", "decimal", "hongkong"]),
            "encoding": st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]),
        }
    ),
)
def test_any_record_of_the_contract_is_drawn_plain_within_the_width_and_in_the_encoding(
    matches: list[MatchRecord],
    mode: str,
    times: tuple[str, str | None],
    problems: list[str],
    paper: dict[str, Any],
) -> None:
    shown = snapshot(*matches, mode=mode, published_at=times[0], fetched_at=times[1], problems=problems)
    every_status = frozenset(match["status_id"] for match in matches)
    text = board(shown, statuses=every_status, **paper)
    text.encode(paper["encoding"])
    assert all(cell_len(line) <= paper["width"] for line in text.split("\n"))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "None" not in text
    assert "Unknown" not in text


def test_ages_are_said_in_the_unit_that_fits() -> None:
    def age(since: str) -> str:
        return board(snapshot(named(odds_source="stale", odds_fetched_at=since)))

    assert "odds stale 12 s\n" in age("2025-09-27T18:03:00Z")
    assert "odds stale 4 min\n" in age("2025-09-27T17:59:00Z")
    assert "odds stale 2 h 03 min\n" in age("2025-09-27T16:00:00Z")
    assert "odds stale 0 s\n" in age(datetime(2025, 9, 28, tzinfo=UTC).isoformat())
