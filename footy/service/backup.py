"""`footy backup`: a copy of the log in one file, also while the service runs."""

from pathlib import Path

from footy.history.log import Position
from footy.history.sqlite_log import SqliteLog, opened_for_reading

MB = 1_000_000


def back_up(log: SqliteLog, target: Path) -> str:
    """Write a copy of the log; return the line that says what is in it.

    Raises:
        LogError: The file exists or cannot be written, or the copy cannot be read.
    """
    log.backup(target)
    copy = opened_for_reading(target)
    try:
        extent = copy.extent()
    finally:
        copy.close()
    position = Position(extent.epoch, extent.newest)
    return f"Written: {target}, {target.stat().st_size / MB:.1f} MB, all events up to {position}"
