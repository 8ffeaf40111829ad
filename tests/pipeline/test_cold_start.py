"""A cold start by page: the same records as by id, whatever is wrong with the pages."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine

from footy.mirror.state import State
from footy.service.app import running_app
from footy.service.paths import Files
from footy.settings import Mode, load
from tests.pipeline.test_truth import beside
from tests.support.capture import FOLDER, needs_capture
from tests.support.harness import EPOCH
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

PAGES = ("pages_stuck", "pages_unordered", "pages_overlapping", "pages_empty", "pages_refused")
FAILURES = ("http500", "hang", "body_broken", "results_junk", "element_null")
STRATEGIES = ("delta", "per-match")
BY_ID = "pages_refused"
LISTS = ("match/recent/list", "team/additional/list", "competition/additional/list")


class Cold:
    """The first cycle on an empty data folder."""

    def __init__(self, snapshot: dict[str, Any], log: list[dict[str, Any]], progress: set[str]) -> None:
        self.records = {record["match_id"]: record for record in snapshot["matches"]}
        self.meta = snapshot["meta"]
        self.by_id = Counter(reply["endpoint"] for reply in log if reply["uuid"])
        self.by_page = Counter(reply["endpoint"] for reply in log if {"page", "time"} & reply.keys())
        self.progress = progress


def cold_start(
    simulator: RunningSimulator, folder: Path, *faults: str, strategy: str = "delta", **more: str
) -> Cold:
    """Run the first cycle, at the simulator's time, which stands still."""
    settings = load(
        {
            "THESPORTS_USER": simulator.user,
            "THESPORTS_SECRET": simulator.secret,
            "FOOTY_BASE_URL": simulator.base_url,
            "FOOTY_RATE_LIMITS": "off",
            "FOOTY_BACKOFF": "0.01",
            "FOOTY_TIMEOUT": "1" if "hang" in "".join(faults) else "20",
            "FOOTY_STRATEGY": strategy,
            **more,
        },
        Path("absent"),
    ).settings
    control = simulator.control
    seen = control.last_number()
    control.set_faults(*faults)
    ways: set[str] = set()
    try:
        with (
            time_machine.travel(control.clock()["now"], tick=False),
            running_app(settings, Mode.LIVE, Files(folder)) as app,
        ):
            outcome = app.pipeline.run(State(), 1, progress=lambda _done, _planned, way: ways.add(way))
    finally:
        control.clear_faults()
    assert outcome.snapshot is not None
    return Cold(dict(outcome.snapshot), control.log(seen), ways)


Known = dict[tuple[str, str], Cold]


