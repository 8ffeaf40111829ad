"""Pages: whether missing rows are read by page or by id, and which page comes next. Pure.

A page of the vendor's lists has 1,000 rows, so on a cold start a few pages replace hundreds of requests by
id. Nothing depends on them: what pages do not bring, for whatever reason, is requested by id.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import ceil

from footy.mirror.inputs import CycleInputs
from footy.thesports import endpoints
from footy.thesports.decoders import Page
from footy.thesports.endpoints import PAGE_ROWS, Endpoint
from footy.thesports.request import Priority, Request

REACH_S = 7200
"""How far back reading changed details starts: a match in play changes every few minutes."""
WORTH = 4
"""Requests by id that one page may replace: it is half a megabyte."""
EXPECTED = {endpoints.DETAIL: 3, endpoints.COMPETITION: 3, endpoints.TEAM: 80}
"""Number of pages while it is unknown: about 2,600 competitions and 80,000 teams, in 2026."""
MOST = {endpoints.DETAIL: 8, endpoints.COMPETITION: 20, endpoints.TEAM: 200}
MOST_IN_FLIGHT = 16
"""Pages of one list requested at the same time; the vendor is known to serve 16."""
AGAIN_S = 600.0
"""How long paging is not tried again after it failed."""
SHARE_OF_TIME = 0.25
"""Share of the time left that one page may take; then there is time for the requests by id."""


class End(StrEnum):
    """Why no further page of a list is requested; the text continues a sentence about what is left."""

    FOUND = "nothing is left"
    FEW = "the few that are left are read by id"
    LAST = "the rest is read by id"
    LONG = "there are too many pages; the rest is read by id"
    FAILED = "a page failed; the rest is read by id"
    EMPTY = "the first page is empty; all are read by id"
    STUCK = "the pages repeat themselves; the rest is read by id"


USELESS = frozenset({End.FAILED, End.EMPTY, End.STUCK})
"""Ends after which the pages of a list are left alone for a while."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What limits the choice, besides the quota."""

    left_s: float
    """Seconds until the cycle's deadline."""
    answer_s: float
    """Seconds that an answer takes; 0 if unknown."""
    workers: int


def by_page(endpoint: Endpoint, missing: int, allowance: Allowance, inputs: CycleInputs) -> bool:
    """Decide whether this number of missing rows of an endpoint is read by page.

    They are if the pages cost less than the requests by id, fit into the quota, and either leave half of the
    time for the rows that pages miss, or take no longer than the requests by id.
    """
    if endpoint in inputs.refused or endpoint in inputs.pages_failed:
        return False
    pages = inputs.page_counts.get(endpoint, EXPECTED[endpoint])
    left = inputs.left.get(endpoint)
    if missing <= WORTH * pages or pages > MOST[endpoint] or (left is not None and left <= pages):
        return False
    trips = pages if endpoint is endpoints.DETAIL else ceil(pages / min(MOST_IN_FLIGHT, allowance.workers))
    by_id = ceil(missing / allowance.workers)
    return trips * allowance.answer_s <= allowance.left_s / 2 or trips <= by_id


