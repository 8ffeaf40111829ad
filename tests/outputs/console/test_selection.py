"""Which matches the console shows, and in which order."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footy.outputs.console.selection import fold, in_order, movement, selected
from tests.outputs.console.samples import early_prices, named, quote, record
from tests.outputs.console.test_screen import options


def found(search: str, **changes: Any) -> bool:
    return bool(selected([named(**changes)], options(search=search)))


@pytest.mark.parametrize(
    "search", ["koln", "KÖLN", "  fc   köln ", "KO\u0308LN", "bundesliga", "deutschland", "koe"]
)
def test_a_search_finds_teams_competitions_and_countries_without_regard_to_case_and_accents(
    search: str,
) -> None:
    match = {
        "home": "1. FC Köln",
        "home_short": "Koe",
        "competition": "2. Bundesliga",
        "country": "Deutschland",
    }
    assert found(search, **match)
    assert not found(search)


@pytest.mark.parametrize(
    ("search", "name"),
    [
        ("bodo", "Bodø/Glimt"),
        ("lodz", "ŁKS Łódź"),
        ("diyarbakirspor", "Diyarbakırspor"),
        ("istanbul", "İstanbul"),
        ("aegir", "Ægir"),
        ("strasse", "Straße"),
        ("hoffenheim", "ＨＯＦＦＥＮＨＥＩＭ"),
        ("đà nẵng", "Al Đà Nẵng"),
    ],
)
def test_a_search_finds_letters_that_a_keyboard_lacks(search: str, name: str) -> None:
    assert found(search, away=name)


def test_a_search_is_for_one_name_and_not_across_names() -> None:
    assert not found("arsenal chelsea")
    assert not found("arsenalchelsea")
    assert found("")


def test_a_search_finds_nothing_among_the_matches_that_are_not_shown() -> None:
    assert selected([named(status_id=8)], options(search="arsenal")) == []


@given(st.text())
@example("ℌ")
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def order(*matches: Any, sort: Any) -> str:
    return "".join(str(match["home"]) for match in in_order(matches, sort))


def test_by_kick_off_the_match_that_has_been_played_longest_is_first_and_what_is_unknown_last() -> None:
    times = {"a": None, "b": "2025-09-27T18:00:00Z", "c": "2025-09-27T17:00:00Z"}
    matches = [named(home, kickoff_at=at) for home, at in times.items()]
    assert order(*matches, sort="kickoff") == "cba"


def test_matches_of_one_kick_off_stand_by_league() -> None:
    matches = [named("a"), named("b", country="Albania"), record(home="c")]
    assert order(*matches, sort="kickoff") == "bac"


def moved(home: str, decimal: float | None, **about: Any) -> Any:
    now = quote("current_money_line", decimal, 3.4, 2.625, american=(None, None, None), minute=66, **about)
    return named(home, **early_prices(), **now)


def test_by_movement_the_match_whose_prices_moved_most_is_first_and_what_is_unknown_last() -> None:
    assert order(named("d"), moved("c", 2.5), moved("b", 2.4), moved("a", 5.0), sort="movement") == "abcd"


def test_movement_is_the_largest_change_of_implied_probability() -> None:
    now = quote("current_spread", 1.25, -0.5, 4.0, american=(None, None), minute=66)
    largest = movement(moved("a", 2.0) | now)
    assert largest is not None
    assert largest.market == "spread"
    assert largest.points == pytest.approx(100 * (1 / 1.25 - 1 / 1.8333))


def test_prices_of_different_lines_are_not_compared() -> None:
    now = quote("current_spread", 1.25, -1.0, 4.0, american=(None, None), minute=66)
    assert movement(named(**early_prices(), **now)) is None


def test_corners_do_not_count_as_movement() -> None:
    now = quote("current_corners", 1.1, 10.5, 9.0, american=(None, None), minute=66)
    assert movement(named(**early_prices(), **now)) is None


def test_a_current_price_of_before_the_early_one_is_no_movement() -> None:
    before = moved("a", 5.0) | {"current_money_line_at": "2025-09-27T16:00:00Z"}
    assert movement(before) is None


@pytest.mark.parametrize("price", [None, 0.0, -1.0, 1.0])
def test_what_is_no_price_has_not_moved(price: float | None) -> None:
    unchanged = movement(moved("a", price))
    assert unchanged is not None
    assert unchanged.points == 0
