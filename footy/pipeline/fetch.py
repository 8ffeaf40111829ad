"""Fetch: make the planned requests on the thread pool, and yield the answers as they arrive.

Only the cycle's thread submits requests: each planned one once, and failed ones again as far as the retry
budget allows. So no worker ever waits for another, and two workers never request the same thing.
"""

import contextlib
import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import Protocol

from footy.mirror.answers import Answers, FullOdds, OddsChanges
from footy.mirror.changes import odds_changes
from footy.mirror.inputs import CycleInputs
from footy.mirror.odds_book import digest
from footy.provenance import Source
from footy.reference.lookup import Lookup
from footy.thesports import endpoints, errors
from footy.thesports.client import Asker
from footy.thesports.decoders import PriceChanges
from footy.thesports.endpoints import Endpoint
from footy.thesports.models import Markets, Odds
from footy.thesports.request import Answer, Priority, Request
from footy.thesports.retry_budget import RetryBudget

LONGEST_DEFERRAL_S = 15.0
"""Longest wait, in seconds, after which a throttled request is repeated in the same cycle."""

OF_A_MATCH = frozenset({Priority.DETAIL, Priority.ODDS, Priority.CHECK})
SHARING = (Priority.DETAIL, Priority.REFERENCE, Priority.ODDS)
"""Priorities that share the workers if time is short."""
LOOKED_UP = frozenset({endpoints.TEAM, endpoints.COMPETITION, endpoints.COUNTRIES, endpoints.CATEGORIES})

Arrived = SimpleQueue[Future[Answer[object]] | Answer[object]]
"""Queue of answers: those of the workers, and those that no cycle requested."""
Progress = Callable[[int, int, str], None]
"""Callback for the numbers of requests done and planned, and the way of reading: by page or by id."""


class OddsKeeper(Protocol):
    """Something that keeps all odds: the state has only the few rows that a record can show.

    It is called by the cycle's thread and by the workers, so it must return at once and raise nothing.
    """

    def take_changes(self, reply: OddsChanges, at: float | None) -> None:
        """Take a reply of the feed of odds; `at` is when it arrived, in Unix seconds."""

    def read(self, match_id: str, odds: Odds) -> None:
        """Take all odds of a match."""


