"""Decode the results of replies into typed values. Unreadable parts are left out; the rest is kept."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec

from footy.thesports import endpoints, models
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import BadBodyError
from footy.thesports.request import Request
from footy.thesports.tolerant import UNREADABLE, Decoder, LeftOut, RowsDecoder, marked, split

T = TypeVar("T")
Reference = models.Team | models.Competition | Mapping[str, models.Country]
"""A team, a competition, or the whole list of countries or categories by id."""


@dataclass(frozen=True, slots=True)
class LiveList:
    """The live matches by id in the vendor's order, and the reasons why others are unreadable."""

    matches: dict[str, models.LiveMatch]
    broken: dict[str, str] = field(default_factory=dict)
    """Why an element is unreadable, by match id, or by `element N` if its id is unreadable too."""
    nameless: int = 0
    """Number of broken elements without a readable id."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One price change of the feed: match, bookmaker, market, and the row as in `odds/history`."""

    match_id: str
    bookmaker_id: int
    market: str
    row: models.OddsRow


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """A reply of `odds/live`: its changes in the vendor's order."""

    listed: list[PriceChange]
    unreadable: frozenset[str] = frozenset()
    """Matches with an unreadable change."""


@dataclass(frozen=True, slots=True)
class DetailChanges:
    """The match details that changed since the requested time."""

    rows: list[models.Detail]


@dataclass(frozen=True, slots=True)
class ReferenceChanges:
    """The rows of teams or competitions that changed since the requested time, each as JSON text."""

    rows: list[bytes]


@dataclass(frozen=True, slots=True)
class OddsUpdates:
    """The matches with price changes in the last minute."""

    newest: Mapping[str, int]
    """Time of the newest change of each match, by the vendor's clock; 0 if unknown."""


@dataclass(frozen=True, slots=True)
class Diary:
    """The matches of a day as planned, and the names that they refer to, by id."""

    rows: list[models.Detail]
    teams: Mapping[str, str]
    competitions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the rows of a list, or of those that changed since the requested time."""

    rows: list[Any]
    """Details, or other rows as JSON texts."""
    size: int
    """Number of rows that the vendor sent, including unreadable ones."""
    latest: int
    """Time of the latest change, by the vendor's clock; 0 if no row has one."""
    ids: tuple[str | None, ...] = ()
    """The id of each row; None if it is unreadable."""

    @property
    def fingerprint(self) -> int:
        """Return a number that another page has only if it has the same rows."""
        return hash(frozenset(self.ids))


@dataclass(frozen=True, slots=True)
class ReferenceReply:
    """Reference data as JSON text, for the disk cache, and as a value."""

    results: bytes
    value: Reference


class _WithNames(msgspec.Struct):
    rows: msgspec.Raw
    names: msgspec.Raw


class _HasId(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(max_length=64)]


class _Address(msgspec.Struct):
    request_ip: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class _Stamped(msgspec.Struct):
    updated_at: int | None = None


_live_match: Decoder[models.LiveMatch] = Decoder(models.LiveMatch)
_id = msgspec.json.Decoder(_HasId).decode
_countries: RowsDecoder[models.Country] = RowsDecoder(models.Country)
_odds: Decoder[models.Odds] = Decoder(models.Odds)
_odds_changes: Decoder[dict[str, list[msgspec.Raw]]] = Decoder(dict[str, list[msgspec.Raw]])
_odds_change: Decoder[models.OddsChange] = Decoder(models.OddsChange)
_all_odds_changes = msgspec.json.Decoder(dict[str, list[models.OddsChange]]).decode
_odds_updates: RowsDecoder[models.OddsUpdate] = RowsDecoder(models.OddsUpdate)
_stamped: Decoder[_Stamped] = Decoder(_Stamped)
_deleted: Decoder[models.Deleted] = Decoder(models.Deleted)
_with_names = msgspec.json.Decoder(_WithNames).decode
_diary_names: Decoder[models.DiaryNames] = Decoder(models.DiaryNames)
_address = msgspec.json.Decoder(_Address).decode
_rows: dict[type, RowsDecoder[Any]] = {
    kind: RowsDecoder(kind) for kind in (models.Detail, models.Team, models.Competition)
}


Elements = dict[bytes, models.LiveMatch]
"""Live matches by the JSON text of their element, so that an unchanged one remains the same object."""


def read_live(results: bytes, known: Elements) -> tuple[LiveList, Elements]:
    """Decode the live list element by element; known elements are not parsed again.

    Raises:
        BadBodyError: The list cannot be split into elements.
    """
    matches: dict[str, models.LiveMatch] = {}
    broken: dict[str, str] = {}
    nameless = 0
    read: Elements = {}
    elements: list[msgspec.Raw] = _decode(split, results, endpoints.LIVE)
    for number, element in enumerate(elements, start=1):
        text = bytes(element)
        match = known.get(text)
        if match is None:
            try:
                match = marked(*_live_match(text))
                if match.score.match_id not in {None, match.id}:
                    raise msgspec.ValidationError("the score is another match's")
            except UNREADABLE as error:
                match_id = read_id(element)
                nameless += not match_id
                broken[match_id or f"element {number}"] = str(error)
                continue
        read[text] = match
        matches.setdefault(match.id, match)
    unheard = {name: why for name, why in broken.items() if name not in matches}
    return LiveList(matches, unheard, nameless), read


