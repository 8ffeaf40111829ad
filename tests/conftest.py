"""What every test has."""

import time

import pytest

from footy.clock import CLOCK


@pytest.fixture(autouse=True)
def _time_that_goes_with_the_machines(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let footy's time go with the machine's clock, which tests move, unless a test is about that."""
    if request.node.get_closest_marker("clock_is_set") is None:
        monkeypatch.setattr(CLOCK, "uptime", time.time)
        monkeypatch.setattr(CLOCK, "_offset", 0.0)
