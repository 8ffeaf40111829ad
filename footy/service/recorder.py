"""The recorder: what happened in each cycle is detected and committed to the log, after `matches.json`.

Whatever fails here stops nothing else. The detector's memory is only taken over once the log has it, and
after a commit that failed it is loaded from the log again: so the next cycle that can write emits what this
one could not, nothing twice.
"""

import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from footy import __version__
from footy.clock import CLOCK, SET_FROM_S
from footy.events import Detector, Emitted, Event, EventRules, History
from footy.events.envelope import event_of
from footy.events.ids import operational_id
from footy.events.statuses import ABANDONED
from footy.events.types import ServiceStarted
from footy.history import BrokenLogError, Commit, LogError, NewerLogError, Position, Retention
from footy.history.log import UnknownCommitError
from footy.history.place import WriterPlace, WrittenLog
from footy.pipeline.cycle import CycleResult
from footy.pipeline.pushed import PushedUpdate
from footy.service.alerts import Alerts
from footy.service.archivist import Archivist
from footy.service.indicator_events import change_events
from footy.service.indicators import Reading
from footy.service.results import ResultReader
from footy.settings import Settings
from footy.times import moment_text

log = logging.getLogger(__name__)

RESULTS_WITHIN_S = 30 * 86_400.0
"""The vendor keeps final states for 30 days (thesports.com, live/history)."""

_IN_DOUBT = 1000
"""Newest events of the service itself among which those of a commit of unknown outcome are looked for."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Which events there are, and how long they are kept."""

    rules: EventRules
    retention: Retention

    @classmethod
    def of(cls, settings: Settings) -> "Keeping":
        """Take the operator's."""
        return cls(
            EventRules(settings.price_step, settings.settle, settings.price_events),
            Retention(settings.history_days, settings.history_size),
        )