@contextmanager
def world(matches: int) -> Iterator[RunningSimulator]:
    with start(matches=matches, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def small() -> Iterator[RunningSimulator]:
    """A vendor whose lists are shorter than a page."""
    with world(40) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def known() -> Known:
    """Cold starts with nothing wrong, by vendor and strategy, for the tests of this module."""
    return {}


def right(simulator: RunningSimulator, known: Known, folder: Path, strategy: str = "delta") -> Cold:
    key = simulator.base_url, strategy
    if key not in known:
        known[key] = cold_start(simulator, folder / "right", strategy=strategy)
    return known[key]


@pytest.fixture(scope="module")
def large() -> Iterator[RunningSimulator]:
    """A vendor whose changes of two hours, and whose teams, fill more than a page."""
    with world(420) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def capture() -> Iterator[RunningSimulator]:
    with start(capture=FOLDER, speed=0) as simulator:
        yield simulator


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_records_are_the_same_by_page_and_by_id(
    small: RunningSimulator, known: Known, tmp_path: Path, strategy: str
) -> None:
    by_page = right(small, known, tmp_path, strategy)
    by_id = cold_start(small, tmp_path / "id", BY_ID, strategy=strategy)
    assert by_page.records == by_id.records
    assert by_page.meta["complete"]
    assert by_id.meta["complete"]
    assert by_page.by_page["match/recent/list"] == by_page.by_page["competition/additional/list"] == 1
    assert by_id.by_id["match/recent/list"] == len(by_id.records)
    assert by_page.by_id["match/recent/list"] <= 4
    assert by_page.by_id["competition/additional/list"] == 0


@pytest.mark.parametrize(
    ("fault", "strategy"),
    [
        *((fault, strategy) for fault in PAGES for strategy in STRATEGIES),
        *((f"{failure}x1@{endpoint}", "delta") for failure in FAILURES for endpoint in (LISTS[0], LISTS[2])),
    ],
)
def test_a_page_that_is_wrong_costs_some_calls_and_no_value(
    small: RunningSimulator, known: Known, tmp_path: Path, fault: str, strategy: str
) -> None:
    wrong = cold_start(small, tmp_path / "wrong", fault, strategy=strategy)
    assert wrong.records == right(small, known, tmp_path, strategy).records
    assert wrong.meta["complete"]
    assert wrong.meta["problems"] == []


@pytest.mark.parametrize("fault", PAGES[:3])
def test_lists_of_several_pages_bring_the_same_however_they_are_cut(
    large: RunningSimulator, known: Known, tmp_path: Path, fault: str
) -> None:
    wrong = cold_start(large, tmp_path / "wrong", fault)
    good = right(large, known, tmp_path)
    assert wrong.records == good.records
    assert wrong.meta["complete"]
    assert good.by_page["match/recent/list"] >= 2
    assert good.by_page["team/additional/list"] >= 3
    assert good.meta["requests"] < len(good.records) + 40
    if fault == "pages_stuck":
        assert wrong.by_id["match/recent/list"] > 4
        assert wrong.by_id["team/additional/list"] > 4


def test_what_pages_bring_is_true(large: RunningSimulator, tmp_path: Path) -> None:
    with beside(large, tmp_path, interval=60) as watch:
        snapshot = watch.cycle()
        assert snapshot["meta"]["complete"], snapshot["meta"]["problems"]
        assert not watch.falsehoods(snapshot["matches"])


@needs_capture
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_records_of_the_capture_are_the_same_by_page_and_by_id(
    capture: RunningSimulator, tmp_path: Path, strategy: str
) -> None:
    by_id = cold_start(capture, tmp_path / "id", BY_ID, strategy=strategy)
    for fault in (None, *PAGES):
        folder = tmp_path / (fault or "page")
        by_page = cold_start(capture, folder, *([fault] if fault else []), strategy=strategy)
        assert by_page.records == by_id.records, fault
        assert fault is not None or by_page.by_id["match/recent/list"] <= 4


def test_with_filters_only_the_teams_of_wanted_matches_are_read(
    small: RunningSimulator, tmp_path: Path
) -> None:
    everything = cold_start(small, tmp_path / "all")
    country = next(record["country"] for record in everything.records.values() if record["country"])
    chosen = {one: record for one, record in everything.records.items() if record["country"] == country}
    some = cold_start(small, tmp_path / "some", FOOTY_COUNTRIES=country)
    assert some.records == chosen
    assert some.by_page["match/recent/list"] == some.by_page["competition/additional/list"] == 1
    assert some.by_id["team/additional/list"] <= 2 * len(chosen)


def test_a_quota_of_few_calls_is_spent_on_a_page(small: RunningSimulator, tmp_path: Path) -> None:
    limited = cold_start(small, tmp_path, FOOTY_RATE_LIMITS="match/recent/list=8/60")
    assert limited.meta["complete"], limited.meta["problems"]


def test_the_log_and_the_progress_say_which_way_was_taken(
    small: RunningSimulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "footy.pipeline.rounds"):
        cold = cold_start(small, tmp_path)
    said = [one.getMessage() for one in caplog.records if one.name == "footy.pipeline.rounds"]
    assert said[0] == "Match details: 40 are missing; reading them by page"
    assert said[1].startswith("Match details: 39 of 40 found on 1 page; ")
    assert "Competitions: 16 are missing; reading them by page" in said
    assert "Competitions: 16 of 16 found on 1 page; nothing is left" in said
    assert any(one.startswith("Teams: ") and one.endswith("are missing; reading them by id") for one in said)
    assert {"by page", "by id"} <= cold.progress


def test_a_steady_cycle_reads_no_page(small: RunningSimulator, tmp_path: Path) -> None:
    with beside(small, tmp_path, interval=60) as watch:
        watch.cycle()
        seen = small.control.last_number()
        watch.cycle()
        assert not [reply for reply in small.control.log(seen) if "page" in reply]
