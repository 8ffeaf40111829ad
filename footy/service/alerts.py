"""The operator's alerts in the service; nothing of them is imported before there is a rules file."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from footy.events.detector import Detection, Detector
from footy.events.emitted import Emitted
from footy.events.types import Event
from footy.record import MatchRecord
from footy.telemetry.redaction import Redactor

if TYPE_CHECKING:  # only if there is a rules file
    from footy.alerts.book import AlertBook
    from footy.sinks.registry import Sinks

log = logging.getLogger("footy.alerts")


class Alerts:
    """Applies the rules to what each cycle detects. For one thread, that of the cycles.

    Args:
        path: The rules file; it may come and go.
        sinks: Where targets are opened.
        redact: Learns the secrets of targets before anything can log them.
        interval_s: Seconds between two cycles.
    """

    def __init__(self, path: Path, sinks: "Sinks", redact: Redactor, interval_s: float = 60.0) -> None:
        self._interval_s = interval_s
        self._path = path
        self._sinks = sinks
        self._redact = redact
        self._book: AlertBook | None = None
        self._bug: str | None = None
        self._is_new = True

    @property
    def problem(self) -> str | None:
        """Return why alerts are not as the rules file wants them; None if all is well."""
        return self._bug or (None if self._book is None else self._book.problem)

    def refresh(self) -> None:
        """Use the rules and targets of the file as it is now."""
        if self._book is None and self._path.exists():
            self._open()
        if self._book is not None and self._book.refresh():
            self._redact.learn(self._book.rules.secrets)
            self._sinks.use(self._book.rules.targets)

    def _open(self) -> None:
        from footy.alerts.book import AlertBook  # noqa: PLC0415 - only if there is something for it

        self._book = AlertBook(self._path, self._interval_s)

    def _open_for(self, detection: Detection) -> None:
        """Settle the alerts of matches that end, even if there are no rules any more."""
        if self._book is None and any(state.alerts for state in detection.changed.values()):
            self._open()
            self.refresh()

    def after_cycle(
        self, detector: Detector, detection: Detection, records: Iterable[MatchRecord], now: float
    ) -> Detection:
        """Return a cycle's detection, with the alerts that follow from it."""
        with self._edge():
            self.refresh()
            self._open_for(detection)
            if self._book is not None:
                return self._book.after_cycle(detector, detection, records, now)
        return detection

    def after_results(self, detector: Detector, detection: Detection, now: float) -> Detection:
        """Return the detection of final states, with the outcomes of alerts."""
        with self._edge():
            self._open_for(detection)
            if self._book is not None:
                return self._book.after_results(detector, detection, now)
        return detection

    def overdue(self, detector: Detector, end_of: Callable[[Emitted], Event | None], now: float) -> Detection:
        """Return the outcomes of alerts whose match ended while the rules file could not be used."""
        with self._edge():
            self.refresh()
            if self._book is None and self._is_new:
                self._is_new = False
                if any(one.has_open_alerts for one in detector.states().values()):
                    log.warning(
                        "There is no rules file %s: no alert is sent, and open ones will be void", self._path
                    )
                    self._open()
                    self.refresh()
            if self._book is not None:
                return self._book.overdue(detector, end_of, now)
        return Detection()

    @contextlib.contextmanager
    def _edge(self) -> Iterator[None]:
        """Catch a failure inside: it costs alerts, and never the events."""
        self._bug = None
        try:
            yield
        except Exception as bug:
            log.exception("Alerts were not evaluated")
            self._bug = f"Alerts were not evaluated: {type(bug).__name__}, see the log"
