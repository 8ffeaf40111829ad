"""Logging: one line an entry, with an ISO time and a level, scrubbed, archived at midnight and at 50 MB."""

import contextlib
import datetime as dt
import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable
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

    Whatever a message holds, the secret is taken out of it here, and line breaks in it are escaped, so that
    what the vendor sends cannot pass for an entry of ours.
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
        message = record.getMessage()
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self._form == "json":
            entry = {
                "time": stamp,
                "level": record.levelname,
                "logger": record.name,
                "message": self._redact(message),
            }
            if trace:
                entry["traceback"] = self._redact(trace)
            return self._redact(json.dumps(entry, ensure_ascii=False))
        line = f"{stamp} {record.levelname:<7} {record.name}: {_on_one_line(message)}"
        return self._redact(f"{line}\n{trace}" if trace else line)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the library's name
        """Write a traceback without local variables."""
        return "".join(traceback.format_exception(*ei)).rstrip()


def _on_one_line(message: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)


class DatedFileHandler(logging.FileHandler):
    """Writes `footy.log`, and archives it as `footy_YYYY-MM-DD.log` (`.2`, `.3`, … where that is there).

    The archive's date is the day that its entries are of, in the zone given. A log that an earlier process
    left from another day is archived at the first entry. A file that cannot be written loses entries and
    nothing else.
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
            day = self._date(record.created)
            if self._day is not None and (day > self._day or self._size() >= self._max_bytes):
                self._archive(self._day)
            self._day = day if self._day is None else max(day, self._day)
        super().emit(record)

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
            path.unlink(missing_ok=True)


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
    for talkative in ("apscheduler", "requests_cache", "filelock"):
        logging.getLogger(talkative).setLevel(max(logging.WARNING, logging.getLevelName(level)))

    def uncaught(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, where: str
    ) -> None:
        if error is not None and not issubclass(kind, SystemExit | KeyboardInterrupt):
            logging.getLogger("footy").critical("Uncaught in %s", where, exc_info=(kind, error, trace))

    sys.excepthook = lambda kind, error, trace: uncaught(kind, error, trace, "the main thread")
    threading.excepthook = lambda args: uncaught(
        args.exc_type, args.exc_value, args.exc_traceback, args.thread.name if args.thread else "a thread"
    )
