"""The right to ask the vendor ends by itself."""

import pytest

from footy.lease import Right


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def right(clock: Clock) -> Right:
    return Right(clock)


def test_there_is_none_before_the_lease_is_taken(right: Right) -> None:
    assert right.left_s() <= 0


def test_it_lasts_for_nine_tenths_of_the_lease_from_when_the_renewal_was_sent(
    right: Right, clock: Clock
) -> None:
    sent_at = right.now()
    clock.at += 2
    right.renewed(sent_at, ttl_s=10)
    assert right.left_s() == pytest.approx(7)
    clock.at += 7
    assert right.left_s() <= 0


def test_it_ends_at_once_when_it_is_ended(right: Right) -> None:
    right.renewed(right.now(), ttl_s=10)
    right.end()
    assert right.left_s() <= 0
