"""Push in a running service: from a message at a real broker to the page, the log and `matches.json`."""

import copy
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from footy.errors import Exit
from footy.sinks.mqtt import STATUS
from tests.sinks.test_mqtt import Reader
from tests.support.authority import make_certificates
from tests.support.broker import Publisher, RunningBroker
from tests.support.place import PROJECT, SECRET, Place, complaints, wait_until
from tests.support.ports import free_port
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=12, odds="light", secret=SECRET, speed=0) as simulator:
        yield simulator


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path / "broker", secret=SECRET) as running:
        yield running


@pytest.fixture
def live(tmp_path: Path, vendor: RunningSimulator) -> Iterator[Place]:
    with Place(tmp_path) as place:
        place.ask(vendor)
        place.set(FOOTY_INTERVAL=60, FOOTY_HTTP_PORT=free_port(), FOOTY_PUSH="on")
        yield place


def records(place: Place) -> dict[str, dict[str, Any]]:
    snapshot = json.loads(place.files.matches.read_bytes())
    return {match["match_id"]: match for match in snapshot["matches"]}


def pushed_in(place: Place) -> str:
    return str(json.loads(place.files.heartbeat.read_bytes()).get("push", {}).get("state"))


def a_match_in_play(vendor: RunningSimulator) -> dict[str, Any]:
    world, at = vendor.world(), int(vendor.control.clock()["now"])
    elements = (world.live_element(match_id, at) for match_id in world.live_ids(at))
    return next(one for one in elements if one is not None and one["score"][1] in {2, 4})


def with_goal(element: dict[str, Any]) -> dict[str, Any]:
    score = copy.deepcopy(element["score"])
    score[2][0] += 1
    return {"id": element["id"], "score": score}


@contextmanager
def publishing(broker: RunningBroker) -> Iterator[Publisher]:
    with closing(Publisher(broker)) as publisher:
        yield publisher


def started(live: Place, broker: RunningBroker, url: str | None = None) -> None:
    live.set(FOOTY_PUSH_URL=url or broker.ws_url)
    live.run("start")
    wait_until(lambda: "Push is connected" in live.files.log.read_text())
    wait_until(lambda: json.loads(live.files.heartbeat.read_bytes())["cycle"] >= 2)  # the poll after it


def test_a_pushed_goal_is_on_the_page_in_the_log_and_in_the_file(
    live: Place, vendor: RunningSimulator, broker: RunningBroker
) -> None:
    started(live, broker)
    element = a_match_in_play(vendor)
    before = records(live)[element["id"]]
    with publishing(broker) as publisher:
        publisher.publish(json.dumps([with_goal(element)]).encode())
        wait_until(lambda: records(live)[element["id"]]["home_score"] == before["home_score"] + 1)

    record = records(live)[element["id"]]
    assert (record["live_source"], record["detail_source"]) == ("push", before["detail_source"])
    events = live.run("events", "--match", element["id"], "--type", "goal").stdout
    assert events.count("goal") >= 1
    status = live.run("status").stdout
    assert live.run("stop").returncode == Exit.OK
    log = live.files.log.read_text()
    assert SECRET not in log + status


def test_a_pushed_goal_goes_to_the_operators_broker_too(
    live: Place, vendor: RunningSimulator, broker: RunningBroker
) -> None:
    live.set(FOOTY_MQTT=broker.url, FOOTY_MQTT_USER=broker.user, FOOTY_MQTT_PASSWORD=broker.secret)
    element = a_match_in_play(vendor)
    with closing(Reader(broker)) as reader:
        started(live, broker)
        reader.until(f"footy/match/{element['id']}")
        with publishing(broker) as publisher:
            publisher.publish(json.dumps([with_goal(element)]).encode())
        goal = json.loads(reader.until("footy/events/goal"))
        assert live.run("stop").returncode == Exit.OK
        reader.until(STATUS, b"offline")
    assert goal["subject"] == element["id"]


