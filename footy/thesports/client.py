"""Typed calls: one for each thing that can be asked of the vendor."""

import contextlib
import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from footy.thesports import endpoints
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import BadBodyError, NoSuchRowError, RefusedError, VendorError
from footy.thesports.models import (
    Competition,
    Country,
    Deleted,
    Detail,
    LiveMatch,
    Odds,
    OddsChange,
    OddsRow,
    OddsUpdate,
    Team,
)
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.tolerant import UNREADABLE, Decoder, LeftOut, RowsDecoder, marked, split
from footy.thesports.transport import Reply, Transport

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """A value as it arrived, with when (Unix seconds)."""

    value: T
    at: float
    left_out: LeftOut = ()
    """What could not be read, unless a part of the value says so itself."""
    unreadable: frozenset[str] = frozenset()
    """Matches that something unreadable in a feed is about."""


@dataclass(frozen=True, slots=True)
class LiveList:
    """The live matches by id, in the vendor's order, and what was wrong with those that could not be read."""

    matches: dict[str, LiveMatch]
    broken: dict[str, str] = field(default_factory=dict)
    """What is wrong, by match id, or by `element N` where even the id could not be read."""
    nameless: int = 0
    """How many of the broken have no id that could be read."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One price change out of the feed: whose, in which market, and the row as `odds/history` has it."""

    match_id: str
    bookmaker_id: int
    market: str
    row: OddsRow


class _HasId(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(max_length=64)]


class _Address(msgspec.Struct):
    request_ip: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class _Stamped(msgspec.Struct):
    updated_at: int | None = None


PAGE_ROWS = 1000
"""The vendor's fixed page; a full one means that there may be more."""
MOST_PAGES = 20


_live_match: Decoder[LiveMatch] = Decoder(LiveMatch)
_id = msgspec.json.Decoder(_HasId).decode
_countries: RowsDecoder[Country] = RowsDecoder(Country)
_odds: Decoder[Odds] = Decoder(Odds)
_odds_changes: Decoder[dict[str, list[msgspec.Raw]]] = Decoder(dict[str, list[msgspec.Raw]])
_odds_change: Decoder[OddsChange] = Decoder(OddsChange)
_all_odds_changes = msgspec.json.Decoder(dict[str, list[OddsChange]]).decode
_odds_updates: RowsDecoder[OddsUpdate] = RowsDecoder(OddsUpdate)
_stamped: Decoder[_Stamped] = Decoder(_Stamped)
_deleted: Decoder[Deleted] = Decoder(Deleted)
_address = msgspec.json.Decoder(_Address).decode
_rows: dict[type, RowsDecoder[Any]] = {kind: RowsDecoder(kind) for kind in (Detail, Team, Competition)}


