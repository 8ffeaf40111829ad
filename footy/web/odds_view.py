"""The odds of a match as the API answers them: a table of bookmakers, and every price as series. Pure."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from footy.history.odds import MARKET_NAMES, OddsColumns, Series
from footy.mirror.odds_book import minute_of
from footy.outputs.record_values import NOT_KICKED_OFF
from footy.record import MatchRecord
from footy.records.price_table import public_line, public_prices
from footy.records.prices import decimal_odds, score_of
from footy.thesports.codes import BOOKMAKERS, IN_PLAY
from footy.times import second_text, unix_seconds
from footy.web.contract import BookmakerPrices, PriceAt, PriceSeries

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "money_line": ("home", "draw", "away"),
    "spread": ("home", "away"),
    "over_under": ("over", "under"),
    "corners": ("over", "under"),
}
"""The prices of each market, beside its line."""
MOST_ROWS = 20_000
"""Rows in an answer at most: three times as many as the longest match of the capture has."""
_CORNERS = MARKET_NAMES.index("corners")
_MONEY_LINE = MARKET_NAMES.index("money_line")


class Rows(NamedTuple):
    """All rows of a match, their texts read and their order known."""

    columns: OddsColumns
    minutes: Sequence[int | None]
    scores: Sequence[str | None]
    orders: Sequence[Sequence[int]]
    """Of each series the places of its rows, newest first; of one second, the one listed first is newer."""

    @classmethod
    def of(cls, columns: OddsColumns) -> "Rows":
        """Read columns once, for all answers."""
        scores = map(score_of, columns.scores)
        return cls(
            columns,
            [minute_of(text) for text in columns.minutes],
            [None if score is None else f"{score[0]}-{score[1]}" for score in scores],
            [_newest_first(columns, one) for one in columns.series],
        )


def bookmakers(
    rows: Rows,
    early_window: tuple[int, int],
    match: MatchRecord | None,
    max_age_s: float,
) -> list[BookmakerPrices]:
    """Return opening, early and newest price of every bookmaker in every market.

    Args:
        rows: All rows of the match.
        early_window: First and last minute of play of the early price, both included.
        match: The record of now; None if the match is not live, and then no price is one of now.
        max_age_s: Seconds a price may be old and still be one of now.
    """
    columns = rows.columns
    first, last = early_window
    early = {
        number for number, minute in enumerate(rows.minutes) if minute is not None and first <= minute <= last
    }
    found: list[BookmakerPrices] = []
    for series, order in zip(columns.series, rows.orders, strict=True):
        early_row = _early(columns, order, early)
        found.append(
            {
                "market": MARKET_NAMES[series.market],
                "bookmaker_id": series.bookmaker_id,
                "bookmaker": BOOKMAKERS.get(series.bookmaker_id),
                "rows": len(order),
                "opening": _price_at(rows, order[-1]),
                "early": None if early_row is None else _price_at(rows, early_row),
                "now": _price_at(rows, order[0]),
                "state": _state(columns, order[0], match, max_age_s),
                "best": [],
            }
        )
    if match is not None:
        for market in MARKET_NAMES:
            _mark_best([one for one in found if one["market"] == market], match, market)
    return found


def _newest_first(columns: OddsColumns, series: Series) -> Sequence[int]:
    places = range(series.start, series.stop)
    at = columns.at
    if all(newer >= older for newer, older in pairwise(at[series.start : series.stop])):
        return places
    return sorted(places, key=at.__getitem__, reverse=True)


def _early(columns: OddsColumns, order: Sequence[int], early: Collection[int]) -> int | None:
    """Return the newest open row of the early window, otherwise the newest suspended one."""
    inside = [place for place in order if columns.minute[place] in early] if early else []
    return next((place for place in inside if not columns.sealed[place]), inside[0] if inside else None)


def _price_at(rows: Rows, place: int) -> PriceAt:
    columns = rows.columns
    market = columns.market[place]
    quote = public_prices(market, columns.first[place], columns.line[place], columns.last[place])._asdict()
    return {
        "at": second_text(columns.at[place]),
        "minute": rows.minutes[columns.minute[place]],
        "score": rows.scores[columns.score[place]],
        "suspended": bool(columns.sealed[place]),
        "line": quote["line"],
        "prices": {name: quote[name] for name in OUTCOMES[MARKET_NAMES[market]]},
    }


def _state(columns: OddsColumns, place: int, match: MatchRecord | None, max_age_s: float) -> str | None:
    """Return `now`, `suspended` or `old`, as a record's price is judged; None if the match is over."""
    if match is None or (not match["in_play"] and match["status_id"] not in NOT_KICKED_OFF):
        return None
    if columns.sealed[place]:
        return "suspended"
    return "old" if match["in_play"] and _is_old(columns, place, match, max_age_s) else "now"


