"""The ledger, `sent.db`: how far each target is in the log of events, and what became of each message.

It is a file of its own, so that a target never waits for the cycle's commit, nor a cycle for a target. Each
target writes by its own connection, from its own thread.
"""

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

from footy.history.log import Position
from footy.history.sqlite_file import PRIVATE, set_aside
from footy.sinks.base import Again

MessageState = Literal["sending", "sent", "unknown", "too_old", "refused"]
"""`unknown`: sent or not, nobody knows; it is not sent again."""
KEPT_S = 30 * 86_400.0
"""How long it is kept what became of a message."""
_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS cursor (
    target TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent (
    target TEXT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (target, event)
) WITHOUT ROWID;
"""
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Ledger:
    """A target's part of the ledger. For one thread at a time; opened when it is first used.

    Args:
        path: The file.
        target: The target's name.
        durable: Whether what was noted survives a power failure too, at the cost of a flush each time.
        now: Returns Unix seconds.
    """

    def __init__(
        self, path: Path, target: str, *, durable: bool = True, now: Callable[[], float] = time.time
    ) -> None:
        self._durable = durable
        self._path = path
        self._target = target
        self._now = now
        self._connection: sqlite3.Connection | None = None

    def position(self) -> Position | None:
        """Return how far the target is in the log; None if it has never been anywhere."""
        with self._edge() as connection:
            row = connection.execute(
                "SELECT epoch, sequence FROM cursor WHERE target = ?", (self._target,)
            ).fetchone()
        return None if row is None else Position(*row)

    def move(self, position: Position) -> None:
        """Note how far the target is in the log."""
        with self._edge() as connection:
            connection.execute(
                "REPLACE INTO cursor VALUES (?, ?, ?)", (self._target, position.epoch, position.sequence)
            )

    def state(self, event_id: str) -> MessageState | None:
        """Return the state of a message; None if it was never begun."""
        with self._edge() as connection:
            row = connection.execute(
                "SELECT state FROM sent WHERE target = ? AND event = ?", (self._target, event_id)
            ).fetchone()
        return None if row is None else row[0]

    def note(self, event_ids: Iterable[str], state: MessageState) -> None:
        """Store the states of messages, durably."""
        with self._edge() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "REPLACE INTO sent VALUES (?, ?, ?, ?)",
                [(self._target, one, state, self._now()) for one in event_ids],
            )
            connection.execute("COMMIT")

    def forget(self, event_ids: Iterable[str]) -> None:
        """Note that messages were surely not sent: they are begun again."""
        with self._edge() as connection:
            connection.executemany(
                "DELETE FROM sent WHERE target = ? AND event = ?",
                [(self._target, one) for one in event_ids],
            )

    def give_up_begun(self) -> int:
        """Note as unknown what a process that was ended had begun to send; return how many messages."""
        with self._edge() as connection:
            connection.execute("DELETE FROM sent WHERE at < ?", (self._now() - KEPT_S,))
            return connection.execute(
                "UPDATE sent SET state = 'unknown' WHERE target = ? AND state = 'sending'", (self._target,)
            ).rowcount

    def counts(self) -> dict[str, int]:
        """Return the number of messages by their state."""
        with self._edge() as connection:
            rows = connection.execute("SELECT state FROM sent WHERE target = ?", (self._target,)).fetchall()
        return dict(Counter(state for [state] in rows))

    def all_counts(self) -> dict[str, dict[str, int]]:
        """Return the same for every target that messages were sent to, by its name."""
        with self._edge() as connection:
            return by_target(connection.execute(COUNTS).fetchall())

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    @contextlib.contextmanager
    def _edge(self) -> Iterator[sqlite3.Connection]:
        """Yield the open file; what it cannot take now is tried again, and a broken one is set aside."""
        try:
            if self._connection is None:
                self._connection = _opened(self._path, durable=self._durable)
            yield self._connection
        except sqlite3.Error as error:
            self.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
                with contextlib.suppress(OSError):
                    set_aside(self._path)
            raise Again(f"{self._path.name} cannot be used: {error}") from None


COUNTS = "SELECT target, state, count(*) FROM sent GROUP BY target, state ORDER BY target, state"


def by_target(rows: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """Return counts by target and state."""
    counts: dict[str, dict[str, int]] = {}
    for target, state, count in rows:
        counts.setdefault(target, {})[state] = count
    return counts


def _opened(path: Path, *, durable: bool) -> sqlite3.Connection:
    with contextlib.suppress(OSError):  # SQLite says why it cannot be made
        path.touch(mode=PRIVATE)
    # Of the thread that begins with it, and then of the target's own: never of two at a time.
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
