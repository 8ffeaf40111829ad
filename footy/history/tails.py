"""What is collected of running matches until it is written: rows of odds, and the row of the minute. Pure.

What a tail has in memory is lost if the process is killed: of odds at most some minutes, which a later full
read has again; of minutes nothing, because each row is written at once.
"""

from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple, Protocol
from zlib import crc32

from footy.events.statuses import IN_PLAY
from footy.events.types import Event, Period, StatusChange
from footy.history.minutes import MinuteBlob, MinuteRow, loose, row_of
from footy.history.odds import Kind, OddsBlob, OddsRow, RowLike, columns_of, pack

LEAST_ROWS, MOST_ROWS = 240, 300
LEAST_AGE_S, MOST_AGE_S = 240, 360
"""A tail is full at so many rows or at so many seconds: between these limits, by its match. If all tails were
full at the same time, one cycle would write them all."""


class Change(Protocol):
    """A price change as a feed reports it."""

    @property
    def match_id(self) -> str: ...  # noqa: D102
    @property
    def bookmaker_id(self) -> int: ...  # noqa: D102
    @property
    def market(self) -> str: ...  # noqa: D102
    @property
    def row(self) -> RowLike: ...  # noqa: D102


class _Tail:
    __slots__ = ("at", "began_at", "rows")

    def __init__(self, at: float) -> None:
        self.began_at = self.at = at
        self.rows: list[OddsRow] = []


class OddsTails:
    """The rows of running matches that are not packed yet; for use by one thread."""

    def __init__(self) -> None:
        self._tails: dict[str, _Tail] = {}
        self._last_reply: frozenset[tuple[str, OddsRow]] = frozenset()

    def add(
        self, changes: Iterable[Change], at: float, wanted: Collection[str], *, newest_first: bool = True
    ) -> None:
        """Add a reply of a feed: the rows that the reply before did not have.

        A feed tells each change for as long as its window lasts, in several replies. Rows that come again
        later than that are left out when they are read (`odds.joined`).

        Args:
            changes: In the vendor's order.
            at: When the reply arrived, in Unix seconds.
            wanted: Ids of the matches that are kept.
            newest_first: Whether the reply lists the newest change first.
        """
        rows = [
            (change.match_id, _row(change.bookmaker_id, change.market, change.row))
            for change in changes
            if change.match_id in wanted
        ]
        for one in reversed(rows) if newest_first else rows:
            if one not in self._last_reply:
                match_id, row = one
                tail = self._tails.setdefault(match_id, _Tail(at))
                tail.rows.append(row)
                tail.at = at
        self._last_reply = frozenset(rows)

    def drop(self, match_id: str) -> None:
        """Drop what was collected of a match: all its odds have been read."""
        self._tails.pop(match_id, None)

    def take(self, now: float, *, everything: bool = False) -> list[OddsBlob]:
        """Remove the tails that are full by now (Unix seconds), or all of them, and return them packed."""
        full = [one for one, tail in self._tails.items() if everything or _is_full(one, tail, now)]
        return [blob for one in full for blob in _packed(one, self._tails.pop(one))]

    def of(self, match_id: str) -> list[OddsBlob]:
        """Return the collected rows of a match, packed, and keep them."""
        tail = self._tails.get(match_id)
        return [] if tail is None else _packed(match_id, tail)


def _packed(match_id: str, tail: _Tail) -> list[OddsBlob]:
    rows = tail.rows[::-1]  # of one second, the row that came last is the newest
    columns = columns_of(sorted(rows, key=_time, reverse=True))
    return [OddsBlob(match_id, Kind.CHUNK, columns.rows, tail.at, pack(columns))] if columns.rows else []


_time = attrgetter("at")


def _row(bookmaker_id: int, market: str, row: RowLike) -> OddsRow:
    return OddsRow(
        *(bookmaker_id, market, row.at, row.minute, row.first, row.line, row.last),
        *(row.status_id, row.sealed, row.score),
    )


def _is_full(match_id: str, tail: _Tail, now: float) -> bool:
    place = crc32(match_id.encode())
    return len(tail.rows) >= LEAST_ROWS + place % (
        MOST_ROWS - LEAST_ROWS
    ) or not 0 <= now - tail.began_at < LEAST_AGE_S + place % (MOST_AGE_S - LEAST_AGE_S)


class _Minutes(NamedTuple):
    """The last row of a match, and the one of the minute before, on which it builds."""

    before: MinuteRow | None
    last: MinuteRow
    version: int | None
    minute: int | None
    """The minute of play."""


ABSENT_MINUTES = 120
"""How old the last row may be of a match that is not listed: if it ends meanwhile, its return is its end."""


class MinuteTail:
    """The rows of the current minute of each match in play; for use by one thread."""

    def __init__(self) -> None:
        self._matches: dict[str, _Minutes] = {}

    def rows(
        self,
        records: Iterable[Mapping[str, Any]],
        versions: Mapping[str, int],
        at: float,
        ended: Collection[str] = (),
    ) -> list[MinuteBlob]:
        """Return the rows to write after a cycle, for matches in play, and for those that have just ended.

        The caller writes them, or calls `forget`.

        Args:
            records: The records of the cycle.
            versions: A number for each record, by match id: another one after each change but of the time.
            at: When they were read, in Unix seconds.
            ended: Matches that have ended in this cycle (`just_ended`): after a restart only the log knows.
        """
        blobs = []
        oldest = int(at) // 60 - ABSENT_MINUTES
        matches = {key: known for key, known in self._matches.items() if known.last.minute >= oldest}
        for record in records:
            match_id = record["match_id"]
            known = self._matches.get(match_id)
            if record["live_source"] not in {"fresh", "push"}:
                continue
            if not record["in_play"] and known is None and match_id not in ended:
                continue
            version = versions.get(match_id)
            if known is None or not _is_same(known, record, version, at):
                row = row_of(record, at)
                if known is None or known.last.values != row.values:
                    before = _before(known, row)
                    blobs.append(loose(match_id, row, before))
                    known = _Minutes(before, row, version, record["minute"])
                else:
                    known = known._replace(version=version)
            if record["in_play"]:
                matches[match_id] = known
            else:
                matches.pop(match_id, None)
        self._matches = matches
        return blobs

    def forget(self) -> None:
        """Build on no earlier row: it is not known which of them have been written."""
        self._matches.clear()


def just_ended(events: Iterable[Event]) -> set[str]:
    """Return the matches that are no longer in play by these events."""
    changes = [one.data for one in events if isinstance(one.data, Period | StatusChange)]
    return {
        one.match_id for one in changes if one.previous_status_id in IN_PLAY and one.status_id not in IN_PLAY
    }


def _is_same(known: _Minutes, record: Mapping[str, Any], version: int | None, at: float) -> bool:
    """Check whether a record has the values of the last row, without looking at all of them."""
    return (
        version is not None
        and known.version == version
        and known.last.minute == int(at) // 60
        and record["minute"] == known.minute
    )


def _before(known: _Minutes | None, row: MinuteRow) -> MinuteRow | None:
    """Return the row that a new one builds on: that of the minute before; None if there is none."""
    if known is None or row.minute < known.last.minute:  # the clock was set back
        return None
    return known.before if row.minute == known.last.minute else known.last
