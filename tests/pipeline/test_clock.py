"""The clock: minutes of play, their words, and moments as texts."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.pipeline.clock import clock, minute, moment_text, second_text

KICK_OFF = 1_748_450_000


@pytest.mark.parametrize(
    ("status_id", "seconds", "expected"),
    [
        (2, 0, 1),
        (2, 59.9, 1),
        (2, 60, 2),
        (2, 44 * 60, 45),
        (2, 45 * 60, 46),
        (2, 74 * 60 + 59, 75),
        (2, 75 * 60, None),
        (2, -1, None),
        (4, 0, 46),
        (4, 45 * 60, 91),
        (4, 75 * 60, None),
        (4, -30, 45),
        (5, 0, 91),
        (5, 30 * 60, 121),
        (5, 60 * 60, None),
        (5, -91 * 60, None),
    ],
)
def test_the_minute_counts_from_the_start_of_the_period(
    status_id: int, seconds: float, expected: int | None
) -> None:
    assert minute(status_id, KICK_OFF, KICK_OFF + seconds) == expected


@pytest.mark.parametrize("status_id", [0, 1, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14])
def test_no_minute_runs_outside_the_three_periods(status_id: int) -> None:
    assert minute(status_id, KICK_OFF, KICK_OFF + 600) is None


@pytest.mark.parametrize("started_at", [0, None, -5, 10**30, -(10**30)])
def test_without_a_believable_start_there_is_no_minute(started_at: int | None) -> None:
    assert minute(2, started_at, KICK_OFF) is None


def test_the_kick_off_epoch_is_never_shown_as_the_minute() -> None:
    assert minute(2, KICK_OFF, KICK_OFF + 11 * 60 + 5) == 12


@pytest.mark.parametrize(
    ("status_id", "reached", "words"),
    [
        (2, 12, "12'"),
        (2, 45, "45'"),
        (2, 46, "45+1'"),
        (2, 75, "45+30'"),
        (4, 67, "67'"),
        (4, 90, "90'"),
        (4, 91, "90+1'"),
        (5, 105, "105'"),
        (5, 120, "120'"),
        (5, 121, "120+1'"),
        (3, None, "HT"),
        (6, None, "ET"),
        (7, None, "PEN"),
        (8, None, "FT"),
        (2, None, "First half"),
        (4, None, "Second half"),
        (5, None, "Overtime"),
        (1, None, "Not started"),
        (9, None, "Delayed"),
        (13, None, "To be determined"),
        (42, None, "Status 42"),
    ],
)
def test_the_clock_is_written_as_people_read_it(status_id: int, reached: int | None, words: str) -> None:
    assert clock(status_id, reached) == words


@pytest.mark.parametrize("seconds", [None, 0, -1, 253_402_300_800, 1_748_452_491_000, 10**30])
def test_a_time_that_is_none_or_beyond_the_calendar_is_not_told(seconds: int | None) -> None:
    assert second_text(seconds) is None


def test_a_time_of_the_vendors_has_seconds() -> None:
    assert second_text(1_748_452_491) == "2025-05-28T17:14:51Z"
    assert second_text(253_402_300_799) == "9999-12-31T23:59:59Z"


@given(st.integers(1, 253_402_300_799))
def test_every_time_reads_back(seconds: int) -> None:
    text = second_text(seconds)
    assert text is not None
    assert datetime.fromisoformat(text) == datetime.fromtimestamp(seconds, UTC)


@given(st.floats(1, 4e9))
def test_a_moment_is_cut_to_milliseconds_never_rounded_up(moment: float) -> None:
    text = moment_text(moment)
    assert text is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert -0.000_01 < moment - datetime.fromisoformat(text).timestamp() < 0.001_01


@pytest.mark.parametrize("moment", [None, 0.0, -1.0, float("inf"), float("nan"), 1e18])
def test_a_moment_that_is_none_is_not_told(moment: float | None) -> None:
    assert moment_text(moment) is None
