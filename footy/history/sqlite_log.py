"""The log in a SQLite file, `footy.db`.

The newest sequence is a row of `meta`, read and written in the appending transaction: SQLite's own sequences
would skip numbers. `synchronous=FULL`, so that what a reader has seen survives a power failure.
"""

import contextlib
import os
import secrets
import sqlite3
import tempfile
import threading
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from footy.events.emitted import Emitted, decoded, encoded
from footy.events.envelope import data_json
from footy.events.results import is_open
from footy.history import sqlite_archive, sqlite_retention
from footy.history.archive import PAGE, Due, MatchEntry
from footy.history.event_data import PACKED_TYPES, kept
from footy.history.event_data import read as read_data
from footy.history.log import (
    BrokenLogError,
    Commit,
    Extent,
    LogError,
    StoredEvent,
    StoredMatch,
    UnknownCommitError,
)
from footy.history.migrations import VERSION
from footy.history.minutes import MinuteBlob
from footy.history.odds import OddsBlob
from footy.history.retention import Retention
from footy.history.sqlite_file import as_log_error, connected, identity, is_broken, migrate, set_aside

CHECKPOINT_EVERY_S = 3600.0
POLL_S = 0.1
"""Seconds between polls for new events by a reader in another process."""
_VACUUM_PAGES = 200
_LARGEST_READ = 10_000
_ALERT_TYPES = frozenset({"alert", "alert_settled"})
_ALERTS = "type IN ('alert', 'alert_settled')"  # likewise


