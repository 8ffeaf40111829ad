"""The archive's tables in PostgreSQL: written inside the log's transactions, read with its session.

The blobs are the same bytes as in `footy.db`, so whatever reads them reads both.
"""

from collections.abc import Collection, Sequence
from typing import Any

from footy.history.archive import Archived, Due, MatchEntry
from footy.history.log import Commit
from footy.history.minutes import MinuteBlob
from footy.history.odds import Kind, OddsBlob
from footy.history.sqlite_archive import AFTER_S, GONE_AFTER_S, PAGE_BYTES, entry_of
from footy.store.connect import Cursor
from footy.store.session import Session
from footy.store.text import plain_text

BLOB_BYTES = 120
"""What a blob counts beside its data: the other columns and its index entries."""

_OVER = (
    "(m.finished <= %(now)s - %(after)s OR m.finished IS NULL AND m.last <= %(now)s - %(gone)s"
    " AND NOT (SELECT listed FROM meta) ? m.id)"
)
_ENTRY = (
    "SELECT m.id, m.emitted, m.first, m.last, m.finished, m.archived,"
    " a.state, a.at, a.rows, a.left_out, a.note FROM match m LEFT JOIN archive a ON a.match = m.id"
)


def write(cursor: Cursor, commit: Commit) -> int:
    """Write the odds, the minutes and the archives of a cycle; return by how many bytes the log grows."""
    grown = 0
    of_odds, of_minutes = ({one.match_id for one in blobs} for blobs in (commit.odds, commit.minutes))
    archived = _archived(cursor, of_odds | of_minutes)
    bases = {one.match_id: one for one in commit.odds if one.kind is Kind.BASE}
    wanted = [
        one
        for one in commit.odds
        if archived.get(plain_text(one.match_id)) is False
        and (one.kind is not Kind.BASE or one is bases[one.match_id])
    ]
    if bases:
        condition = "match = ANY(%s) AND kind = 1 AND match IN (SELECT id FROM match WHERE NOT archived)"
        grown -= _removed(cursor, "odds", condition, [*map(plain_text, bases)])
    grown += _insert_odds(cursor, wanted)
    grown += _replace_minutes(cursor, [one for one in commit.minutes if plain_text(one.match_id) in archived])
    for one in commit.archives:
        grown += _archive(cursor, one)
    return grown


def _archived(cursor: Cursor, match_ids: Collection[str]) -> dict[str, bool]:
    """Return of the matches that the log has whether they are archived."""
    if not match_ids:
        return {}
    wanted = [*map(plain_text, match_ids)]
    rows = cursor.execute("SELECT id, archived FROM match WHERE id = ANY(%s)", (wanted,))
    return dict(rows.fetchall())


def _insert_odds(cursor: Cursor, blobs: Sequence[OddsBlob]) -> int:
    if not blobs:
        return 0
    with cursor.copy("COPY odds (match, kind, rows, at, data) FROM STDIN") as copy:
        for one in blobs:
            copy.write_row((plain_text(one.match_id), int(one.kind), one.rows, one.at, one.data))
    return sum(BLOB_BYTES + len(one.data) for one in blobs)


def _replace_minutes(cursor: Cursor, blobs: Sequence[MinuteBlob]) -> int:
    if not blobs:
        return 0
    newest = {(plain_text(one.match_id), one.minute): one for one in blobs}
    columns = [
        [match for match, _ in newest],
        [minute for _, minute in newest],
        [one.rows for one in newest.values()],
        [one.data for one in newest.values()],
    ]
    before = cursor.execute(
        "DELETE FROM minute USING unnest(%s::text[], %s::bigint[]) AS new (match, minute)"
        " WHERE minute.match = new.match AND minute.minute = new.minute RETURNING octet_length(minute.data)",
        columns[:2],
    ).fetchall()
    cursor.execute(
        "INSERT INTO minute SELECT * FROM unnest(%s::text[], %s::bigint[], %s::integer[], %s::bytea[])",
        columns,
    )
    removed: int = sum(BLOB_BYTES + size for [size] in before)
    return sum(BLOB_BYTES + len(one.data) for one in newest.values()) - removed


