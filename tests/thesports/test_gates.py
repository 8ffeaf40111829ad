"""The gates of the endpoints, with the clock in the test's hand."""

import math
import traceback
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.settings import RateLimit
from footy.thesports import endpoints
from footy.thesports.circuit_breaker import Gates
from footy.thesports.errors import QuotaSpentError, RefusedError, ThrottledError

LIVE, ODDS, TEAM = endpoints.LIVE, endpoints.ODDS, endpoints.TEAM
NOT_IN_PLAN = RefusedError("the endpoint is not authorized", "endpoint")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def gates_at(clock: Clock, limits: Mapping[str, RateLimit] | None = None) -> Gates:
    return Gates({} if limits is None else limits, clock)


def close(gates: Gates) -> None:
    assert [gates.refused(LIVE, NOT_IN_PLAN) for _ in range(3)] == [False, False, True]


def is_open(gates: Gates) -> bool:
    try:
        gates.enter(LIVE)
    except RefusedError:
        return False
    return True


class TestRefusal:
    def test_two_refusals_leave_the_endpoint_open(self, clock: Clock) -> None:
        gates = gates_at(clock)
        assert not gates.refused(LIVE, NOT_IN_PLAN)
        assert not gates.refused(LIVE, NOT_IN_PLAN)
        gates.enter(LIVE)
        assert not gates.is_refused(LIVE)

    def test_the_third_without_a_success_closes_it_and_no_other(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        assert gates.is_refused(LIVE)
        with pytest.raises(RefusedError, match="not authorized") as refusal:
            gates.enter(LIVE)
        assert refusal.value.what == "endpoint"
        gates.enter(TEAM)
        assert not gates.is_refused(TEAM)

    def test_a_success_between_starts_the_count_anew(self, clock: Clock) -> None:
        gates = gates_at(clock)
        for _ in range(5):
            assert not gates.refused(LIVE, NOT_IN_PLAN)
            assert not gates.refused(LIVE, NOT_IN_PLAN)
            assert not gates.succeeded(LIVE)
        assert is_open(gates)

    def test_it_is_probed_after_a_minute_doubling_to_fifteen(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        waited = []
        for _ in range(7):
            asked = clock.now
            while gates.is_refused(LIVE):
                assert not is_open(gates)
                clock.now += 1
            waited.append(clock.now - asked)
            gates.enter(LIVE)
            assert not gates.refused(LIVE, NOT_IN_PLAN), "it is logged only once"
        assert waited == [60, 120, 240, 480, 900, 900, 900]

    def test_what_is_not_asked_says_when_it_was_refused_and_when_it_is_asked_again(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        day = 1_750_000_000 - 1_750_000_000 % 86_400
        monkeypatch.setattr("footy.thesports.circuit_breaker.time.time", lambda: day + clock.now)

        def said() -> str:
            with pytest.raises(RefusedError) as refusal:
                gates.enter(LIVE)
            return str(refusal.value)

        gates = gates_at(clock)
        close(gates)
        clock.now += 40
        words = "the endpoint is not authorized (refused at {}, asked again at {} UTC)"
        assert said() == words.format("00:16:40", "00:17:40")
        clock.now += 20
        gates.enter(LIVE)  # the probe, of which nothing has been heard yet
        assert said() == words.format("00:16:40", "00:18:40")
        clock.now += 1
        gates.refused(LIVE, NOT_IN_PLAN)
        assert said() == words.format("00:17:41", "00:19:41")

    def test_refusals_that_were_in_flight_when_it_closed_do_not_put_the_probe_off(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        for _ in range(27):
            assert not gates.refused(LIVE, NOT_IN_PLAN)
        clock.now += 60
        assert is_open(gates)
        gates.refused(LIVE, NOT_IN_PLAN)
        clock.now += 120
        assert is_open(gates)

    def test_one_probe_passes_at_a_time(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        clock.now += 60
        assert [is_open(gates) for _ in range(30)] == [True] + 29 * [False]

    def test_a_probe_that_fails_otherwise_is_followed_by_another(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        for _ in range(3):
            clock.now += 60
            assert is_open(gates)
            assert not is_open(gates)

    def test_a_probe_held_back_by_a_cooldown_is_not_lost(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        clock.now += 58
        gates.throttled(LIVE, None)
        clock.now += 3
        with pytest.raises(ThrottledError):
            gates.enter(LIVE)
        clock.now += 3
        assert is_open(gates)

    def test_a_success_reopens_it_and_the_next_time_begins_at_a_minute(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        clock.now += 60
        gates.enter(LIVE)
        gates.refused(LIVE, NOT_IN_PLAN)
        clock.now += 120
        gates.enter(LIVE)
        assert gates.succeeded(LIVE)
        assert not gates.succeeded(LIVE)
        assert all(is_open(gates) for _ in range(30))
        close(gates)
        clock.now += 60
        assert is_open(gates)

    def test_a_refusal_does_not_grow_with_each_time_it_is_told(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        depths = set()
        for _ in range(100):
            with pytest.raises(RefusedError) as refusal:
                gates.enter(LIVE)
            depths.add(len(traceback.extract_tb(refusal.value.__traceback__)))
        assert len(depths) == 1


class TestPlan:
    def test_what_never_answered_is_not_in_the_plan_from_its_first_refusal(self, clock: Clock) -> None:
        gates = gates_at(clock)
        assert gates.not_in_plan() == []
        gates.refused(ODDS, NOT_IN_PLAN)
        assert gates.not_in_plan() == [ODDS]
        gates.succeeded(ODDS)
        assert gates.not_in_plan() == []

    def test_what_has_answered_is_not_in_the_plan_from_its_third_refusal(self, clock: Clock) -> None:
        gates = gates_at(clock)
        gates.succeeded(ODDS)
        seen = []
        for _ in range(3):
            gates.refused(ODDS, NOT_IN_PLAN)
            seen.append(gates.not_in_plan())
        assert seen == [[], [], [ODDS]]

    def test_the_live_list_is_never_just_not_in_the_plan(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        assert gates.not_in_plan() == []
        assert not gates.excuse(LIVE, NOT_IN_PLAN)

    def test_a_refused_account_lacks_an_endpoint_only_if_the_live_list_answers(self, clock: Clock) -> None:
        gates = gates_at(clock)
        gates.refused(ODDS, RefusedError("the account is not authorized", "account"))
        assert gates.not_in_plan() == []
        gates.succeeded(LIVE)
        assert gates.not_in_plan() == [ODDS]
        gates.refused(LIVE, RefusedError("the account is not authorized", "account"))
        assert gates.not_in_plan() == []

    def test_a_refused_address_says_nothing_of_the_plan(self, clock: Clock) -> None:
        gates = gates_at(clock)
        elsewhere = RefusedError("this address is not authorized", "address")
        gates.succeeded(LIVE)
        gates.refused(ODDS, elsewhere)
        assert gates.not_in_plan() == []
        assert not gates.excuse(ODDS, elsewhere)

    def test_refusals_before_the_first_answer_are_excused_and_count_once_it_answers(
        self, clock: Clock
    ) -> None:
        gates = gates_at(clock)
        for _ in range(2):
            gates.refused(ODDS, NOT_IN_PLAN)
            assert gates.excuse(ODDS, NOT_IN_PLAN)
        gates.succeeded(ODDS)
        assert [gates.take_strays(ODDS), gates.take_strays(ODDS)] == [2, 0]
        gates.refused(ODDS, NOT_IN_PLAN)
        assert not gates.excuse(ODDS, NOT_IN_PLAN)

    def test_refusals_of_what_was_not_in_the_plan_do_not_count_when_it_is(self, clock: Clock) -> None:
        gates = gates_at(clock)
        for _ in range(5):  # the last two were in flight when the gate closed
            gates.refused(ODDS, NOT_IN_PLAN)
            assert gates.excuse(ODDS, NOT_IN_PLAN)
        gates.succeeded(ODDS)
        assert gates.take_strays(ODDS) == 0

    def test_what_an_earlier_process_found_missing_is_asked_once_and_closed_at_one_refusal(
        self, clock: Clock
    ) -> None:
        gates = gates_at(clock)
        gates.recall_not_in_plan([ODDS.path, LIVE.path, "no/such/endpoint"])
        assert gates.not_in_plan() == [ODDS]
        gates.enter(ODDS)
        gates.enter(ODDS)
        assert gates.refused(ODDS, NOT_IN_PLAN)
        assert gates.is_recalled(ODDS)
        assert gates.is_refused(ODDS)
        assert not gates.is_recalled(LIVE)

    def test_what_is_in_the_plan_again_needs_three_refusals_again(self, clock: Clock) -> None:
        gates = gates_at(clock)
        gates.recall_not_in_plan([ODDS.path])
        gates.succeeded(ODDS)
        assert gates.not_in_plan() == []
        assert [gates.refused(ODDS, NOT_IN_PLAN) for _ in range(3)] == [False, False, True]
        assert not gates.is_recalled(ODDS)


class TestCheck:
    def test_what_is_refused_is_asked_once_at_once_and_then_slowly_again(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        for _ in range(3):  # to the longest pause
            clock.now += 900
            gates.enter(LIVE)
            gates.refused(LIVE, NOT_IN_PLAN)

        assert gates.ask_again([]) == [LIVE]

        assert [is_open(gates) for _ in range(3)] == [True, False, False]
        gates.refused(LIVE, NOT_IN_PLAN)
        clock.now += 120
        assert is_open(gates)

    def test_what_has_answered_the_check_is_refused_no_more(self, clock: Clock) -> None:
        gates = gates_at(clock)
        close(gates)
        for _ in range(3):
            gates.refused(ODDS, NOT_IN_PLAN)
        gates.recall_not_in_plan([TEAM.path])

        assert set(gates.ask_again([ODDS.path, TEAM.path])) == {LIVE, ODDS, TEAM}

        assert gates.not_in_plan() == []
        assert [gates.is_refused(one) for one in (LIVE, ODDS, TEAM)] == [False, False, False]
        gates.enter(LIVE)  # the probe
        assert [gates.is_refused(one) for one in (LIVE, ODDS, TEAM)] == [True, False, False]
        gates.enter(ODDS)
        gates.enter(ODDS)

    def test_nothing_changes_if_nothing_is_refused(self, clock: Clock) -> None:
        gates = gates_at(clock)
        gates.succeeded(LIVE)
        until = gates.throttled(ODDS, 30)
        assert gates.ask_again([ODDS.path]) == []
        with pytest.raises(ThrottledError) as throttled:
            gates.enter(ODDS)
        assert throttled.value.retry_at == until


class TestCooldown:
    def test_a_throttled_endpoint_is_closed_for_all_and_the_others_go_on(self, clock: Clock) -> None:
        gates = gates_at(clock)
        until = gates.throttled(ODDS, 30)
        for _ in range(3):
            with pytest.raises(ThrottledError) as throttled:
                gates.enter(ODDS)
            assert throttled.value.retry_at == until
            assert not throttled.value.was_sent
        gates.enter(LIVE)
        clock.now = until
        gates.enter(ODDS)

    def test_retry_after_is_honoured_in_full_plus_up_to_a_second(self, clock: Clock) -> None:
        rests = {gates_at(clock).throttled(ODDS, 30) - clock.now for _ in range(200)}
        assert all(30 <= rest <= 31 for rest in rests)
        assert max(rests) - min(rests) > 0.5

    @pytest.mark.parametrize("said", [601, 86_400, 1e300, math.inf])
    def test_ten_minutes_is_the_most(self, clock: Clock, said: float) -> None:
        assert 600 <= gates_at(clock).throttled(ODDS, said) - clock.now <= 601

    def test_thirty_answers_at_once_cool_it_once(self, clock: Clock) -> None:
        gates = gates_at(clock)
        assert {gates.throttled(ODDS, None) for _ in range(30)} == {clock.now + 5}

    def test_unsaid_it_doubles_to_a_minute_for_as_long_as_it_lasts(self, clock: Clock) -> None:
        gates = gates_at(clock)
        rests = []
        for _ in range(2000):
            until = gates.throttled(ODDS, None)
            rests.append(until - clock.now)
            clock.now = until
        assert rests == [5, 10, 20, 40] + 1996 * [60]

    def test_a_success_starts_it_anew(self, clock: Clock) -> None:
        gates = gates_at(clock)
        for _ in range(3):
            clock.now = gates.throttled(ODDS, None)
        gates.succeeded(ODDS)
        assert gates.throttled(ODDS, None) == clock.now + 5

    def test_a_shorter_one_does_not_end_a_longer_one(self, clock: Clock) -> None:
        gates = gates_at(clock)
        until = gates.throttled(ODDS, 300)
        assert gates.throttled(ODDS, 1) == until
        assert gates.throttled(ODDS, None) == until


class TestQuota:
    def test_the_window_is_the_vendors_and_two_seconds(self, clock: Clock) -> None:
        gates = gates_at(clock)
        for _ in range(120):
            gates.enter(ODDS)
        for moment in (0, 30, 61.99):
            clock.now = 1000 + moment
            with pytest.raises(QuotaSpentError, match=r"odds/history, 120 in 60 s"):
                gates.enter(ODDS)
            assert gates.left(ODDS) == 0
        clock.now = 1062.0
        assert gates.left(ODDS) == 120
        gates.enter(ODDS)
        assert gates.left(ODDS) == 119

    def test_what_is_not_let_through_is_not_counted(self, clock: Clock) -> None:
        gates = gates_at(clock, {LIVE.path: RateLimit(2, 10)})
        close(gates)
        for _ in range(9):
            assert not is_open(gates)
        assert gates.left(LIVE) == 2
        gates = gates_at(clock)
        gates.throttled(ODDS, 1)
        with pytest.raises(ThrottledError):
            gates.enter(ODDS)
        assert gates.left(ODDS) == 120

    def test_the_operators_limits_come_before_the_vendors(self, clock: Clock) -> None:
        gates = gates_at(clock, {ODDS.path: RateLimit(1, 10), TEAM.path: RateLimit(2, 10)})
        assert (gates.left(ODDS), gates.left(TEAM), gates.left(LIVE)) == (1, 2, None)
        gates.enter(ODDS)
        with pytest.raises(QuotaSpentError):
            gates.enter(ODDS)

    def test_off_is_off(self, clock: Clock) -> None:
        gates = Gates(None, clock)
        for _ in range(1000):
            gates.enter(ODDS)
        assert gates.left(ODDS) is None
        assert gates.ages() == {}

    def test_a_restart_goes_on_where_the_last_process_stopped(self, clock: Clock) -> None:
        before = gates_at(clock)
        for _ in range(100):
            before.enter(ODDS)
            clock.now += 0.1
        ages = before.ages()
        assert list(ages) == [ODDS.path]
        after = gates_at(clock)
        clock.now += 5
        after.remember(ODDS, [age + 5 for age in ages[ODDS.path]])
        assert after.left(ODDS) == 20
        clock.now += 62 - 5 - 5
        assert after.left(ODDS) == pytest.approx(70, abs=1)

    @given(
        st.lists(st.floats(0, 200), max_size=300),
        st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=5),
    )
    def test_no_window_ever_holds_more_than_the_quota(self, pauses: list[float], ages: list[float]) -> None:
        clock = Clock()
        gates = gates_at(clock, {ODDS.path: RateLimit(5, 60)})
        gates.remember(ODDS, ages)
        sent: list[float] = []
        for pause in pauses:
            clock.now += pause / 10
            left = gates.left(ODDS)
            try:
                gates.enter(ODDS)
            except QuotaSpentError:
                assert left == 0
            else:
                assert (left or 0) > 0
                sent.append(clock.now)
        assert all(late - early >= 62 for early, late in zip(sent, sent[5:], strict=False))
