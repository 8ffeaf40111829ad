"""Typed calls: one for each thing that can be asked of the vendor."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from footy.thesports import endpoints
from footy.thesports.budget import Budget
from footy.thesports.endpoints import Endpoint
from footy.thesports.failures import BadBodyError, NoSuchRowError, RefusedError, VendorError
from footy.thesports.payloads import (
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
from footy.thesports.replies import UNREADABLE
from footy.thesports.transport import Reply, Transport

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """A value as it arrived, with when (Unix seconds)."""

    value: T
    at: float


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


_raw_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_live_match = msgspec.json.Decoder(LiveMatch).decode
_id = msgspec.json.Decoder(_HasId).decode
_countries = msgspec.json.Decoder(list[Country]).decode
_odds = msgspec.json.Decoder(Odds).decode
_odds_changes = msgspec.json.Decoder(dict[str, list[OddsChange]]).decode
_odds_updates = msgspec.json.Decoder(list[OddsUpdate]).decode
_stamped = msgspec.json.Decoder(list[_Stamped]).decode
_deleted = msgspec.json.Decoder(Deleted).decode
_address = msgspec.json.Decoder(_Address).decode
_rows: dict[type, Any] = {
    kind: msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]
    for kind in (Detail, Team, Competition)
}


class Client:
    """Asks the vendor and reads the answers into typed values.

    Every call raises `VendorError` where asking fails, or where the answer has a value of a wrong type.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._elements: Elements = {}

    def live(self, budget: Budget) -> Fetched[LiveList]:
        """Ask for every live match; one that cannot be read does not take the others with it."""
        try:
            reply = self.transport.get(endpoints.LIVE, {}, budget)
        except RefusedError as error:
            if error.what == "address":
                raise self._naming_address(error, budget) from None
            raise
        with self._read(endpoints.LIVE, {}, budget, reply):
            listed, self._elements = read_live(reply.results, self._elements)
            if listed.broken and not listed.matches:
                raise BadBodyError(f"{endpoints.LIVE} answered no match that can be read")
        return Fetched(listed, reply.received_at)

    def detail(self, match_id: str, budget: Budget) -> Fetched[Detail]:
        """Ask who plays a match, where and when."""
        return self._row(endpoints.DETAIL, Detail, match_id, budget)

    def odds(self, match_id: str, budget: Budget) -> Fetched[Odds]:
        """Ask for all price changes of a match, by bookmaker and market; empty where there are none."""
        asked = {"uuid": match_id}
        reply = self.transport.get(endpoints.ODDS, asked, budget)
        with self._read(endpoints.ODDS, asked, budget, reply):
            return Fetched(_decode(_odds, reply.results, endpoints.ODDS), reply.received_at)

    def details_since(self, since: int, budget: Budget) -> Fetched[list[Detail]]:
        """Ask for all match details changed at or after a time of the vendor's (Unix seconds)."""
        rows: list[Detail] = []
        first_at: float | None = None
        for _ in range(MOST_PAGES):
            asked = {"time": str(since)}
            reply = self.transport.get(endpoints.DETAIL, asked, budget)
            first_at = first_at or reply.received_at
            with self._read(endpoints.DETAIL, asked, budget, reply):
                page: list[Detail] = _decode(_rows[Detail], reply.results, endpoints.DETAIL)
            rows += page
            latest = max((row.updated_at or 0 for row in page), default=0)
            if len(page) < PAGE_ROWS:
                return Fetched(rows, first_at)
            if latest <= since:
                break
            since = latest
        raise BadBodyError(f"{endpoints.DETAIL} has too many changes to read")

    def references_since(self, endpoint: Endpoint, since: int, budget: Budget) -> Fetched[list[bytes]]:
        """Ask for the rows of teams or competitions changed at or after a time, each as JSON text."""
        rows: list[bytes] = []
        first_at: float | None = None
        for _ in range(MOST_PAGES):
            asked = {"time": str(since)}
            reply = self.transport.get(endpoint, asked, budget)
            first_at = first_at or reply.received_at
            with self._read(endpoint, asked, budget, reply):
                page = [bytes(row) for row in _decode(_raw_elements, reply.results, endpoint)]
                stamps: list[_Stamped] = _decode(_stamped, reply.results, endpoint)
            rows += page
            latest = max((row.updated_at or 0 for row in stamps), default=0)
            if len(page) < PAGE_ROWS:
                return Fetched(rows, first_at)
            if latest <= since:
                break
            since = latest
        raise BadBodyError(f"{endpoint} has too many changes to read")

    def odds_changes(self, budget: Budget) -> Fetched[list[PriceChange]]:
        """Ask for the price changes of the last minute over all matches, newest first by bookmaker."""
        reply = self.transport.get(endpoints.ODDS_LIVE, {}, budget)
        with self._read(endpoints.ODDS_LIVE, {}, budget, reply):
            return Fetched(read_odds_changes(reply.results), reply.received_at)

    def odds_updates(self, budget: Budget) -> Fetched[dict[str, int]]:
        """Ask which matches had price changes in the last minute, and when the newest was; 0 is unknown."""
        reply = self.transport.get(endpoints.ODDS_UPDATE, {}, budget)
        with self._read(endpoints.ODDS_UPDATE, {}, budget, reply):
            rows: list[OddsUpdate] = _decode(_odds_updates, reply.results, endpoints.ODDS_UPDATE)
        newest: dict[str, int] = {}
        for row in rows:
            newest[row.id] = max(newest.get(row.id, 0), row.update_time or 0)
        return Fetched(newest, reply.received_at)

    def deleted(self, budget: Budget) -> Fetched[Deleted]:
        """Ask what the vendor took out in the last day."""
        reply = self.transport.get(endpoints.DELETED, {}, budget)
        with self._read(endpoints.DELETED, {}, budget, reply):
            return Fetched(_decode(_deleted, reply.results, endpoints.DELETED), reply.received_at)

    def _naming_address(self, error: RefusedError, budget: Budget) -> RefusedError:
        """Name the address that the vendor refuses: the one to have put on its list."""
        try:
            address = self.address(budget)
        except VendorError:
            return error
        return RefusedError(f"{error}; the address to have whitelisted is {address}", error.what)

    def address(self, budget: Budget) -> str:
        """Ask which address of ours the vendor sees: the one to have put on its list."""
        reply = self.transport.get(endpoints.ADDRESS_PROBE, {}, budget)
        found: _Address = _decode(_address, reply.results, endpoints.ADDRESS_PROBE)
        return found.request_ip

    def reference(self, endpoint: Endpoint, key: str, budget: Budget) -> Fetched[tuple[bytes, Any]]:
        """Ask for reference data: as JSON text, and as what `read_reference` makes of it."""
        asked = {"uuid": key} if key else {}
        reply = self.transport.get(endpoint, asked, budget)
        with self._read(endpoint, asked, budget, reply):
            return Fetched((reply.results, read_reference(endpoint, key, reply.results)), reply.received_at)

    def _row(self, endpoint: Endpoint, kind: type[T], key: str, budget: Budget) -> Fetched[T]:
        asked = {"uuid": key}
        reply = self.transport.get(endpoint, asked, budget)
        with self._read(endpoint, asked, budget, reply):
            return Fetched(read_row(kind, reply.results, key, endpoint), reply.received_at)

    @contextlib.contextmanager
    def _read(
        self, endpoint: Endpoint, asked: Mapping[str, str], budget: Budget, reply: Reply
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
    elements: list[msgspec.Raw] = _decode(_raw_elements, results, endpoints.LIVE)
    for number, element in enumerate(elements, start=1):
        text = bytes(element)
        match = known.get(text)
        if match is None:
            try:
                match = _live_match(text)
                if match.score.match_id != match.id:
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


def read_odds_changes(results: bytes) -> list[PriceChange]:
    """Read the feed of price changes, in either packing; bookmakers without a number are left out.

    Raises:
        BadBodyError: An entry is packed in neither way.
    """
    feed: dict[str, list[OddsChange]] = _decode(_odds_changes, results, endpoints.ODDS_LIVE)
    try:
        return [
            PriceChange(change.match_id, int(company), change.market, _unpacked(change))
            for company, changes in feed.items()
            if company.isascii() and company.isdecimal()
            for change in changes
        ]
    except (ValueError, IndexError, TypeError, OverflowError):
        raise BadBodyError(f"{endpoints.ODDS_LIVE} answered an entry that cannot be read") from None


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
    rows: list[Any] = _decode(_rows[kind], results, endpoint)
    if not rows:
        raise NoSuchRowError(f"{endpoint} has no row for {key}")
    for row in rows:
        if row.id == key:
            return row  # type: ignore[no-any-return]
    raise BadBodyError(f"{endpoint} answered another id than {key}")


def read_reference(endpoint: Endpoint, key: str, results: bytes) -> Any:
    """Read reference data: a team, a competition, or the whole list of countries or categories by id."""
    if endpoint is endpoints.TEAM:
        return read_row(Team, results, key, endpoint)
    if endpoint is endpoints.COMPETITION:
        return read_row(Competition, results, key, endpoint)
    rows: list[Country] = _decode(_countries, results, endpoint)
    return {row.id: row for row in rows}


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
