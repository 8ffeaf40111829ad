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
from tests.support.harness import LIVE, Bedside, bedside, seconds_of
from thesports_simulator.process import RunningSimulator

DAY = 86_400


@contextmanager
def service(
    vendor: RunningSimulator, folder: Path, interval: int
) -> Iterator[tuple[Bedside, CycleJob, Files]]:
    """What the scheduler runs, run by hand."""
    files = Files(folder)
    settings = load({"FOOTY_INTERVAL": str(interval)}, Path("absent")).settings
    with (
        bedside(vendor, folder, FOOTY_INTERVAL=str(interval)) as bed,
        locked(files, Role.SERVICE) as me,
    ):
        heartbeat_file = HeartbeatFile(files, started_at=me.started_at, interval_s=interval, mode="live")
        yield bed, CycleJob(settings, bed.app, [SnapshotFile(folder)], heartbeat_file), files


def published(files: Files) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(files.matches.read_bytes())
    return snapshot


@pytest.mark.parametrize(("interval", "silence"), [(20, 180), (60, 180), (90, 270)])
def test_a_snapshot_without_a_fresh_list_is_published_for_so_long_and_no_longer(
    vendor: RunningSimulator, tmp_path: Path, interval: int, silence: int
) -> None:
    with service(vendor, tmp_path, interval) as (bed, beat, files):
        beat()
        assert health(files, demo=False).well
        fresh_at = time.time()
        bed.falls_ill(f"http500@{LIVE}")
        for _ in range(silence // interval + 3):
            bed.wait(interval)
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

        bed.recovers()
        bed.wait(interval)
        beat()
        assert published(files)["meta"]["complete"]
        assert health(files, demo=False).well


def test_stale_details_and_odds_are_served_as_long_as_the_match_is_live(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with bedside(vendor, tmp_path) as bed:
        well = bed.cycle()
        others = ("match/recent/list", "odds/history", "odds/live", "odds/update")
        bed.falls_ill(*(f"http500@{endpoint}" for endpoint in others))
        for _ in range(6):
            bed.wait(600)
            before, cycle = bed.cycles[-1], bed.cycle()
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
    with bedside(vendor, tmp_path, FOOTY_INTERVAL="20", FOOTY_TIMEOUT="10") as bed:
        well = bed.cycle()
        bed.falls_ill(*(f"http500@{one}" for one in ("team/additional/list", "country/list")))
        bed.wait(62)
        assert bed.cycle().complaints(well) == []
        for sources in ({"stale", "none"}, {"missing", "none"}):
            for _ in range(2):
                bed.wait(14.9 * DAY)
                cycle = bed.cycle()
            assert set(cycle.sources("country")) <= sources
            assert any(record["country_id"] for record in cycle.records.values())
            bed.wait(DAY)


def test_a_match_that_leaves_the_list_is_not_resurrected(vendor: RunningSimulator, tmp_path: Path) -> None:
    with bedside(vendor, tmp_path) as bed:
        first = bed.cycle()
        while bed.cycle().records.keys() >= first.records.keys():
            bed.wait(60)
        left = first.records.keys() - bed.cycles[-1].records.keys()
        bed.falls_ill(f"http500@{LIVE}", "element_null")
        bed.wait(2)
        assert left.isdisjoint(bed.cycle().records)
        bed.falls_ill(f"element_null@{LIVE}")
        bed.wait(2)
        assert left.isdisjoint(bed.cycle().records)
