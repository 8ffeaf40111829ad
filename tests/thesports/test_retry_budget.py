"""What a cycle may spend: until when a call is still sent."""

import pytest

from footy.thesports.endpoints import LIVE, ODDS, TEAM, Endpoint
from footy.thesports.retry_budget import RetryBudget

BEGAN = 1000.0


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


def spending(
    seconds: float, answers_s: dict[Endpoint, float], live_s: float | None = None
) -> tuple[RetryBudget, Clock]:
    clock = Clock()
    live_deadline = None if live_s is None else BEGAN + live_s
    return RetryBudget(BEGAN + seconds, live_deadline=live_deadline, earlier_s=answers_s, now=clock), clock


@pytest.mark.parametrize(
    ("at", "answers_s", "is_sent"),
    [
        (7.9, {}, True),
        (8.0, {}, False),
        (5.0, {LIVE: 3.0}, True),
        (5.1, {LIVE: 3.0}, False),
        (3.0, {LIVE: 0.3, ODDS: 5.0}, True),
        (3.1, {LIVE: 0.3, ODDS: 5.0}, False),
        (5.1, {LIVE: 3.0, ODDS: 0.3}, False),
        (7.0, {LIVE: 0.3, TEAM: 5.0}, True),
        (0.8, {LIVE: 20.0}, True),  # a vendor who was that slow may be faster by now
        (0.9, {LIVE: 20.0}, False),
    ],
)
def test_a_call_is_sent_if_an_answer_can_come_before_the_deadline(
    at: float, answers_s: dict[Endpoint, float], is_sent: bool
) -> None:
    budget, clock = spending(8, answers_s)
    clock.now = BEGAN + at
    assert budget.has_time(ODDS) == is_sent


def test_the_live_list_of_this_cycle_counts_and_not_that_of_the_last() -> None:
    budget, clock = spending(8, {LIVE: 5.0})
    clock.now += 6
    assert not budget.has_time(ODDS)
    budget.answered(LIVE, 1.0)
    assert budget.has_time(ODDS)


def test_one_answer_that_took_long_does_not_count_among_others() -> None:
    budget, _ = spending(8, {})
    for seconds in (0.2, 7.0, 0.3):
        budget.answered(ODDS, seconds)
    assert budget.answers_s() == {ODDS: 0.3}


def test_the_live_list_may_take_longer_than_the_rest_and_nothing_after_it_does() -> None:
    budget, clock = spending(8, {LIVE: 9.0}, live_s=10)
    clock.now += 9
    assert budget.has_time(LIVE)
    assert not budget.has_time(ODDS)
    assert budget.wait_s() == 1
    budget.live_arrived(BEGAN + 8)
    assert budget.wait_s() == -1
    assert not budget.has_time(LIVE)
