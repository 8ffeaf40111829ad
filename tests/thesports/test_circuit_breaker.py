"""The circuit breakers of the endpoints, with the clock in the test's hand."""

import math
import traceback
from collections.abc import Mapping

import pytest

from footy.thesports import endpoints
from footy.thesports.circuit_breaker import CircuitBreaker
from footy.thesports.endpoints import RateLimit
from footy.thesports.errors import QuotaSpentError, RefusedError, ThrottledError
from footy.thesports.quota import WindowQuota
from tests.support.clock import Clock

LIVE, ODDS, TEAM = endpoints.LIVE, endpoints.ODDS, endpoints.TEAM
NOT_IN_PLAN = RefusedError("the endpoint is not authorized", "endpoint")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def gates_at(clock: Clock, limits: Mapping[str, RateLimit] | None = None) -> CircuitBreaker:
    return CircuitBreaker(WindowQuota({} if limits is None else limits, clock), clock)


def close(breaker: CircuitBreaker) -> None:
    assert [breaker.refused(LIVE, NOT_IN_PLAN) for _ in range(3)] == [False, False, True]


def is_open(breaker: CircuitBreaker) -> bool:
    try:
        breaker.enter(LIVE)
    except RefusedError:
        return False
    return True


class TestRefusal:
    def test_two_refusals_leave_the_endpoint_open(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        assert not breaker.refused(LIVE, NOT_IN_PLAN)
        assert not breaker.refused(LIVE, NOT_IN_PLAN)
        breaker.enter(LIVE)
        assert not breaker.is_refused(LIVE)

    def test_the_third_without_a_success_closes_it_and_no_other(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        assert breaker.is_refused(LIVE)
        with pytest.raises(RefusedError, match="not authorized") as refusal:
            breaker.enter(LIVE)
        assert refusal.value.what == "endpoint"
        breaker.enter(TEAM)
        assert not breaker.is_refused(TEAM)

    def test_a_success_between_starts_the_count_anew(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        for _ in range(5):
            assert not breaker.refused(LIVE, NOT_IN_PLAN)
            assert not breaker.refused(LIVE, NOT_IN_PLAN)
            assert not breaker.succeeded(LIVE)
        assert is_open(breaker)

    def test_it_is_probed_after_a_minute_doubling_to_fifteen(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        waited = []
        for _ in range(7):
            asked = clock.now
            while breaker.is_refused(LIVE):
                assert not is_open(breaker)
                clock.now += 1
            waited.append(clock.now - asked)
            breaker.enter(LIVE)
            assert not breaker.refused(LIVE, NOT_IN_PLAN), "it is logged only once"
        assert waited == [60, 120, 240, 480, 900, 900, 900]

    def test_what_is_not_asked_says_when_it_was_refused_and_when_it_is_asked_again(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        day = 1_750_000_000 - 1_750_000_000 % 86_400
        monkeypatch.setattr("footy.thesports.circuit_breaker.time.time", lambda: day + clock.now)

        def said() -> str:
            with pytest.raises(RefusedError) as refusal:
                breaker.enter(LIVE)
            return str(refusal.value)

        breaker = gates_at(clock)
        close(breaker)
        clock.now += 40
        words = "the endpoint is not authorized (refused at {}, asked again at {} UTC)"
        assert said() == words.format("00:16:40", "00:17:40")
        clock.now += 20
        breaker.enter(LIVE)  # the probe, of which nothing has been heard yet
        assert said() == words.format("00:16:40", "00:18:40")
        clock.now += 1
        breaker.refused(LIVE, NOT_IN_PLAN)
        assert said() == words.format("00:17:41", "00:19:41")

    def test_refusals_that_were_in_flight_when_it_closed_do_not_put_the_probe_off(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        for _ in range(27):
            assert not breaker.refused(LIVE, NOT_IN_PLAN)
        clock.now += 60
        assert is_open(breaker)
        breaker.refused(LIVE, NOT_IN_PLAN)
        clock.now += 120
        assert is_open(breaker)

    def test_one_probe_passes_at_a_time(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        clock.now += 60
        assert [is_open(breaker) for _ in range(30)] == [True] + 29 * [False]

    def test_a_probe_that_fails_otherwise_is_followed_by_another(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        for _ in range(3):
            clock.now += 60
            assert is_open(breaker)
            assert not is_open(breaker)

    def test_a_probe_held_back_by_a_cooldown_is_not_lost(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        clock.now += 58
        breaker.throttled(LIVE, None)
        clock.now += 3
        with pytest.raises(ThrottledError):
            breaker.enter(LIVE)
        clock.now += 3
        assert is_open(breaker)

    def test_a_success_reopens_it_and_the_next_time_begins_at_a_minute(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        clock.now += 60
        breaker.enter(LIVE)
        breaker.refused(LIVE, NOT_IN_PLAN)
        clock.now += 120
        breaker.enter(LIVE)
        assert breaker.succeeded(LIVE)
        assert not breaker.succeeded(LIVE)
        assert all(is_open(breaker) for _ in range(30))
        close(breaker)
        clock.now += 60
        assert is_open(breaker)

    def test_a_refusal_does_not_grow_with_each_time_it_is_told(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        depths = set()
        for _ in range(100):
            with pytest.raises(RefusedError) as refusal:
                breaker.enter(LIVE)
            depths.add(len(traceback.extract_tb(refusal.value.__traceback__)))
        assert len(depths) == 1


class TestPlan:
    def test_what_never_answered_is_not_in_the_plan_from_its_first_refusal(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        assert breaker.not_in_plan() == []
        breaker.refused(ODDS, NOT_IN_PLAN)
        assert breaker.not_in_plan() == [ODDS]
        breaker.succeeded(ODDS)
        assert breaker.not_in_plan() == []

    def test_what_has_answered_is_not_in_the_plan_from_its_third_refusal(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        breaker.succeeded(ODDS)
        seen = []
        for _ in range(3):
            breaker.refused(ODDS, NOT_IN_PLAN)
            seen.append(breaker.not_in_plan())
        assert seen == [[], [], [ODDS]]

    def test_the_live_list_is_never_just_not_in_the_plan(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        assert breaker.not_in_plan() == []
        assert not breaker.excuse(LIVE, NOT_IN_PLAN)

    def test_a_refused_account_lacks_an_endpoint_only_if_the_live_list_answers(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        breaker.refused(ODDS, RefusedError("the account is not authorized", "account"))
        assert breaker.not_in_plan() == []
        breaker.succeeded(LIVE)
        assert breaker.not_in_plan() == [ODDS]
        breaker.refused(LIVE, RefusedError("the account is not authorized", "account"))
        assert breaker.not_in_plan() == []

    def test_a_refused_address_says_nothing_of_the_plan(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        elsewhere = RefusedError("this address is not authorized", "address")
        breaker.succeeded(LIVE)
        breaker.refused(ODDS, elsewhere)
        assert breaker.not_in_plan() == []
        assert not breaker.excuse(ODDS, elsewhere)

    def test_refusals_before_the_first_answer_are_excused_and_count_once_it_answers(
        self, clock: Clock
    ) -> None:
        breaker = gates_at(clock)
        for _ in range(2):
            breaker.refused(ODDS, NOT_IN_PLAN)
            assert breaker.excuse(ODDS, NOT_IN_PLAN)
        breaker.succeeded(ODDS)
        assert [breaker.take_excused_refusals(ODDS), breaker.take_excused_refusals(ODDS)] == [2, 0]
        breaker.refused(ODDS, NOT_IN_PLAN)
        assert not breaker.excuse(ODDS, NOT_IN_PLAN)

    def test_refusals_of_what_was_not_in_the_plan_do_not_count_when_it_is(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        for _ in range(5):  # the last two were in flight when the gate closed
            breaker.refused(ODDS, NOT_IN_PLAN)
            assert breaker.excuse(ODDS, NOT_IN_PLAN)
        breaker.succeeded(ODDS)
        assert breaker.take_excused_refusals(ODDS) == 0

    def test_what_an_earlier_process_found_missing_is_asked_once_and_closed_at_one_refusal(
        self, clock: Clock
    ) -> None:
        breaker = gates_at(clock)
        breaker.recall_not_in_plan([ODDS.path, LIVE.path, "no/such/endpoint"])
        assert breaker.not_in_plan() == [ODDS]
        breaker.enter(ODDS)
        breaker.enter(ODDS)
        assert breaker.refused(ODDS, NOT_IN_PLAN)
        assert breaker.is_recalled(ODDS)
        assert breaker.is_refused(ODDS)
        assert not breaker.is_recalled(LIVE)

    def test_what_is_in_the_plan_again_needs_three_refusals_again(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        breaker.recall_not_in_plan([ODDS.path])
        breaker.succeeded(ODDS)
        assert breaker.not_in_plan() == []
        assert [breaker.refused(ODDS, NOT_IN_PLAN) for _ in range(3)] == [False, False, True]
        assert not breaker.is_recalled(ODDS)


class TestCheck:
    def test_what_is_refused_is_asked_once_at_once_and_then_slowly_again(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        for _ in range(3):  # to the longest pause
            clock.now += 900
            breaker.enter(LIVE)
            breaker.refused(LIVE, NOT_IN_PLAN)

        assert breaker.ask_again([]) == [LIVE]

        assert [is_open(breaker) for _ in range(3)] == [True, False, False]
        breaker.refused(LIVE, NOT_IN_PLAN)
        clock.now += 120
        assert is_open(breaker)

    def test_what_has_answered_the_check_is_refused_no_more(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        close(breaker)
        for _ in range(3):
            breaker.refused(ODDS, NOT_IN_PLAN)
        breaker.recall_not_in_plan([TEAM.path])

        assert set(breaker.ask_again([ODDS.path, TEAM.path])) == {LIVE, ODDS, TEAM}

        assert breaker.not_in_plan() == []
        assert [breaker.is_refused(one) for one in (LIVE, ODDS, TEAM)] == [False, False, False]
        breaker.enter(LIVE)  # the probe
        assert [breaker.is_refused(one) for one in (LIVE, ODDS, TEAM)] == [True, False, False]
        breaker.enter(ODDS)
        breaker.enter(ODDS)

    def test_nothing_changes_if_nothing_is_refused(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        breaker.succeeded(LIVE)
        until = breaker.throttled(ODDS, 30)
        assert breaker.ask_again([ODDS.path]) == []
        with pytest.raises(ThrottledError) as throttled:
            breaker.enter(ODDS)
        assert throttled.value.retry_at == until


class TestCooldown:
    def test_a_throttled_endpoint_is_closed_for_all_and_the_others_go_on(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        until = breaker.throttled(ODDS, 30)
        for _ in range(3):
            with pytest.raises(ThrottledError) as throttled:
                breaker.enter(ODDS)
            assert throttled.value.retry_at == until
            assert not throttled.value.was_sent
        breaker.enter(LIVE)
        clock.now = until
        breaker.enter(ODDS)

    def test_retry_after_is_honoured_in_full_plus_up_to_a_second(self, clock: Clock) -> None:
        rests = {gates_at(clock).throttled(ODDS, 30) - clock.now for _ in range(200)}
        assert all(30 <= rest <= 31 for rest in rests)
        assert max(rests) - min(rests) > 0.5

    @pytest.mark.parametrize("said", [601, 86_400, 1e300, math.inf])
    def test_ten_minutes_is_the_most(self, clock: Clock, said: float) -> None:
        assert 600 <= gates_at(clock).throttled(ODDS, said) - clock.now <= 601

    def test_thirty_answers_at_once_cool_it_once(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        assert {breaker.throttled(ODDS, None) for _ in range(30)} == {clock.now + 5}

    def test_unsaid_it_doubles_to_a_minute_for_as_long_as_it_lasts(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        rests = []
        for _ in range(2000):
            until = breaker.throttled(ODDS, None)
            rests.append(until - clock.now)
            clock.now = until
        assert rests == [5, 10, 20, 40] + 1996 * [60]

    def test_a_success_starts_it_anew(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        for _ in range(3):
            clock.now = breaker.throttled(ODDS, None)
        breaker.succeeded(ODDS)
        assert breaker.throttled(ODDS, None) == clock.now + 5

    def test_a_shorter_one_does_not_end_a_longer_one(self, clock: Clock) -> None:
        breaker = gates_at(clock)
        until = breaker.throttled(ODDS, 300)
        assert breaker.throttled(ODDS, 1) == until
        assert breaker.throttled(ODDS, None) == until


def test_what_is_not_let_through_counts_towards_no_quota(clock: Clock) -> None:
    quota = WindowQuota({LIVE.path: RateLimit(2, 10)}, clock)
    breaker = CircuitBreaker(quota, clock)
    close(breaker)
    for _ in range(9):
        assert not is_open(breaker)
    breaker.throttled(ODDS, 1)
    with pytest.raises(ThrottledError):
        breaker.enter(ODDS)
    assert (quota.left(LIVE), quota.left(ODDS)) == (2, 120)


def test_a_quota_that_is_spent_leaves_the_probe_to_the_next(clock: Clock) -> None:
    breaker = gates_at(clock, {LIVE.path: RateLimit(1, 1000)})
    breaker.enter(LIVE)
    close(breaker)
    clock.now += 60
    for _ in range(2):
        with pytest.raises(QuotaSpentError):
            breaker.enter(LIVE)
    clock.now += 1000
    breaker.enter(LIVE)
