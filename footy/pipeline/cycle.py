"""One cycle: plan, fetch, merge, select, flatten, sort. It turns a state into a state and a snapshot."""

import contextlib
import logging
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from footy.clock import CLOCK
from footy.mirror.answers import Answers, OddsChanges
from footy.mirror.inputs import CycleInputs
from footy.mirror.joins import held_details, references_for
from footy.mirror.merge import end_cycle, merge, with_failures
from footy.mirror.state import MatchState, References, State
from footy.pipeline import report
from footy.pipeline.fetch import Arrived, Fetcher, OddsKeeper, Progress
from footy.pipeline.lasting import LastingProblems
from footy.pipeline.pace import Pace
from footy.pipeline.pages import KnownLists
from footy.pipeline.plan import between_cycles
from footy.pipeline.pushed import FIRST_CYCLE, FirstCycle, OnPush, ShownSnapshot
from footy.pipeline.report import Description
from footy.pipeline.rounds import Rounds
from footy.pipeline.step_timer import StepTimer
from footy.record import SCHEMA, MatchRecord, Meta, Snapshot, Timings
from footy.records import mock
from footy.records.flatten import Flattener
from footy.records.order import ordered
from footy.records.prices import PriceRules
from footy.records.selection import Selection, select
from footy.reference.lookup import Lookup
from footy.reference.prefetch import Prefetch
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.endpoints import ENDPOINTS
from footy.thesports.errors import StoppedError, VendorError
from footy.thesports.failure_log import FailureLog
from footy.thesports.push import Pushed
from footy.thesports.request import Answer
from footy.thesports.retry_budget import RetryBudget
from footy.times import moment_text

T = TypeVar("T")

log = logging.getLogger(__name__)

LIVE_LIST_RETRIES = 2
"""Retries reserved for the live list: nothing else is of use without it, and two make it nearly certain."""
LISTEN_WITHIN_S = 8.0
LISTEN_SHARE = 0.2
"""Seconds, and share of the interval, that requests between two cycles may take.

The longer of the two applies, but the share never exceeds the timeout of one attempt.
"""
FOUND_WRONG = "A feed is checked and found wrong"
"""Start of the log line about a difference; the benchmarks count these lines."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's settings for cycles."""

    mode: str
    workers: int
    interval_s: float
    timeout_s: float
    """Timeout of one attempt, in seconds."""
    prices: PriceRules
    selection: Selection
    delta: bool = True
    """Whether to use feeds of changes; if not, every cycle requests everything for every match."""
    mock: bool = False
    """Whether to make up missing values; they are marked as such."""


@dataclass(frozen=True, slots=True)
class _Merging:
    """What answers are merged with, and the callback for pushed changes."""

    inputs: CycleInputs
    answers: Answers
    on_push: OnPush | None
    first_cycle: FirstCycle | None = None
    """The running cycle; it matters if it is the first one."""


@dataclass(frozen=True, slots=True)
class CycleResult:
    """The result of a cycle."""

    state: State
    snapshot: Snapshot | None
    """None until the first live list has arrived."""
    error: VendorError | None
    """Why the live list is not fresh; None if it is."""
    timings: dict[str, float]
    """Seconds per step, and their `total`."""
    spent: RetryBudget
    """The requests, attempts and retries that the cycle used."""
    undecided: Mapping[str, MatchState] = field(default_factory=dict)
    """Live matches left out of the snapshot because it is unknown if they pass the operator's filters."""
    is_listed: bool = False
    """The live list was read in this cycle."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Version of each record, by its match's id; another one after each change (`Flattener.versions`)."""

    @property
    def listed(self) -> Collection[str] | None:
        """All matches of the live list; None if it was not read in this cycle.

        Matches that the operator's filters leave out, and those whose element could not be read, count too.
        """
        return self.state.matches.keys() if self.is_listed else None


