"""The odds of a match as kept: rows as columns, packed into bytes, joined from what was written. Pure.

A row is one price change as the vendor sent it, so its prices are the vendor's: `money_line` decimal odds,
the others Hong Kong odds, and a handicap with the vendor's sign.
"""

import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import chain
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from footy.history.columns import (
    Coded,
    coded_deltas,
    coded_floats,
    coded_ints,
    decoded_deltas,
    decoded_floats,
    decoded_ints,
)

MARKETS = ("eu", "asia", "bs", "cr")
"""The vendor's names of the markets; a market's number is its index."""
MARKET_NAMES = ("money_line", "spread", "over_under", "corners")
"""The record's names of the same markets."""

T = TypeVar("T", str, str | None)

_NUMBERS: Mapping[str, int] = {name: number for number, name in enumerate(MARKETS)}
_VERSION = 1
_LEVEL, _BEST_LEVEL = 6, 9
"""Of zlib: at 9, packing takes five times as long for 2.6 % fewer bytes, which is worth it for what stays."""
_LONGEST_TEXT = 64
_MOST_TEXTS = 2**16
_TEXT_KIND = "H"


class BrokenBlobError(ValueError):
    """Bytes that are no packed rows, or damaged ones."""


class Kind(IntEnum):
    """What the rows of a blob are."""

    CHUNK = 0
    """Changes that a feed reported while the match was listed."""
    BASE = 1
    """All rows up to a time, read while the match was listed."""
    ARCHIVE = 2
    """All rows, read after the match."""


class OddsBlob(NamedTuple):
    """Packed rows of a match, as the log keeps them."""

    match_id: str
    kind: Kind
    rows: int
    at: float
    """When the newest of them was read, in Unix seconds."""
    data: bytes


class RowLike(Protocol):
    """A price change, of whatever type."""

    @property
    def at(self) -> int: ...  # noqa: D102
    @property
    def minute(self) -> str | None: ...  # noqa: D102
    @property
    def first(self) -> float: ...  # noqa: D102
    @property
    def line(self) -> float: ...  # noqa: D102
    @property
    def last(self) -> float: ...  # noqa: D102
    @property
    def status_id(self) -> int: ...  # noqa: D102
    @property
    def sealed(self) -> int: ...  # noqa: D102
    @property
    def score(self) -> str: ...  # noqa: D102


class OddsRow(NamedTuple):
    """A price change of a bookmaker in a market."""

    bookmaker_id: int
    market: str
    """The vendor's name of it."""
    at: int
    """Unix seconds by the vendor's clock."""
    minute: str | None
    first: float
    line: float
    last: float
    status_id: int
    sealed: int
    score: str


class Series(NamedTuple):
    """The rows of one bookmaker in one market: from `start` on, up to `stop`."""

    bookmaker_id: int
    market: int
    start: int
    stop: int


class OddsColumns(NamedTuple):
    """Rows as columns of one length; each series is one run of rows, newest first."""

    bookmaker: "array[int]"
    market: "array[int]"
    """Index of `MARKETS`."""
    at: "array[int]"
    """Unix seconds by the vendor's clock."""
    minute: "array[int]"
    """Index of `minutes`."""
    first: "array[float]"
    line: "array[float]"
    last: "array[float]"
    status: "array[int]"
    sealed: "array[int]"
    """0 if the price was open."""
    score: "array[int]"
    """Index of `scores`."""
    minutes: tuple[str | None, ...]
    """Texts such as `""`, `"12"`, `"45+"`, `"midfield"`; None if the vendor sent none."""
    scores: tuple[str, ...]
    """Texts such as `"1-0"`: goals, or corners in that market."""
    series: tuple[Series, ...]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.at)


class _Header(msgspec.Struct, array_like=True):
    version: int
    series: list[tuple[int, int, int]]
    """Bookmaker, market, number of rows."""
    minutes: list[str | None]
    scores: list[str]
    columns: list[tuple[str, int, int]]
    """Number type, scale, number of bytes: at, minute, first, line, last, status, sealed, score."""


