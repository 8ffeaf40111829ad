"""The service as a process whose vendor is ill: what its log, health, status and exit codes say of it."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from footy.errors import Exit
from tests.support.harness import LIVE, ODDS
from tests.support.place import SECRET, Place, complaints, heartbeat, wait_until
from thesports_simulator.process import RunningSimulator, start

MATCHES = 3


@dataclass
class Patient:
    """A service and its vendor."""

    place: Place
    vendor: RunningSimulator
    service: Popen[str]

    def has_run(self, cycles: int) -> None:
        """Wait until the service has ended so many cycles."""
        wait_until(lambda: heartbeat(self.place.files, self.service.pid)["cycle"] >= cycles)

    def log(self) -> str:
        return self.place.files.log.read_text(encoding="utf-8")

    def logged(self, words: str) -> list[str]:
        return [line for line in self.log().splitlines() if words in line]

    def snapshot(self) -> dict[str, Any]:
        snapshot: dict[str, Any] = json.loads(self.place.files.matches.read_bytes())
        return snapshot

    def sources(self, part: str) -> set[str]:
        return {record[f"{part}_source"] for record in self.snapshot()["matches"]}

    def asked(self, endpoint: str) -> int:
        return int(self.vendor.control.stats()["requests"].get(endpoint, 0))


class Ward:
    """Patients that are ill at the same time, so that their intervals pass together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._leaving = ExitStack()

    def admit(self, name: str, *faults: str, **settings: object) -> Patient:
        vendor = self._leaving.enter_context(
            start(matches=MATCHES, odds="light", secret=SECRET, speed=0, faults=faults)
        )
        (self._folder / name).mkdir()
        place = self._leaving.enter_context(Place(self._folder / name, FOOTY_INTERVAL=2, FOOTY_BACKOFF=0.01))
        place.ask(vendor)
        place.set(**settings)
        return Patient(place, vendor, place.begin())

    def close(self) -> None:
        self._leaving.close()


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Patient]]:
    ward = Ward(tmp_path_factory.mktemp("ward"))
    try:
        yield {
            "without the live list": ward.admit("list", f"err_url@{LIVE}"),
            "without odds": ward.admit("odds", f"err_url@{ODDS}", FOOTY_WORKERS=1),
            "that is slow": ward.admit("slow", f"hang@{ODDS}", FOOTY_STRATEGY="per-match"),
            "that makes up": ward.admit(
                "mock", f"http500@{ODDS}", "http500@team/additional/list", FOOTY_FALLBACK="stale,mock"
            ),
            "that loses the list": ward.admit("stale"),
        }
    finally:
        ward.close()


def test_a_refused_endpoint_is_asked_three_times_said_once_and_done_without(ward: dict[str, Patient]) -> None:
    patient = ward["without odds"]
    patient.has_run(3)

    assert patient.asked(ODDS) == 3
    [line] = patient.logged("not authorized, asked again from time to time")
    assert " ERROR " in line
    assert len(patient.logged("API call failed")) == 1
    assert patient.sources("odds") == {"refused"}
    assert patient.snapshot()["meta"]["complete"]
    assert patient.place.run("health").returncode == Exit.OK
    said = patient.place.run("status").stdout
    assert "Not in the account's plan: odds/history" in said.splitlines()
    assert "Problem" not in said
    assert patient.snapshot()["meta"]["problems"] == []
    assert patient.logged("CRITICAL: API error rate") == []


def test_what_is_not_in_the_plan_is_known_to_the_next_start_and_no_error_of_it(tmp_path: Path) -> None:
    refused = ["odds/live", "odds/update", "deleted", "category/list"]
    faults = [f"err_url@{endpoint}" for endpoint in refused]
    with (
        start(matches=MATCHES, odds="light", secret=SECRET, faults=faults) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2) as place,
    ):
        place.ask(vendor)
        patient = Patient(place, vendor, place.begin_service())
        wait_until(lambda: len(patient.logged("not authorized, asked again from time to time")) == 4)
        patient.service.terminate()
        patient.service.wait(timeout=10)
        assert patient.logged("CRITICAL") == []

        place.files.log.unlink()
        vendor.control.reset()
        patient = Patient(place, vendor, place.begin_service())
        patient.has_run(4)

        assert [patient.asked(endpoint) for endpoint in refused] == [1, 1, 1, 1]
        assert [line for line in patient.log().splitlines() if " INFO " not in line] == []
        assert patient.snapshot()["meta"]["problems"] == []
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
        patient = Patient(place, vendor, place.begin())
        wait_until(place.files.matches.exists)
        wait_until(lambda: patient.snapshot()["meta"]["complete"])
        cycles = patient.logged("TOTAL CYCLE TIME")
        assert len(cycles) > 1, "one cycle is too short for all of it"
        assert patient.logged("CRITICAL") == []

        vendor.control.settings(latency=1.7)

        wait_until(lambda: patient.logged("CRITICAL: total cycle time"))


