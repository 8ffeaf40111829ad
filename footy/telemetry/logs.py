"""Logging: one line an entry, with an ISO time and a level, scrubbed, archived at midnight and at 50 MB."""

import contextlib
import datetime as dt
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Literal

import pytz

from footy.telemetry.redaction import Redactor

MAX_BYTES = 50 * 1024 * 1024
LOG_NAME = "footy.log"

ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class LineFormatter(logging.Formatter):
    """Writes an entry as `time level logger: message`, or as a JSON object; the traceback follows, plain.

    Whatever a message holds, the secret is taken out of it here, before and after escaping; line breaks and
    control characters are escaped, so that what the vendor sends can neither pass for an entry of ours nor
    tell a terminal what to do.
    """

    def __init__(
        self, *, form: Literal["text", "json"], zone: dt.tzinfo, redact: Callable[[str], str]
    ) -> None:
        super().__init__()
        self._form = form
        self._zone = zone
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Write one entry."""
        moment = dt.datetime.fromtimestamp(record.created, tz=pytz.utc).astimezone(self._zone)
        stamp = moment.isoformat(timespec="milliseconds")
        message = self._redact(record.getMessage())
        trace = self._redact(self.formatException(record.exc_info)) if record.exc_info else ""
        if self._form == "json":
            entry = {"time": stamp, "level": record.levelname, "logger": record.name, "message": message}
            if trace:
                entry["traceback"] = trace
            return self._redact(_escaped(json.dumps(entry, ensure_ascii=False), _in_json))
        line = f"{stamp} {record.levelname:<7} {record.name}: {_escaped(message, _in_text)}"
        return self._redact("\n".join([line, *map(_traced, trace.split("\n"))] if trace else [line]))

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the library's name
        """Write a traceback without local variables."""
        return "".join(traceback.format_exception(*ei)).rstrip()


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    """Escape line breaks, control characters and whatever else does not print."""
    return text if text.isprintable() else "".join(c if c.isprintable() else escape(c) for c in text)


def _in_text(character: str) -> str:
    return repr(character)[1:-1]


def _in_json(character: str) -> str:
    return json.dumps(character)[1:-1]


def _traced(line: str) -> str:
    """Write a line of a traceback; what an error says must not look like an entry either."""
    line = _escaped(line, _in_text)
    return f"  {line}" if line[:1].isdigit() else line


class DatedFileHandler(logging.FileHandler):
    """Writes `footy.log`, and archives it as `footy_YYYY-MM-DD.log` (`.2`, `.3`, … where that is there).

    The archive's date is the day that its entries are of, in the zone given. A log that an earlier process
    left from another day is archived at the first entry. If the file is renamed or removed, the next entry
    begins a new one. A file that cannot be written loses entries and nothing else.
    """

    def __init__(self, folder: Path, *, zone: dt.tzinfo, backups: int, max_bytes: int = MAX_BYTES) -> None:
        self._path = folder / LOG_NAME
        self._zone = zone
        self._backups = backups
        self._max_bytes = max_bytes
        started = self._path.stat().st_mtime if self._path.exists() else None
        super().__init__(self._path, encoding="utf-8", errors="backslashreplace", delay=False)
        self._day = None if started is None else self._date(started)

    def emit(self, record: logging.LogRecord) -> None:
        """Write an entry, archiving first where it is of another day or the file is full."""
        with contextlib.suppress(OSError, ValueError):
            self._reopen_if_moved()
            day = self._date(record.created)
            if self._day is not None and (day > self._day or self._size() >= self._max_bytes):
                self._archive(self._day)
            self._day = day if self._day is None else max(day, self._day)
        try:
            super().emit(record)
        except OSError:  # the file could not be opened again; the library lets only this pass
            self.handleError(record)

    def close(self) -> None:
        """Close the file; what a full disk does not take is lost."""
        with contextlib.suppress(OSError):
            super().close()

    def _open(self) -> TextIOWrapper:
        """Open the file, and note which one it is."""
        stream = super()._open()
        self._opened = os.fstat(stream.fileno())
        return stream

    def _reopen_if_moved(self) -> None:
        """Go on in a new file if the log was renamed or removed, as logrotate and people do."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            found = None
        if found is None or not os.path.samestat(found, self._opened):
            self.close()
            self.stream = self._open()

    def _date(self, moment: float) -> dt.date:
        return dt.datetime.fromtimestamp(moment, tz=pytz.utc).astimezone(self._zone).date()

    def _size(self) -> int:
        return self.stream.tell() if self.stream else 0

    def _archive(self, day: dt.date) -> None:
        self.close()
        self._day = None
        archive = self._path.with_name(f"footy_{day}.log")
        number = 1
        while archive.exists():
            number += 1
            archive = self._path.with_name(f"footy_{day}.{number}.log")
        try:
            self._path.rename(archive)
        finally:
            self.stream = self._open()
        archives = sorted(self._path.parent.glob("footy_*.log"), key=lambda path: path.stat().st_mtime)
        for path in archives[: max(0, len(archives) - self._backups)]:
            with contextlib.suppress(OSError):
                path.unlink()


def set_up(
    folder: Path | None,
    *,
    level: str,
    form: Literal["text", "json"],
    zone: dt.tzinfo,
    backups: int,
    redact: Redactor,
    stderr_level: int | None,
) -> None:
    """Send every logger's entries to the log file, and those from `stderr_level` up to stderr as well.

    Uncaught exceptions and warnings of every thread become entries too, so that nothing reaches stderr
    unscrubbed.

    Raises:
        OSError: The log file cannot be opened.
    """
    formatter = LineFormatter(form=form, zone=zone, redact=redact)
    handlers: list[logging.Handler] = []
    if folder is not None:
        handlers.append(DatedFileHandler(folder, zone=zone, backups=backups))
    if stderr_level is not None:
        stderr = logging.StreamHandler(sys.stderr)
        stderr.setLevel(stderr_level)
        handlers.append(stderr)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(level)
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # skipped cycles are counted and logged by us
    for noisy in (
        "urllib3.connection",
        "urllib3.response",
    ):  # of a vendor's headers, reply by reply
        logging.getLogger(noisy).setLevel(logging.ERROR)
    for noisy in ("requests_cache", "filelock"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))

    def uncaught(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, where: str
    ) -> None:
        if error is not None and not issubclass(kind, SystemExit | KeyboardInterrupt):
            logging.getLogger("footy").critical("Uncaught in %s", where, exc_info=(kind, error, trace))

    sys.excepthook = lambda kind, error, trace: uncaught(kind, error, trace, "the main thread")
    sys.unraisablehook = lambda told: uncaught(
        told.exc_type, told.exc_value, told.exc_traceback, "an object's end"
    )
    threading.excepthook = lambda args: uncaught(
        args.exc_type, args.exc_value, args.exc_traceback, args.thread.name if args.thread else "a thread"
    )
