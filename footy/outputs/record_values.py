"""Conversion of a record's values for display: numbers, times, ages."""

import math
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Literal

PriceState = Literal["now", "suspended", "old"]

NOT_KICKED_OFF = frozenset({1, 9, 12, 13})
"""Statuses of a match that has not begun."""
_FINISHED = 8


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


def price_state(match: Mapping[str, object], prefix: str, max_age_s: float) -> PriceState:
    """Return the state of a price: suspended, old, or valid now; before kick-off no price is old.

    Args:
        match: The record.
        prefix: The moment and the market, such as `current_spread`.
        max_age_s: Seconds a price may be old and still be one of now (`FOOTY_PRICE_MAX_AGE`).
    """
    if match.get(f"{prefix}_sealed") is True:
        return "suspended"
    if prefix.startswith("early") or match.get("status_id") in NOT_KICKED_OFF:
        return "now"
    made_at, arrived_at = moment(match.get(f"{prefix}_at")), moment(match.get("odds_fetched_at"))
    is_stale = (
        made_at is not None and arrived_at is not None and (arrived_at - made_at).total_seconds() > max_age_s
    )
    was_in_play = match.get(f"{prefix}_in_play") is True and match.get("status_id") != _FINISHED
    return "now" if was_in_play and not is_stale and match.get(f"{prefix}_outdated") is not True else "old"
