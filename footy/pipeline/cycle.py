"""One cycle: ask for the live list, plan, gather, flatten, filter; a state in, a state and a snapshot out."""

import logging
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from footy.clock import CLOCK
from footy.mirror.answers import Gathered
from footy.mirror.joins import gathered_details, held_details, references_for
from footy.mirror.merge import merged, merged_between_cycles
from footy.mirror.state import MatchState, References, Source, State
from footy.pipeline.fetch import Fetcher, Progress
from footy.pipeline.pace import Pace
from footy.pipeline.plan import PlanInputs, between_cycles
from footy.pipeline.report import left_out, problems, statuses, unreadable_values, unsettled_values
from footy.pipeline.rounds import Rounds
from footy.record import SCHEMA, MatchRecord, Snapshot
from footy.records import mock
from footy.records.clock_checks import implausible_clocks
from footy.records.flatten import Flattener
from footy.records.order import ordered
from footy.records.prices import PriceRules
from footy.records.selection import Selection, Verdict, misspelt
from footy.reference.lookup import Reference
from footy.thesports import endpoints
from footy.thesports.client import Client, Fetched, LiveList
from footy.thesports.codes import CATEGORIES
from footy.thesports.endpoints import ENDPOINTS, Endpoint
from footy.thesports.errors import StoppedError, VendorError
from footy.thesports.failure_log import FailureLog
from footy.thesports.quota import Spending
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.vendor_clock import clock_text
from footy.times import moment_text

T = TypeVar("T")

log = logging.getLogger(__name__)

KEPT_BACK = 2
"""Retries kept for the live list: without it all else is worth little, and it takes two to be nearly sure."""
CLOCK_OFF_S = 30.0
"""From this difference between the machine's clock and the vendor's on the operator is told."""
LISTEN_WITHIN_S = 8.0
LISTEN_SHARE = 0.2
"""Of the interval, where one attempt may take longer than that: a cycle leaves so much of it."""
FOUND_WRONG = "A feed is checked and found wrong"
"""What the log says of a difference; the benchmarks count it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator chose about cycles."""

    mode: str
    workers: int
    interval_s: float
    timeout_s: float
    """Seconds for one attempt."""
    prices: PriceRules
    selection: Selection
    delta: bool = True
    """Whether feeds of changes are used; else everything is asked for every match in every cycle."""
    mock: bool = False
    """Whether missing values are made up, and marked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cycle came to."""

    state: State
    snapshot: Snapshot | None
    """None where no live list has been had yet."""
    error: VendorError | None
    """Why the live list is not fresh; None if it is."""
    timings: dict[str, float]
    """Seconds by step, and `total`."""
    spent: RetryBudget
    """The calls, attempts and retries that it took."""
    undecided: Mapping[str, MatchState] = field(default_factory=dict)
    """Live matches left out of the snapshot, because it is not known whether the operator wants them."""


