"""The history: the log of events, and the emitted state of every match."""

from footy.history.log import (
    BrokenLogError,
    Commit,
    Log,
    LogError,
    NewerLogError,
    Position,
    StoredEvent,
    StoredMatch,
    resumed,
)
from footy.history.retention import Retention
from footy.history.sqlite_log import SqliteLog, opened

__all__ = [
    "BrokenLogError",
    "Commit",
    "Log",
    "LogError",
    "NewerLogError",
    "Position",
    "Retention",
    "SqliteLog",
    "StoredEvent",
    "StoredMatch",
    "opened",
    "resumed",
]
