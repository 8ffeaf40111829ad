"""Fetch: make the requests of the plan on the pool of workers, and yield the answers as they come.

The cycle's thread alone submits, each request once per cycle, so no worker ever waits for another and two
workers never ask for the same thing.
"""

import contextlib
import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from queue import Empty, SimpleQueue

from footy.mirror.answers import Answers, FullOdds
from footy.mirror.changes import odds_changes
from footy.mirror.inputs import CycleInputs
from footy.mirror.odds_book import digest
from footy.provenance import Source
from footy.reference.lookup import Lookup
from footy.thesports import endpoints, errors
from footy.thesports.client import Asker
from footy.thesports.decoders import PriceChanges
from footy.thesports.models import Markets, Odds
from footy.thesports.request import Answer, Priority, Request
from footy.thesports.retry_budget import RetryBudget

LONGEST_DEFERRAL_S = 15.0
"""A throttled request is made again in the same cycle only if it need not wait longer than this."""

OF_A_MATCH = frozenset({Priority.DETAIL, Priority.ODDS, Priority.CHECK})
SHARING = (Priority.DETAIL, Priority.REFERENCE, Priority.ODDS)
"""Kinds of requests that share the workers if time is short."""
LOOKED_UP = frozenset({endpoints.TEAM, endpoints.COMPETITION, endpoints.COUNTRIES, endpoints.CATEGORIES})

Arrived = SimpleQueue[Future[Answer[object]] | Answer[object]]
"""Where answers arrive: those of the workers, and those from elsewhere."""
Progress = Callable[[int, int], None]
"""Is called with the requests done and the requests planned."""


