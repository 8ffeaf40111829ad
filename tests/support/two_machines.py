"""Two machines with one store and one account: each reaches both by relays of its own, which can be cut."""

import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import psutil

from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.postgres_log import opened_for_reading
from footy.times import moment_text
from tests.support import stoppable_service
from tests.support.event_check import Emitted, differences, emitted
from tests.support.event_oracle import Poll, Tale, tale
from tests.support.namespaces import Namespace
from tests.support.place import SECRET, WITHIN_S, Place, wait_until
from tests.support.postgres_server import OwnServer
from tests.support.relay import Relay, relaying
from tests.support.simulators import start
from tests.support.stoppable_service import AHEAD, Point
from thesports_simulator.process import RunningSimulator
from thesports_simulator.protocol.source import Quirk
from thesports_simulator.world.quirks import QUIRKS
from thesports_simulator.world_source import WorldSource

if TYPE_CHECKING:
    import subprocess

INTERVAL_S = 2
WINDOW_S = 60
WORKERS = 4
LIVE = "match/detail_live"
ODDS = "odds/history"
BESIDE = ("service_started", "indicator_changed", "line_moved", "price_moved", "reopened", "suspended")
"""Types of events that do not follow from the live lists."""
SEED = 6
"""Of an evening on which goals are shown and taken back at the moments at which the tests look."""
AT_ONCE_S = 0.05
"""How far the clocks of two processes on one machine may differ, as they are read here."""


class Cycle(NamedTuple):
    """A cycle in the log."""

    noted_at: float
    """By the clock of the machine that wrote it, in Unix seconds."""
    at: float
    """By a right clock."""
    served: Mapping[str, Any]
    """The reply with its live list, as the vendor has noted it."""


