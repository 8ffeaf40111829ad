"""The store: events a commit, and readers on other machines with many clients each."""

import argparse
import asyncio
import contextlib
import json
import os
import re
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from benchmarks import chart, measure, report
from footy.events.types import Event, ServiceStarted
from footy.history.log import Commit
from footy.store.address import StoreAddress
from footy.store.postgres_log import PostgresLog, opened

URL = os.environ.get("FOOTY_TEST_POSTGRES") or "postgresql://postgres@127.0.0.1:5432/postgres"
EVENTS, RUNS = 1_000, 15
READERS, CLIENTS, CYCLES, EVERY_S, A_CYCLE = 10, 500, 12, 2.0, 4
QUICK_EVERY_S = 1.0
WRITE_MS, P95_MS, CPU_SHARE = 50.0, 500.0, 0.1
INTRO = """\
PostgreSQL, the leader, {readers} readers (`footy serve`, a process each) and their {clients} clients each run
on the same machine. *Writing*: a commit of {events:,} events. *Reaching*: from just before a commit of
{a_cycle} events to their arrival at each client of `/api/events`. *CPU*: of the leader's thread in a commit,
without readers and with them. A commit is due every two seconds, the shortest interval; it is *late* by as
much as it begins after that."""
_OPEN: list[asyncio.StreamWriter] = []
"""Connections that stay open as long as they are read."""
_MARK = re.compile(rb'"id":"bench:(\d+):\d+"')


@dataclass(frozen=True, slots=True)
class _Ran:
    """What the leader measured over its cycles."""

    cpu_ms: float
    late_ms: float


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a promise is broken."""
    if argv[:1] == ["--clients"]:
        return asyncio.run(_clients(int(argv[1]), float(argv[2]), [int(port) for port in argv[3:]]))
    parser = argparse.ArgumentParser(prog="python -m benchmarks store", description=__doc__)
    report.add_arguments(parser)
    options = parser.parse_args(argv)
    readers, clients, cycles = (2, 5, 2) if options.quick else (READERS, CLIENTS, CYCLES)
    every_s = QUICK_EVERY_S if options.quick else EVERY_S
    with _scratch() as address, contextlib.closing(opened(address)) as log:
        written = [_written_ms(log) for _ in range(3 if options.quick else RUNS)]
        alone = _cycles(log, cycles, every_s)
        with _reading(address, readers, clients, (cycles + 3) * every_s) as latencies:
            among = _cycles(log, cycles, every_s)
            reached = latencies()
    found = _report(written, alone, among, reached, readers, clients)
    return report.publish(found, options, argv)


def _events(number: int) -> list[Event]:
    stamp = time.time_ns()
    said = ServiceStarted(seen_at="2026-11-26T20:00:00.000Z", version="0", mode="live")
    return [Event(f"bench:{stamp}:{one}", "service_started", said) for one in range(number)]


def _written_ms(log: PostgresLog) -> float:
    events = _events(EVENTS)
    started = time.perf_counter()
    log.append(Commit(time.time(), events=events, listed=None))
    return 1000 * (time.perf_counter() - started)


def _cycles(log: PostgresLog, cycles: int, every_s: float) -> _Ran:
    """Commit every so many seconds; return the CPU of a commit, and how late the latest began."""
    cpu, late = [], 0.0
    begin = time.monotonic() + every_s
    for number in range(cycles):
        due = begin + number * every_s
        time.sleep(max(0.0, due - time.monotonic()))
        late = max(late, time.monotonic() - due)
        started = time.thread_time()
        log.append(Commit(time.time(), events=_events(A_CYCLE), listed=None))
        cpu.append(1000 * (time.thread_time() - started))
    return _Ran(measure.median(cpu), 1000 * late)


@contextlib.contextmanager
def _scratch() -> Iterator[StoreAddress]:
    address = StoreAddress(URL, f"bench_{secrets.token_hex(4)}")
    try:
        yield address
    finally:
        with psycopg.connect(URL, autocommit=True) as connection:
            name = sql.Identifier(address.schema)
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))


@contextlib.contextmanager
def _reading(
    address: StoreAddress, readers: int, clients: int, seconds: float
) -> Iterator[Callable[[], list[float]]]:
    """Run readers and their clients; yield a function that returns how late events arrived, in ms."""
    started: list[subprocess.Popen[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FOOTY_STORE": address.url, "FOOTY_LEASE": address.schema}
        environment |= {"FOOTY_DATA_DIR": folder, "FOOTY_MODE": "live"}
        ports = [_free_port() for _ in range(readers)]
        try:
            for port in ports:
                environment["FOOTY_HTTP_PORT"] = str(port)
                command = [sys.executable, "-m", "footy", "serve"]
                started.append(
                    subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, text=True)
                )
            words = ["--clients", str(clients), str(seconds), *map(str, ports)]
            command = [sys.executable, "-m", "benchmarks", "store", *words]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            started.append(child)
            if child.stdout is None or child.stdout.readline() != "joined\n":
                raise RuntimeError("the clients could not join")
            yield lambda: json.loads(child.communicate(timeout=seconds + 60)[0])
        finally:
            for one in started:
                one.terminate()
                one.wait(10)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _clients(number: int, seconds: float, ports: Sequence[int]) -> int:
    """Join all readers with so many clients each; print when events arrived, in ms after their commit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number * len(ports) + 100
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    streams = [await _joined(port) for port in ports for _ in range(number)]
    print("joined", flush=True)
    arrived: list[float] = []
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*(_read(one, time.monotonic() + seconds, arrived) for one in streams))
    print(json.dumps(arrived))
    return 0


