"""Detect the events of whole cycles; keep the emitted state of every match in memory.

The result of a cycle is adopted only after it was committed. So if the log cannot be written, the next cycle
detects the same events again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from footy.events import presence, results
from footy.events.detect import Compared, History, NoRecord, advance, compared, detect
from footy.events.emitted import Emitted
from footy.events.sighting import LATE_AFTER_S, PLAYED, EventRules
from footy.events.statuses import IN_PLAY
from footy.events.types import Event
from footy.record import MatchRecord


@dataclass(frozen=True, slots=True)
class Detection:
    """The result of a cycle, to be committed in one transaction."""

    changed: Mapping[str, Emitted] = field(default_factory=dict)
    """The states that differ from the committed ones, by match id."""
    events: tuple[Event, ...] = ()
    """In the order of emission."""
    compared: Mapping[str, Compared] = field(default_factory=dict)
    """The compared values of the records that led to those states, by match id."""


class _Match:
    """The committed state of a match, and the values last compared with it."""

    __slots__ = ("compared", "emitted", "quiet", "seen_at", "version")

    def __init__(self, emitted: Emitted, values: Compared | None) -> None:
        self.emitted = emitted
        self.compared = values
        self.quiet = not emitted.waits
        self.seen_at = emitted.seen_at
        self.version: int | None = None
        """The version of the record that was compared last; None if it is not known."""


class Detector:
    """Detects the events of each cycle; for use by one thread."""

    def __init__(
        self, rules: EventRules, states: Iterable[Emitted] = (), *, listed_at: float | None = None
    ) -> None:
        """Start from the states in the log.

        Args:
            rules: The operator's rules for events.
            states: The emitted states of the matches that may be listed again.
            listed_at: When the last fresh list was read. Matches that were not absent were seen then, even if
                their unchanged states have an earlier time.
        """
        self._rules = rules
        self._matches = {one.match_id: _Match(one, None) for one in states}
        for match in self._matches.values():
            if listed_at is not None and match.emitted.absence is None and not match.emitted.left:
                match.seen_at = max(match.seen_at, listed_at)

    def state(self, match_id: str) -> Emitted | None:
        """Return the committed state of a match."""
        match = self._matches.get(match_id)
        return None if match is None else match.emitted

    def seen_at(self, match_id: str) -> float | None:
        """Return when a match was seen last, before a detection that is not committed yet."""
        match = self._matches.get(match_id)
        return None if match is None else match.seen_at

    def extended(
        self, detection: Detection, states: Mapping[str, Emitted], events: Sequence[Event]
    ) -> Detection:
        """Return a detection with further events, and the states after them of matches in memory or in it."""
        values = {
            match_id: match.compared
            for match_id in states.keys() - detection.changed.keys()
            if (match := self._matches.get(match_id)) is not None and match.compared is not None
        }
        return Detection(
            {**detection.changed, **states},
            (*detection.events, *events),
            {**detection.compared, **values},
        )

    def add(self, states: Iterable[Emitted]) -> None:
        """Add states from the log, of matches that are listed again."""
        for one in states:
            self._matches.setdefault(one.match_id, _Match(one, None))

    def forget(self, match_ids: Iterable[str]) -> None:
        """Drop matches from memory; the log keeps their states."""
        for match_id in match_ids:
            self._matches.pop(match_id, None)

    def drop_closed(self, listed: Collection[str], seen_after: float = 0.0) -> None:
        """Drop the matches that are not listed and get no more events; the log keeps their states.

        A match that may still begin is kept for a minute: the state in the log does not have the time when it
        was listed last, so a kick-off at its return would be late.

        Args:
            listed: The ids in the live list.
            seen_after: A match without a result that was last seen before this time gets none any more.
        """
        newest = max([match.seen_at for match in self._matches.values()], default=0.0)

        def is_closed(match: _Match) -> bool:
            if match.seen_at < seen_after:
                return True
            is_over = bool(match.emitted.result) or match.emitted.muted
            return not results.is_open(match.emitted) and (is_over or newest - match.seen_at > LATE_AFTER_S)

        absent = {key: match for key, match in self._matches.items() if key not in listed}
        self.forget([match_id for match_id, match in absent.items() if is_closed(match)])

    def states(self) -> dict[str, Emitted]:
        """Return what is committed of every match in memory, by match id."""
        return {match_id: match.emitted for match_id, match in self._matches.items()}

    def shift(self, step_s: float) -> None:
        """Move all times by so many seconds, after the machine's clock was set: all is as old as before."""
        for match in self._matches.values():
            match.emitted = match.emitted.shifted(step_s)
            match.seen_at += step_s

    def detect(
        self,
        records: Iterable[MatchRecord],
        now: float,
        *,
        listed: Collection[str] | None = None,
        deleted: Collection[str] = (),
        versions: Mapping[str, int] | None = None,
    ) -> Detection:
        """Return the events of a cycle's records, and the new states; `commit` adopts them.

        Args:
            records: The records in the order of the snapshot.
            now: When they were read, in Unix seconds.
            listed: The ids in the live list if it was read in this cycle, else None. A listed match without a
                record was only filtered out.
            deleted: The ids that the vendor reports as deleted.
            versions: A number for each record, by match id; two records of one number have equal values. Such
                a record need not be read, which is what takes the time if nothing has changed.
        """
        known = versions or {}
        states: dict[str, Emitted] = {}
        values: dict[str, Compared] = {}
        events: list[Event] = []
        for record in records:
            match_id = record["match_id"]
            match, version = self._matches.get(match_id), known.get(match_id)
            if match is not None and match.quiet and version is not None and match.version == version:
                match.seen_at = now
                continue
            seen = compared(record)
            if match is not None and match.quiet and match.compared == seen:
                match.seen_at, match.version = now, version
                match.compared = seen  # of the values of two equal records, the newest are compared fastest
            elif record["live_source"] in PLAYED:
                events += self._compare(record, match, seen, now, states, values)
        if listed is not None:
            events += self._absences(listed, deleted, now, states)
        return Detection(states, tuple(events), values)

    def _compare(
        self,
        record: MatchRecord,
        match: _Match | None,
        seen: Compared,
        now: float,
        states: dict[str, Emitted],
        values: dict[str, Compared],
    ) -> list[Event]:
        if match is None:
            after, events = advance(None, record, now, self._rules)
            states[after.match_id], values[after.match_id] = after, seen
            return events
        emitted = match.emitted
        after, events = advance(emitted, record, now, self._rules, match.compared, seen, match.seen_at)
        if after is emitted:
            match.compared, match.seen_at = seen, now
        else:
            match_id = record["match_id"]
            states[match_id] = replace(after, seen_at=now)
            # The meaning of the values depends on the status: after it changed, equal ones are read again.
            if after.status_id == emitted.status_id:
                values[match_id] = seen
        return events

    def _absences(
        self, listed: Collection[str], deleted: Collection[str], now: float, states: dict[str, Emitted]
    ) -> list[Event]:
        events: list[Event] = []
        for match_id, match in self._matches.items():
            emitted = match.emitted
            if emitted.status_id not in IN_PLAY or emitted.left or match_id in listed:
                continue
            after, left = presence.absent(emitted, now, self._rules, deleted=match_id in deleted)
            if after is not emitted:
                states[match_id] = after if emitted.absence else replace(after, seen_at=match.seen_at)
                events += left
        return events

    def results_due(self, now: float) -> list[str]:
        """Return the matches whose final state should be read now."""
        return [match_id for match_id, match in self._matches.items() if results.is_due(match.emitted, now)]

    def conclude(self, histories: Mapping[str, History | None], now: float) -> Detection:
        """Return the events of final states, and the new states; a history is None if it cannot be read."""
        states: dict[str, Emitted] = {}
        events: list[Event] = []
        for match_id, history in histories.items():
            emitted = self.state(match_id)
            if emitted is None:
                continue
            after, found = detect(emitted, history or NoRecord.REFUSED, now, self._rules)
            if after is not None and after is not emitted:
                states[match_id] = after
                events += found
        return Detection(states, tuple(events))

    def commit(self, detection: Detection) -> None:
        """Adopt a detection that was written to the log."""
        for match_id, emitted in detection.changed.items():
            self._matches[match_id] = _Match(emitted, detection.compared.get(match_id))