class SqliteLog:
    """A log in one file. One thread writes; any thread may read and wait."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open a file that has the current schema; `opened` creates or migrates one."""
        self._path = path
        self._read_only = read_only
        self._lock = threading.RLock()
        self._news = threading.Condition()
        self._closed = False
        self._connection = connected(path, read_only=read_only)
        self._file = identity(path)
        try:
            self._newest = self.extent().newest
        except LogError:
            self._connection.close()
            raise
        self._listed: frozenset[str] | None = None
        """What was written last of it; None if that is not known."""
        self._checkpoint_at = time.monotonic() + CHECKPOINT_EVERY_S

    def append(self, commit: Commit) -> int:
        """Write a cycle completely or not at all; return the newest sequence."""
        with self._transaction() as connection:
            newest: int
            newest, newest_at = connection.execute(
                "SELECT (SELECT value FROM meta WHERE key = 'newest'),"
                " (SELECT value FROM meta WHERE key = 'newest_at')"
            ).fetchone()
            # If the clock was set back, these rows would otherwise be the oldest, and be removed first.
            at = max(newest_at, commit.at if commit.age_at is None else commit.age_at)
            connection.executemany(
                "INSERT INTO match (id, emitted, first, last, finished, home, away, competition, open)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " emitted = excluded.emitted, last = excluded.last, finished = excluded.finished,"
                " home = excluded.home, away = excluded.away, competition = excluded.competition,"
                # A match that goes on after its end gets another archive.
                " open = excluded.open, archived = archived AND excluded.finished IS NOT NULL",
                [_match_row(one, at) for one in commit.states.values()],
            )
            connection.executemany(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        seq,
                        one.id,
                        one.type,
                        one.match_id,
                        at,
                        one.data.seen_at,
                        kept(one.type, data_json(one)),
                    )
                    for seq, one in enumerate(commit.events, start=newest + 1)
                ],
            )
            connection.execute(
                "INSERT INTO cycle VALUES (?, ?, ?, ?)",
                (commit.at, commit.listed is not None, len(commit.listed or ()), len(commit.events)),
            )
            sqlite_archive.write(connection, commit)
            newest += len(commit.events)
            values: list[tuple[str, Any]] = [("newest", newest)]
            if commit.events:
                values.append(("newest_at", at))
            if commit.listed is not None:
                values.append(("listed_at", commit.at))
                values += self._changed_list(commit.listed)
            connection.executemany("REPLACE INTO meta VALUES (?, ?)", values)
        if commit.listed is not None:
            self._listed = frozenset(commit.listed)
        self._announce(newest)
        return newest

    def _changed_list(self, listed: Collection[str]) -> list[tuple[str, Any]]:
        """Return the row of the ids that are listed, if they are other ones than in the cycle before."""
        if self._listed is not None and self._listed == frozenset(listed):
            return []
        return [("listed", msgspec.json.encode(sorted(listed)).decode())]

    def _announce(self, newest: int) -> None:
        with self._news:
            if newest != self._newest:
                self._newest = newest
                self._news.notify_all()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction, which is committed completely or not at all."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.IntegrityError as error:
                raise UnknownCommitError(
                    f"The log {self._path.name} holds an event already: {error}"
                ) from None
            except sqlite3.Error as error:
                raise as_log_error(self._path, error, "written") from None

    def _query(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise as_log_error(self._path, error, "read") from None

    def states(self, match_ids: Iterable[str] | None = None, *, since: float = 0.0) -> list[Emitted]:
        """Return the emitted states of these matches, or of all matches seen at or after a time."""
        if match_ids is None:
            rows = self._query("SELECT emitted FROM match WHERE last >= ? ORDER BY id", (since,))
            return self._decoded(rows)
        found = [self._query("SELECT emitted FROM match WHERE id = ?", (one,)) for one in match_ids]
        return self._decoded(row for rows in found for row in rows)

    def open_states(self, within_s: float) -> list[Emitted]:
        """Return the states of matches whose result may still come, if seen within these last seconds."""
        rows = self._query(
            "SELECT emitted FROM match WHERE open AND last >="
            " (SELECT value FROM meta WHERE key = 'newest_at') - ? ORDER BY id",
            (within_s,),
        )
        return self._decoded(rows)

    def _decoded(self, rows: Iterable[Any]) -> list[Emitted]:
        # A match whose state cannot be read would be seen for the first time again, with ids that exist.
        with self._decoding():
            return [decoded(row[0]) for row in rows]

    @contextlib.contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (msgspec.DecodeError, ValueError, zlib.error) as error:
            raise BrokenLogError(f"The log {self._path.name} holds what it cannot have: {error}") from None

    def listed_at(self) -> float | None:
        """Return the time of the newest cycle with a live list; None before the first."""
        [[value]] = self._query("SELECT value FROM meta WHERE key = 'listed_at'")
        return None if value is None else float(value)

    def listed(self) -> frozenset[str]:
        """Return the matches that were in that list."""
        [[text]] = self._query("SELECT value FROM meta WHERE key = 'listed'")
        return msgspec.json.decode(text, type=frozenset[str])

    def read(
        self,
        after: int,
        limit: int,
        *,
        match_id: str | None = None,
        types: Sequence[str] = (),
        since: float | None = None,
    ) -> list[StoredEvent]:
        """Return events after a sequence, oldest first, at most 10,000."""
        where, values = _conditions(after, match_id, types)
        if since is not None:
            where += " AND at >= ?"
            values.append(since)
        return self._events(f"WHERE {where} ORDER BY seq LIMIT ?", values, limit)

    def newest(
        self, limit: int, *, match_id: str | None = None, types: Sequence[str] = ()
    ) -> list[StoredEvent]:
        """Return the newest events, oldest first, 10,000 at most."""
        where, values = _conditions(0, match_id, types)
        return self._events(f"WHERE {where} ORDER BY seq DESC LIMIT ?", values, limit)[::-1]

    def _events(self, clauses: str, values: Sequence[Any], limit: int) -> list[StoredEvent]:
        # The clauses are texts of this module; all values are bound.
        statement = f"SELECT seq, id, type, match, seen_at, data FROM event {clauses}"  # noqa: S608
        rows = self._query(statement, (*values, min(limit, _LARGEST_READ)))
        with self._decoding():
            return [*map(_stored, [_unpacked(row) if row[2] in PACKED_TYPES else row for row in rows])]

    def matches(self) -> list[StoredMatch]:
        """Return the matches, the one seen last first."""
        rows = self._query("SELECT id, home, away, competition, last FROM match ORDER BY last DESC, id")
        return [StoredMatch(*row) for row in rows]

    def entries(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        after: tuple[float, str] | None = None,
        limit: int = PAGE,
    ) -> list[MatchEntry]:
        """Return matches that changed at or after `since` and were seen before `until`, by (last, id)."""
        with self._decoding():
            return sqlite_archive.entries(self._query, since, until, after, limit)

    def entry(self, match_id: str) -> MatchEntry | None:
        """Return a match; None if the log does not have it."""
        with self._decoding():
            return sqlite_archive.entry(self._query, match_id)

    def odds_blobs(self, match_id: str) -> list[OddsBlob]:
        """Return the blobs of a match's odds, in order of writing."""
        return sqlite_archive.odds_blobs(self._query, match_id)

    def minute_blobs(self, match_id: str) -> list[MinuteBlob]:
        """Return the blobs of a match's minutes, in order."""
        return sqlite_archive.minute_blobs(self._query, match_id)

    def due(self, now: float, limit: int) -> list[Due]:
        """Return matches that were over some minutes ago and wait for their archive, the newest first."""
        return sqlite_archive.due(self._query, now, limit)

    def waiting(self) -> int:
        """Return the number of matches that are over and wait for their archive."""
        return sqlite_archive.waiting(self._query)

    def begin_epoch(self) -> str:
        """Give the log a new epoch, and return it: every reader gets one gap, and goes on."""
        epoch = secrets.token_hex(4)
        with self._transaction() as connection:
            connection.execute("REPLACE INTO meta VALUES ('epoch', ?)", (epoch,))
        return epoch

    def extent(self) -> Extent:
        """Return the range of events in the log."""
        rows = self._query("SELECT key, value FROM meta WHERE key IN ('epoch', 'newest', 'complete_after')")
        found = dict(rows)
        try:
            return Extent(found["epoch"], found["newest"], found["complete_after"])
        except KeyError as error:
            raise BrokenLogError(f"The log {self._path.name} has lost {error} of its head") from None

    def wait(self, after: int, timeout_s: float) -> bool:
        """Wait for an event after this sequence; return whether there is one."""
        if self._read_only:
            return self._polled(after, time.monotonic() + timeout_s)
        with self._news:
            self._news.wait_for(lambda: self._newest > after or self._closed, timeout_s)
            return self._newest > after

    def _polled(self, after: int, until: float) -> bool:
        while not self._closed:
            if self.extent().newest > after:
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(POLL_S, left))
        return False

    def retain(self, retention: Retention) -> int:
        """Remove one step of rows that are too old or too many; return the number of rows removed.

        It is called once per cycle; the next cycle removes more.
        """
        with self._transaction() as connection:
            removed = sqlite_retention.remove_step(connection, retention)
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
        return removed

    def checkpoint_if_due(self) -> bool:
        """Checkpoint the write-ahead log once an hour; return whether that was done."""
        if time.monotonic() < self._checkpoint_at:
            return False
        self._checkpoint_at = time.monotonic() + CHECKPOINT_EVERY_S
        [[busy, _, _]] = self._query("PRAGMA wal_checkpoint(TRUNCATE)")
        return not busy

    def backup(self, target: Path) -> None:
        """Write a complete copy of this moment to a new file: a whole one, or none at all.

        Raises:
            LogError: The file exists, or cannot be written.
        """
        if target.exists():
            raise LogError(f"The copy {target} exists already: name another file")
        try:
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        except OSError as error:
            raise LogError(f"The copy {target} cannot be written: {error.strerror}") from None
        beside = Path(name)
        try:
            with self._lock:
                self._connection.execute("VACUUM INTO ?", (name,))
            os.fsync(descriptor)
            beside.replace(target)
        except sqlite3.Error as error:
            if is_broken(error):
                raise as_log_error(self._path, error, "read") from None
            raise LogError(f"The copy {target} cannot be written: {error}") from None
        except OSError as error:
            raise LogError(f"The copy {target} cannot be written: {error.strerror}") from None
        finally:
            os.close(descriptor)
            for left in (beside, beside.with_name(f"{beside.name}-journal")):
                with contextlib.suppress(OSError):
                    left.unlink()

    def is_replaced(self) -> bool:
        """Check whether the file is gone, or another one is in its place: a reader then opens that one."""
        return identity(self._path) != self._file

    def close(self) -> None:
        """Close the file; waiting readers return."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        with self._lock:
            self._connection.close()


def _unpacked(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:5], read_data(row[5]))


_stored = partial(tuple.__new__, StoredEvent)
"""Make an event of a row: three times as fast as calling the type, for readers of millions."""


def _conditions(after: int, match_id: str | None, types: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the conditions on events that every read has, and their values."""
    where = ["seq > ?"]
    values: list[Any] = [after, *types]
    if types:
        where.append(f"type IN ({', '.join('?' * len(types))})")
        if match_id is None and _ALERT_TYPES.issuperset(types):
            where.append(_ALERTS)
    if match_id is not None:
        where.append("match = ?")
        values.append(match_id)
    return " AND ".join(where), values


