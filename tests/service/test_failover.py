"""Two machines with one store: one leads, and the other takes over whatever happens to the first."""

import json
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from footy.store.address import StoreAddress
from tests.support.namespaces import namespaces
from tests.support.place import wait_until
from tests.support.postgres import scratch_store
from tests.support.postgres_server import own_server
from tests.support.stoppable_service import Point
from tests.support.targets import Receiver, receiving
from tests.support.two_machines import (
    LIVE,
    ODDS,
    WINDOW_S,
    WORKERS,
    Machine,
    Machines,
    two_machines,
    two_namespaces,
)

TTL_S = 2.0
WARM = 8
"""The most calls of a first cycle that is not cold."""

LONGER_S = 2.0 + 3.0
"""Seconds that a takeover may take beside the lease's time, and those that a busy machine may add."""
LIMITS = {LIVE: 100, ODDS: 20}
HEARD = "heard"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DOWN_S = 10.0
"""How long the store is down."""
FAULTS = 6
"""Those of the evening; each costs the leader at most two lists that it cannot write any more."""


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


@pytest.fixture
def machines(tmp_path: Path, address: StoreAddress) -> Iterator[Machines]:
    with two_machines(tmp_path, address, ttl_s=TTL_S, quirks=True, limits=LIMITS) as machines:
        yield machines


@pytest.fixture
def hook(machines: Machines, tmp_path: Path) -> Iterator[Receiver]:
    """Let both machines write JSON Lines, send every event to a hook, and tell a program of goals."""
    with receiving() as hook:
        rules = tmp_path / "alerts.toml"
        rules.write_text(
            f'[targets.desk]\nwebhook = "{hook.url()}"\nsecret = "{KEY}"\n'
            f'[targets.bell]\ncommand = ["/usr/bin/tee", "-a", "{tmp_path / HEARD}"]\nevents = ["goal"]\n'
        )
        for one in (machines.one, machines.other):
            one.place.set(FOOTY_JSONL="on", FOOTY_ALERTS=rules)
        yield hook


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


class Fault:
    """A moment at which something happens to the leader."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._at = machines.store_now()
        self._written = machines.cycles_written()
        self.newest = newest(machines)
        """The number of the last call before."""

    def is_followed_by(self, leader: Machine) -> None:
        """Check that this machine takes over in time, warm, and that only it asks from then on."""
        machines = self._machines
        leader.wait_for("leader")
        assert machines.led_since() - self._at <= TTL_S + LONGER_S
        wait_until(lambda: machines.lists_after(leader, self.newest) >= 2)
        # It writes, though a leader that was stopped may have locked what it has to write.
        wait_until(lambda: machines.cycles_written() > self._written)
        calls = [one for one in machines.calls() if one["seq"] > self.newest]
        calls = calls[[one["from"] for one in calls].index(leader.address) :]
        assert {one["from"] for one in calls} == {leader.address}
        assert len(first_cycle(calls)) <= WARM


def newest(machines: Machines) -> int:
    """Return the number of the last call."""
    return int(machines.calls()[-1]["seq"])


def test_an_evening_with_faults_loses_no_event_and_has_none_twice(
    machines: Machines, hook: Receiver, tmp_path: Path
) -> None:
    one, other = machines.one, machines.other
    begin(machines)
    said = one.place.run("status").stdout
    assert f"Lease {machines.store.schema}: this machine leads since " in said
    standby = other.place.run("health")
    assert (standby.returncode, "Pipeline is a standby: " in standby.stdout) == (0, True)
    # 1. The leader is stopped for longer than its lease: between gate and socket, and in two transactions.
    late = stop(machines, one, other, Point.SOCKET)
    assert 1 <= len(late) <= WORKERS
    assert "Snapshot: " not in one.place.run("status").stdout, "it is of when it led"
    assert_counted(machines, other, late)
    stop(machines, other, one, Point.COMMIT)
    stop(machines, one, other, Point.COPY)
    assert_exports_a_standby(one)
    assert "Another machine holds the lease" in one.log() + other.log(), "they could still write"
    # 2. It is killed.
    fault = Fault(machines)
    other.signal(signal.SIGKILL)
    fault.is_followed_by(one)
    machines.vendor.control.advance(900)
    # 3. It is cut off from the store: it goes on for a while, then it asks nothing.
    other.start()
    other.wait_for("standby")
    fault = Fault(machines)
    one.store.cut()
    fault.is_followed_by(other)
    machines.quarter_of_an_hour(other)
    assert machines.of_former(one, fault.newest) == []
    one.store.mend()
    one.wait_for("standby")
    led = len(machines.events())
    # 4. A clean stop hands over.
    fault = Fault(machines)
    other.signal(signal.SIGTERM)
    assert other.process.wait(10) == 0
    fault.is_followed_by(one)
    machines.quarter_of_an_hour(one)
    assert machines.differences() == []
    assert machines.unwritten() <= 2 * FAULTS
    assert "goal_cancelled" in {one.type for one in machines.events()}, "the lists were never wrong"
    assert_quota_kept(machines)
    assert_outputs_complete(machines, hook, led)
    assert_told_at_most_once(machines, tmp_path / HEARD)
    # 5. In the background a standby is started when it stands by: it has no snapshot to wait for.
    started = other.place.run("start")
    assert "footy stands by (PID: " in started.stdout
    assert other.place.run("stop").returncode == 0


def assert_outputs_complete(machines: Machines, hook: Receiver, led: int) -> None:
    """Check what left the machines: `one` leads now, and there were so many events while `other` led."""
    events = [one.id for one in machines.events()]
    wait_until(lambda: lines(machines.one) == events)
    of_other = lines(machines.other)
    assert of_other == events[: len(of_other)]
    assert len(of_other) >= led
    wait_until(lambda: told(hook)[-1] == len(events))
    # The first event, the start of the service, was there before the hook; some may have come twice.
    assert [*dict.fromkeys(told(hook))] == [*range(2, len(events) + 1)]


def assert_told_at_most_once(machines: Machines, heard: Path) -> None:
    """Check that the program was told of no goal twice, and that it is known of which ones it may not be."""
    goals = {one.id for one in machines.events() if one.type == "goal"}
    wait_until(lambda: machines.messages("bell").keys() == goals)
    wait_until(lambda: "sending" not in machines.messages("bell").values())
    told = [json.loads(line)["id"] for line in heard.read_bytes().splitlines()]
    assert len(told) == len({*told})
    assert {one for one, state in machines.messages("bell").items() if state == "sent"} <= {*told} <= goals


def lines(machine: Machine) -> list[str]:
    """Return the ids in a machine's file of events."""
    files = sorted(machine.place.files.event_lines.glob("*.jsonl"))
    return [json.loads(line)["id"] for path in files for line in path.read_bytes().splitlines()]