def read_odds_changes(results: bytes) -> tuple[PriceChanges, LeftOut]:
    """Decode the feed of price changes, in either format; bookmakers without a numeric id are left out.

    Raises:
        BadBodyError: The feed cannot be split into entries.
    """
    feed: Mapping[str, Iterable[models.OddsChange | msgspec.Raw]]
    missed: LeftOut = ()
    try:
        feed = _all_odds_changes(results)
    except UNREADABLE:
        feed, missed = _decode(_odds_changes, results, endpoints.ODDS_LIVE)
    changes: list[PriceChange] = []
    unreadable: set[str] = set()
    left_out = list(missed)
    for company, entries in feed.items():
        bookmaker_id = models.bookmaker_number(company)
        if bookmaker_id is None:
            continue
        for entry in entries:
            try:
                change = entry if isinstance(entry, models.OddsChange) else _odds_change(entry)[0]
                row = _unpacked(change)
                changes.append(PriceChange(change.match_id, bookmaker_id, change.market, row))
            except UNREADABLE:
                unreadable.add(entry.match_id if isinstance(entry, models.OddsChange) else _match_of(entry))
                left_out.append("{}[]")
    return PriceChanges(changes, frozenset(unreadable - {""})), tuple(left_out)


def _match_of(element: msgspec.Raw) -> str:
    """Return the match id of an unreadable entry; empty if that is unreadable too."""
    try:
        first = _list(element)[0]
    except (*UNREADABLE, IndexError):
        return ""
    return first if isinstance(first, str) else ""


_list = msgspec.json.Decoder(list[Any]).decode

_JOINED = 4
"""Number of values of an entry whose prices are one text."""


def _unpacked(change: models.OddsChange) -> models.OddsRow:
    """Return the row of an entry, in either format; numbers may be sent as texts, and the minute as a number.

    Raises:
        ValueError: The entry has neither format, or a value of it is unreadable.
    """
    values = change.packed
    if len(values) == _JOINED:
        at, minute, prices, status = values
        first, line, last, sealed = map(str.strip, str(prices).split(","))
        values = [at, minute, first, line, last, status, sealed]
    at, minute, *rest = values
    minute = str(minute) if type(minute) is int else minute
    sent = (at, minute, *rest, change.score)
    if len(sent) != len(models.OddsRow.__struct_fields__):
        raise ValueError("an entry of neither format")
    row = msgspec.convert(sent, models.OddsRow, strict=False)
    if not all(map(math.isfinite, (row.first, row.line, row.last))):
        raise ValueError("a price is not finite")
    return row


def read_row(kind: type[T], results: bytes, key: str, endpoint: Endpoint) -> T | None:
    """Decode the requested row; None if the vendor has no such row.

    Raises:
        BadBodyError: The reply is unreadable, or has only other rows.
    """
    rows, left_out = _decode(_rows[kind], results, endpoint)
    if not rows and not left_out:
        return None
    if not rows:
        raise BadBodyError(f"{endpoint} answered a value of a wrong type")
    for row in rows:
        if row.id == key:
            return row  # type: ignore[no-any-return]
    raise BadBodyError(f"{endpoint} answered another id than {key}")


def read_reference(request: Request, results: bytes) -> Reference | None:
    """Decode reference data; None if the vendor has no such row.

    Raises:
        BadBodyError: The reply is unreadable.
    """
    return _reference(request, results)[0]


def reader(request: Request) -> Callable[[bytes], tuple[object, LeftOut]]:
    """Return the decoder of a request's results. The live list has its own, which keeps known elements.

    The decoder returns the value, or None if the vendor has no such row, and what was left out of it. It
    raises `BadBodyError`.
    """
    return partial(_READERS[request.endpoint], request)


def page_reader(request: Request) -> Callable[[bytes], tuple[Page, LeftOut]]:
    """Return the decoder of a page of changed rows."""
    return partial(_PAGES[request.endpoint], request)


def _detail(request: Request, results: bytes) -> tuple[models.Detail | None, LeftOut]:
    row = read_row(models.Detail, results, request.id, request.endpoint)
    return row, () if row is None else row.left_out


def _final(request: Request, results: bytes) -> tuple[models.LiveMatch | None, LeftOut]:
    """Read the last element that the live list had of a match; None if nothing is kept of it."""
    if results.strip() in {b"{}", b"[]"}:
        return None, ()
    match: models.LiveMatch = _decode(lambda text: marked(*_live_match(text)), results, request.endpoint)
    if match.id != request.id or match.score.match_id not in {None, request.id}:
        raise BadBodyError(f"{request.endpoint} answered another id than {request.id}")
    return match, match.left_out


