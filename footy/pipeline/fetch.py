"""Gather: make the calls of the plan on the pool of workers, and those that their answers call for.

The cycle's thread alone submits, each key once per cycle, so no worker ever waits for another and two workers
never ask for the same thing.
"""

import heapq
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any

from footy.mirror.answers import FullOdds, Gathered
from footy.mirror.changes import odds_changes
from footy.mirror.odds_book import digest
from footy.mirror.state import Held, Source
from footy.pipeline import plan
from footy.pipeline.plan import Call
from footy.reference.lookup import Key, Reference
from footy.thesports import endpoints
from footy.thesports.client import Client, Fetched
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import (
    OutOfTimeError,
    QuotaSpentError,
    RefusedError,
    StoppedError,
    ThrottledError,
    VendorError,
    drop_tracebacks,
)
from footy.thesports.models import Markets, Odds
from footy.thesports.retry_budget import RetryBudget

log = logging.getLogger(__name__)

LONGEST_DEFERRAL_S = 15.0
"""A throttled call is made again in the same cycle only where it need not wait longer than this."""

OF_A_MATCH = frozenset({plan.Value.DETAIL, plan.Value.ODDS, plan.Value.CHECK})
SHARING = (plan.Value.DETAIL, plan.Value.REFERENCE, plan.Value.ODDS)
"""Kinds of calls that share the workers where time is short."""

Progress = Callable[[int, int], None]
"""Is told the calls done and the calls planned."""


