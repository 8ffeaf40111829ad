"""The archivist: collects the odds and minutes of running matches, and reads all odds of those that are over.

It works beside the cycles: packing and reading have a thread each, and what they bring is written with a
later cycle. Reading has the lowest priority: it is done between two cycles, and leaves the calls of the quota
that the cycles may need.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from typing import Protocol

from prometheus_client.core import Metric

from footy.clock import CLOCK
from footy.history.archive import Archive, Archived, ArchiveState, Due
from footy.history.log import Commit, LogError
from footy.history.minutes import MinuteBlob
from footy.history.minutes import joined as joined_minutes
from footy.history.minutes import pack as pack_minutes
from footy.history.odds import (
    MARKETS,
    BrokenBlobError,
    Kind,
    OddsBlob,
    OddsColumns,
    columns_of_series,
    joined,
    pack,
    united,
)
from footy.history.tails import MinuteTail, OddsTails, just_ended
from footy.mirror.answers import OddsChanges
from footy.mirror.state import State
from footy.record import MatchRecord
from footy.telemetry.metrics import counter, figure
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.errors import (
    OutOfTimeError,
    QuotaSpentError,
    RefusedError,
    StoppedError,
    ThrottledError,
    VendorError,
    drop_tracebacks,
)
from footy.thesports.failure_log import FailureLog
from footy.thesports.models import Odds, bookmaker_number
from footy.thesports.request import Answer, Priority, Request
from footy.thesports.retry_budget import RetryBudget

log = logging.getLogger(__name__)

TRIED_FOR_S = 29 * 86_400.0
"""The vendor keeps odds for 30 days (thesports.com, odds/history)."""
TAIL_WITHIN_S = 0.1
"""How long a reader of a match waits for the rows that are not packed yet."""
FIRST_PAUSE_S = 600.0
LAST_PAUSE_S = 6 * 3600.0
"""Seconds before a match is asked for again, doubling."""
BELIEVED_AT = 3
"""At which attempt an answer is taken that lacks what had been seen, or has values that cannot be read."""
SPARED = 20
"""Calls of the quota that are always left to the cycles."""
SPARED_SHARE = 0.6
"""Share of the quota that is left to the cycles at most, if they lack the odds of many matches."""
LEAST_TIME_S = 2.0
"""A slow vendor leaves no time between cycles; then so much of the next one is used."""
AT_ONCE = 50
"""Matches looked up at once."""
MOST_BLOBS = 20
"""Chunks written with one cycle, so that its transaction stays short; of very many, half of them."""
MOST_ARCHIVES = 10
"""Archives written with one cycle, likewise."""
MOST_KEPT = 400
"""Chunks that are kept in memory if they cannot be written, about 3 MB."""
MOST_REPLIES, MOST_READS = 16, 8
"""Replies and full reads that may wait to be packed; more are left to a later full read."""
SEEN_SHARE = 0.9
"""Share of the rows seen before which a full answer has at least."""
FEED_WINDOW_S = endpoints.ODDS_LIVE.window_s - 5.0
BASE_EVERY_S = 300.0
"""Without a feed, seconds after which a full read is kept again."""

_LATER = (OutOfTimeError, QuotaSpentError, StoppedError, ThrottledError)
"""Failures that concern whatever is asked next too."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was written of a match before its archive."""

    odds: OddsColumns
    minutes: MinuteBlob | None = None
    """Its minutes, packed; None if there are none, or they are packed already."""


class OpenArchive(Archive, Protocol):
    """An archive that was opened for reading."""

    def close(self) -> None:
        """Close it."""
        ...


