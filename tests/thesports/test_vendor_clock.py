"""The vendor's clock, as the `Date` of its replies tells it."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.thesports.vendor_clock import SAMPLES, VendorClock, clock_text

NOW = 1_748_453_500.0


def compared(*ahead_s: float, trip_s: float = 0.3) -> VendorClock:
    clock = VendorClock()
    for seconds in ahead_s:
        made = NOW + trip_s / 2 + seconds
        clock.note(formatdate(made, usegmt=True), NOW, NOW + trip_s)
    return clock


@pytest.mark.parametrize(
    ("ahead_s", "offset_s"),
    [
        ((), 0),
        ((600, 600), 0),  # too few to tell
        ((600, 600, 600), 600),
        ((-600,) * 5, -600),
        ((0.4, -0.4, 1, 1.4), 0),
        ((600, 600, 600, -1e9, 0), 600),  # what a proxy kept, and what is absurd
        ((0,) * 11 + (600,) * 9, 0),
        ((600,) * 11 + (0,) * 9, 600),
    ],
)
def test_the_median_counts_from_three_replies_and_two_seconds_on(
    ahead_s: tuple[float, ...], offset_s: float
) -> None:
    assert compared(*ahead_s).offset_s == pytest.approx(offset_s, abs=1)


def test_it_counts_until_the_difference_is_below_a_second() -> None:
    clock = compared(*[10] * SAMPLES)
    for _ in range(SAMPLES):
        clock.note(formatdate(NOW + 1, usegmt=True), NOW, NOW)
    assert clock.offset_s == pytest.approx(1.5)
    for _ in range(SAMPLES):
        clock.note(formatdate(NOW, usegmt=True), NOW, NOW)
    assert clock.offset_s == 0
    for _ in range(SAMPLES):
        clock.note(formatdate(NOW + 1, usegmt=True), NOW, NOW)
    assert clock.offset_s == 0


def test_a_step_of_our_clock_is_not_taken_for_one_of_the_vendors() -> None:
    clock = compared(0, 0, 0, 0)
    clock.shift(3600)
    assert clock.measured_s == pytest.approx(-3600, abs=1)
    clock.shift(-3600)
    assert clock.measured_s == pytest.approx(0, abs=1)


@given(st.none() | st.text())
def test_a_date_that_is_none_tells_nothing(date: str | None) -> None:
    clock = VendorClock()
    for _ in range(3):
        clock.note(date, NOW, NOW)
    assert clock.measured_s is None or abs(clock.measured_s) < 1e12


def test_a_difference_is_said_in_words() -> None:
    assert clock_text(600.4) == "600 s behind the vendor's"
    assert clock_text(-31.0) == "31 s ahead of the vendor's"