def _is_old(columns: OddsColumns, place: int, match: MatchRecord, max_age_s: float) -> bool:
    """Check whether a price was made too long ago, before play, or at another score."""
    read_at = match["odds_fetched_at"]
    if read_at is not None and unix_seconds(read_at) - columns.at[place] > max_age_s:
        return True
    if columns.status[place] not in IN_PLAY:
        return True
    score = score_of(columns.scores[columns.score[place]])
    shown = (match["home_score"], match["away_score"])
    return columns.market[place] != _CORNERS and score is not None and None not in shown and score != shown


def _mark_best(rows: Sequence[BookmakerPrices], match: MatchRecord, market: str) -> None:
    """Note the highest price of each outcome among bookmakers at which one can bet now, at one line."""
    open_rows = [one for one in rows if one["state"] == "now"]
    if market != "money_line":
        record: Mapping[str, Any] = match
        line = record[f"current_{market}_line"]
        open_rows = [one for one in open_rows if one["now"]["line"] == line]
    if len(open_rows) < 2:  # noqa: PLR2004 - one alone is no better than any other
        return
    for outcome in OUTCOMES[market]:
        prices = [one["now"]["prices"][outcome] for one in open_rows]
        best = max((price for price in prices if price is not None), default=None)
        for one, price in zip(open_rows, prices, strict=True):
            if price is not None and price == best:
                one["best"].append(outcome)


def series(
    rows: Rows,
    markets: Collection[str],
    bookmaker_ids: Collection[int],
    limit: int,
) -> tuple[list[PriceSeries], int]:
    """Return every price, oldest first, and how many rows are left out.

    Args:
        rows: All rows of the match.
        markets: Only these markets; all if empty.
        bookmaker_ids: Only these bookmakers; all if empty.
        limit: The greatest number of rows; the oldest are left out.
    """
    columns = rows.columns
    chosen = [
        (one, order)
        for one, order in zip(columns.series, rows.orders, strict=True)
        if (not markets or MARKET_NAMES[one.market] in markets)
        and (not bookmaker_ids or one.bookmaker_id in bookmaker_ids)
    ]
    orders = [order for _, order in chosen]
    count = sum(map(len, orders))
    if count > limit:
        orders = _newest(columns, orders, limit)
    found = [_series(rows, one, order) for (one, _), order in zip(chosen, orders, strict=True) if len(order)]
    return found, max(0, count - limit)


def _newest(columns: OddsColumns, orders: Sequence[Sequence[int]], limit: int) -> list[Sequence[int]]:
    """Return the newest places of all, series by series."""
    at = columns.at
    places = sorted((place for order in orders for place in order), key=lambda place: -at[place])
    kept = set(places[:limit])
    return [[place for place in order if place in kept] for order in orders]


def _series(rows: Rows, of: Series, order: Sequence[int]) -> PriceSeries:
    columns = rows.columns
    taken: list[Any]
    if isinstance(order, range):
        part = slice(of.start, of.stop)
        taken = [column[part][::-1] for column in columns[2:10]]
    else:
        taken = [[column[place] for place in reversed(order)] for column in columns[2:10]]
    at, minute, first, line, last, status, sealed, score = taken
    market = MARKET_NAMES[of.market]
    if of.market == _MONEY_LINE:
        sent: list[Sequence[float]] = [first, line, last]
    else:
        sent = [first, last]
    prices = {
        name: _decimals(values, hong_kong=of.market != _MONEY_LINE)
        for name, values in zip(OUTCOMES[market], sent, strict=True)
    }
    return {
        "market": market,
        "bookmaker_id": of.bookmaker_id,
        "bookmaker": BOOKMAKERS.get(of.bookmaker_id),
        "at": [*at],
        "minute": [*map(rows.minutes.__getitem__, minute)],
        "status_id": [*status],
        "score": [*map(rows.scores.__getitem__, score)],
        "suspended": [*map(bool, sealed)],
        "line": None if of.market == _MONEY_LINE else _lines(of.market, line),
        "prices": prices,
    }


def _decimals(sent: Sequence[float], *, hong_kong: bool) -> list[float | None]:
    known = {price: decimal_odds(price, hong_kong=hong_kong) for price in {*sent}}
    return [*map(known.__getitem__, sent)]


def _lines(market: int, sent: Sequence[float]) -> list[float]:
    known = {line: public_line(market, line) for line in {*sent}}
    return [*map(known.__getitem__, sent)]
