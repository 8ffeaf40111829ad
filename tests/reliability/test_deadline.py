"""Connections that hang or drip: a cycle publishes what it has, and the next starts on time and is whole."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from tests.support.harness import EPOCH, INTERVAL, LIVE, begin, everywhere_but
from tests.support.place import SECRET, Place, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

WORKERS = 30


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    """More matches than workers, so that each worker hangs."""
    with start(matches=40, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_30_that_hang_end_with_the_cycle_and_the_next_one_is_whole(
    vendor: RunningSimulator, tmp_path: Path, fault: str
) -> None:
    process = psutil.Process()
    with begin(vendor, tmp_path, strategy="per-match", FOOTY_TIMEOUT="60") as trial:
        well = trial.cycle()
        descriptors = process.num_fds()
        trial.inject(*everywhere_but([LIVE], fault))
        vendor.control.reset()
        trial.wait(2)
        failing = trial.cycle()
        assert vendor.control.stats()["peak_in_flight"] == WORKERS
        threads = threading.active_count()  # with all workers, which come as they are needed
        assert 0.8 * INTERVAL <= failing.seconds <= 0.9 * INTERVAL
        assert failing.complaints(well) == []
        assert set(failing.sources("detail", "odds")) == {"stale"}

        trial.recovers()
        trial.wait(2)
        assert trial.cycle().complete
        assert threading.active_count() <= threads
        assert process.num_fds() <= descriptors + 3 * WORKERS  # a socket, its handle, and one in the pool

        trial.inject(*everywhere_but([LIVE], fault))
        trial.cycle()
        trial.recovers()
        assert trial.cycle().complete
        assert threading.active_count() <= threads
        assert process.num_fds() <= descriptors + 3 * WORKERS


def test_a_live_list_that_hangs_through_the_deadline_is_a_cycle_that_failed(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    """It has the time of one attempt, which is a little longer here than the cycle of all the rest."""
    with begin(vendor, tmp_path, FOOTY_TIMEOUT="1.7") as trial:
        trial.inject(f"hang@{LIVE}")
        cold = trial.cycle()
        assert (cold.outcome.snapshot, cold.complaints(None)) == (None, [])
        trial.recovers()
        well = trial.cycle()
        trial.inject(f"hang@{LIVE}")
        trial.wait(2)
        failing = trial.cycle()
        assert failing.complaints(well) == []
        assert failing.outcome.error is not None
        assert failing.outcome.timings["live"] >= 0.8 * INTERVAL


def test_no_cycle_of_a_service_is_late_or_skipped_while_the_vendor_hangs(tmp_path: Path) -> None:
    with (
        start(matches=40, odds="light", secret=SECRET) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=8, FOOTY_TIMEOUT=60, FOOTY_STRATEGY="per-match") as place,
    ):
        place.ask(vendor)
        place.begin_service()
        vendor.control.set_faults(*everywhere_but([LIVE], "hang"))
        wait_until(lambda: heartbeat(place.files)["cycle"] >= 4)
        assert msgspec.json.decode(place.files.matches.read_bytes())["meta"]["cycle"] >= 4
        text = place.files.log.read_text(encoding="utf-8")
        assert "skipped" not in text
        totals = [float(line.split(" ")[-1][:-1]) for line in text.splitlines() if "TOTAL CYCLE" in line]
        assert len([one for one in totals if one >= 6.2]) >= 2
        assert max(totals) < 8