@dataclass
class Fetcher:
    """Makes the requests of one cycle."""

    client: Asker
    lookup: Lookup
    executor: Executor
    workers: int
    budget: RetryBudget
    inputs: CycleInputs
    rotation: int | None = None
    """If a number, details, names and odds share the workers, and it decides which of them goes first.
    If None, one priority follows the other, which is faster if there is time for all of them."""
    progress: Progress | None = None
    arrived: Arrived = field(default_factory=SimpleQueue)
    odds_keeper: OddsKeeper | None = None

    def __post_init__(self) -> None:
        self.answers = Answers()
        self.unfinished = False
        """Whether the time ran out before all requests for details, odds and names were sent."""
        self.way = ""
        """The way in which rows are read at the moment, in words."""
        self._most_submitted = 2 * self.workers if self.rotation is None else self.workers
        self._left = dict(self.inputs.left)
        self._seen: set[Request] = set()
        self._repeated: dict[Request, Answer[object]] = {}
        """The first answer to each request that is repeated."""
        self._waiting: dict[Priority, list[tuple[int, Request]]] = {}
        """A heap of waiting requests per priority; without empty heaps."""
        self._in_flight: Counter[Priority] = Counter()
        self._deferred: list[tuple[float, int, Request, Answer[object] | None]] = []
        """Heap of throttled requests by retry time, with their answer if they were sent."""
        self._failed: list[tuple[int, int, Answer[object]]] = []
        """Heap of failed answers whose request may be repeated once no other request waits."""
        self._order = itertools.count()
        self._submitted: dict[Future[Answer[object]], Request] = {}
        self._finished = 0

    def add(self, requests: Iterable[Request]) -> None:
        """Plan these requests unless they are planned already, or their value is in memory.

        A request for a single match is dropped if no quota is left for it; the held value stays.
        """
        for request in requests:
            if request.priority is Priority.CHECK:
                is_read = self.answers.checks.get(request.id, False) or request in self._seen
                self.answers.checks[request.id] = is_read
            if request in self._seen or not self._is_within_quota(request):
                continue
            self._seen.add(request)
            names_it = request.priority in {Priority.REFERENCE_LIST, Priority.REFERENCE}
            if names_it and self.lookup.peek(request) is not None:
                continue
            self.budget.calls += 1
            self._queue(request)

    def left_s(self) -> float:
        """Return the seconds until the deadline."""
        return self.budget.left()

    def answer_s(self, endpoint: Endpoint) -> float:
        """Return the seconds that an answer of an endpoint is expected to take; 0 if nothing is known."""
        return self.budget.answer_within_s(endpoint)

    def _is_within_quota(self, request: Request) -> bool:
        if request.page and (left := self._left.get(request.endpoint)) is not None:
            self._left[request.endpoint] = left - 1
        left = self._left.get(request.endpoint) if request.priority in OF_A_MATCH else None
        if left is not None:
            self._left[request.endpoint] = left - 1
        return left is None or left > 0

    def run(self) -> Iterator[Answer[object]]:
        """Make the planned requests and yield their answers, until none is left or the time is up.

        The caller may plan more meanwhile. Answers that no cycle requested are yielded as they arrive.
        """
        while True:
            # 1. Submit requests: deferred, failed once, waiting.
            self._requeue_deferred()
            yield from self._repeat_failed()
            self._submit()
            if not self._submitted and not self._deferred:
                break
            # 2. Wait for the next answer.
            try:
                arrived = self.arrived.get(timeout=max(0.0, self._pause()))
            except Empty:
                if self.budget.wait_s() > 0:
                    continue
                break
            answer = self._answer_of_worker(arrived)
            # 3. Yield it, unless its request is deferred or repeated.
            if isinstance(arrived, Answer):
                yield arrived
            elif answer is not None and (last := self._final(answer)) is not None:
                yield self._finish(last)
            if self.progress is not None:
                self.progress(self._finished, self.budget.calls, self.way)
        yield from self._drain()
        while self._waiting:  # what the last answers call for
            yield from self._drain()
        yield from self._from_elsewhere()

    def _from_elsewhere(self) -> Iterator[Answer[object]]:
        """Yield the answers from elsewhere that have arrived by now."""
        with contextlib.suppress(Empty):
            while True:
                arrived = self.arrived.get(timeout=0.0)
                if isinstance(arrived, Answer):
                    yield arrived

    def _answer_of_worker(self, arrived: Future[Answer[object]] | Answer[object]) -> Answer[object] | None:
        """Return a worker's answer; None if it belongs to no request of this cycle."""
        request = None if isinstance(arrived, Answer) else self._submitted.pop(arrived, None)
        if request is None or isinstance(arrived, Answer):
            return None
        self._in_flight[request.priority] -= 1
        if arrived.cancelled():
            return _unsent(request, "the cycle's time was up before it was its turn")
        return arrived.result()

    def _requeue_deferred(self) -> None:
        """Requeue the deferred requests that may be sent now."""
        now = self.budget.now()
        while self._deferred and self._deferred[0][0] <= now:
            _, order, request, answer = heapq.heappop(self._deferred)
            if answer is None:
                self._queue(request, order)
            else:
                heapq.heappush(self._failed, (request.priority, order, answer))

    def _submit(self) -> None:
        while self._waiting and len(self._submitted) < self._most_submitted:
            request = self._next()
            future = self.executor.submit(self._ask, request)
            self._submitted[future] = request
            self._in_flight[request.priority] += 1
            future.add_done_callback(self.arrived.put)

    def _queue(self, request: Request, order: int | None = None) -> None:
        """Queue a request among those of its priority."""
        place = next(self._order) if order is None else order
        heapq.heappush(self._waiting.setdefault(request.priority, []), (place, request))

    def _next(self) -> Request:
        """Remove and return the next request."""
        kind = min(self._waiting, key=self._sort_key)
        waiting = self._waiting[kind]
        request = heapq.heappop(waiting)[1]
        if not waiting:
            del self._waiting[kind]
        return request

    def _sort_key(self, kind: Priority) -> tuple[int, int, int]:
        """Return the sort key of a priority; of those that share the workers, the least busy goes first."""
        if self.rotation is None or kind not in SHARING:
            return kind, 0, 0
        return SHARING[0], self._in_flight[kind], (SHARING.index(kind) - self.rotation) % len(SHARING)

    def _repeat_failed(self) -> Iterator[Answer[object]]:
        """Repeat failed requests once no other request waits, and as far as the retry budget allows.

        Retries are limited to a share of the requests made, and by then most of them have been made. A late
        repetition helps against a fault that outlasts several attempts in a row. Yield the failures that are
        not repeated.
        """
        while self._failed and not self._waiting:
            answer = self._failed[0][-1]
            may_retry = self.budget.may_retry(answer.request.endpoint)
            if not may_retry and (self._submitted or self._deferred):
                return
            heapq.heappop(self._failed)
            if may_retry:
                self._queue(answer.request)
            else:
                yield self._finish(answer)

    def _pause(self) -> float:
        left = self.budget.wait_s()
        return min(left, self._deferred[0][0] - self.budget.now()) if self._deferred else left

    def _ask(self, request: Request) -> Answer[object]:
        """Make one request; runs in a worker thread."""
        if request.endpoint in LOOKED_UP and not request.page:
            if request.since is not None:
                return self.lookup.renew(request, self.budget)
            return self.lookup.ask(request, self.budget)
        answer = self.client.ask(request, self.budget)
        match answer.value:
            case PriceChanges() as changes:
                return replace(
                    answer, value=odds_changes(changes, (answer.at or 0.0) + self.inputs.vendor_ahead_s)
                )
            case dict() as odds:
                if self.odds_keeper is not None:
                    self.odds_keeper.read(request.id, odds)
                return replace(answer, value=self._full_odds(request, odds, answer.left_out))
            case _:
                return answer

    def _full_odds(self, request: Request, odds: Odds, left_out: tuple[str, ...]) -> FullOdds:
        book, watermark = digest(odds, self.inputs.early_window, left_out), request.watermark
        if watermark is None:
            return FullOdds(book)
        settled = {
            company: Markets(
                *([row for row in rows if row.at < watermark] for rows in (m.eu, m.asia, m.bs, m.cr))
            )
            for company, m in odds.items()
        }
        return FullOdds(book, digest(settled, self.inputs.early_window))

    def _final(self, answer: Answer[object]) -> Answer[object] | None:
        """Return the final answer to a request; None if the request is deferred or repeated."""
        request, error = answer.request, answer.error
        if error is None:
            return answer
        errors.drop_tracebacks(error)
        if answer.value is not None or request.page:
            return answer
        if isinstance(error, errors.ThrottledError) and self._defer(answer, error):
            return None
        has_time = self.budget.has_time(request.endpoint)
        if error.retryable and request not in self._repeated and has_time:
            self._repeated[request] = answer
            heapq.heappush(self._failed, (request.priority, next(self._order), answer))
            return None
        return self._or_first(answer)

    def _or_first(self, answer: Answer[object]) -> Answer[object]:
        """Return the first answer to a request if its repetition was not sent, otherwise this one."""
        error, first = answer.error, self._repeated.get(answer.request)
        if first is None or error is None or error.was_sent:
            return answer
        self.budget.give_back()
        return first if isinstance(error, errors.QuotaSpentError) or errors.is_unsent(error) else answer

    def _finish(self, answer: Answer[object]) -> Answer[object]:
        """Record the final answer to a request, and return it."""
        self._finished += 1
        self.answers.add(answer)
        if answer.error is not None and answer.request.priority in SHARING:
            self.unfinished |= errors.is_unsent(answer.error)
        return answer

    def _defer(self, answer: Answer[object], error: errors.ThrottledError) -> bool:
        """Defer a throttled request until its endpoint may be asked again; return False if too late."""
        request = answer.request
        left = self.budget.left(request.endpoint)
        if error.retry_at - self.budget.now() > min(LONGEST_DEFERRAL_S, left):
            return False
        sent = answer if error.was_sent else None
        heapq.heappush(self._deferred, (error.retry_at, next(self._order), request, sent))
        return True

    def _drain(self) -> Iterator[Answer[object]]:
        """Yield what the aborted attempts still answer; then fail all other requests as out of time."""
        end = self.budget.now() + self.budget.grace_s
        for future in self._submitted:
            future.cancel()
        while self._submitted and (left := end - self.budget.now()) > 0:
            try:
                arrived = self.arrived.get(timeout=left)
            except Empty:
                break
            if isinstance(arrived, Answer):
                yield arrived
            elif (answer := self._answer_of_worker(arrived)) is not None:
                yield self._finish_late(self._or_first(answer))
        rest = [request for waiting in self._waiting.values() for _, request in waiting]
        rest += [request for _, _, request, _ in self._deferred]
        late = [answer for _, _, answer in self._failed]
        late += [self._or_first(_unsent(request, "the cycle's time was up")) for request in rest]
        late += [
            self._repeated.get(request) or _unsent(request, "the cycle's time was up")
            for request in self._submitted.values()  # they may have been sent
        ]
        for left_over in (self._failed, self._in_flight, self._waiting, self._deferred, self._submitted):
            left_over.clear()
        for answer in late:
            yield self._finish_late(answer)

    def _finish_late(self, answer: Answer[object]) -> Answer[object]:
        if isinstance(answer.error, errors.ThrottledError):
            answer = replace(answer, error=errors.OutOfTimeError(str(answer.error)))
        return self._finish(answer)


def _unsent(request: Request, why: str) -> Answer[object]:
    return Answer(request, error=errors.OutOfTimeError(why), source=Source.MISSING)