SeriesRows = Mapping[tuple[int, str], Sequence[RowLike]]
"""Rows by bookmaker id and the vendor's name of the market, newest first."""


def columns_of(rows: Iterable[OddsRow]) -> OddsColumns:
    """Return rows as columns; those of one series keep their order. See `columns_of_series`."""
    grouped: dict[tuple[int, str], list[OddsRow]] = {}
    for row in rows:
        grouped.setdefault((row.bookmaker_id, row.market), []).append(row)
    return columns_of_series(grouped)


def columns_of_series(series: SeriesRows) -> OddsColumns:
    """Return series as columns; rows and series that cannot be kept are left out.

    These are unknown markets, and numbers and texts of a size that no genuine one has.
    """
    known = [
        (bookmaker_id, _NUMBERS[market], rows)
        for (bookmaker_id, market), rows in series.items()
        if market in _NUMBERS and 0 <= bookmaker_id < 2**31 and rows
    ]
    try:
        return _columns(known)
    except (OverflowError, TypeError):
        texts: set[str | None] = set()
        filtered = [
            (bookmaker_id, market, [row for row in rows if _fits(row, texts)])
            for bookmaker_id, market, rows in known
        ]
        return _columns([one for one in filtered if one[2]])


def _columns(series: Sequence[tuple[int, int, Sequence[RowLike]]]) -> OddsColumns:
    rows = [*chain.from_iterable(of_one for _, _, of_one in series)]
    minutes, minute = _texts([row.minute for row in rows])
    scores, score = _texts([row.score for row in rows])
    return OddsColumns(
        *_runs([(bookmaker_id, market, len(of_one)) for bookmaker_id, market, of_one in series]),
        array("q", [row.at for row in rows]),
        minute,
        array("d", [row.first for row in rows]),
        array("d", [row.line for row in rows]),
        array("d", [row.last for row in rows]),
        array("h", [row.status_id for row in rows]),
        array("h", [row.sealed for row in rows]),
        score,
        minutes,
        scores,
        _series([(bookmaker_id, market, len(of_one)) for bookmaker_id, market, of_one in series]),
    )


def _fits(row: RowLike, texts: set[str | None]) -> bool:
    """Check whether a row can be kept; `texts` are those of the rows that can, so far."""
    fits = (
        -(2**62) <= row.at < 2**62
        and -(2**15) <= row.status_id < 2**15
        and -(2**15) <= row.sealed < 2**15
        and max(len(row.minute or ""), len(row.score)) <= _LONGEST_TEXT
        and len(texts) < _MOST_TEXTS - 1
    )
    if fits:
        texts |= {row.minute, row.score}
    return fits


def _texts(values: Sequence[T]) -> tuple[tuple[T, ...], "array[int]"]:
    numbers: dict[T, int] = {text: number for number, text in enumerate(dict.fromkeys(values))}
    if len(numbers) > _MOST_TEXTS or any(len(text or "") > _LONGEST_TEXT for text in numbers):
        raise OverflowError("a text is too long, or there are too many")
    return tuple(numbers), array(_TEXT_KIND, [*map(numbers.__getitem__, values)])


def _runs(counts: Sequence[tuple[int, int, int]]) -> tuple["array[int]", "array[int]"]:
    bookmakers, markets = array("i"), array("b")
    for bookmaker_id, market, count in counts:
        bookmakers += array("i", [bookmaker_id]) * count
        markets += array("b", [market]) * count
    return bookmakers, markets


def _series(counts: Sequence[tuple[int, int, int]]) -> tuple[Series, ...]:
    found, start = [], 0
    for bookmaker_id, market, count in counts:
        found.append(Series(bookmaker_id, market, start, start + count))
        start += count
    return tuple(found)


