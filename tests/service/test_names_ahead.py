"""Names ahead of need: when the service reads them, and what a new match costs then."""

import contextlib
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from footy.outputs.snapshot_file import SnapshotFile
from footy.service.cycle_job import CycleJob
from footy.service.heartbeat import HeartbeatFile
from footy.service.paths import Files
from footy.settings import load
from tests.support.caller import eventually
from tests.support.harness import COMPETITION, EPOCH, QUICK, TEAM, Trial, begin
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=8, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


def job_of(trial: Trial, files: Files) -> CycleJob:
    settings = load({**QUICK, "FOOTY_INTERVAL": "60"}, Path("absent")).settings
    heartbeat_file = HeartbeatFile(files, started_at=0.0, interval_s=settings.interval, mode="live")
    return CycleJob(settings, trial.app, [SnapshotFile(files.folder)], heartbeat_file)


def pages(trial: Trial, since: int = 0) -> list[dict[str, Any]]:
    """Return the replies about pages of teams and competitions."""
    log = trial.simulator.control.log(since)
    return [one for one in log if one["endpoint"] in {TEAM, COMPETITION} and not one["uuid"]]


def has_pages(trial: Trial, since: int) -> bool:
    return bool(pages(trial, since))


def test_a_page_is_read_after_a_cycle(vendor: RunningSimulator, tmp_path: Path) -> None:
    seen = vendor.control.last_number()
    with begin(vendor, tmp_path) as trial:
        job_of(trial, Files(tmp_path))()
        eventually(lambda: bool(pages(trial, seen)))
        (page,) = pages(trial, seen)
        assert (page["endpoint"], page["page"]) == (COMPETITION, "1")
        eventually(Files(tmp_path).catalogue.exists)


def test_none_is_read_if_that_is_switched_off(vendor: RunningSimulator, tmp_path: Path) -> None:
    seen = vendor.control.last_number()
    with begin(vendor, tmp_path, FOOTY_PREFETCH="off") as trial:
        job_of(trial, Files(tmp_path))()
        trial.app.pipeline.prefetch(30)
    assert pages(trial, seen) == []
    assert not Files(tmp_path).catalogue.exists()


def test_a_cycle_alone_as_of_once_reads_none(vendor: RunningSimulator, tmp_path: Path) -> None:
    seen = vendor.control.last_number()
    with begin(vendor, tmp_path) as trial:
        trial.cycle()
    assert pages(trial, seen) == []


def progress(path: Path) -> list[tuple[Any, ...]]:
    """Return how far the catalogue is; it changes once a page has been stored."""
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT * FROM progress ORDER BY endpoint").fetchall()


def is_stored(path: Path, before: list[tuple[Any, ...]]) -> bool:
    return progress(path) != before


def test_a_new_match_needs_no_call_for_its_names_and_they_are_true(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with begin(vendor, tmp_path, FOOTY_INTERVAL="60", FOOTY_TIMEOUT="5") as trial:
        before, catalogue = trial.cycle(), Files(tmp_path).catalogue
        for number in range(1, 6):
            seen, stored = vendor.control.last_number(), progress(catalogue)
            trial.app.pipeline.prefetch(30)
            if number < 5:
                eventually(partial(has_pages, trial, seen))
                eventually(partial(is_stored, catalogue, stored))
            trial.wait(60)
        for _ in range(3):
            trial.wait(1800)
            seen = vendor.control.last_number()
            cycle = trial.cycle()
            assert cycle.complaints(before) == []
            named = [
                one for one in trial.simulator.control.log(seen) if one["endpoint"] in {TEAM, COMPETITION}
            ]
            assert named == []
            before = cycle
        assert len({match for one in trial.cycles for match in one.records}) > 8