class Recorder:
    """Writes the events of each cycle into the log. For one thread, that of the cycles."""

    def __init__(
        self,
        place: WriterPlace,
        keeping: Keeping,
        results: ResultReader,
        *,
        written: Position | None = None,
        vendor_ahead_s: Callable[[], float] = lambda: 0.0,
        alerts: Alerts | None = None,
        clock_step_s: float = 0.0,
        archivist: Archivist | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            place: Where the log is.
            keeping: Which events there are, and how long they are kept.
            results: Who reads the final states of matches.
            written: The newest position that an earlier process wrote; None if that is not known.
            vendor_ahead_s: Returns how far the vendor's clock is ahead of ours.
            alerts: What the operator's rules make of each cycle; None if there can be no rules.
            clock_step_s: How far this machine's clock is ahead of that of the machine that wrote before.
            archivist: What collects odds and minutes; None if only events are kept.
        """
        self.position = written
        """The newest position written, by this process or an earlier one."""
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each commit, to wake those that read the log."""
        self._place = place
        self._keeping = keeping
        self._results = results
        self._vendor_ahead_s = vendor_ahead_s
        self._alerts = alerts
        known_step_s = clock_step_s if abs(clock_step_s) >= SET_FROM_S else 0.0
        self._states_step_s = known_step_s
        """By how much the times in the log's states are to be moved; until this process has written them."""
        self._listed_step_s = known_step_s
        """The same for the time of the newest list."""
        self.archivist = archivist
        """What collects odds and minutes; None if only events are kept."""
        self._log: WrittenLog | None = None
        self._epoch = ""
        self._identity: object = None
        self._detector: Detector | None = None
        self._reload = False
        """The log may hold something else than the memory: it is read again before the next detection."""
        self._rewrite = False
        """The memory is right and the log is not: the next commit writes all states."""
        self._in_doubt = False
        """The log may already hold the pending events."""
        self._pending: list[Event] = []
        """Events of the service itself that are not written yet."""
        self._numbers = itertools.count(1)
        """Of the events of the service itself; with the time of its start they make the ids."""
        self._started_ms = 0
        self._finals: dict[str, History | None] = {}
        """Final states that were read, until what follows from them is written."""
        self._clock_offset = _clock_offset()
        self._is_off = False
        self._trouble: str | None = None
        self._loss: str | None = None

    @property
    def problem(self) -> str | None:
        """Why events are not written, or what became of those before; None if all is well."""
        return self._trouble or self._loss or (None if self._alerts is None else self._alerts.problem)

    def start(self, started_at: float, mode: str) -> None:
        """Open the log, and note that the service has started."""
        self._started_ms = round(started_at * 1000)
        event = Event(
            operational_id("service_started", self._started_ms, next(self._numbers)),
            "service_started",
            ServiceStarted(seen_at=moment_text(started_at) or "", version=__version__, mode=mode),
        )
        self._pending.append(event)
        with self._edge():
            now = CLOCK.now()
            self._commit(*self._ready(now), Commit(now, listed=None))

    def note_indicators(self, before: Mapping[str, Reading], after: Mapping[str, Reading]) -> None:
        """Note the indicators that changed; the next commit writes them."""
        if not self._is_off:
            seen_at = moment_text(CLOCK.now()) or ""
            self._pending += change_events(
                before, after, seen_at=seen_at, started_ms=self._started_ms, numbers=self._numbers
            )

    def record(self, outcome: CycleResult) -> None:
        """Detect what happened by a cycle, and commit it."""
        if self._is_off:
            return
        with self._edge():
            now = outcome.state.fetched_at if outcome.is_listed else None
            now = CLOCK.now() if now is None else now
            self._follow_clock()
            history, detector = self._ready(now)
            self._conclude(history, detector, now)
            self._settle_overdue(history, detector, now)
            self._detect(history, detector, outcome, now)
            history.retain(self._keeping.retention)
            history.checkpoint_if_due()

    def record_pushed(self, update: PushedUpdate) -> None:
        """Detect what happened by the records of matches that were pushed, and commit it.

        A match that no list has shown yet is left to the cycle, which knows its names and prices.
        """
        if self._is_off:
            return
        with self._edge():
            now = CLOCK.now()
            self._follow_clock()
            history, detector = self._ready(now)
            known = detector.states().keys()
            if new := {record["match_id"] for record in update.records} - known:
                detector.add(_none_ahead(history.states(new), now))
                known = detector.states().keys()
            records = [record for record in update.records if record["match_id"] in known]
            found = detector.detect(records, now, versions=update.versions)
            if self._alerts is not None:
                found = self._alerts.after_cycle(detector, found, records, now)
            if found.changed or found.events:
                self._commit(history, detector, Commit(now, found.changed, found.events, listed=None))
                detector.commit(found)

    def confirm_results(self, within_s: float) -> None:
        """Begin to read the final states that are due, in the seconds until the next cycle."""
        if self._is_off or self._detector is None:
            return
        due = self._detector.results_due(CLOCK.now())
        self._results.keep(due)
        self._results.ask(due, within_s)
        if self.archivist is not None:
            self.archivist.ask(within_s)

    def close(self) -> None:
        """End the reading of results, write what has been collected, and close the log."""
        self._results.close()
        if self.archivist is not None:
            if self._log is not None and self._detector is not None:
                with self._edge():
                    self._commit(
                        self._log, self._detector, self.archivist.rest(Commit(CLOCK.now(), listed=None))
                    )
            self.archivist.close()
        self._close_log()

    # Detection.

    def _conclude(self, history: WrittenLog, detector: Detector, now: float) -> None:
        """Commit the results by the final states that have been read since the last cycle."""
        self._finals |= self._results.take()
        if self._finals:
            found = detector.conclude(self._finals, now)
            if self._alerts is not None:
                found = self._alerts.after_results(detector, found, now)
            self._commit(history, detector, Commit(now, found.changed, found.events, listed=None))
            detector.commit(found)
            self._finals.clear()

    def _settle_overdue(self, history: WrittenLog, detector: Detector, now: float) -> None:
        """Commit the outcomes that could not be known when their matches ended."""
        if self._alerts is None:
            return
        found = self._alerts.overdue(detector, lambda emitted: _end_of(history, emitted), now)
        if found.events:
            self._commit(history, detector, Commit(now, found.changed, found.events, listed=None))
            detector.commit(found)

    def _detect(self, history: WrittenLog, detector: Detector, outcome: CycleResult, now: float) -> None:
        records = [] if outcome.snapshot is None else outcome.snapshot["matches"]
        shown = {record["match_id"] for record in records}
        known, listed = detector.states(), outcome.listed
        if new := shown - known.keys():  # to memory; the log may have seen them before
            detector.add(_none_ahead(history.states(new), now))
        if listed is not None:
            # A match that the operator's filters leave out is forgotten: it has not left.
            detector.forget((known.keys() & listed) - shown - outcome.undecided.keys())
        found = detector.detect(
            records, now, listed=listed, deleted=outcome.state.deleted, versions=outcome.versions
        )
        if self._alerts is not None:
            found = self._alerts.after_cycle(detector, found, records, now)
        commit = Commit(now, found.changed, found.events, listed)
        if self.archivist is not None:
            commit = self.archivist.added(commit, records, outcome.versions, outcome.state)
        self._commit(history, detector, commit)
        detector.commit(found)
        if listed is not None:
            detector.drop_closed(listed, now - RESULTS_WITHIN_S)

    def _commit(self, history: WrittenLog, detector: Detector, commit: Commit) -> None:
        newest = history.append(
            replace(
                commit,
                states={**detector.states(), **commit.states} if self._rewrite else commit.states,
                events=[*self._pending, *commit.events],
                # The earlier of two clocks: one that is years ahead must not let the whole log grow old.
                age_at=commit.at + min(0.0, self._vendor_ahead_s()),
            )
        )
        self._pending.clear()
        self._rewrite, self._states_step_s = False, 0.0
        if commit.listed is not None:
            self._listed_step_s = 0.0
        if self.archivist is not None:
            self.archivist.written(commit)
        self.position = Position(self._epoch, newest)
        self.on_commit()

    def _follow_clock(self) -> None:
        """Move the times in memory with the machine's clock if that was set."""
        offset = _clock_offset()
        step_s, self._clock_offset = offset - self._clock_offset, offset
        if abs(step_s) >= SET_FROM_S and self._detector is not None:
            self._detector.shift(step_s)
            self._rewrite = True

    # The log.

    @contextlib.contextmanager
    def _edge(self) -> Iterator[None]:
        """Catch a failure inside, so that it stops nothing else; log it once, and log when it is over."""
        try:
            yield
        except NewerLogError as error:
            self._is_off = True
            self._say(f"{error}: no events are written; install that version, or move the file away")
        except BrokenLogError as error:
            self._set_aside(error)
        except LogError as error:
            if self._place.is_shared:  # it may have been restored meanwhile
                self._close_log()
            self._reload = not self._rewrite
            if isinstance(error, UnknownCommitError):  # what was to be written may be there
                self._reload, self._rewrite, self._in_doubt = True, False, True
            self._say(f"{error}; what happens meanwhile is written as soon as it can be")
        except Exception as bug:
            self._reload = not self._rewrite
            log.exception("The events of this cycle were not written")
            self._trouble = (
                f"The events of the last cycle were not written: {type(bug).__name__}, see the log"
            )
        else:
            if self._trouble is not None:
                log.info("Events are written again")
            self._trouble = None

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.error(trouble)
        self._trouble = trouble

    def _ready(self, now: float) -> tuple[WrittenLog, Detector]:
        """Return the open log, and the detector with all that the log has of what may be listed."""
        if self._log is not None and self._identity != self._place.identity():
            log.warning("The log %s was deleted or replaced under the running service", self._place.name)
            self._close_log()
        if self._log is None:
            self._log = self._opened()
        if self._detector is None or self._reload:
            if self._in_doubt:
                self._drop_what_is_written(self._log)
            self._detector = self._loaded(self._log, now)
            self._reload, self._rewrite = False, self._rewrite or bool(self._states_step_s)
        return self._log, self._detector

    def _opened(self) -> WrittenLog:
        history, aside = self._place.open()
        if aside is not None:
            self._lose(aside)
        try:
            extent, last = history.extent(), self.position
            is_known = last is not None and last.epoch == extent.epoch and last.sequence <= extent.newest
            # Another machine may have made or replaced a shared log: only one that lost events is new.
            is_other = last is None or last.epoch != extent.epoch
            if is_known or (self._place.is_shared and is_other):
                self._reload = True
            else:
                self._rewrite = self._detector is not None
                if extent.newest > 0:  # a backup was put here, or a copy: its readers are to notice
                    history.begin_epoch()
                    log.warning(
                        "The log %s is not the one written last: it has a new epoch", self._place.name
                    )
            self._epoch = history.extent().epoch
        except LogError:
            history.close()
            raise
        self.position = Position(self._epoch, extent.newest)
        self._identity = self._place.identity()
        return history

    def _drop_what_is_written(self, history: WrittenLog) -> None:
        """Drop the pending events that a commit of unknown outcome has written after all."""
        types = sorted({one.type for one in self._pending})
        written = {one.id for one in history.newest(_IN_DOUBT, types=types)} if types else set()
        if written:
            self._states_step_s = 0.0
        self._pending = [one for one in self._pending if one.id not in written]
        self._in_doubt = False

    def _loaded(self, history: WrittenLog, now: float) -> Detector:
        """Return a detector with what was emitted of the matches listed last, and of those not over."""
        listed_at = history.listed_at()
        listed, others = (
            [one.shifted(self._states_step_s) for one in states] if self._states_step_s else states
            for states in (history.states(history.listed()), history.open_states(RESULTS_WITHIN_S))
        )
        if listed_at is not None:
            listed_at += self._listed_step_s
        if listed_at is not None and listed_at > now:  # the clock was set back: all is as old as it was
            step_s, listed_at = now - listed_at, now
            listed = [one.shifted(step_s) for one in listed]
        detector = Detector(self._keeping.rules, listed, listed_at=listed_at)
        detector.add(_none_ahead(others, now))
        return detector

    def _set_aside(self, error: BrokenLogError) -> None:
        """Put a log that turned out to be damaged out of the way; the next cycle begins a new one."""
        self._close_log()
        self._rewrite, self._reload = self._detector is not None, False
        try:
            self._lose(self._place.set_aside())
        except LogError as failure:
            self._say(f"{error}; {failure}")

    def _lose(self, aside: Path) -> None:
        self._loss = (
            f"The log {self._place.name} was damaged: it is kept as {aside.name}, a new one has begun"
        )
        log.error(self._loss)

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
        self._log = None


def _end_of(history: WrittenLog, emitted: Emitted) -> Event | None:
    """Return the newest event that may be the end of a match; None if it goes on."""
    if emitted.result is not None:
        kind = "result"
    elif emitted.status_id in ABANDONED:
        kind = "status"
    elif emitted.left:
        kind = "match_left"
    else:
        return None
    found = history.newest(1, match_id=emitted.match_id, types=[kind])
    return event_of(found[0].id, kind, found[0].data) if found else None


def _clock_offset() -> float:
    return CLOCK.now() - CLOCK.uptime()


def _none_ahead(states: Iterable[Emitted], now: float) -> list[Emitted]:
    """Return states of which none was seen after now: the clock may have been set back since."""
    return [one.shifted(now - one.seen_at) if one.seen_at > now else one for one in states]


def last_position(text: str | None) -> Position | None:
    """Read the position in a heartbeat; None if there is none that can be read."""
    try:
        return None if text is None else Position.read(text)
    except ValueError:
        return None
