"""The history: the log of events, and the emitted state of every match."""

from footy.history.log import Commit, Log, LogError, Position, StoredEvent, resumed
from footy.history.sqlite_log import Retention, SqliteLog, opened

__all__ = [
    "Commit",
    "Log",
    "LogError",
    "Position",
    "Retention",
    "SqliteLog",
    "StoredEvent",
    "opened",
    "resumed",
]
