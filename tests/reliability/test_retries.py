"""An outage is not made worse: retries stay within their budget, and they do not arrive in step."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.harness import DETAIL, EPOCH, LIVE, ODDS, STRATEGIES, Cycle, begin, everywhere_but
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

MATCHES = 60
CYCLES = 2
BACKOFF_S = 2.0
GENEROUS = {"FOOTY_TIMEOUT": "5", "FOOTY_INTERVAL": "20"}


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    """So many matches that a fifth of a cycle's calls is more than the three retries it may always have."""
    with start(matches=MATCHES, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


def calls_and_retries(cycle: Cycle) -> tuple[int, int]:
    """Tell what was asked for at all, and how many requests were repetitions, as the vendor saw it."""
    things = {(reply["endpoint"], reply["uuid"]) for reply in cycle.replies}
    return len(things), cycle.arrived - len(things)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("fault", ["http500", "reset_before"])
def test_in_every_cycle_of_an_outage_the_vendor_sees_the_budget_and_no_more(
    vendor: RunningSimulator, tmp_path: Path, fault: str, strategy: str
) -> None:
    with begin(vendor, tmp_path, strategy=strategy, **GENEROUS) as trial:
        assert trial.cycle().complete
        for faults, fewest in ((everywhere_but([LIVE], fault), 2 * MATCHES), ([fault], 1)):
            trial.inject(*faults)
            for _ in range(CYCLES):
                trial.wait(62)
                calls, retries = calls_and_retries(trial.cycle())
                assert calls >= fewest
                assert retries == max(3, calls // 5) == trial.cycles[-1].outcome.spent.retries


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_calls_that_no_time_is_left_for_earn_no_retries(
    vendor: RunningSimulator, tmp_path: Path, strategy: str
) -> None:
    with begin(vendor, tmp_path, strategy=strategy) as trial:
        trial.cycle()
        trial.inject(*everywhere_but([LIVE], "hang"))
        trial.wait(62)
        cycle = trial.cycle()
        calls, retries = calls_and_retries(cycle)
        assert calls < cycle.outcome.spent.calls
        assert 3 <= retries <= max(3, calls // 5)


def test_what_the_cache_file_answers_earns_no_retries(vendor: RunningSimulator, tmp_path: Path) -> None:
    """After a restart the state is held, and all teams and competitions are on disk."""
    with begin(vendor, tmp_path, **GENEROUS) as earlier:
        assert earlier.cycle().complete
    with begin(vendor, tmp_path, **GENEROUS) as trial:
        trial.state = earlier.state
        trial.inject(*everywhere_but([LIVE], "http500"))
        cycle = trial.cycle()
        calls, retries = calls_and_retries(cycle)
        assert MATCHES <= calls < cycle.outcome.spent.calls / 2
        assert retries == calls // 5


def test_what_is_throttled_when_no_retry_is_left_is_missing(vendor: RunningSimulator, tmp_path: Path) -> None:
    with begin(vendor, tmp_path, **GENEROUS) as trial:
        trial.inject(f"http500@{DETAIL}", f"http500@{ODDS}", "http429=0@country/list")
        cycle = trial.cycle()
        calls, retries = calls_and_retries(cycle)
        assert retries == calls // 5
        assert cycle.complaints(None) == []
        assert set(cycle.sources("country")) == {"missing"}
        assert any("country/list" in one or "countries" in one for one in cycle.problems)


def test_what_is_throttled_alone_has_its_retry_when_it_may_be_asked_again(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with begin(vendor, tmp_path, **GENEROUS) as trial:
        trial.inject("http429=0x1@country/list")
        cycle = trial.cycle()
        assert cycle.complete
        assert calls_and_retries(cycle)[1] == 1


def test_retries_do_not_arrive_in_step(vendor: RunningSimulator, tmp_path: Path) -> None:
    """All odds fail at the same moment, and their retries are spread over the whole of the backoff."""
    more = GENEROUS | {"FOOTY_WORKERS": str(2 * MATCHES), "FOOTY_ATTEMPTS": "2"}
    with begin(vendor, tmp_path, strategy="per-match", FOOTY_BACKOFF=str(BACKOFF_S), **more) as trial:
        assert trial.cycle().complete
        trial.wait(2)
        trial.inject(f"http500@{ODDS}")
        vendor.control.reset()
        listed = len(trial.cycle().listed)
        moments = sorted(vendor.control.stats()["arrivals"][ODDS])[listed:]
        assert len(moments) >= MATCHES // 5
        # In step, they would all arrive within a small part of it.
        assert fullest(moments, BACKOFF_S / 4) <= 0.75 * len(moments)


def fullest(moments: list[float], seconds: float) -> int:
    """Give the most moments that any stretch of so many seconds holds."""
    return max(sum(first <= other < first + seconds for other in moments) for first in moments)
