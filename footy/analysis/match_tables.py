"""The tables of matches, and of what the archive has of each: odds, prices, minutes.

The rows of a match stand together, whatever their time: they belong to the day on which it was seen first.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby, repeat
from math import isfinite
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from footy.analysis.columns import Batch, Column, Kind, Numbers, Runs
from footy.analysis.tables import Bulk, Store, Table, Wanted, day_of, entries_of
from footy.events.emitted import Emitted, PeriodScores
from footy.history import minutes, odds
from footy.history.archive import MatchEntry, match_minutes
from footy.history.odds import MARKET_NAMES, BrokenBlobError, OddsColumns, Series
from footy.mirror.odds_book import minute_of
from footy.records.price_table import PriceRow, price_rows, public_prices
from footy.records.prices import score_of
from footy.thesports.codes import BOOKMAKERS, STATUSES
from footy.times import unix_seconds

ODDS_ROWS = 40_000
"""Rows of odds in a batch, unless a single match has more."""
ROWS = 2_000
"""Rows of other tables in a batch, of which each is an object while it is read."""
MATCHES_AT_ONCE = 500

# --- matches

MATCH_COLUMNS = (
    Column("match_id", "text", "the match's id"),
    Column("competition", "text", "the competition's name"),
    Column("country", "text", "its country"),
    Column("home", "text", "the home team"),
    Column("away", "text", "the away team"),
    Column("status_id", "int", "the status, as it was seen last"),
    Column("status", "text", "its name"),
    Column("home_score", "int", "the home side's goals, extra time included"),
    Column("away_score", "int", "the away side's"),
    Column("home_score_ht", "int", "at half-time"),
    Column("away_score_ht", "int", "at half-time"),
    Column("home_score_et", "int", "after extra time"),
    Column("away_score_et", "int", "after extra time"),
    Column("home_score_pens", "int", "in the shoot-out"),
    Column("away_score_pens", "int", "in the shoot-out"),
    Column("first_seen_at", "moment", "when footy saw it first"),
    Column("changed_at", "moment", "when it changed last"),
    Column("ended_at", "moment", "when it was seen as finished"),
    Column("has_result", "bool", "whether its final state was read: there is an event `result`"),
    Column(
        "archive",
        "text",
        "what became of its odds: `waiting`, `whole`, `empty`, `partial` or `lost`; null if it is not over",
    ),
    Column("archived_at", "moment", "when they were read after the match"),
    Column("odds_rows", "bigint", "number of rows in the archive"),
    Column("odds_left_out", "int", "number of the vendor's values that could not be read"),
    Column("note", "text", "why the archive is not whole"),
)


def _matches(store: Store, wanted: Wanted) -> Iterator[Batch]:
    for day, entries in _by_day(entries_of(store, wanted)):
        for start in range(0, len(entries), MATCHES_AT_ONCE):
            part = entries[start : start + MATCHES_AT_ONCE]
            states = {one.match_id: one for one in store.states([one.id for one in part])}
            rows = [_match_row(one, states.get(one.id)) for one in part]
            yield Batch(day, len(rows), [*zip(*rows, strict=True)])


def _match_row(one: MatchEntry, state: Emitted | None) -> tuple[Any, ...]:
    periods = PeriodScores() if state is None else state.periods
    return (
        *(one.id, one.competition, one.country, one.home, one.away),
        *(one.status_id, STATUSES.get(one.status_id, f"Status {one.status_id}")),
        *(one.home_score, one.away_score),
        *(periods.half_time or (None, None)),
        *(periods.extra_time or (None, None)),
        *(periods.shoot_out or (None, None)),
        *(one.first, one.last, one.ended_at),
        state is not None and state.result is not None,
        *(one.archive and str(one.archive), one.archived_at),
        *((None, None) if one.archived_at is None else (one.rows, one.left_out)),
        one.note,
    )


def _by_day(entries: Iterable[MatchEntry]) -> Iterator[tuple[str, list[MatchEntry]]]:
    for day, group in groupby(entries, key=lambda one: day_of(one.first)):
        yield day, [*group]


MATCHES = Table("matches", "a match", MATCH_COLUMNS, _matches)

# --- odds

ODDS_COLUMNS = (
    Column("match_id", "text", "the match"),
    Column("market", "text", "`money_line`, `spread`, `over_under` or `corners`"),
    Column("bookmaker_id", "int", "the bookmaker"),
    Column("bookmaker", "text", "its name"),
    Column("set_at", "second", "when it set the price, by the vendor's clock"),
    Column("minute", "int", "the minute of play then"),
    Column("status_id", "int", "the match's status then"),
    Column("suspended", "bool", "whether one could not bet at it"),
    Column("home_score", "int", "the home side's goals then; its corners in the market `corners`"),
    Column("away_score", "int", "the away side's"),
    Column("line", "float", "the home side's handicap; of `over_under` and `corners` the number"),
    Column("home_price", "float", "decimal odds of the home side, in `money_line` and `spread`"),
    Column("draw_price", "float", "of a draw"),
    Column("away_price", "float", "of the away side"),
    Column("over_price", "float", "of more than the line, in `over_under` and `corners`"),
    Column("under_price", "float", "of less"),
)
_VENDORS = {  # which of a row's numbers each price is, by market
    "money_line": {"home_price": "first", "draw_price": "line", "away_price": "last"},
    "spread": {"home_price": "first", "line": "line", "away_price": "last"},
    "over_under": {"over_price": "first", "line": "line", "under_price": "last"},
    "corners": {"over_price": "first", "line": "line", "under_price": "last"},
}
_PRICES = ("line", "home_price", "draw_price", "away_price", "over_price", "under_price")
_UNKNOWN = -(2**15)
"""Stands for a minute or a score that is not known: no genuine one is so low."""

_VENDORS_COLUMNS = (
    *(
        one
        for one in ODDS_COLUMNS
        if one.name in {"match_id", "market", "bookmaker_id", "bookmaker", "set_at"}
    ),
    *(Column(name, "short", "") for name in ("minute", "status_id", "sealed", "home_score", "away_score")),
    *(Column(name, "float", "") for name in ("first", "line", "last")),
)


def _price_sql(name: str) -> str:
    """Return a price of `ODDS_COLUMNS` as SQL over the vendor's numbers: as `public_prices` has it."""
    cases = []
    for market, numbers in _VENDORS.items():
        if (number := numbers.get(name)) is None:
            continue
        if name == "line":
            plain = "0.0 - line" if market == "spread" else "line + 0.0"
            cases.append(f"WHEN '{market}' THEN CASE WHEN isfinite(line) THEN {plain} END")
        else:
            plain = number if market == "money_line" else f"round({number} + 1, 4)"
            cases.append(
                f"WHEN '{market}' THEN CASE WHEN isfinite({number}) AND {number} > 0 THEN {plain} END"
            )
    return f"CASE market {' '.join(cases)} END AS {name}"


