"""Reference data (teams, competitions, countries, categories): from memory, then disk, then the vendor.

If asking fails, the last good value is served as stale.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import msgspec
from cachetools import TLRUCache

from footy.clock import CLOCK
from footy.provenance import Held, Source, shifted
from footy.reference.catalogue import Catalogue
from footy.reference.disk_cache import KEEP_DAYS, DiskCache, Entry
from footy.thesports import endpoints, errors
from footy.thesports.client import Asker
from footy.thesports.decoders import Reference, ReferenceChanges, ReferenceReply, read_id, read_reference
from footy.thesports.endpoints import Endpoint
from footy.thesports.request import Answer, Request
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.tolerant import LeftOut
from footy.thesports.vendor_clock import VendorClock

MOST_REMEMBERED = 20_000
STALE_MEMO_S = 60.0
"""Seconds that a stale value is served before the next request for it."""
NO_ROW_MEMO_S = 600.0
"""Seconds before the next request for an id that the vendor does not have."""
RENEW_FROM = 0.9
"""Share of the time to live after which values are renewed, by one request for all changed rows."""
RENEW_OVERLAP_S = 300
RENEW_AGAIN_S = 600.0
"""Seconds before a failed renewal is retried."""
RENEWED = frozenset({endpoints.TEAM, endpoints.COMPETITION})


@dataclass(frozen=True, slots=True)
class _Memo:
    held: Held[Reference]
    expires_at: float
    """In seconds of `CLOCK.uptime`, which is never set."""


class Lookup:
    """Looks up reference data; safe to use from every worker."""

    def __init__(
        self,
        client: Asker,
        disk_cache: DiskCache | None,
        ttl_s: Mapping[Endpoint, float],
        vendor_clock: VendorClock | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        """Create a lookup; `ttl_s` has the times to live in seconds, by endpoint."""
        self._catalogue = catalogue
        self._client = client
        self._vendor_clock = VendorClock() if vendor_clock is None else vendor_clock
        self._disk_cache = disk_cache
        self._ttl_s = ttl_s
        self._lock = threading.Lock()
        self._gone: dict[Request, float] = {}
        self._renewal_failed_at: dict[Endpoint, float] = {}
        self._oldest: dict[Endpoint, float] | None = None
        """When the oldest row in memory was read, by endpoint; None once the memory has changed."""
        self._oldest_until = inf
        """When the first row in memory expires, which may be the oldest."""
        self._memo: TLRUCache[Request, _Memo] = TLRUCache(
            MOST_REMEMBERED,
            ttu=lambda _key, memo, _now: memo.expires_at,
            timer=lambda: CLOCK.uptime(),  # noqa: PLW0108 - tests move the clock after this
        )

    def peek(self, key: Request) -> Held[Reference] | None:
        """Return the value in memory; None if there is none."""
        with self._lock:
            try:
                return self._memo[key].held  # `get` looks twice
            except KeyError:
                return None

    def held(self, key: Request) -> Held[Reference] | None:
        """Return the value in memory or on disk, up to `KEEP_DAYS` old, without a request; None if absent."""
        return self.peek(key) or self._kept(key)

    def unknown(self, requests: Iterable[Request]) -> list[Request]:
        """Return the requests, each once, whose values the memo does not hold."""
        with self._lock:
            return [request for request in dict.fromkeys(requests) if request not in self._memo]

    def is_kept(self, request: Request) -> bool:
        """Check whether the disk has a value that is young enough to need no call."""
        if (kept := self._entry(request)) is None:
            return False
        return 0 <= CLOCK.now() - kept.received_at + 1 < self._ttl_s[request.endpoint]

    def take(self, request: Request, row: bytes, at: float) -> Answer[Reference] | None:
        """Take the row of a page as the answer to a request by id; None if only that request can tell.

        That is a row that cannot be read in full, or that the vendor has merged into another one.
        """
        results = b"[" + row + b"]"
        try:
            value = read_reference(request, results)
        except errors.BadBodyError:
            return None
        if value is None or _left_out(value) or getattr(value, "uid", None):
            return None
        if self._disk_cache is not None:
            self._disk_cache.write(str(request), Entry(results, at))
        self._remember(
            request, Held(value, at, Source.CACHE), at + self._ttl_s[request.endpoint] - CLOCK.now()
        )
        return Answer(request, value, at)

    def recall(self, known: Mapping[Request, Held[Any]]) -> None:
        """Take values that another machine has looked up, each for as long as it is young enough."""
        for request, held in known.items():
            if held.value is not None and held.fetched_at is not None:
                left_s = held.fetched_at + self._ttl_s[request.endpoint] - CLOCK.now()
                if left_s > 0 and self.peek(request) is None:
                    self._remember(request, Held(held.value, held.fetched_at, Source.CACHE), left_s)

    def ask(self, request: Request, budget: RetryBudget) -> Answer[Reference]:
        """Look up one row or list, with a request to the vendor if it is not known.

        If the request fails, the answer has the error, and the last good value as stale if there is one.
        """
        answer = self._ask(request, budget)
        survivor = getattr(answer.value, "uid", None)
        if not survivor or survivor == request.id:
            return answer
        # The vendor has merged the row into another one.
        merged = self._ask(Request(request.endpoint, survivor), budget)
        if merged.value is None or merged.at is None:
            return answer
        held: Held[Reference] = Held(merged.value, merged.at, Source.CACHE)
        self._remember(request, held, merged.at + self._ttl_s[request.endpoint] - CLOCK.now())
        return replace(merged, request=request)

    def known(self, endpoint: Endpoint) -> list[Reference]:
        """Return all rows of an endpoint in memory, without any request."""
        with self._lock:
            return [
                memo.held.value
                for key, memo in self._memo.items()
                if key.endpoint is endpoint and memo.held.value is not None
            ]

    def renewals(self, now: float) -> dict[Endpoint, int]:
        """Return the endpoints whose rows should be renewed, and the time since which to request changes."""
        with self._lock:
            if self._oldest is None or CLOCK.uptime() >= self._oldest_until:
                self._oldest, self._oldest_until = self._oldest_rows()
        return {
            endpoint: int(at) - RENEW_OVERLAP_S
            for endpoint, at in self._oldest.items()
            if now - at >= RENEW_FROM * self._ttl_s[endpoint]
            and CLOCK.uptime() - self._renewal_failed_at.get(endpoint, -inf) >= RENEW_AGAIN_S
        }

    def renew(self, request: Request, budget: RetryBudget) -> Answer[int]:
        """Request all rows changed since a time of our clock; this confirms all others as unchanged.

        The answer is the number of changed rows. If the request fails, rows in memory expire as usual.
        """
        endpoint, since = request.endpoint, request.since or 0
        by_vendor = since + int(self._vendor_clock.offset_s)
        answer = self._client.ask(replace(request, since=by_vendor), budget)
        if not isinstance(answer.value, ReferenceChanges) or answer.at is None:
            self._renewal_failed_at[endpoint] = CLOCK.uptime()
            return Answer(request, error=answer.error)
        rows = answer.value.rows
        changed = {row_id: row for row in rows if (row_id := read_id(row)) is not None}
        if rows and not changed:
            self._renewal_failed_at[endpoint] = CLOCK.uptime()
            return Answer(request, error=errors.BadBodyError(f"{endpoint} answered no row that can be read"))
        ttl_s = self._ttl_s[endpoint]
        with self._lock:
            held = [
                (key, memo.held)
                for key, memo in self._memo.items()
                if key.endpoint is endpoint and (memo.held.fetched_at or 0) >= since
            ]
        for key, known in held:
            value, results = known.value, None
            if key.id in changed:
                results = b"[" + changed[key.id] + b"]"
                try:
                    value = read_reference(key, results)
                except errors.BadBodyError:
                    continue  # it is requested by itself when it expires
                if value is None or _left_out(value):
                    continue
            is_itself = getattr(value, "id", "") == key.id  # not the row that a duplicate was merged into
            if is_itself and self._disk_cache is not None:
                results = results or b"[" + msgspec.json.encode(value) + b"]"
                self._disk_cache.write(str(key), Entry(results, answer.at))
            if is_itself and not getattr(value, "uid", None):
                self._remember(key, Held(value, answer.at, Source.CACHE), answer.at + ttl_s - CLOCK.now())
            else:
                self._forget(key)  # so that the row it was merged into, which may have changed, is looked up
        return Answer(request, len(changed), answer.at)

    def forget(self, keys: Iterable[Request], now: float) -> None:
        """Drop the rows that the vendor has deleted."""
        with self._lock:
            for key in [key for key, at in self._gone.items() if at < now - KEEP_DAYS * 86_400]:
                del self._gone[key]
            gone = [key for key in keys if key not in self._gone]
            for key in gone:
                self._memo.pop(key, None)
                self._gone[key] = now
                self._oldest = None
        if self._catalogue is not None and gone:
            self._catalogue.drop(gone)

    def shift(self, step_s: float) -> None:
        """Shift all times by `step_s` seconds, after the machine's clock was set by that much."""
        with self._lock:
            for key, memo in list(self._memo.items()):
                self._memo[key] = _Memo(shifted(memo.held, step_s), memo.expires_at)
            self._gone = {key: at + step_s for key, at in self._gone.items()}
            self._oldest = None

    def _ask(self, request: Request, budget: RetryBudget) -> Answer[Reference]:
        # 1. In memory.
        if (known := self.peek(request)) is not None:
            return _answer(request, known)
        # 2. On disk, within its time to live.
        kept = self._kept(request)
        ttl_s = self._ttl_s[request.endpoint]
        if kept is not None and (left_s := (kept.fetched_at or 0.0) + ttl_s - CLOCK.now()) > 0:
            return _answer(request, self._remember(request, kept, left_s))
        # 3. From the vendor.
        reply = self._client.ask(request, budget)
        if not isinstance(reply.value, ReferenceReply) or reply.at is None:
            return self._without_vendor(request, kept, reply.error)
        if reply.left_out and kept is not None:
            # A partly readable row does not replace a complete one.
            return self._without_vendor(request, kept, None)
        if not reply.left_out and self._disk_cache is not None:
            self._disk_cache.write(str(request), Entry(reply.value.results, reply.at))
        value = reply.value.value
        self._remember(request, Held(value, reply.at, Source.CACHE), reply.at + ttl_s - CLOCK.now())
        return Answer(request, value, reply.at, left_out=reply.left_out)

    def _kept(self, key: Request) -> Held[Reference] | None:
        """Return the value on disk; None if it is absent, deleted, too old or unreadable."""
        kept = self._entry(key)
        # The disk cache rounds to microseconds, so a time read back may be slightly later than the original.
        if kept is None or kept.received_at <= self._gone.get(key, 0.0) + 1e-3:
            return None
        if not 0 <= CLOCK.now() - kept.received_at + 1 < KEEP_DAYS * 86_400:
            return None
        try:
            value = read_reference(key, kept.results)
        except errors.BadBodyError:
            return None
        return None if value is None or _left_out(value) else Held(value, kept.received_at, Source.CACHE)

    def _entry(self, key: Request) -> Entry | None:
        """Return the younger entry on disk: the reply by id, or the row read in advance."""
        asked = None if self._disk_cache is None else self._disk_cache.read(str(key))
        if self._catalogue is None or key.endpoint not in RENEWED:
            return asked
        listed = self._catalogue.read(key)
        if asked is None or listed is None:
            return asked or listed
        return max(asked, listed, key=lambda entry: entry.received_at)

    def _without_vendor(
        self, request: Request, kept: Held[Reference] | None, error: errors.VendorError | None
    ) -> Answer[Reference]:
        if kept is not None:
            stale: Held[Reference] = Held(kept.value, kept.fetched_at, Source.STALE)
            # A request that was not sent did not fail: the next cycle repeats it, without waiting a minute.
            if not errors.is_unsent(error):
                self._remember(request, stale, STALE_MEMO_S)
            return _answer(request, stale, error)
        refused = isinstance(error, errors.RefusedError)
        nothing: Held[Reference] = Held(None, None, Source.REFUSED if refused else Source.MISSING)
        if isinstance(error, errors.NoSuchRowError):
            self._remember(request, nothing, NO_ROW_MEMO_S)
        return _answer(request, nothing, error)

    def _oldest_rows(self) -> tuple[dict[Endpoint, float], float]:
        """Return when the oldest row in memory was read, by endpoint, and when the first row expires."""
        oldest: dict[Endpoint, float] = {}
        until = inf
        for key, memo in self._memo.items():
            until = min(until, memo.expires_at)
            if key.endpoint in RENEWED and memo.held.fetched_at is not None:
                oldest[key.endpoint] = min(oldest.get(key.endpoint, inf), memo.held.fetched_at)
        return oldest, until

    def _forget(self, key: Request) -> None:
        with self._lock:
            self._memo.pop(key, None)
            self._oldest = None

    def _remember(self, key: Request, held: Held[Reference], for_s: float) -> Held[Reference]:
        with self._lock:
            self._memo[key] = _Memo(held, CLOCK.uptime() + for_s)
            self._oldest = None
        return held


def _answer(
    request: Request, held: Held[Reference], error: errors.VendorError | None = None
) -> Answer[Reference]:
    return Answer(request, held.value, held.fetched_at, error, held.source)


def _left_out(value: Reference) -> LeftOut:
    """Return what was left out of a row; empty for a list of countries, which does not have this field."""
    return getattr(value, "left_out", ())
