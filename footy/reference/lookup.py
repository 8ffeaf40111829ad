"""Reference data (teams, competitions, countries, categories): memo over shelf over the vendor.

Each level answers before the next is asked, and where asking fails, the last good value is served as stale.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import msgspec
from cachetools import TLRUCache

from footy.clock import CLOCK
from footy.provenance import Held, Source, shifted
from footy.reference.disk_cache import KEEP_DAYS, Kept, Shelf
from footy.thesports import endpoints
from footy.thesports.client import Client, Fetched, read_id, read_reference
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import BadBodyError, NoSuchRowError, OutOfTimeError, RefusedError, VendorError
from footy.thesports.retry_budget import RetryBudget

MOST_REMEMBERED = 20_000
STALE_MEMO_S = 60.0
"""How long a stale value is served before the vendor is asked again."""
NO_ROW_MEMO_S = 600.0
"""How long an id that the vendor does not have is taken as unknown."""
RENEW_FROM = 0.9
"""Share of the time to live from which on what is held is renewed, by one call for all that has changed."""
RENEW_OVERLAP_S = 300
RENEW_AGAIN_S = 600.0
"""A renewal that failed is tried again after this long."""
RENEWED = frozenset({endpoints.TEAM, endpoints.COMPETITION})


@dataclass(frozen=True, slots=True)
class Key:
    """What is asked for: an id of an endpoint, or the whole of one where the id is empty.

    The same id text occurs in different kinds, so neither names a thing without the other.
    """

    endpoint: Endpoint
    id: str = ""
    since: int | None = None
    """Of a feed: from when on changes are asked for, in the vendor's time."""

    def __str__(self) -> str:
        """Give the key under which it is kept on disk; it holds no credentials."""
        return f"{self.endpoint}?uuid={self.id}" if self.id else str(self.endpoint)


COUNTRIES = Key(endpoints.COUNTRIES)
CATEGORIES = Key(endpoints.CATEGORIES)


@dataclass(frozen=True, slots=True)
class _Memo:
    held: Held[Any]
    expires_at: float
    """By the clock that nobody sets."""


