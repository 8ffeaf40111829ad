"""Time as the record tells it: the minute of play, its words, and moments as ISO 8601 texts in UTC."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from math import floor, isfinite

from footy.thesports.codes import FIRST_HALF, OVERTIME, SECOND_HALF, status_name

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_LAST_SECOND = (date.max.toordinal() - _EPOCH + 1) * _DAY - 1

_PERIODS: Mapping[int, tuple[int, int, int]] = {
    FIRST_HALF: (0, 45, 75),
    SECOND_HALF: (45, 90, 120),
    OVERTIME: (90, 120, 150),
}
"""By status: minutes played before the period, its last regular minute, the last believable one."""

_WORDS: Mapping[int, str] = {3: "HT", 6: "ET", 7: "PEN", 8: "FT"}


def minute(status_id: int, period_started_at: int | None, arrived_at: float | None) -> int | None:
    """The minute of play when the live reply arrived, counted from 1 and running on through stoppage time.

    The vendor's formula: whole minutes since the period began, plus those of the periods before, plus 1. Both
    times are Unix seconds by the vendor's clock. None outside statuses 2, 4 and 5, without a start, and if
    the result is not believable.
    """
    period = _PERIODS.get(status_id)
    if period is None or not period_started_at or arrived_at is None:
        return None
    played_before, _, last = period
    reached = (floor(arrived_at) - period_started_at) // 60 + 1 + played_before
    return reached if 1 <= reached <= last else None


def clock(status_id: int, minute_of_play: int | None) -> str:
    """The clock for people: `12'`, `45+1'`, `HT`, `FT`; the status name where no clock runs."""
    period = _PERIODS.get(status_id)
    if period is None:
        return _WORDS.get(status_id) or status_name(status_id)
    if minute_of_play is None:
        return status_name(status_id)
    regular = period[1]
    if minute_of_play > regular:
        return f"{regular}+{minute_of_play - regular}'"
    return f"{minute_of_play}'"


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return date.fromordinal(_EPOCH + number).isoformat()


@lru_cache(maxsize=1024)
def second_text(seconds: int | None) -> str | None:
    """A time of the vendor's as `2025-05-28T17:31:05Z`; None for 0 and less, and beyond the year 9999."""
    if seconds is None or not 0 < seconds <= _LAST_SECOND:
        return None
    number, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{_day(number)}T{hours:02}:{minutes:02}:{rest:02}Z"


@lru_cache(maxsize=256)
def moment_text(moment: float | None) -> str | None:
    """A moment of footy's own, Unix seconds, cut to milliseconds: `2025-05-28T17:31:05.250Z`.

    Cut, not rounded, so that a reader who computes a minute of play from it gets the record's.
    """
    if moment is None or not isfinite(moment):
        return None
    seconds, millis = divmod(floor(moment * 1000), 1000)
    text = second_text(seconds)
    return None if text is None else f"{text[:-1]}.{millis:03}Z"
