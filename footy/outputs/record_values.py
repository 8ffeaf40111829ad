"""Conversion of a record's values for display: numbers, times, ages."""

import math
from datetime import datetime, tzinfo


def number(value: object) -> float | None:
    """Return a field of the record as a number, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def moment(text: object) -> datetime | None:
    """Return a time of the record, None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def age_text(since: datetime | None, until: datetime | None) -> str:
    """Return the time between two moments: `45 s`, `4 min`, `2 h 05 min`; empty if either is unknown."""
    if since is None or until is None:
        return ""
    return duration_text((until - since).total_seconds())


def duration_text(length_s: float) -> str:
    """Return a duration as text: `45 s`, `4 min`, `2 h 05 min`."""
    seconds = max(0, int(length_s))
    if seconds < 90:  # noqa: PLR2004 - "75 s" says more than "1 min"
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"  # noqa: PLR2004


def local(at: datetime, timezone: tzinfo) -> datetime:
    """Return the time in the operator's zone; unchanged if the zone's time is out of datetime's range."""
    try:
        return at.astimezone(timezone)
    except OverflowError:
        return at
