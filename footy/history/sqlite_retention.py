"""One step of retention in `footy.db`: prices first, then what belongs to no match, then whole matches."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from footy.history import sqlite_archive
from footy.history.retention import STEP_ROWS, Retention

_PRICES = "type IN ('line_moved', 'price_moved', 'reopened', 'suspended')"
"""As in the partial index of these events."""
_DAY_S = 86_400.0


def remove_step(connection: sqlite3.Connection, retention: Retention) -> int:
    """Remove rows that are too old or too many, `STEP_ROWS` at most; return how many.

    Call it in a transaction.
    """
    [newest_at] = connection.execute("SELECT value FROM meta WHERE key = 'newest_at'").fetchone()
    oldest = newest_at - retention.days * _DAY_S
    removed = _remove_events(
        connection,
        f"SELECT seq FROM event WHERE {_PRICES} AND at < ? ORDER BY at LIMIT ?",  # noqa: S608
        (newest_at - retention.price_days * _DAY_S, STEP_ROWS),
    )
    removed += _remove_events(
        connection,
        "SELECT seq FROM event WHERE match IS NULL AND at < ? ORDER BY seq LIMIT ?",
        (oldest, STEP_ROWS - removed),
    )
    while removed < STEP_ROWS and (gone := _remove_match(connection, oldest, STEP_ROWS - removed)):
        removed += gone
    while removed < STEP_ROWS and size_of(connection) > retention.size:
        gone = _remove_match(connection, newest_at, STEP_ROWS - removed)
        removed += gone
        if not gone:
            break
    if removed < STEP_ROWS:
        removed += connection.execute(
            "DELETE FROM cycle WHERE rowid IN (SELECT rowid FROM cycle WHERE at < ? LIMIT ?)",
            (newest_at - retention.price_days * _DAY_S, STEP_ROWS - removed),
        ).rowcount
    return removed


def _remove_events(connection: sqlite3.Connection, select: str, values: Sequence[Any]) -> int:
    """Remove the selected events, and record that the log is incomplete up to the last of them."""
    rows = connection.execute(select, values).fetchall()
    if rows:
        connection.executemany("DELETE FROM event WHERE seq = ?", rows)
        connection.execute(
            "UPDATE meta SET value = max(value, ?) WHERE key = 'complete_after'",
            (max(seq for [seq] in rows),),
        )
    return len(rows)


def _remove_match(connection: sqlite3.Connection, before: float, limit: int) -> int:
    """Remove events of the match that was last seen longest ago, and the match itself when none is left."""
    row = connection.execute(
        "SELECT id FROM match WHERE last < ? ORDER BY last LIMIT 1", (before,)
    ).fetchone()
    if row is None:
        return 0
    removed = _remove_events(
        connection, "SELECT seq FROM event WHERE match = ? ORDER BY seq LIMIT ?", (row[0], limit)
    )
    if removed < limit:
        removed += sqlite_archive.remove(connection, row[0])
        removed += connection.execute("DELETE FROM match WHERE id = ?", row).rowcount
    return removed


def size_of(connection: sqlite3.Connection) -> int:
    """Return the bytes that the content of the file takes."""
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    [free] = connection.execute("PRAGMA freelist_count").fetchone()
    [page] = connection.execute("PRAGMA page_size").fetchone()
    return int(pages - free) * int(page)