class Archivist:
    """Collects, packs and reads; the recorder writes what it brings."""

    def __init__(self, client: Client, reading: Callable[[], OpenArchive]) -> None:
        """Start nothing yet.

        Args:
            client: Who asks the vendor.
            reading: Opens the log for reading.
        """
        self._client = client
        self._reading = reading
        self._packing = ThreadPoolExecutor(1, thread_name_prefix="archive-pack")
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="archive-read")
        self._asked: Future[None] | None = None
        self._lock = threading.Lock()
        self._tails = OddsTails()
        """Belongs to the packing thread."""
        self._minutes = MinuteTail()
        """Belongs to the thread of the cycles."""
        self._listed: frozenset[str] = frozenset()
        self._lacking = 0
        self._outcomes = dict.fromkeys(ArchiveState, 0)
        self._still_waiting: int | None = None
        self._blobs: list[OddsBlob] = []
        self._archives: dict[str, Archived] = {}
        self._adding: Commit | None = None
        """What `added` returned, until the log has it."""
        self._based: dict[str, float] = {}
        """When the base of a match was read, by the clock that nobody sets."""
        self._feed_read_at = 0.0
        """When the feed of odds was read last, by the same clock."""
        self._queued = {"reply": 0, "read": 0}
        self._failures = FailureLog()

    def metrics(self) -> Iterator[Metric]:
        """Yield the metrics; a source, for any thread."""
        words = "Matches that are over and wait for all their odds to be read; absent until that is known."
        yield figure("footy_archive_waiting", words, self._still_waiting)
        yield counter(
            "footy_archive_reads_total",
            "Attempts to read all odds of a match that is over, by what they came to.",
            ("state",),
            {(str(state),): count for state, count in self._outcomes.items()},
        )

    # What the pipeline tells, in its own threads.

    def take_changes(self, reply: OddsChanges, at: float | None) -> None:
        """Take a reply of the feed of odds, to be packed later."""
        now = CLOCK.uptime()
        if now - self._feed_read_at > FEED_WINDOW_S:  # changes were missed: every match needs a full read
            self._based.clear()
        self._feed_read_at = now
        if self._listed and not self._submit("reply", MOST_REPLIES, self._add, reply, at or CLOCK.now()):
            self._based.clear()

    def read(self, match_id: str, odds: Odds) -> None:
        """Take all odds of a match that is listed, if none or too little is known of it."""
        now = CLOCK.uptime()
        based_at = self._based.get(match_id)
        has_feed = now - self._feed_read_at <= FEED_WINDOW_S
        if based_at is None or (not has_feed and now - based_at >= BASE_EVERY_S):
            self._based[match_id] = now
            if not self._submit("read", MOST_READS, self._base, match_id, odds, CLOCK.now()):
                self._based.pop(match_id, None)

    def _submit(self, kind: str, most: int, work: Callable[..., None], *arguments: object) -> bool:
        """Submit work to the packing thread; return False if too much waits for it."""
        with self._lock:
            if self._queued[kind] >= most:
                return False
            self._queued[kind] += 1
        try:
            self._packing.submit(self._packed, kind, work, *arguments)
        except RuntimeError:  # it is closed
            return False
        return True

    def _packed(self, kind: str, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception:
            log.exception("Odds could not be packed")
        finally:
            with self._lock:
                self._queued[kind] -= 1

    def _add(self, reply: OddsChanges, at: float) -> None:
        newest_first = reply.directions != frozenset({False})
        self._tails.add(reply.listed, at, self._listed, newest_first=newest_first)
        self._keep(self._tails.take(at))

    def _base(self, match_id: str, odds: Odds, at: float) -> None:
        columns = _columns(odds)[0]
        if columns.rows:
            self._keep([OddsBlob(match_id, Kind.BASE, columns.rows, at, pack(columns))])

    def _keep(self, blobs: Sequence[OddsBlob]) -> None:
        if blobs:
            with self._lock:
                self._blobs += blobs

    # What the page asks for, in threads of its own.

    def odds_tail(self, match_id: str) -> list[OddsBlob]:
        """Return the odds of a match that are known, but not in the log yet, in order.

        The packing thread answers, so that nothing is on its way in between. If it has much to do, rows that
        are not packed yet are left out.
        """
        try:
            asked = self._packing.submit(self._tail_of, match_id)
        except RuntimeError:  # it is closed
            return self._unwritten(match_id)
        try:
            return asked.result(TAIL_WITHIN_S)
        except FutureTimeoutError:
            asked.cancel()
            return self._unwritten(match_id)

    def _tail_of(self, match_id: str) -> list[OddsBlob]:
        return [*self._unwritten(match_id), *self._tails.of(match_id)]

    def _unwritten(self, match_id: str) -> list[OddsBlob]:
        with self._lock:
            return [blob for blob in self._blobs if blob.match_id == match_id]

    # What the recorder asks for, in the thread of the cycles.

    def added(
        self, commit: Commit, records: Sequence[MatchRecord], versions: Mapping[str, int], state: State
    ) -> Commit:
        """Return a cycle's commit, with the odds, minutes and archives that are due.

        Once the log has it, the caller calls `written`.

        Args:
            commit: What else is written.
            records: The records of the cycle.
            versions: A number for each record, see `Flattener.versions`.
            state: The state after the cycle.
        """
        self._listed = frozenset(record["match_id"] for record in records)
        self._lacking = sum(not match.has_full_odds for match in state.matches.values())
        for known in [*self._based]:  # other threads add to it
            if known not in self._listed:
                self._based.pop(known, None)
        if self._adding is not None:
            self._give_way()
        minutes = self._minutes.rows(records, versions, commit.at, just_ended(commit.events))
        with self._lock:
            archives = [*self._archives.values()][: max(MOST_ARCHIVES, len(self._archives) // 2)]
            odds = self._blobs[: max(MOST_BLOBS, len(self._blobs) // 2)]
        self._adding = replace(commit, odds=odds, minutes=minutes, archives=archives)
        return self._adding

    def rest(self, commit: Commit) -> Commit:
        """Return the last commit, with everything collected so far, even if it is little."""
        self._packing.submit(self._keep_everything)
        self._packing.shutdown(wait=True)
        with self._lock:
            return replace(commit, odds=self._blobs, archives=[*self._archives.values()])

    def _keep_everything(self) -> None:
        self._keep(self._tails.take(CLOCK.now(), everything=True))

    def written(self, commit: Commit) -> None:
        """Forget what has been written."""
        written = {id(blob) for blob in commit.odds}
        with self._lock:
            self._blobs = [blob for blob in self._blobs if id(blob) not in written]
            for one in commit.archives:
                self._archives.pop(one.match_id, None)
                self._outcomes[one.state] += 1
        if commit is self._adding:
            self._adding = None

    def _give_way(self) -> None:
        """Go on after a failed commit: build on no minute, and of many chunks keep only the newest."""
        self._minutes.forget()
        with self._lock:
            if len(self._blobs) > MOST_KEPT:
                del self._blobs[:-MOST_KEPT]
                self._based.clear()

    def ask(self, within_s: float) -> None:
        """Begin to read the odds of matches that are over, in the seconds until the next cycle."""
        if self._asked is None or self._asked.done():
            until = time.monotonic() + max(within_s, LEAST_TIME_S)
            self._asked = self._asking.submit(self._ask_all, until)

    def close(self) -> None:
        """End the threads; the caller has stopped the transport before."""
        self._asking.shutdown(wait=True, cancel_futures=True)
        self._packing.shutdown(wait=True, cancel_futures=True)

    # Reading, in its own thread.

    def _ask_all(self, until: float) -> None:
        try:
            archive = self._reading()
        except LogError as error:  # the recorder reports it
            log.debug("Archives wait: %s", error)
            return
        try:
            self._still_waiting = archive.waiting()
            self._ask_due(archive, RetryBudget(until, failures=self._failures))
        except LogError as error:
            log.debug("Archives wait: %s", error)
        except Exception:
            log.exception("Reading the odds of matches that are over failed")
        finally:
            archive.close()
        if (summary := self._failures.end_cycle({endpoints.ODDS})) is not None:
            log.warning(summary)

    def _ask_due(self, archive: Archive, budget: RetryBudget) -> None:
        quota = self._client.transport.quota
        for one in archive.due(CLOCK.now(), AT_ONCE):
            with self._lock:
                if one.match_id in self._archives:  # until it is written
                    continue
            if CLOCK.now() - one.ended_at > TRIED_FOR_S:
                self._note(given_up(one, CLOCK.now()))
                continue
            left = quota.left(endpoints.ODDS)
            if (left is not None and left <= self._spared()) or not budget.has_time(endpoints.ODDS):
                break
            goes_on = self._archive(one, archive, budget)
            quota.save()
            if not goes_on:
                break

    def _spared(self) -> int:
        """Return how many calls of the quota are left to the cycles."""
        _, limit = self._client.transport.quota.all_left().get(endpoints.ODDS.path, (0, 0))
        return min(SPARED + self._lacking, int(SPARED_SHARE * limit))

    def _archive(self, due: Due, archive: Archive, budget: RetryBudget) -> bool:
        """Read the odds of one match; return whether to go on with others."""
        request = Request(endpoints.ODDS, due.match_id, priority=Priority.FINAL)
        answer = self._client.ask(request, budget)
        drop_tracebacks(answer.error)
        # An answer that did not come in time counts: otherwise one that never comes would hold up all others.
        is_late = isinstance(answer.error, OutOfTimeError) and answer.error.was_sent
        if isinstance(answer.error, _LATER) and not is_late:
            return False
        self._note(outcome(due, answer, _known(archive, due.match_id), CLOCK.now()))
        return not isinstance(answer.error, (*_LATER, RefusedError))

    def _note(self, archived: Archived) -> None:
        if archived.state in {ArchiveState.PARTIAL, ArchiveState.LOST}:
            log.warning("The odds of match %s are %s: %s", archived.match_id, archived.state, archived.note)
        with self._lock:
            self._archives[archived.match_id] = archived


def _known(archive: Archive, match_id: str) -> Known:
    """Return the kept odds of a match; a damaged blob counts as not written."""
    try:
        odds = joined(archive.odds_blobs(match_id))
    except BrokenBlobError:
        odds = united([])
    blobs = archive.minute_blobs(match_id)
    if all(blob.rows for blob in blobs) and len(blobs) <= 1:
        return Known(odds)
    try:
        rows = joined_minutes(blobs)
    except BrokenBlobError:
        return Known(odds)
    return Known(odds, MinuteBlob(match_id, rows[0].minute, len(rows), pack_minutes(rows)))


def outcome(due: Due, answer: Answer[object], known: Known, now: float) -> Archived:
    """Return the outcome of an answer to the request for all odds of a match. Pure.

    An answer is not taken if it lacks what had been seen before, or has values that cannot be read: it may be
    a half one, and is asked for again. The third time it is, together with what had been seen.
    """
    tries = due.tries + 1
    if not isinstance(answer.value, dict):
        return _later(due, now, _words(answer.error), known)
    columns, left_out = _columns(answer.value)
    left_out += len(answer.left_out)
    doubt = _doubt(columns, left_out, known.odds)
    if doubt is not None and tries < BELIEVED_AT:
        return _later(due, now, doubt, known)
    state = ArchiveState.WHOLE if columns.rows else ArchiveState.EMPTY
    if doubt is not None:
        state = ArchiveState.PARTIAL
        columns = united([known.odds, columns])
    return Archived(
        due.match_id,
        state,
        now,
        tries,
        rows=columns.rows,
        left_out=left_out,
        note="The vendor has no odds of this match" if state is ArchiveState.EMPTY else doubt,
        odds=_archive_of(due.match_id, columns, now),
        minutes=known.minutes,
    )


def _archive_of(match_id: str, columns: OddsColumns, now: float) -> OddsBlob | None:
    if not columns.rows:
        return None
    return OddsBlob(match_id, Kind.ARCHIVE, columns.rows, now, pack(columns, small=True))


def given_up(due: Due, now: float) -> Archived:
    """Return the final state of a match whose odds could not be read while the vendor kept them."""
    why = "they were not asked for" if due.note is None else due.note
    note = f"Not read within {TRIED_FOR_S / 86_400:.0f} days of its end: {why}"
    return Archived(due.match_id, ArchiveState.LOST, now, due.tries, note=note)


def _later(due: Due, now: float, note: str, known: Known) -> Archived:
    pause_s = min(FIRST_PAUSE_S * 2.0 ** min(due.tries, 10), LAST_PAUSE_S)
    return Archived(
        *(due.match_id, ArchiveState.WAITING, now, due.tries + 1, now + pause_s),
        note=note,
        minutes=known.minutes,
    )


def _words(error: VendorError | None) -> str:
    return "The answer has no odds" if error is None else str(error)


def _doubt(columns: OddsColumns, left_out: int, known: OddsColumns) -> str | None:
    """Return why an answer may be a half one; None if it is credible."""
    if left_out:
        return f"{left_out} values of the answer cannot be read"
    had = {(one.bookmaker_id, one.market) for one in known.series}
    has = {(one.bookmaker_id, one.market) for one in columns.series}
    if missing := len(had - has):
        return f"The answer lacks {missing} series of prices that had been seen"
    if columns.rows < SEEN_SHARE * known.rows:
        return f"The answer has {columns.rows} rows, and {known.rows} had been seen"
    return None


def _columns(odds: Odds) -> tuple[OddsColumns, int]:
    """Return a decoded `odds/history` as columns, and the number of rows that cannot be kept."""
    series = {
        (number, market): rows
        for company, markets in odds.items()
        if (number := bookmaker_number(company)) is not None
        for market in MARKETS
        if (rows := getattr(markets, market))
    }
    sent = sum(len(getattr(markets, market)) for markets in odds.values() for market in MARKETS)
    columns = columns_of_series(series)
    return columns, sent - columns.rows