class Pipeline:
    """Runs cycles on a thread pool. The thread that calls `run` owns the state."""

    def __init__(
        self, rules: Rules, client: Client, lookup: Lookup, prefetch: Prefetch | None = None
    ) -> None:
        self._rules = rules
        self._prefetch = prefetch
        self._client = client
        self._transport = client.transport
        self._lookup = lookup
        self._quota = client.transport.quota
        self._executor = ThreadPoolExecutor(rules.workers, thread_name_prefix="worker")
        self._arrived: Arrived = SimpleQueue()
        self._flattener = Flattener(rules.prices)
        self._failures = FailureLog()
        self._lasting = LastingProblems(rules.selection, lookup, client.transport.vendor_clock)
        self._pace = Pace(rules.interval_s, rules.timeout_s)
        self._lists = KnownLists()
        self.odds_keeper: OddsKeeper | None = None
        """Receives all odds as they arrive."""
        self._shown = ShownSnapshot()

    @property
    def is_slow(self) -> bool:
        """Whether the vendor is so slow that cycles may last longer than the interval."""
        return self._pace.is_slow

    def receive(self, answer: Answer[object]) -> None:
        """Accept an answer that no cycle requested, from any thread.

        It is merged into the state as it is by then: in the middle of a cycle, or by `take_pushed`.
        """
        self._arrived.put(answer)

    def run(
        self,
        state: State,
        number: int,
        *,
        publish_s: float | None = None,
        progress: Progress | None = None,
        within_s: float | None = None,
        on_push: OnPush | None = None,
    ) -> CycleResult:
        """Run one cycle.

        Args:
            state: The current state.
            number: The cycle's number since the start, from 1.
            publish_s: Seconds that publishing took in the previous cycle.
            progress: Callback for the numbers of requests done and planned, and the way of reading.
            within_s: Time limit in seconds if no other cycle follows; if None, the interval sets the limit.
            on_push: Called with what is pushed during the cycle.

        Raises:
            StoppedError: footy is stopping; there is nothing to publish.
        """
        # Prepare: how long the cycle may last, and what it may request.
        timer = StepTimer()
        before = state = self._after_clock_step(state)
        budget = self._budget(timer.started, within_s)
        inputs = self._inputs()
        fetcher = self._fetcher(budget, inputs, progress, number if inputs.short_of_time else None)
        rounds = Rounds(fetcher, self._lookup, self._quota, before, inputs, self._rules.selection)
        first = FirstCycle(before, partial(self._meta_so_far, number, budget, timer))
        merging = _Merging(inputs, fetcher.answers, on_push, first)

        # STEP 1a and 1b: request, and merge each answer as it arrives.
        for answer in rounds.run():
            state = self._merged(state, answer, merging)
            if answer is fetcher.answers.live():
                self._set_time_limit(budget, timer.started, within_s)
                timer.lap("live", "STEP 1a – LIVE FETCH")
        self._check_stop()
        self._carry_over(rounds, budget)
        state = self._end_cycle(state, before, fetcher.answers)
        timer.lap("enrich", "STEP 1b – ENRICH")

        # STEP 2: flatten the matches that the operator wants into records.
        published_at = CLOCK.now()
        selected = select(state, self._rules.selection)
        records = self._records(selected.wanted, state.references, published_at)
        timer.lap("flatten", "STEP 2 – FLATTEN")

        # STEP 7: sort.
        records = ordered(records)
        timer.lap("filter", "STEP 7 – FILTER")

        # Describe the snapshot in its meta: completeness and problems.
        lasting = self._lasting.problems(state, selected)
        if within_s is None and self._pace.is_slow:
            lasting = [self._pace.sentence(), *lasting]
        description = report.description(
            fetcher.answers, state, selected, records, self._transport.breaker.not_in_plan(), lasting
        )
        log.info("TOTAL CYCLE TIME: %.2fs", timer.total())
        live = fetcher.answers.live()
        error = None if live is None else live.error
        if state.fetched_at is None:
            return CycleResult(state, None, error, timer.laps, budget)
        meta = self._meta(number, state, published_at, description, budget, timer.timings(publish_s))
        snapshot: Snapshot = {"meta": meta, "matches": records}
        self._shown.published(snapshot, published_at)
        return CycleResult(
            state,
            snapshot,
            error,
            timer.laps,
            budget,
            undecided=selected.undecided,
            is_listed=live is not None and live.value is not None,
            versions=self._flattener.versions(),
        )

    def close(self) -> None:
        """End the workers; the caller has stopped the transport before."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def take_pushed(self, state: State, on_push: OnPush) -> State:
        """Merge the answers that have arrived between two cycles, and pass on what was pushed."""
        if self._arrived.empty():
            return state
        state = self._after_clock_step(state)
        merging = _Merging(self._inputs(), Answers(), on_push)
        with contextlib.suppress(Empty):
            while True:
                answer = self._arrived.get_nowait()
                if isinstance(answer, Answer):
                    state = self._merged(state, answer, merging)
        return state

    def listen(self, state: State, on_push: OnPush | None = None) -> State:
        """Make the requests that are due between two cycles; the next cycle publishes their answers."""
        before = state = self._after_clock_step(state)
        inputs = self._inputs()
        requests = between_cycles(state, select(state, self._rules.selection).wanted, inputs)
        if not requests:
            return state
        self._quota.reserve(len(requests))
        rules = self._rules
        within_s = max(LISTEN_WITHIN_S, min(rules.timeout_s, LISTEN_SHARE * rules.interval_s))
        fetcher = self._fetcher(RetryBudget(time.monotonic() + within_s, failures=self._failures), inputs)
        fetcher.add(requests)
        merging = _Merging(inputs, fetcher.answers, on_push)
        for answer in fetcher.run():
            state = self._merged(state, answer, merging)
        self._quota.save()
        return with_failures(state, before, fetcher.answers, inputs.now)

    def prefetch(self, for_s: float) -> None:
        """Fetch one page of teams or competitions in advance, on a worker; return at once.

        That is done if a page is due, and ends before the next cycle begins, in `for_s`.
        """
        if self._prefetch is None or not self._prefetch.is_due(for_s):
            return
        self._executor.submit(self._prefetch.step, for_s).add_done_callback(_log_failure)

    # Merging.

    def _merged(self, state: State, answer: Answer[object], merging: _Merging) -> State:
        """Return the state with an answer; pass on what it changed in the last snapshot if it was pushed."""
        inputs, answers = merging.inputs, merging.answers
        ahead_s = self._transport.vendor_clock.offset_s
        if ahead_s != inputs.vendor_ahead_s:  # measured meanwhile
            inputs = replace(inputs, vendor_ahead_s=ahead_s)
        if self.odds_keeper is not None and isinstance(answer.value, OddsChanges):
            self.odds_keeper.take_changes(answer.value, answer.at)
        was, state = state, merge(state, answer, answers, inputs)
        if isinstance(answer.value, Pushed) and merging.on_push is not None:
            first = None if answers.live() is None else merging.first_cycle
            update = self._shown.update(was, state, partial(self._records_of, merging), first)
            versions = self._flattener.versions()
            merging.on_push(None if update is None else replace(update, versions=versions))
        return state

    def _records_of(self, merging: _Merging, state: State, published_at: float) -> list[MatchRecord]:
        """Return the records of the wanted matches of a state."""
        references = references_for(
            self._lookup, merging.answers, state.references, held_details(state), merging.inputs
        )
        matches = select(replace(state, references=references), self._rules.selection).wanted
        return self._records(matches, references, published_at, forget_others=False)

    def _end_cycle(self, state: State, before: State, answers: Answers) -> State:
        """Return the state at the end of a cycle, and log the result of the feeds' self-check."""
        inputs = self._inputs()
        references = references_for(self._lookup, answers, before.references, held_details(state), inputs)
        selection = self._rules.selection
        known = replace(state, references=references)
        wanted = None if selection.keeps_all else select(known, selection).wanted
        state, differences = end_cycle(state, before, answers, references, inputs, wanted=wanted)
        for sentence in differences:
            log.warning("%s: %s; repaired", FOUND_WRONG, sentence)
        _log_trust(before, state)
        return state

    # The snapshot.

    def _records(
        self,
        matches: Mapping[str, MatchState],
        references: References,
        published_at: float,
        *,
        forget_others: bool = True,
    ) -> list[MatchRecord]:
        if self._rules.mock:
            matches, references = mock.filled(matches, references, self._rules.prices.early_window)
        return self._flattener.records(
            matches,
            references,
            published_at,
            clock_offset_s=self._transport.vendor_clock.offset_s,
            forget_others=forget_others,
        )

    def _meta(
        self,
        number: int,
        state: State,
        published_at: float,
        description: Description,
        budget: RetryBudget,
        timings: Timings,
    ) -> Meta:
        return {
            "schema": SCHEMA,
            "mode": self._rules.mode,
            "cycle": number,
            "fetched_at": moment_text(state.fetched_at),
            "published_at": moment_text(published_at) or "",
            "complete": description.complete,
            "counts": description.counts,
            "requests": budget.attempts,
            "timings": timings,
            "problems": description.problems,
        }

    def _meta_so_far(
        self, number: int, budget: RetryBudget, timer: StepTimer, state: State, published_at: float
    ) -> Meta:
        """Return the meta of a snapshot that is published before the first cycle has ended."""
        description = Description(complete=False, counts=report.counts([]), problems=[FIRST_CYCLE])
        return self._meta(number, state, published_at, description, budget, timer.so_far())

    # What a cycle leaves for the next one.

    def _carry_over(self, rounds: Rounds, budget: RetryBudget) -> None:
        """Update what the next cycle starts from: the pace, and what is known of the lists read by page."""
        self._lists = self._lists.after(rounds.listings.values(), CLOCK.uptime())
        self._pace = self._pace.ended(budget.answers_s(), unfinished=rounds.fetcher.unfinished)
        if (summary := self._failures.end_cycle(self._transport.breaker.not_in_plan())) is not None:
            log.warning(summary)

    # Time limits, and changes of the clock.

    def _budget(self, started: float, within_s: float | None) -> RetryBudget:
        """Return the budget of a cycle until its live list has arrived."""
        pace = self._pace
        budget = RetryBudget(
            started + (pace.deadline_s if within_s is None else within_s),
            pace.grace_s,
            live_deadline=started + (pace.live_deadline_s if within_s is None else within_s),
            earlier_s=pace.answers_s,
            failures=self._failures,
        )
        budget.kept_back = LIVE_LIST_RETRIES
        return budget

    def _set_time_limit(self, budget: RetryBudget, started: float, within_s: float | None) -> None:
        """Set the time limit of this cycle from how long its live list took to arrive or fail."""
        was_slow = self._pace.is_slow
        if (took_s := budget.answer_s(endpoints.LIVE)) is not None:
            self._pace = self._pace.answered(took_s)
        budget.live_arrived(started + (self._pace.deadline_s if within_s is None else within_s))
        if within_s is None and self._pace.is_slow != was_slow:
            if was_slow:
                log.info("The vendor is fast enough again: a cycle ends within its interval")
            else:
                log.warning(self._pace.sentence())

    def _after_clock_step(self, state: State) -> State:
        """Return the state; if the machine's clock was set, with all its times shifted likewise."""
        step_s = CLOCK.follow()
        if not step_s:
            return state
        log.warning(
            "The machine's clock was set by %+.0f s: what is held is kept, and is as old as before", step_s
        )
        self._lookup.shift(step_s)
        self._transport.vendor_clock.shift(step_s)
        return state.shifted(step_s)

    # Inputs of the pure functions.

    def _inputs(self) -> CycleInputs:
        breaker = self._transport.breaker
        now = CLOCK.now()
        return CycleInputs(
            now=now,
            interval_s=self._pace.apart_s,
            delta=self._rules.delta,
            early_window=self._rules.prices.early_window,
            short_of_time=self._pace.is_short_of_time,
            left={endpoint: self._quota.left(endpoint) for endpoint in ENDPOINTS.values()},
            refused=frozenset(one for one in ENDPOINTS.values() if breaker.is_refused(one)),
            available=frozenset(one for one in ENDPOINTS.values() if not breaker.is_unavailable(one)),
            vendor_ahead_s=self._transport.vendor_clock.offset_s,
            page_counts=self._lists.page_counts,
            pages_failed=self._lists.failed_lately(CLOCK.uptime()),
            renewals=self._lookup.renewals(now) if self._rules.delta else {},
        )

    def _fetcher(
        self,
        budget: RetryBudget,
        inputs: CycleInputs,
        progress: Progress | None = None,
        rotation: int | None = None,
    ) -> Fetcher:
        pool, workers = self._executor, self._rules.workers
        return Fetcher(
            self._client,
            self._lookup,
            pool,
            workers,
            budget,
            inputs,
            rotation,
            progress,
            self._arrived,
            self.odds_keeper,
        )

    def _check_stop(self) -> None:
        if self._transport.stopping.is_set():
            raise StoppedError("footy is stopping")


def _log_failure(step: Future[None]) -> None:
    if not step.cancelled() and (bug := step.exception()) is not None:
        log.error("Fetching names in advance failed", exc_info=bug)


def _log_trust(before: State, state: State) -> None:
    """Log which feeds are not trusted any more, and which are again."""
    for what, instead, was, now in (
        ("The feed of details", "asking match by match", before.details_feed, state.details_feed),
        ("The feed of odds", "asking match by match", before.odds_feed, state.odds_feed),
        ("What is pushed", "the live list alone counts", before.push.health, state.push.health),
    ):
        if was.trusted and not now.trusted:
            log.error("%s is not trusted any more: %s", what, instead)
        elif now.trusted and not was.trusted:
            log.info("%s has been right for a while and is trusted again", what)
