"""Convert between Unix seconds and ISO 8601 texts in UTC."""

import datetime as dt
from datetime import date
from functools import lru_cache
from math import floor, isfinite

_DAY = 86_400


_EPOCH = date(1970, 1, 1).toordinal()


LAST_SECOND = (date.max.toordinal() - _EPOCH + 1) * _DAY - 1


def is_time(seconds: int | None) -> bool:
    """Check whether a number of the vendor's is a valid time: Unix seconds in the years 1970 to 9999."""
    return seconds is not None and 0 < seconds <= LAST_SECOND


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return date.fromordinal(_EPOCH + number).isoformat()


@lru_cache(maxsize=1024)
def second_text(seconds: int | None) -> str | None:
    """Return a time of the vendor's as `2025-05-28T17:31:05Z`; None if it is not valid (see `is_time`)."""
    if seconds is None or not 0 < seconds <= LAST_SECOND:
        return None
    number, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{_day(number)}T{hours:02}:{minutes:02}:{rest:02}Z"


@lru_cache(maxsize=256)
def moment_text(moment: float | None) -> str | None:
    """Return a time of footy's own (Unix seconds), truncated to milliseconds: `2025-05-28T17:31:05.250Z`.

    It is not rounded, so that a reader who computes the minute of play from it gets the record's minute.
    """
    if moment is None or not isfinite(moment):
        return None
    seconds, millis = divmod(floor(moment * 1000), 1000)
    text = second_text(seconds)
    return None if text is None else f"{text[:-1]}.{millis:03}Z"


def unix_seconds(text: str) -> float:
    """Return the Unix seconds of an ISO 8601 time of footy's own."""
    return dt.datetime.fromisoformat(text).timestamp()
