"""The table of prices: opening, early and closing price of each bookmaker, and what lies between."""

import json
from typing import Any

import msgspec
import pytest

from footy.history.odds import OddsRow, columns_of, columns_of_series
from footy.records.price_table import PriceRow, price_rows
from footy.thesports.models import Odds
from tests.support.capture import PRESENT, replies

WINDOW = (2, 6)
KICK_OFF = 1_748_450_000


def row(at: int, first: float = 2.0, **changes: Any) -> OddsRow:
    """Return a row of the money line; `at` in seconds after kick-off."""
    values: dict[str, Any] = {
        "bookmaker_id": 2,
        "market": "eu",
        "minute": "",
        "line": 3.2,
        "last": 3.5,
        "status_id": 1,
    }
    values |= {"sealed": 0, "score": "0-0", **changes}
    return OddsRow(at=KICK_OFF + at, first=first, **values)


def table(*rows: OddsRow) -> list[PriceRow]:
    return price_rows("m", columns_of(rows), WINDOW)


def test_the_oldest_row_is_the_opening_price_even_if_it_is_suspended() -> None:
    [prices] = table(row(-10, 2.2), row(-500, 2.1), row(-900, 1.9, sealed=1))
    assert (prices.opening_home, prices.opening_draw, prices.opening_away) == (1.9, 3.2, 3.5)
    assert (prices.opening_at, prices.opening_sealed, prices.opening_line) == (KICK_OFF - 900, True, None)


def test_the_closing_price_is_the_newest_open_one_before_any_bookmaker_is_in_play() -> None:
    first, other = table(
        row(90, 2.6, status_id=2, minute="2"),
        row(70, 2.4),  # repeated after kick-off
        row(-5, 2.3, sealed=1),
        row(-20, 2.2, status_id=9),
        row(60, bookmaker_id=3, status_id=2, minute="1"),
    )
    assert (first.closing_home, first.closing_at) == (2.2, KICK_OFF - 20)
    assert (other.bookmaker_id, other.closing_at, other.closing_home) == (3, None, None)


def test_a_row_of_before_play_after_one_in_play_closes_nothing() -> None:
    [prices] = table(row(20, 2.4), row(20, 2.3, status_id=2), row(20, 2.2))
    assert prices.closing_home == 2.2


def test_the_early_price_is_the_newest_open_one_of_the_window_and_else_a_suspended_one() -> None:
    in_play = {"status_id": 2}
    rows = (
        row(500, 2.9, minute="8", **in_play),
        row(300, 2.7, minute="5", sealed=1, **in_play),
        row(200, 2.5, minute="3", **in_play),
        row(180, 2.4, minute="3", **in_play),
    )
    assert (table(*rows)[0].early_home, table(*rows)[0].early_minute) == (2.5, 3)
    [without] = table(rows[0], rows[1])
    assert (without.early_home, without.early_sealed) == (2.7, True)
    [none] = table(rows[0])
    assert (none.early_home, none.early_at, none.early_sealed) == (None, None, None)


def test_a_spread_is_the_home_sides_handicap_and_prices_are_decimal() -> None:
    [prices] = table(
        row(80, 0.8, line=0.0, last=1.05, status_id=2, market="asia"),
        row(-50, 0.95, line=0.5, last=0.9, market="asia"),
        row(-90, 0.9, line=0.75, last=0.0, market="asia"),
    )
    assert (prices.opening_home, prices.opening_line, prices.opening_away) == (1.9, -0.75, None)
    assert (prices.closing_home, prices.closing_line, prices.closing_away) == (1.95, -0.5, 1.9)
    assert (prices.before_line_low, prices.before_line_high) == (-0.75, -0.5)
    assert (prices.in_play_line_low, str(prices.in_play_line_high)) == (0.0, "0.0")
    assert (prices.opening_over, prices.before_home_low, prices.market) == (None, None, "spread")