_ODDS_SQL = ", ".join(
    [
        *("match_id", "market", "bookmaker_id", "bookmaker", "set_at"),
        f"nullif(minute, {_UNKNOWN})::INTEGER AS minute",
        "status_id::INTEGER AS status_id",
        "sealed <> 0 AS suspended",
        *(f"nullif({side}_score, {_UNKNOWN})::INTEGER AS {side}_score" for side in ("home", "away")),
        *map(_price_sql, _PRICES),
    ]
)


class _OddsBatch:
    """Rows of several matches, put together column by column; prices are the vendor's numbers."""

    def __init__(self) -> None:
        self.rows = 0
        self._runs: list[list[tuple[Any, int]]] = [[], [], [], []]
        self._set_at = array("q")
        self._shorts = [array("h") for _ in range(5)]
        self._prices = [array("d") for _ in range(3)]

    def add(self, match_id: str, columns: OddsColumns) -> None:
        """Add a match: market by market, bookmaker by bookmaker, the oldest row first."""
        if not columns.rows:
            return
        self.rows += columns.rows
        series = sorted(columns.series, key=_market_of)
        match_ids, markets, bookmaker_ids, bookmakers = self._runs
        match_ids.append((match_id, columns.rows))
        for market, of_market in groupby(series, key=_market_of):
            markets.append((MARKET_NAMES[market], sum(one.stop - one.start for one in of_market)))
        counts = [(one.bookmaker_id, one.stop - one.start) for one in series]
        bookmaker_ids += counts
        bookmakers += [(BOOKMAKERS.get(bookmaker_id), count) for bookmaker_id, count in counts]
        turn = [slice(one.stop - 1, one.start - 1 if one.start else None, -1) for one in series]
        minutes = [minute_of(text) for text in columns.minutes]
        scores = [score_of(text) or (None, None) for text in columns.scores]
        minute, status, sealed, home, away = self._shorts
        _turn(self._set_at, columns.at, turn)
        _turn(minute, _looked_up(minutes, columns.minute), turn)
        _turn(status, columns.status, turn)
        _turn(sealed, columns.sealed, turn)
        _turn(home, _looked_up([one for one, _ in scores], columns.score), turn)
        _turn(away, _looked_up([one for _, one in scores], columns.score), turn)
        for values, vendors in zip(self._prices, (columns.first, columns.line, columns.last), strict=True):
            _turn(values, vendors, turn)

    def batch(self, day: str) -> Batch:
        """Return the rows, in the order of `_VENDORS_COLUMNS`."""
        numbers: tuple[Any, ...] = (self._set_at, *self._shorts, *self._prices)
        return Batch(day, self.rows, [*map(Runs, self._runs), *(Numbers(one) for one in numbers)])


