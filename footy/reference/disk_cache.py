"""Reference data on disk, in the SQLite file of requests-cache, with a copy in memory.

The entries of earlier processes are loaded once at the start; after that the file is not read. One thread
owns the file, because another process's lock on it blocks every caller of the library. The library swallows
write errors, so what was written is read back.
"""

import contextlib
import datetime as dt
import itertools
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from requests_cache.backends.base import BaseCache, DictStorage
from requests_cache.backends.sqlite import SQLiteCache, SQLiteDict
from requests_cache.models.response import CachedResponse
from requests_cache.serializers.pipeline import SerializerPipeline, Stage
from requests_cache.serializers.preconf import json_preconf_stage

log = logging.getLogger(__name__)

LOAD_WITHIN_S = 2.0
"""Seconds that a reader waits for the file to be loaded at the start; 5,000 entries take 0.2 s."""
BUSY_MS = 50
MOST_KEPT = 20_000
"""Maximum number of entries in memory; beyond it the oldest are dropped."""
BATCH = 50
RETRY_S = 5.0
KEEP_DAYS = 30
SWEEP_EVERY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply's results as JSON text, and when they arrived (Unix seconds)."""

    results: bytes
    received_at: float


COLUMNS = {"key", "value", "expires"}
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
COMPACT_JSON = SerializerPipeline([Stage(json_preconf_stage), Stage(json)], name="json")
"""The library's JSON without indentation, which costs far more to write. In a stage of its own because the
library would make a new converter of its first stage for each file, which costs as much as opening it."""
COMPANIONS = ("-wal", "-shm")
"""Suffixes of SQLite's write-ahead log and of the log's index."""


class _ForeignError(sqlite3.DatabaseError):
    """The file has a table with the right name but other columns."""


class _Table(SQLiteDict):
    """The library's table, without unlimited waits for other processes and without waits for reading."""

    def init_db(self) -> None:
        """Create the table if it does not exist; the library would take the write lock even to check that."""
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
        """Return the value of a key; the library would insert the key into the statement unescaped."""
        with self.connection() as connection:
            row = connection.execute(
                f"SELECT value FROM {self.table_name} WHERE key = ?",  # noqa: S608 - a name of ours
                (key,),
            ).fetchone()
        if row is None:
            raise KeyError(key)
        return self.deserialize(key, row[0])

    def write_all(self, responses: Mapping[str, CachedResponse]) -> None:
        """Write responses that never expire, in one transaction, and read back what was written.

        Raises:
            sqlite3.Error: They are not in the file.
        """
        texts = {key: self.serialize(response) for key, response in responses.items()}
        with self.connection(commit=True) as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO {self.table_name} (key, value) VALUES (?, ?)",  # noqa: S608 - as above
                texts.items(),
            )
        select = f"SELECT value FROM {self.table_name} WHERE key = ?"  # noqa: S608 - a name of ours
        for key, text in texts.items():
            if connection.execute(select, (key,)).fetchone() != (text,):
                raise sqlite3.OperationalError("what was written is not there")

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
    """The library's SQLite cache with such a table; nothing is ever redirected."""

    def __init__(self, path: Path) -> None:
        BaseCache.__init__(self, cache_name=str(path))
        self.responses: _Table = _Table(
            path, table_name="responses", serializer=COMPACT_JSON, busy_timeout=BUSY_MS, wal=True
        )
        self.redirects: Any = DictStorage()  # type: ignore[no-untyped-call]

    def _prune_redirects(self) -> None:
        """Do nothing: there are none."""

    def shut(self) -> None:
        """Close the file."""
        self.close()  # type: ignore[no-untyped-call]