def test_ranges_leave_out_what_was_suspended_and_what_is_no_price() -> None:
    [prices] = table(
        row(700, 9.0, status_id=4, sealed=1),
        row(600, 1.5, status_id=4),
        row(300, 1.2, status_id=2),
        row(-5, 2.2, last=0.0),
        row(-9, 1.8),
    )
    assert (prices.before_home_low, prices.before_home_high) == (1.8, 2.2)
    assert (prices.before_away_low, prices.before_away_high) == (3.5, 3.5)
    assert (prices.in_play_home_low, prices.in_play_home_high) == (1.2, 1.5)
    assert prices.in_play_draw_low == 3.2


def test_a_suspension_alone_is_no_change() -> None:
    [prices] = table(row(30, 2.1), row(20, 2.0, sealed=1), row(10, 2.0))
    assert (prices.rows, prices.changes) == (3, 1)


def test_each_market_of_each_bookmaker_has_a_row() -> None:
    found = table(row(0), row(0, market="bs", line=2.5), row(0, market="cr", bookmaker_id=99))
    assert [(one.market, one.bookmaker_id, one.bookmaker) for one in found] == [
        ("money_line", 2, "BET365"),
        ("over_under", 2, "BET365"),
        ("corners", 99, None),
    ]
    assert (found[1].opening_over, found[1].opening_line, found[1].opening_under) == (3.0, 2.5, 4.5)
    assert price_rows("m", columns_of([]), WINDOW) == []


def independent(odds: dict[str, Any]) -> dict[tuple[str, int], dict[str, Any]]:
    """Compute the three prices from plain JSON, row by row from the oldest on, as the contract says."""
    kick_off = min(
        (r[0] for markets in odds.values() for rows in markets.values() for r in rows if 2 <= r[5] <= 7),
        default=None,
    )
    names = {"eu": "money_line", "asia": "spread", "bs": "over_under", "cr": "corners"}
    found = {}
    for company, markets in odds.items():
        for market, rows in markets.items():
            opening = closing = early_open = early_sealed = None
            has_begun = False
            for r in reversed(rows):
                opening = opening or r
                has_begun = has_begun or 2 <= r[5] <= 7
                if r[5] in {1, 9, 13} and not has_begun and not (kick_off and r[0] > kick_off) and not r[6]:
                    closing = r
                text = {"midfield": "45"}.get(r[1], r[1].rstrip("+"))
                if text and 2 <= int(text) <= 6:
                    early_open, early_sealed = (early_open, r) if r[6] else (r, early_sealed)
            moments = {"opening": opening, "early": early_open or early_sealed, "closing": closing}
            found[names[market], int(company)] = {
                moment: None if r is None else (r[0], bool(r[6]), *shown(market, r))
                for moment, r in moments.items()
            }
    return found


def shown(market: str, r: list[Any]) -> tuple[float | None, ...]:
    if market == "eu":
        return tuple(price if price > 0 else None for price in r[2:5])
    one, other = (round(r[at] + 1, 4) if r[at] > 0 else None for at in (2, 4))
    return one, -r[3] if market == "asia" else r[3], other


@pytest.mark.skipif(not PRESENT, reason="the captured replies are not on this machine")
def test_the_prices_of_real_matches_equal_an_independent_computation() -> None:
    compared = 0
    for match_id, odds in replies().odds.items():
        decoded = msgspec.json.decode(json.dumps(odds), type=Odds)
        columns = columns_of_series(
            {
                (int(company), market): getattr(markets, market)
                for company, markets in decoded.items()
                for market in ("eu", "asia", "bs", "cr")
            }
        )
        expected = independent(odds)
        rows = price_rows(match_id, columns, WINDOW)
        assert {(one.market, one.bookmaker_id) for one in rows} == expected.keys()
        for one in rows:
            names = ("home", "draw", "away") if one.market == "money_line" else ("home", "line", "away")
            names = ("over", "line", "under") if one.market in {"over_under", "corners"} else names
            for moment, values in expected[one.market, one.bookmaker_id].items():
                is_there = getattr(one, f"{moment}_at") is not None
                found = tuple(getattr(one, f"{moment}_{name}") for name in ("at", "sealed", *names))
                assert (found if is_there else None) == values
                compared += 1
    assert compared > 1000
