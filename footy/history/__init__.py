"""What is kept: the log of events, and what was emitted of every match."""

from footy.history.log import Commit, Log, LogError, Position, StoredEvent, StoredMatch, resumed
from footy.history.sqlite_log import Retention, SqliteLog, opened

__all__ = [
    "Commit",
    "Log",
    "LogError",
    "Position",
    "Retention",
    "SqliteLog",
    "StoredEvent",
    "StoredMatch",
    "opened",
    "resumed",
]
