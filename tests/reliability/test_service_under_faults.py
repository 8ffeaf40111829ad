"""The service as a process while its vendor fails: its log, health, status and exit codes."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import msgspec
import pytest

from footy.errors import Exit
from tests.support.harness import LIVE, ODDS
from tests.support.place import SECRET, Place, complaints, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

MATCHES = 3


@dataclass
class Instance:
    """A service and its vendor."""

    place: Place
    vendor: RunningSimulator
    process: Popen[str]

    def has_run(self, cycles: int) -> None:
        """Wait until the service has ended so many cycles."""
        wait_until(lambda: heartbeat(self.place.files, self.process.pid)["cycle"] >= cycles)

    def log(self) -> str:
        return self.place.files.log.read_text(encoding="utf-8")

    def logged(self, words: str) -> list[str]:
        return [line for line in self.log().splitlines() if words in line]

    def snapshot(self) -> dict[str, Any]:
        snapshot: dict[str, Any] = msgspec.json.decode(self.place.files.matches.read_bytes())
        return snapshot

    def sources(self, part: str) -> set[str]:
        return {record[f"{part}_source"] for record in self.snapshot()["matches"]}

    def asked(self, endpoint: str) -> int:
        return int(self.vendor.control.stats()["requests"].get(endpoint, 0))


class Instances:
    """Services whose vendors fail at the same time, so that their intervals pass together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def add(self, name: str, *faults: str, **settings: object) -> Instance:
        vendor = self._stack.enter_context(
            start(matches=MATCHES, odds="light", secret=SECRET, speed=0, faults=faults)
        )
        (self._folder / name).mkdir()
        place = self._stack.enter_context(Place(self._folder / name, FOOTY_INTERVAL=2, FOOTY_BACKOFF=0.01))
        place.ask(vendor)
        place.set(**settings)
        return Instance(place, vendor, place.begin())

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Instance]]:
    instances = Instances(tmp_path_factory.mktemp("instances"))
    try:
        yield {
            "without the live list": instances.add("list", f"err_url@{LIVE}"),
            "without odds": instances.add("odds", f"err_url@{ODDS}", FOOTY_WORKERS=1),
            "that is slow": instances.add("slow", f"hang@{ODDS}", FOOTY_STRATEGY="per-match"),
            "that makes up": instances.add(
                "mock", f"http500@{ODDS}", "http500@team/additional/list", FOOTY_FALLBACK="stale,mock"
            ),
            "that loses the list": instances.add("stale"),
        }
    finally:
        instances.close()


def test_a_refused_endpoint_is_asked_three_times_said_once_and_done_without(
    instances: dict[str, Instance],
) -> None:
    service = instances["without odds"]
    service.has_run(3)

    assert service.asked(ODDS) == 3
    [line] = service.logged("not authorized, asked again from time to time")
    assert " ERROR " in line
    assert len(service.logged("API call failed")) == 1
    assert service.sources("odds") == {"refused"}
    assert service.snapshot()["meta"]["complete"]
    assert service.place.run("health").returncode == Exit.OK
    said = service.place.run("status").stdout
    assert "Not in the account's plan: odds/history" in said.splitlines()
    assert "Problem" not in said
    assert service.snapshot()["meta"]["problems"] == []
    assert service.logged("CRITICAL: API error rate") == []


def test_what_is_not_in_the_plan_is_known_to_the_next_start_and_no_error_of_it(tmp_path: Path) -> None:
    refused = ["odds/live", "odds/update", "deleted", "category/list"]
    faults = [f"err_url@{endpoint}" for endpoint in refused]
    with (
        start(matches=MATCHES, odds="light", secret=SECRET, faults=faults) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2) as place,
    ):
        place.ask(vendor)
        service = Instance(place, vendor, place.begin_service())
        wait_until(lambda: len(service.logged("not authorized, asked again from time to time")) == 4)
        service.process.terminate()
        service.process.wait(timeout=60)
        assert service.logged("CRITICAL") == []

        place.files.log.unlink()
        vendor.control.reset()
        service = Instance(place, vendor, place.begin_service())
        service.has_run(4)

        assert [service.asked(endpoint) for endpoint in refused] == [1, 1, 1, 1]
        # A busy machine may take more than a quarter of the interval, which is said too.
        said = [line for line in service.log().splitlines() if not line.endswith(" s of 2 s")]
        assert [line for line in said if " INFO " not in line] == []
        assert service.snapshot()["meta"]["problems"] == []
        assert heartbeat(place.files)["indicators"] == {}
        said = place.run("status").stdout.splitlines()
        assert "Not in the account's plan: category/list, odds/live, odds/update, deleted" in said


