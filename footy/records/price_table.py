"""The table of prices: what became of each price of a match, per market and bookmaker. Pure.

Of each series of rows it has the opening, the early and the closing price, the range before and in play, and
the number of changes. Prices are decimal odds, and a spread is the home side's handicap as bettors write it,
as in a record.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from operator import itemgetter
from typing import NamedTuple

import msgspec

from footy.history.odds import MARKET_NAMES, OddsColumns, Series
from footy.mirror.odds_book import minute_of
from footy.records.prices import decimal_odds
from footy.thesports.codes import BOOKMAKERS, IN_PLAY

UNPLAYED = frozenset({1, 9, 13})
"""Statuses whose prices are offered before play: not started, delayed, to be determined."""

_MONEY_LINE, _SPREAD = 0, 1


class Quote(NamedTuple):
    """The prices of one row; None if the market has no such price, or the vendor sent none."""

    home: float | None = None
    draw: float | None = None
    away: float | None = None
    line: float | None = None
    over: float | None = None
    under: float | None = None


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A bookmaker's prices of a match in a market. Without such a row, its fields are None."""

    match_id: str
    market: str
    """`money_line`, `spread`, `over_under` or `corners`."""
    bookmaker_id: int
    bookmaker: str | None
    rows: int
    changes: int
    """Number of rows whose line or prices differ from those of the row before."""
    opening_at: int | None = None
    """Of the oldest row; Unix seconds by the vendor's clock, like all times."""
    opening_minute: int | None = None
    opening_sealed: bool | None = None
    """Whether the price was suspended."""
    opening_home: float | None = None
    opening_draw: float | None = None
    opening_away: float | None = None
    opening_line: float | None = None
    opening_over: float | None = None
    opening_under: float | None = None
    early_at: int | None = None
    """Of the newest open row of the early window, otherwise the newest suspended one."""
    early_minute: int | None = None
    early_sealed: bool | None = None
    early_home: float | None = None
    early_draw: float | None = None
    early_away: float | None = None
    early_line: float | None = None
    early_over: float | None = None
    early_under: float | None = None
    closing_at: int | None = None
    """Of the newest open row from before the first row in play, of whatever bookmaker."""
    closing_minute: int | None = None
    closing_sealed: bool | None = None
    closing_home: float | None = None
    closing_draw: float | None = None
    closing_away: float | None = None
    closing_line: float | None = None
    closing_over: float | None = None
    closing_under: float | None = None
    before_home_low: float | None = None
    """The range of the open prices before play: of prices in `money_line`, of the line in the others."""
    before_home_high: float | None = None
    before_draw_low: float | None = None
    before_draw_high: float | None = None
    before_away_low: float | None = None
    before_away_high: float | None = None
    before_line_low: float | None = None
    before_line_high: float | None = None
    in_play_home_low: float | None = None
    in_play_home_high: float | None = None
    in_play_draw_low: float | None = None
    in_play_draw_high: float | None = None
    in_play_away_low: float | None = None
    in_play_away_high: float | None = None
    in_play_line_low: float | None = None
    in_play_line_high: float | None = None


def public_prices(market: int, first: float, line: float, last: float) -> Quote:
    """Return a row's prices as a record has them; `market` is its index in `history.odds.MARKETS`."""
    if market == _MONEY_LINE:
        home, draw, away = (decimal_odds(price, hong_kong=False) for price in (first, line, last))
        return Quote(home, draw, away)
    one, other = decimal_odds(first, hong_kong=True), decimal_odds(last, hong_kong=True)
    if market == _SPREAD:
        return Quote(home=one, line=public_line(market, line), away=other)
    return Quote(over=one, line=public_line(market, line), under=other)


def public_line(market: int, line: float) -> float:
    """Return a line as bettors write it: the home side's handicap, or a number of goals or corners."""
    return 0.0 - line if market == _SPREAD else line + 0.0  # neither leaves a -0.0


