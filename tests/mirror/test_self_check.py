"""The self-check goes round all matches, and no faster than it reads them."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from footy.mirror.inputs import CycleInputs
from footy.pipeline.fetch import Fetcher
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.request import Priority, Request
from footy.thesports.retry_budget import RetryBudget
from tests.pipeline.test_odds_order import histories
from tests.pipeline.test_truth import watched


@pytest.mark.parametrize(("interval", "at_once"), [(5, 1), (60, 2)])
def test_the_self_check_reads_each_match_once_before_it_reads_one_twice(
    tmp_path: Path, interval: int, at_once: int
) -> None:
    with watched(tmp_path, interval=interval) as watch:
        watch.simulator.control.settings(frozen=True)
        for _ in range(3):
            watch.cycle()
            watch.wait(5)
        matches = len(watch.state.matches)
        checked: list[str] = []
        for _ in range(matches // at_once):
            asked, _ = histories(watch)
            assert len(asked) == at_once
            checked += asked
            watch.wait(5)
        assert len(set(checked)) == len(checked)


DETAIL, ODDS = endpoints.DETAIL, endpoints.ODDS


@pytest.mark.parametrize(
    ("planned", "seconds", "left", "fault", "done"),
    [
        ("", 5.0, None, "", 2),
        ("", 5.0, None, "unknown_uuid", 2),
        ("", 5.0, 1, "", 1),
        ("", 0.0, None, "", 0),
        ("first", 0.0, None, "", 1),
        ("second", 0.0, None, "", 0),
    ],
)
def test_a_check_is_done_once_the_match_was_asked_about_whatever_came_of_it(
    tmp_path: Path, planned: str, seconds: float, left: int | None, fault: str, done: int
) -> None:
    """Not if the time was up or the quota spent before; a match that is read anyway needs no call."""
    with watched(tmp_path) as watch, ThreadPoolExecutor(2) as executor:
        watch.simulator.control.set_faults(*([fault] if fault else []))
        first, second, *_ = watch.world.live_ids(int(time.time()))
        fetcher = Fetcher(
            Client(watch.app.transport),
            cast("Any", None),
            executor,
            workers=2,
            budget=RetryBudget(time.monotonic() + seconds),
            inputs=CycleInputs(time.time(), 5, early_window=(2, 6), left={ODDS: left}),
        )
        ids = {"first": first, "second": second}
        fetcher.add([Request(ODDS, ids[planned], priority=Priority.ODDS)] if planned else [])
        checks = [Request(ODDS, one, priority=Priority.CHECK, watermark=1) for one in ids.values()]
        fetcher.add(checks)
        for _ in fetcher.run():
            pass
        assert fetcher.answers.checked == done
