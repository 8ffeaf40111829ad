"""The attempt loop: pooled connections, retries with full jitter, and a time limit for each attempt.

urllib3's `Retry` is the policy (number of retries, backoff). The loop is here for two reasons: each attempt
first checks the stop signal, the cycle's deadline and the endpoint's circuit breaker; and the vendor's errors
are bodies that urllib3 takes for success.
"""

import contextlib
import datetime as dt
import functools
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlencode, urljoin

import requests
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError, ProtocolError
from urllib3.util import Retry

from footy.clock import CLOCK
from footy.telemetry.attempts import AttemptRecord
from footy.telemetry.counters import Counters
from footy.telemetry.redaction import Redactor
from footy.thesports import errors
from footy.thesports.adapter import MemoryLimit, SigningAdapter, failure_for, read_body, trusting
from footy.thesports.circuit_breaker import CircuitBreaker
from footy.thesports.connections import AttemptsInFlight
from footy.thesports.endpoints import ADDRESS_PROBE, Endpoint, RateLimit
from footy.thesports.envelope import judge
from footy.thesports.quota import WindowQuota
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.tolerant import UNREADABLE
from footy.thesports.vendor_clock import VendorClock

T = TypeVar("T")

log = logging.getLogger(__name__)

HTTP_OK = 200
HTTP_TOO_MANY = 429
FAIR_S = 1.0
"""Seconds within which an attempt aborted by the cycle's end is not the vendor's failure, and not counted."""


class JitterRetry(Retry):
    """Exponential backoff with full jitter: the n-th retry waits between 0 and factor × 2^(n−1) seconds.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    def get_backoff_time(self) -> float:
        """Return the seconds to wait before the next attempt."""
        ceiling = self.backoff_factor * 2 ** (len(self.history) - 1) if self.history else 0
        return random.uniform(0, min(ceiling, self.backoff_max))


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A good reply: its decoded results, and when it arrived and was requested (Unix seconds)."""

    value: T
    received_at: float
    sent_at: float | None = None
    """When the attempt began that it answers."""