def price_rows(match_id: str, columns: OddsColumns, early_window: tuple[int, int]) -> list[PriceRow]:
    """Return the prices of a match, a row for each market and bookmaker.

    Args:
        match_id: The match.
        columns: All its rows.
        early_window: First and last minute of play of the early price, both included.
    """
    first, last = early_window
    minutes = [minute_of(text) for text in columns.minutes]
    is_early = [minute is not None and first <= minute <= last for minute in minutes]
    kick_off = _first_in_play(columns)
    found = []
    for series in columns.series:
        rows = _rows(columns, series, minutes, is_early)
        before, in_play = _parted(rows, kick_off)
        market = series.market
        moments = {
            "opening": rows[-1],
            "early": _newest_open_first([row for row in rows if row.is_early]),
            "closing": next((row for row in before if not row.sealed), None),
        }
        fields: dict[str, object] = {}
        for moment, row in moments.items():
            if row is not None:
                fields |= _moment(moment, market, row)
        for part, of_part in (("before", before), ("in_play", in_play)):
            fields |= _ranges(part, market, [row for row in of_part if not row.sealed])
        prices = [(row.first, row.line, row.last) for row in rows]
        found.append(
            PriceRow(
                match_id=match_id,
                market=MARKET_NAMES[market],
                bookmaker_id=series.bookmaker_id,
                bookmaker=BOOKMAKERS.get(series.bookmaker_id),
                rows=len(rows),
                changes=sum(newer != older for newer, older in pairwise(prices)),
                **fields,  # type: ignore[arg-type]
            )
        )
    return found


class _Row(NamedTuple):
    at: int
    minute: int | None
    is_early: bool
    first: float
    line: float
    last: float
    status_id: int
    sealed: int


def _rows(
    columns: OddsColumns, series: Series, minutes: Sequence[int | None], is_early: Sequence[bool]
) -> list[_Row]:
    """Return the rows of a series, newest first; of equal times, the one listed first is the newer."""
    part = slice(series.start, series.stop)
    numbers = columns.minute[part]
    rows = map(
        _Row,
        columns.at[part],
        [minutes[number] for number in numbers],
        [is_early[number] for number in numbers],
        *(columns.first[part], columns.line[part], columns.last[part]),
        *(columns.status[part], columns.sealed[part]),
    )
    return sorted(rows, key=_at, reverse=True)  # stable


_at = itemgetter(0)


def _first_in_play(columns: OddsColumns) -> float:
    """Return the time of the first row in play of any bookmaker; infinite if there is none."""
    made = zip(columns.at, columns.status, strict=True)
    return min((at for at, status in made if status in IN_PLAY), default=inf)


def _parted(rows: Sequence[_Row], kick_off: float) -> tuple[list[_Row], list[_Row]]:
    """Return the rows from before play, and those in play, newest first.

    Some bookmakers repeat a price as one from before play after kick-off: such rows are in neither part.
    """
    in_play = [row for row in rows if row.status_id in IN_PLAY]
    older = rows[rows.index(in_play[-1]) + 1 :] if in_play else rows
    return [row for row in older if row.status_id in UNPLAYED and row.at <= kick_off], in_play


def _newest_open_first(rows: Sequence[_Row]) -> _Row | None:
    """Return the newest open row, otherwise the newest; None if there is none."""
    return next((row for row in rows if not row.sealed), rows[0] if rows else None)


def _moment(moment: str, market: int, row: _Row) -> dict[str, object]:
    fields: dict[str, object] = {
        f"{moment}_at": row.at,
        f"{moment}_minute": row.minute,
        f"{moment}_sealed": bool(row.sealed),
    }
    quote = public_prices(market, row.first, row.line, row.last)
    return fields | {f"{moment}_{name}": value for name, value in zip(Quote._fields, quote, strict=True)}


def _ranges(part: str, market: int, rows: Sequence[_Row]) -> dict[str, object]:
    """Return the lowest and highest prices in `money_line`, and the range of the line in other markets."""
    if market != _MONEY_LINE:
        return _range(f"{part}_line", [public_line(market, row.line) for row in rows])
    fields: dict[str, object] = {}
    prices = zip(*((row.first, row.line, row.last) for row in rows), strict=True) if rows else ((), (), ())
    for outcome, sent in zip(("home", "draw", "away"), prices, strict=True):
        decimals = [decimal_odds(price, hong_kong=False) for price in {*sent}]
        fields |= _range(f"{part}_{outcome}", [price for price in decimals if price is not None])
    return fields


def _range(name: str, values: Sequence[float]) -> dict[str, object]:
    return {f"{name}_low": min(values, default=None), f"{name}_high": max(values, default=None)}