class DiskCache:
    """Stores replies by key, in memory and in the file; safe to use from every thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: _File | None = None
        self._inodes: list[int] = []
        self._wake = threading.Condition()
        self._entries: dict[str, Entry] = {}
        """Oldest first."""
        self._unwritten: dict[str, None] = {}
        """Keys to write, longest waiting first."""
        self._tried = threading.Event()
        """Set when the file was read, or reading it failed."""
        self._is_loaded = self._closed = self._failing = False
        self._retry_at = self._sweep_at = 0.0
        self._thread = threading.Thread(target=self._run, name="disk cache", daemon=True)
        self._thread.start()

    def read(self, key: str) -> Entry | None:
        """Return the entry of a key; None if there is none, or if loading the file takes too long."""
        self._tried.wait(LOAD_WITHIN_S)
        with self._wake:
            return None if self._closed else self._entries.get(key)

    def write(self, key: str, entry: Entry) -> None:
        """Store an entry; the thread writes it to the file soon."""
        with self._wake:
            self._keep(key, entry)
            self._unwritten.pop(key, None)
            self._unwritten[key] = None
            self._wake.notify_all()

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until everything is written or writing fails; return whether everything is written."""
        with self._wake:
            self._wake.wait_for(lambda: not self._is_due(), seconds)
            return not self._unwritten

    def close(self) -> None:
        """Write what is unwritten, if possible at once, and end the thread."""
        with self._wake:
            self._retry_at = 0.0
            self._wake.notify_all()
        self.flush(1.0)
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(timeout=1)

    def _keep(self, key: str, entry: Entry) -> None:
        self._entries.pop(key, None)
        self._entries[key] = entry
        if len(self._entries) > MOST_KEPT:
            oldest = next(iter(self._entries))
            del self._entries[oldest]
            self._unwritten.pop(oldest, None)

    def _is_due(self) -> bool:
        """Check whether the thread has work to do now."""
        return (bool(self._unwritten) or not self._is_loaded) and time.monotonic() >= self._retry_at

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not self._is_due():
                    waits = bool(self._unwritten) or not self._is_loaded
                    self._wake.wait(max(0.001, self._retry_at - time.monotonic()) if waits else None)
                if self._closed:
                    break
                batch = {key: self._entries[key] for key in itertools.islice(self._unwritten, BATCH)}
            # 1. Once: load the entries of earlier processes.
            if not self._is_loaded:
                self._load()
                self._tried.set()
            # 2. Then: write new entries.
            elif self._store(batch):
                with self._wake:
                    for key, entry in batch.items():
                        if self._entries.get(key) is entry:
                            self._unwritten.pop(key, None)
            with self._wake:
                self._wake.notify_all()
        self._shut()

    def _load(self) -> None:
        try:
            found = _read(self._open())
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return
        with self._wake:
            self._is_loaded = True
            newer, self._entries = self._entries, {}
            for key, entry in sorted(found.items(), key=lambda one: one[1].received_at):
                self._keep(key, entry)
            for key, entry in newer.items():
                self._keep(key, entry)

    def _store(self, batch: Mapping[str, Entry]) -> bool:
        """Write a batch in one transaction and read it back; return whether it was written."""
        try:
            file = self._open()
            file.responses.write_all({key: _response(key, entry) for key, entry in batch.items()})
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
        """Return the open file; reopen it if it, its log or the log's index was deleted or replaced."""
        replaced = self._file is not None and self._inodes != self._on_disk()
        if replaced:
            self._shut()
        if self._file is None:
            self._file = _File(self._path)
            self._inodes = self._on_disk()
            if replaced:
                log.warning("The cache file was deleted or replaced; going on with what is there now")
                self._write_all()
        return self._file

    def _on_disk(self) -> list[int]:
        return [_inode(self._beside(suffix)) for suffix in ("", *COMPANIONS)]

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    def _write_all(self) -> None:
        """Schedule all entries for writing, for a new, empty file."""
        with self._wake:
            self._unwritten |= dict.fromkeys(self._entries)

    def _fail(self, error: sqlite3.Error | OSError) -> None:
        """Go on without the file for a while, and log that once.

        Rename a corrupt file, or one with other tables. Leave a locked file open: reopening it may fail.
        """
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without SQLite's extended bits
        if code in CORRUPT or isinstance(error, _ForeignError):
            if self._set_aside(error):
                return
        elif code not in BUSY:
            self._shut()
        self._retry_at = time.monotonic() + RETRY_S
        if not self._failing:
            log.warning("The cache file %s cannot be used (%s); going on without it", self._path, error)
        self._failing = True

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
        self._write_all()
        return True

    def _shut(self) -> None:
        if self._file is not None:
            self._file.shut()
            self._file = None


def read_all(path: Path) -> dict[str, Entry]:
    """Return all entries of a cache file by key; empty if the file does not exist.

    For commands that read the file while a service owns it.

    Raises:
        sqlite3.Error: The file is broken, or is not a cache file.
    """
    if not path.exists():
        return {}
    file = _File(path)
    try:
        return _read(file)
    finally:
        file.shut()


def _read(file: _File) -> dict[str, Entry]:
    """Return all readable entries."""
    entries = {}
    for key in file.responses:
        with contextlib.suppress(Exception):  # entries written by others may be unreadable in any way
            found = file.get_response(key)
            if isinstance(found, CachedResponse) and found.content:
                entries[key] = Entry(found.content, found.created_at.timestamp())
    return entries


def _response(key: str, entry: Entry) -> CachedResponse:
    """Return an entry in the library's form."""
    return CachedResponse(
        content=entry.results,
        status_code=200,
        url=key,
        created_at=dt.datetime.fromtimestamp(entry.received_at, tz=dt.UTC),
    )


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1