class Machine:
    """A machine: a data folder, relays, and a process that runs there or not."""

    def __init__(
        self,
        place: Place,
        address: str,
        vendor: Relay | None,
        store: Relay | None,
        clock_s: float = 0.0,
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.place = place
        self.address = address
        """The address from which its calls reach the vendor."""
        self._vendor, self._store = vendor, store
        self._clock_s = clock_s
        self._prefix = prefix
        self._process: subprocess.Popen[str] | None = None

    @property
    def vendor(self) -> Relay:
        """Its way to the vendor."""
        assert self._vendor is not None
        return self._vendor

    @property
    def store(self) -> Relay:
        """Its way to the store."""
        assert self._store is not None
        return self._store

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Start the service."""
        words = ("-m", stoppable_service.__name__, f"{self._clock_s}")
        if self._prefix:
            self._process = self.place.begin_program(*self._prefix, sys.executable, *words)
        else:
            self._process = self.place.begin_python(*words)

    @property
    def ahead_s(self) -> float:
        """How far its clock is ahead: as far as was asked for, less what it took to set it."""
        return float((self.place.folder / AHEAD).read_text()) if self._clock_s else 0.0

    @property
    def is_running(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        os.kill(self.process.pid, number)
        if number is signal.SIGKILL:
            self.process.communicate()

    def stop_at(self, point: Point) -> None:
        """Let the process stop itself as soon as it is at this point."""
        (self.place.folder / point).touch()

    @property
    def is_stopped(self) -> bool:
        """Whether the process is stopped."""
        return psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED

    def quota_left(self, endpoint: str) -> tuple[float, float]:
        """Return when it wrote its metrics, in Unix seconds, and what it may still ask of an endpoint."""
        path = self.place.files.metrics
        text = path.read_text()
        [left] = re.findall(rf'^footy_quota_left{{endpoint="{endpoint}"}} (\S+)$', text, re.MULTILINE)
        return path.stat().st_mtime, float(left)

    def beat(self) -> dict[str, Any]:
        """Return the heartbeat of the process; empty before the first."""
        try:
            beat: dict[str, Any] = json.loads(self.place.files.heartbeat.read_bytes())
        except FileNotFoundError:
            return {}
        return beat if beat["pid"] == self.process.pid else {}

    @property
    def role(self) -> str | None:
        """What it says that it is."""
        lease: dict[str, Any] = self.beat().get("lease", {})
        return lease.get("role") if lease.get("seen_at") else None

    def wait_for(self, role: str) -> None:
        """Wait until it says that it is this."""
        wait_until(lambda: self._is_alive() and self.role == role)

    def _is_alive(self) -> bool:
        assert self.process.poll() is None, (self.process.communicate(), self.log())
        return True

    def log(self) -> str:
        """Return its log."""
        return self.place.files.log.read_text() if self.place.files.log.exists() else ""


class Machines:
    """Two machines, and the vendor's own record of who asked; the world goes on only when it is told to."""

    def __init__(self, vendor: RunningSimulator, address: StoreAddress, one: Machine, other: Machine) -> None:
        self.vendor = vendor
        self.store = address
        self.one = one
        self.other = other
        self._calls: list[dict[str, Any]] = []
        vendor.control.set_clock(speed=0)

    def calls(self, machine: Machine | None = None) -> list[dict[str, Any]]:
        """Return the calls that reached the vendor, all or those of a machine."""
        self._calls += self.vendor.control.log(self._calls[-1]["seq"] if self._calls else 0)
        return [call for call in self._calls if machine is None or call["from"] == machine.address]

    def lists(self, machine: Machine | None = None) -> list[dict[str, Any]]:
        """Return the calls for the live list."""
        return [call for call in self.calls(machine) if call["endpoint"] == LIVE]

    def of_former(self, machine: Machine, after: int) -> list[dict[str, Any]]:
        """Return a machine's calls after the first call that another one made after a call, by its number."""
        calls = [one for one in self.calls() if one["seq"] > after]
        first = next(number for number, one in enumerate(calls) if one["from"] != machine.address)
        return [one for one in calls[first:] if one["from"] == machine.address]

    def store_now(self) -> float:
        """Return the time by the store's clock, which is the lease's."""
        return self._in_store("SELECT extract(epoch FROM clock_timestamp())::float8")

    def led_since(self) -> float:
        """Return since when the lease has the holder that it has."""
        return self._in_store("SELECT extract(epoch FROM since)::float8 FROM lease")

    def cycles_written(self) -> int:
        """Return how many cycles are in the log."""
        return int(self._in_store("SELECT count(*) FROM cycle WHERE listed"))

    def messages(self, target: str) -> dict[str, str]:
        """Return what became of the messages to a target, by their events."""
        with connected(self.store, read_only=True) as session:
            return dict(
                session.execute("SELECT event, state FROM sent WHERE target = %s", [target]).fetchall()
            )

    def _in_store(self, statement: str) -> float:
        with connected(self.store, read_only=True) as session:
            [[value]] = session.execute(statement).fetchall()
        return float(value)

    def most_in_a_window(self, endpoint: str) -> int:
        """Return how many calls the vendor has got at most within a window, by its own count."""
        arrivals: list[float] = self.vendor.control.stats()["arrivals"][endpoint]
        windows = [sum(one <= other < one + WINDOW_S for other in arrivals) for one in arrivals]
        return max(windows)

    def lists_after(self, machine: Machine, after: int) -> int:
        """Return how many lists a machine has asked for after a call, by its number."""
        return len([one for one in self.lists(machine) if one["seq"] > after])

    def goes_on(self, seconds: float, leader: Machine, lists: int = 2) -> None:
        """Let the world go on, and wait until this machine has written what happened.

        `lists` is how many lists it asks for by then.
        """
        now = int(self.vendor.control.advance(seconds))
        # It asks for the second list when it has written what follows from the first.
        wait_until(lambda: len([one for one in self.lists(leader) if one["at"] >= now]) >= lists)

    def goes_on_at(self, speed: float, seconds: float, leader: Machine) -> None:
        """Let the world go on this much faster than real time, so that the feeds of changes miss nothing.

        Wait until this machine has written what happened by then.
        """
        end = int(self.vendor.control.set_clock(speed=speed)["now"] + seconds)
        wait_until(lambda: self.lists(leader)[-1]["at"] >= end)
        self.vendor.control.set_clock(speed=0)
        self.goes_on(0, leader)

    def quarter_of_an_hour(self, leader: Machine) -> None:
        """Let the world go on, and look at two moments of it."""
        self.goes_on(840, leader, lists=1)
        self.goes_on(60, leader)

    def events(self) -> list[Emitted]:
        """Return all events of the log."""
        with contextlib.closing(opened_for_reading(self.store)) as log:
            return emitted(log.read)

    def differences(self) -> list[str]:
        """Say what is missing, invented, twice, wrong or out of order, by the lists that were served."""
        cycles, written = self._written()
        at = {moment_text(cycle.noted_at): cycle.at for cycle in cycles}
        events = [
            one._replace(data={**one.data, "seen_at": moment_text(at[seen_at])})
            if (seen_at := one.data["seen_at"]) in at
            else one
            for one in written
        ]
        return differences(self._tale(cycles), events, beside=BESIDE)

    def _written(self) -> tuple[list[Cycle], list[Emitted]]:
        """Return the cycles in the log and their events, though one of the machines may go on writing."""
        while True:
            number, events = self.cycles_written(), self.events()
            cycles = self._cycles()
            if len(cycles) == number:
                return cycles, events

    def unwritten(self) -> int:
        """Return how many lists were served that nobody wrote: their readers were killed, or cut off."""
        cycles = self._cycles()
        newest = cycles[-1].served["seq"]
        read = {cycle.served["seq"] for cycle in cycles}
        return sum(one["seq"] < newest and one["seq"] not in read for one in self.lists())

    def _cycles(self) -> list[Cycle]:
        """Return the cycles in the log, each with the list that it was served."""
        with connected(self.store, read_only=True) as session:
            rows = session.execute("SELECT at FROM cycle WHERE listed").fetchall()
        boot = time.time() - time.monotonic()
        clocks = [(one, one.ahead_s) for one in (self.one, self.other)]
        lists = self.lists()
        found = []
        for [noted_at] in rows:
            before = [
                (at - sent, at, one)
                for machine, ahead_s in clocks
                for at in [noted_at - ahead_s]
                for one in lists
                for sent in [boot + one["sent"]]
                if one["from"] == machine.address and -AT_ONCE_S < at - sent < WITHIN_S
            ]
            assert before, f"no list was served for the cycle at {noted_at}"
            _, at, served = min(before, key=lambda one: one[0])
            found.append(Cycle(noted_at, at, served))
        return sorted(found, key=lambda one: one.at)

    def _tale(self, cycles: Sequence[Cycle]) -> Tale:
        world = self.vendor.world()
        source = WorldSource(world)

        def listed(served: Mapping[str, Any]) -> dict[str, Any]:
            found = source.live_list(served["at"], quirks=tuple(map(Quirk, served.get("quirks", ()))))
            return {one["id"]: one for one in msgspec.json.decode(found)}

        return tale(
            [Poll(one.at, listed(one.served)) for one in cycles],
            lambda _at: set(),  # the service asks for what was deleted every five minutes
            lambda match_id, at: msgspec.json.decode(source.live_history(match_id, int(at))),
        )


@contextlib.contextmanager
def two_machines(
    folder: Path,
    address: StoreAddress,
    *,
    ttl_s: float = 2.0,
    clock_s: float = 0.0,
    quirks: bool = False,
    limits: Mapping[str, int] = MappingProxyType({}),
    **settings: object,
) -> Iterator[Machines]:
    """Yield two machines, neither started.

    Args:
        folder: Where their data folders are made.
        address: An empty store.
        ttl_s: How long the lease lasts.
        clock_s: How far the clock of the other machine is ahead, in seconds.
        quirks: Whether the live lists misreport matches in every way that the vendor's do.
        limits: How many calls the vendor allows in a minute, by endpoint.
        settings: More settings of both.
    """
    where = urlsplit(address.url)
    with ExitStack() as stack:
        faults = [*QUIRKS] if quirks else []
        quota = [f"{endpoint}={calls}/{WINDOW_S}" for endpoint, calls in limits.items()]
        vendor = stack.enter_context(
            start(matches=8, seed=SEED, odds="light", secret=SECRET, faults=faults, quota=quota)
        )
        machines = []
        for name, source, clock in (("one", "127.0.0.2", 0.0), ("other", "127.0.0.3", clock_s)):
            home = folder / name
            home.mkdir()
            to_vendor = stack.enter_context(relaying(vendor.host, vendor.port, source))
            to_store = stack.enter_context(relaying(where.hostname or "", where.port or 5432))
            place = stack.enter_context(Place(home, **settings))
            place.ask(vendor)
            place.set(
                FOOTY_PROXY=f"http://127.0.0.1:{to_vendor.port}",
                FOOTY_STORE=f"postgresql://{where.username}@127.0.0.1:{to_store.port}{where.path}",
                FOOTY_LEASE=address.schema,
                FOOTY_LEASE_TTL=ttl_s,
                FOOTY_INTERVAL=INTERVAL_S,
                FOOTY_WORKERS=WORKERS,
            )
            if quota:
                place.set(FOOTY_RATE_LIMITS=",".join(quota))
            machines.append(Machine(place, source, to_vendor, to_store, clock))
        yield Machines(vendor, address, *machines)


@contextlib.contextmanager
def two_namespaces(folder: Path, server: OwnServer, made: list[Namespace], host: str) -> Iterator[Machines]:
    """Yield two machines in network namespaces, neither started; `host` is the vendor's address."""
    with ExitStack() as stack:
        vendor = stack.enter_context(
            start(matches=8, odds="light", secret=SECRET, options=["--host=0.0.0.0"])
        )
        machines = []
        for one in made:
            home = folder / one.name
            home.mkdir()
            place = stack.enter_context(Place(home))
            place.ask(vendor)
            place.set(
                FOOTY_BASE_URL=vendor.base_url.replace(vendor.host, host),
                FOOTY_STORE=server.url,
                FOOTY_LEASE_TTL=2,
                FOOTY_INTERVAL=INTERVAL_S,
                FOOTY_WORKERS=WORKERS,
            )
            machines.append(Machine(place, one.vendor_address, None, None, prefix=one.prefix))
        yield Machines(vendor, StoreAddress(server.url), *machines)
