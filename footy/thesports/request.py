"""A request to the vendor, and its answer."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from footy.provenance import Source
from footy.thesports import endpoints
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import VendorError
from footy.thesports.tolerant import LeftOut

T_co = TypeVar("T_co", covariant=True)


class Priority(IntEnum):
    """The order of requests, smallest number first.

    Data that refers to other data comes before the data it refers to, and both before odds: these large
    bodies keep every connection busy at the end, when no other requests can follow from the answers.
    """

    LIVE_LIST = 0
    FEED = 1
    REFERENCE_LIST = 2
    PAGE = 3
    DETAIL = 4
    REFERENCE = 5
    ODDS = 6
    CHECK = 7
    FINAL = 8
    """Between two cycles, when nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one id of an endpoint, for a page of its rows, or for the whole endpoint.

    Requests are equal if they ask for the same data. Ids are unique only within an endpoint.
    """

    endpoint: Endpoint
    id: str = ""
    since: int | None = None
    """Of a feed: the start of the requested changes, in Unix seconds of the vendor's clock."""
    page: int = 0
    """Number of a page, from 1; together with `since`, the number of a page of changes."""
    start: int | None = field(default=None, compare=False)
    """Of the fixtures: when their day starts, in Unix seconds of the vendor's clock."""
    priority: Priority = field(default=Priority.REFERENCE, compare=False)
    watermark: int | None = field(default=None, compare=False)
    """Of odds to compare with their feed: the vendor's time before which all changes are known."""
    within_s: float | None = field(default=None, compare=False)
    """Of a page: the timeout of its only attempt, in seconds."""

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters, without credentials."""
        if self.since is not None:
            return {"time": str(self.since)}
        if self.page:
            return {"page": str(self.page)}
        if self.start is not None:
            return {"tsp": str(self.start)}
        return {"uuid": self.id} if self.id else {}

    def __str__(self) -> str:
        """Return the key in the disk cache; it contains no credentials."""
        return f"{self.endpoint}?uuid={self.id}" if self.id else str(self.endpoint)


LIVE_LIST = Request(endpoints.LIVE, priority=Priority.LIVE_LIST)
COUNTRY_LIST = Request(endpoints.COUNTRIES, priority=Priority.REFERENCE_LIST)
CATEGORY_LIST = Request(endpoints.CATEGORIES, priority=Priority.REFERENCE_LIST)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """The outcome of a request: a value with its time, an error, or a stale value with the error."""

    request: Request
    value: T_co | None = None
    at: float | None = None
    """When the value arrived, in Unix seconds."""
    error: VendorError | None = None
    source: Source = Source.FRESH
    left_out: LeftOut = ()
    """What was unreadable, unless the value itself says so."""
    sent_at: float | None = None
    """When the request was sent, in Unix seconds; None if that is not known."""
