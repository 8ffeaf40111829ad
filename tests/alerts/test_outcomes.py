"""What became of alerts: counts, rates with their intervals, and the yield of a flat stake."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.alerts.outcomes import Outcomes, outcomes, wilson
from tests.alerts.matches import Matches
from tests.alerts.test_evaluate import OVER

# --- Newcombe 1998, table I, method 3 (score without continuity correction)


@pytest.mark.parametrize(
    ("won", "decided", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(won: int, decided: int, low: float, high: float) -> None:
    found = wilson(won, decided)
    assert found is not None
    assert [round(bound, 4) for bound in found] == [low, high]


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_rate_is_in_its_interval(won: int, lost: int) -> None:
    one = Outcomes("r", won + lost, won, lost)
    if one.rate is None:
        assert one.interval is None
    else:
        assert one.interval is not None
        low, high = one.interval
        assert 0 <= low <= one.rate + 1e-9
        assert one.rate - 1e-9 <= high <= 1


def test_a_flat_stake_at_the_named_price() -> None:
    one = Outcomes("r", 5, 2, 2, 1, prices_won=[2.0, 1.5], prices_lost=[3.0, 1.5])
    assert one.open == 0
    assert one.rate == 0.5
    assert one.break_even == pytest.approx(4 / 8)
    assert one.gain == pytest.approx((1.0 + 0.5 - 2) / 4)
    assert (Outcomes("r").break_even, Outcomes("r").gain, Outcomes("r").rate) == (None, None, None)


@given(st.lists(st.floats(1.01, 20), min_size=1, max_size=50))
def test_at_the_break_even_rate_the_yield_is_nothing(prices: list[float]) -> None:
    break_even = Outcomes("r", prices_won=prices).break_even
    assert break_even is not None
    assert break_even * sum(prices) == pytest.approx(len(prices))


def test_outcomes_are_counted_by_rule(tmp_path: Path) -> None:
    events = []
    for goals in (1, 2, 3, None):
        matches = Matches(tmp_path / "alerts.toml", OVER)
        events += matches.see(current_over_under_line=2.0, current_over_under_over=1.9)
        matches.see(3600, status_id=8, home_score=goals or 0)
        events += [] if goals is None else matches.end(goals, 0)
    [one] = outcomes(events)
    assert (one.rule, one.fired, one.won, one.lost, one.void, one.open) == ("over", 4, 1, 1, 1, 1)
    assert (one.prices_won, one.prices_lost) == ([1.9], [1.9])