class Fetcher:
    """Makes the calls of one cycle."""

    def __init__(
        self,
        client: Client,
        reference: Reference,
        executor: Executor,
        *,
        gathered: Gathered,
        workers: int,
        early_window: tuple[int, int],
        budget: RetryBudget,
        left: Mapping[Endpoint, int | None],
        vendor_ahead_s: float = 0.0,
        shared_from: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Take, among others, what is left of the quotas, and how the kinds of calls share the workers.

        `left` is the calls left by endpoint; None, or absent, is no limit. With a number in `shared_from`,
        details, names and odds share the workers, and which of them goes first changes with that number.
        With None one kind follows the other, which is quicker if there is time for all of them.
        """
        self.gathered = gathered
        self._client = client
        self._reference = reference
        self._executor = executor
        self._most_submitted = 2 * workers if shared_from is None else workers
        self._shared_from = shared_from
        self._early_window = early_window
        self._budget = budget
        self._left = dict(left)
        self._vendor_ahead_s = vendor_ahead_s
        self._progress = progress
        self._seen: set[Key] = set()
        self._repeated: dict[Key, Any] = {}
        """What came of the first asking of what is asked once more."""
        self._waiting: dict[plan.Value, list[tuple[int, Call]]] = {}
        """A heap for each kind of which a call waits."""
        self._in_flight: Counter[plan.Value] = Counter()
        self._deferred: list[tuple[float, int, Call, Any]] = []
        """With what came of it, where it was sent."""
        self._failed: list[tuple[int, int, Call, Any]] = []
        """What may be asked once more, when no other call waits; with what came of it."""
        self._order = itertools.count()
        self._submitted: dict[Future[Any], Call] = {}
        self._done: SimpleQueue[Future[Any]] = SimpleQueue()
        self._finished = 0

    def add(self, calls: Iterable[Call]) -> None:
        """Plan these calls too, unless they have been; what the memo holds needs none.

        Of those for a single match, none is planned that the quota cannot serve; what is held is kept.
        """
        for call in calls:
            if call.value is plan.Value.CHECK:
                is_read = self.gathered.checks.get(call.key.id, False) or call.key in self._seen
                self.gathered.checks[call.key.id] = is_read
            if call.key in self._seen or not self._is_served(call):
                continue
            self._seen.add(call.key)
            if call.value in {plan.Value.NAMES, plan.Value.REFERENCE}:
                known = self._reference.peek(call.key)
                if known is not None:
                    self.gathered.references[call.key] = known
                    continue
            self._budget.calls += 1
            self._wait(call)

    def _is_served(self, call: Call) -> bool:
        left = self._left.get(call.key.endpoint) if call.value in OF_A_MATCH else None
        if left is not None:
            self._left[call.key.endpoint] = left - 1
        return left is None or left > 0

    def run(self, on_answer: Callable[[Call], Iterable[Call]]) -> Gathered:
        """Make all calls planned so far, until none is left or the time is up; more may be added then.

        `on_answer` is told each call whose answer has come, successful or not, and gives the calls that it
        calls for.
        """
        while True:
            self._bring_back()
            self.retry_refused(on_answer)
            self._submit()
            if not self._submitted and not self._deferred:
                break
            try:
                finished = self._done.get(timeout=max(0.0, self._pause()))
            except Empty:
                if self._budget.wait_s() > 0:
                    continue
                break
            call = self._submitted.pop(finished, None)
            if call is None:
                continue
            self._in_flight[call.value] -= 1
            if self._take(call, finished.result()):
                self.add(on_answer(call))
            if self._progress is not None:
                self._progress(self._finished, self._budget.calls)
        self._drain()
        return self.gathered

    def _bring_back(self) -> None:
        """Take up what was put off and may be asked now."""
        now = self._budget.now()
        while self._deferred and self._deferred[0][0] <= now:
            _, order, call, answer = heapq.heappop(self._deferred)
            if answer is None:
                self._wait(call, order)
            else:
                heapq.heappush(self._failed, (call.value, order, call, answer))

    def _submit(self) -> None:
        while self._waiting and len(self._submitted) < self._most_submitted:
            call = self._next()
            future = self._executor.submit(self._ask, call)
            self._submitted[future] = call
            self._in_flight[call.value] += 1
            future.add_done_callback(self._done.put)

    def _wait(self, call: Call, order: int | None = None) -> None:
        """Let a call wait for its turn among those of its kind."""
        place = next(self._order) if order is None else order
        heapq.heappush(self._waiting.setdefault(call.value, []), (place, call))

    def _next(self) -> Call:
        """Take the call whose turn it is."""
        kind = min(self._waiting, key=self._turn)
        waiting = self._waiting[kind]
        call = heapq.heappop(waiting)[1]
        if not waiting:
            del self._waiting[kind]
        return call

    def _turn(self, kind: plan.Value) -> tuple[int, int, int]:
        """Order the kinds: by their value, or where they share the workers, the one with the fewest first."""
        if self._shared_from is None or kind not in SHARING:
            return kind, 0, 0
        return SHARING[0], self._in_flight[kind], (SHARING.index(kind) - self._shared_from) % len(SHARING)

    def retry_refused(self, on_answer: Callable[[Call], Iterable[Call]]) -> None:
        """Make what failed once more, when no other call waits and as far as the retries go.

        Retries may be a share of the calls made, and by then most have been. It helps where attempts in a row
        did not outlast what went wrong, and where a body was not usable.
        """
        while self._failed and not self._waiting:
            _, _, call, answer = self._failed[0]
            if self._budget.may_retry(call.key.endpoint):
                self._wait(call)
            elif self._submitted or self._deferred:
                return
            else:
                self._finish(call, answer)
                self.add(on_answer(call))
            heapq.heappop(self._failed)

    def _pause(self) -> float:
        left = self._budget.wait_s()
        return min(left, self._deferred[0][0] - self._budget.now()) if self._deferred else left

    def _ask(self, call: Call) -> Any:  # noqa: PLR0911 - a line for each endpoint
        """Make one call, in a worker; give what came of it."""
        key, client, budget = call.key, self._client, self._budget
        try:
            match key.endpoint:
                case endpoints.LIVE:
                    return client.live(budget)
                case endpoints.DETAIL if key.since is not None:
                    return client.details_since(key.since, budget)
                case endpoints.DETAIL:
                    return client.detail(key.id, budget)
                case endpoints.ODDS:
                    reply = client.odds(key.id, budget)
                    return Fetched(self._reading(reply, call.watermark), reply.at)
                case endpoints.ODDS_LIVE:
                    listed = client.odds_changes(budget)
                    changes = odds_changes(listed.value, listed.at + self._vendor_ahead_s)
                    return Fetched(changes, listed.at, listed.left_out, listed.unreadable)
                case endpoints.ODDS_UPDATE:
                    return client.odds_updates(budget)
                case endpoints.DELETED:
                    return client.deleted(budget)
                case _ if key.since is not None:
                    return self._reference.renew(key.endpoint, key.since, budget)
                case _:
                    return self._reference.get(key, budget)
        except VendorError as error:
            return error

    def _reading(self, reply: Fetched[Odds], watermark: int | None) -> FullOdds:
        odds = reply.value
        quotes = digest(odds, self._early_window, reply.left_out)
        if watermark is None:
            return FullOdds(quotes)
        settled = {
            company: Markets(
                *([row for row in rows if row.at < watermark] for rows in (m.eu, m.asia, m.bs, m.cr))
            )
            for company, m in odds.items()
        }
        return FullOdds(quotes, digest(settled, self._early_window))

    def _take(self, call: Call, answer: Any) -> bool:
        """Note an answer; tell whether it is one, or the call has been put off."""
        held, error = answer if isinstance(answer, tuple) else (answer, answer)
        if isinstance(error, VendorError):
            drop_tracebacks(error)
        if isinstance(error, VendorError) and (held is error or held.value is None):
            if isinstance(error, ThrottledError) and self._defer(call, answer, error):
                return False
            has_time = self._budget.has_time(call.key.endpoint)
            if error.retryable and call.key not in self._repeated and has_time:
                self._repeated[call.key] = answer
                heapq.heappush(self._failed, (call.value, next(self._order), call, answer))
                return False
            if isinstance(error, QuotaSpentError) or _is_unsent(error):
                answer = self._repeated.get(call.key, answer)
        self._finish(call, answer)
        return True

    def _finish(self, call: Call, answer: Any) -> None:
        """Note what came of a call in the end."""
        key = call.key
        error = answer if isinstance(answer, VendorError) else None
        if isinstance(answer, tuple):
            answer, error = answer
        self._finished += 1
        if call.value is plan.Value.CHECK and not (isinstance(error, OutOfTimeError) and not error.was_sent):
            self.gathered.checks[key.id] = True
        if error is not None and call.value is plan.Value.CHECK:
            return  # what was to be compared is held all the same
        if error is not None:
            self._note(key.endpoint, error)
            self.gathered.unfinished |= _is_unsent(error) and call.value in SHARING
            if isinstance(error, RefusedError) and not error.confirmed_refusal:
                self.gathered.unconfirmed_refusals.add(key)
        if call.value in {plan.Value.LIVE, plan.Value.FEED}:
            self.gathered.answers[key] = answer
        elif key.endpoint is endpoints.DETAIL:
            self.gathered.details[key.id] = answer
        elif key.endpoint is endpoints.ODDS:
            self.gathered.odds[key.id] = answer
        else:
            self.gathered.references[key] = answer

    def _defer(self, call: Call, answer: Any, error: ThrottledError) -> bool:
        """Put a throttled call off until its endpoint may be asked again, where that is soon."""
        left = self._budget.left(call.key.endpoint)
        if error.retry_at - self._budget.now() > min(LONGEST_DEFERRAL_S, left):
            return False
        sent = answer if error.was_sent else None
        heapq.heappush(self._deferred, (error.retry_at, next(self._order), call, sent))
        return True

    def _note(self, endpoint: Endpoint, error: VendorError) -> None:
        if not isinstance(error, StoppedError):
            refused = isinstance(error, RefusedError)
            reasons = self.gathered.refusals if refused else self.gathered.failures
            reasons.setdefault(endpoint, Counter())[str(error)] += 1

    def _drain(self) -> None:
        """Take what the cut attempts still answer; what is left then counts as out of time."""
        end = self._budget.now() + self._budget.grace_s
        for future in self._submitted:
            future.cancel()
        while self._submitted and (left := end - self._budget.now()) > 0:
            try:
                finished = self._done.get(timeout=left)
            except Empty:
                break
            call = self._submitted.pop(finished, None)
            if call is None:
                continue
            late = OutOfTimeError("the cycle's time was up before it was its turn")
            self._finish_late(call, late if finished.cancelled() else finished.result())
        for _, _, call, answer in self._failed:
            self._finish_late(call, answer)
        late = OutOfTimeError("the cycle's time was up")
        rest = [call for waiting in self._waiting.values() for _, call in waiting]
        rest += [call for _, _, call, _ in self._deferred]
        rest += self._submitted.values()
        self._failed.clear()
        self._in_flight.clear()
        self._waiting.clear()
        self._deferred.clear()
        self._submitted.clear()
        for call in rest:
            self._finish_late(call, late)

    def _finish_late(self, call: Call, answer: Any) -> None:
        if isinstance(answer, ThrottledError):
            answer = OutOfTimeError(str(answer))
        if isinstance(answer, VendorError) and call.value in {plan.Value.NAMES, plan.Value.REFERENCE}:
            answer = (Held(None, None, Source.MISSING), answer)
        self._finish(call, answer)


def _is_unsent(error: VendorError) -> bool:
    """Check whether a call was not sent because the cycle's time was up: it is the next cycle's."""
    return isinstance(error, OutOfTimeError) and not error.was_sent
