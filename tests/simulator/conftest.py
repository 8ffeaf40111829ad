"""A simulator to ask, and the recorded replies to compare it with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.caller import EPOCH, Caller
from thesports_simulator.process import RunningSimulator, start

CAPTURE = Path(__file__).resolve().parents[2].parent / "shared" / "capture"


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    """A small world at a standstill."""
    with start(matches=40, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as running:
        yield running


@pytest.fixture
def caller(simulator: RunningSimulator) -> Iterator[Caller]:
    """Asks the module's simulator, whose counts, faults, clock and settings start afresh."""
    control = simulator.control
    control.reset()
    yield Caller(simulator)
    control.clear_faults()
    control.set_clock(set=EPOCH, speed=0)


@pytest.fixture(scope="session")
def capture() -> Path:
    """The folder of recorded replies."""
    if not CAPTURE.is_dir():
        pytest.skip("the recorded replies are not on this machine")
    return CAPTURE
