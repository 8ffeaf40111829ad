"""The odds of a match: the few of thousands of rows that can matter.

A reply of `odds/history` holds every price of every bookmaker, up to 400 kB. `digest` keeps, per market and
bookmaker, the three rows that a record's two moments are chosen from, and drops the rest.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Final

import msgspec

from footy.thesports.models import Odds, OddsRow, bookmaker_number

MARKETS: Final[Mapping[str, str]] = {
    "eu": "money_line",
    "asia": "spread",
    "bs": "over_under",
    "cr": "corners",
}
"""The vendor's name of each market, and the record's."""


_MINUTE = re.compile(r"([0-9]{1,3})\+?")


_LAST_MINUTE = 999


_MIDFIELD = "midfield"


_HALF = 45


_at = attrgetter("at")


class KeyRows(msgspec.Struct, frozen=True):
    """The rows of one bookmaker in one market that can matter."""

    newest: OddsRow
    early_open: OddsRow | None = None
    """The newest open row of the early window."""
    early_sealed: OddsRow | None = None
    """The newest suspended row of the early window."""


class OddsBook(msgspec.Struct, frozen=True):
    """One match's odds, reduced to the rows that can matter: per market, bookmaker id to rows."""

    money_line: dict[int, KeyRows] = {}
    spread: dict[int, KeyRows] = {}
    over_under: dict[int, KeyRows] = {}
    corners: dict[int, KeyRows] = {}
    left_out: tuple[str, ...] = ()
    """Paths of the unreadable values of the reply."""
    partial: bool = False
    """Whether it holds only what a feed of changes told: a bookmaker that is not in it may have a price."""


def minute_of(text: str | None) -> int | None:
    """Return the minute of a row: 45 for `"45+"` and `"midfield"`, None if it is no minute."""
    if text == _MIDFIELD:
        return _HALF
    found = _MINUTE.fullmatch(text or "")
    return int(found[1]) if found else None


@lru_cache(maxsize=8)
def _window_texts(early_window: tuple[int, int]) -> frozenset[str]:
    """Return all texts that `minute_of` reads as inside the window, so that no row has to be parsed."""
    first, last = early_window
    texts = {
        form + plus
        for minute in range(max(first, 0), min(last, _LAST_MINUTE) + 1)
        for form in (f"{minute}", f"{minute:02}", f"{minute:03}")
        for plus in ("", "+")
    }
    return frozenset(texts | {_MIDFIELD} if first <= _HALF <= last else texts)


def digest(odds: Odds, early_window: tuple[int, int], left_out: tuple[str, ...] = ()) -> OddsBook:
    """Return the rows of one reply that can matter: some 2,000 rows become a hundred.

    The newest row has the greatest timestamp; among equals, it is the one listed first. Keys that are not a
    bookmaker's number are left out.
    """
    inside = _window_texts(early_window)
    book: dict[str, dict[int, KeyRows]] = {name: {} for name in MARKETS.values()}
    for key, markets in odds.items():
        number = bookmaker_number(key)
        if number is not None:
            for vendor_name, name in MARKETS.items():
                if rows := getattr(markets, vendor_name):
                    book[name][number] = _kept(rows, inside)
    return OddsBook(book["money_line"], book["spread"], book["over_under"], book["corners"], left_out)


def _kept(rows: list[OddsRow], inside: frozenset[str]) -> KeyRows:
    newest = max(rows, key=_at)
    early = [row for row in rows if row.minute in inside]
    if not early:
        return KeyRows(newest)
    return KeyRows(
        newest,
        max((row for row in early if not row.sealed), key=_at, default=None),
        max((row for row in early if row.sealed), key=_at, default=None),
    )


def fold(
    book: OddsBook, bookmaker_id: int, market: str, row: OddsRow, early_window: tuple[int, int]
) -> OddsBook:
    """Return the odds with one row of a feed of changes added; `market` is the vendor's name.

    Among equal timestamps the later arrival is the newer, so fold the rows of one reply oldest first. The
    result is the same object if the row changes nothing, or if there is no such market.
    """
    name = MARKETS.get(market)
    if name is None:
        return book
    held: dict[int, KeyRows] = getattr(book, name)
    before = held.get(bookmaker_id)
    after = before or KeyRows(row)
    changes = {"newest": _newer(after.newest, row)}
    if row.minute in _window_texts(early_window):
        moment = "early_sealed" if row.sealed else "early_open"
        changes[moment] = _newer(getattr(after, moment), row)
    after = msgspec.structs.replace(after, **changes)
    if after == before:
        return book
    return msgspec.structs.replace(book, **{name: {**held, bookmaker_id: after}})


def without(book: OddsBook, bookmaker_id: int, market: str, until: int) -> OddsBook:
    """Return the odds without a bookmaker's rows in a market if none is newer than `until` (Unix seconds).

    `market` is the vendor's name. The result is the same object if there is nothing to leave out.
    """
    name = MARKETS.get(market)
    held: dict[int, KeyRows] = {} if name is None else getattr(book, name)
    kept = held.get(bookmaker_id)
    if name is None or kept is None or kept.newest.at > until:
        return book
    rest = {key: rows for key, rows in held.items() if key != bookmaker_id}
    return msgspec.structs.replace(book, **{name: rest})


def completed(partial: OddsBook, full: OddsBook, early_window: tuple[int, int]) -> OddsBook:
    """Return the full read that replaces a partial book, with the newer rows that only the partial one has.

    A row of a feed counts if it is newer than every row of its series in the full read: the server of the
    history may lag behind the one of the feed. Of rows of the same second, the full read's is taken.
    """
    book = full
    for market, name in MARKETS.items():
        read: dict[int, KeyRows] = getattr(full, name)
        of_feed: dict[int, KeyRows] = getattr(partial, name)
        for bookmaker_id, rows in of_feed.items():
            known = read.get(bookmaker_id)
            candidates = (rows.early_open, rows.early_sealed, rows.newest)
            for row in candidates:
                if row is not None and (known is None or row.at > known.newest.at):
                    book = fold(book, bookmaker_id, market, row, early_window)
    return book


def _newer(held: OddsRow | None, row: OddsRow) -> OddsRow:
    return row if held is None or row.at >= held.at else held
