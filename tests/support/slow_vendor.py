"""A slow vendor on a simulated clock, so that an hour of cycles takes a moment."""

import heapq
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty
from typing import Any, cast

from msgspec.json import encode

from footy.mirror.inputs import CycleInputs
from footy.mirror.joins import held_details, references_for
from footy.mirror.merge import end_cycle, merge
from footy.mirror.state import State
from footy.pipeline.fetch import Arrived, Fetcher
from footy.pipeline.pace import Pace
from footy.pipeline.pages import KnownLists
from footy.pipeline.rounds import Rounds
from footy.records.selection import Selection
from footy.reference.lookup import Lookup
from footy.thesports import endpoints
from footy.thesports.decoders import (
    DetailChanges,
    LiveList,
    OddsUpdates,
    Page,
    PriceChanges,
    ReferenceReply,
)
from footy.thesports.endpoints import ENDPOINTS, Endpoint
from footy.thesports.errors import OutOfTimeError, QuotaSpentError, TimedOutError, VendorError
from footy.thesports.models import (
    Competition,
    Country,
    Deleted,
    Detail,
    LiveMatch,
    LiveScore,
    SideScore,
    Team,
)
from footy.thesports.quota import WindowQuota
from footy.thesports.request import LIVE_LIST, Answer, Request
from footy.thesports.retry_budget import RetryBudget

WINDOW = (2, 6)
HANGS = math.inf
STARTED_AT = 1_800_000_000.0


class Clock:
    """Time as events move it: a heap of what happens when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, moment: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), act))

    def wall(self) -> float:
        return STARTED_AT + self.now

    def advance_to_next(self, latest: float) -> bool:
        """Let the next event happen, if it is not later than this; otherwise go there."""
        if not self._events or self._events[0][0] > latest:
            self.now = max(self.now, latest)
            return False
        moment, _, act = heapq.heappop(self._events)
        self.now = max(self.now, moment)
        act()
        return True


class Workers(Executor):
    """Workers whose calls take as long as the vendor says, on that clock."""

    def __init__(self, clock: Clock, count: int) -> None:
        self._clock = clock
        self._free = count
        self._queue: deque[tuple[Future[Any], Callable[[Any], Any], Any]] = deque()
        self.took = 0.0
        """Set by the vendor: seconds that the call in hand takes."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._queue.append((future, fn, args[0]))
        self._start()
        return future

    def _start(self) -> None:
        while self._free and self._queue:
            future, fn, call = self._queue.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            self._free -= 1
            self.took = 0.0
            answer = fn(call)
            self._clock.at(self._clock.now + self.took, partial(self._end, future, answer))

    def _end(self, future: Future[Any], answer: Any) -> None:
        self._free += 1
        future.set_result(answer)
        self._start()


