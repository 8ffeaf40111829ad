"""Fixtures: a simulator, and the recorded replies to compare it with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.caller import EPOCH, Caller
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

CAPTURE = Path(__file__).resolve().parents[2].parent / "shared" / "capture"


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    """Start a small world whose clock stands still."""
    with start(matches=40, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as running:
        yield running


@pytest.fixture
def caller(simulator: RunningSimulator) -> Iterator[Caller]:
    """Yield a client of the module's simulator, with counts, faults and clock reset."""
    control = simulator.control
    control.reset()
    yield Caller(simulator)
    control.clear_faults()
    control.set_clock(set=EPOCH, speed=0)


@pytest.fixture(scope="session")
def capture() -> Path:
    """Return the folder of recorded replies."""
    if not CAPTURE.is_dir():
        pytest.skip("the recorded replies are not on this machine")
    return CAPTURE
