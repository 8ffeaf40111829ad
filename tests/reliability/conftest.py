"""A small world at a standstill, one for each module."""

from collections.abc import Iterator

import pytest

from tests.support.harness import EPOCH
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    """A vendor that works until a fault is injected, and whose clock goes on from test to test."""
    with start(matches=8, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator
