import pytest

from benchmarks.measure import percentile, slope


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 2.5), (1, 4), (0.25, 1.75)])
def test_a_percentile_lies_between_the_two_nearest(share: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], share) == value


def test_the_slope_of_a_line_is_its_step() -> None:
    assert slope([1.0, 3.0, 5.0]) == pytest.approx(2.0)
    assert slope([1.0]) == 0
