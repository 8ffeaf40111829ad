"""Whatever the vendor does wrong: nothing false, nothing lost, nothing late, and whole again afterwards."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.caller import eventually
from tests.support.harness import (
    EPOCH,
    LIVE,
    SHORTER,
    STRATEGIES,
    Cycle,
    Trial,
    begin,
    everywhere_but,
    written,
)
from tests.support.simulators import start
from thesports_simulator.faults import CATALOGUE
from thesports_simulator.process import RunningSimulator

WAITING = {"drip", "hang", "slow"}
"""Faults over which every call waits until its timeout."""
SHORT_LIVED = {"FOOTY_TTL_TEAM": "60", "FOOTY_TTL_COMPETITION": "60", "FOOTY_TTL_COUNTRY": "60"}
"""So that teams, competitions and countries are asked for again while the vendor fails."""


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    """Few matches: what a fault does to one it does to all, and there are some two hundred evenings."""
    with start(matches=4, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


def settings_for(fault: str) -> dict[str, str]:
    return SHORT_LIVED | (SHORTER if fault in WAITING else {})


@contextmanager
def nothing_left_behind(vendor: RunningSimulator) -> Iterator[None]:
    """Hold that what is inside leaves no thread, descriptor or connection."""
    process = psutil.Process()
    threads, descriptors = set(threading.enumerate()), process.num_fds()
    yield
    eventually(lambda: set(threading.enumerate()) <= threads)
    eventually(lambda: process.num_fds() <= descriptors)
    # The control path's own connection is open while it is asked.
    eventually(lambda: vendor.control.stats()["connections"]["open"] <= 1)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("fault", CATALOGUE)
def test_a_fault_in_mid_service(vendor: RunningSimulator, tmp_path: Path, fault: str, strategy: str) -> None:
    with (
        nothing_left_behind(vendor),
        begin(vendor, tmp_path, strategy=strategy, **settings_for(fault)) as trial,
    ):
        well = trial.cycle()
        assert (well.complaints(None), well.complete) == ([], True)

        trial.inject(*everywhere_but([LIVE], written(fault)))
        trial.wait(62)
        no_details = trial.cycle()
        assert no_details.complaints(well) == []

        trial.inject(f"{written(fault)}@{LIVE}")
        trial.wait(2)
        assert trial.cycle().complaints(no_details) == []

        recovers_fully(trial)


@pytest.mark.parametrize("fault", CATALOGUE)
def test_a_fault_at_the_start(vendor: RunningSimulator, tmp_path: Path, fault: str) -> None:
    with nothing_left_behind(vendor), begin(vendor, tmp_path, **settings_for(fault)) as trial:
        trial.inject(written(fault))
        assert trial.cycle().complaints(None) == []

        trial.inject(*everywhere_but([LIVE], written(fault)))
        trial.wait(2)
        before = trial.cycle()
        assert before.complaints(None) == []
        assert before.records or is_throttled_or_refused(before)

        recovers_fully(trial)


def recovers_fully(trial: Trial) -> None:
    """Hold that a vendor that is well again makes the picture whole again.

    Two cycles a minute apart may pass: an endpoint that refused is tried with one call first, and what was
    served as stale is asked for again after a minute. What a fault made up and no feed tells of is found by
    reading in full, in rotation.
    """
    trial.recovers()
    for _ in range(2):
        trial.wait(62)
        cycle = trial.cycle()
        assert cycle.complaints(trial.cycles[-2]) == []
    assert [one for one in cycle.problems if not one.startswith("Unreadable values")] == []
    for _ in cycle.records:
        if not cycle.made_up and not cycle.problems:
            break
        trial.wait(62)
        cycle = trial.cycle()
    assert cycle.made_up == []
    assert cycle.problems == []
    assert cycle.complete


def is_throttled_or_refused(cycle: Cycle) -> bool:
    return cycle.outcome.error is not None and cycle.outcome.error.outcome in {"throttled", "refused"}