@dataclass(frozen=True, slots=True)
class Listing:
    """The pages of one list that are being read.

    Details are read along their changes, each page from the time at which the one before ended. The pages of
    other lists have numbers, and the more of them have arrived, the more are requested at the same time.
    """

    endpoint: Endpoint
    wanted: frozenset[str]
    """Ids of the rows that are still missing."""
    most: int
    """Number of pages that may be requested."""
    since: int | None = None
    """Vendor's time from which the next page of changes is requested."""
    asked: int = 0
    read: frozenset[int] = frozenset()
    """Numbers of the pages that have arrived."""
    last: int | None = None
    """Number of the last page, once known."""
    found: int = 0
    """Number of wanted rows that the pages have brought."""
    seen: frozenset[int] = frozenset()
    """Fingerprints of the pages."""
    end: End | None = None

    def requests(self, allowance: Allowance) -> "tuple[Listing, list[Request]]":
        """Return the requests for the pages that come next, and the listing after making them."""
        if self.end is not None:
            return self, []
        most = self.most if self.last is None else self.last
        at_once = 1 if self.since is not None else min(MOST_IN_FLIGHT, len(self.read) + 1)
        count = max(0, min(at_once - (self.asked - len(self.read)), most - self.asked))
        within_s = max(SHARE_OF_TIME * allowance.left_s, 2 * allowance.answer_s)
        requests = [
            Request(self.endpoint, since=self.since, page=number, priority=Priority.PAGE, within_s=within_s)
            for number in range(self.asked + 1, self.asked + 1 + count)
        ]
        return replace(self, asked=self.asked + count), requests

    def after(self, number: int, page: Page | None, taken: Collection[str]) -> "Listing":
        """Return the listing after the answer to page `number`.

        Args:
            number: Page number, from 1.
            page: The page; None if it failed.
            taken: Ids of the wanted rows that it has brought.
        """
        if self.end is not None:
            return self
        if page is None:
            return replace(self, end=End.FAILED)
        wanted, read = self.wanted.difference(taken), self.read | {number}
        is_full, since, last = page.size >= PAGE_ROWS, self.since, self.last
        if not is_full:
            last = min(number if page.size else number - 1, self.most if last is None else last)
        end = None
        if not wanted:
            end = End.FOUND
        elif last == 0:
            end = End.EMPTY
        elif is_full and (page.fingerprint in self.seen or (since is not None and page.latest <= since)):
            end = End.STUCK
        elif last is not None and sum(one <= last for one in read) >= last:
            end = End.LAST
        elif len(wanted) <= WORTH:
            end = End.FEW
        elif len(read) >= self.most:
            end = End.LONG
        return replace(
            self,
            wanted=wanted,
            read=read,
            last=last,
            found=self.found + len(taken),
            since=None if since is None else max(since, page.latest),
            seen=self.seen | {page.fingerprint},
            end=end,
        )

    @property
    def pages(self) -> int | None:
        """Number of pages, as far as known; None otherwise."""
        if self.end is End.LONG:
            return self.most + 1
        return self.last if self.end is End.LAST else None

    def sentence(self) -> str:
        """Return a sentence about what the pages brought."""
        count, missing = len(self.read), self.found + len(self.wanted)
        pages = "1 page" if count == 1 else f"{count} pages"
        return f"{self.endpoint.title.capitalize()}: {self.found} of {missing} found on {pages}; {self.end}"


@dataclass(frozen=True, slots=True)
class KnownLists:
    """What earlier cycles have shown of the lists."""

    page_counts: Mapping[Endpoint, int] = field(default_factory=dict)
    """Number of pages by endpoint."""
    failed_at: Mapping[Endpoint, float] = field(default_factory=dict)
    """When pages were of no use, by the uptime clock."""

    def failed_lately(self, now: float) -> frozenset[Endpoint]:
        """Return the endpoints whose pages have been of no use lately."""
        return frozenset(one for one, at in self.failed_at.items() if now - at < AGAIN_S)

    def after(self, listings: Iterable[Listing], now: float) -> "KnownLists":
        """Return an updated copy after a cycle that read these lists."""
        counts, failed_at = dict(self.page_counts), dict(self.failed_at)
        for one in listings:
            if one.pages is not None:
                counts[one.endpoint] = one.pages
            if one.end in USELESS:
                failed_at[one.endpoint] = now
        return KnownLists(counts, failed_at)


def listing(endpoint: Endpoint, wanted: Collection[str], inputs: CycleInputs) -> Listing:
    """Start a listing for these rows."""
    left, most = inputs.left.get(endpoint), MOST[endpoint]
    since = int(inputs.now + inputs.vendor_ahead_s) - REACH_S if endpoint is endpoints.DETAIL else None
    return Listing(endpoint, frozenset(wanted), most if left is None else min(most, left), since)
