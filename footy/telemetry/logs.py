"""Logging: one line per entry, with ISO time and level, redacted, archived at midnight and at 50 MB."""

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
    """Formats an entry as `time level logger: message`, or as a JSON object; then the traceback.

    The secret is removed from every message, before and after escaping. Line breaks and control characters
    are escaped, so that vendor text can neither look like an entry nor control a terminal.
    """

    def __init__(
        self, *, form: Literal["text", "json"], zone: dt.tzinfo, redact: Callable[[str], str]
    ) -> None:
        super().__init__()
        self._form = form
        self._zone = zone
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Format one entry."""
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
        return self._redact("\n".join([line, *map(_traceback_line, trace.split("\n"))] if trace else [line]))

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the library's name
        """Format a traceback without local variables."""
        return "".join(traceback.format_exception(*ei)).rstrip()


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    """Escape line breaks, control characters and all other unprintable ones."""
    return text if text.isprintable() else "".join(c if c.isprintable() else escape(c) for c in text)


def _in_text(character: str) -> str:
    return repr(character)[1:-1]


def _in_json(character: str) -> str:
    return json.dumps(character)[1:-1]


def _traceback_line(line: str) -> str:
    """Format a line of a traceback; the text of an error must not look like an entry either."""
    line = _escaped(line, _in_text)
    return f"  {line}" if line[:1].isdigit() else line


class DatedFileHandler(logging.FileHandler):
    """Writes `footy.log`, and archives it as `footy_YYYY-MM-DD.log` (`.2`, `.3`, … if that exists).

    The archive's date is the day of its entries, in the given zone. If an earlier process left a log of
    another day, the first entry archives it. If the file is renamed or removed, the next entry begins a new
    one. If the file cannot be written, entries are lost and footy goes on.
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
        """Write an entry; archive the file first if the entry is of another day or the file is full."""
        with contextlib.suppress(OSError, ValueError):
            self._reopen_if_moved()
            day = self._date(record.created)
            if self._day is not None and (day > self._day or self._size() >= self._max_bytes):
                self._archive(self._day)
            self._day = day if self._day is None else max(day, self._day)
        try:
            super().emit(record)
        except OSError:  # the file could not be reopened; the library does not catch this one
            self.handleError(record)

    def close(self) -> None:
        """Close the file; buffered entries are lost if the disk is full."""
        with contextlib.suppress(OSError):
            super().close()

    def _open(self) -> TextIOWrapper:
        """Open the file, and remember its inode."""
        stream = super()._open()
        self._opened = os.fstat(stream.fileno())
        return stream

    def _reopen_if_moved(self) -> None:
        """Open a new file if the log was renamed or removed, for example by logrotate."""
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
    """Send all entries to the log file, and those from `stderr_level` up to stderr as well.

    Uncaught exceptions and warnings of every thread become entries too, so that all output on stderr is
    redacted.

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
    for noisy in ("urllib3.connection", "urllib3.response"):  # they warn of bad headers in every reply
        logging.getLogger(noisy).setLevel(logging.ERROR)
    for verbose in ("requests_cache", "filelock"):
        logging.getLogger(verbose).setLevel(max(logging.WARNING, logging.getLevelName(level)))

    def uncaught(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, where: str
    ) -> None:
        if error is not None and not issubclass(kind, SystemExit | KeyboardInterrupt):
            logging.getLogger("footy").critical("Uncaught in %s", where, exc_info=(kind, error, trace))

    sys.excepthook = lambda kind, error, trace: uncaught(kind, error, trace, "the main thread")
    sys.unraisablehook = lambda args: uncaught(
        args.exc_type, args.exc_value, args.exc_traceback, "an object's end"
    )
    threading.excepthook = lambda args: uncaught(
        args.exc_type, args.exc_value, args.exc_traceback, args.thread.name if args.thread else "a thread"
    )