def _archive(cursor: Cursor, one: Archived) -> int:
    match_id = plain_text(one.match_id)
    cursor.execute("UPDATE match SET archived = %s WHERE id = %s", (one.state.is_final, match_id))
    if not cursor.rowcount:  # retention has removed it meanwhile
        return 0
    cursor.execute(
        "INSERT INTO archive VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (match) DO UPDATE SET"
        " state = excluded.state, at = excluded.at, tries = excluded.tries, next_at = excluded.next_at,"
        " rows = excluded.rows, left_out = excluded.left_out, note = excluded.note",
        (
            *(match_id, str(one.state), one.at, one.tries, one.next_at),
            *(one.rows, one.left_out, plain_text(one.note)),
        ),
    )
    grown = 0
    if one.odds is not None:
        grown -= _removed(cursor, "odds", "match = %s", match_id)
        grown += _insert_odds(cursor, [one.odds])
    if one.minutes is not None:
        grown -= _removed(cursor, "minute", "match = %s", match_id)
        grown += _replace_minutes(cursor, [one.minutes])
    return grown


def _removed(cursor: Cursor, table: str, condition: str, value: Any) -> int:
    rows = cursor.execute(
        f"DELETE FROM {table} WHERE {condition} RETURNING octet_length(data)",  # noqa: S608 - of this module
        (value,),
    ).fetchall()
    return sum(BLOB_BYTES + size for [size] in rows)


def remove(cursor: Cursor, match_id: str) -> tuple[int, int]:
    """Remove all that is kept of a match; return the rows, a large one as several, and the bytes."""
    rows = freed = 0
    for table in ("odds", "minute"):
        sizes = cursor.execute(
            f"DELETE FROM {table} WHERE match = %s RETURNING octet_length(data)",  # noqa: S608 - of this module
            (match_id,),
        ).fetchall()
        rows += sum(1 + size // PAGE_BYTES for [size] in sizes)
        freed += sum(BLOB_BYTES + size for [size] in sizes)
    cursor.execute("DELETE FROM archive WHERE match = %s", (match_id,))
    return rows, freed


def entries(
    session: Session,
    since: float | None,
    until: float | None,
    after: tuple[float, str] | None,
    limit: int,
) -> list[MatchEntry]:
    """Return matches by (last, id)."""
    where, values = ["true"], list[Any]()
    if since is not None:
        where.append("m.last >= %s")
        values.append(since)
    if until is not None:
        where.append("m.first < %s")
        values.append(until)
    if after is not None:
        where.append("(m.last, m.id) > (%s, %s)")
        values += after
    statement = f"{_ENTRY} WHERE {' AND '.join(where)} ORDER BY m.last, m.id LIMIT %s"
    return [*map(entry_of, session.query(statement, [*values, limit]))]


def entry(session: Session, match_id: str) -> MatchEntry | None:
    """Return a match; None if there is none of this id."""
    rows = session.query(f"{_ENTRY} WHERE m.id = %s", (plain_text(match_id),))
    return entry_of(rows[0]) if rows else None


def odds_blobs(session: Session, match_id: str) -> list[OddsBlob]:
    """Return the blobs of a match's odds, in order of writing."""
    rows = session.query(
        "SELECT match, kind, rows, at, data FROM odds WHERE match = %s ORDER BY number",
        (plain_text(match_id),),
    )
    return [OddsBlob(one, Kind(kind), count, at, data) for one, kind, count, at, data in rows]


def minute_blobs(session: Session, match_id: str) -> list[MinuteBlob]:
    """Return the blobs of a match's minutes, in order."""
    rows = session.query(
        "SELECT match, minute, rows, data FROM minute WHERE match = %s ORDER BY minute",
        (plain_text(match_id),),
    )
    return [MinuteBlob(*row) for row in rows]


def due(session: Session, now: float, limit: int) -> list[Due]:
    """Return the matches whose odds are to be read now, the newest first."""
    rows = session.query(
        "SELECT m.id, coalesce(m.finished, m.last), coalesce(a.tries, 0), a.note"  # noqa: S608 - of this module
        " FROM match m LEFT JOIN archive a ON a.match = m.id"
        f" WHERE NOT m.archived AND {_OVER} AND (a.next_at IS NULL OR a.next_at <= %(now)s)"
        " ORDER BY m.last DESC LIMIT %(limit)s",
        {**_limits(now), "limit": limit},
    )
    return [Due(*row) for row in rows]


def waiting(session: Session) -> int:
    """Return the number of matches that are over and not archived."""
    [[now]] = session.query("SELECT newest_at FROM meta")
    [[count]] = session.query(
        f"SELECT count(*) FROM match m WHERE NOT m.archived AND {_OVER}",  # noqa: S608 - of this module
        _limits(now),
    )
    return int(count)


def _limits(now: float) -> dict[str, float]:
    return {"now": now, "after": AFTER_S, "gone": GONE_AFTER_S}
