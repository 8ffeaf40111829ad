"""A service that keeps its log in the store, and what reads it on other machines: real processes."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from footy.plain_text import harmless
from footy.sinks.store_ledger import StoreLedger
from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.session import Session
from tests.support.place import PROJECT, Place, wait_until
from tests.support.ports import free_port
from tests.support.postgres import scratch_store
from tests.support.simulators import start

EXAMPLES = PROJECT / "docs" / "alerts.example.toml"


@pytest.fixture(scope="module")
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


@pytest.fixture(scope="module")
def leader(address: StoreAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return where a service runs that has published its first snapshot."""
    settings = {"FOOTY_STORE": address.url, "FOOTY_LEASE": address.schema, "FOOTY_INTERVAL": 2}
    with (
        start(matches=4, odds="light") as vendor,
        Place(tmp_path_factory.mktemp("leader"), **settings) as place,
    ):
        place.ask(vendor)
        place.begin_service()
        with connected(address) as connection:
            wait_until(lambda: _count(connection, "event") > 3 and _count(connection, "published") >= 2)
        yield place


@pytest.fixture
def reader(leader: Place, address: StoreAddress, tmp_path: Path) -> Iterator[Place]:
    """Return another machine: it has the store's address, and nothing else."""
    del leader
    with Place(tmp_path, FOOTY_STORE=address.url, FOOTY_LEASE=address.schema) as place:
        yield place


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return 0 if row is None else int(row[0])


def test_the_log_is_in_the_store_and_in_no_file(leader: Place, address: StoreAddress) -> None:
    assert leader.files.matches.exists()
    assert not leader.files.events.exists()
    with connected(address) as connection:
        current = json.loads(leader.files.matches.read_bytes())["matches"]
        assert _count(connection, "record") == len(current) == 4


def test_events_are_read_from_anywhere(reader: Place) -> None:
    printed = reader.run("events", "--json", "--limit", "3")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert [json.loads(line)["specversion"] for line in printed.stdout.splitlines()] == ["1.0"] * 3


def test_a_match_is_read_from_anywhere(reader: Place, leader: Place) -> None:
    match = json.loads(leader.files.matches.read_bytes())["matches"][0]
    printed = reader.run("match", match["match_id"])
    assert printed.returncode == 0, printed.stderr
    assert match["home"] in printed.stdout


def test_the_status_of_the_leader_is_read_from_anywhere(reader: Place, address: StoreAddress) -> None:
    printed = reader.run("status")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout.startswith("Pipeline is running, its last success is ")
    assert address.shown in printed.stdout


def test_the_outcomes_of_alerts_are_read_from_anywhere(reader: Place) -> None:
    printed = reader.run("alerts", "outcomes")
    assert (printed.returncode, "no alerts in the store" in printed.stdout) == (0, True), printed.stderr


def test_what_became_of_messages_is_read_from_anywhere(reader: Place, address: StoreAddress) -> None:
    ledger = StoreLedger(Session(address), "bell")
    ledger.note(["a", "b"], "sent")
    ledger.note(["c"], "unknown")
    ledger.close()
    printed = reader.run("alerts", "outcomes")
    assert printed.stdout.splitlines()[-1] == "messages to bell: 2 sent, 1 sent or not, unknown"


def test_rules_are_tested_on_what_the_leader_published(reader: Place, leader: Place) -> None:
    reader.set(FOOTY_ALERTS=EXAMPLES)
    old = json.loads(leader.files.matches.read_bytes())
    reader.files.folder.mkdir()
    reader.files.matches.write_text(json.dumps({**old, "matches": []}))  # of when this machine led
    printed = reader.run("alerts", "test")
    assert printed.returncode == 0, printed.stderr
    assert all(harmless(one["home"]) in printed.stdout for one in old["matches"])


def test_the_page_is_served_from_anywhere(reader: Place) -> None:
    port = free_port()
    reader.set(FOOTY_HTTP_PORT=port)
    serving = reader.begin("serve")
    base = f"http://127.0.0.1:{port}"

    def answer(path: str) -> Any:
        try:
            with urllib.request.urlopen(base + path, timeout=5) as found:
                return json.loads(found.read())
        except OSError:
            return None

    wait_until(lambda: serving.poll() is not None or answer("/api/matches"))
    assert len(answer("/api/matches")["matches"]) == 4
    wait_until(lambda: (answer("/api/status") or {}).get("events"))
    assert answer("/api/status")["well"]
    assert answer("/api/events?limit=2")["events"]


def test_a_service_without_credentials_is_told_and_no_demo_begins(reader: Place) -> None:
    done = reader.run("--continuous")
    assert done.returncode == 78
    assert "a service with FOOTY_STORE needs both" in done.stderr