def test_over_tls_a_pushed_goal_arrives_with_the_authorities_of_the_settings(
    live: Place, vendor: RunningSimulator, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    live.set(FOOTY_CA_BUNDLE=certificates.authority)
    with RunningBroker(tmp_path / "broker", secret=SECRET, certificate=certificates.server) as broker:
        started(live, broker, broker.wss_url)
        element = a_match_in_play(vendor)
        before = records(live)[element["id"]]["home_score"]
        with publishing(broker) as publisher:
            publisher.publish(json.dumps([with_goal(element)]).encode())
            wait_until(lambda: records(live)[element["id"]]["home_score"] == before + 1)


def test_while_a_broker_hangs_in_the_handshake_the_list_is_polled(live: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"wss://127.0.0.1:{server.getsockname()[1]}/mqtt"
        live.set(FOOTY_INTERVAL=2, FOOTY_PUSH_URL=url)
        live.run("start")
        wait_until(lambda: pushed_in(live) == "silent")
        known = json.loads(live.files.heartbeat.read_bytes())["cycle"]
        wait_until(lambda: json.loads(live.files.heartbeat.read_bytes())["cycle"] >= known + 2)
        assert "Push is silent: it accepts the connection and says nothing" in live.files.log.read_text()
        assert {one["live_source"] for one in records(live).values()} == {"fresh"}


def test_what_a_later_poll_says_wins(live: Place, vendor: RunningSimulator, broker: RunningBroker) -> None:
    live.set(FOOTY_INTERVAL=5)
    started(live, broker)
    element = a_match_in_play(vendor)
    before = records(live)[element["id"]]["home_score"]
    with publishing(broker) as publisher:
        publisher.publish(json.dumps([with_goal(element)]).encode())
        wait_until(lambda: records(live)[element["id"]]["home_score"] == before + 1)
        wait_until(lambda: records(live)[element["id"]]["home_score"] == before)
    assert records(live)[element["id"]]["live_source"] == "fresh"


def test_while_the_list_cannot_be_had_what_is_pushed_is_shown(
    live: Place, vendor: RunningSimulator, broker: RunningBroker
) -> None:
    live.set(FOOTY_INTERVAL=5)
    started(live, broker)
    element = a_match_in_play(vendor)
    before = records(live)[element["id"]]["home_score"]
    vendor.control.set_faults("http500")
    try:
        wait_until(lambda: json.loads(live.files.heartbeat.read_bytes())["last_error"])
        with publishing(broker) as publisher:
            publisher.publish(json.dumps([with_goal(element)]).encode())
            wait_until(lambda: records(live)[element["id"]]["home_score"] == before + 1)
        others = {one["live_source"] for one in records(live).values() if one["match_id"] != element["id"]}
        assert others == {"stale"}
    finally:
        vendor.control.clear_faults()
    wait_until(lambda: records(live)[element["id"]]["live_source"] == "fresh")
    assert records(live)[element["id"]]["home_score"] == before


def test_a_simulator_publishes_its_world(live: Place, broker: RunningBroker) -> None:
    live.set(FOOTY_PUSH_URL=broker.ws_url)
    options = (f"--mqtt={broker.url}", "--push-fault=twice:0.1")
    with start(matches=30, odds="light", secret=SECRET, speed=5, options=options) as simulator:
        live.ask(simulator)
        live.run("start")
        wait_until(lambda: "push" in {one["live_source"] for one in records(live).values()})


def test_check_says_whether_push_works_and_that_no_proxy_applies(
    live: Place, broker: RunningBroker, tmp_path: Path
) -> None:
    def said() -> str:
        return next(line for line in live.run("check").stdout.splitlines() if line.startswith("  push"))

    live.set(FOOTY_PUSH_URL=broker.ws_url)
    assert " ok, " in said()
    with RunningBroker(tmp_path / "other", secret="another") as other:
        live.set(FOOTY_PUSH_URL=other.ws_url)
        assert " REFUSED: it answers: " in said()
    assert " FAILED: Connection refused" in said()
    live.set(FOOTY_PROXY=f"http://127.0.0.1:{free_port()}", FOOTY_PUSH_URL=broker.ws_url)
    finished = live.run("check")
    assert "Push does not go through FOOTY_PROXY: it connects to FOOTY_PUSH_URL directly." in finished.stdout
    assert SECRET not in finished.stdout + finished.stderr
    live.set(FOOTY_PROXY="")
    demo = live.run("check", "--demo")
    assert (demo.returncode, "push" in demo.stdout) == (Exit.OK, False)


def test_without_its_package_it_is_one_sentence_and_nothing_of_it_is_imported_when_off(live: Place) -> None:
    hidden = live.folder / "hidden" / "paho"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ModuleNotFoundError(name='paho')")
    live.set(PYTHONPATH=f"{hidden.parent}:{PROJECT}")

    refused = live.run()

    assert refused.returncode == Exit.CONFIG
    assert complaints(refused)[-1].endswith(
        "FOOTY_PUSH=on needs the package paho-mqtt: .venv/bin/pip install -r requirements-mqtt.txt."
    )
    look = "import sys, footy.service.daemon; sys.exit('paho' in sys.modules)"
    assert live.run_program(sys.executable, "-c", look).returncode == 0