def _match_row(emitted: Emitted, at: float) -> tuple[Any, ...]:
    names = emitted.names
    return (
        *(emitted.match_id, encoded(emitted), at, at, emitted.ended_at),
        *(names.home, names.away, names.competition, is_open(emitted)),
    )


def opened(path: Path) -> tuple[SqliteLog, Path | None]:
    """Open the log for writing: create it, migrate it, or rename a broken file and create a new one.

    Returns:
        The log, and the new path of a broken file or None.

    Raises:
        NewerLogError: A newer version of footy wrote the file.
        LogError: The file cannot be opened or written.
    """
    try:
        return _opened(path), None
    except BrokenLogError:
        aside = set_aside(path)
    return _opened(path), aside


def opened_for_reading(path: Path) -> SqliteLog:
    """Open the log of a running service for reading.

    Raises:
        LogError: There is no log, or it is of another version.
    """
    log = SqliteLog(path, read_only=True)
    try:
        [[version]] = log._query("PRAGMA user_version")  # noqa: SLF001 - this module's own class
        if version != VERSION:
            raise LogError(f"The log {path.name} was written by an older version of footy")
    except LogError:
        log.close()
        raise
    return log


def _opened(path: Path) -> SqliteLog:
    connection = connected(path, read_only=False)
    try:
        with contextlib.closing(connection):
            migrate(path, connection)
        return SqliteLog(path)
    except sqlite3.Error as error:
        raise as_log_error(path, error) from error
