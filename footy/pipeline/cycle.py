"""One cycle: plan, fetch, merge, flatten, select. It takes a state and returns a state and a snapshot."""

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
from footy.pipeline.pace import Pace
from footy.pipeline.pages import KnownLists
from footy.pipeline.plan import between_cycles
from footy.pipeline.pushed import FIRST_CYCLE, FirstCycle, OnPush, ShownSnapshot
from footy.pipeline.rounds import Rounds
from footy.record import SCHEMA, Counts, MatchRecord, Meta, Snapshot, Timings
from footy.records import mock
from footy.records.clock_checks import implausible_clocks
from footy.records.flatten import Flattener
from footy.records.order import ordered
from footy.records.prices import PriceRules
from footy.records.selection import Selected, Selection, select
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
from footy.thesports.vendor_clock import clock_text
from footy.times import moment_text

T = TypeVar("T")

log = logging.getLogger(__name__)

LIVE_LIST_RETRIES = 2
"""Retries reserved for the live list: nothing else is of use without it, and two make it nearly certain."""
CLOCK_OFF_S = 30.0
"""Difference between the machine's clock and the vendor's, in seconds, from which the operator is warned."""
LISTEN_WITHIN_S = 8.0
LISTEN_SHARE = 0.2
"""Seconds, and share of the interval, that requests between two cycles may take.

The share, which a cycle leaves free, applies if it is longer, but no longer than one attempt may take.
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
    """A number for each record's match, by id: another one after each change (`Flattener.versions`)."""

    @property
    def listed(self) -> Collection[str] | None:
        """The matches of the live list, also those filtered out; None if it was not read in this cycle.

        Those whose element could not be read, or of which it is unknown whether they are on it, count too.
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
        self._misspelt: frozenset[str] = frozenset()
        self._is_clock_off = False
        self._pace = Pace(rules.interval_s, rules.timeout_s)
        self._lists = KnownLists()
        self.odds_keeper: OddsKeeper | None = None
        """Gets all odds that arrive."""
        self._shown = ShownSnapshot()

    @property
    def is_slow(self) -> bool:
        """Whether the vendor is so slow that cycles may last longer than the interval."""
        return self._pace.is_slow

    def receive(self, answer: Answer[object]) -> None:
        """Accept an answer that no cycle requested, from any thread.

        It is merged into the state of the moment: in the middle of a cycle, or at the start of the next one.
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
            on_push: Takes what is pushed meanwhile.

        Raises:
            StoppedError: footy is stopping; there is nothing to publish.
        """
        started = time.monotonic()
        timer = _Timer()
        budget = self._budget(started, within_s)
        before = state = self._after_clock_step(state)
        inputs = self._inputs()
        fetcher = self._fetcher(budget, inputs, progress, number if inputs.short_of_time else None)
        rounds = Rounds(fetcher, self._lookup, self._quota, before, inputs, self._rules.selection)

        first = FirstCycle(before, partial(self._meta_so_far, number, budget, started))

        # STEP 1a and 1b: request, and merge each answer as it arrives.
        for answer in rounds.run():
            was, state = state, self._merged(state, answer, fetcher, inputs)
            self._pass_on(answer, was, state, fetcher.answers, inputs, on_push, first)
            if answer is fetcher.answers.live():
                self._set_time_limit(budget, started, within_s)
                timer.lap("live", "STEP 1a – LIVE FETCH")
        self._check_stop()
        self._lists = self._lists.after(rounds.listings.values(), CLOCK.uptime())
        self._pace = self._pace.ended(budget.answers_s(), unfinished=fetcher.unfinished)
        state = self._end_cycle(state, before, fetcher)
        not_in_plan = self._transport.breaker.not_in_plan()
        if (summary := self._failures.end_cycle(not_in_plan)) is not None:
            log.warning(summary)
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
        answers = fetcher.answers
        live = answers.live()
        unreadable = answers.left_out() + report.left_out(selected.wanted.values(), state.references)
        unsettled = report.unsettled_values(records)
        problems = [
            *report.request_problems(answers, state, selected, not_in_plan),
            *report.unreadable_values(unreadable),
        ]
        if unsettled and not problems:
            problems += report.of_earlier_cycles(unsettled, not_in_plan)
        if within_s is None and self._pace.is_slow:
            problems.append(self._pace.sentence())
        problems += self._lasting_problems(state, selected, inputs)
        log.info("TOTAL CYCLE TIME: %.2fs", timer.total())
        error = None if live is None else live.error
        if state.fetched_at is None:
            return CycleResult(state, None, error, timer.laps, budget)
        is_whole = live is not None and live.value is not None and not live.value.broken
        meta = self._meta(
            number,
            state,
            published_at,
            complete=is_whole and not (unsettled or selected.undecided or unreadable),
            counts=report.counts(records),
            requests=budget.attempts,
            timings=timer.timings(publish_s),
            problems=problems,
        )
        snapshot: Snapshot = {"meta": meta, "matches": records}
        self._shown.published(snapshot, published_at)
        is_listed = live is not None and live.value is not None
        versions = self._flattener.versions()
        return CycleResult(
            state, snapshot, error, timer.laps, budget, selected.undecided, is_listed, versions
        )

    def close(self) -> None:
        """End the workers; the caller has stopped the transport before."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def take_pushed(self, state: State, on_push: OnPush) -> State:
        """Merge the answers that have arrived between two cycles, and pass on what was pushed."""
        if self._arrived.empty():
            return state
        state = self._after_clock_step(state)
        inputs, answers = self._inputs(), Answers()
        with contextlib.suppress(Empty):
            while True:
                answer = self._arrived.get_nowait()
                if isinstance(answer, Answer):
                    was, state = state, merge(state, answer, answers, inputs)
                    self._pass_on(answer, was, state, answers, inputs, on_push)
        return state

    def listen(self, state: State, on_push: OnPush | None = None) -> State:
        """Make the requests that fit best between two cycles; the next cycle publishes their answers."""
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
        for answer in fetcher.run():
            was, state = state, self._merged(state, answer, fetcher, inputs)
            self._pass_on(answer, was, state, fetcher.answers, inputs, on_push)
        self._quota.save()
        return with_failures(state, before, fetcher.answers, inputs.now)

    def prefetch(self, for_s: float) -> None:
        """Read names ahead of need, on a worker; return at once.

        At most one request is made, if one is due, and it ends before the next cycle begins, in `for_s`.
        """
        if self._prefetch is None or not self._prefetch.is_due(for_s):
            return
        self._executor.submit(self._prefetch.step, for_s).add_done_callback(_log_failure)

    # What is pushed.

    def _pass_on(
        self,
        answer: Answer[object],
        was: State,
        state: State,
        answers: Answers,
        inputs: CycleInputs,
        on_push: OnPush | None,
        first: FirstCycle | None = None,
    ) -> None:
        """Pass on what pushed parts changed in the last snapshot, if the answer is one of them."""
        if isinstance(answer.value, Pushed) and on_push is not None:
            records_of = partial(self._records_of, answers, inputs)
            is_listed = answers.live() is not None
            update = self._shown.update(was, state, records_of, first if is_listed else None)
            on_push(None if update is None else replace(update, versions=self._flattener.versions()))

    def _records_of(
        self, answers: Answers, inputs: CycleInputs, state: State, published_at: float
    ) -> list[MatchRecord]:
        """Return the records of the wanted matches of a state; what is remembered of others stays."""
        references = references_for(self._lookup, answers, state.references, held_details(state), inputs)
        matches = select(replace(state, references=references), self._rules.selection).wanted
        if self._rules.mock:
            matches, references = mock.filled(matches, references, self._rules.prices.early_window)
        offset_s = self._transport.vendor_clock.offset_s
        return [
            self._flattener.record(match, references, published_at, clock_offset_s=offset_s)
            for match in matches.values()
            if match.live.value is not None
        ]

    def _meta_so_far(
        self, number: int, budget: RetryBudget, started: float, state: State, published_at: float
    ) -> Meta:
        """Return the meta of a snapshot that is published before the first cycle has ended."""
        spent_s = round(time.monotonic() - started, 4)
        return self._meta(
            number,
            state,
            published_at,
            complete=False,
            counts=report.counts([]),
            requests=budget.attempts,
            timings={
                "live": spent_s,
                "enrich": 0.0,
                "flatten": 0.0,
                "filter": 0.0,
                "publish": None,
                "total": spent_s,
            },
            problems=[FIRST_CYCLE],
        )

    # The meta of a snapshot.

    def _meta(
        self,
        number: int,
        state: State,
        published_at: float,
        *,
        complete: bool,
        counts: Counts,
        requests: int,
        timings: Timings,
        problems: list[str],
    ) -> Meta:
        return {
            "schema": SCHEMA,
            "mode": self._rules.mode,
            "cycle": number,
            "fetched_at": moment_text(state.fetched_at),
            "published_at": moment_text(published_at) or "",
            "complete": complete,
            "counts": counts,
            "requests": requests,
            "timings": timings,
            "problems": problems,
        }

    def _lasting_problems(self, state: State, selected: Selected, inputs: CycleInputs) -> list[str]:
        """Return the problems that the requests of one cycle do not cause: of filters and of clocks."""
        return [
            *report.selection_problems(state, selected, self._rules.selection),
            *self._misspelt_names(state.references),
            *implausible_clocks(selected.wanted.values(), clock_offset_s=inputs.vendor_ahead_s),
            *self._clock_problems(),
        ]

    # Time: cycle limits, and differences between clocks.

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

    def _clock_problems(self) -> list[str]:
        """Return a sentence if the machine's clock is far from the vendor's; log it when that begins."""
        measured_s = self._transport.vendor_clock.measured_s or 0.0
        was_off, self._is_clock_off = self._is_clock_off, abs(measured_s) >= CLOCK_OFF_S
        if not self._is_clock_off:
            return []
        sentence = f"This machine's clock is {clock_text(measured_s)}; minutes and prices go by the vendor's"
        if not was_off:
            log.warning(sentence)
        return [sentence]

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

    def _merged(self, state: State, answer: Answer[object], fetcher: Fetcher, inputs: CycleInputs) -> State:
        ahead_s = self._transport.vendor_clock.offset_s
        if ahead_s != inputs.vendor_ahead_s:  # measured meanwhile
            inputs = replace(inputs, vendor_ahead_s=ahead_s)
        if self.odds_keeper is not None and isinstance(answer.value, OddsChanges):
            self.odds_keeper.told(answer.value, answer.at)
        return merge(state, answer, fetcher.answers, inputs)

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

    def _end_cycle(self, state: State, before: State, fetcher: Fetcher) -> State:
        """Return the state at the end of a cycle, and log the result of the feeds' self-check."""
        inputs = self._inputs()
        details = held_details(state)
        references = references_for(self._lookup, fetcher.answers, before.references, details, inputs)
        selection = self._rules.selection
        known = replace(state, references=references)
        wanted = None if selection.keeps_all else select(known, selection).wanted
        state, differences = end_cycle(state, before, fetcher.answers, references, inputs, wanted=wanted)
        for sentence in differences:
            log.warning("%s: %s; repaired", FOUND_WRONG, sentence)
        for what, instead, was, now in (
            ("The feed of details", "asking match by match", before.details_feed, state.details_feed),
            ("The feed of odds", "asking match by match", before.odds_feed, state.odds_feed),
            ("What is pushed", "the live list alone counts", before.push.health, state.push.health),
        ):
            if was.trusted and not now.trusted:
                log.error("%s is not trusted any more: %s", what, instead)
            elif now.trusted and not was.trusted:
                log.info("%s has been right for a while and is trusted again", what)
        return state

    def _records(
        self, matches: Mapping[str, MatchState], references: References, published_at: float
    ) -> list[MatchRecord]:
        if self._rules.mock:
            matches, references = mock.filled(matches, references, self._rules.prices.early_window)
        offset_s = self._transport.vendor_clock.offset_s
        return self._flattener.records(matches, references, published_at, clock_offset_s=offset_s)

    def _misspelt_names(self, references: References) -> list[str]:
        """Return a sentence for each filter that seems misspelt, and log the new sentences."""
        if self._rules.selection.keeps_all:
            return []
        known = self._lookup.known(endpoints.COMPETITION)
        sentences = report.misspelt_names(self._rules.selection, known, references)
        for sentence in sentences:
            if sentence not in self._misspelt:
                log.warning(sentence)
        self._misspelt = frozenset(sentences)
        return sentences

    def _check_stop(self) -> None:
        if self._transport.stopping.is_set():
            raise StoppedError("footy is stopping")


def _log_failure(step: Future[None]) -> None:
    if not step.cancelled() and (bug := step.exception()) is not None:
        log.error("Fetching names in advance failed", exc_info=bug)


class _Timer:
    """Measures and logs the time of each step, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._started = self._last = time.monotonic()

    def lap(self, name: str, words: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 4)
        self._last = now
        log.info("%s: %.2fs", words, self.laps[name])

    def total(self) -> float:
        self.laps["total"] = round(self._last - self._started, 4)
        return self.laps["total"]

    def timings(self, publish_s: float | None) -> Timings:
        laps = self.laps
        return {
            "live": laps["live"],
            "enrich": laps["enrich"],
            "flatten": laps["flatten"],
            "filter": laps["filter"],
            "publish": publish_s,
            "total": laps["total"],
        }