class Transport:
    """Sends requests to the vendor: returns a reply or raises `VendorError`. Safe for use by all workers."""

    def __init__(
        self,
        *,
        base_url: str,
        credentials: Mapping[str, str],
        counters: Counters,
        workers: int = 30,
        timeout: float = 10.0,
        attempts: int = 3,
        backoff: float = 1.0,
        rate_limits: Mapping[str, RateLimit] | None = None,
        proxy: str | None = None,
        ca_bundle: Path | None = None,
        zone: dt.tzinfo = dt.UTC,
        right_left_s: Callable[[], float] | None = None,
    ) -> None:
        """Prepare the session; connect only when a request is made.

        `right_left_s` returns the seconds for which the vendor may still be asked: each attempt ends by then.
        None if there is no such limit.

        Raises:
            ConfigError: The file of certificate authorities cannot be used.
        """
        self.quota = WindowQuota(rate_limits)
        self.breaker = CircuitBreaker(self.quota, zone=zone)
        self.stopping = threading.Event()
        self.vendor_clock = VendorClock()
        self._base_url = base_url
        self._timeout = timeout
        self._attempts = attempts
        self._policy = JitterRetry(total=attempts - 1, backoff_factor=backoff, backoff_max=max(backoff, 30.0))
        self.counters = counters
        self._redact = Redactor([credentials["secret"]] if credentials.get("secret") else [])
        addresses = (base_url.lower(), (proxy or "").lower())
        uses_tls = ca_bundle is not None or any(address.startswith("https:") for address in addresses)
        self._right_left_s = right_left_s
        self._in_flight = AttemptsInFlight(right_left_s)
        self._room = MemoryLimit()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        self._headers = requests.structures.CaseInsensitiveDict(
            {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "footy"}
        )
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        adapter = SigningAdapter(credentials, workers, trusting(ca_bundle) if uses_tls else None)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def get(
        self,
        endpoint: Endpoint,
        parameters: Mapping[str, str],
        budget: RetryBudget,
        decode: Callable[[bytes], T],
        *,
        once_within_s: float | None = None,
    ) -> Reply[T]:
        """Make attempts until there is a good reply or no attempt is left.

        Args:
            endpoint: The endpoint to request.
            parameters: The query parameters, without credentials.
            budget: The cycle's time and retries.
            decode: Decodes the JSON text of the results; a `BadBodyError` that it raises is a failed attempt.
            once_within_s: Make one attempt of at most this many seconds, and do not count its refusal against
                the endpoint. For data that can be requested in another way.

        Raises:
            VendorError: The failure of the last attempt, or of the one before if time or quota was lacking.
        """
        query = urlencode(parameters)
        request = self._prepare(endpoint, query)
        asked = f"{endpoint} {query}".rstrip()
        before: errors.VendorError | None = None
        retry: Retry = self._policy
        attempts = self._attempts if once_within_s is None else 1
        for number in range(1, attempts + 1):
            record = AttemptRecord(endpoint.path, asked, number, attempts)
            try:
                return self._attempt(endpoint, request, budget, decode, record, once_within_s)
            except errors.QuotaSpentError as spent:
                errors.drop_tracebacks(spent)
                if before is not None:
                    budget.give_back()
                raise before or spent from None
            except errors.VendorError as failure:
                errors.drop_tracebacks(failure)
                if before is not None and not failure.was_sent:
                    budget.give_back()
                pause = None
                if failure.retryable and number < attempts:
                    retry, pause = self._after(failure, endpoint, retry, budget)
                record.next_in_s = pause
                self._log_failure(endpoint, budget, failure, record)
                if before is not None and errors.is_unsent(failure):
                    raise before from None
                before = failure
                if pause is None:
                    raise
            if self.stopping.wait(pause):
                raise errors.StoppedError("footy is stopping")
        raise AssertionError("the last attempt returns or raises")

    def stop(self) -> None:
        """Abort every attempt in flight, and refuse every later one."""
        self.stopping.set()
        self._in_flight.abort_all()

    @staticmethod
    def _after(
        failure: errors.VendorError, endpoint: Endpoint, retry: Retry, budget: RetryBudget
    ) -> tuple[Retry, float | None]:
        """Return the retries left after a failure, and the pause before the next; None if none is made."""
        try:
            retry = retry.increment("GET", endpoint.path, error=ProtocolError(failure.outcome))
        except MaxRetryError:
            return retry, None
        pause = retry.get_backoff_time()
        is_made = budget.has_time(endpoint, pause) and budget.may_retry(endpoint)
        return retry, pause if is_made else None

    def close(self) -> None:
        """Stop, and close every connection."""
        self.stop()
        self._session.close()

    def _prepare(self, endpoint: Endpoint, query: str) -> requests.PreparedRequest:
        address = _address(self._base_url, endpoint)
        request = requests.PreparedRequest()
        request.method = "GET"
        request.url = f"{address}?{query}" if query else address
        request.headers = self._headers
        return request

    def _attempt(
        self,
        endpoint: Endpoint,
        request: requests.PreparedRequest,
        budget: RetryBudget,
        decode: Callable[[bytes], T],
        record: AttemptRecord,
        once_within_s: float | None,
    ) -> Reply[T]:
        if self.stopping.is_set():
            raise errors.StoppedError("footy is stopping")
        if self._is_right_over():
            raise errors.LeaseOverError
        left = budget.left(endpoint)
        if left <= 0:
            raise errors.OutOfTimeError("the cycle's time is up")
        if not budget.has_time(endpoint):
            raise errors.OutOfTimeError("the cycle's time is up before an answer could come")
        self.breaker.enter(endpoint)
        budget.sent()
        record.was_sent, started = True, time.monotonic()
        try:
            allowed_s = self._timeout if once_within_s is None else min(self._timeout, once_within_s)
            seconds = min(allowed_s, left)
            status, headers, body = self._exchange(endpoint, request, seconds, allowed_s, budget)
            arrived_at, took_s = CLOCK.now(), time.monotonic() - started
            counts_refusal = once_within_s is None
            value = decode(self._judge(endpoint, status, headers, body, counts_refusal=counts_refusal))
            budget.answered(endpoint, took_s)
        except errors.VendorError as failure:
            record.outcome = failure.outcome
            if isinstance(failure, errors.RefusedError):
                record.counts = not self.breaker.excuse(endpoint, failure)
            elif isinstance(failure, errors.OutOfTimeError):
                record.counts = seconds >= min(self._timeout, FAIR_S)
            raise
        finally:
            record.seconds = time.monotonic() - started
            self.counters.note(record)
        self.counters.note_refusals(self.breaker.take_excused_refusals(endpoint))
        if self.breaker.succeeded(endpoint):
            log.info("%s is authorized again", endpoint)
        return Reply(value, arrived_at, arrived_at - took_s)

    def _exchange(
        self,
        endpoint: Endpoint,
        request: requests.PreparedRequest,
        seconds: float,
        allowed_s: float,
        budget: RetryBudget,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send the request and read the reply, whatever its status, within `seconds`.

        If `seconds` is less than `allowed_s`, the deadline of the cycle ends the attempt. If the process or
        the machine was suspended meanwhile, the reply is outdated. It counts as late, because the clock for
        this check runs during a suspension.
        """
        started_at, sent_at = CLOCK.uptime(), CLOCK.now()
        with self._in_flight.attempt(time.monotonic() + seconds) as attempt:
            response: requests.Response | None = None
            failure: errors.VendorError
            try:
                response = self._session.send(
                    request,
                    timeout=seconds,
                    proxies=self._proxies,
                    verify=True,
                    cert=None,
                    stream=True,
                    allow_redirects=False,
                )
                body = read_body(response.raw, endpoint.max_body, self._room, lambda: attempt.is_over)
                if not attempt.is_over and CLOCK.uptime() - started_at <= seconds:
                    headers = response.raw.headers
                    self.vendor_clock.note(headers.get("Date"), sent_at, CLOCK.now())
                    return response.status_code, headers, body
                failure = failure_for(TimeoutError(), seconds)
            except (errors.VendorError, HTTPError, OSError, ValueError, OverflowError) as error:
                failure = failure_for(error, seconds)  # the library raises the last two for nonsensical sizes
                errors.drop_tracebacks(error)
            finally:
                if response is not None:  # return the connection to the pool, whatever happened to the body
                    response.raw.close()
                    response.raw.release_conn()
            if self.stopping.is_set():
                failure = errors.StoppedError("footy is stopping")
            elif self._is_right_over():
                failure = errors.LeaseOverError()
            elif attempt.is_over or isinstance(failure, errors.TimedOutError):
                failure = (
                    errors.OutOfTimeError(
                        f"cut after {seconds:.1f} s: the cycle's time was up", was_sent=True
                    )
                    if seconds < allowed_s or budget.left(endpoint) <= 0
                    else failure_for(TimeoutError(), seconds)
                )
            raise failure from None

    def _is_right_over(self) -> bool:
        return self._right_left_s is not None and self._right_left_s() <= 0

    def _judge(
        self,
        endpoint: Endpoint,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        counts_refusal: bool,
    ) -> bytes:
        """Return the results; if the vendor answered an error, tell the circuit breaker and raise it."""
        try:
            return self._payload(endpoint, status, body)
        except errors.RefusedError as error:
            if counts_refusal and self.breaker.refused(endpoint, error):
                level = logging.INFO if self.breaker.is_recalled(endpoint) else logging.ERROR
                log.log(level, "%s: not authorized, asked again from time to time: %s", endpoint, error)
            raise
        except (errors.ThrottledError, errors.BadStatusError) as error:
            retry_after = self._retry_after(headers)
            if isinstance(error, errors.BadStatusError) and (
                retry_after is None or status not in errors.TRANSIENT
            ):
                raise
            retry_at = self.breaker.throttled(endpoint, retry_after)
            raise errors.ThrottledError(
                f"{error}; the endpoint rests for {max(0.0, retry_at - time.monotonic()):.0f} s", retry_at
            ) from None

    def _payload(self, endpoint: Endpoint, status: int, body: bytes) -> bytes:
        try:
            if status == HTTP_TOO_MANY:
                raise errors.ThrottledError("HTTP status 429: rate limit", 0.0)
            if status == HTTP_OK:
                return self._without_secret(judge(endpoint, body))
            with contextlib.suppress(errors.BadBodyError, errors.VendorCodeError):
                judge(endpoint, body)
            raise errors.BadStatusError(status)
        except errors.VendorError as error:
            error.args = (self._redact(str(error)),)  # the vendor's text may repeat the request
            raise

    def _without_secret(self, results: bytes) -> bytes:
        """Remove the secret from the results, which are stored and shown, in case the vendor repeats it."""
        try:
            return self._redact.in_json(results)
        except UNREADABLE:
            raise errors.BadBodyError("the reply is not the JSON expected") from None

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        said = headers.get("Retry-After")
        if said is None:
            return None
        try:
            return self._policy.parse_retry_after(said)
        except (InvalidHeader, ValueError, OverflowError):
            return None

    def _log_failure(
        self, endpoint: Endpoint, budget: RetryBudget, failure: errors.VendorError, record: AttemptRecord
    ) -> None:
        """Log a failed attempt: the first of its kind as a warning, the others at DEBUG and in the summary.

        Requests that were not sent and repeated refusals are logged at DEBUG only, and not in the summary.
        """
        record.failure = str(failure)
        is_expected = (
            not failure.was_sent
            or isinstance(failure, errors.StoppedError)
            or (isinstance(failure, errors.RefusedError) and self.breaker.is_refused(endpoint))
        )
        loud = not is_expected and budget.failures.note(endpoint, failure, record.number)
        log.log(logging.WARNING if loud else logging.DEBUG, "%s", record.sentence())


@functools.cache
def _address(base_url: str, endpoint: Endpoint) -> str:
    """Return the address of an endpoint."""
    beside = endpoint is ADDRESS_PROBE
    return urljoin(base_url if beside else f"{base_url}/", endpoint.path)
