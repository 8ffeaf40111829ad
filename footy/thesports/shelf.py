"""The durable layer of reference data: replies on disk in requests-cache's SQLite file.

One thread owns the file, and no worker waits for it: another process's lock on the file stalls every caller
of the library, readers included. A read that cannot start soon is a miss, and writes go through a bounded
queue. The library swallows errors of writing, so what was written is read back.
"""

import contextlib
import datetime as dt
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from requests_cache.backends.base import BaseCache
from requests_cache.backends.sqlite import SQLiteCache, SQLiteDict
from requests_cache.models.response import CachedResponse

log = logging.getLogger(__name__)

READ_START_S = 0.05
BUSY_MS = 50
MOST_WAITING = 20_000
"""Writes that wait at most; with more, the oldest are given up (the memo still holds them)."""
BATCH = 50
RETRY_S = 5.0
KEEP_DAYS = 30
SWEEP_EVERY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply's results as they were kept, and when they had arrived (Unix seconds)."""

    results: bytes
    received_at: float


class _Table(SQLiteDict):
    """The library's table, but a write lock that cannot be had is an error instead of a loop without end."""

    @contextlib.contextmanager
    def _acquire_sqlite_lock(self) -> Iterator[None]:
        connection: Any = self._connection
        with self._lock:
            connection.execute("BEGIN IMMEDIATE")
            self._active_transaction = True
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._active_transaction = False


class _File(SQLiteCache):
    """The library's SQLite cache over such tables."""

    def __init__(self, path: Path) -> None:
        BaseCache.__init__(self, cache_name=str(path))
        options: dict[str, Any] = {"busy_timeout": BUSY_MS, "wal": True}
        self.responses = _Table(path, table_name="responses", serializer="json", **options)
        self.redirects = _Table(path, table_name="redirects", serializer=None, **options)

    def shut(self) -> None:
        """Close the file."""
        self.close()  # type: ignore[no-untyped-call]


class Shelf:
    """Keeps replies by key; safe to use from every thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: _File | None = None
        self._inode = 0
        self._wake = threading.Condition()
        self._reads: deque[tuple[str, Future[Kept | None]]] = deque()
        self._writes: deque[tuple[str, Kept]] = deque(maxlen=MOST_WAITING)
        self._writing = 0
        self._stuck = False
        self._closed = False
        self._trouble: str | None = None
        self._retry_at = 0.0
        self._sweep_at = 0.0
        self._thread = threading.Thread(target=self._run, name="shelf", daemon=True)
        self._thread.start()

    def read(self, key: str) -> Kept | None:
        """Give what is kept; None where nothing is, or where it cannot be told soon."""
        answer: Future[Kept | None] = Future()
        with self._wake:
            if self._stuck or self._closed:
                return None
            self._reads.append((key, answer))
            self._wake.notify()
        try:
            return answer.result(timeout=READ_START_S)
        except TimeoutError:
            if not answer.cancel():
                with contextlib.suppress(TimeoutError):
                    return answer.result(timeout=READ_START_S)
            self._stuck = True
            return None

    def write(self, key: str, kept: Kept) -> None:
        """Keep a reply, soon."""
        with self._wake:
            self._writes.append((key, kept))
            self._wake.notify()

    def trouble(self) -> str | None:
        """Say what keeps the file from being used, in one sentence; None where nothing does."""
        return self._trouble

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until all that was to be written is; tell whether it is."""
        end = time.monotonic() + seconds
        with self._wake:
            while (self._writes or self._writing) and self._trouble is None and time.monotonic() < end:
                self._wake.wait(0.05)
            return not self._writes and not self._writing

    def close(self) -> None:
        """Write what waits, where that works at once, and end the thread."""
        self.flush(1.0)
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not self._reads and not self._ready_to_write():
                    self._wake.wait(self._pause())
                if self._closed:
                    break
                reads = [self._reads.popleft() for _ in range(len(self._reads))]
                batch: list[tuple[str, Kept]] = []
                if not reads and self._ready_to_write():
                    batch = [self._writes.popleft() for _ in range(min(BATCH, len(self._writes)))]
                self._writing = len(batch)
            for key, answer in reads:
                if answer.set_running_or_notify_cancel():
                    answer.set_result(self._look_up(key))
            if batch and not self._store(batch):
                with self._wake:
                    room = MOST_WAITING - len(self._writes)
                    self._writes.extendleft(reversed(batch[-room:] if room else []))
            with self._wake:
                self._stuck = False
                self._writing = 0
                self._wake.notify_all()
        if self._file is not None:
            self._file.shut()

    def _ready_to_write(self) -> bool:
        return bool(self._writes) and time.monotonic() >= self._retry_at

    def _pause(self) -> float | None:
        return max(0.001, self._retry_at - time.monotonic()) if self._writes else None

    def _look_up(self, key: str) -> Kept | None:
        try:
            found = self._open().get_response(key)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return None
        if found is None or not found.content:
            return None
        return Kept(found.content, found.created_at.timestamp())

    def _store(self, batch: list[tuple[str, Kept]]) -> bool:
        """Write a batch in one transaction and read it back; tell whether it is there."""
        try:
            file = self._open()
            with file.responses.bulk_commit():
                for key, kept in batch:
                    file.responses[key] = CachedResponse(
                        content=kept.results,
                        status_code=200,
                        url=key,
                        created_at=dt.datetime.fromtimestamp(kept.received_at, tz=dt.UTC),
                    )
            for key, kept in batch:
                found = file.get_response(key)
                if found is None or found.content != kept.results:
                    raise sqlite3.OperationalError("what was written is not there")
            if time.monotonic() >= self._sweep_at:
                self._sweep_at = time.monotonic() + SWEEP_EVERY_S
                file.delete(older_than=dt.timedelta(days=KEEP_DAYS), vacuum=False)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return False
        if self._trouble is not None:
            log.info("The cache file works again")
            self._trouble = None
        return True

    def _open(self) -> _File:
        """Give the open file; open it anew where it was deleted or replaced."""
        if self._file is not None and self._inode != _inode(self._path):
            self._file.shut()
            self._file = None
        if self._file is None:
            self._file = _File(self._path)
            self._inode = _inode(self._path)
        return self._file

    def _fail(self, error: sqlite3.Error | OSError) -> None:
        """Go on without the file for a while; say so once; set a corrupt one aside."""
        self._retry_at = time.monotonic() + RETRY_S
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            self._set_aside()
        elif self._file is not None:
            self._file.shut()
            self._file = None
        if self._trouble is None:
            log.warning("The cache file %s cannot be used (%s); going on without it", self._path, error)
        self._trouble = f"The cache file cannot be used ({error}): teams and competitions are asked anew."

    def _set_aside(self) -> None:
        if self._file is not None:
            self._file.shut()
            self._file = None
        aside = self._path.with_name(f"{self._path.name}.corrupt-{int(time.time())}")
        with contextlib.suppress(OSError):
            self._path.rename(aside)
            log.warning("The cache file was corrupt and is set aside as %s", aside.name)
            self._retry_at = 0.0
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink()


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1