def rows_of(columns: OddsColumns) -> Iterator[OddsRow]:
    """Yield the rows, series by series, newest first."""
    minutes, scores = columns.minutes, columns.scores
    for values in zip(*columns[:10], strict=True):
        bookmaker_id, market, at, minute, first, line, last, status_id, sealed, score = values
        yield OddsRow(
            *(bookmaker_id, MARKETS[market], at, minutes[minute]),
            *(first, line, last, status_id, sealed, scores[score]),
        )


def pack(columns: OddsColumns, *, small: bool = False) -> bytes:
    """Return the rows as bytes; `small` takes more time for fewer of them."""
    coded = [
        coded_deltas(columns.at),
        coded_ints(columns.minute),
        coded_floats(columns.first),
        coded_floats(columns.line),
        coded_floats(columns.last),
        coded_ints(columns.status),
        coded_ints(columns.sealed),
        coded_ints(columns.score),
    ]
    header = msgspec.msgpack.encode(
        _Header(
            _VERSION,
            [(one.bookmaker_id, one.market, one.stop - one.start) for one in columns.series],
            [*columns.minutes],
            [*columns.scores],
            [(one.kind, one.scale, len(one.content)) for one in coded],
        )
    )
    content = b"".join([len(header).to_bytes(4, "little"), header, *(one.content for one in coded)])
    return zlib.compress(content, _BEST_LEVEL if small else _LEVEL)


