"""The clock: minutes of play, their words, and moments as texts."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.mirror.periods import UNSEEN, Periods
from footy.records.match_clock import clock, first_half_is_endless, half_time_is_endless, minute
from footy.times import moment_text, second_text

KICK_OFF = 1_748_450_000


@pytest.mark.parametrize(
    ("status_id", "seconds", "expected"),
    [
        (2, 0, 1),
        (2, 59.9, 1),
        (2, 60, 2),
        (2, 44 * 60, 45),
        (2, 45 * 60, 46),
        (2, 64 * 60 + 59, 65),
        (2, 65 * 60, None),
        (2, -1, None),
        (4, 0, 46),
        (4, 45 * 60, 91),
        (4, 74 * 60 + 59, 120),
        (4, 75 * 60, None),
        (4, -1, None),
        (5, 0, 91),
        (5, 30 * 60, 121),
        (5, 59 * 60 + 59, 150),
        (5, 60 * 60, None),
        (5, -1, None),
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


MINUTE = 60


class TestStartOfThePeriodBefore:
    """The status has changed, and the start that is sent with it is still that of the period before."""

    @pytest.mark.parametrize(
        ("started", "reached"),
        [(0, None), (20, None), (-20, None), (21, 95), (55, 61), (60, 56)],
    )
    def test_a_second_half_does_not_begin_where_the_first_did(
        self, started: int, reached: int | None
    ) -> None:
        at = KICK_OFF + 70 * MINUTE
        start = KICK_OFF + started * MINUTE
        assert minute(4, start, at, first_half_at=KICK_OFF) == reached

    @pytest.mark.parametrize(("started", "reached"), [(1, None), (49, None), (50, 66), (63, 53)])
    def test_unseen_the_first_half_is_taken_to_have_begun_at_the_kick_off(
        self, started: int, reached: int | None
    ) -> None:
        at = KICK_OFF + 70 * MINUTE
        assert minute(4, KICK_OFF + started * MINUTE, at, kickoff_at=KICK_OFF) == reached

    def test_the_start_that_was_seen_counts_for_more_than_the_scheduled_kick_off(self) -> None:
        started, at = KICK_OFF + 60 * MINUTE, KICK_OFF + 70 * MINUTE
        assert minute(4, started, at, first_half_at=KICK_OFF, kickoff_at=KICK_OFF + 30 * MINUTE) == 56
        assert minute(4, started, at, first_half_at=started - 60, kickoff_at=KICK_OFF) is None

    @pytest.mark.parametrize(("started", "reached"), [(63, None), (99, None), (100, 111), (112, 99)])
    @pytest.mark.parametrize("known", ["first_half_at", "kickoff_at"])
    def test_extra_time_does_not_begin_where_the_second_half_did(
        self, known: str, started: int, reached: int | None
    ) -> None:
        at = KICK_OFF + 120 * MINUTE
        assert minute(5, KICK_OFF + started * MINUTE, at, **{known: KICK_OFF}) == reached

    @pytest.mark.parametrize("kickoff_at", [None, 0, -1, 10**30])
    def test_without_either_the_start_is_believed(self, kickoff_at: int | None) -> None:
        at = KICK_OFF + 70 * MINUTE
        assert minute(4, KICK_OFF + MINUTE, at, kickoff_at=kickoff_at) == 115
        assert minute(5, KICK_OFF + 63 * MINUTE, at, kickoff_at=kickoff_at) == 98

    def test_a_first_half_has_none_before_it(self) -> None:
        assert minute(2, KICK_OFF, KICK_OFF + 600, first_half_at=KICK_OFF, kickoff_at=KICK_OFF) == 11


class TestPeriods:
    def test_the_start_of_the_first_half_is_kept_through_the_match(self) -> None:
        seen = UNSEEN
        for status_id, started_at in (
            (1, 0),
            (2, KICK_OFF),
            (3, 0),
            (4, KICK_OFF),
            (4, KICK_OFF + 3700),
            (8, 0),
        ):
            seen = seen.after(status_id, started_at, KICK_OFF + 60)
        assert seen.first_half_at == KICK_OFF

    def test_a_start_that_is_corrected_in_the_first_half_counts(self) -> None:
        assert UNSEEN.after(2, 1000, 1100.0).after(2, 1300, 1400.0).first_half_at == 1300

    @pytest.mark.parametrize("started_at", [0, None, -5, 10**30])
    def test_what_is_no_time_is_no_start(self, started_at: int | None) -> None:
        assert UNSEEN.after(2, started_at, 1100.0) is UNSEEN
        assert Periods(1000).after(2, started_at, 1100.0).first_half_at == 1000

    def test_a_status_that_falls_back_to_the_first_half_for_a_moment_brings_no_new_start(self) -> None:
        seen = Periods(1000).after(4, 4700, 4800.0)
        assert seen.after(2, 4700, 4810.0) is seen
        assert UNSEEN.after(4, 4700, 4800.0).after(2, 4700, 4810.0).first_half_at is None

    @pytest.mark.parametrize("status_id", [3, 4, 5, 6, 7, 8])
    def test_the_first_half_is_over_when_the_match_is_first_seen_past_it(self, status_id: int) -> None:
        seen = Periods(1000).after(status_id, 0, 4000.5)
        assert seen == Periods(1000, 4000.5)
        assert seen.after(status_id, 0, 5000.5) is seen

    @pytest.mark.parametrize("status_id", [0, 1, 9, 10, 11, 12, 13, 14])
    def test_other_statuses_tell_nothing_of_it(self, status_id: int) -> None:
        assert Periods(1000).after(status_id, 2000, 4000.5) == Periods(1000)


class TestEndlessPeriods:
    @pytest.mark.parametrize(("minutes", "endless"), [(64, False), (65, True)])
    @pytest.mark.parametrize("known", ["start", "seen", "kick-off"])
    def test_a_first_half_without_an_end_is_known_by_its_start_or_the_kick_off(
        self, known: str, minutes: int, endless: bool
    ) -> None:
        assert (
            first_half_is_endless(
                KICK_OFF if known == "start" else 0,
                KICK_OFF + minutes * MINUTE,
                periods=Periods(KICK_OFF) if known == "seen" else UNSEEN,
                kickoff_at=KICK_OFF if known == "kick-off" else None,
            )
            is endless
        )

    def test_a_start_that_is_sent_counts_for_more_than_an_early_kick_off(self) -> None:
        at = KICK_OFF + 120 * MINUTE
        assert not first_half_is_endless(at - 600, at, periods=UNSEEN, kickoff_at=KICK_OFF)

    def test_of_what_nothing_is_known_nothing_is_doubted(self) -> None:
        assert not first_half_is_endless(0, KICK_OFF, periods=UNSEEN, kickoff_at=None)
        assert not half_time_is_endless(KICK_OFF, periods=UNSEEN, kickoff_at=None)

    @pytest.mark.parametrize(("minutes", "endless"), [(15, False), (45, False), (46, True)])
    def test_half_time_is_counted_from_when_it_was_first_seen(self, minutes: int, endless: bool) -> None:
        seen = Periods(None, KICK_OFF)
        assert half_time_is_endless(KICK_OFF + minutes * MINUTE, periods=seen, kickoff_at=None) is endless

    @pytest.mark.parametrize(("minutes", "endless"), [(60, False), (110, False), (111, True), (180, True)])
    def test_a_half_time_that_is_found_is_counted_from_the_longest_first_half(
        self, minutes: int, endless: bool
    ) -> None:
        found_at = KICK_OFF + minutes * MINUTE
        assert half_time_is_endless(found_at, periods=Periods(None, found_at), kickoff_at=KICK_OFF) is endless

    def test_half_time_after_a_long_first_half_that_was_seen_is_not_doubted(self) -> None:
        seen = Periods(KICK_OFF, KICK_OFF + 140 * MINUTE)
        assert not half_time_is_endless(KICK_OFF + 145 * MINUTE, periods=seen, kickoff_at=KICK_OFF)

    def test_the_vendor_s_times_are_compared_by_the_vendor_s_clock(self) -> None:
        at, slow = KICK_OFF + 50 * MINUTE, 3600.0  # our clock is an hour slow
        assert not first_half_is_endless(KICK_OFF, at, periods=UNSEEN, kickoff_at=None)
        assert first_half_is_endless(KICK_OFF, at, periods=UNSEEN, kickoff_at=None, clock_offset_s=slow)
        at += 5 * MINUTE
        assert not half_time_is_endless(at, periods=UNSEEN, kickoff_at=KICK_OFF)
        assert half_time_is_endless(at, periods=UNSEEN, kickoff_at=KICK_OFF, clock_offset_s=slow)
        seen = Periods(KICK_OFF, at - 600)
        assert not half_time_is_endless(at, periods=seen, kickoff_at=KICK_OFF, clock_offset_s=slow)


@pytest.mark.parametrize(
    ("status_id", "reached", "words"),
    [
        (2, 12, "12'"),
        (2, 45, "45'"),
        (2, 46, "45+1'"),
        (2, 65, "45+20'"),
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