class Fetcher:
    """Makes the requests of one cycle."""

    def __init__(
        self,
        client: Asker,
        lookup: Lookup,
        executor: Executor,
        *,
        workers: int,
        budget: RetryBudget,
        inputs: CycleInputs,
        shared_from: int | None = None,
        progress: Progress | None = None,
        arrived: Arrived | None = None,
    ) -> None:
        """Take, among others, how the kinds of requests share the workers.

        With a number in `shared_from`, details, names and odds share the workers, and which of them goes
        first changes with that number. With None one kind follows the other, which is quicker if there is
        time for all of them.
        """
        self.answers = Answers()
        self.unfinished = False
        """Whether the time was up before all requests for details, odds and names were sent."""
        self._client = client
        self._lookup = lookup
        self._executor = executor
        self._most_submitted = 2 * workers if shared_from is None else workers
        self._shared_from = shared_from
        self._early_window = inputs.early_window
        self._budget = budget
        self._left = dict(inputs.left)
        self._vendor_ahead_s = inputs.vendor_ahead_s
        self._progress = progress
        self._seen: set[Request] = set()
        self._repeated: dict[Request, Answer[object]] = {}
        """The first answer to what is asked once more."""
        self._waiting: dict[Priority, list[tuple[int, Request]]] = {}
        """A heap for each kind of which a request waits."""
        self._in_flight: Counter[Priority] = Counter()
        self._deferred: list[tuple[float, int, Request, Answer[object] | None]] = []
        """With the answer, if it was sent."""
        self._failed: list[tuple[int, int, Answer[object]]] = []
        """What may be asked once more when no other request waits, by its answer."""
        self._order = itertools.count()
        self._submitted: dict[Future[Answer[object]], Request] = {}
        self._arrived = arrived or SimpleQueue()
        self._finished = 0

    def add(self, requests: Iterable[Request]) -> None:
        """Plan these requests too, unless they have been; what is in memory needs none.

        Of those for a single match, none is planned that the quota cannot serve; what is held is kept.
        """
        for request in requests:
            if request.priority is Priority.CHECK:
                is_read = self.answers.checks.get(request.id, False) or request in self._seen
                self.answers.checks[request.id] = is_read
            if request in self._seen or not self._is_served(request):
                continue
            self._seen.add(request)
            names_it = request.priority in {Priority.NAMES, Priority.REFERENCE}
            if names_it and self._lookup.peek(request) is not None:
                continue
            self._budget.calls += 1
            self._wait(request)

    def _is_served(self, request: Request) -> bool:
        left = self._left.get(request.endpoint) if request.priority in OF_A_MATCH else None
        if left is not None:
            self._left[request.endpoint] = left - 1
        return left is None or left > 0

    def run(self) -> Iterator[Answer[object]]:
        """Make all requests planned so far and yield their answers, until none is left or the time is up.

        More may be planned meanwhile. Answers from elsewhere are yielded as they arrive.
        """
        while True:
            # 1. What was put off, what failed once, what waits.
            self._bring_back()
            yield from self._ask_again()
            self._submit()
            if not self._submitted and not self._deferred:
                break
            # 2. The next answer.
            try:
                arrived = self._arrived.get(timeout=max(0.0, self._pause()))
            except Empty:
                if self._budget.wait_s() > 0:
                    continue
                break
            answer = self._taken(arrived)
            # 3. It counts, or its request is put off or made again.
            if isinstance(arrived, Answer):
                yield arrived
            elif answer is not None and (last := self._judged(answer)) is not None:
                yield self._finish(last)
            if self._progress is not None:
                self._progress(self._finished, self._budget.calls)
        yield from self._drain()
        yield from self._from_elsewhere()

    def _from_elsewhere(self) -> Iterator[Answer[object]]:
        """Yield the answers from elsewhere that have arrived by now."""
        with contextlib.suppress(Empty):
            while True:
                arrived = self._arrived.get(timeout=0.0)
                if isinstance(arrived, Answer):
                    yield arrived

    def _taken(self, arrived: Future[Answer[object]] | Answer[object]) -> Answer[object] | None:
        """Return a worker's answer; None if it is not one of this cycle's."""
        request = None if isinstance(arrived, Answer) else self._submitted.pop(arrived, None)
        if request is None or isinstance(arrived, Answer):
            return None
        self._in_flight[request.priority] -= 1
        if arrived.cancelled():
            return _unasked(request, "the cycle's time was up before it was its turn")
        return arrived.result()

    def _bring_back(self) -> None:
        """Take up what was put off and may be asked now."""
        now = self._budget.now()
        while self._deferred and self._deferred[0][0] <= now:
            _, order, request, answer = heapq.heappop(self._deferred)
            if answer is None:
                self._wait(request, order)
            else:
                heapq.heappush(self._failed, (request.priority, order, answer))

    def _submit(self) -> None:
        while self._waiting and len(self._submitted) < self._most_submitted:
            request = self._next()
            future = self._executor.submit(self._ask, request)
            self._submitted[future] = request
            self._in_flight[request.priority] += 1
            future.add_done_callback(self._arrived.put)

    def _wait(self, request: Request, order: int | None = None) -> None:
        """Let a request wait for its turn among those of its kind."""
        place = next(self._order) if order is None else order
        heapq.heappush(self._waiting.setdefault(request.priority, []), (place, request))

    def _next(self) -> Request:
        """Take the request whose turn it is."""
        kind = min(self._waiting, key=self._turn)
        waiting = self._waiting[kind]
        request = heapq.heappop(waiting)[1]
        if not waiting:
            del self._waiting[kind]
        return request

    def _turn(self, kind: Priority) -> tuple[int, int, int]:
        """Order the kinds by priority; of those that share the workers, the least busy one goes first."""
        if self._shared_from is None or kind not in SHARING:
            return kind, 0, 0
        return SHARING[0], self._in_flight[kind], (SHARING.index(kind) - self._shared_from) % len(SHARING)

    def _ask_again(self) -> Iterator[Answer[object]]:
        """Ask once more for what failed, when no other request waits and as far as the retries go.

        Retries may be a share of the requests made, and by then most have been. It helps if attempts in a row
        did not outlast what went wrong.
        """
        while self._failed and not self._waiting:
            answer = self._failed[0][-1]
            may_retry = self._budget.may_retry(answer.request.endpoint)
            if not may_retry and (self._submitted or self._deferred):
                return
            heapq.heappop(self._failed)
            if may_retry:
                self._wait(answer.request)
            else:
                yield self._finish(answer)

    def _pause(self) -> float:
        left = self._budget.wait_s()
        return min(left, self._deferred[0][0] - self._budget.now()) if self._deferred else left

    def _ask(self, request: Request) -> Answer[object]:
        """Make one request, in a worker."""
        if request.endpoint in LOOKED_UP:
            if request.since is not None:
                return self._lookup.renew(request, self._budget)
            return self._lookup.ask(request, self._budget)
        answer = self._client.ask(request, self._budget)
        match answer.value:
            case PriceChanges() as changes:
                return replace(answer, value=odds_changes(changes, (answer.at or 0.0) + self._vendor_ahead_s))
            case dict() as odds:
                return replace(answer, value=self._full_odds(request, odds, answer.left_out))
            case _:
                return answer

    def _full_odds(self, request: Request, odds: Odds, left_out: tuple[str, ...]) -> FullOdds:
        book, watermark = digest(odds, self._early_window, left_out), request.watermark
        if watermark is None:
            return FullOdds(book)
        settled = {
            company: Markets(
                *([row for row in rows if row.at < watermark] for rows in (m.eu, m.asia, m.bs, m.cr))
            )
            for company, m in odds.items()
        }
        return FullOdds(book, digest(settled, self._early_window))

    def _judged(self, answer: Answer[object]) -> Answer[object] | None:
        """Return the answer that counts; None if its request is put off or made once more."""
        request, error = answer.request, answer.error
        if error is None:
            return answer
        errors.drop_tracebacks(error)
        if answer.value is not None:
            return answer
        if isinstance(error, errors.ThrottledError) and self._defer(answer, error):
            return None
        has_time = self._budget.has_time(request.endpoint)
        if error.retryable and request not in self._repeated and has_time:
            self._repeated[request] = answer
            heapq.heappush(self._failed, (request.priority, next(self._order), answer))
            return None
        if isinstance(error, errors.QuotaSpentError) or _is_unsent(error):
            return self._repeated.get(request, answer)
        return answer

    def _finish(self, answer: Answer[object]) -> Answer[object]:
        """Note the last answer to a request, and return it."""
        self._finished += 1
        self.answers.add(answer)
        if answer.error is not None and answer.request.priority in SHARING:
            self.unfinished |= _is_unsent(answer.error)
        return answer

    def _defer(self, answer: Answer[object], error: errors.ThrottledError) -> bool:
        """Put a throttled request off until its endpoint may be asked again, if that is soon."""
        request = answer.request
        left = self._budget.left(request.endpoint)
        if error.retry_at - self._budget.now() > min(LONGEST_DEFERRAL_S, left):
            return False
        sent = answer if error.was_sent else None
        heapq.heappush(self._deferred, (error.retry_at, next(self._order), request, sent))
        return True

    def _drain(self) -> Iterator[Answer[object]]:
        """Take what the aborted attempts still answer; what is left then counts as out of time."""
        end = self._budget.now() + self._budget.grace_s
        for future in self._submitted:
            future.cancel()
        while self._submitted and (left := end - self._budget.now()) > 0:
            try:
                arrived = self._arrived.get(timeout=left)
            except Empty:
                break
            if isinstance(arrived, Answer):
                yield arrived
            elif (answer := self._taken(arrived)) is not None:
                yield self._finish_late(answer)
        rest = [request for waiting in self._waiting.values() for _, request in waiting]
        rest += [request for _, _, request, _ in self._deferred]
        rest += self._submitted.values()
        late = [answer for _, _, answer in self._failed]
        late += [_unasked(request, "the cycle's time was up") for request in rest]
        for left_over in (self._failed, self._in_flight, self._waiting, self._deferred, self._submitted):
            left_over.clear()
        for answer in late:
            yield self._finish_late(answer)

    def _finish_late(self, answer: Answer[object]) -> Answer[object]:
        if isinstance(answer.error, errors.ThrottledError):
            answer = replace(answer, error=errors.OutOfTimeError(str(answer.error)))
        return self._finish(answer)


def _unasked(request: Request, why: str) -> Answer[object]:
    return Answer(request, error=errors.OutOfTimeError(why), source=Source.MISSING)


def _is_unsent(error: errors.VendorError) -> bool:
    """Check whether a request was not sent because the cycle's time was up: it is the next cycle's."""
    return isinstance(error, errors.OutOfTimeError) and not error.was_sent
