"""A circuit breaker for each endpoint: no attempt while the vendor refuses it or during a cooldown.

Decisions are per endpoint and for all threads; nothing here waits.
"""

import datetime as dt
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from footy.thesports.endpoints import ENDPOINTS, LIVE, Endpoint
from footy.thesports.errors import Refused, RefusedError, ThrottledError
from footy.thesports.quota import Quota

REFUSALS_BELIEVED = 3
FIRST_PROBE_S = 60.0
LAST_PROBE_S = 15 * 60.0
MAX_COOLDOWN_S = 600.0
FIRST_COOLDOWN_S = 5.0
DEFAULT_COOLDOWN_MAX_S = 60.0
"""Cooldown after a 429 without `Retry-After`: 5 s, doubled for each one that follows, at most a minute."""
MOST_DOUBLINGS = 4


@dataclass(slots=True)
class _State:
    """The state of one endpoint's circuit breaker; times in monotonic seconds."""

    worked: bool = False
    refusals: int = 0
    refusal: tuple[str, Refused] | None = None
    """The vendor's text and what it refuses; not the error, which would keep the traceback of each raise."""
    refused_at: str = ""
    """Time of day of the last refusal."""
    refused_what: Refused = "endpoint"
    """What the last refusal refused."""
    uncounted_refusals: int = 0
    """Number of refusals before the first answer: no failures if the account lacks the endpoint."""
    recalled: bool = False
    """Whether an earlier process found that the account lacks the endpoint."""
    probing: bool = False
    probe_at: float = 0.0
    probe_at_text: str = ""
    probe_after: float = FIRST_PROBE_S
    cool_until: float = 0.0
    throttles: int = 0


