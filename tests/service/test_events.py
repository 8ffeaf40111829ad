"""The service and its log of events, as processes: killed, restarted, switched off."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from footy.history.log import Extent
from footy.history.sqlite_log import opened_for_reading
from tests.support.place import SECRET, Place, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


@pytest.fixture
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=30, odds="light", secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def place(tmp_path: Path, vendor: RunningSimulator) -> Iterator[Place]:
    with Place(tmp_path, FOOTY_INTERVAL=2) as place:
        place.ask(vendor)
        yield place


def extent(place: Place) -> Extent:
    with closing(opened_for_reading(place.files.events)) as log:
        return log.extent()


def newest(place: Place) -> int:
    return extent(place).newest


def is_beyond(place: Place, before: int) -> bool:
    return newest(place) > before


def test_a_service_that_is_killed_goes_on_where_its_log_ends(place: Place, vendor: RunningSimulator) -> None:
    service = place.begin_service()
    epoch = extent(place).epoch
    for _ in range(2):
        before = newest(place)
        vendor.control.advance(600)
        wait_until(partial(is_beyond, place, before))
    service.kill()  # in the middle of that cycle, as a rule
    service.wait()
    killed_at = newest(place)
    vendor.control.advance(600)

    service = place.begin_service()
    service.terminate()
    assert service.wait() == 0

    log = opened_for_reading(place.files.events)
    events = log.read(0, 10_000)
    assert log.extent().epoch == epoch
    assert [one.sequence for one in events] == list(range(1, log.extent().newest + 1))
    assert len({one.id for one in events}) == len(events)
    assert {one.type for one in events[killed_at:]} & {
        "goal",
        "yellow",
        "substitution",
        "full_time",
        "half_time",
    }
    # What was emitted is what the last snapshot shows, but for what has to be confirmed.
    records = json.loads(place.files.matches.read_bytes())["matches"]
    states = {one.match_id: one for one in log.states()}
    for record in records:
        state = states[record["match_id"]]
        assert state.status_id == record["status_id"]
        shown = (record["home_score"], record["away_score"])
        if state.score is not None and not state.waits and None not in shown:
            assert (state.score.home, state.score.away) == shown
    assert heartbeat(place.files)["events_position"] == f"{epoch}-{log.extent().newest}"
    assert place.files.events.stat().st_mode & 0o777 == 0o600
    log.close()


def test_a_log_that_cannot_be_used_costs_no_snapshot_and_no_health(place: Place) -> None:
    place.files.events.mkdir(parents=True)

    service = place.begin_service()

    assert json.loads(place.files.matches.read_bytes())["matches"]
    health = place.run("health")
    assert (health.returncode, health.stdout.startswith("Pipeline is running")) == (0, True)
    status = place.run("status").stdout.splitlines()
    [said] = [line for line in status if line.startswith("Events: ")]
    assert said.startswith("Events: The log footy.db cannot be opened: unable to open database file; ")
    assert heartbeat(place.files)["events_problem"] == said.removeprefix("Events: ")
    service.terminate()
    assert service.wait() == 0


def test_events_that_are_switched_off_cost_nothing(place: Place) -> None:
    place.set(FOOTY_EVENTS="off", FOOTY_JSONL="on")
    script = (
        "import sys; from footy.cli import main; code = main([]); ours = ('footy.events', 'footy.history'); "
        "sys.exit(code or ' '.join(name for name in sys.modules if name.startswith(ours)) or 0)"
    )
    service = place.begin_program(sys.executable, "-c", script)
    wait_until(lambda: heartbeat(place.files, service.pid)["cycle"])
    service.terminate()
    _, said = service.communicate()
    assert service.returncode == 0, said
    assert not place.files.events.exists()
    assert "FOOTY_EVENTS is off: nothing comes of FOOTY_JSONL" in place.files.log.read_text()


def test_a_rules_file_that_is_not_there_is_said_at_the_start(place: Place) -> None:
    place.set(FOOTY_ALERTS="no-such.toml")
    service = place.begin()
    wait_until(lambda: heartbeat(place.files, service.pid)["cycle"])
    service.terminate()
    assert service.wait() == 0
    assert "FOOTY_ALERTS names no-such.toml, which is not there" in place.files.log.read_text()


def test_one_cycle_alone_writes_no_events(place: Place) -> None:
    assert place.run("--once").returncode == 0
    assert not place.files.events.exists()