class Done:
    """The queue that a gatherer waits at; waiting moves the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._items: deque[Future[Any]] = deque()

    def put(self, item: Future[Any]) -> None:
        self._items.append(item)

    def get(self, timeout: float) -> Future[Any]:
        latest = self._clock.now + timeout
        while not self._items:
            if not self._clock.advance_to_next(latest):
                raise Empty
        return self._items.popleft()


class Vendor:
    """Answers like a client; each call takes its endpoint's latency, and spends its quota."""

    def __init__(
        self,
        matches: int,
        latency: Callable[[Endpoint], float],
        *,
        timeout_s: float = 10.0,
        quotas: bool = False,
    ) -> None:
        self.clock = Clock()
        self.workers: Workers
        self.latency = latency
        self.timeout_s = timeout_s
        self.asked: list[tuple[Endpoint, str]] = []
        self.answered: Counter[Endpoint] = Counter()
        self._quotas = quotas
        self._sent: dict[Endpoint, deque[float]] = {}
        self.matches = {one.id: one for one in map(_match, range(matches))}

    def list_more(self, count: int) -> None:
        """Let so many more matches be listed."""
        first = len(self.matches)
        self.matches |= {one.id: one for one in map(_match, range(first, first + count))}

    def left(self, endpoint: Endpoint) -> int | None:
        if not self._quotas or endpoint.quota is None:
            return None
        sent = self._sent.setdefault(endpoint, deque())
        while sent and sent[0] <= self.clock.now - endpoint.quota.seconds - 2:
            sent.popleft()
        return endpoint.quota.calls - len(sent)

    def ask(self, request: Request, budget: RetryBudget) -> Answer[object]:
        endpoint = request.endpoint
        if not budget.has_time(endpoint):
            return Answer(request, error=OutOfTimeError("the cycle's time is up"))
        if self.left(endpoint) == 0:
            return Answer(request, error=QuotaSpentError("the quota is spent"))
        self._sent.setdefault(endpoint, deque()).append(self.clock.now)
        budget.sent()
        self.asked.append((endpoint, request.id))
        left = budget.left(endpoint)
        limit_s = min(self.timeout_s, request.within_s or self.timeout_s)
        self.workers.took = takes = min(self.latency(endpoint), limit_s, left)
        if takes < self.latency(endpoint):
            was_cut = left < limit_s
            error = OutOfTimeError("cut", was_sent=True) if was_cut else TimedOutError("no reply")
            return Answer(request, error=error)
        budget.answered(endpoint, takes)
        self.answered[endpoint] += 1
        return Answer(request, self._value(request), self.clock.wall() + takes)

    def _value(self, request: Request) -> object:
        row_id = request.id
        if request.page:
            return self._page(request)
        kinds: Mapping[Endpoint, Callable[[], object]] = {
            endpoints.LIVE: lambda: LiveList(dict(self.matches)),
            endpoints.DETAIL: lambda: DetailChanges([]) if request.since is not None else _detail(row_id),
            endpoints.ODDS: dict,
            endpoints.ODDS_LIVE: lambda: PriceChanges([]),
            endpoints.ODDS_UPDATE: lambda: OddsUpdates({}),
            endpoints.DELETED: Deleted,
            endpoints.TEAM: lambda: ReferenceReply(b"", Team(row_id, name=row_id)),
            endpoints.COMPETITION: lambda: ReferenceReply(
                b"", Competition(row_id, name=row_id, country_id="x")
            ),
        }
        of_list = lambda: ReferenceReply(b"", {"x": Country("x", "X")})  # noqa: E731 - as those above
        return kinds.get(request.endpoint, of_list)()

    def _page(self, request: Request) -> Page:
        """Return the page with all rows of an endpoint, or an empty one after it."""
        details = [_detail(one) for one in self.matches] if request.page == 1 else []
        if request.endpoint is endpoints.DETAIL:
            return Page(details, len(details), int(STARTED_AT) - 1000, tuple(one.id for one in details))
        of_teams = request.endpoint is endpoints.TEAM
        ids = dict.fromkeys(
            row_id
            for one in details
            for row_id in ([one.home_team_id, one.away_team_id] if of_teams else [one.competition_id])
        )
        kind = Team if of_teams else Competition
        return Page([encode(kind(one or "", name=one)) for one in ids], len(ids), 0, tuple(ids))


def _detail(match_id: str) -> Detail:
    number = int(match_id[1:])
    return Detail(
        match_id,
        home_team_id=f"h{number}",
        away_team_id=f"a{number}",
        competition_id=f"c{number // 2}",
        updated_at=int(STARTED_AT) - 1000,
    )


def _match(number: int) -> LiveMatch:
    """Make up a match in play; each fifth is finished."""
    match_id = f"m{number:03}"
    return LiveMatch(match_id, LiveScore(match_id, 8 if number % 5 == 4 else 2, SideScore(), SideScore()))