def test_a_service_whose_live_list_is_refused_goes_on_slowly_and_is_unhealthy(
    ward: dict[str, Patient],
) -> None:
    patient = ward["without the live list"]
    patient.has_run(4)

    assert patient.asked(LIVE) == 3
    assert len(patient.logged("not authorized, asked again from time to time")) == 1
    assert patient.service.poll() is None
    assert not patient.place.files.matches.exists()
    for command in ("health", "status"):
        said = patient.place.run(command)
        assert said.returncode == Exit.UNHEALTHY
        assert said.stdout.startswith("Pipeline is stale: no cycle has succeeded in ")
        assert "last error: live list unavailable: the endpoint is not authorized" in said.stdout


def test_a_list_that_gets_stale_is_said_at_once_in_the_snapshot_and_the_status(
    ward: dict[str, Patient],
) -> None:
    patient = ward["that loses the list"]
    wait_until(patient.place.files.matches.exists)
    wait_until(lambda: patient.snapshot()["meta"]["complete"])
    first = patient.snapshot()["meta"]

    patient.vendor.control.set_faults(f"http500@{LIVE}")
    wait_until(lambda: heartbeat(patient.place.files)["last_error"])

    assert not patient.snapshot()["meta"]["complete"]
    assert patient.snapshot()["meta"]["cycle"] > first["cycle"]
    assert patient.sources("live") == {"stale"}
    said = patient.place.run("status")
    assert said.returncode == Exit.OK  # until 180 s without a success
    assert "incomplete" in said.stdout
    assert "Last cycle failed: live list unavailable: HTTP status 500" in said.stdout
    assert "Problem: Live list" not in said.stdout, "it is said once"


def test_what_is_made_up_is_said_in_the_guides_words_and_marked(ward: dict[str, Patient]) -> None:
    patient = ward["that makes up"]
    patient.has_run(2)

    assert len(patient.logged("Falling back to mock data")) >= 2
    assert patient.sources("odds") | patient.sources("home") == {"mock"}
    assert patient.sources("live") == {"fresh"}
    assert not patient.snapshot()["meta"]["complete"]
    assert "something in it is missing, stale or made up" in patient.place.run("status").stdout


def test_no_list_is_no_snapshot_even_where_values_are_made_up(
    ward: dict[str, Patient], tmp_path: Path
) -> None:
    vendor = ward["without the live list"].vendor
    with Place(tmp_path, FOOTY_FALLBACK="stale,mock") as place:
        place.ask(vendor)

        single = place.run("--once")

    assert single.returncode == Exit.REFUSED
    [line] = complaints(single)
    assert line.startswith("footy: The vendor refuses: the endpoint is not authorized")
    assert single.stdout == ""


def test_an_indicator_is_logged_when_it_changes_and_stands_in_the_status_until_then(
    ward: dict[str, Patient],
) -> None:
    patient = ward["that is slow"]  # each of its cycles lasts until its deadline, 0.8 of the interval
    patient.has_run(3)

    for words in ("total cycle time", "enrichment time", "sleep time"):
        assert len(patient.logged(f"CRITICAL: {words}")) == 1
    said = patient.place.run("status").stdout
    assert re.search(r"^Indicator: critical: total cycle time 1\.\d\d s of 2 s$", said, re.MULTILINE), said

    patient.vendor.control.clear_faults()

    wait_until(lambda: "cycle" not in heartbeat(patient.place.files)["indicators"])
    assert patient.logged("INFO    footy.service.indicators: Back to normal: total cycle time")
    assert "critical: total cycle time" not in patient.place.run("status").stdout