class CircuitBreaker:
    """The circuit breakers of all endpoints; safe to use from every thread."""

    def __init__(
        self, quota: Quota, now: Callable[[], float] = time.monotonic, zone: dt.tzinfo = dt.UTC
    ) -> None:
        """Create the circuit breakers.

        Args:
            quota: The quota that attempts count towards.
            now: The monotonic clock.
            zone: The time zone of the times in error messages.
        """
        self._zone = zone
        self._quota = quota
        self._now = now
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def enter(self, endpoint: Endpoint) -> None:
        """Allow one attempt, and count it towards the quota.

        Raises:
            RefusedError: The endpoint is refused, and no probe is due.
            ThrottledError: The endpoint is cooling down.
            QuotaSpentError: No quota is left.
        """
        with self._lock:
            state, now = self._state(endpoint), self._now()
            if state.refusal is not None and now < state.probe_at:
                said, what = state.refusal
                times = (
                    f"refused at {state.refused_at}, asked again at {state.probe_at_text} {self._zone_name()}"
                )
                raise RefusedError(f"{said} ({times})", what, confirmed_refusal=True)
            if now < state.cool_until:
                rest = f"{endpoint} rests for {state.cool_until - now:.0f} s more after a 429: rate limit"
                raise ThrottledError(rest, state.cool_until, was_sent=False)
            self._quota.take(endpoint)
            if state.refusal is not None:
                state.probing = True
                self._open(state, now)

    def succeeded(self, endpoint: Endpoint) -> bool:
        """Record a good reply; return whether it ends a refusal."""
        with self._lock:
            state = self._state(endpoint)
            was_refused = state.refusal is not None
            state.worked = True
            state.refusals = state.throttles = 0
            state.refusal = None
            state.recalled = False
            state.probe_after = FIRST_PROBE_S
            return was_refused

    def refused(self, endpoint: Endpoint, error: RefusedError) -> bool:
        """Record a refusal; return whether the endpoint counts as refused from now on."""
        with self._lock:
            state, now = self._state(endpoint), self._now()
            state.refusals += 1
            state.refused_what = error.what
            if state.refusal is not None:
                if state.probing:  # not an attempt that was in flight when the circuit opened
                    state.probing = False
                    state.probe_after = min(2 * state.probe_after, LAST_PROBE_S)
                    state.refused_at = self._time_of_day()
                    self._open(state, now)
                return False
            if state.refusals < REFUSALS_BELIEVED:
                return False
            state.refusal = str(error), error.what
            state.uncounted_refusals = 0
            state.refused_at = self._time_of_day()
            state.probing = False
            state.probe_after = FIRST_PROBE_S
            self._open(state, now)
            return True

    def excuse(self, endpoint: Endpoint, error: RefusedError) -> bool:
        """Check whether a recorded refusal is no failure, because the account may lack the endpoint.

        If the endpoint answers later, the account has it: `take_excused_refusals` then returns the refusals.
        """
        if endpoint is LIVE or error.what == "address":
            return False
        with self._lock:
            state = self._state(endpoint)
            if state.refusal is None:
                state.uncounted_refusals += not state.worked
                return not state.worked
            return True

    def take_excused_refusals(self, endpoint: Endpoint) -> int:
        """Return and reset the number of excused refusals of an endpoint that has answered since."""
        with self._lock:
            state = self._state(endpoint)
            excused, state.uncounted_refusals = state.uncounted_refusals, 0
            return excused

    def not_in_plan(self) -> list[Endpoint]:
        """Return the endpoints that are known to be outside the account's plan.

        An endpoint that has answered counts from the third refusal in a row, any other from the first. The
        live list never counts: nothing works without it.
        """
        with self._lock:
            return [endpoint for endpoint in ENDPOINTS.values() if self._lacks(endpoint)]

    def recall_not_in_plan(self, paths: Iterable[str]) -> None:
        """Mark the endpoints that the account lacked in an earlier process: for them one refusal is enough.

        They are requested once more, since the plan may have changed.
        """
        with self._lock:
            for path in paths:
                if path in ENDPOINTS and path != LIVE.path:
                    state = self._state(ENDPOINTS[path])
                    state.refusals = REFUSALS_BELIEVED - 1
                    state.recalled = True

    def ask_again(self, answered: Collection[str]) -> list[Endpoint]:
        """Allow attempts on the refused endpoints now, and return those endpoints.

        Args:
            answered: Paths of endpoints that have just answered another process: they are no longer refused.
        """
        with self._lock:
            now = self._now()
            refused = [one for one in ENDPOINTS.values() if self._state(one).refusals]
            for endpoint in refused:
                state = self._state(endpoint)
                state.probe_at, state.probe_after = now, FIRST_PROBE_S
                if endpoint.path in answered:
                    state.refusal = None
                    state.refusals = state.uncounted_refusals = 0
                    state.recalled = False
            return refused

    def is_recalled(self, endpoint: Endpoint) -> bool:
        """Check whether an earlier process found that the account lacks the endpoint."""
        with self._lock:
            return self._state(endpoint).recalled

    def _lacks(self, endpoint: Endpoint) -> bool:
        state, live = self._states.get(endpoint.path), self._states.get(LIVE.path)
        if endpoint is LIVE or state is None or not state.refusals:
            return False
        if state.refusal is None and state.worked:
            return False
        if state.refused_what == "account":  # but the live list answers, so the account itself is accepted
            return live is not None and live.worked and not live.refusals
        return state.refused_what == "endpoint"

    def throttled(self, endpoint: Endpoint, retry_after: float | None) -> float:
        """Record a 429 or a `Retry-After` (seconds); return the end of the cooldown (monotonic seconds)."""
        with self._lock:
            state, now = self._state(endpoint), self._now()
            if retry_after is None:
                if now >= state.cool_until:
                    state.throttles = min(state.throttles + 1, MOST_DOUBLINGS + 1)
                pause = min(FIRST_COOLDOWN_S * 2 ** (state.throttles - 1), DEFAULT_COOLDOWN_MAX_S)
                until = state.cool_until if now < state.cool_until else now + pause
            else:
                until = now + min(retry_after, MAX_COOLDOWN_S) + random.random()
            state.cool_until = max(state.cool_until, until)
            return state.cool_until

    def is_refused(self, endpoint: Endpoint) -> bool:
        """Check whether the endpoint is refused and no probe is due."""
        with self._lock:
            state = self._state(endpoint)
            return state.refusal is not None and self._now() < state.probe_at

    def is_unavailable(self, endpoint: Endpoint) -> bool:
        """Check whether a refusal means that the account lacks the endpoint.

        An endpoint that has answered counts as available until it counts as refused.
        """
        with self._lock:
            state = self._state(endpoint)
            return state.refusal is not None or not state.worked

    def _open(self, state: _State, now: float) -> None:
        """Allow no attempt until the next probe is due."""
        state.probe_at = now + state.probe_after
        state.probe_at_text = self._time_of_day(state.probe_after)

    def _time_of_day(self, in_s: float = 0.0) -> str:
        """Return the time of day `in_s` seconds from now, in the operator's time zone."""
        return f"{dt.datetime.fromtimestamp(time.time() + in_s, self._zone):%H:%M:%S}"

    def _zone_name(self) -> str:
        return dt.datetime.fromtimestamp(time.time(), self._zone).strftime("%Z")

    def _state(self, endpoint: Endpoint) -> _State:
        return self._states.setdefault(endpoint.path, _State())
