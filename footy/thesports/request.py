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
    """Which request goes first: the one with the smallest number.

    What names other things goes before what is named, and both before odds: the large bodies at the end keep
    every connection busy while nothing is left to discover.
    """

    LIVE_LIST = 0
    FEED = 1
    NAMES = 2
    PAGE = 3
    DETAIL = 4
    REFERENCE = 5
    ODDS = 6
    CHECK = 7


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask the vendor for: an id of an endpoint, a page of its rows, or all of one.

    Two requests are equal if they ask for the same thing. The same id text occurs at several endpoints.
    """

    endpoint: Endpoint
    id: str = ""
    since: int | None = None
    """Of a feed: from when on changes are asked for, in the vendor's time."""
    page: int = 0
    """Number of a page of all rows, from 1; with `since`, the place of a page in a walk along the changes."""
    priority: Priority = field(default=Priority.REFERENCE, compare=False)
    watermark: int | None = field(default=None, compare=False)
    """Of odds that are compared with their feed: the vendor's time before which all changes are known."""
    within_s: float | None = field(default=None, compare=False)
    """Of a page: the most seconds that its one attempt may take."""

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters, without credentials."""
        if self.since is not None:
            return {"time": str(self.since)}
        if self.page:
            return {"page": str(self.page)}
        return {"uuid": self.id} if self.id else {}

    def __str__(self) -> str:
        """Return the key of the disk cache; it holds no credentials."""
        return f"{self.endpoint}?uuid={self.id}" if self.id else str(self.endpoint)


LIVE_LIST = Request(endpoints.LIVE, priority=Priority.LIVE_LIST)
COUNTRY_LIST = Request(endpoints.COUNTRIES, priority=Priority.NAMES)
CATEGORY_LIST = Request(endpoints.CATEGORIES, priority=Priority.NAMES)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What came of a request: a value with a time, or an error; an old value and the error of its renewal."""

    request: Request
    value: T_co | None = None
    at: float | None = None
    """Unix seconds when the value arrived."""
    error: VendorError | None = None
    source: Source = Source.FRESH
    left_out: LeftOut = ()
    """What could not be read, unless the value says so itself."""
