"""The fixtures of a service: one call in ten minutes, a file, and what becomes of a failure."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from footy.service.app import App, running_app
from footy.service.fixtures import EVERY_S
from footy.service.paths import Files
from footy.settings import Mode, load
from tests.support.place import SECRET, Place
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

PATH = "match/diary"


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=12, odds="light", secret=SECRET) as simulator:
        yield simulator


@contextmanager
def app(vendor: RunningSimulator, folder: Path) -> Iterator[App]:
    vendor.control.clear_faults()
    settings = {
        "THESPORTS_USER": vendor.user,
        "THESPORTS_SECRET": SECRET,
        "FOOTY_BASE_URL": vendor.base_url,
        "FOOTY_ATTEMPTS": "1",
    }
    with running_app(load(settings, Path("absent")).settings, Mode.LIVE, Files(folder)) as running:
        yield running


def calls(vendor: RunningSimulator) -> int:
    asked: dict[str, Any] = vendor.control.stats()["requests"]
    return int(asked.get(PATH, 0))


def age(folder: Path, seconds: float) -> None:
    """Let the file be so old."""
    file = Files(folder).fixtures
    held = json.loads(file.read_text())
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))
    file.write_text(json.dumps({**held, "fetched_at": at}))


def test_the_vendor_is_asked_once_in_ten_minutes_also_over_a_restart(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    before = calls(vendor)
    with app(vendor, tmp_path) as running:
        found = running.fixtures.read()
        assert running.fixtures.read() == found
    with app(vendor, tmp_path) as running:
        assert running.fixtures.read() == found
        assert calls(vendor) == before + 1
        age(tmp_path, EVERY_S + 1)
        running.fixtures.read()
        assert calls(vendor) == before + 2

    assert found["source"] == "fresh"
    assert all(one["home"] and one["away"] and one["competition"] for one in found["fixtures"])
    kickoffs = [one["kickoff_at"] for one in found["fixtures"]]
    assert kickoffs == sorted(kickoffs)
    assert kickoffs


def test_what_was_read_stays_where_asking_fails(vendor: RunningSimulator, tmp_path: Path) -> None:
    with app(vendor, tmp_path) as running:
        found = running.fixtures.read()
        age(tmp_path, EVERY_S + 1)
        vendor.control.set_faults(f"http500@{PATH}")
        stale = running.fixtures.read()
        assert stale["source"] == "stale"
        assert stale["fixtures"] == found["fixtures"]
        vendor.control.clear_faults()
        assert running.fixtures.read()["source"] == "fresh"


def test_an_account_without_fixtures_says_so(vendor: RunningSimulator, tmp_path: Path) -> None:
    with app(vendor, tmp_path) as running:
        vendor.control.set_faults(f"err_url@{PATH}")
        while running.fixtures.read()["source"] is None:
            pass
        assert json.loads(Files(tmp_path).fixtures.read_text())["source"] == "refused"
        assert [str(one) for one in running.transport.breaker.not_in_plan()] == [PATH]
        vendor.control.clear_faults()


def test_once_shows_them_and_neither_record_nor_json_has_them(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with Place(tmp_path) as place:
        place.ask(vendor)
        shown = place.run("--once").stdout
        printed = json.loads(place.run("--once", "--json").stdout)
        fixtures = json.loads(place.files.fixtures.read_text())["fixtures"]

    heading, _, tonight = shown.partition("Kick-off in the next 12 hours")
    assert heading
    assert all(one["home"] in tonight for one in fixtures[:5])
    live = {match["match_id"] for match in printed["matches"]}
    assert fixtures
    assert live.isdisjoint(one["match_id"] for one in fixtures)