async def _joined(port: int) -> asyncio.StreamReader:
    until = time.monotonic() + 30
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 200"):
                _OPEN.append(writer)
                return reader
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        if time.monotonic() > until:
            raise TimeoutError("a reader does not answer")
        await asyncio.sleep(0.1)


async def _read(stream: asyncio.StreamReader, until: float, arrived: list[float]) -> None:
    while (left := until - time.monotonic()) > 0:
        try:
            async with asyncio.timeout(left):
                content = await stream.read(65536)
        except TimeoutError:
            return
        now = time.time_ns()
        if not content:
            return
        if marks := _MARK.findall(content):  # those of a commit come together
            arrived.append((now - int(marks[-1])) / 1e6)


def _report(
    written: Sequence[float], alone: _Ran, among: _Ran, reached: Sequence[float], readers: int, clients: int
) -> report.Report:
    writing = measure.median(written)
    p50, p95 = (measure.percentile(reached, share) if reached else float("inf") for share in (0.5, 0.95))
    more = among.cpu_ms / alone.cpu_ms - 1
    intro = INTRO.format(readers=readers, clients=clients, events=EVENTS, a_cycle=A_CYCLE)
    rows = [
        ("without readers", f"{alone.cpu_ms:.2f} ms", f"{alone.late_ms:.1f} ms", "", ""),
        ("with them", f"{among.cpu_ms:.2f} ms", f"{among.late_ms:.1f} ms", f"{p50:.0f} ms", f"{p95:.0f} ms"),
    ]
    columns = ("", "CPU a commit", "latest", "reached, median", "reached, p95")
    check = report.Check
    return report.Report(
        name="store",
        title="The store",
        intro=intro,
        tables=[report.Table(f"{readers} readers × {clients} clients", columns, rows)],
        checks=[
            check(f"{EVENTS:,} events", f"≤ {WRITE_MS:g} ms", f"{writing:.1f} ms", writing <= WRITE_MS),
            check("CPU of a commit with readers", f"≤ +{CPU_SHARE:.0%}", f"{more:+.0%}", more <= CPU_SHARE),
            check(
                "latest cycle with readers",
                f"≤ {1000 * EVERY_S:g} ms",
                f"{among.late_ms:.1f} ms",
                among.late_ms <= 1000 * EVERY_S,
            ),
            check("an event at all clients, p95", f"≤ {P95_MS:g} ms", f"{p95:.0f} ms", p95 <= P95_MS),
        ],
        notes=[f"{len(reached):,} arrivals of commits were measured."],
        picture=chart.bars(
            "From a commit to the clients of all readers",
            chart.Axis("ms", from_zero=True),
            ("median", "p95"),
            [("events", [p50, p95])],
        ),
        caption="From a commit to the clients of all readers",
    )
