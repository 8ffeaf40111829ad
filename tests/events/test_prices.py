"""Moves of prices and lines, markets that close and open (events.md, Detection)."""

from typing import Any, cast

import pytest

from footy.events.sighting import EventRules
from tests.events.watch import KICK_OFF, Watch, corners, keys, money_line, only, spread

CROWN: dict[str, Any] = {"bookmaker_id": 3, "bookmaker": "Crown"}


def test_a_price_that_moves_by_five_points_is_told_with_the_one_before() -> None:
    watch = Watch(**money_line(home=2.0))
    assert watch.see(**money_line(home=2.2)) == []
    moved = only(watch.see(**money_line(home=2.3, at="2026-11-23T20:01:00Z")))
    assert keys(watch.events)[-1] == "price_moved:money_line:1"
    assert (moved.market, moved.before.prices["home"], moved.after.prices["home"]) == ("money_line", 2.0, 2.3)
    assert (moved.before.bookmaker, moved.after.open, moved.vendor_at) == (
        "BET365",
        True,
        "2026-11-23T20:01:00Z",
    )


def test_a_price_is_compared_with_the_last_one_emitted() -> None:
    watch = Watch(**money_line(home=2.0))
    watch.see(**money_line(home=2.3))
    assert watch.see(after_s=60, **money_line(home=2.5)) == []
    assert keys(watch.see(**money_line(home=2.7))) == ["price_moved:money_line:2"]


def test_exactly_a_step_is_a_move() -> None:
    assert keys(Watch(**money_line(home=2.5)).see(**money_line(home=100 / 45))) == [
        "price_moved:money_line:1"
    ]
    assert Watch(EventRules(price_step=8), **money_line(home=2.0)).see(**money_line(home=2.3)) == []


def test_a_market_moves_at_most_once_in_a_minute() -> None:
    watch = Watch(**money_line(home=2.0))
    watch.see(**money_line(home=2.3))
    assert watch.see(after_s=59, **money_line(home=3.0)) == []
    assert watch.state.waits
    assert keys(watch.see(after_s=1)) == ["price_moved:money_line:2"]


def test_a_line_that_has_returned_within_the_minute_did_not_move() -> None:
    watch = Watch(**spread(-0.5))
    moved = only(watch.see(**spread(-0.75)))
    assert (moved.before.line, moved.after.line) == (-0.5, -0.75)
    assert keys(watch.events)[-1] == "line_moved:spread:1"
    assert watch.see(**spread(-0.5)) == []
    assert watch.see(**spread(-0.75)) == []
    assert watch.see(after_s=60) == []


def test_prices_at_different_lines_are_not_compared() -> None:
    watch = Watch(**spread(-0.5, home=1.5, away=2.5))
    assert keys(watch.see(**spread(-0.75, home=2.5, away=1.5))) == ["line_moved:spread:1"]


def test_prices_of_different_bookmakers_are_not_compared() -> None:
    watch = Watch(**money_line(home=2.0))
    assert watch.see(**money_line(home=3.0, **CROWN)) == []
    assert watch.see(**money_line(home=2.05)) == []
    assert keys(watch.see(**money_line(home=2.5, **CROWN))) == ["price_moved:money_line:1"]


def test_an_event_drops_the_references_of_other_bookmakers() -> None:
    watch = Watch(**money_line(home=2.0))
    watch.see(**money_line(home=3.0, **CROWN))
    assert keys(watch.see(**money_line(home=2.5, **CROWN))) == ["price_moved:money_line:1"]
    assert watch.see(after_s=100, **money_line(home=4.0)) == []
    assert keys(watch.see(**money_line(home=5.0))) == ["price_moved:money_line:2"]


def test_a_market_that_closes_and_opens_names_both_prices() -> None:
    watch = Watch(**money_line(home=2.0))
    suspended = only(watch.see(**money_line(home=2.0, sealed=True, **CROWN)))
    reopened = only(watch.see(**money_line(home=4.0)))
    assert keys(watch.events)[1:] == ["suspended:money_line:1", "reopened:money_line:1"]
    assert (suspended.before.bookmaker, suspended.after.bookmaker) == ("BET365", "Crown")
    assert (suspended.before.open, suspended.after.open, reopened.after.open) == (True, False, True)
    assert (reopened.before.prices["home"], reopened.after.prices["home"]) == (2.0, 4.0)


