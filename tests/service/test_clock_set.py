"""The machine's clock is set, by any amount, while footy runs: it costs at most one interval."""

import datetime as dt
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytz
import time_machine

from footy.clock import MachineClock
from footy.service.schedule import EveryInterval
from tests.pipeline.test_cycle import Running, running

STEPS = {"a second back": -1.5, "an hour back": -3600, "to 1970": -1.7e9, "an hour ahead": 3600}
STEPS |= {"a day ahead": 86_400, "ten years ahead": 10 * 365 * 86_400}


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(dt.datetime.now(pytz.utc), tick=True) as moved:
        yield moved


@pytest.mark.clock_is_set
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_clock_that_is_set_costs_no_call_and_nothing_that_is_held(
    tmp_path: Path, clock: Any, caplog: pytest.LogCaptureFixture, step: float
) -> None:
    with running(tmp_path, FOOTY_INTERVAL="60") as footy:
        footy.cycle()
        steady = _calls(footy)
        before = footy.snapshot()
        caplog.clear()
        clock.shift(step)
        after = footy.snapshot()
        assert footy.calls().get("match/detail_live") == 1
        assert sum(footy.calls().values()) <= sum(steady.values())
        assert after["meta"]["counts"]["live"] == before["meta"]["counts"]["live"]
        assert after["meta"]["complete"]
        assert any("clock was set by" in record.getMessage() for record in caplog.records)
        caplog.set_level(logging.WARNING)
        now = time.time()
        for record in after["matches"]:
            assert record["minute"] is None or record["minute"] < 150
            for part in ("fetched_at", "detail_fetched_at", "odds_fetched_at"):
                at = dt.datetime.fromisoformat(record[part]).timestamp()
                assert -1 < now - at < 120, part
            assert record["data_age_s"] < 120
        again = footy.snapshot()
        assert sum(footy.calls().values()) <= sum(steady.values())
        assert again["meta"]["complete"]


def _calls(footy: Running) -> dict[str, int]:
    footy.cycle()
    return footy.calls()


@pytest.mark.clock_is_set
def test_time_goes_on_evenly_until_the_clock_is_followed(clock: Any) -> None:
    ours = MachineClock()
    began = ours.now()
    clock.shift(3600)
    assert ours.now() - began < 60
    assert ours.follow() == pytest.approx(3600, abs=1)
    assert ours.now() - began == pytest.approx(3600, abs=60)
    assert ours.follow() == 0


@pytest.mark.parametrize("years", [0, 10, 56])
def test_runs_that_a_clock_set_ahead_seems_to_have_missed_are_not_made_up(years: int) -> None:
    trigger = EveryInterval(seconds=2, timezone=pytz.utc)
    last = dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=pytz.utc)
    now = last + dt.timedelta(days=365 * years, seconds=5)
    following = trigger.get_next_fire_time(last, now)
    assert following is not None
    assert dt.timedelta(0) < following - now <= dt.timedelta(seconds=2)
    assert (following - last) % dt.timedelta(seconds=2) == dt.timedelta(0)


@pytest.mark.parametrize("ahead", [600, -600, 86_400])
def test_a_machine_whose_clock_is_off_publishes_the_vendors_minutes(tmp_path: Path, ahead: int) -> None:
    with running(tmp_path) as footy:
        right = {record["match_id"]: record["minute"] for record in footy.snapshot()["matches"]}
        assert any(right.values())
        footy.simulator.control.set_clock(advance=0)
        with time_machine.travel(time.time() - ahead, tick=True):
            footy.state = type(footy.state)()
            snapshot = footy.snapshot()
        told = {record["match_id"]: record["minute"] for record in snapshot["matches"]}
        assert {key: abs((told[key] or 0) - (right[key] or 0)) <= 1 for key in right} == dict.fromkeys(
            right, True
        )
        side = "behind" if ahead > 0 else "ahead of"
        [said] = [one for one in snapshot["meta"]["problems"] if "clock" in one]
        assert said.startswith("This machine's clock is ")
        assert said.endswith(f" s {side} the vendor's; minutes and prices go by the vendor's")
