"""The quotas, with the clock in the test's hand."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from footy.thesports import endpoints
from footy.thesports.endpoints import RateLimit
from footy.thesports.errors import QuotaSpentError
from footy.thesports.quota import WindowQuota
from tests.support.clock import Clock

LIVE, ODDS, TEAM = endpoints.LIVE, endpoints.ODDS, endpoints.TEAM


@pytest.fixture
def clock() -> Clock:
    return Clock()


def quota_at(clock: Clock, limits: Mapping[str, RateLimit] | None = None) -> WindowQuota:
    return WindowQuota({} if limits is None else limits, clock)


class TestQuota:
    def test_the_window_is_the_vendors_and_two_seconds(self, clock: Clock) -> None:
        quota = quota_at(clock)
        for _ in range(120):
            quota.take(ODDS)
        for moment in (0, 30, 61.99):
            clock.now = 1000 + moment
            with pytest.raises(QuotaSpentError, match=r"odds/history, 120 in 60 s"):
                quota.take(ODDS)
            assert quota.left(ODDS) == 0
        clock.now = 1062.0
        assert quota.left(ODDS) == 120
        quota.take(ODDS)
        assert quota.left(ODDS) == 119

    def test_the_operators_limits_come_before_the_vendors(self, clock: Clock) -> None:
        quota = quota_at(clock, {ODDS.path: RateLimit(1, 10), TEAM.path: RateLimit(2, 10)})
        assert (quota.left(ODDS), quota.left(TEAM), quota.left(LIVE)) == (1, 2, None)
        quota.take(ODDS)
        with pytest.raises(QuotaSpentError):
            quota.take(ODDS)

    def test_off_is_off(self, clock: Clock) -> None:
        quota = WindowQuota(None, clock)
        for _ in range(1000):
            quota.take(ODDS)
        assert quota.left(ODDS) is None

    def test_a_restart_goes_on_where_the_last_process_stopped(self, clock: Clock, tmp_path: Path) -> None:
        with time_machine.travel(1_750_000_000, tick=False) as wall:
            before = quota_at(clock)
            before.keep_in(tmp_path / "quota.json")
            for _ in range(100):
                before.take(ODDS)
                clock.now += 0.1
                wall.shift(0.1)
            before.save()
            clock.now += 5
            wall.shift(5)
            after = quota_at(clock)
            after.keep_in(tmp_path / "quota.json")
            assert after.left(ODDS) == 20
            clock.now += 62 - 5 - 5
            assert after.left(ODDS) == pytest.approx(70, abs=1)

    def test_what_is_reserved_counts_for_a_process_that_starts_then(
        self, clock: Clock, tmp_path: Path
    ) -> None:
        quota = quota_at(clock)
        quota.keep_in(tmp_path / "quota.json")
        quota.reserve(5)
        other = quota_at(clock)
        other.keep_in(tmp_path / "quota.json")
        assert other.left(ODDS) == 120 - 30
        assert quota.left(ODDS) == 120

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"odds/history":7}', b'{"x":[1]}', b"\xff"])
    def test_a_file_that_cannot_be_read_counts_nothing(
        self, clock: Clock, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "quota.json").write_bytes(content)
        quota = quota_at(clock)
        quota.keep_in(tmp_path / "quota.json")
        assert quota.left(ODDS) == 120

    @given(st.lists(st.floats(0, 200), max_size=300))
    def test_no_window_ever_holds_more_than_the_quota(self, pauses: list[float]) -> None:
        clock = Clock()
        quota = quota_at(clock, {ODDS.path: RateLimit(5, 60)})
        sent: list[float] = []
        for pause in pauses:
            clock.now += pause / 10
            left = quota.left(ODDS)
            try:
                quota.take(ODDS)
            except QuotaSpentError:
                assert left == 0
            else:
                assert (left or 0) > 0
                sent.append(clock.now)
        assert all(late - early >= 62 for early, late in zip(sent, sent[5:], strict=False))
