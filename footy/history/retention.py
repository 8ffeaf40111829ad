"""Retention limits: maximum age and size of the log."""

from dataclasses import dataclass

STEP_ROWS = 2_000
"""Maximum number of rows that one step of retention removes, so that no cycle waits for it."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long events are kept. Age is relative to the newest event, so a wrong clock deletes nothing."""

    days: float = 90.0
    """FOOTY_HISTORY_DAYS: days that a match is kept after it was last seen."""
    size: int = 4_000_000_000
    """FOOTY_HISTORY_SIZE: maximum size in bytes; beyond it the oldest matches are removed first."""
    price_days: float = 7.0
    """Days that price events are kept."""
