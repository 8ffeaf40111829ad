"""One endpoint throttled or refused: it is left alone for as long as that takes, and the others go on."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.thesports.circuit_breaker import MAX_COOLDOWN_S
from tests.support.harness import DETAIL, EPOCH, LIVE, ODDS, TEAM, Part, Trial, begin
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

WORKERS = 4
NEARLY_ALL = 20


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    """More matches than workers, so that some calls are yet to be made when the first is throttled."""
    with start(matches=30, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


@pytest.fixture
def trial(vendor: RunningSimulator, tmp_path: Path) -> Iterator[Trial]:
    """A pipeline that asks for the odds of all matches in each cycle; none is long enough for a cooldown."""
    more = {"FOOTY_WORKERS": str(WORKERS), "FOOTY_INTERVAL": "3"}
    with begin(vendor, tmp_path, strategy="per-match", **more) as beside:
        yield beside


def asked(trial: Trial, endpoint: str = ODDS) -> int:
    """Count the calls of an endpoint in the next cycle."""
    trial.simulator.control.reset()
    trial.cycle()
    return int(trial.simulator.control.stats()["requests"].get(endpoint, 0))


def others_are_well(trial: Trial) -> bool:
    return {"stale", "missing"}.isdisjoint(trial.cycles[-1].sources("live", "detail", "home", "competition"))


@pytest.mark.parametrize("fault", ["http429=30", "body429"])
def test_a_429_stops_its_endpoint_for_all_workers_at_once(
    trial: Trial, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    trial.inject(f"{fault}@{ODDS}")
    assert 1 <= (sent := asked(trial)) <= WORKERS  # those that were on their way
    assert others_are_well(trial)
    failed, not_sent = (one for one in trial.cycles[-1].problems if one.startswith("odds: "))
    assert failed.startswith(f"odds: {sent} failed: ")
    assert "429" in failed
    listed = len(trial.cycles[-1].records)
    assert not_sent.startswith(f"odds: {listed - sent} not asked for: odds/history rests for ")
    assert any("429" in one.message and "rate limit" in one.message for one in caplog.records)
    trial.recovers()
    trial.wait(1)
    assert asked(trial) == 0
    assert others_are_well(trial)
    trial.wait(62)
    assert asked(trial) >= NEARLY_ALL
    assert trial.cycles[-1].complete


def test_a_503_with_retry_after_stops_its_endpoint_too(trial: Trial) -> None:
    trial.inject(f"http503=30@{ODDS}")
    assert 1 <= asked(trial) <= WORKERS
    trial.recovers()
    trial.wait(2)
    assert asked(trial) == 0


def test_a_rest_of_years_ends_after_ten_minutes(trial: Trial) -> None:
    trial.inject(f"http429=99999999@{ODDS}")
    asked(trial)
    trial.recovers()
    trial.wait(MAX_COOLDOWN_S - 5)
    assert asked(trial) == 0
    trial.wait(6)
    assert asked(trial) >= NEARLY_ALL


def test_a_short_rest_is_waited_for_within_the_cycle(vendor: RunningSimulator, tmp_path: Path) -> None:
    with begin(vendor, tmp_path, FOOTY_INTERVAL="10") as trial:
        trial.inject(f"http429=0x1@{ODDS}")
        cycle = trial.cycle()
        assert cycle.complete
        assert cycle.complaints(None) == []


def test_a_refused_endpoint_is_said_once_and_asked_again_after_a_minute_doubling_to_15(
    trial: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    trial.inject(f"err_url@{ODDS}")
    assert 3 <= asked(trial) <= 3 + WORKERS
    assert others_are_well(trial)
    pauses, pause = [], 0
    for _ in range(30):
        trial.wait(60)
        pause += 60
        if asked(trial):
            assert trial.simulator.control.stats()["requests"][ODDS] == 1
            pauses.append(pause)
            pause = 0
    assert pauses == [60, 120, 240, 480, 900]
    assert len([one for one in caplog.records if "not authorized" in one.message]) == 1
    trial.recovers()
    trial.wait(900)
    asked(trial)  # the probe
    trial.wait(2)
    assert asked(trial) >= NEARLY_ALL
    assert "stale" not in trial.cycles[-1].sources("odds")


def test_what_is_refused_from_the_start_makes_nothing_incomplete(trial: Trial) -> None:
    trial.inject(f"err_url@{ODDS}")
    cycle = trial.cycle()
    assert set(cycle.sources("odds")) == {"refused"}
    assert cycle.complete
    assert cycle.problems == []
    assert trial.app.counters.error_rate() == 0
    assert [str(one) for one in trial.app.transport.breaker.not_in_plan()] == [ODDS]


def test_what_the_plan_loses_is_named_as_long_as_old_values_are_shown(trial: Trial) -> None:
    trial.cycle()
    trial.inject(f"err_url@{ODDS}")
    trial.cycle()
    trial.wait(2)
    cycle = trial.cycle()
    assert set(cycle.sources("odds")) == {"stale"}
    assert not cycle.complete
    [problem] = cycle.problems
    assert problem.endswith("values; not in the account's plan: odds/history")
    assert len(problem) < 100


@pytest.mark.parametrize(
    ("endpoint", "parts"), [(ODDS, ("odds",)), (DETAIL, ("detail",)), (TEAM, ("home", "away"))]
)
def test_a_single_refusal_of_an_endpoint_that_answers_is_not_the_accounts(
    trial: Trial, endpoint: str, parts: tuple[Part, ...]
) -> None:
    trial.inject("pages_refused", f"err_urlx1@{endpoint}")  # of a row by id
    cycle = trial.cycle()
    assert "refused" not in cycle.sources()
    assert "missing" in cycle.sources(*parts)
    assert not cycle.complete


def test_a_refused_live_list_is_asked_for_slowly(trial: Trial) -> None:
    well = trial.cycle()
    trial.inject(f"err_unauthorized@{LIVE}")
    total = 0
    for _ in range(20):
        trial.wait(60)
        total += asked(trial, LIVE)
        assert trial.cycles[-1].outcome.error is not None
        assert trial.cycles[-1].records.keys() == well.records.keys()
    assert total <= 3 + 5
    trial.recovers()
    trial.wait(900)
    trial.cycle()
    assert trial.cycles[-1].outcome.error is None
