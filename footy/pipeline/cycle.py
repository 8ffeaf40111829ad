"""One cycle: ask for the live list, plan, gather, flatten, filter; a board in, a board and a snapshot out."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from footy.pipeline import mock, plan
from footy.pipeline.board import Board, Held, HeldMatch, References, Source
from footy.pipeline.clock import moment_text
from footy.pipeline.filter import Selection, Verdict, in_play, ordered
from footy.pipeline.flatten import Flattener
from footy.pipeline.gather import Gathered, Gatherer, Progress, problems
from footy.pipeline.plan import Call, Quota
from footy.pipeline.prices import PriceRules
from footy.record import SCHEMA, MatchRecord, Snapshot
from footy.thesports import endpoints
from footy.thesports.client import Client, Fetched, LiveList
from footy.thesports.endpoints import ENDPOINTS, ODDS
from footy.thesports.failures import RefusedError, StoppedError, VendorError
from footy.thesports.reference import CATEGORIES, COUNTRIES, Key, Reference
from footy.thesports.spending import Spending
from footy.thesports.transport import Budget

T = TypeVar("T")

log = logging.getLogger(__name__)

DEADLINE_SHARE = 0.8
"""Of the interval: then a cycle publishes what it has."""
UNSETTLED = frozenset({Source.MISSING.value, Source.STALE.value, Source.MOCK.value})
"""Sources that make a snapshot incomplete."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator chose about cycles."""

    mode: str
    workers: int
    interval_s: float
    prices: PriceRules
    selection: Selection
    statuses: frozenset[int]
    mock: bool = False
    """Whether missing values are made up, and marked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cycle came to."""

    board: Board
    snapshot: Snapshot | None
    """None where no live list has been had yet."""
    error: VendorError | None
    """Why the live list could not be had; None where it is fresh."""
    timings: dict[str, float]
    """Seconds by step, and `total`."""


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

    def run(
        self,
        board: Board,
        number: int,
        *,
        publish_s: float | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Run one cycle.

        Args:
            board: What is held.
            number: The cycle's number since the start, from 1.
            publish_s: Seconds that the cycle before took to publish.
            progress: Is told the calls done and the calls planned.

        Raises:
            StoppedError: footy is stopping; there is nothing to publish.
        """
        started = time.monotonic()
        budget = Budget(started + DEADLINE_SHARE * self._rules.interval_s)
        budget.calls = 1
        timer = _Timer()
        error: VendorError | None = None
        said: list[str] = []
        try:
            live = self._client.live(budget)
        except VendorError as failure:
            self._check_stop()
            error = failure
            said.append(f"The live list could not be had: {failure}")
        timer.lap("live", "STEP 1a – LIVE FETCH")
        if error is None:
            board, gathered = self._enrich(live, board, budget, progress)
            self._check_stop()
            said += self._shortcomings(live.value, gathered, board)
        else:
            board = _grown_old(board)
        timer.lap("enrich", "STEP 1b – ENRICH")
        published_at = time.time()
        records = self._records(board, published_at)
        timer.lap("flatten", "STEP 2 – FLATTEN")
        records = ordered(records)
        shown = in_play(records, self._rules.statuses)
        timer.lap("filter", "STEP 7 – FILTER")
        total = timer.total()
        log.info("TOTAL CYCLE TIME: %.2fs", total)
        if board.fetched_at is None:
            return Outcome(board, None, error, timer.laps)
        snapshot: Snapshot = {
            "meta": {
                "schema": SCHEMA,
                "mode": self._rules.mode,
                "cycle": number,
                "fetched_at": moment_text(board.fetched_at),
                "published_at": moment_text(published_at) or "",
                "complete": error is None and not any(_unsettled(record) for record in records),
                "counts": {
                    "live": len(records),
                    "in_play": len(shown),
                    "status": _statuses(records),
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
        return Outcome(board, snapshot, error, timer.laps)

    def close(self) -> None:
        """End the workers; the transport has been stopped before."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _enrich(
        self, live: Fetched[LiveList], before: Board, budget: Budget, progress: Progress | None
    ) -> tuple[Board, Gathered]:
        """Ask for what the live matches need; give the new board."""
        selection = self._rules.selection
        choosy = not selection.keeps_all
        listed = live.value.matches
        ruled_out = {
            match_id
            for match_id in (listed if choosy else ())
            if (held := before.matches.get(match_id)) is not None
            and selection.judge(held.detail, before.references) is Verdict.NO
        }
        asked = {match_id: match for match_id, match in listed.items() if match_id not in ruled_out}
        quota = Quota(
            {endpoint: self._client.transport.gates.left(endpoint) for endpoint in ENDPOINTS.values()}
        )
        gatherer = Gatherer(
            self._client,
            self._reference,
            self._executor,
            workers=self._rules.workers,
            early_window=self._rules.prices.early_window,
            budget=budget,
            progress=progress,
        )
        gathered = gatherer.gathered

        def of_chosen() -> Iterable[Call]:
            """Teams and odds of the matches of which it can be told by now that they are wanted."""
            details = gathered_details(gathered)
            references = self._references(gathered, before, details)
            chosen = []
            for match_id, detail in details.items():
                held = Held(detail, live.at, Source.FRESH)
                if selection.judge(held, references) is Verdict.YES:
                    chosen.append(match_id)
                    yield from plan.teams_of(detail)
            yield from plan.odds_of(chosen, listed, before, quota, live.at)

        def on_answer(key: Key) -> Iterable[Call]:
            if key.endpoint is endpoints.DETAIL:
                answer = gathered.details[key.id]
                if isinstance(answer, Fetched):
                    yield from plan.competition_of(answer.value)
                    if not choosy:
                        yield from plan.teams_of(answer.value)

        names_known = all(self._reference.peek(key) is not None for key in (COUNTRIES, CATEGORIES))
        self._reserve(len(asked), quota)
        gatherer.add(plan.opening(asked, before, quota, live.at, names_known=names_known, choosy=choosy))
        gatherer.run(on_answer)
        if choosy:
            gatherer.add(of_chosen())
            gatherer.run(on_answer)
        if self._spending is not None:
            self._spending.settle()
        return self._new_board(live, before, gathered), gathered

    def _reserve(self, matches: int, quota: Quota) -> None:
        """Note the most that this cycle may spend of the quotas, retries included."""
        if self._spending is not None:
            most = {ODDS: min(3 * matches, quota.of(ODDS) or 0)}
            self._spending.reserve(most)

    def _new_board(self, live: Fetched[LiveList], before: Board, gathered: Gathered) -> Board:
        matches: dict[str, HeldMatch] = {}
        for match_id, match in live.value.matches.items():
            held = before.matches.get(match_id)
            matches[match_id] = HeldMatch(
                live=Held(match, live.at, Source.FRESH),
                detail=_held(gathered.details.get(match_id), held.detail if held else None),
                odds=_held(gathered.odds.get(match_id), held.odds if held else None),
            )
        for match_id in live.value.broken:
            if (held := before.matches.get(match_id)) is not None:
                matches[match_id] = _grown_old_match(held)
        details = {key: one.detail.value for key, one in matches.items() if one.detail.value is not None}
        return Board(matches, self._references(gathered, before, details), live.at)

    def _references(self, gathered: Gathered, before: Board, details: Mapping[str, Any]) -> References:
        """Give the references that these details need: as gathered, else as they were."""
        teams: dict[str, Held[Any]] = {}
        competitions: dict[str, Held[Any]] = {}
        for detail in details.values():
            for team_id in (detail.home_team_id, detail.away_team_id):
                if team_id and team_id not in teams:
                    key = Key(endpoints.TEAM, team_id)
                    teams[team_id] = self._reference_held(gathered, key, before.references.teams.get(team_id))
            competition_id = detail.competition_id
            if competition_id and competition_id not in competitions:
                competitions[competition_id] = self._reference_held(
                    gathered,
                    Key(endpoints.COMPETITION, competition_id),
                    before.references.competitions.get(competition_id),
                )
        return References(
            teams,
            competitions,
            self._reference_held(gathered, COUNTRIES, before.references.countries),
            self._reference_held(gathered, CATEGORIES, before.references.categories),
        )

    def _reference_held(self, gathered: Gathered, key: Key, before: Held[Any] | None) -> Held[Any]:
        found = gathered.references.get(key) or self._reference.peek(key)
        if found is not None and found.value is not None:
            return found
        if before is not None and before.value is not None:
            return Held(before.value, before.fetched_at, Source.STALE)
        return found or Held(None, None, Source.MISSING)

    def _records(self, board: Board, published_at: float) -> list[MatchRecord]:
        matches, references = self._wanted_matches(board), board.references
        if self._rules.mock:
            matches, references = mock.filled(matches, references, self._rules.prices.early_window)
        return self._flattener.records(matches, references, published_at)

    def _wanted_matches(self, board: Board) -> Mapping[str, HeldMatch]:
        selection = self._rules.selection
        return {
            match_id: held
            for match_id, held in board.matches.items()
            if selection.judge(held.detail, board.references) is Verdict.YES
        }

    def _shortcomings(self, live: LiveList, gathered: Gathered, board: Board) -> list[str]:
        """Say what this cycle could not have, a sentence each."""
        said = [f"Live match {name} could not be read: {why}" for name, why in live.broken.items()]
        for sentence in said:
            log.warning(sentence)
        said += problems(gathered)
        waiting = sum(key not in gathered.odds for key in self._wanted_matches(board))
        quota = self._client.transport.gates.left(endpoints.ODDS)
        if waiting and quota is not None:
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


