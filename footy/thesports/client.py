"""Turn requests into answers: send each one, page by page if needed, and decode the reply."""

import logging
import math
from dataclasses import replace
from typing import Any, Protocol

from footy.thesports import decoders, endpoints
from footy.thesports.decoders import (
    DetailChanges,
    Elements,
    LiveList,
    ReferenceChanges,
)
from footy.thesports.endpoints import PAGE_ROWS, Endpoint
from footy.thesports.errors import BadBodyError, NoSuchRowError, RefusedError, VendorError
from footy.thesports.request import Answer, Request
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.tolerant import LeftOut
from footy.thesports.transport import Transport

log = logging.getLogger(__name__)

MOST_PAGES = 20


class Asker(Protocol):
    """Something that answers requests."""

    def ask(self, request: Request, budget: RetryBudget) -> Answer[object]:
        """Return the answer; errors are part of it."""


class Client:
    """Sends requests to the vendor and decodes the replies into typed values; safe for use by all workers."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._elements: Elements = {}

    def ask(self, request: Request, budget: RetryBudget) -> Answer[object]:
        """Return the answer to a request; an error is part of it, and nothing is raised."""
        try:
            if request.page:
                return self._page(request, budget)
            if request.since is None:
                return self._one(request, budget)
            return self._pages(request, request.since, budget)
        except RefusedError as error:
            if request.endpoint is endpoints.LIVE and error.what == "address":
                error = self._naming_address(error, budget)
            return Answer(request, error=error)
        except VendorError as error:
            return Answer(request, error=error)

    def address(self, budget: RetryBudget) -> str:
        """Return this machine's address as the vendor sees it: the one that must be on the vendor's list.

        Raises:
            VendorError: The request failed.
        """
        reply = self.transport.get(endpoints.ADDRESS_PROBE, {}, budget, decoders.read_address)
        return reply.value

    def _one(self, request: Request, budget: RetryBudget) -> Answer[object]:
        read = self._read_live if request.endpoint is endpoints.LIVE else decoders.reader(request)
        reply = self.transport.get(request.endpoint, request.parameters, budget, read)
        value, left_out = reply.value
        self._note(request.endpoint, left_out)
        if value is None:
            raise NoSuchRowError(f"{request.endpoint} has no row for {request.id}")
        return Answer(request, value, reply.received_at, left_out=left_out, sent_at=reply.sent_at)

    def _read_live(self, results: bytes) -> tuple[LiveList, LeftOut]:
        """Decode the live list; an unchanged element is the same object as before."""
        known = self._elements
        listed, self._elements = decoders.read_live(results, known)
        if listed.broken and not listed.matches:
            raise BadBodyError(f"{endpoints.LIVE} answered no match that can be read")
        changed = (match for text, match in self._elements.items() if match.left_out and text not in known)
        return listed, tuple(path for match in changed for path in match.left_out)

    def _page(self, request: Request, budget: RetryBudget) -> Answer[object]:
        """Request one page, once: its rows can also be requested by id."""
        reply = self.transport.get(
            request.endpoint,
            request.parameters,
            budget,
            decoders.page_reader(request),
            once_within_s=request.within_s or math.inf,
        )
        page, left_out = reply.value
        self._note(request.endpoint, left_out)
        return Answer(request, page, reply.received_at)

    def _pages(self, request: Request, since: int, budget: RetryBudget) -> Answer[object]:
        """Request all rows that changed at or after `since`, in Unix seconds of the vendor's clock."""
        rows: list[Any] = []
        left_out: list[str] = []
        first_at: float | None = None
        for _ in range(MOST_PAGES):
            asked = replace(request, since=since)
            reply = self.transport.get(asked.endpoint, asked.parameters, budget, decoders.page_reader(asked))
            first_at = first_at or reply.received_at
            page, of_page = reply.value
            self._note(asked.endpoint, of_page)
            rows += page.rows
            left_out += (one for one in of_page if one == "[]")
            if page.size < PAGE_ROWS:
                changes = DetailChanges if request.endpoint is endpoints.DETAIL else ReferenceChanges
                return Answer(request, changes(rows), first_at, left_out=tuple(left_out))
            if page.latest <= since:
                break
            since = page.latest
        raise BadBodyError(f"{request.endpoint} has too many changes to read")

    def _naming_address(self, error: RefusedError, budget: RetryBudget) -> RefusedError:
        """Return the error with the refused address, which must be on the vendor's list, in its text."""
        try:
            address = self.address(budget)
        except VendorError:
            return error
        return RefusedError(f"{error}; the address to have whitelisted is {address}", error.what)

    def _note(self, endpoint: Endpoint, left_out: LeftOut) -> None:
        """Count unreadable values, and log each field once a day."""
        for path in left_out:
            if self.transport.counters.unreadable(endpoint.path, path):
                log.warning("API value unreadable: %s %s; others today are only counted", endpoint, path)
