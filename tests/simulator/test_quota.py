"""A quota lets so many calls through in any window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thesports_simulator.protocol.quota import Quota, Turnstile, parse_quota


@given(st.lists(st.floats(0, 3), max_size=200))
def test_no_window_ever_holds_more_than_the_quota(gaps: list[float]) -> None:
    turnstile, now, passed = Turnstile({"odds/history": Quota(5, 10)}), 0.0, []
    for gap in gaps:
        now += gap
        if turnstile.lets_pass("odds/history", now):
            passed.append(now)
    for start in passed:
        assert sum(start <= time < start + 10 for time in passed) <= 5


def test_endpoints_have_windows_of_their_own() -> None:
    turnstile = Turnstile({"a": Quota(1, 10), "b": Quota(1, 10)})
    assert [turnstile.lets_pass(name, 0.0) for name in ("a", "a", "b", "c", "c")] == [
        True,
        False,
        True,
        True,
        True,
    ]
    assert turnstile.lets_pass("a", 10.0)


def test_a_quota_is_written_in_one_line() -> None:
    assert parse_quota("odds/history=120/60") == ("odds/history", Quota(120, 60.0))
    for text in ("odds/history", "=1/2", "a=b/c", "a=1"):
        with pytest.raises(ValueError, match=r"."):
            parse_quota(text)