def gathered_details(gathered: Gathered) -> dict[str, Any]:
    """Give the details that came, by match id."""
    return {key: one.value for key, one in gathered.details.items() if isinstance(one, Fetched)}


def _held(got: Fetched[T] | VendorError | None, before: Held[T] | None) -> Held[T]:
    """Take what came, else the last good value as stale, else nothing."""
    if isinstance(got, Fetched):
        return Held(got.value, got.at, Source.FRESH)
    if before is not None and before.value is not None:
        return Held(before.value, before.fetched_at, Source.STALE)
    return Held(None, None, Source.REFUSED if isinstance(got, RefusedError) else Source.MISSING)


def _grown_old(board: Board) -> Board:
    """Give the board as it stands when the live list could not be had."""
    return Board(
        {key: _grown_old_match(held) for key, held in board.matches.items()},
        board.references,
        board.fetched_at,
    )


def _grown_old_match(held: HeldMatch) -> HeldMatch:
    return HeldMatch(_old(held.live), _old(held.detail), _old(held.odds))


def _old(held: Held[T]) -> Held[T]:
    return held if held.value is None else Held(held.value, held.fetched_at, Source.STALE)


def _unsettled(record: MatchRecord) -> bool:
    return not UNSETTLED.isdisjoint(
        (
            record["live_source"],
            record["detail_source"],
            record["odds_source"],
            record["home_source"],
            record["away_source"],
            record["competition_source"],
            record["country_source"],
        )
    )


def _statuses(records: Iterable[MatchRecord]) -> dict[str, int]:
    counts = Counter(record["status_id"] for record in records)
    return {str(status_id): counts[status_id] for status_id in sorted(counts)}