class Client:
    """Asks the vendor and reads the answers into typed values.

    Every call raises `VendorError` where asking fails, or where the answer has a value of a wrong type.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._elements: Elements = {}

    def live(self, budget: RetryBudget) -> Fetched[LiveList]:
        """Ask for every live match; one that cannot be read does not take the others with it."""
        try:
            reply = self.transport.get(endpoints.LIVE, {}, budget)
        except RefusedError as error:
            if error.what == "address":
                raise self._naming_address(error, budget) from None
            raise
        with self._read(endpoints.LIVE, {}, budget, reply):
            known = self._elements
            listed, self._elements = read_live(reply.results, known)
            if listed.broken and not listed.matches:
                raise BadBodyError(f"{endpoints.LIVE} answered no match that can be read")
        for text, match in self._elements.items():
            if match.left_out and text not in known:
                self._note(endpoints.LIVE, match.left_out)
        return Fetched(listed, reply.received_at)

    def detail(self, match_id: str, budget: RetryBudget) -> Fetched[Detail]:
        """Ask who plays a match, where and when."""
        return self._row(endpoints.DETAIL, Detail, match_id, budget)

    def odds(self, match_id: str, budget: RetryBudget) -> Fetched[Odds]:
        """Ask for all price changes of a match, by bookmaker and market; empty where there are none."""
        asked = {"uuid": match_id}
        reply = self.transport.get(endpoints.ODDS, asked, budget)
        with self._read(endpoints.ODDS, asked, budget, reply):
            odds, left_out = _decode(_odds, reply.results, endpoints.ODDS)
        self._note(endpoints.ODDS, left_out)
        return Fetched(odds, reply.received_at, left_out)

    def details_since(self, since: int, budget: RetryBudget) -> Fetched[list[Detail]]:
        """Ask for all match details changed at or after a time of the vendor's (Unix seconds)."""
        rows: list[Detail] = []
        left_out: list[str] = []
        first_at: float | None = None
        for _ in range(MOST_PAGES):
            asked = {"time": str(since)}
            reply = self.transport.get(endpoints.DETAIL, asked, budget)
            first_at = first_at or reply.received_at
            with self._read(endpoints.DETAIL, asked, budget, reply):
                page, of_page = _decode(_rows[Detail], reply.results, endpoints.DETAIL)
            self._note(endpoints.DETAIL, of_page)
            rows += page
            left_out += (one for one in of_page if one == "[]")
            latest = max((row.updated_at or 0 for row in page), default=0)
            if len(page) + of_page.count("[]") < PAGE_ROWS:
                return Fetched(rows, first_at, tuple(left_out))
            if latest <= since:
                break
            since = latest
        raise BadBodyError(f"{endpoints.DETAIL} has too many changes to read")

    def references_since(self, endpoint: Endpoint, since: int, budget: RetryBudget) -> Fetched[list[bytes]]:
        """Ask for the rows of teams or competitions changed at or after a time, each as JSON text."""
        rows: list[bytes] = []
        first_at: float | None = None
        for _ in range(MOST_PAGES):
            asked = {"time": str(since)}
            reply = self.transport.get(endpoint, asked, budget)
            first_at = first_at or reply.received_at
            with self._read(endpoint, asked, budget, reply):
                page = [bytes(row) for row in _decode(split, reply.results, endpoint)]
            rows += page
            latest = max(map(_updated_at, page), default=0)
            if len(page) < PAGE_ROWS:
                return Fetched(rows, first_at)
            if latest <= since:
                break
            since = latest
        raise BadBodyError(f"{endpoint} has too many changes to read")

    def odds_changes(self, budget: RetryBudget) -> Fetched[list[PriceChange]]:
        """Ask for the price changes of the last minute over all matches, newest first by bookmaker."""
        reply = self.transport.get(endpoints.ODDS_LIVE, {}, budget)
        with self._read(endpoints.ODDS_LIVE, {}, budget, reply):
            changes, unreadable, left_out = read_odds_changes(reply.results)
        self._note(endpoints.ODDS_LIVE, left_out)
        return Fetched(changes, reply.received_at, left_out, unreadable)

    def odds_updates(self, budget: RetryBudget) -> Fetched[dict[str, int]]:
        """Ask which matches had price changes in the last minute, and when the newest was; 0 is unknown."""
        reply = self.transport.get(endpoints.ODDS_UPDATE, {}, budget)
        with self._read(endpoints.ODDS_UPDATE, {}, budget, reply):
            rows, left_out = _decode(_odds_updates, reply.results, endpoints.ODDS_UPDATE)
        self._note(endpoints.ODDS_UPDATE, left_out)
        newest: dict[str, int] = {}
        for row in rows:
            newest[row.id] = max(newest.get(row.id, 0), row.update_time or 0)
        return Fetched(newest, reply.received_at, left_out)

    def deleted(self, budget: RetryBudget) -> Fetched[Deleted]:
        """Ask what the vendor took out in the last day."""
        reply = self.transport.get(endpoints.DELETED, {}, budget)
        with self._read(endpoints.DELETED, {}, budget, reply):
            deleted, left_out = _decode(_deleted, reply.results, endpoints.DELETED)
        self._note(endpoints.DELETED, left_out)
        return Fetched(deleted, reply.received_at, left_out)

    def _naming_address(self, error: RefusedError, budget: RetryBudget) -> RefusedError:
        """Name the address that the vendor refuses: the one to have put on its list."""
        try:
            address = self.address(budget)
        except VendorError:
            return error
        return RefusedError(f"{error}; the address to have whitelisted is {address}", error.what)

    def address(self, budget: RetryBudget) -> str:
        """Ask which address of ours the vendor sees: the one to have put on its list."""
        reply = self.transport.get(endpoints.ADDRESS_PROBE, {}, budget)
        found: _Address = _decode(_address, reply.results, endpoints.ADDRESS_PROBE)
        return found.request_ip

    def reference(self, endpoint: Endpoint, key: str, budget: RetryBudget) -> Fetched[tuple[bytes, Any]]:
        """Ask for reference data: as JSON text, and as what `read_reference` makes of it."""
        asked = {"uuid": key} if key else {}
        reply = self.transport.get(endpoint, asked, budget)
        with self._read(endpoint, asked, budget, reply):
            value, left_out = decode_reference(endpoint, key, reply.results)
        self._note(endpoint, left_out)
        return Fetched((reply.results, value), reply.received_at, left_out)

    def _row(self, endpoint: Endpoint, kind: type[T], key: str, budget: RetryBudget) -> Fetched[T]:
        asked = {"uuid": key}
        reply = self.transport.get(endpoint, asked, budget)
        with self._read(endpoint, asked, budget, reply):
            row = read_row(kind, reply.results, key, endpoint)
        self._note(endpoint, getattr(row, "left_out", ()))
        return Fetched(row, reply.received_at)

    def _note(self, endpoint: Endpoint, left_out: LeftOut) -> None:
        """Count what could not be read, and log each field once a day."""
        for path in left_out:
            if self.transport.counters.unreadable(endpoint.path, path):
                log.warning("API value unreadable: %s %s; others today are only counted", endpoint, path)

    @contextlib.contextmanager
    def _read(
        self, endpoint: Endpoint, asked: Mapping[str, str], budget: RetryBudget, reply: Reply
    ) -> Iterator[None]:
        try:
            yield
        except BadBodyError as failure:
            self.transport.unusable(endpoint, asked, budget, reply, failure)
            raise


