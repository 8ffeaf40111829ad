from hypothesis import given
from hypothesis import strategies as st

from footy.telemetry.attempts import AttemptRecord
from footy.telemetry.counters import ERROR_WINDOW_CALLS, ERROR_WINDOW_S, Counters
from tests.support.clock import Clock
from tests.support.states import sent


def test_there_is_no_error_rate_before_the_first_attempt() -> None:
    assert Counters().error_rate() is None


@given(st.lists(st.tuples(st.floats(0, 200), st.booleans()), min_size=1, max_size=400))
def test_the_error_rate_is_over_five_minutes_and_at_least_a_hundred_attempts(
    attempts: list[tuple[float, bool]],
) -> None:
    clock = Clock()
    counters = Counters(clock)
    history: list[tuple[float, bool]] = []
    for pause, failed in attempts:
        clock.now += pause
        counters.note(sent(failed=failed))
        history.append((clock.now, failed))
    rate = counters.error_rate()
    assert rate is not None
    recent = [failed for at, failed in history if at >= clock.now - ERROR_WINDOW_S]
    least = max(len(recent), min(ERROR_WINDOW_CALLS, len(history)))
    # Attempts are kept by the second, so a few more than asked for may count.
    rates = [sum(failed for _, failed in history[-size:]) / size for size in range(least, len(history) + 1)]
    assert min(rates) <= rate <= max(rates)


def test_what_is_kept_does_not_grow_with_the_number_of_attempts() -> None:
    clock = Clock()
    counters = Counters(clock)
    for _ in range(50_000):
        clock.now += 0.05
        counters.note(sent(failed=False))
    assert len(counters._recent) <= ERROR_WINDOW_S + 2


def test_an_attempt_counts_by_endpoint_and_outcome_once_it_was_sent() -> None:
    counters = Counters()
    for was_sent, outcome, counts in (
        (True, "ok", True),
        (True, "timeout", True),
        (True, "refused", False),
        (False, "deadline", True),
    ):
        counters.note(
            AttemptRecord("odds/live", "odds/live", 1, 3, was_sent=was_sent, outcome=outcome, counts=counts)
        )
    assert counters.outcomes == {
        ("odds/live", "ok"): 1,
        ("odds/live", "timeout"): 1,
        ("odds/live", "refused"): 1,
    }
    assert counters.error_rate() == 0.5


def test_the_line_of_a_failed_attempt_says_what_was_asked_and_what_follows() -> None:
    record = AttemptRecord("odds/history", "odds/history uuid=a", 2, 3, failure="HTTP status 502")
    assert record.sentence() == (
        "API call failed: odds/history uuid=a, attempt 2 of 3: HTTP status 502; no further attempt"
    )
    record.next_in_s = 0.5
    assert record.sentence().endswith("; next in 0.50 s")
