"""What the log has of a cycle's failed attempts: the first of a kind, and one line for all others."""

from hypothesis import given
from hypothesis import strategies as st

from footy.thesports.endpoints import LIVE, ODDS, ODDS_LIVE, TEAM, Endpoint
from footy.thesports.errors import BadStatusError, RefusedError, ThrottledError, TimedOutError, VendorError
from footy.thesports.failure_log import FailureLog

DOWN = BadStatusError(503)
HANGS = TimedOutError("no whole reply within 10.0 s")
NOT_IN_PLAN = RefusedError("the endpoint is not authorized", "endpoint")


def times(log: FailureLog, number: int, endpoint: Endpoint, error: VendorError, attempt: int = 1) -> int:
    """Note a failure so often; return how many of them are logged in full."""
    return sum(log.note(endpoint, error, attempt) for _ in range(number))


def test_the_first_of_an_endpoint_an_outcome_and_an_attempt_is_logged_in_full() -> None:
    log = FailureLog()

    assert times(log, 20, ODDS, DOWN) == 1
    assert times(log, 20, ODDS, DOWN, attempt=2) == 1
    assert times(log, 20, ODDS, HANGS) == 1
    assert times(log, 20, TEAM, DOWN) == 1


def test_the_others_are_one_sentence_with_the_number_and_the_commonest_reason_of_each_endpoint() -> None:
    log = FailureLog()
    times(log, 2, LIVE, DOWN)
    times(log, 55, ODDS, HANGS)
    times(log, 3, ODDS, ThrottledError("HTTP status 429: rate limit", 0.0))

    assert log.end_cycle() == (
        "API call failed 60 times in this cycle: "
        "odds/history 58 (no whole reply within 10.0 s), match/detail_live 2 (HTTP status 503)"
    )


def test_nothing_is_summed_up_if_all_was_logged_in_full() -> None:
    log = FailureLog()
    assert log.end_cycle() is None
    log.note(LIVE, DOWN, 1)
    log.note(LIVE, DOWN, 2)

    assert log.end_cycle() is None


def test_an_outage_that_goes_on_is_only_summed_up() -> None:
    log = FailureLog()
    times(log, 3, LIVE, DOWN)
    log.end_cycle()

    for _ in range(3):
        assert times(log, 1, LIVE, DOWN) == 0
        assert log.end_cycle() == "API call failed once in this cycle: match/detail_live 1 (HTTP status 503)"


def test_another_outcome_during_an_outage_is_logged_in_full_once() -> None:
    log = FailureLog()
    for cycle in range(6):
        assert times(log, 1, LIVE, HANGS if cycle % 2 else DOWN) == (1 if cycle < 2 else 0)
        log.end_cycle()


def test_after_a_cycle_without_a_failure_of_the_endpoint_an_outage_is_news_again() -> None:
    log = FailureLog()
    times(log, 1, LIVE, DOWN)
    log.end_cycle()
    times(log, 1, ODDS, DOWN)
    log.end_cycle()

    assert times(log, 1, LIVE, DOWN) == 1
    assert times(log, 1, ODDS, DOWN) == 0


def test_refusals_of_what_is_not_in_the_plan_are_not_summed_up_but_its_other_failures_are() -> None:
    log = FailureLog()
    times(log, 30, ODDS_LIVE, NOT_IN_PLAN)
    assert log.end_cycle({ODDS_LIVE}) is None

    times(log, 30, ODDS_LIVE, NOT_IN_PLAN)
    times(log, 2, ODDS_LIVE, DOWN)
    said = "API call failed 2 times in this cycle: odds/live 2 (HTTP status 503)"
    assert log.end_cycle({ODDS_LIVE}) == said


FAILURES = st.tuples(st.sampled_from([LIVE, ODDS, TEAM]), st.sampled_from([DOWN, HANGS]), st.integers(1, 3))


@given(st.lists(st.lists(FAILURES, max_size=60), max_size=8))
def test_every_failure_is_logged_in_full_or_summed_up(
    cycles: list[list[tuple[Endpoint, VendorError, int]]],
) -> None:
    log = FailureLog()
    for failures in cycles:
        in_full = sum([log.note(*failure) for failure in failures])
        summary = log.end_cycle()

        assert in_full <= len(set(failures))
        assert (summary is None) == (in_full == len(failures))
        if summary is not None:
            assert f"failed {'once' if len(failures) == 1 else f'{len(failures)} times'} in" in summary