def _odds_history(request: Request, results: bytes) -> tuple[models.Odds, LeftOut]:
    return _decode(_odds, results, request.endpoint)  # type: ignore[no-any-return]


def _changed_odds(_request: Request, results: bytes) -> tuple[PriceChanges, LeftOut]:
    return read_odds_changes(results)


def _updated_odds(request: Request, results: bytes) -> tuple[OddsUpdates, LeftOut]:
    rows, left_out = _decode(_odds_updates, results, request.endpoint)
    newest: dict[str, int] = {}
    for row in rows:
        newest[row.id] = max(newest.get(row.id, 0), row.update_time or 0)
    return OddsUpdates(newest), left_out


def _deletions(request: Request, results: bytes) -> tuple[models.Deleted, LeftOut]:
    return _decode(_deleted, results, request.endpoint)  # type: ignore[no-any-return]


def _fixtures(request: Request, results: bytes) -> tuple[Diary, LeftOut]:
    reply: _WithNames = _decode(_with_names, results, request.endpoint)
    rows, left_out = _decode(_rows[models.Detail], bytes(reply.rows), request.endpoint)
    try:
        names, unnamed = _diary_names(reply.names)
    except UNREADABLE:  # such as [], which PHP writes for an empty object
        names, unnamed = models.DiaryNames(), ()

    def by_id(listed: list[models.Named] | None) -> dict[str, str]:
        return {one.id: one.name for one in listed or () if one.id and one.name}

    return Diary(rows, by_id(names.team), by_id(names.competition)), (*left_out, *unnamed)


def _reference(request: Request, results: bytes) -> tuple[Reference | None, LeftOut]:
    kind = _KINDS.get(request.endpoint)
    if kind is not None:
        row = read_row(kind, results, request.id, request.endpoint)
        return row, () if row is None else row.left_out
    rows, left_out = _decode(_countries, results, request.endpoint)
    if left_out and not rows:
        raise BadBodyError(f"{request.endpoint} answered values of a wrong type")
    return {row.id: row for row in rows}, left_out


def _reference_reply(request: Request, results: bytes) -> tuple[ReferenceReply | None, LeftOut]:
    value, left_out = _reference(request, results)
    return None if value is None else ReferenceReply(results, value), left_out


def _detail_page(request: Request, results: bytes) -> tuple[Page, LeftOut]:
    rows, left_out = _decode(_rows[models.Detail], results, request.endpoint)
    size = len(rows) + left_out.count("[]")
    latest = max((row.updated_at or 0 for row in rows), default=0)
    return Page(rows, size, latest, tuple(row.id for row in rows)), left_out


def _reference_page(request: Request, results: bytes) -> tuple[Page, LeftOut]:
    rows = [bytes(row) for row in _decode(split, results, request.endpoint)]
    return Page(rows, len(rows), max(map(_updated_at, rows), default=0), tuple(map(read_id, rows))), ()


_KINDS: Mapping[Endpoint, type[models.Team | models.Competition]] = {
    endpoints.TEAM: models.Team,
    endpoints.COMPETITION: models.Competition,
}
_READERS: Mapping[Endpoint, Callable[[Request, bytes], tuple[object, LeftOut]]] = {
    endpoints.DETAIL: _detail,
    endpoints.FINAL: _final,
    endpoints.ODDS: _odds_history,
    endpoints.ODDS_LIVE: _changed_odds,
    endpoints.ODDS_UPDATE: _updated_odds,
    endpoints.DELETED: _deletions,
    endpoints.DIARY: _fixtures,
    endpoints.TEAM: _reference_reply,
    endpoints.COMPETITION: _reference_reply,
    endpoints.COUNTRIES: _reference_reply,
    endpoints.CATEGORIES: _reference_reply,
}
_PAGES: Mapping[Endpoint, Callable[[Request, bytes], tuple[Page, LeftOut]]] = {
    endpoints.DETAIL: _detail_page,
    endpoints.TEAM: _reference_page,
    endpoints.COMPETITION: _reference_page,
}


def read_address(results: bytes) -> str:
    """Decode this machine's address as the vendor sees it.

    Raises:
        BadBodyError: The reply is unreadable.
    """
    found: _Address = _decode(_address, results, endpoints.ADDRESS_PROBE)
    return found.request_ip


def _updated_at(row: bytes) -> int:
    try:
        return _stamped(row)[0].updated_at or 0
    except UNREADABLE:
        return 0


def _decode(decode: Any, results: bytes, endpoint: Endpoint) -> Any:
    try:
        return decode(results)
    except UNREADABLE as error:
        raise BadBodyError(f"{endpoint} answered a value of a wrong type ({error})") from None


def read_id(row: bytes | msgspec.Raw) -> str | None:
    """Return the id of a row, even if the rest of it is unreadable; None if the id is unreadable."""
    try:
        return _id(row).id
    except UNREADABLE:
        return None
