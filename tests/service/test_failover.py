"""Two machines with one store: one leads, and the other takes over whatever happens to the first."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footy.store.address import StoreAddress
from tests.support.postgres import scratch_store
from tests.support.two_machines import LIVE, Machines, two_machines

TTL_S = 2.0


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


@pytest.fixture
def machines(tmp_path: Path, address: StoreAddress) -> Iterator[Machines]:
    with two_machines(tmp_path, address, ttl_s=TTL_S) as machines:
        yield machines


def begin(machines: Machines) -> None:
    machines.one.start()
    machines.one.wait_for("leader")
    machines.other.start()
    machines.other.wait_for("standby")
    machines.goes_on(60, machines.one)


def first_cycle(calls: list[dict[str, Any]]) -> list[str]:
    """Return the endpoints of the calls before the second live list."""
    endpoints = [one["endpoint"] for one in calls]
    lists = [number for number, endpoint in enumerate(endpoints) if endpoint == LIVE]
    return endpoints[: lists[1]]


def test_one_leads_and_the_other_takes_over_after_a_kill(machines: Machines) -> None:
    begin(machines)
    assert machines.calls(machines.other) == []
    machines.goes_on(600, machines.one)
    machines.one.signal(signal.SIGKILL)
    killed = machines.calls()[-1]["seq"]
    machines.other.wait_for("leader")
    machines.goes_on(600, machines.other)
    after = [one for one in machines.calls() if one["seq"] > killed]
    assert {one["from"] for one in after} == {machines.other.address}
    first = [one["endpoint"] for one in after][
        : [one["endpoint"] for one in after].index("match/detail_live", 1)
    ]
    assert len(first) <= 8, first
    assert machines.differences() == []
