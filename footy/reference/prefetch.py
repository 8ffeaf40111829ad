"""Prefetch: complete the catalogue of teams and competitions in the background, a page at a time.

`next_request` decides, and is pure; `Prefetch` makes one request when it is asked to, at most one a minute
and endpoint: the rate that the vendor suggests. All pages are read once, and then what has changed.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from math import inf

from footy.clock import CLOCK
from footy.reference.catalogue import Catalogue, Standing
from footy.thesports import endpoints, errors
from footy.thesports.client import Client
from footy.thesports.decoders import Page
from footy.thesports.endpoints import PAGE_ROWS, Endpoint
from footy.thesports.request import Priority, Request
from footy.thesports.retry_budget import RetryBudget

log = logging.getLogger(__name__)

CATALOGUED = (endpoints.COMPETITION, endpoints.TEAM)
CHANGES_SHARE = 0.25
"""Share of the time to live after which the changes are read, so that what is on disk stays young enough."""
OVERLAP_S = 300
"""Seconds before the last walk from which changes are read: a vendor may publish a bit late."""
ANEW_S = 30 * 86_400.0
"""All pages are read again after this long: what a change did not tell is found then."""
HALT_S = 86_400.0
"""How long the list is left alone after it was of no use."""
FAILURES_BELIEVED = 3
MOST_PAGES = 200
"""Pages that are kept at most, about 160 MB; in 2026 there are 80 of teams and 3 of competitions."""
SPARED = 10
"""Calls of a quota that are left to the cycles."""
LEAST_S = 1.0
"""Seconds until the next cycle below which no request is made."""
MARGIN_S = 0.5
"""Seconds before the next cycle by which a request is over."""


def next_request(
    endpoint: Endpoint, standing: Standing, now: float, ttl_s: float, vendor_ahead_s: float
) -> Request | None:
    """Return the request that brings the catalogue of an endpoint further; None if nothing is due.

    Args:
        endpoint: Teams or competitions.
        standing: How far its catalogue is.
        now: Unix seconds.
        ttl_s: For how many seconds a row is taken as known.
        vendor_ahead_s: The vendor's clock minus ours.
    """
    standing = begun(standing, now)
    if now < standing.halted_until:
        return None
    if standing.page:
        return Request(endpoint, page=standing.page, priority=Priority.PAGE)
    if standing.cursor:
        return Request(endpoint, since=standing.cursor, page=1, priority=Priority.PAGE)
    if now - standing.confirmed_at < CHANGES_SHARE * ttl_s:
        return None
    since = int(standing.confirmed_at + vendor_ahead_s) - OVERLAP_S
    return Request(endpoint, since=since, page=1, priority=Priority.PAGE)


def begun(standing: Standing, now: float) -> Standing:
    """Return where to go on from: the first page, if all were read long ago or, by a wrong clock, later."""
    if now < standing.halted_until <= now + HALT_S:
        return standing
    times = standing.started_at, standing.confirmed_at, standing.walk_at, standing.halted_until
    if max(times) > now:
        return Standing(started_at=now)
    if now - standing.started_at >= ANEW_S:
        return Standing(started_at=now, confirmed_at=standing.confirmed_at)
    return standing


def advanced(standing: Standing, request: Request, page: Page, at: float, *, is_new: bool) -> Standing | None:
    """Return how far the catalogue is after a page; None if the page is of no use.

    Args:
        standing: Where it was.
        request: What was asked for.
        page: The answer.
        at: When that arrived, in Unix seconds.
        is_new: Whether the page has a row that the pages before it did not have.
    """
    if request.since is None:
        if page.size and is_new:
            return replace(standing, page=standing.page + 1)
        if page.size or standing.page == 1:
            return None
        return replace(standing, page=0, confirmed_at=standing.started_at)
    walk_at = standing.walk_at if standing.cursor else at
    if page.size < PAGE_ROWS:
        return replace(standing, confirmed_at=walk_at, cursor=0, walk_at=0.0)
    if page.latest <= request.since:
        return None
    return replace(standing, cursor=page.latest, walk_at=walk_at)


class Prefetch:
    """Completes a catalogue, one request at a time, from any thread."""

    def __init__(self, client: Client, catalogue: Catalogue, ttl_s: Mapping[Endpoint, float]) -> None:
        self._client = client
        self._catalogue = catalogue
        self._ttl_s = ttl_s
        self._busy = threading.Lock()
        self._asked_at: dict[Endpoint, float] = {}
        """By the clock that nobody sets."""
        self._failures: dict[Endpoint, int] = {}

    def is_due(self, for_s: float) -> bool:
        """Check whether a request may be made in the seconds that are left until the next cycle."""
        now = CLOCK.uptime()
        return for_s >= LEAST_S and any(self._may_ask(one, now) for one in CATALOGUED)

    def step(self, for_s: float) -> None:
        """Make one request that is due, and keep what it brings; end before the next cycle, in `for_s`."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            for endpoint in CATALOGUED:
                if self._may_ask(endpoint, CLOCK.uptime()):
                    self._asked_at[endpoint] = CLOCK.uptime()
                    if self._ask(endpoint, for_s):
                        return
        finally:
            self._busy.release()

    def _may_ask(self, endpoint: Endpoint, now: float) -> bool:
        return now - self._asked_at.get(endpoint, -inf) >= endpoint.cadence_s

    def _ask(self, endpoint: Endpoint, for_s: float) -> bool:
        """Make the request of an endpoint, if one is due; return whether it was made."""
        transport, now = self._client.transport, CLOCK.now()
        left = transport.quota.left(endpoint)
        kept = self._catalogue.standing(endpoint)
        if kept is None or (left is not None and left <= SPARED) or transport.breaker.is_refused(endpoint):
            return False
        ahead_s = transport.vendor_clock.offset_s
        request = next_request(endpoint, kept, now, self._ttl_s[endpoint], ahead_s)
        if request is None:
            return False
        standing = begun(kept, now)
        answer = self._client.ask(request, RetryBudget(time.monotonic() + for_s - MARGIN_S))
        if isinstance(answer.value, Page) and answer.at is not None:
            self._failures[endpoint] = 0
            self._keep(endpoint, standing, request, answer.value, answer.at)
        elif not isinstance(answer.error, errors.StoppedError):
            self._note_failure(endpoint, standing, answer.error)
        return True

    def _keep(self, endpoint: Endpoint, standing: Standing, request: Request, page: Page, at: float) -> None:
        rows = {one: row for one, row in zip(page.ids, page.rows, strict=True) if one is not None}
        is_new = bool(rows) and self._catalogue.lacks_any(endpoint, rows, standing.started_at)
        after = advanced(standing, request, page, at, is_new=is_new)
        if after is None:
            self._halt(endpoint, standing, "its pages are empty or repeat themselves")
        elif after.page > MOST_PAGES:
            self._halt(endpoint, standing, "it is too long")
        elif after.page == 0 and standing.page:
            self._catalogue.keep(endpoint, rows, at, after, drop_before=standing.started_at)
            log.info("All %s are on disk: a new match needs no request for their names", endpoint.title)
        else:
            self._catalogue.keep(endpoint, rows, at, after)

    def _note_failure(self, endpoint: Endpoint, standing: Standing, error: errors.VendorError | None) -> None:
        failures = self._failures[endpoint] = self._failures.get(endpoint, 0) + 1
        if isinstance(error, errors.RefusedError | errors.VendorCodeError) or failures >= FAILURES_BELIEVED:
            self._failures[endpoint] = 0
            self._halt(endpoint, standing, str(error))

    def _halt(self, endpoint: Endpoint, standing: Standing, why: str) -> None:
        """Leave the list alone for a day; begin it anew then, but keep what it brought."""
        log.info("The list of %s is not fetched in advance for a day: %s", endpoint.title, why)
        until = CLOCK.now() + HALT_S
        self._catalogue.keep(
            endpoint, {}, 0.0, Standing(confirmed_at=standing.confirmed_at, halted_until=until)
        )
