"""Typed calls: one for each thing that can be asked of the vendor."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from footy.thesports import endpoints
from footy.thesports.endpoints import Endpoint
from footy.thesports.failures import BadBodyError, NoSuchRowError, RefusedError, VendorError
from footy.thesports.payloads import Competition, Country, Detail, LiveMatch, Odds, Team
from footy.thesports.transport import Budget, Transport

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


class _HasId(msgspec.Struct):
    id: str


_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_live_match = msgspec.json.Decoder(LiveMatch).decode
_id = msgspec.json.Decoder(_HasId).decode
_countries = msgspec.json.Decoder(list[Country]).decode
_odds = msgspec.json.Decoder(Odds).decode
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

    def live(self, budget: Budget) -> Fetched[LiveList]:
        """Ask for every live match; one that cannot be read does not take the others with it."""
        try:
            reply = self.transport.get(endpoints.LIVE, {}, budget)
        except RefusedError as error:
            if error.what == "address":
                raise self._naming_address(error, budget) from None
            raise
        return Fetched(read_live(reply.results), reply.received_at)

    def detail(self, match_id: str, budget: Budget) -> Fetched[Detail]:
        """Ask who plays a match, where and when."""
        return self._row(endpoints.DETAIL, Detail, match_id, budget)

    def odds(self, match_id: str, budget: Budget) -> Fetched[Odds]:
        """Ask for all price changes of a match, by bookmaker and market; empty where there are none."""
        reply = self.transport.get(endpoints.ODDS, {"uuid": match_id}, budget)
        return Fetched(_decode(_odds, reply.results, endpoints.ODDS), reply.received_at)

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
        found = msgspec.json.decode(reply.results)
        address = found.get("request_ip")
        if not isinstance(address, str) or not address:
            raise BadBodyError("the address probe names no address")
        return address

    def reference(self, endpoint: Endpoint, key: str, budget: Budget) -> Fetched[bytes]:
        """Ask for reference data as JSON text, for `read_reference` to read."""
        reply = self.transport.get(endpoint, {"uuid": key} if key else {}, budget)
        return Fetched(reply.results, reply.received_at)

    def _row(self, endpoint: Endpoint, kind: type[T], key: str, budget: Budget) -> Fetched[T]:
        reply = self.transport.get(endpoint, {"uuid": key}, budget)
        return Fetched(read_row(kind, reply.results, key, endpoint), reply.received_at)


def read_live(results: bytes) -> LiveList:
    """Read the live list element by element."""
    matches: dict[str, LiveMatch] = {}
    broken: dict[str, str] = {}
    for number, element in enumerate(_elements(results), start=1):
        try:
            match = _live_match(element)
            if match.score.match_id != match.id:
                raise msgspec.ValidationError("the score is another match's")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            broken[_name(element) or f"element {number}"] = str(error)
        else:
            matches.setdefault(match.id, match)
    return LiveList(matches, {name: why for name, why in broken.items() if name not in matches})


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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadBodyError(f"{endpoint} answered a value of a wrong type ({error})") from None


def _name(element: msgspec.Raw) -> str | None:
    try:
        return _id(element).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
