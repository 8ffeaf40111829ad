"""Reading final states: the results of matches, confirmed between two cycles."""

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from footy.clock import CLOCK
from footy.events import History
from footy.events.types import Score
from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.thesports import endpoints
from footy.thesports.client import Asker
from footy.thesports.errors import (
    NoSuchRowError,
    OutOfTimeError,
    QuotaSpentError,
    RefusedError,
    StoppedError,
    ThrottledError,
)
from footy.thesports.failure_log import FailureLog
from footy.thesports.models import LiveMatch
from footy.thesports.request import Answer, Priority, Request
from footy.thesports.retry_budget import RetryBudget

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 600.0
LAST_PAUSE_S = 6 * 3600.0
"""Seconds before a match is asked for again that had no result yet, doubling."""
MOST_TRIES = 3
"""How often a match of which nothing is kept is asked for: what has just ended may not be kept yet."""
LEAST_TIME_S = 2.0
"""A slow vendor leaves no time between cycles; then so much of the next one is used."""

_LATER = (OutOfTimeError, QuotaSpentError, StoppedError, ThrottledError)
"""Failures that concern whatever is asked next too."""
_NOTHING: Held[object] = Held(None, None, Source.MISSING)


class ResultReader:
    """Reads final states one after the other, in a thread of its own and between two cycles."""

    def __init__(self, client: Asker) -> None:
        self._client = client
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="results")
        self._running: Future[None] | None = None
        self._lock = threading.Lock()
        self._read: dict[str, History | None] = {}
        self._tries: dict[str, int] = {}
        self._next: dict[str, float] = {}
        """Until when a match is not asked for again, by a clock that nobody sets."""
        self._failures = FailureLog()

    def ask(self, match_ids: Iterable[str], within_s: float) -> None:
        """Begin to read the final states of these matches, unless earlier ones are still being read.

        What the time or the quota does not suffice for is left for the next call.
        """
        if self._running is not None and not self._running.done():
            return
        now = CLOCK.uptime()
        due = [one for one in match_ids if self._next.get(one, 0.0) <= now]
        if due:
            until = time.monotonic() + max(within_s, LEAST_TIME_S)
            self._running = self._executor.submit(self._ask_all, due, until)

    def take(self) -> dict[str, History | None]:
        """Return the final states read since the last call; None for a match that has none to be read."""
        with self._lock:
            read, self._read = self._read, {}
        return read

    def keep(self, match_ids: Iterable[str]) -> None:
        """Forget the tries of all other matches."""
        kept = set(match_ids)
        with self._lock:
            self._tries = {one: count for one, count in self._tries.items() if one in kept}
            self._next = {one: at for one, at in self._next.items() if one in kept}

    def close(self) -> None:
        """End the thread; the caller has stopped the transport before."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _ask_all(self, match_ids: Iterable[str], until: float) -> None:
        budget = RetryBudget(until, failures=self._failures)
        try:
            for match_id in match_ids:
                if not budget.has_time(endpoints.FINAL):
                    break
                request = Request(endpoints.FINAL, match_id, priority=Priority.FINAL)
                if not self._took(self._client.ask(request, budget), match_id):
                    break
        except Exception:
            log.exception("Reading final states failed")
        if (summary := self._failures.end_cycle({endpoints.FINAL})) is not None:
            log.warning(summary)

    def _took(self, answer: Answer[object], match_id: str) -> bool:
        """Keep an answer; return whether to go on asking."""
        value, error = answer.value, answer.error
        if isinstance(value, LiveMatch):
            self._keep(match_id, final_state(value, answer.at or CLOCK.now()))
            return True
        if isinstance(error, NoSuchRowError):
            if self._tries.get(match_id, 0) + 1 >= MOST_TRIES:
                self._keep(match_id, None)
            else:
                self._pause(match_id)
            return True
        if isinstance(error, RefusedError) and error.confirmed_refusal:
            self._keep(match_id, None)
            return True
        if isinstance(error, _LATER):
            return False
        if not isinstance(error, RefusedError):  # of those the third in a row is believed
            self._pause(match_id)
        return True

    def _keep(self, match_id: str, history: History | None) -> None:
        self._pause(match_id)  # should it not be the end of the match yet
        with self._lock:
            self._read[match_id] = history

    def _pause(self, match_id: str) -> None:
        with self._lock:
            tries = self._tries[match_id] = self._tries.get(match_id, 0) + 1
            self._next[match_id] = CLOCK.uptime() + min(FIRST_PAUSE_S * 2 ** (tries - 1), LAST_PAUSE_S)


def final_state(match: LiveMatch, at: float) -> History:
    """Return the final state of a match as a record would show it."""
    state = MatchState(live=Held(match, at, Source.FRESH), detail=_NOTHING, odds=_NOTHING)  # type: ignore[arg-type]
    flattener = Flattener(PriceRules((), (0, 0), 0.0))
    [record] = flattener.records({match.id: state}, References(), at)
    return History(
        status_id=record["status_id"],
        status=record["status"],
        score=_score(record["home_score"], record["away_score"]),
        half_time=_score(record["home_score_ht"], record["away_score_ht"]),
        extra_time=_score(record["home_score_et"], record["away_score_et"]),
        shoot_out=_score(record["home_score_pens"], record["away_score_pens"]),
    )


def _score(home: int | None, away: int | None) -> Score | None:
    return None if home is None or away is None else Score(home, away)
