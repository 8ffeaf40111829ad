"""Fresh, cache, stale, missing: how far each rung carries, and when a picture is too old to be published."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from footy.outputs.snapshot_file import SnapshotFile
from footy.service.cycle_job import CycleJob
from footy.service.health import health
from footy.service.heartbeat import HeartbeatFile
from footy.service.lock import Role, locked
from footy.service.paths import Files
from footy.settings import load
from tests.support.harness import LIVE, Trial, begin, seconds_of
from thesports_simulator.process import RunningSimulator

DAY = 86_400


@contextmanager
def service(vendor: RunningSimulator, folder: Path, interval: int) -> Iterator[tuple[Trial, CycleJob, Files]]:
    """What the scheduler runs, run by hand."""
    files = Files(folder)
    settings = load({"FOOTY_INTERVAL": str(interval)}, Path("absent")).settings
    with (
        begin(vendor, folder, FOOTY_INTERVAL=str(interval)) as trial,
        locked(files, Role.SERVICE) as me,
    ):
        heartbeat_file = HeartbeatFile(files, started_at=me.started_at, interval_s=interval, mode="live")
        yield trial, CycleJob(settings, trial.app, [SnapshotFile(folder)], heartbeat_file), files


def published(files: Files) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(files.matches.read_bytes())
    return snapshot


@pytest.mark.parametrize(("interval", "silence"), [(20, 180), (60, 180), (90, 270)])
def test_a_snapshot_without_a_fresh_list_is_published_for_so_long_and_no_longer(
    vendor: RunningSimulator, tmp_path: Path, interval: int, silence: int
) -> None:
    with service(vendor, tmp_path, interval) as (trial, beat, files):
        beat()
        assert health(files, demo=False).well
        fresh_at = time.time()
        trial.inject(f"http500@{LIVE}")
        for _ in range(silence // interval + 3):
            trial.wait(interval)
            beat()
            age = time.time() - fresh_at
            meta = published(files)["meta"]
            assert not meta["complete"]
            assert seconds_of(meta["fetched_at"]) == int(fresh_at)
            published_age = seconds_of(meta["published_at"]) - fresh_at
            if age < silence:
                assert published_age == age
            else:
                assert published_age < silence
            judged = health(files, demo=False)
            assert judged.well == (age < silence), judged.line
        assert "HTTP status 500" in health(files, demo=False).line

        trial.recovers()
        trial.wait(interval)
        beat()
        assert published(files)["meta"]["complete"]
        assert health(files, demo=False).well


def test_stale_details_and_odds_are_served_as_long_as_the_match_is_live(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with begin(vendor, tmp_path) as trial:
        well = trial.cycle()
        others = ("match/recent/list", "odds/history", "odds/live", "odds/update")
        trial.inject(*(f"http500@{endpoint}" for endpoint in others))
        for _ in range(6):
            trial.wait(600)
            before, cycle = trial.cycles[-1], trial.cycle()
            assert cycle.complaints(before) == []
        stayed = well.records.keys() & cycle.records.keys()
        assert stayed
        for match_id in stayed:
            now, then = cycle.records[match_id], well.records[match_id]
            assert (now["detail_source"], now["odds_source"]) == ("stale", "stale")
            assert (now["home"], now["detail_fetched_at"]) == (then["home"], then["detail_fetched_at"])
            assert now["data_age_s"] >= 3600


def test_stale_reference_data_is_served_for_30_days(vendor: RunningSimulator, tmp_path: Path) -> None:
    # Patient, since a world that has been moved by two weeks takes its time over the first reply.
    with begin(vendor, tmp_path, FOOTY_INTERVAL="20", FOOTY_TIMEOUT="10") as trial:
        well = trial.cycle()
        trial.inject(*(f"http500@{one}" for one in ("team/additional/list", "country/list")))
        trial.wait(62)
        assert trial.cycle().complaints(well) == []
        for sources in ({"stale", "none"}, {"missing", "none"}):
            for _ in range(2):
                trial.wait(14.9 * DAY)
                cycle = trial.cycle()
            assert set(cycle.sources("country")) <= sources
            assert any(record["country_id"] for record in cycle.records.values())
            trial.wait(DAY)


def test_a_match_that_leaves_the_list_is_not_resurrected(vendor: RunningSimulator, tmp_path: Path) -> None:
    with begin(vendor, tmp_path) as trial:
        first = trial.cycle()
        while trial.cycle().records.keys() >= first.records.keys():
            trial.wait(60)
        left = first.records.keys() - trial.cycles[-1].records.keys()
        trial.inject(f"http500@{LIVE}", "element_null")
        trial.wait(2)
        assert left.isdisjoint(trial.cycle().records)
        trial.inject(f"element_null@{LIVE}")
        trial.wait(2)
        assert left.isdisjoint(trial.cycle().records)