def told(hook: Receiver) -> list[int]:
    """Return the sequences of the events that a hook got."""
    return [int(json.loads(post.body)["sequence"]) for post in hook.posts]


def stop(machines: Machines, leader: Machine, other: Machine, point: Point) -> list[dict[str, Any]]:
    """Stop the leader at a point for longer than its lease; return its calls after those of the next one."""
    leader.stop_at(point)
    machines.vendor.control.advance(600)  # something happens, so that there are events to write
    wait_until(lambda: leader.is_stopped)
    fault = Fault(machines)
    fault.is_followed_by(other)
    leader.signal(signal.SIGCONT)
    leader.wait_for("standby")
    late = machines.of_former(leader, fault.newest)
    assert len(late) <= WORKERS
    return late


def assert_counted(machines: Machines, leader: Machine, late: Sequence[dict[str, Any]]) -> None:
    """Check that a leader counts all calls of the last minute, and one a worker that may come late."""
    written_at, left = leader.quota_left(LIVE)
    at = written_at - time.time() + time.monotonic()
    seen = [one for one in machines.lists() if at - WINDOW_S < one["sent"] < at and one not in late]
    assert left <= LIMITS[LIVE] - len(seen) - WORKERS


def assert_quota_kept(machines: Machines) -> None:
    """Check that both of them together never asked for more than one may, by the vendor's own count."""
    assert machines.vendor.control.stats()["throttled"] == {}
    assert {call["from"] for call in machines.lists()} == {machines.one.address, machines.other.address}
    assert all(machines.most_in_a_window(endpoint) <= calls for endpoint, calls in LIMITS.items())


def test_a_clock_that_is_wrong_by_an_hour_changes_nothing(tmp_path: Path, address: StoreAddress) -> None:
    with two_machines(tmp_path, address, ttl_s=TTL_S, clock_s=3600, quirks=True) as machines:
        begin(machines)
        fault = Fault(machines)
        machines.one.signal(signal.SIGKILL)
        fault.is_followed_by(machines.other)
        machines.quarter_of_an_hour(machines.other)
        # And back: the clock of the next leader is an hour behind.
        machines.one.start()
        machines.one.wait_for("standby")
        fault = Fault(machines)
        machines.other.signal(signal.SIGKILL)
        fault.is_followed_by(machines.one)
        machines.quarter_of_an_hour(machines.one)
        assert machines.differences() == []


def test_a_store_that_is_stopped_for_long_and_started_again_loses_nothing(tmp_path: Path) -> None:
    with (
        own_server() as server,
        two_machines(
            tmp_path, StoreAddress(server.url), ttl_s=TTL_S, limits=LIMITS, FOOTY_STRATEGY="per-match"
        ) as machines,
    ):
        begin(machines)
        server.stop()
        at = time.monotonic()
        now = int(machines.vendor.control.advance(900))
        # Whoever leads asks nothing once its lease is over.
        wait_until(lambda: "The lease is over" in machines.one.log())
        over = newest(machines)
        threading.Event().wait(DOWN_S - (time.monotonic() - at))
        assert [one for one in machines.calls() if one["seq"] > over] == []
        assert machines.calls(machines.other) == []
        server.start()
        wait_until(lambda: len([one for one in machines.lists() if one["at"] >= now]) >= 3)
        [leader] = [one for one in (machines.one, machines.other) if one.role == "leader"]
        other = machines.one if leader is machines.other else machines.other
        machines.goes_on(900, leader)
        # And the next one: it asks for what the quota that both of them share leaves.
        other.wait_for("standby")
        leader.signal(signal.SIGKILL)
        other.wait_for("leader")
        machines.goes_on(900, other)
        assert machines.differences() == []
        assert_quota_kept(machines)
        assert machines.most_in_a_window(ODDS) == LIMITS[ODDS], "there was quota for everything"


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
        assert machines.calls(other) == []
        # 2. Between the leader and the store: another one leads, and this one asks nothing any more.
        fault = Fault(machines)
        made[0].set_link("store", up=False)
        fault.is_followed_by(other)
        machines.goes_on(900, other)
        assert machines.of_former(one, fault.newest) == []
        made[0].set_link("store", up=True)
        one.wait_for("standby")
        assert machines.differences() == []