def _market_of(series: Series) -> int:
    return series.market


def _turn(target: Any, column: Any, parts: Sequence[slice]) -> None:
    for part in parts:
        target.extend(column[part])


def _looked_up(values: Sequence[int | None], places: Sequence[int]) -> "array[int]":
    """Return for each row the number at its place in a list, `_UNKNOWN` if that is none of 16 bits."""
    kept = [_UNKNOWN if one is None or not 0 <= one < 2**15 else one for one in values]
    if len({*kept}) == 1:
        return array("h", kept[:1]) * len(places)
    return array("h", map(kept.__getitem__, places))


class _Converted(dict[float, float | None]):
    """The public price of each of the vendor's numbers, computed once."""

    most = 50_000
    """Prices that are remembered; they are a few thousand different ones."""

    def __init__(self, market: int, name: str, vendors: str) -> None:
        self._market = market
        self._name = name.removesuffix("_price")
        self._place = ("first", "line", "last").index(vendors)

    def __missing__(self, number: float) -> float | None:
        row = [1.0, 1.0, 1.0]
        row[self._place] = number
        value = getattr(public_prices(self._market, *row), self._name) if isfinite(number) else None
        if len(self) >= self.most:
            self.clear()
        self[number] = value
        return value


@cache
def _conversion(market: str, name: str) -> tuple[str, _Converted] | None:
    """Return which of the vendor's numbers a price is, and how it is converted; None if there is none."""
    vendors = _VENDORS[market].get(name)
    return None if vendors is None else (vendors, _Converted(MARKET_NAMES.index(market), name, vendors))


def _public(batch: Batch) -> Batch:
    """Return a batch of the vendor's numbers with the columns of `ODDS_COLUMNS`."""
    found: dict[str, Any] = {
        one.name: values for one, values in zip(_VENDORS_COLUMNS, batch.columns, strict=True)
    }
    for name in ("minute", "home_score", "away_score"):
        values = found[name].values
        known = bytes([one != _UNKNOWN for one in values]) if _UNKNOWN in values else None
        found[name] = Numbers(array("i", values), known)
    found["status_id"] = Numbers(array("i", found["status_id"].values))
    found["suspended"] = bytes(map(bool, found["sealed"].values))
    vendors = {name: found[name].values for name in ("first", "line", "last")}
    for name in _PRICES:
        prices: list[float | None] = []
        for market, count in found["market"].parts:
            conversion = _conversion(market, name)
            start = len(prices)
            if conversion is None:
                prices += repeat(None, count)
            else:
                number, converted = conversion
                prices += map(converted.__getitem__, vendors[number][start : start + count])
        found[name] = prices
    return Batch(batch.day, batch.rows, [found[one.name] for one in ODDS_COLUMNS])


def _odds(store: Store, wanted: Wanted) -> Iterator[Batch]:
    return map(_public, _vendors_odds(store, wanted))


def _vendors_odds(store: Store, wanted: Wanted) -> Iterator[Batch]:
    for day, entries in _by_day(entries_of(store, wanted)):
        gathered = _OddsBatch()
        for entry in entries:
            gathered.add(entry.id, _columns_of(store, entry, wanted))
            if gathered.rows >= ODDS_ROWS:
                yield gathered.batch(day)
                gathered = _OddsBatch()
        if gathered.rows:
            yield gathered.batch(day)


def _columns_of(store: Store, entry: MatchEntry, wanted: Wanted) -> OddsColumns:
    try:
        return odds.joined(store.odds_blobs(entry.id))
    except BrokenBlobError as error:
        wanted.warn(f"The odds of the match {entry.id} cannot be read, and are left out: {error}")
        return odds.joined(())


ODDS = Table(
    "odds",
    "a price change of a bookmaker, as the vendor has it; every row there is",
    ODDS_COLUMNS,
    _odds,
    Bulk(_VENDORS_COLUMNS, _vendors_odds, _ODDS_SQL),
)

# --- prices

