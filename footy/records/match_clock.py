"""The match clock of a record: the minute of play, its text, and checks of periods that last too long."""

from collections.abc import Mapping
from math import floor
from typing import NamedTuple

from footy.mirror.periods import Periods
from footy.thesports.codes import (
    FIRST_HALF,
    OVERTIME,
    SECOND_HALF,
    status_name,
)
from footy.times import is_time


class _Period(NamedTuple):
    played_before: int
    """Minutes of the periods before."""
    regular: int
    """Its last minute before stoppage time."""
    last: int
    """Its last plausible minute, stoppage time included."""


_PERIODS: Mapping[int, _Period] = {
    FIRST_HALF: _Period(0, 45, 65),
    SECOND_HALF: _Period(45, 90, 120),
    OVERTIME: _Period(90, 120, 150),
}
"""By status."""

_WORDS: Mapping[int, str] = {3: "HT", 6: "ET", 7: "PEN", 8: "FT"}

_SAME_START_S = 20 * 60
"""If a second half begins within this time of the first, its start is still that of the first."""
_SECOND_HALF_S = 50 * 60
"""Shortest time from the scheduled kick-off to the second half; the shortest in a real capture was 54 min."""
_OVERTIME_S = 100 * 60
"""Shortest time from the start of the first half to extra time."""
_FIRST_HALF_S = _PERIODS[FIRST_HALF].last * 60
_HALF_TIME_S = 45 * 60


def minute(
    status_id: int,
    period_started_at: int | None,
    arrived_at: float | None,
    *,
    first_half_at: int | None = None,
    kickoff_at: int | None = None,
) -> int | None:
    """Return the minute of play when the live reply arrived, from 1 and running on through stoppage time.

    The vendor's formula: whole minutes since the period began, plus those of the periods before, plus 1. None
    outside statuses 2, 4 and 5, without a start, if the result is not plausible, and if the start is still
    that of the period before: the vendor may send that for a while after the status has changed.

    Args:
        status_id: The match's status.
        period_started_at: When the period began, as all times here in Unix seconds by the vendor's clock.
        arrived_at: When the live reply arrived.
        first_half_at: When the first half began, if that was seen.
        kickoff_at: The scheduled kick-off, if it is known.
    """
    period = _PERIODS.get(status_id)
    if period is None or not period_started_at or arrived_at is None:
        return None
    played_before, _, last = period
    reached = (floor(arrived_at) - period_started_at) // 60 + 1 + played_before
    if not played_before < reached <= last:
        return None
    if played_before and _is_start_of_period_before(status_id, period_started_at, first_half_at, kickoff_at):
        return None
    return reached


def _is_start_of_period_before(
    status_id: int, started_at: int, first_half_at: int | None, kickoff_at: int | None
) -> bool:
    if status_id == SECOND_HALF and first_half_at is not None:
        return abs(started_at - first_half_at) <= _SAME_START_S
    began_at = kickoff_at if first_half_at is None else first_half_at
    if began_at is None or not is_time(began_at):
        return False
    soonest = _SECOND_HALF_S if status_id == SECOND_HALF else _OVERTIME_S
    return started_at < began_at + soonest


def clock(status_id: int, minute_of_play: int | None) -> str:
    """Return the clock as people write it: `12'`, `45+1'`, `HT`, `FT`; the status name if no clock runs."""
    period = _PERIODS.get(status_id)
    if period is None:
        return _WORDS.get(status_id) or status_name(status_id)
    if minute_of_play is None:
        return status_name(status_id)
    if minute_of_play > period.regular:
        return f"{period.regular}+{minute_of_play - period.regular}'"
    return f"{minute_of_play}'"


def first_half_is_endless(
    period_started_at: int | None,
    arrived_at: float,
    *,
    periods: Periods,
    kickoff_at: int | None,
    clock_offset_s: float = 0.0,
) -> bool:
    """Check whether a first half has lasted longer than a first half can.

    Its start is the one that the vendor sends, else the one that was seen, else the scheduled kick-off.

    Args:
        period_started_at: Unix seconds by the vendor's clock.
        arrived_at: When the live reply arrived, Unix seconds by our clock.
        periods: The periods that were seen.
        kickoff_at: Unix seconds by the vendor's clock, None if not known.
        clock_offset_s: The vendor's clock minus ours.
    """
    starts = (period_started_at, periods.first_half_at, kickoff_at)
    began_at = next((start for start in starts if start is not None and is_time(start)), None)
    return began_at is not None and arrived_at + clock_offset_s - began_at >= _FIRST_HALF_S


def half_time_is_endless(
    arrived_at: float, *, periods: Periods, kickoff_at: int | None, clock_offset_s: float = 0.0
) -> bool:
    """Check whether half-time has lasted more than 45 min.

    Half-time began when the match was first seen past its first half, or before that. If the first half was
    not seen, half-time began no later than the longest first half after the scheduled kick-off, so that a
    half-time which has lasted for hours when footy starts is known at once. Arguments as above.
    """
    began_at = arrived_at if periods.first_half_over_at is None else periods.first_half_over_at
    if periods.first_half_at is None and kickoff_at is not None and is_time(kickoff_at):
        began_at = min(began_at, kickoff_at + _FIRST_HALF_S - clock_offset_s)
    return arrived_at - began_at > _HALF_TIME_S
