"""A log with an archive as analysts find it: a busy evening, odds with every oddity, minutes."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from footy.history import odds
from footy.history.archive import Archived, ArchiveState
from footy.history.log import Commit
from footy.history.minutes import MinuteBlob, loose, row_of
from footy.history.odds import Kind, OddsBlob, OddsRow, columns_of
from footy.history.sqlite_log import opened
from tests.events.watch import KICK_OFF, money_line, record
from tests.support.evening import BAY, ROVERS, TOWN, Evening, busy_evening

START = int(KICK_OFF)
HOSTILE = ("=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\tTab", 'A "quoted", B', "Line\nbreak", "＝1+1")


def row(market: str, at: int, first: float, line: float, last: float, **fields: Any) -> OddsRow:
    own: dict[str, Any] = {"bookmaker_id": 2, "minute": "", "status_id": 1, "sealed": 0, "score": ""} | fields
    return OddsRow(
        *(own["bookmaker_id"], market, at, own["minute"], first, line, last),
        *(own["status_id"], own["sealed"], own["score"]),
    )


TOWN_ROWS = (  # of each series the newest first
    row("eu", START + 4000, 1.4, 4.5, 9.0, minute="52", status_id=4, score="1-0"),
    row("eu", START + 3000, 0, 0, 0, minute="45+", status_id=2, sealed=1, score="1-1"),
    row("eu", START + 200, 1.8, 3.6, 5.0, minute="4", status_id=2, score="0-0"),
    row("eu", START - 60, 2.0, 3.4, 4.1),
    row("eu", START - 9000, 2.2, 3.3, 3.6),
    row("asia", START + 300, 0.95, 0.25, 0.87, minute="5", status_id=2, score="0-0"),
    row("asia", START - 60, 0.9, 0.5, 1.005),
    row("asia", START - 900, 1.1, 0.0, 0.8),
    row("bs", START - 60, 0.83, 2.5, 1.0, bookmaker_id=3),
    row("bs", START - 70, 0.83, 2.75, -1, bookmaker_id=3, sealed=1),
    row("cr", START + 100, 0.5, 9.5, 1.5, bookmaker_id=999_999, minute="midfield", score="2-1"),
)
BAY_ROWS = (
    row("eu", START - 100, 3.1, 3.2, 2.4, bookmaker_id=9),
    row("eu", START - 200, 3.0, 3.2, 2.5, bookmaker_id=9, score="not a score"),
)


def archived(match_id: str, rows: tuple[OddsRow, ...]) -> Archived:
    columns = columns_of(rows)
    blob = OddsBlob(match_id, Kind.ARCHIVE, columns.rows, KICK_OFF + 9000, odds.pack(columns))
    return Archived(match_id, ArchiveState.WHOLE, KICK_OFF + 9000, 1, rows=columns.rows, odds=blob)


def minute(match_id: str, at: float, **changes: Any) -> MinuteBlob:
    return loose(match_id, row_of(record(match_id=match_id, **changes), at), None)


@functools.cache
def _written() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "footy.db"
        busy_evening(path)
        log, _ = opened(path)
        prices = money_line(home=1.8) | {"current_money_line_at": "2026-11-23T19:02:05Z"}
        minutes = [
            minute(TOWN, KICK_OFF + 130, minute=3, **prices),
            minute(TOWN, KICK_OFF + 61, minute=2, temperature_c=11.5),
        ]
        archives = [archived(TOWN, TOWN_ROWS), archived(BAY, BAY_ROWS)]
        log.append(Commit(KICK_OFF + 9000, minutes=minutes))
        log.append(Commit(KICK_OFF + 9000, archives=archives))
        log.close()
        return path.read_bytes()


def write_history(path: Path) -> None:
    """Write a log with an archive, made once."""
    path.write_bytes(_written())


def write_hostile(
    path: Path, names: Callable[[int], str] = HOSTILE.__getitem__, count: int = len(HOSTILE)
) -> None:
    """Write a log of matches whose home team has a name that a spreadsheet might take for a formula."""
    with Evening(path) as evening:
        evening.see(0, **{f"m{number}": {"home": names(number)} for number in range(count)})


__all__ = [
    "BAY",
    "BAY_ROWS",
    "HOSTILE",
    "ROVERS",
    "START",
    "TOWN",
    "TOWN_ROWS",
    "write_history",
    "write_hostile",
]
