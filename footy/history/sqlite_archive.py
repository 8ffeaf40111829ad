"""The archive's tables in `footy.db`: written inside the log's transactions, read with its connection."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from footy.events.emitted import decoded
from footy.history.archive import Archived, ArchiveState, Due, MatchEntry
from footy.history.log import Commit
from footy.history.minutes import MinuteBlob
from footy.history.odds import Kind, OddsBlob

AFTER_S = 600.0
"""Seconds after full time before which the vendor may still correct what it has."""
GONE_AFTER_S = 7200.0
"""Seconds after which a match that is not listed and whose end was not seen counts as over."""
PAGE_BYTES = 4096
"""Bytes that retention counts as one row."""

Query = Callable[[str, Sequence[Any] | Mapping[str, Any]], list[Any]]

_OVER = (
    "(m.finished <= :now - :after OR m.finished IS NULL AND m.last <= :now - :gone"
    " AND m.id NOT IN (SELECT value FROM json_each(:listed)))"
)
_ENTRY = (
    "SELECT m.id, m.emitted, m.first, m.last, m.finished, m.archived,"
    " a.state, a.at, a.rows, a.left_out, a.note FROM match m LEFT JOIN archive a ON a.match = m.id"
)
_DUE = (
    "SELECT m.id, coalesce(m.finished, m.last), coalesce(a.tries, 0), a.note"  # noqa: S608 - of this module
    " FROM match m LEFT JOIN archive a ON a.match = m.id"
    f" WHERE NOT m.archived AND {_OVER} AND (a.next_at IS NULL OR a.next_at <= :now)"
)


def write(connection: sqlite3.Connection, commit: Commit) -> None:
    """Write the odds, the minutes and the archives of a cycle."""
    for blob in commit.odds:
        if _is_open(connection, blob.match_id):
            if blob.kind is Kind.BASE:
                connection.execute(
                    "DELETE FROM odds WHERE match = ? AND kind = ?", (blob.match_id, int(blob.kind))
                )
            _insert_odds(connection, blob)
    connection.executemany(
        "REPLACE INTO minute SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM match WHERE id = ?1)",
        commit.minutes,
    )
    for one in commit.archives:
        _archive(connection, one)


def _is_open(connection: sqlite3.Connection, match_id: str) -> bool:
    """Check whether the log has this match, and not its archive."""
    found = connection.execute("SELECT 1 FROM match WHERE id = ? AND NOT archived", (match_id,))
    return found.fetchone() is not None


def _insert_odds(connection: sqlite3.Connection, blob: OddsBlob) -> None:
    values = (blob.match_id, int(blob.kind), blob.rows, blob.at, blob.data)
    connection.execute("INSERT INTO odds VALUES (?, ?, ?, ?, ?)", values)


def _archive(connection: sqlite3.Connection, one: Archived) -> None:
    updated = connection.execute(
        "UPDATE match SET archived = ? WHERE id = ?", (one.state.is_final, one.match_id)
    )
    if not updated.rowcount:  # retention has removed it meanwhile
        return
    connection.execute(
        "REPLACE INTO archive VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(one.match_id, str(one.state), one.at, one.tries, one.next_at),
            *(one.rows, one.left_out, one.note),
        ),
    )
    if one.odds is not None:
        connection.execute("DELETE FROM odds WHERE match = ?", (one.match_id,))
        _insert_odds(connection, one.odds)
    if one.minutes is not None:
        connection.execute("DELETE FROM minute WHERE match = ?", (one.match_id,))
        connection.execute("INSERT INTO minute VALUES (?, ?, ?, ?)", one.minutes)


def remove(connection: sqlite3.Connection, match_id: str) -> int:
    """Remove all that is kept of a match; return the number of rows, where a large one counts as several."""
    removed = 0
    for table in ("odds", "minute"):
        [size] = connection.execute(
            f"SELECT coalesce(sum(1 + length(data) / {PAGE_BYTES}), 0) FROM {table} WHERE match = ?",  # noqa: S608
            (match_id,),
        ).fetchone()
        connection.execute(f"DELETE FROM {table} WHERE match = ?", (match_id,))  # noqa: S608
        removed += size
    connection.execute("DELETE FROM archive WHERE match = ?", (match_id,))
    return removed


def entries(
    query: Query,
    since: float | None,
    until: float | None,
    after: tuple[float, str] | None,
    limit: int,
) -> list[MatchEntry]:
    """Return matches by (last, id)."""
    where, values = ["1"], list[Any]()
    if since is not None:
        where.append("m.last >= ?")
        values.append(since)
    if until is not None:
        where.append("m.first < ?")
        values.append(until)
    if after is not None:
        where.append("(m.last, m.id) > (?, ?)")
        values += after
    statement = f"{_ENTRY} WHERE {' AND '.join(where)} ORDER BY m.last, m.id LIMIT ?"
    return [*map(entry_of, query(statement, [*values, limit]))]


def entry(query: Query, match_id: str) -> MatchEntry | None:
    """Return a match; None if there is none of this id."""
    rows = query(f"{_ENTRY} WHERE m.id = ?", (match_id,))
    return entry_of(rows[0]) if rows else None


def entry_of(row: Sequence[Any]) -> MatchEntry:
    """Return the entry in a row: id, state, times of the match, then the columns of its archive."""
    match_id, emitted, first, last, ended_at, is_archived, state, at, rows, left_out, note = row
    match = decoded(emitted)
    score, names = match.score, match.names
    known = None if state is None else ArchiveState(state)
    if known is not None and known.is_final and not is_archived:  # the match went on
        known = at = note = None
    if known is None and ended_at is not None:
        known = ArchiveState.WAITING
    return MatchEntry(
        match_id,
        names.competition,
        names.country,
        names.home,
        names.away,
        match.status_id,
        None if score is None else score.home,
        None if score is None else score.away,
        first,
        last,
        ended_at,
        known,
        at,
        rows or 0,
        left_out or 0,
        note,
    )


def odds_blobs(query: Query, match_id: str) -> list[OddsBlob]:
    """Return the blobs of a match's odds, in order of writing."""
    rows = query("SELECT match, kind, rows, at, data FROM odds WHERE match = ? ORDER BY rowid", (match_id,))
    return [OddsBlob(one, Kind(kind), count, at, data) for one, kind, count, at, data in rows]


def minute_blobs(query: Query, match_id: str) -> list[MinuteBlob]:
    """Return the blobs of a match's minutes, in order."""
    rows = query("SELECT match, minute, rows, data FROM minute WHERE match = ? ORDER BY minute", (match_id,))
    return [MinuteBlob(*row) for row in rows]


def due(query: Query, now: float, limit: int) -> list[Due]:
    """Return the matches whose odds are to be read now, the newest first."""
    rows = query(f"{_DUE} ORDER BY m.last DESC LIMIT :limit", {**_over(query, now), "limit": limit})
    return [Due(*row) for row in rows]


def waiting(query: Query) -> int:
    """Return the number of matches that are over and not archived."""
    [[now]] = query("SELECT max(value, 0.0) FROM meta WHERE key = 'newest_at'", ())
    [[count]] = query(
        f"SELECT count(*) FROM match m WHERE NOT m.archived AND {_OVER}",  # noqa: S608
        _over(query, now),
    )
    return int(count)


def _over(query: Query, now: float) -> dict[str, Any]:
    [[listed]] = query("SELECT value FROM meta WHERE key = 'listed'", ())
    return {"now": now, "after": AFTER_S, "gone": GONE_AFTER_S, "listed": listed or json.dumps([])}