Elements = dict[bytes, LiveMatch]
"""Live matches by the JSON text they were read from: an unchanged one is the same object again."""


def read_live(results: bytes, known: Elements) -> tuple[LiveList, Elements]:
    """Read the live list element by element; of those that were known before, nothing is parsed.

    Raises:
        BadBodyError: It cannot be told where an element ends.
    """
    matches: dict[str, LiveMatch] = {}
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


def read_odds_changes(results: bytes) -> tuple[list[PriceChange], frozenset[str], LeftOut]:
    """Read the feed of price changes, in either packing; bookmakers without a number are left out.

    Returns:
        The changes in the vendor's order, the matches with a change that could not be read, and what was
        left out.

    Raises:
        BadBodyError: It cannot be told where an entry ends.
    """
    feed: Mapping[str, Iterable[OddsChange | msgspec.Raw]]
    missed: LeftOut = ()
    try:
        feed = _all_odds_changes(results)
    except UNREADABLE:
        feed, missed = _decode(_odds_changes, results, endpoints.ODDS_LIVE)
    changes: list[PriceChange] = []
    unreadable: set[str] = set()
    left_out = list(missed)
    for company, entries in feed.items():
        if not (company.isascii() and company.isdecimal()):
            continue
        for entry in entries:
            try:
                change = entry if isinstance(entry, OddsChange) else _odds_change(entry)[0]
                row = _unpacked(change)
                changes.append(PriceChange(change.match_id, int(company), change.market, row))
            except UNPACKABLE:
                unreadable.add(entry.match_id if isinstance(entry, OddsChange) else _match_of(entry))
                left_out.append("{}[]")
    return changes, frozenset(unreadable - {""}), tuple(left_out)


def _match_of(element: msgspec.Raw) -> str:
    """Return the id of the match that an unreadable entry is about; empty if that is unreadable too."""
    try:
        first = _list(element)[0]
    except (*UNREADABLE, IndexError):
        return ""
    return first if isinstance(first, str) else ""


_list = msgspec.json.Decoder(list[Any]).decode

UNPACKABLE = (*UNREADABLE, IndexError, TypeError, OverflowError)
"""What reading an entry of the feed raises."""


def _unpacked(change: OddsChange) -> OddsRow:
    at, minute, *rest = change.packed
    if isinstance(rest[0], str):
        first, line, last, sealed = rest[0].split(",")
        status = rest[1]
    else:
        first, line, last, status, sealed = rest  # type: ignore[assignment]
    if not isinstance(at, int) or not isinstance(minute, str) or not isinstance(status, int):
        raise TypeError
    if not all(math.isfinite(float(price)) for price in (first, line, last)):
        raise ValueError
    return OddsRow(at, minute, float(first), float(line), float(last), status, int(sealed), change.score)


def read_row(kind: type[T], results: bytes, key: str, endpoint: Endpoint) -> T:
    """Read the one row that was asked for.

    Raises:
        NoSuchRowError: The vendor has no such row.
        BadBodyError: A value is of a wrong type, or the row is another one's.
    """
    rows, left_out = _decode(_rows[kind], results, endpoint)
    if not rows and not left_out:
        raise NoSuchRowError(f"{endpoint} has no row for {key}")
    if not rows:
        raise BadBodyError(f"{endpoint} answered a value of a wrong type")
    for row in rows:
        if row.id == key:
            return row  # type: ignore[no-any-return]
    raise BadBodyError(f"{endpoint} answered another id than {key}")


def read_reference(endpoint: Endpoint, key: str, results: bytes) -> Any:
    """Read reference data: a team, a competition, or the whole list of countries or categories by id.

    Raises:
        NoSuchRowError: The vendor has no such row.
        BadBodyError: It cannot be read.
    """
    return decode_reference(endpoint, key, results)[0]


def decode_reference(endpoint: Endpoint, key: str, results: bytes) -> tuple[Any, LeftOut]:
    """Read reference data as `read_reference` does; return what was left out of it too."""
    if endpoint is endpoints.TEAM:
        team = read_row(Team, results, key, endpoint)
        return team, team.left_out
    if endpoint is endpoints.COMPETITION:
        competition = read_row(Competition, results, key, endpoint)
        return competition, competition.left_out
    rows, left_out = _decode(_countries, results, endpoint)
    if left_out and not rows:
        raise BadBodyError(f"{endpoint} answered values of a wrong type")
    return {row.id: row for row in rows}, left_out


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
    """Read the id of a row of which nothing else may be readable."""
    try:
        return _id(row).id
    except UNREADABLE:
        return None
