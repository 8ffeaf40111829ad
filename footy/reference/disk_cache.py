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
BLIND_S = 1.0
"""After a read that failed, all are misses for so long: each would wait as long for the same lock."""
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


COLUMNS = {"key", "value", "expires"}
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
COMPANIONS = ("-wal", "-shm")
"""SQLite's log of what is not in the file yet, and the log's index."""


class _ForeignError(sqlite3.DatabaseError):
    """The file has a table of ours with other columns."""


class _Table(SQLiteDict):
    """The library's table, but no other process is waited for without end, nor to read what is there."""

    def init_db(self) -> None:
        """Make the table where it is not there; the library takes the write lock to see whether it is."""
        self.close()  # type: ignore[no-untyped-call]
        try:
            with self.connection() as connection:
                columns = {
                    name for _, name, *_ in connection.execute(f"PRAGMA table_info({self.table_name})")
                }
            if not columns:
                super().init_db()  # type: ignore[no-untyped-call]
            elif not columns >= COLUMNS:
                raise _ForeignError(f"its table {self.table_name} is not ours")
        except sqlite3.Error:
            self.close()  # type: ignore[no-untyped-call]
            raise

    def __getitem__(self, key: str) -> Any:
        """Return what is kept; the library writes the key into the statement as it is, quotes and all."""
        with self.connection() as connection:
            row = connection.execute(
                f"SELECT value FROM {self.table_name} WHERE key = ?",  # noqa: S608 - a name of ours
                (key,),
            ).fetchone()
        if row is None:
            raise KeyError(key)
        return self.deserialize(key, row[0])

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
        self._inodes: list[int] = []
        self._wake = threading.Condition()
        self._reads: deque[tuple[str, Future[Kept | None]]] = deque()
        self._writes: deque[tuple[str, Kept]] = deque(maxlen=MOST_WAITING)
        self._writing = 0
        self._busy = False
        self._stuck = False
        self._closed = False
        self._failing = False
        self._retry_at = 0.0
        self._blind_until = 0.0
        self._sweep_at = 0.0
        self._thread = threading.Thread(target=self._run, name="shelf", daemon=True)
        self._thread.start()

    def read(self, key: str) -> Kept | None:
        """Return what is kept; None where nothing is, or where it cannot be told soon."""
        answer: Future[Kept | None] = Future()
        with self._wake:
            if self._stuck or self._closed or time.monotonic() < self._blind_until:
                return None
            self._reads.append((key, answer))
            self._wake.notify()
        try:
            return answer.result(timeout=READ_START_S)
        except TimeoutError:
            if not answer.cancel():
                with contextlib.suppress(TimeoutError):
                    return answer.result(timeout=READ_START_S)
            with self._wake:  # until the thread is through with what it does now
                self._stuck = self._busy or bool(self._reads)
            return None

    def write(self, key: str, kept: Kept) -> None:
        """Keep a reply, soon."""
        with self._wake:
            self._writes.append((key, kept))
            self._wake.notify()

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until all that was to be written is, or failed to be; return whether it is."""
        end = time.monotonic() + seconds
        with self._wake:
            while (self._writing or self._ready_to_write()) and time.monotonic() < end:
                self._wake.wait(0.05)
            return not self._writes and not self._writing

    def close(self) -> None:
        """Write what waits, where that works at once, and end the thread."""
        with self._wake:
            self._retry_at = 0.0
            self._wake.notify_all()
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
                self._busy = True
            for key, answer in reads:
                if answer.set_running_or_notify_cancel():
                    answer.set_result(self._look_up(key))
            if batch and not self._store(batch):
                with self._wake:
                    room = MOST_WAITING - len(self._writes)
                    self._writes.extendleft(reversed(batch[-room:] if room else []))
            with self._wake:
                self._busy = self._stuck = False
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
            self._blind_until = 0.0 if self._fail(error) else time.monotonic() + BLIND_S
            return None
        except Exception:  # noqa: BLE001 - what others wrote into it may be unreadable in any way
            return None
        if not isinstance(found, CachedResponse) or not found.content:
            return None
        return Kept(found.content, found.created_at.timestamp())

    def _store(self, batch: list[tuple[str, Kept]]) -> bool:
        """Write a batch in one transaction and read it back; return whether it is there."""
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
        if self._failing:
            log.info("The cache file works again")
            self._failing = False
        return True

    def _open(self) -> _File:
        """Return the open file; open it anew where it, its log or the log's index was deleted or replaced."""
        replaced = self._file is not None and self._inodes != self._on_disk()
        if replaced:
            self._shut()
        if self._file is None:
            self._file = _File(self._path)
            self._inodes = self._on_disk()
            if replaced:
                log.warning("The cache file was deleted or replaced; going on with what is there now")
        return self._file

    def _on_disk(self) -> list[int]:
        return [_inode(self._beside(suffix)) for suffix in ("", *COMPANIONS)]

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    def _fail(self, error: sqlite3.Error | OSError) -> bool:
        """Go on without the file for a while, and say so once; return whether it is healed already.

        A corrupt file, or one that is not ours, is set aside. One that is locked is left open: it may still
        be read, and opening it anew may not be possible.
        """
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what SQLite adds in the bits above
        if code in CORRUPT or isinstance(error, _ForeignError):
            if self._set_aside(error):
                return True
        elif code not in BUSY:
            self._shut()
        self._retry_at = time.monotonic() + RETRY_S
        if not self._failing:
            log.warning("The cache file %s cannot be used (%s); going on without it", self._path, error)
        self._failing = True
        return False

    def _set_aside(self, error: sqlite3.Error | OSError) -> bool:
        self._shut()
        aside = self._path.with_name(f"{self._path.name}.corrupt-{time.time_ns() // 1_000_000}")
        try:
            self._path.rename(aside)
        except OSError:
            return False
        log.warning("The cache file was corrupt (%s) and is set aside as %s", error, aside.name)
        for suffix in COMPANIONS:
            with contextlib.suppress(OSError):
                self._beside(suffix).rename(aside.with_name(aside.name + suffix))
        return True

    def _shut(self) -> None:
        if self._file is not None:
            self._file.shut()
            self._file = None


def read_all(path: Path) -> dict[str, Kept]:
    """Return all that a cache file keeps, by key; empty if there is no such file.

    For commands that look at the file beside the service that owns it. What cannot be read is left out.

    Raises:
        sqlite3.Error: The file is broken, or is not a cache file.
    """
    if not path.exists():
        return {}
    file, kept = _File(path), {}
    try:
        for key in file.responses:
            with contextlib.suppress(Exception):  # what others wrote into it may be unreadable in any way
                found = file.get_response(key)
                if isinstance(found, CachedResponse) and found.content:
                    kept[key] = Kept(found.content, found.created_at.timestamp())
    finally:
        file.shut()
    return kept


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1