class Reference:
    """Looks reference data up; safe to use from every worker."""

    def __init__(self, client: Client, shelf: Shelf | None, ttl_s: Mapping[Endpoint, float]) -> None:
        """Take the times to live in seconds by endpoint."""
        self._client = client
        self._shelf = shelf
        self._ttl_s = ttl_s
        self._lock = threading.Lock()
        self._gone: dict[Key, float] = {}
        self._renewal_failed_at: dict[Endpoint, float] = {}
        self._memo: TLRUCache[Key, _Memo] = TLRUCache(
            MOST_REMEMBERED,
            ttu=lambda _key, memo, _now: memo.expires_at,
            timer=lambda: CLOCK.uptime(),  # noqa: PLW0108 - tests move the clock after this
        )

    def peek(self, key: Key) -> Held[Any] | None:
        """Give what the memo holds, at no cost."""
        with self._lock:
            memo = self._memo.get(key)
        return memo.held if memo else None

    def get(self, key: Key, budget: RetryBudget) -> tuple[Held[Any], VendorError | None]:
        """Look one thing up, asking the vendor where it is not known; with why that failed, where it did."""
        held, error = self._get(key, budget)
        survivor = getattr(held.value, "uid", None)
        if not survivor or survivor == key.id:
            return held, error
        merged, _ = self._get(Key(key.endpoint, survivor), budget)
        if merged.value is None or merged.fetched_at is None:
            return held, error
        self._remember(
            key,
            Held(merged.value, merged.fetched_at, Source.CACHE),
            merged.fetched_at + self._ttl_s[key.endpoint] - CLOCK.now(),
        )
        return merged, error

    def known(self, endpoint: Endpoint) -> list[Any]:
        """Return all rows of an endpoint that the memo holds, at no cost in calls."""
        with self._lock:
            return [
                memo.held.value
                for key, memo in self._memo.items()
                if key.endpoint is endpoint and memo.held.value is not None
            ]

    def renewals(self, now: float) -> dict[Endpoint, int]:
        """Tell which endpoints' rows should be renewed, with since when changes are to be asked for."""
        oldest: dict[Endpoint, float] = {}
        with self._lock:
            for key, memo in self._memo.items():
                if key.endpoint in RENEWED and memo.held.fetched_at is not None:
                    before = oldest.get(key.endpoint, now)
                    oldest[key.endpoint] = min(before, memo.held.fetched_at)
        return {
            endpoint: int(at) - RENEW_OVERLAP_S
            for endpoint, at in oldest.items()
            if now - at >= RENEW_FROM * self._ttl_s[endpoint]
            and CLOCK.uptime() - self._renewal_failed_at.get(endpoint, -inf) >= RENEW_AGAIN_S
        }

    def renew(self, endpoint: Endpoint, since: int, budget: RetryBudget) -> Fetched[int]:
        """Ask for all rows changed since then; what is held and not among them is known unchanged.

        Raises:
            VendorError: Asking failed; then what is held expires in its own time.
        """
        try:
            by_vendor = since + int(self._client.transport.vendor_clock.offset_s)
            reply = self._client.references_since(endpoint, by_vendor, budget)
        except VendorError:
            self._renewal_failed_at[endpoint] = CLOCK.uptime()
            raise
        changed = {row_id: row for row in reply.value if (row_id := read_id(row)) is not None}
        if reply.value and not changed:
            self._renewal_failed_at[endpoint] = CLOCK.uptime()
            raise BadBodyError(f"{endpoint} answered no row that can be read")
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
                    value = read_reference(endpoint, key.id, results)
                except BadBodyError:
                    continue  # it is asked for by itself when it expires
                if value.left_out:
                    continue
            is_itself = getattr(value, "id", "") == key.id  # and not what a duplicate became
            if is_itself and self._shelf is not None:
                results = results or b"[" + msgspec.json.encode(value) + b"]"
                self._shelf.write(str(key), Kept(results, reply.at))
            if is_itself and not getattr(value, "uid", None):
                self._remember(key, Held(value, reply.at, Source.CACHE), reply.at + ttl_s - CLOCK.now())
            else:
                self._forget(key)  # the row that it was merged into is looked up, and may have changed too
        return Fetched(len(changed), reply.at)

    def forget(self, keys: Iterable[Key], now: float) -> None:
        """Drop what the vendor has taken out."""
        with self._lock:
            for key in [key for key, at in self._gone.items() if at < now - KEEP_DAYS * 86_400]:
                del self._gone[key]
            for key in keys:
                self._memo.pop(key, None)
                self._gone.setdefault(key, now)

    def shift(self, step_s: float) -> None:
        """Move the times of all that is remembered by so many seconds, as the machine's clock was."""
        with self._lock:
            for key, memo in list(self._memo.items()):
                self._memo[key] = _Memo(shifted(memo.held, step_s), memo.expires_at)
            self._gone = {key: at + step_s for key, at in self._gone.items()}

    def _get(  # noqa: PLR0911 - one for each level
        self, key: Key, budget: RetryBudget
    ) -> tuple[Held[Any], VendorError | None]:
        if (known := self.peek(key)) is not None:
            return known, None
        kept = self._kept(key)
        ttl_s = self._ttl_s[key.endpoint]
        if (
            kept is not None
            and kept.fetched_at is not None
            and (left_s := kept.fetched_at + ttl_s - CLOCK.now()) > 0
        ):
            return self._remember(key, kept, left_s), None
        try:
            reply = self._client.reference(key.endpoint, key.id, budget)
            results, value = reply.value
        except NoSuchRowError as error:
            if kept is not None:
                # It was there, and the vendor has not said that it was taken out.
                return self._without_vendor(key, kept, error), error
            nothing: Held[Any] = Held(None, None, Source.MISSING)
            return self._remember(key, nothing, NO_ROW_MEMO_S), error
        except VendorError as error:
            return self._without_vendor(key, kept, error), error
        whole = not reply.left_out
        if whole and self._shelf is not None:
            self._shelf.write(str(key), Kept(results, reply.at))
        if not whole and kept is not None:  # what can be read in part does not take the place of a whole row
            return self._without_vendor(key, kept, None), None
        self._remember(key, Held(value, reply.at, Source.CACHE), reply.at + ttl_s - CLOCK.now())
        return Held(value, reply.at, Source.FRESH), None

    def _kept(self, key: Key) -> Held[Any] | None:
        """Read what the shelf keeps; what cannot be read any more is not there."""
        kept = self._shelf.read(str(key)) if self._shelf is not None else None
        # The shelf keeps microseconds, so a moment read back may be a little later than it was.
        if kept is None or kept.received_at <= self._gone.get(key, 0.0) + 1e-3:
            return None
        if not 0 <= CLOCK.now() - kept.received_at + 1 < KEEP_DAYS * 86_400:
            return None
        try:
            value = read_reference(key.endpoint, key.id, kept.results)
        except (BadBodyError, NoSuchRowError):
            return None
        return None if getattr(value, "left_out", ()) else Held(value, kept.received_at, Source.CACHE)

    def _without_vendor(self, key: Key, kept: Held[Any] | None, error: VendorError | None) -> Held[Any]:
        if kept is not None:
            stale = Held(kept.value, kept.fetched_at, Source.STALE)
            if isinstance(error, OutOfTimeError) and not error.was_sent:
                return stale  # nothing failed: it is the next cycle's to ask for, and not only in a minute
            return self._remember(key, stale, STALE_MEMO_S)
        refused = isinstance(error, RefusedError)
        return Held(None, None, Source.REFUSED if refused else Source.MISSING)

    def _forget(self, key: Key) -> None:
        with self._lock:
            self._memo.pop(key, None)

    def _remember(self, key: Key, held: Held[Any], for_s: float) -> Held[Any]:
        with self._lock:
            self._memo[key] = _Memo(held, CLOCK.uptime() + for_s)
        return held
