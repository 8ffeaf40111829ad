"""The catalogue: all teams and competitions on disk, as the vendor's lists had them, read row by row.

It is apart from the disk cache, which holds what was asked for by id and keeps it in memory. Nothing of the
catalogue is held in memory: a row is read when a new match names it. It can be lost at any time: what it does
not have is asked for by id.
"""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from footy.reference.disk_cache import BUSY, RETRY_S, Entry
from footy.thesports.endpoints import Endpoint
from footy.thesports.request import Request

log = logging.getLogger(__name__)

BUSY_MS = 50
COMPANIONS = ("-wal", "-shm")
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS entry (
    endpoint TEXT, id TEXT, received_at REAL, row BLOB, PRIMARY KEY (endpoint, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (
    endpoint TEXT PRIMARY KEY, page INTEGER, started_at REAL, confirmed_at REAL, cursor INTEGER, walk_at REAL,
    halted_until REAL
);
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the catalogue of one endpoint is; times in Unix seconds."""

    page: int = 1
    """Number of the page that comes next; 0 once all have been read."""
    started_at: float = 0.0
    """When the first page was read; 0 before."""
    confirmed_at: float = 0.0
    """Up to when all changes are known; 0 before all pages have been read."""
    cursor: int = 0
    """Vendor's time at which a walk along the changes goes on; 0 between two walks."""
    walk_at: float = 0.0
    """When that walk began."""
    halted_until: float = 0.0


_COLUMNS = tuple(one.name for one in fields(Standing))


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: sqlite3.Connection
    standings: dict[str, Standing]
    """By endpoint; without those of which there is no row."""


class Catalogue:
    """Rows of teams and competitions in an SQLite file; safe to use from every thread.

    A file that cannot be used is left alone until the next start, with one line in the log; one that is
    broken is made anew. One that another process has locked is done without for some seconds.
    """

    def __init__(self, path: Path) -> None:
        """Open the file only when it is needed."""
        self._path = path
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._off = False
        self._retry_at = 0.0
        self._dropped: set[Request] = set()
        """What is to be deleted with the next transaction, and counts as absent until then."""

    def read(self, request: Request) -> Entry | None:
        """Return a row as a reply by id has it, with when it was last known to be so; None if absent."""
        found = None
        with self._lock, self._usable() as opened:
            standing = None if opened is None else opened.standings.get(request.endpoint.path)
            if opened is not None and standing is not None and request not in self._dropped:
                row = opened.connection.execute(
                    "SELECT row, received_at FROM entry WHERE endpoint = ? AND id = ?",
                    (request.endpoint.path, request.id),
                ).fetchone()
                if row is not None:
                    found = Entry(b"[" + row[0] + b"]", max(row[1], standing.confirmed_at))
        return found

    def standing(self, endpoint: Endpoint) -> Standing | None:
        """Return how far the catalogue of an endpoint is; None if the file cannot be used."""
        standing = None
        with self._lock, self._usable() as opened:
            if opened is not None:
                standing = opened.standings.get(endpoint.path, Standing())
        return standing

    def lacks_any(self, endpoint: Endpoint, ids: Iterable[str], since: float) -> bool:
        """Check whether any of these rows has not been received since a time."""
        lacks = False
        with self._lock, self._usable() as opened:
            if opened is not None:
                ask = "SELECT 1 FROM entry WHERE endpoint = ? AND id = ? AND received_at >= ?"
                execute = opened.connection.execute
                lacks = any(execute(ask, (endpoint.path, one, since)).fetchone() is None for one in ids)
        return lacks

    def keep(
        self,
        endpoint: Endpoint,
        rows: Mapping[str, bytes],
        at: float,
        standing: Standing,
        *,
        drop_before: float = 0.0,
    ) -> None:
        """Keep rows that arrived at `at`, and how far the catalogue is with them, in one transaction.

        Rows of the endpoint that were last received before `drop_before` are deleted.
        """
        path = endpoint.path
        with self._lock, self._usable() as opened:
            if opened is None:
                return
            with opened.connection as connection:
                connection.executemany(
                    "DELETE FROM entry WHERE endpoint = ? AND id = ?",
                    [(one.endpoint.path, one.id) for one in self._dropped],
                )
                connection.executemany(
                    "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)",
                    [(path, row_id, at, row) for row_id, row in rows.items()],
                )
                connection.execute(
                    "DELETE FROM entry WHERE endpoint = ? AND received_at < ?", (path, drop_before)
                )
                connection.execute(
                    f"INSERT OR REPLACE INTO progress VALUES (?{', ?' * len(_COLUMNS)})",  # noqa: S608
                    (path, *(getattr(standing, name) for name in _COLUMNS)),
                )
            self._dropped.clear()
            opened.standings[path] = standing

    def drop(self, requests: Iterable[Request]) -> None:
        """Take what the vendor has taken out as absent, and delete it with the next transaction."""
        with self._lock:
            self._dropped.update(requests)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._off = True
            self._shut()

    @contextlib.contextmanager
    def _usable(self) -> Iterator[_Opened | None]:
        """Yield the open file, None if it cannot be used; an error of SQLite ends its use."""
        opened = None
        try:
            opened = self._open()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        try:
            yield opened
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    def _open(self) -> _Opened | None:
        if self._off or time.monotonic() < self._retry_at:
            return None
        if self._opened is not None:
            return self._opened
        connection = sqlite3.connect(self._path, timeout=BUSY_MS / 1000, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in {0, _VERSION}:
                raise sqlite3.NotSupportedError(f"it is of version {version}")
            connection.executescript(_SCHEMA)
            standings = {
                path: Standing(*rest)
                for path, *rest in connection.execute(
                    f"SELECT endpoint, {', '.join(_COLUMNS)} FROM progress"  # noqa: S608 - names of ours
                )
            }
            self._opened = _Opened(connection, standings)
        except BaseException:
            connection.close()
            raise
        return self._opened

    def _fail(self, error: sqlite3.Error | OSError) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in BUSY:  # one caller has waited; the others do without it for a while
            self._retry_at = time.monotonic() + RETRY_S
            return
        self._shut()
        if isinstance(error, sqlite3.DatabaseError) and code in {
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        }:
            log.warning("The catalogue %s was corrupt (%s) and is made anew", self._path, error)
            with contextlib.suppress(OSError):
                for suffix in ("", *COMPANIONS):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                return
        self._off = True
        log.warning("The catalogue %s cannot be used (%s); going on without it", self._path, error)

    def _shut(self) -> None:
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error):
                self._opened.connection.close()
            self._opened = None
