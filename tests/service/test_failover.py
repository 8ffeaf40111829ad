"""Two machines with one store: one leads, and the other takes over whatever happens to the first."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footy.store.address import StoreAddress
from tests.support.namespaces import namespaces
from tests.support.place import wait_until
from tests.support.postgres import scratch_store
from tests.support.postgres_server import own_server
from tests.support.two_machines import LIVE, WORKERS, Machine, Machines, two_machines, two_namespaces

TTL_S = 2.0
WARM = 8
"""The most calls of a first cycle that is not cold."""

FAULTS = 4
"""Those of the evening; each costs the leader at most two lists that it cannot write any more."""


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


@pytest.fixture
def machines(tmp_path: Path, address: StoreAddress) -> Iterator[Machines]:
    with two_machines(tmp_path, address, ttl_s=TTL_S, quirks=True) as machines:
        yield machines


def begin(machines: Machines) -> None:
    machines.one.start()
    machines.one.wait_for("leader")
    machines.other.start()
    machines.other.wait_for("standby")
    assert_exports_a_standby(machines.other)
    machines.goes_on(60, machines.one)
    assert machines.calls(machines.other) == []


def assert_exports_a_standby(machine: Machine) -> None:
    assert "footy_leader 0.0" in machine.place.files.metrics.read_text(encoding="utf-8").splitlines()


def first_cycle(calls: list[dict[str, Any]]) -> list[str]:
    """Return the endpoints of the calls before the second live list."""
    endpoints = [one["endpoint"] for one in calls]
    lists = [number for number, endpoint in enumerate(endpoints) if endpoint == LIVE]
    return endpoints[: lists[1]]


def taken_over(machines: Machines, after: int, leader: Machine) -> None:
    """Check that from a call on only this machine asked, warm from the first cycle."""
    wait_until(lambda: len([one for one in machines.lists(leader) if one["seq"] > after]) >= 2)
    calls = [one for one in machines.calls() if one["seq"] > after]
    assert {one["from"] for one in calls} == {leader.address}
    assert len(first_cycle(calls)) <= WARM


def newest(machines: Machines) -> int:
    calls = machines.calls()
    return int(calls[-1]["seq"])


def test_an_evening_with_faults_loses_no_event_and_has_none_twice(machines: Machines) -> None:
    one, other = machines.one, machines.other
    begin(machines)
    said = one.place.run("status").stdout
    assert f"Lease {machines.store.schema}: this machine leads since " in said
    standby = other.place.run("health")
    assert (standby.returncode, "Pipeline is a standby: " in standby.stdout) == (0, True)
    # 1. The leader is killed.
    one.signal(signal.SIGKILL)
    killed = newest(machines)
    other.wait_for("leader")
    taken_over(machines, killed, other)
    machines.quarter_of_an_hour(other)
    # 2. The new leader is stopped for longer than its lease, and goes on.
    one.start()
    one.wait_for("standby")
    other.signal(signal.SIGSTOP)
    stopped = newest(machines)
    one.wait_for("leader")
    taken_over(machines, stopped, one)
    machines.quarter_of_an_hour(one)
    before = len(machines.calls(other))
    other.signal(signal.SIGCONT)
    other.wait_for("standby")
    assert len(machines.calls(other)) - before <= WORKERS
    assert_exports_a_standby(other)
    # 3. The leader is cut off from the store: it goes on for a while, then it asks nothing.
    one.store.cut()
    other.wait_for("leader")
    machines.quarter_of_an_hour(other)
    last = machines.lists(one)[-1]["sent"]
    first = next(call["sent"] for call in machines.lists(other) if call["sent"] > last)
    assert first > last
    one.store.mend()
    one.wait_for("standby")
    # 4. A clean stop hands over.
    other.signal(signal.SIGTERM)
    assert other.process.wait(10) == 0
    one.wait_for("leader")
    machines.quarter_of_an_hour(one)
    assert machines.differences() == []
    assert machines.unwritten() <= 2 * FAULTS
    assert "goal_cancelled" in {one.type for one in machines.events()}, "the lists were never wrong"
    # 5. In the background a standby is started when it stands by: it has no snapshot to wait for.
    started = other.place.run("start")
    assert "footy stands by (PID: " in started.stdout
    assert other.place.run("stop").returncode == 0


def test_a_clock_that_is_wrong_by_an_hour_changes_nothing(tmp_path: Path, address: StoreAddress) -> None:
    with two_machines(tmp_path, address, ttl_s=TTL_S, clock_s=3600, quirks=True) as machines:
        begin(machines)
        machines.one.signal(signal.SIGKILL)
        killed = newest(machines)
        machines.other.wait_for("leader")
        taken_over(machines, killed, machines.other)
        machines.quarter_of_an_hour(machines.other)
        # And back: the clock of the next leader is an hour behind.
        machines.one.start()
        machines.one.wait_for("standby")
        machines.other.signal(signal.SIGKILL)
        killed = newest(machines)
        machines.one.wait_for("leader")
        taken_over(machines, killed, machines.one)
        machines.quarter_of_an_hour(machines.one)
        assert machines.differences() == []


def test_a_store_that_is_stopped_and_started_again_loses_nothing(tmp_path: Path) -> None:
    with (
        own_server() as server,
        two_machines(tmp_path, StoreAddress(server.url), ttl_s=TTL_S) as machines,
    ):
        begin(machines)
        server.stop()
        at = time.monotonic()
        now = int(machines.vendor.control.advance(900))
        # Whoever leads asks nothing once its lease is over.
        wait_until(lambda: "The lease is over" in machines.one.log())
        over = len(machines.calls())
        assert machines.calls(machines.other) == []
        assert max(call["sent"] for call in machines.calls()) <= at + TTL_S + 1
        threading.Event().wait(1.0)
        assert len(machines.calls()) <= over + WORKERS
        server.start()
        wait_until(lambda: len([one for one in machines.lists() if one["at"] >= now]) >= 3)
        leaders = [one for one in (machines.one, machines.other) if one.role == "leader"]
        assert len(leaders) == 1
        machines.goes_on(900, leaders[0])
        assert machines.differences() == []


def test_one_lease_for_two_accounts_is_refused(tmp_path: Path, address: StoreAddress) -> None:
    with two_machines(tmp_path, address, ttl_s=TTL_S) as machines:
        machines.one.start()
        machines.one.wait_for("leader")
        machines.other.place.set(THESPORTS_USER="someone-else")
        refused = machines.other.place.run()
        assert refused.returncode == 78
        assert "belongs to another account" in refused.stderr


def test_links_that_are_set_down_lose_nothing(tmp_path: Path) -> None:
    with (
        namespaces(2) as (made, vendor, store),
        own_server(store) as server,
        two_namespaces(tmp_path, server, made, vendor) as machines,
    ):
        one, other = machines.one, machines.other
        begin(machines)
        # 1. Between the leader and the vendor: it goes on leading, and says what failed.
        made[0].set_link("vendor", up=False)
        wait_until(lambda: one.beat().get("last_error"))
        assert one.role == "leader"
        made[0].set_link("vendor", up=True)
        # What was sent meanwhile arrives now, and nobody waits for the answers any more.
        wait_until(lambda: one.beat().get("last_error", "") is None)
        machines.goes_on(900, one, lists=4)
        # 2. Between the leader and the store: another one leads, and this one asks nothing any more.
        made[0].set_link("store", up=False)
        other.wait_for("leader")
        first = machines.lists(other)
        machines.goes_on(900, other)
        late = [call for call in machines.calls(one) if first and call["sent"] > first[0]["sent"]]
        assert len(late) <= WORKERS
        made[0].set_link("store", up=True)
        one.wait_for("standby")
        assert machines.differences() == []
