"""`footy store copy`: the log of a file into an empty store, in one transaction, read back and compared."""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from footy.errors import Exit
from footy.history.event_data import read as read_data
from footy.history.log import LogError, Position
from footy.history.migrations import VERSION
from footy.store.address import StoreAddress
from footy.store.connect import Cursor
from footy.store.migrations import migrate
from footy.store.postgres_archive import BLOB_BYTES
from footy.store.postgres_log import EVENT_BYTES, MATCH_BYTES
from footy.store.session import Session
from footy.store.text import json_text, plain_text

TIMEOUT_S = 3600.0
"""Longest wait for the server: an index over years of events takes its time."""
_ROWS = 2_000
_sorted = msgspec.json.Encoder(order="sorted").encode

Row = Sequence[Any]


class CopyError(LogError):
    """The log was not copied; the store is as it was."""

    exit_code = Exit.CONFIG


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: str
    order: str
    stored: Callable[[Row], Row] = tuple
    """Makes a row of the store of one of the file; without the column `bytes`."""


def _event(row: Row) -> Row:
    *first, data = row
    return (*map(plain_text, first), json_text(read_data(data)))


def _of_match(row: Row) -> Row:
    return (plain_text(row[0]), *row[1:])


_TABLES = (
    _Table(
        "match",
        "id, emitted, first, last, finished, home, away, competition, open, archived",
        "id",
        lambda row: (*map(plain_text, row[:8]), bool(row[8]), bool(row[9])),
    ),
    _Table("event", "seq, id, type, match, at, seen_at, data", "seq", _event),
    _Table(
        "cycle",
        "at, listed, matches, events",
        "at, listed, matches, events",
        lambda row: (row[0], bool(row[1]), *row[2:]),
    ),
    _Table("odds", "match, kind, rows, at, data", "rowid", _of_match),
    _Table("minute", "match, minute, rows, data", "match, minute", _of_match),
    _Table(
        "archive",
        "match, state, at, tries, next_at, rows, left_out, note",
        "match",
        lambda row: tuple(map(plain_text, row)),
    ),
)


def copy(path: Path, address: StoreAddress) -> str:
    """Copy the log of a file into an empty store, its epoch too; return the line that says what was copied.

    Raises:
        CopyError: There is no log of this version in the file, the store is not empty, or they differ.
        LogError: The store cannot be written; nothing of the log is in it.
    """
    with closing(_opened(path)) as file:
        _begin(file, path)
        migrate(address)
        session = Session(address, timeout_s=TIMEOUT_S)
        try:
            with session.transaction() as cursor:
                return _copied(file, cursor, address)
        except (sqlite3.Error, zlib.error, ValueError) as error:
            raise CopyError(f"The log {path} cannot be read: {error}") from None
        finally:
            session.close()


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise CopyError(f"There is no log at {path}")
    try:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise CopyError(f"The log {path} cannot be read: {error}") from None


def _begin(file: sqlite3.Connection, path: Path) -> None:
    """Check the version, and keep all tables as they are at this moment."""
    try:
        [version] = file.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            raise CopyError(
                f"The log {path} is of another version of footy: start this version once without FOOTY_STORE"
            )
        file.execute("BEGIN")
    except sqlite3.Error as error:
        raise CopyError(f"The log {path} cannot be read: {error}") from None


def _copied(file: sqlite3.Connection, cursor: Cursor, address: StoreAddress) -> str:
    cursor.execute(
        "SELECT newest, EXISTS (SELECT FROM match), EXISTS (SELECT FROM cycle) FROM meta FOR UPDATE"
    )
    if cursor.fetchone() != (0, False, False):
        raise CopyError(f"The store {address.shown} is not empty: copy before footy has written into it")
    head = dict(file.execute("SELECT key, value FROM meta"))
    size, counts = 0, dict[str, int]()
    for table in _TABLES:
        written = _Digest()
        size += _write(cursor, table, written.passing(_of_file(file, table)))
        read = _Digest()
        for _ in read.passing(_of_store(cursor, table)):
            pass
        if written != read:
            raise CopyError(
                f"{table.name}: {read.rows} rows were read back, not the {written.rows} that were written: "
                "nothing was copied"
            )
        counts[table.name] = written.rows
    cursor.execute(
        "UPDATE meta SET epoch = %s, newest = %s, newest_at = %s, complete_after = %s, listed_at = %s,"
        " listed = %s::jsonb, bytes = %s",
        (
            *(head["epoch"], head["newest"], head["newest_at"], head["complete_after"]),
            *(head["listed_at"], plain_text(head["listed"]), size),
        ),
    )
    position = Position(head["epoch"], head["newest"])
    return (
        f"Copied and compared: {counts['match']} matches, {counts['event']} events, "
        f"{counts['odds']} blobs of odds and {counts['minute']} of minutes, "
        f"up to {position}, into the store {address.shown}"
    )


def _of_file(file: sqlite3.Connection, table: _Table) -> Iterator[Row]:
    rows = file.execute(f"SELECT {table.columns} FROM {table.name} ORDER BY {table.order}")  # noqa: S608 - of this module
    while batch := rows.fetchmany(_ROWS):
        yield from map(table.stored, batch)


def _of_store(cursor: Cursor, table: _Table) -> Iterator[Row]:
    columns = table.columns.replace("data", "data::text") if table.name == "event" else table.columns
    with cursor.connection.cursor(f"read_{table.name}") as rows:
        rows.itersize = _ROWS
        rows.execute(f"SELECT {columns} FROM {table.name}")  # noqa: S608 - of this module
        yield from rows


def _write(cursor: Cursor, table: _Table, rows: Iterable[Row]) -> int:
    """Write rows in bulk; return the bytes that they count towards FOOTY_HISTORY_SIZE."""
    total = 0
    with_size = ", bytes" if table.name == "event" else ""
    with cursor.copy(f"COPY {table.name} ({table.columns}{with_size}) FROM STDIN") as writing:
        for row in rows:
            size = _size(table, row)
            total += size
            writing.write_row((*row, size) if with_size else row)
    return total


def _size(table: _Table, row: Row) -> int:
    match table.name:
        case "match":
            return MATCH_BYTES
        case "event":
            return EVENT_BYTES + len(row[-1])
        case "odds" | "minute":
            return BLOB_BYTES + len(row[-1])
    return 0


class _Digest:
    """The number of rows and the sum of their SHA-256, in any order, however JSON is written in them."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def passing(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows, and take them into account."""
        for row in rows:
            self.rows += 1
            content = msgspec.msgpack.encode([*map(_comparable, row)])
            self._sum += int.from_bytes(hashlib.sha256(content).digest())
            yield row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Digest) and (self.rows, self._sum) == (other.rows, other._sum)

    __hash__ = None  # type: ignore[assignment] # it changes


def _comparable(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == "{":
        return _sorted(msgspec.json.decode(value))
    return value
