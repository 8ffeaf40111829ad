"""The rules in use: read again when their file changes, and applied to what each cycle detects."""

import logging
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from msgspec.structs import replace

from footy.alerts.evaluate import Evaluated, Sight, fired, noted, settled, told
from footy.alerts.rules import Rules, RulesError, load
from footy.events.detector import Detection, Detector
from footy.events.emitted import AlertState, Emitted
from footy.events.sighting import LATE_AFTER_S, PLAYED
from footy.events.types import Event
from footy.record import MatchRecord

log = logging.getLogger("footy.alerts")

_FINISHED = 8


class AlertBook:
    """The operator's rules. For one thread, that of the cycles."""

    def __init__(self, path: Path, interval_s: float = LATE_AFTER_S) -> None:
        """Read nothing yet.

        Args:
            path: The rules file.
            interval_s: Seconds between two cycles; what happened within two of them is of now.
        """
        self._unseen_after_s = max(LATE_AFTER_S, 2 * interval_s)
        self.rules = Rules()
        """What is in use: of the last file that could be used."""
        self.problem: str | None = None
        """Why the file as it is cannot be used; None if it can."""
        self._path = path
        self._read: tuple[int, int, int] | None = None
        self._looks_for_overdue = True

    def refresh(self) -> bool:
        """Read the file if it has changed, and return whether other rules are in use now.

        A file that cannot be used leaves the rules as they are, and is read again each time: what is wrong
        may be its mode, its folder's, or a file that it names. Without a file there are none.
        """
        found = _version(self._path)
        if found == self._read and self.problem is None:
            return False
        self._read = found
        try:
            rules = Rules() if found is None else load(self._path)
        except RulesError as error:
            meanwhile = "The rules before are still in use" if self.rules.rules else "No rules are in use"
            problem = f"{error} {meanwhile}."
            if problem != self.problem:
                log.error(problem)
            self.problem = problem
            return False
        self.problem = None
        self._looks_for_overdue = True
        for warning in rules.warnings:
            log.warning(warning)
        log.info("%d rules and %d targets are in use", len(rules.rules), len(rules.targets))
        changed, self.rules = rules != self.rules, rules
        return changed

    def after_cycle(
        self, detector: Detector, detection: Detection, records: Iterable[MatchRecord], now: float
    ) -> Detection:
        """Return a cycle's detection, with the alerts that follow from its records and events.

        Args:
            detector: What was emitted before.
            detection: What the cycle made of its records, not committed yet.
            records: The records; only those that are fresh count.
            now: When they were read, in Unix seconds.
        """
        rules = self.rules.rules
        if not rules and self.problem is None:
            return self.after_results(detector, detection, now)
        of_match = _by_match(detection.events)
        states: dict[str, Emitted] = {}
        events: list[Event] = []
        for record in records:
            match_id = record["match_id"]
            before = detector.state(match_id)
            emitted = detection.changed.get(match_id) or before
            if emitted is None or record["live_source"] not in PLAYED:
                continue
            unseen_s = now - (detector.seen_at(match_id) or now)
            sight = Sight(
                record, of_match.pop(match_id, ()), now, unseen_s if unseen_s > self._unseen_after_s else 0.0
            )
            found = fired(rules, sight, emitted.alerts)
            alerts = emitted.alerts
            if found.states:
                alerts = {**alerts, **found.states}
                events += found.events
            if alerts and (before is None or before.status_id != _FINISHED):
                alerts = {**alerts, **noted(rules, record, alerts)}
            if sight.events:
                alerts = self._settle(sight, alerts, events)
            if alerts != emitted.alerts:
                states[match_id] = replace(emitted, alerts=alerts, seen_at=now)
        for match_id, without_record in of_match.items():
            self._end(detector, detection, match_id, without_record, now, states, events)
        return detector.extended(detection, states, events) if states else detection

    def after_results(self, detector: Detector, detection: Detection, now: float) -> Detection:
        """Return the detection of final states, with the alerts of their events, and the outcomes."""
        states: dict[str, Emitted] = {}
        events: list[Event] = []
        for match_id, of_match in _by_match(detection.events).items():
            self._end(detector, detection, match_id, of_match, now, states, events)
        return detector.extended(detection, states, events) if states else detection

    def overdue(self, detector: Detector, end_of: Callable[[Emitted], Event | None], now: float) -> Detection:
        """Return the outcomes of alerts whose match ended while the file could not be used.

        Args:
            detector: What was emitted before.
            end_of: Returns the event that is the end of such a match, from the log.
            now: Unix seconds.
        """
        states: dict[str, Emitted] = {}
        events: list[Event] = []
        if self.problem is None and self._looks_for_overdue:
            for match_id, emitted in detector.states().items():
                if emitted.has_open_alerts and (end := end_of(emitted)) is not None:
                    alerts = self._settle(Sight({}, [end], now), emitted.alerts, events)
                    if alerts is not emitted.alerts:
                        states[match_id] = replace(emitted, alerts=alerts)
            self._looks_for_overdue = bool(states)  # until they are committed
        return detector.extended(Detection(), states, events) if states else Detection()

    def _end(
        self,
        detector: Detector,
        detection: Detection,
        match_id: str,
        of_match: list[Event],
        now: float,
        states: dict[str, Emitted],
        events: list[Event],
    ) -> None:
        emitted = detection.changed.get(match_id) or detector.state(match_id)
        if emitted is None:
            return
        sight = Sight(told(of_match[-1]), of_match, now)
        found = fired([rule for rule in self.rules.rules if rule.on_events], sight, emitted.alerts)
        events += found.events
        alerts = {**emitted.alerts, **found.states} if found.states else emitted.alerts
        alerts = self._settle(sight, alerts, events)
        if alerts is not emitted.alerts:
            states[match_id] = replace(emitted, alerts=alerts)

    def _settle(
        self, sight: Sight, alerts: dict[str, AlertState], events: list[Event]
    ) -> dict[str, AlertState]:
        found: Evaluated = settled(self.rules.rules, sight, alerts, are_all=self.problem is None)
        if not found.states:
            return alerts
        events += found.events
        return {**alerts, **found.states}


def _by_match(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Return the events of each match, in order."""
    found: dict[str, list[Event]] = {}
    for match_id, of_match in groupby(events, lambda event: event.match_id):
        if match_id is not None:
            found.setdefault(match_id, []).extend(of_match)
    return found


def _version(path: Path) -> tuple[int, int, int] | None:
    """Return a value that differs once the file has changed; None if there is no file.

    One that cannot be looked at is there all the same: reading it says why.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size