@pytest.mark.parametrize("closed", [{"sealed": True}, {"outdated": True}, {"in_play": False}])
def test_what_is_not_open_in_play(closed: dict[str, Any]) -> None:
    watch = Watch(**money_line())
    assert keys(watch.see(**money_line() | {f"current_money_line_{k}": v for k, v in closed.items()})) == [
        "suspended:money_line:1"
    ]


def test_a_suspension_drops_all_references() -> None:
    watch = Watch(**money_line(home=2.0))
    watch.see(**money_line(home=3.0, **CROWN))
    watch.see(**money_line(sealed=True))
    assert keys(watch.see(**money_line(home=4.0))) == ["reopened:money_line:1"]
    assert watch.see(after_s=100, **money_line(home=6.0, **CROWN)) == []


def test_a_market_first_seen_closed_is_not_reopened() -> None:
    watch = Watch(**money_line(sealed=True))
    assert watch.see(**money_line()) == []
    assert keys(watch.see(**money_line(sealed=True))) == ["suspended:money_line:1"]


def test_no_row_is_no_change_of_a_market() -> None:
    watch = Watch(**money_line())
    assert watch.see(**dict.fromkeys(money_line(), cast("Any", None))) == []
    assert watch.see(**money_line()) == []


def before_play(**fields: Any) -> dict[str, Any]:
    return {"status_id": 1, **money_line(in_play=False, **fields)}


def test_the_close_and_reopening_at_kick_off_emit_nothing() -> None:
    watch = Watch(**before_play())
    watch.see(**before_play(sealed=True))
    watch.see(status_id=2)
    watch.see(**money_line(sealed=True))
    watch.see(**money_line(home=4.0))
    assert keys(watch.events) == ["match_seen", "kickoff:1"]
    assert keys(watch.see(**money_line(sealed=True))) == ["suspended:money_line:1"]


def test_a_market_that_was_never_open_in_play_closes_for_a_kick_off_at_any_time() -> None:
    watch = Watch(kickoff_at="2026-11-23T21:00:00Z", **before_play())
    assert keys(watch.see(status_id=2, **money_line(in_play=False))) == ["kickoff:1"]


def test_a_market_that_closes_well_before_kick_off_is_suspended() -> None:
    watch = Watch(kickoff_at="2026-11-23T20:00:00Z", **before_play())
    assert watch.now == KICK_OFF
    assert keys(watch.see(**before_play(sealed=True))) == ["suspended:money_line:1"]
    assert keys(watch.see(**before_play())) == ["reopened:money_line:1"]


def test_prices_end_at_full_time() -> None:
    watch = Watch(**money_line())
    assert keys(watch.see(status_id=8, **money_line(sealed=True))) == ["full_time:1"]
    assert watch.see(**money_line(home=9.0)) == []


@pytest.mark.parametrize("source", ["stale", "missing", "mock", "refused", "none"])
def test_prices_count_only_while_odds_are_good(source: str) -> None:
    watch = Watch(**money_line(home=2.0))
    assert watch.see(odds_source=source, **money_line(home=4.0)) == []
    assert keys(watch.see(odds_source="cache")) == ["price_moved:money_line:1"]


def test_price_events_can_be_off_or_with_corners() -> None:
    watch = Watch(EventRules(price_events="off"), **money_line(home=2.0))
    assert watch.see(**money_line(home=4.0)) == []
    assert Watch(**corners(9.5)).see(**corners(10.5)) == []
    watch = Watch(EventRules(price_events="corners"), **corners(9.5))
    assert keys(watch.see(**corners(10.5))) == ["line_moved:corners:1"]


def test_the_first_sight_tells_the_current_markets() -> None:
    seen = only(Watch(**money_line(home=2.0), **spread(-0.5)).first)
    assert (seen.money_line.prices, seen.money_line.line) == ({"home": 2.0, "draw": 4.0, "away": 4.0}, None)
    assert (seen.spread.line, seen.over_under, seen.in_play) == (-0.5, None, True)


def test_a_price_that_is_null_is_no_move() -> None:
    watch = Watch(**money_line(home=2.0))
    assert watch.see(**money_line(home=2.0) | {"current_money_line_home": None}) == []
    assert watch.see(**money_line(home=2.0)) == []


def test_a_price_that_was_null_at_first_is_compared_from_when_it_is_known() -> None:
    null: Any = None
    watch = Watch(**money_line(home=null, draw=null, away=null))
    assert watch.see(**money_line(home=2.0, draw=null, away=4.0)) == []
    moved = only(watch.see(**money_line(home=1.5, draw=4.0, away=4.0)))
    assert moved.before.prices == {"home": 2.0, "draw": None, "away": 4.0}