_KINDS: dict[Any, Kind] = {str: "text", int: "int", float: "float", bool: "bool"}
_MOMENTS = {
    "opening": "of the oldest row",
    "early": "of the newest row of the early window (`FOOTY_EARLY_WINDOW`), an open one if there is one",
    "closing": "of the newest open row from before the first row in play",
}
_PARTS = {"before": "of open prices before play", "in_play": "of open prices in play"}
_WORDS = {
    "match_id": "the match",
    "market": "`money_line`, `spread`, `over_under` or `corners`",
    "bookmaker_id": "the bookmaker",
    "bookmaker": "its name",
    "rows": "number of its rows in `odds`",
    "changes": "number of rows whose line or prices differ from those of the row before",
    "at": "when it was set",
    "minute": "the minute of play then",
    "sealed": "whether it was suspended",
    "home": "decimal odds of the home side",
    "draw": "of a draw",
    "away": "of the away side",
    "line": "the line",
    "over": "of more than the line",
    "under": "of less",
}


def _price_words(name: str) -> str:
    if name in _WORDS:
        return _WORDS[name]
    for moment, words in _MOMENTS.items():
        if name.startswith(f"{moment}_"):
            return f"{words}: {_WORDS[name.removeprefix(f'{moment}_')]}"
    [part] = [one for one in _PARTS if name.startswith(f"{one}_")]
    what, end = name.removeprefix(f"{part}_").rsplit("_", 1)
    return f"{'highest' if end == 'high' else 'lowest'} {what} {_PARTS[part]}"


def _plain(hint: Any) -> Any:
    """Return the type of a hint, without None."""
    if isinstance(hint, UnionType):
        [hint] = [one for one in get_args(hint) if one is not NoneType]
    return hint


def _price_columns() -> Iterator[Column]:
    for name, hint in get_type_hints(PriceRow).items():
        kind = "second" if name.endswith("_at") else _KINDS[_plain(hint)]
        yield Column(name, kind, _price_words(name))


PRICE_COLUMNS = (*_price_columns(),)
_PRICE_FIELDS = tuple(one.name for one in PRICE_COLUMNS)


def _prices(store: Store, wanted: Wanted) -> Iterator[Batch]:
    def rows(entry: MatchEntry) -> Iterator[tuple[Any, ...]]:
        for row in price_rows(entry.id, _columns_of(store, entry, wanted), wanted.early_window):
            yield tuple(getattr(row, name) for name in _PRICE_FIELDS)

    return _by_rows(store, wanted, rows)


PRICES = Table(
    "prices",
    "a bookmaker's prices of a match in a market: opening, early, closing, and their range",
    PRICE_COLUMNS,
    _prices,
)

# --- minutes


def _minute_columns() -> Iterator[Column]:
    yield Column("match_id", "text", "the match")
    yield Column("read_at", "second", "when the values were read, the last time in this minute of the clock")
    for name, kind in minutes.FIELDS.items():
        is_time = name.endswith("_at")
        yield Column(name, "second" if is_time else _KINDS[kind], "as in the record: see record.md")


MINUTE_COLUMNS = (*_minute_columns(),)
_TIME_PLACES = tuple(
    place for place, one in enumerate(MINUTE_COLUMNS) if one.kind == "second" and one.name != "read_at"
)


def _minutes(store: Store, wanted: Wanted) -> Iterator[Batch]:
    def rows(entry: MatchEntry) -> Iterator[tuple[Any, ...]]:
        try:
            found = match_minutes(store, entry.id)
        except BrokenBlobError as error:
            wanted.warn(f"The minutes of the match {entry.id} cannot be read, and are left out: {error}")
            return
        for one in found:
            row: list[Any] = [entry.id, one.at, *one.values]
            for place in _TIME_PLACES:
                row[place] = _second(row[place])
            yield tuple(row)

    return _by_rows(store, wanted, rows)


@cache
def _cached_second(text: str) -> int | None:
    try:
        return int(unix_seconds(text))
    except ValueError:
        return None


def _second(text: Any) -> int | None:
    return _cached_second(text) if isinstance(text, str) else None


MINUTES = Table(
    "minutes",
    "what the record of a match showed in a minute of the clock in which a value changed, while in play",
    MINUTE_COLUMNS,
    _minutes,
)


def _by_rows(store: Store, wanted: Wanted, rows_of: Any) -> Iterator[Batch]:
    """Yield batches of rows that are made match by match."""
    for day, entries in _by_day(entries_of(store, wanted)):
        gathered: list[tuple[Any, ...]] = []
        for entry in entries:
            gathered += rows_of(entry)
            if len(gathered) >= ROWS:
                yield Batch(day, len(gathered), [*zip(*gathered, strict=True)])
                gathered = []
        if gathered:
            yield Batch(day, len(gathered), [*zip(*gathered, strict=True)])
