"""A quota admits so many calls in any window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thesports_simulator.protocol.quota import Quota, QuotaWindow, parse_quota


@given(st.lists(st.floats(0, 3), max_size=200))
def test_no_window_ever_holds_more_than_the_quota(gaps: list[float]) -> None:
    window, now, admitted = QuotaWindow({"odds/history": Quota(5, 10)}), 0.0, []
    for gap in gaps:
        now += gap
        if window.admits("odds/history", now):
            admitted.append(now)
    for start in admitted:
        assert sum(start <= time < start + 10 for time in admitted) <= 5


def test_endpoints_have_windows_of_their_own() -> None:
    window = QuotaWindow({"a": Quota(1, 10), "b": Quota(1, 10)})
    assert [window.admits(name, 0.0) for name in ("a", "a", "b", "c", "c")] == [
        True,
        False,
        True,
        True,
        True,
    ]
    assert window.admits("a", 10.0)


def test_a_quota_is_parsed_from_one_text() -> None:
    assert parse_quota("odds/history=120/60") == ("odds/history", Quota(120, 60.0))
    for text in ("odds/history", "=1/2", "a=b/c", "a=1"):
        with pytest.raises(ValueError, match=r"."):
            parse_quota(text)