def unpack(data: bytes) -> OddsColumns:
    """Return the rows in bytes.

    Raises:
        BrokenBlobError: They are no packed rows.
    """
    try:
        content = zlib.decompress(data)
        start = 4 + int.from_bytes(content[:4], "little")
        header = msgspec.msgpack.decode(content[4:start], type=_Header)
        if header.version != _VERSION:
            raise BrokenBlobError(f"rows packed in version {header.version}, which is not known")
        coded = []
        for kind, scale, length in header.columns:
            coded.append(Coded(kind, scale, content[start : start + length]))
            start += length
        at, minute, first, line, last, status, sealed, score = coded
        columns = OddsColumns(
            *_runs(header.series),
            decoded_deltas(at),
            decoded_ints(minute, _TEXT_KIND),
            decoded_floats(first),
            decoded_floats(line),
            decoded_floats(last),
            decoded_ints(status, "h"),
            decoded_ints(sealed, "h"),
            decoded_ints(score, _TEXT_KIND),
            tuple(header.minutes),
            tuple(header.scores),
            _series(header.series),
        )
    except (zlib.error, msgspec.MsgspecError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise BrokenBlobError(f"no packed rows: {error}") from None
    if len({len(column) for column in columns[:10]}) > 1:
        raise BrokenBlobError("columns of different lengths")
    return columns


def joined(blobs: Sequence[OddsBlob]) -> OddsColumns:
    """Return all rows of a match: those of its archive, otherwise those of all blobs written so far.

    A feed repeats rows, and a full read has them again: each is there once. What was written after an archive
    is of a match that went on.

    Raises:
        BrokenBlobError: A blob is damaged.
    """
    full = [one for one in blobs if one.kind is not Kind.CHUNK][-1:]
    chunks = [one for one in blobs if one.kind is Kind.CHUNK]
    if len(full) + len(chunks) == 1:
        return unpack((full or chunks)[0].data)
    return united([unpack(blob.data) for blob in [*reversed(chunks), *full]])


def united(parts: Sequence[OddsColumns]) -> OddsColumns:
    """Return the rows of all parts, each once; of one second, those of an earlier part come first.

    So list the newest part first, and a complete one last. A row that the last part has twice was made twice,
    and stays so. Rows are only looked at one by one where two parts overlap in time, which is rare.
    """
    grouped: dict[tuple[int, int], list[_Run]] = {}
    for part in reversed(parts):
        for one in part.series:
            grouped.setdefault((one.bookmaker_id, one.market), []).append((part, one.start, one.stop))
    # 1. The order of all rows, as runs of the parts one after the other.
    every: list[OddsColumns] = []
    places: dict[int, int] = {}
    order: list[tuple[int, int]] = []
    counts: list[tuple[int, int, int]] = []
    rows = 0
    for bookmaker_id, market in sorted(grouped):
        count = 0
        for part, start, stop in _merged(grouped[bookmaker_id, market]):
            if id(part) not in places:
                every.append(part)
                places[id(part)] = rows
                rows += part.rows
            place = places[id(part)]
            order.append((place + start, place + stop))
            count += stop - start
        counts.append((bookmaker_id, market, count))
    # 2. Each column in this order.
    minutes: dict[str | None, int] = {}
    scores: dict[str, int] = {}
    minute, score = array(_TEXT_KIND), array(_TEXT_KIND)
    for part in every:
        minute += _renumbered(part.minute, part.minutes, minutes)
        score += _renumbered(part.score, part.scores, scores)
    return OddsColumns(
        *_runs(counts),
        _ordered("q", (part.at for part in every), order),
        _ordered(_TEXT_KIND, [minute], order),
        _ordered("d", (part.first for part in every), order),
        _ordered("d", (part.line for part in every), order),
        _ordered("d", (part.last for part in every), order),
        _ordered("h", (part.status for part in every), order),
        _ordered("h", (part.sealed for part in every), order),
        _ordered(_TEXT_KIND, [score], order),
        tuple(minutes),
        tuple(scores),
        _series(counts),
    )


_Run = tuple[OddsColumns, int, int]
"""The rows of a part from the first index up to the second: of one series, newest first."""


def _renumbered(column: "array[int]", texts: Sequence[T], numbers: dict[T, int]) -> "array[int]":
    """Return a column of numbers of texts by the numbers of all texts, to which new ones are added."""
    renumbered: list[int] = [numbers.setdefault(text, len(numbers)) for text in texts]
    return array(_TEXT_KIND, [*map(renumbered.__getitem__, column)])


def _ordered(kind: str, columns: "Iterable[array[Any]]", places: Iterable[tuple[int, int]]) -> "array[Any]":
    together: array[Any] = array(kind)
    for column in columns:
        together += column
    ordered: array[Any] = array(kind)
    for start, stop in places:
        ordered += together[start:stop]
    return ordered


def _merged(runs: Sequence[_Run]) -> list[_Run]:
    """Return runs of one series that follow one another, newest first.

    Args:
        runs: The rows of a series in each part; the complete part's first, then in order of writing.
    """
    newest_first: list[_Run] = [runs[0]]
    for run in runs[1:]:
        part, _, stop = run
        ahead, oldest = newest_first[0], part.at[stop - 1]
        if oldest > ahead[0].at[ahead[1]]:
            newest_first.insert(0, run)
            continue
        # 1. The rows before that are not older than this run's.
        known: list[OddsRow] = []
        while newest_first and newest_first[0][0].at[newest_first[0][1]] >= oldest:
            whose, first, end = newest_first.pop(0)
            middle = first
            while middle < end and whose.at[middle] >= oldest:
                middle += 1
            known += _rows_of_run((whose, first, middle))
            if middle < end:
                newest_first.insert(0, (whose, middle, end))
        # 2. Those of this run that are new; of one second they are the newer ones.
        seen = {*known}
        fresh = dict.fromkeys(row for row in _rows_of_run(run) if row not in seen)
        united_rows = columns_of(sorted([*fresh, *known], key=_newest_first))
        newest_first.insert(0, (united_rows, 0, united_rows.rows))
    return newest_first


def _rows_of_run(run: _Run) -> list[OddsRow]:
    part, start, stop = run
    rows = slice(start, stop)
    market = MARKETS[part.market[start]] if start < stop else ""
    return [
        OddsRow(
            *(bookmaker_id, market, at, part.minutes[minute], *prices, status, sealed, part.scores[score])
        )
        for bookmaker_id, at, minute, *prices, status, sealed, score in zip(
            part.bookmaker[rows], *(column[rows] for column in part[2:10]), strict=True
        )
    ]


def _newest_first(row: RowLike) -> int:
    return -row.at