def test_a_cold_start_at_a_short_interval_is_no_false_alarm_and_a_slow_vendor_later_is_one(
    tmp_path: Path,
) -> None:
    with (
        start(matches=60, odds="light", secret=SECRET, speed=0, latency=0.3) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2) as place,
    ):
        place.ask(vendor)
        service = Instance(place, vendor, place.begin())
        wait_until(place.files.matches.exists)
        wait_until(lambda: service.snapshot()["meta"]["complete"])
        cycles = service.logged("TOTAL CYCLE TIME")
        assert len(cycles) > 1, "one cycle is too short for all of it"
        assert service.logged("CRITICAL") == []

        vendor.control.settings(latency=1.7)

        wait_until(lambda: service.logged("CRITICAL: total cycle time"))


def test_a_service_whose_live_list_is_refused_goes_on_slowly_and_is_unhealthy(
    instances: dict[str, Instance],
) -> None:
    service = instances["without the live list"]
    service.has_run(4)

    assert service.asked(LIVE) == 3
    assert len(service.logged("not authorized, asked again from time to time")) == 1
    assert service.process.poll() is None
    assert not service.place.files.matches.exists()
    for command in ("health", "status"):
        said = service.place.run(command)
        assert said.returncode == Exit.UNHEALTHY
        assert said.stdout.startswith("Pipeline is stale: no cycle has succeeded in ")
        assert "last error: live list unavailable: the endpoint is not authorized" in said.stdout


def test_a_list_that_gets_stale_is_said_at_once_in_the_snapshot_and_the_status(
    instances: dict[str, Instance],
) -> None:
    service = instances["that loses the list"]
    wait_until(service.place.files.matches.exists)
    wait_until(lambda: service.snapshot()["meta"]["complete"])
    first = service.snapshot()["meta"]

    service.vendor.control.set_faults(f"http500@{LIVE}")
    wait_until(lambda: heartbeat(service.place.files)["last_error"])

    assert not service.snapshot()["meta"]["complete"]
    assert service.snapshot()["meta"]["cycle"] > first["cycle"]
    assert service.sources("live") == {"stale"}
    said = service.place.run("status")
    assert said.returncode == Exit.OK  # until 180 s without a success
    assert "incomplete" in said.stdout
    assert "Last cycle failed: live list unavailable: HTTP status 500" in said.stdout
    assert "Problem: Live list" not in said.stdout, "it is said once"


def test_what_is_made_up_is_said_in_the_guides_words_and_marked(instances: dict[str, Instance]) -> None:
    service = instances["that makes up"]
    service.has_run(2)

    assert len(service.logged("Falling back to mock data")) >= 2
    assert service.sources("odds") | service.sources("home") == {"mock"}
    assert service.sources("live") == {"fresh"}
    assert not service.snapshot()["meta"]["complete"]
    assert "something in it is missing, stale or made up" in service.place.run("status").stdout


def test_no_list_is_no_snapshot_even_where_values_are_made_up(
    instances: dict[str, Instance], tmp_path: Path
) -> None:
    vendor = instances["without the live list"].vendor
    with Place(tmp_path, FOOTY_FALLBACK="stale,mock") as place:
        place.ask(vendor)

        single = place.run("--once")

    assert single.returncode == Exit.REFUSED
    [line] = complaints(single)
    assert line.startswith("footy: The vendor refuses: the endpoint is not authorized")
    assert single.stdout == ""


def test_an_indicator_is_logged_when_it_changes_and_stands_in_the_status_until_then(
    instances: dict[str, Instance],
) -> None:
    service = instances["that is slow"]  # each of its cycles lasts until its deadline, 0.8 of the interval
    service.has_run(3)

    for words in ("total cycle time", "enrichment time", "sleep time"):
        assert len(service.logged(f"CRITICAL: {words}")) == 1
    said = service.place.run("status").stdout
    assert re.search(r"^Indicator: critical: total cycle time 1\.\d\d s of 2 s$", said, re.MULTILINE), said

    service.vendor.control.clear_faults()

    wait_until(lambda: "cycle" not in heartbeat(service.place.files)["indicators"])
    assert service.logged("INFO    footy.service.indicators: Back to normal: total cycle time")
    assert "critical: total cycle time" not in service.place.run("status").stdout