class Pipeline:
    """Runs cycles on a pool of workers."""

    def __init__(
        self, rules: Rules, client: Client, reference: Reference, spending: Spending | None = None
    ) -> None:
        self._rules = rules
        self._client = client
        self._reference = reference
        self._spending = spending
        self._executor = ThreadPoolExecutor(rules.workers, thread_name_prefix="worker")
        self._flattener = Flattener(rules.prices)
        self._failures = FailureLog()
        self._misspelt: frozenset[str] = frozenset()
        self._is_clock_off = False
        self._pace = Pace(rules.interval_s, rules.timeout_s)

    @property
    def is_slow(self) -> bool:
        """Whether the vendor is so slow that cycles may last longer than the interval."""
        return self._pace.is_slow

    def run(
        self,
        state: State,
        number: int,
        *,
        publish_s: float | None = None,
        progress: Progress | None = None,
        within_s: float | None = None,
    ) -> Outcome:
        """Run one cycle.

        Args:
            state: What is held.
            number: The cycle's number since the start, from 1.
            publish_s: Seconds that the cycle before took to publish.
            progress: Is told the calls done and the calls planned.
            within_s: Seconds that it may last where no other cycle follows; else the interval decides.

        Raises:
            StoppedError: footy is stopping; there is nothing to publish.
        """
        started = time.monotonic()
        budget = self._budget(started, within_s)
        timer = _Timer()
        gathered, before, inputs = Gathered(), self._after_step(state), self._terms()
        rounds = Rounds(
            self._gatherer(gathered, budget, inputs, progress, number if inputs.short_of_time else None),
            self._reference,
            self._spending,
            before=before,
            inputs=inputs,
            selection=self._rules.selection,
        )

        def on_live() -> None:
            self._keep_pace(budget, started, within_s)
            timer.lap("live", "STEP 1a – LIVE FETCH")

        live = rounds.run(on_live)
        if "live" not in timer.laps:
            timer.lap("live", "STEP 1a – LIVE FETCH")
        self._check_stop()
        self._pace = self._pace.ended(budget.answers_s(), unfinished=gathered.unfinished)
        not_in_plan = self._client.transport.breaker.not_in_plan()
        if (summary := self._failures.end_cycle(not_in_plan)) is not None:
            log.warning(summary)
        said: list[str] = []
        if isinstance(live, Fetched):
            error = None
            whole = not live.value.broken
            state = self._merged(live, before, gathered)
            said += self._shortcomings(live.value, gathered, state, not_in_plan)
        else:
            error, whole = live, False
            state = self._merged(None, before, gathered)
            gathered.failures.pop(endpoints.LIVE, None)
            said += [f"Live list unavailable: {error}", *problems(gathered, [endpoints.LIVE, *not_in_plan])]
        timer.lap("enrich", "STEP 1b – ENRICH")
        published_at = CLOCK.now()
        wanted, undecided = self._wanted(state)
        records = self._records(wanted, state.references, published_at)
        timer.lap("flatten", "STEP 2 – FLATTEN")
        records = ordered(records)
        timer.lap("filter", "STEP 7 – FILTER")
        unsettled = unsettled_values(records)
        unreadable = gathered.left_out() + left_out(wanted.values(), state.references)
        said += unreadable_values(unreadable)
        if unsettled and not said:
            lost = f"; not in the account's plan: {', '.join(map(str, not_in_plan))}" if not_in_plan else ""
            said.append(f"Still missing or old from an earlier cycle: {unsettled} values{lost}")
        if within_s is None and self._pace.is_slow:
            said.append(self._pace.sentence())
        said += self._of_selection(state, wanted, len(undecided))
        said += [
            *implausible_clocks(wanted.values(), clock_offset_s=inputs.vendor_ahead_s),
            *self._clock_off(),
        ]
        total = timer.total()
        log.info("TOTAL CYCLE TIME: %.2fs", total)
        if state.fetched_at is None:
            return Outcome(state, None, error, timer.laps, budget)
        snapshot: Snapshot = {
            "meta": {
                "schema": SCHEMA,
                "mode": self._rules.mode,
                "cycle": number,
                "fetched_at": moment_text(state.fetched_at),
                "published_at": moment_text(published_at) or "",
                "complete": whole and not unsettled and not undecided and not unreadable,
                "counts": {
                    "live": len(records),
                    "in_play": sum(record["in_play"] for record in records),
                    "status": statuses(records),
                },
                "requests": budget.attempts,
                "timings": {
                    "live": timer.laps["live"],
                    "enrich": timer.laps["enrich"],
                    "flatten": timer.laps["flatten"],
                    "filter": timer.laps["filter"],
                    "publish": publish_s,
                    "total": total,
                },
                "problems": said,
            },
            "matches": records,
        }
        return Outcome(state, snapshot, error, timer.laps, budget, undecided)

    def close(self) -> None:
        """End the workers; the transport has been stopped before."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def listen(self, state: State) -> State:
        """Ask between two cycles for what is best asked for there; the next cycle publishes it."""
        state, inputs = self._after_step(state), self._terms()
        calls = between_cycles(state, self._wanted(state)[0], inputs)
        if not calls:
            return state
        if self._spending is not None:
            self._spending.reserve(len(calls))
        rules = self._rules
        within_s = max(LISTEN_WITHIN_S, min(rules.timeout_s, LISTEN_SHARE * rules.interval_s))
        budget = RetryBudget(time.monotonic() + within_s, failures=self._failures)
        fetcher = self._gatherer(Gathered(), budget, inputs)
        fetcher.add(calls)
        gathered = fetcher.run(lambda _call: ())
        if self._spending is not None:
            self._spending.settle()
        return merged_between_cycles(state, gathered, inputs, self._rules.prices.early_window)

    def _budget(self, started: float, within_s: float | None) -> RetryBudget:
        """Return what a cycle may spend until its live list is in."""
        pace = self._pace
        budget = RetryBudget(
            started + (pace.deadline_s if within_s is None else within_s),
            pace.grace_s,
            live_deadline=started + (pace.live_deadline_s if within_s is None else within_s),
            answers_s=pace.answers_s,
            failures=self._failures,
        )
        budget.kept_back = KEPT_BACK
        return budget

    def _keep_pace(self, budget: RetryBudget, started: float, within_s: float | None) -> None:
        """Judge by the live list, which has just been answered or failed, how long this cycle may last."""
        was_slow = self._pace.is_slow
        if (took_s := budget.answer_s(endpoints.LIVE)) is not None:
            self._pace = self._pace.answered(took_s)
        budget.live_is_in(started + (self._pace.deadline_s if within_s is None else within_s))
        if within_s is None and self._pace.is_slow != was_slow:
            if was_slow:
                log.info("The vendor is fast enough again: a cycle ends within its interval")
            else:
                log.warning(self._pace.sentence())

    def _after_step(self, state: State) -> State:
        """Return what is held; if the machine's clock was set, with the times of all that moved with it."""
        step_s = CLOCK.follow()
        if not step_s:
            return state
        log.warning(
            "The machine's clock was set by %+.0f s: what is held is kept, and is as old as before", step_s
        )
        self._reference.shift(step_s)
        self._client.transport.vendor_clock.shift(step_s)
        return state.shifted(step_s)

    def _clock_off(self) -> list[str]:
        """Return a sentence if the machine's clock is far from the vendor's, and log it when that begins."""
        measured_s = self._client.transport.vendor_clock.measured_s or 0.0
        was_off, self._is_clock_off = self._is_clock_off, abs(measured_s) >= CLOCK_OFF_S
        if not self._is_clock_off:
            return []
        said = f"This machine's clock is {clock_text(measured_s)}; minutes and prices go by the vendor's"
        if not was_off:
            log.warning(said)
        return [said]

    def _terms(self) -> PlanInputs:
        breaker = self._client.transport.breaker
        now = CLOCK.now()
        return PlanInputs(
            now=now,
            interval_s=self._pace.apart_s,
            delta=self._rules.delta,
            short_of_time=self._pace.is_short_of_time,
            left={endpoint: breaker.left(endpoint) for endpoint in ENDPOINTS.values()},
            refused=frozenset(one for one in ENDPOINTS.values() if breaker.is_refused(one)),
            available=frozenset(one for one in ENDPOINTS.values() if not breaker.is_unavailable(one)),
            vendor_ahead_s=self._client.transport.vendor_clock.offset_s,
            renewals=self._reference.renewals(now) if self._rules.delta else {},
        )

    def _gatherer(
        self,
        gathered: Gathered,
        budget: RetryBudget,
        inputs: PlanInputs,
        progress: Progress | None = None,
        shared_from: int | None = None,
    ) -> Fetcher:
        return Fetcher(
            self._client,
            self._reference,
            self._executor,
            gathered=gathered,
            workers=self._rules.workers,
            early_window=self._rules.prices.early_window,
            budget=budget,
            left=inputs.left,
            vendor_ahead_s=inputs.vendor_ahead_s,
            shared_from=shared_from,
            progress=progress,
        )

    def _merged(self, live: Fetched[LiveList] | None, before: State, gathered: Gathered) -> State:
        inputs = self._terms()
        details = held_details(before) | gathered_details(gathered)
        if (feed := gathered.feed(endpoints.DETAIL)) is not None:
            details |= {row.id: row for row in feed.value if row.id in details}
        state, differences = merged(
            live,
            before,
            gathered,
            references_for(self._reference, gathered, before, details, inputs),
            inputs,
            self._rules.prices.early_window,
        )
        for sentence in differences:
            log.warning("%s: %s; repaired", FOUND_WRONG, sentence)
        for name, was, now in (
            ("details", before.details_feed, state.details_feed),
            ("odds", before.odds_feed, state.odds_feed),
        ):
            if was.trusted and not now.trusted:
                log.error("The feed of %s is not trusted any more: asking match by match", name)
            elif now.trusted and not was.trusted:
                log.info("The feed of %s has been right for a while and is trusted again", name)
        return state

    def _records(
        self, matches: Mapping[str, MatchState], references: References, published_at: float
    ) -> list[MatchRecord]:
        if self._rules.mock:
            matches, references = mock.filled(matches, references, self._rules.prices.early_window)
        offset_s = self._client.transport.vendor_clock.offset_s
        return self._flattener.records(matches, references, published_at, clock_offset_s=offset_s)

    def _wanted(self, state: State) -> tuple[Mapping[str, MatchState], Mapping[str, MatchState]]:
        """Return the matches that the operator wants, and those of which that is not known."""
        verdicts = {
            match_id: self._rules.selection.judge(held.detail, state.references)
            for match_id, held in state.matches.items()
        }
        wanted, undecided = (
            {key: held for key, held in state.matches.items() if verdicts[key] is verdict}
            for verdict in (Verdict.YES, Verdict.UNKNOWN)
        )
        return wanted, undecided

    def _of_selection(self, state: State, wanted: Mapping[str, MatchState], unjudged: int) -> list[str]:
        """Return a sentence for each thing that the operator should know of what the filters left out."""
        said = self._misspelt_names(state.references)
        if unjudged:
            said.insert(
                0,
                f"Left out: {unjudged} live matches of which it could not be told "
                "whether they are wanted (FOOTY_COMPETITIONS, FOOTY_COUNTRIES)",
            )
        elif state.matches and not wanted:
            said.insert(
                0,
                f"None of the {len(state.matches)} live matches listed is wanted: "
                f"{' and '.join(self._rules.selection.settings())} left out all of them",
            )
        return said

    def _misspelt_names(self, references: References) -> list[str]:
        """Return a sentence for each filter that seems misspelt, and log those that are new."""
        selection, countries = self._rules.selection, references.countries.value
        if selection.keeps_all:
            return []
        competitions = {one.id: one.name or "" for one in self._reference.known(endpoints.COMPETITION)}
        places: dict[str, str] = {}
        if countries is not None:
            rows = {**countries, **(references.categories.value or {})}
            places = {**CATEGORIES, **{one: row.name or "" for one, row in rows.items()}}
        said = misspelt(selection, competitions, places)
        for sentence in said:
            if sentence not in self._misspelt:
                log.warning(sentence)
        self._misspelt = frozenset(said)
        return said

    def _shortcomings(
        self, live: LiveList, gathered: Gathered, state: State, not_in_plan: Collection[Endpoint]
    ) -> list[str]:
        """Say what this cycle could not have, a sentence each."""
        said = [f"Live match {name} could not be read: {why}" for name, why in live.broken.items()]
        for sentence in said:
            log.warning(sentence)
        said += problems(gathered, not_in_plan)
        if left_out := len(live.matches.keys() & state.deleted):
            said.append(f"live matches: {left_out} left out: the vendor lists them, but as deleted too")
        waiting = sum(
            key in live.matches
            and key not in gathered.odds
            and held.odds.source in {Source.STALE, Source.MISSING}
            for key, held in self._wanted(state)[0].items()
        )
        if waiting:
            said.append(f"odds: {waiting} wait for their turn: the quota is spent")
        return said

    def _check_stop(self) -> None:
        if self._client.transport.stopping.is_set():
            raise StoppedError("footy is stopping")


class _Timer:
    """Takes and logs the time of each step, in seconds."""

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