class Following:
    """Cycles that follow one another at an interval, as the service runs them."""

    def __init__(
        self,
        vendor: Vendor,
        interval_s: float,
        *,
        delta: bool,
        workers: int = 30,
        selection: Selection | None = None,
    ) -> None:
        self.vendor = vendor
        self.state = State()
        self.pace = Pace(interval_s, vendor.timeout_s)
        self.lists = KnownLists()
        self.live_error: VendorError | None = None
        self.asked: list[tuple[Endpoint, str]] = []
        """What the last cycle asked for."""
        self.took_s = 0.0
        self._number = 0
        self._delta = delta
        self._count = workers
        self._selection = selection or Selection.of()
        ttl = dict.fromkeys(ENDPOINTS.values(), 10.0**9)
        self._lookup = Lookup(vendor, None, ttl)
        vendor.workers = Workers(vendor.clock, workers)

    def cycle(self) -> None:
        """Run a cycle, and let time pass until the next one is due."""
        self._number += 1
        clock, asked = self.vendor.clock, len(self.vendor.asked)
        started = clock.now
        budget = RetryBudget(
            started + self.pace.deadline_s,
            self.pace.grace_s,
            live_deadline=started + self.pace.live_deadline_s,
            earlier_s=self.pace.answers_s,
            now=lambda: clock.now,
        )
        inputs = self._inputs()
        fetcher = Fetcher(
            self.vendor,
            self._lookup,
            self.vendor.workers,
            workers=self._count,
            budget=budget,
            inputs=inputs,
            rotation=self._number if inputs.short_of_time else None,
            arrived=cast("Arrived", Done(clock)),
        )
        before = self.state
        rounds = Rounds(
            fetcher, self._lookup, WindowQuota(None), before=before, inputs=inputs, selection=self._selection
        )
        for answer in rounds.run():
            self.state = merge(self.state, answer, fetcher.answers, inputs)
            if answer.request == LIVE_LIST:
                if (took_s := budget.answer_s(endpoints.LIVE)) is not None:
                    self.pace = self.pace.answered(took_s)
                budget.live_arrived(started + self.pace.deadline_s)
        self.lists = self.lists.after(rounds.listings.values(), clock.now)
        self.pace = self.pace.ended(budget.answers_s(), unfinished=fetcher.unfinished)
        live = fetcher.answers.live()
        self.live_error = None if live is None else live.error
        inputs = self._inputs()
        references = references_for(
            self._lookup,
            fetcher.answers,
            before.references,
            held_details(self.state),
            inputs,
        )
        self.state, _ = end_cycle(self.state, before, fetcher.answers, references, inputs)
        self.asked = self.vendor.asked[asked:]
        self.took_s = clock.now - started
        due = started + max(1, math.ceil(self.took_s / self.pace.interval_s)) * self.pace.interval_s
        while clock.advance_to_next(due):
            pass

    def _inputs(self) -> CycleInputs:
        return CycleInputs(
            now=self.vendor.clock.wall(),
            interval_s=self.pace.apart_s,
            delta=self._delta,
            early_window=WINDOW,
            left={endpoint: self.vendor.left(endpoint) for endpoint in ENDPOINTS.values()},
            available=frozenset(ENDPOINTS.values()),
            short_of_time=self.pace.is_short_of_time,
            page_counts=self.lists.page_counts,
            pages_failed=self.lists.failed_lately(self.vendor.clock.now),
        )

    def lacking(self) -> Counter[str]:
        """Count what is not held of the matches listed: lists, details, odds, names."""
        lacks: Counter[str] = Counter()
        if not self.state.matches:
            lacks["list"] = 1
        references = self.state.references
        for match in self.state.matches.values():
            lacks["details"] += match.detail.value is None
            lacks["odds"] += match.odds.value is None
            detail = match.detail.value
            if detail is None:
                lacks["names"] += 3
                continue
            lacks["names"] += references.competitions[detail.competition_id or ""].value is None
            for team in (detail.home_team_id, detail.away_team_id):
                lacks["names"] += references.teams[team or ""].value is None
        return +lacks
