"""Reference data over days: renewed by one call for all that has changed, merged and deleted ids honoured."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import time_machine

from footy.provenance import Source
from footy.reference.disk_cache import DiskCache
from footy.reference.lookup import Lookup
from footy.telemetry.counters import Counters
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.request import Request
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.transport import Transport
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

DAY = 86_400
TTL_S = dict.fromkeys(
    (endpoints.TEAM, endpoints.COMPETITION, endpoints.COUNTRIES, endpoints.CATEGORIES), float(DAY)
)


class Library:
    """Reference data of a world whose clock, and ours, stand still and are moved together."""

    def __init__(
        self, simulator: RunningSimulator, transport: Transport, disk_cache: DiskCache, clock: Any
    ) -> None:
        self.simulator = simulator
        self.world = simulator.world()
        self.client = Client(transport)
        self.disk_cache = disk_cache
        self.reference = Lookup(self.client, disk_cache, TTL_S)
        self._clock = clock

    def wait(self, seconds: int) -> None:
        self.simulator.control.advance(seconds)
        self._clock.shift(seconds)

    def teams(self) -> list[str]:
        now = int(time.time())
        rows = [self.world.detail_row(match_id, now) for match_id in self.world.live_ids(now)]
        return [row[side] for row in rows if row for side in ("home_team_id", "away_team_id")]

    def get(self, team_id: str) -> Any:
        return self.reference.ask(Request(endpoints.TEAM, team_id), budget())

    def calls(self) -> int:
        return int(self.simulator.control.stats()["requests"].get("team/additional/list", 0))


def budget() -> RetryBudget:
    return RetryBudget(time.monotonic() + 30)


@contextmanager
def library(folder: Path) -> Iterator[Library]:
    with start(matches=10, odds="light", speed=0) as simulator:
        transport = Transport(
            base_url=simulator.base_url,
            credentials={"user": simulator.user, "secret": simulator.secret},
            counters=Counters(),
        )
        disk_cache = DiskCache(folder / "cache.sqlite")
        try:
            with time_machine.travel(simulator.control.clock()["now"], tick=False) as clock:
                yield Library(simulator, transport, disk_cache, clock)
        finally:
            disk_cache.close()
            transport.close()


def test_a_day_old_library_is_renewed_by_one_call(tmp_path: Path) -> None:
    with library(tmp_path) as books:
        team_ids = books.teams()
        for team_id in team_ids:
            books.get(team_id)
        asked = books.calls()
        assert books.reference.renewals(time.time()) == {}
        books.wait(int(0.95 * DAY))
        due = books.reference.renewals(time.time())
        assert set(due) == {endpoints.TEAM}
        books.reference.renew(Request(endpoints.TEAM, since=due[endpoints.TEAM]), budget())
        assert books.calls() == asked + 1
        assert books.reference.renewals(time.time()) == {}
        books.wait(int(0.5 * DAY))
        merged = 0
        for team_id in team_ids:
            held = books.get(team_id)
            row = books.world.team(team_id, int(time.time() - 0.5 * DAY))
            merged += bool(row and row.get("uid"))
            if row is not None and not row.get("uid"):
                assert held.value.name == row["name"]
                assert held.source is Source.CACHE
        assert books.calls() <= asked + 1 + merged


def test_a_renewed_library_is_renewed_on_disk_too(tmp_path: Path) -> None:
    with library(tmp_path) as books:
        team_id = books.teams()[0]
        books.get(team_id)
        books.wait(int(0.95 * DAY))
        since = books.reference.renewals(time.time())[endpoints.TEAM]
        books.reference.renew(Request(endpoints.TEAM, since=since), budget())
        books.wait(int(0.5 * DAY))
        assert books.disk_cache.flush()
        asked = books.calls()
        after_a_restart = Lookup(books.client, books.disk_cache, TTL_S)
        held = after_a_restart.ask(Request(endpoints.TEAM, team_id), budget())
        assert held.source is Source.CACHE
        assert books.calls() == asked


def test_a_merged_team_goes_by_the_id_that_it_has_now(tmp_path: Path) -> None:
    with library(tmp_path) as books:
        merged = None
        while merged is None:
            books.wait(DAY // 4)
            now = int(time.time())
            rows = books.world.since("team", now - DAY // 4, now)
            merged = next((row for row in rows if row.get("uid")), None)
        survivor = books.world.team(merged["uid"], int(time.time()))
        assert survivor is not None
        assert books.get(merged["id"]).value.name == survivor["name"]


def test_a_renewal_that_tells_of_a_merger_has_the_survivor_looked_up(tmp_path: Path) -> None:
    with library(tmp_path) as books:
        for _ in range(40):
            now = int(time.time())
            ahead = books.world.since("team", now, now + DAY * 9 // 10)
            merged = next((row for row in ahead if row.get("uid")), None)
            if merged is not None:
                break
            books.wait(DAY)
        assert merged is not None
        key = Request(endpoints.TEAM, merged["id"])
        assert books.get(merged["id"]).value.id == merged["id"]
        books.wait(int(0.95 * DAY))
        books.reference.renew(Request(endpoints.TEAM, since=now - 300), budget())
        assert books.reference.peek(key) is None
        assert books.disk_cache.flush()
        assert books.get(merged["id"]).value.id == merged["uid"]
        held: Any = books.reference.peek(key)
        assert held is not None
        assert held.value is not None
        assert held.value.id == merged["uid"]
        books.reference.renew(Request(endpoints.TEAM, since=now - 300), budget())
        assert books.reference.peek(key) is None


def test_a_team_that_the_vendor_took_out_is_unknown_and_not_asked_for_in_every_cycle(tmp_path: Path) -> None:
    with library(tmp_path) as books:
        team_id = books.teams()[0]
        books.get(team_id)
        books.reference.forget([Request(endpoints.TEAM, team_id)], time.time())
        books.simulator.control.set_faults("unknown_uuid@team/additional/list")
        asked = books.calls()
        for _ in range(3):
            held = books.get(team_id)
            assert held.value is None
            assert held.source is Source.MISSING
        assert books.calls() == asked + 1
