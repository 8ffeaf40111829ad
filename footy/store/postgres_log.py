"""The log in PostgreSQL.

The newest sequence is in the only row of `meta`, which each appending transaction locks first: a sequence or
an identity column would skip numbers, and would show them to readers before an earlier one is committed.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from footy.events.emitted import Emitted, decoded, encoded
from footy.events.envelope import data_json
from footy.events.results import is_open
from footy.events.types import Event
from footy.history.archive import PAGE, Due, MatchEntry
from footy.history.log import BrokenLogError, Commit, Extent, LogError, StoredEvent, StoredMatch
from footy.history.minutes import MinuteBlob
from footy.history.odds import OddsBlob
from footy.history.retention import STEP_ROWS, Retention
from footy.store import postgres_archive
from footy.store.address import StoreAddress
from footy.store.connect import APPLICATION, TIMEOUT_S, Cursor
from footy.store.errors import NewerStoreError, StoreRefusedError
from footy.store.listener import Listener
from footy.store.migrations import VERSION, migrate
from footy.store.session import Fence, Session, no_fence
from footy.store.text import json_text, plain_text

MATCH_BYTES = 4_000
"""What a match counts towards FOOTY_HISTORY_SIZE: its state, its names and its index entries."""
EVENT_BYTES = 250
"""What an event counts beside its data: the other columns and its index entries."""
_DAY_S = 86_400.0
_LARGEST_READ = 10_000
_PRICES = "type IN ('line_moved', 'price_moved', 'reopened', 'suspended')"  # as in the partial index
_SLICE_S = 1.0


class PostgresLog:
    """A log in a schema. One thread writes; any thread may read and wait."""

    def __init__(self, session: Session, *, read_only: bool = False) -> None:
        """Read a schema of the current version; `opened` creates or migrates one."""
        self._session = session
        self._read_only = read_only
        self._news = threading.Condition()
        self._listener = Listener(session.address) if read_only else None
        self._waiting = threading.Lock()
        self._closed = False
        self._newest = self.extent().newest
        self._listed: frozenset[str] | None = None
        """What was written last of it; None if that is not known."""

    def append(self, commit: Commit) -> int:
        """Write a cycle completely or not at all; return the newest sequence."""
        try:
            newest = self._append(commit)
        except LogError:
            self._listed = None
            raise
        if commit.listed is not None:
            self._listed = frozenset(commit.listed)
        with self._news:
            if newest != self._newest:
                self._newest = newest
                self._news.notify_all()
        return newest

    def _append(self, commit: Commit) -> int:
        with self._session.transaction() as cursor:
            newest: int
            newest, newest_at = _one(cursor.execute("SELECT newest, newest_at FROM meta FOR UPDATE"))
            # If the clock was set back, these rows would otherwise be the oldest, and be removed first.
            at = max(newest_at, commit.at if commit.age_at is None else commit.age_at)
            added = _write_states(cursor, commit.states.values(), at)
            added += _write_events(cursor, commit.events, newest + 1, at)
            cursor.execute(
                "INSERT INTO cycle VALUES (%s, %s, %s, %s)",
                (commit.at, commit.listed is not None, len(commit.listed or ()), len(commit.events)),
            )
            added += postgres_archive.write(cursor, commit)
            newest += len(commit.events)
            cursor.execute(
                "UPDATE meta SET newest = %s, newest_at = coalesce(%s, newest_at), bytes = bytes + %s,"
                " listed_at = coalesce(%s, listed_at), listed = coalesce(%s::jsonb, listed)",
                (
                    newest,
                    at if commit.events else None,
                    added,
                    None if commit.listed is None else commit.at,
                    self._changed_list(commit.listed),
                ),
            )
            if commit.events:
                notify(cursor, self._session.address, str(newest))
        return newest

    def _changed_list(self, listed: Collection[str] | None) -> str | None:
        """Return the ids that are listed, if they are other ones than in the cycle before."""
        if listed is None or (self._listed is not None and self._listed == frozenset(listed)):
            return None
        return msgspec.json.encode(sorted(map(plain_text, listed))).decode()

    def states(self, match_ids: Iterable[str] | None = None, *, since: float = 0.0) -> list[Emitted]:
        """Return the emitted states of these matches, or of all matches seen at or after a time."""
        if match_ids is None:
            return self._states("SELECT emitted FROM match WHERE last >= %s ORDER BY id", since)
        return self._states(
            "SELECT emitted FROM match JOIN unnest(%s::text[]) WITH ORDINALITY AS wanted (id, place)"
            " USING (id) ORDER BY place",
            [*map(plain_text, match_ids)],
        )

    def open_states(self, within_s: float) -> list[Emitted]:
        """Return the states of matches whose result may still come, if seen within these last seconds."""
        return self._states(
            "SELECT emitted FROM match WHERE open AND last >= (SELECT newest_at FROM meta) - %s ORDER BY id",
            within_s,
        )

    def _states(self, statement: str, value: Any) -> list[Emitted]:
        # A match whose state cannot be read would be seen for the first time again, with ids that exist.
        with self._decoding():
            return [decoded(row[0]) for row in self._session.query(statement, (value,))]

    @contextlib.contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (msgspec.DecodeError, ValueError) as error:
            raise BrokenLogError(f"{self._shown} holds a state of no match: {error}") from None

    def listed_at(self) -> float | None:
        """Return the time of the newest cycle with a live list; None before the first."""
        [[value]] = self._session.query("SELECT listed_at FROM meta")
        return None if value is None else float(value)

    def listed(self) -> frozenset[str]:
        """Return the matches that were in that list."""
        [[text]] = self._session.query("SELECT listed::text FROM meta")
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
            where += " AND at >= %s"
            values.append(since)
        return self._events(f"WHERE {where} ORDER BY seq LIMIT %s", values, limit)

    def newest(
        self, limit: int, *, match_id: str | None = None, types: Sequence[str] = ()
    ) -> list[StoredEvent]:
        """Return the newest events, oldest first, 10,000 at most."""
        where, values = _conditions(0, match_id, types)
        return self._events(f"WHERE {where} ORDER BY seq DESC LIMIT %s", values, limit)[::-1]

    def _events(self, clauses: str, values: Sequence[Any], limit: int) -> list[StoredEvent]:
        # The clauses are texts of this module; all values are bound.
        statement = f"SELECT seq, id, type, match, seen_at, data::text FROM event {clauses}"  # noqa: S608
        rows = self._session.query(statement, (*values, min(limit, _LARGEST_READ)))
        return [_stored((*row[:5], _compact(row[5].encode()))) for row in rows]

    def matches(self) -> list[StoredMatch]:
        """Return the matches, the one seen last first."""
        rows = self._session.query(
            'SELECT id, home, away, competition, last FROM match ORDER BY last DESC, id COLLATE "C"'
        )
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
            return postgres_archive.entries(self._session, since, until, after, limit)

    def entry(self, match_id: str) -> MatchEntry | None:
        """Return a match; None if the log does not have it."""
        with self._decoding():
            return postgres_archive.entry(self._session, match_id)

    def odds_blobs(self, match_id: str) -> list[OddsBlob]:
        """Return the blobs of a match's odds, in order of writing."""
        return postgres_archive.odds_blobs(self._session, match_id)

    def minute_blobs(self, match_id: str) -> list[MinuteBlob]:
        """Return the blobs of a match's minutes, in order."""
        return postgres_archive.minute_blobs(self._session, match_id)

    def due(self, now: float, limit: int) -> list[Due]:
        """Return matches that were over some minutes ago and wait for their archive, the newest first."""
        return postgres_archive.due(self._session, now, limit)

    def waiting(self) -> int:
        """Return the number of matches that are over and wait for their archive."""
        return postgres_archive.waiting(self._session)

    def begin_epoch(self) -> str:
        """Give the log a new epoch, and return it: every reader gets one gap, and goes on."""
        epoch = secrets.token_hex(4)
        with self._session.transaction() as cursor:
            cursor.execute("UPDATE meta SET epoch = %s", (epoch,))
            notify(cursor, self._session.address, epoch)
        return epoch

    def extent(self) -> Extent:
        """Return the range of events in the log."""
        rows = self._session.query("SELECT epoch, newest, complete_after FROM meta")
        if not rows:
            raise BrokenLogError(f"{self._shown} has lost its head")
        return Extent(*rows[0])

    def wait(self, after: int, timeout_s: float) -> bool:
        """Wait for an event after this sequence; return whether there is one."""
        if self._listener is not None:
            return self._heard(self._listener, after, time.monotonic() + timeout_s)
        with self._news:
            self._news.wait_for(lambda: self._newest > after or self._closed, timeout_s)
            return self._newest > after

    def _heard(self, listener: Listener, after: int, until: float) -> bool:
        with self._waiting:
            while not self._closed:
                if self.extent().newest > after:
                    return True
                left = until - time.monotonic()
                if left <= 0:
                    return False
                listener.wait(min(left, _SLICE_S))
        return False

    def retain(self, retention: Retention) -> int:
        """Remove one step of rows that are too old or too many; return the number of rows removed.

        It is called once per cycle; the next cycle removes more. The size is counted, not measured: a table
        keeps its size when rows are deleted, and PostgreSQL uses the room again.
        """
        with self._session.transaction() as cursor:
            newest_at, size = _one(cursor.execute("SELECT newest_at, bytes FROM meta FOR UPDATE"))
            oldest = newest_at - retention.days * _DAY_S
            old_price = newest_at - retention.price_days * _DAY_S
            step = _Step(cursor, STEP_ROWS)
            step.remove_events(f"{_PRICES} AND at < %s ORDER BY at", old_price)
            step.remove_events("match IS NULL AND at < %s ORDER BY at", oldest)
            while step.left and step.remove_match(oldest):
                pass
            while step.left and size - step.freed > retention.size and step.remove_match(newest_at):
                pass
            step.remove_cycles(old_price)
            step.count()
        return step.removed

    def checkpoint_if_due(self) -> bool:
        """Do nothing: the server checkpoints by itself."""
        return False

    def is_replaced(self) -> bool:
        """Return False: a schema that is made anew is the same log with another epoch."""
        return False

    def close(self) -> None:
        """Close the connections; waiting readers return."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        if self._listener is not None:
            self._listener.wake()
            with self._waiting:  # until the reader has returned
                self._listener.close()
        self._session.close()

    @property
    def _shown(self) -> str:
        return f"The store {self._session.address.shown}"


class _Step:
    """One step of retention: what it may still remove, and what it has removed."""

    def __init__(self, cursor: Cursor, rows: int) -> None:
        self._cursor = cursor
        self._rows = rows
        self._complete_after = 0
        self.removed = 0
        self.freed = 0
        """Bytes."""

    @property
    def left(self) -> int:
        return self._rows - self.removed

    def remove_events(self, condition: str, value: Any) -> int:
        """Remove events, as many as may be; return how many."""
        if not self.left:
            return 0
        rows = self._cursor.execute(
            f"DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE {condition} LIMIT %s)"  # noqa: S608 - texts of this module
            " RETURNING seq, bytes",
            (value, self.left),
        ).fetchall()
        self.removed += len(rows)
        self.freed += sum(size for _, size in rows)
        self._complete_after = max(self._complete_after, *(seq for seq, _ in rows), 0)
        return len(rows)

    def remove_match(self, before: float) -> bool:
        """Remove events of the match last seen longest ago, and the match itself; False if there is none."""
        row = self._cursor.execute(
            "SELECT id FROM match WHERE last < %s ORDER BY last LIMIT 1", (before,)
        ).fetchone()
        if row is None:
            return False
        self.remove_events("match = %s ORDER BY seq", row[0])
        if self.left:
            rows, freed = postgres_archive.remove(self._cursor, row[0])
            self._cursor.execute("DELETE FROM match WHERE id = %s", row)
            self.removed += 1 + rows
            self.freed += MATCH_BYTES + freed
        return True

    def remove_cycles(self, before: float) -> None:
        """Remove rows of old cycles."""
        if self.left:
            self.removed += self._cursor.execute(
                "DELETE FROM cycle WHERE ctid = ANY(ARRAY(SELECT ctid FROM cycle WHERE at < %s LIMIT %s))",
                (before, self.left),
            ).rowcount

    def count(self) -> None:
        """Note in the head what was removed."""
        if self.removed:
            self._cursor.execute(
                "UPDATE meta SET complete_after = greatest(complete_after, %s), bytes = bytes - %s",
                (self._complete_after, self.freed),
            )


_stored = partial(tuple.__new__, StoredEvent)
_compact = partial(msgspec.json.format, indent=-1)
"""Remove the blanks with which PostgreSQL writes JSON."""


def opened(
    address: StoreAddress,
    *,
    application_name: str = APPLICATION,
    fence: Fence = no_fence,
    timeout_s: float = TIMEOUT_S,
) -> PostgresLog:
    """Open the log for writing; create or migrate its schema.

    Raises:
        NewerStoreError: A newer version of footy made it.
        LogError: The store cannot be reached, refuses, or cannot be written.
    """
    migrate(address, application_name=application_name, timeout_s=timeout_s)
    session = Session(address, application_name=application_name, fence=fence, timeout_s=timeout_s)
    return _log(session, read_only=False)


def opened_for_reading(address: StoreAddress, *, application_name: str = "footy reader") -> PostgresLog:
    """Open the log for reading; the leader runs anywhere.

    Raises:
        LogError: The store cannot be reached, refuses, holds no log, or one of another version.
    """
    session = Session(address, application_name=application_name, read_only=True)
    try:
        check_version(session)
    except LogError:
        session.close()
        raise
    return _log(session, read_only=True)


def check_version(session: Session) -> None:
    """Check that a schema is there, and of this version.

    Raises:
        LogError: It is not.
    """
    [[version]] = session.query("SELECT version FROM meta")
    if version > VERSION:
        raise NewerStoreError(f"The store {session.address.shown} was made by a newer version of footy")
    if version < VERSION:
        raise StoreRefusedError(
            f"The store {session.address.shown} was made by an older version of footy: "
            "start the new version first"
        )


def _log(session: Session, *, read_only: bool) -> PostgresLog:
    try:
        return PostgresLog(session, read_only=read_only)
    except LogError:
        session.close()
        raise


def _write_states(cursor: Cursor, states: Collection[Emitted], at: float) -> int:
    """Write emitted states; return by how many bytes the log grows."""
    if not states:
        return 0
    columns = [*zip(*(_match_row(one, at) for one in states), strict=True)]
    rows = cursor.execute(
        "INSERT INTO match (id, emitted, first, last, finished, home, away, competition, open)"
        " SELECT * FROM unnest(%s::text[], %s::bytea[], %s::float8[], %s::float8[], %s::float8[], %s::text[],"
        " %s::text[], %s::text[], %s::bool[]) ON CONFLICT (id) DO UPDATE SET"
        " emitted = excluded.emitted, last = excluded.last, finished = excluded.finished,"
        " home = excluded.home, away = excluded.away, competition = excluded.competition,"
        # A match that goes on after its end gets another archive.
        " open = excluded.open, archived = match.archived AND excluded.finished IS NOT NULL"
        " RETURNING xmax = 0",  # of a new row
        [[*column] for column in columns],
    ).fetchall()
    return MATCH_BYTES * sum(1 for [is_new] in rows if is_new)


def _match_row(emitted: Emitted, at: float) -> tuple[Any, ...]:
    names = emitted.names
    return (
        *(plain_text(emitted.match_id), encoded(emitted), at, at, emitted.ended_at),
        *(plain_text(names.home), plain_text(names.away), plain_text(names.competition), is_open(emitted)),
    )


def _write_events(cursor: Cursor, events: Sequence[Event], first: int, at: float) -> int:
    """Write events in bulk; return by how many bytes the log grows."""
    if not events:
        return 0
    rows = [
        (
            *(seq, plain_text(one.id), one.type, plain_text(one.match_id), at),
            *(one.data.seen_at, json_text(data_json(one))),
        )
        for seq, one in enumerate(events, start=first)
    ]
    copy_events(cursor, ((*row, EVENT_BYTES + len(row[-1])) for row in rows))
    return sum(EVENT_BYTES + len(row[-1]) for row in rows)


def copy_events(cursor: Cursor, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows of `event`, the data as JSON text."""
    with cursor.copy("COPY event (seq, id, type, match, at, seen_at, data, bytes) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _conditions(after: int, match_id: str | None, types: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the conditions on events that every read has, and their values."""
    where: list[str] = ["seq > %s"]
    values: list[Any] = [after]
    if types:
        where.append("type = ANY(%s)")
        values.append([*types])
    if match_id is not None:
        where.append("match = %s")
        values.append(plain_text(match_id))
    return " AND ".join(where), values


def notify(cursor: Cursor, address: StoreAddress, said: str) -> None:
    """Wake the readers once the transaction is committed."""
    cursor.execute("SELECT pg_notify(%s, %s)", (address.schema, said))


def _one(cursor: Cursor) -> Any:
    row = cursor.fetchone()
    if row is None:
        raise BrokenLogError("The store has lost its head")
    return row
