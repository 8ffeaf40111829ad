"""Push: seconds from a message at the broker to a reader of the page and of `matches.json`."""

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from benchmarks import chart, freshness, report, upstream
from benchmarks.child import PROJECT
from benchmarks.freshness_truth import LIVE
from benchmarks.measure import percentile
from tests.support.broker import Publisher, RunningBroker
from tests.support.ports import free_port
from tests.support.pushed_hour import observed
from thesports_simulator.process import SECRET, USER, RunningSimulator, start

MATCHES = (102, 1000)
POLLED = (60.0, 5.0, 2.0)
SSE_P50_S, SSE_P95_S, FILE_P95_S = 0.3, 0.6, 1.3
START_WITHIN_S = 240.0
LATE_S = 10.0
BURST = 500
STEADY, COLD = "steady", "in a cold cycle"
INTRO = """\
`python -m footy` with `FOOTY_PUSH=on` runs beside a mosquitto, and over a vendor whose world stands
still. Messages with the score of a match are published at random, {every} s apart on average, once in a
steady service whose cycles are 60 s apart, and once in the middle of its first cycle, with a slow vendor
and an empty data folder. A message has arrived when a reader of `/api/live` has the changed cell, and
when `matches.json` has it. Beside it, the live list polled alone, with a world that goes on. CPU is that
of footy, for {burst} messages at once, and one a time. The hour is a simulated one, second by second
without sockets, with every fault of messages at once ([simulator](simulator.md#push)), a list every 10
s, five minutes without REST and six without a broker; it is compared with the world at each record's own
time, and with the events of polling at every second."""


@dataclass
class Run:
    """The results of one run of the service."""

    what: str
    matches: int
    page: list[float] = field(default_factory=list)
    file: list[float] = field(default_factory=list)
    sent: int = 0
    cpu_ms: float | None = None
    """CPU milliseconds for each message that comes alone."""
    burst_ms: float | None = None


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks push", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--messages", type=int, help="per run (default 100)")
    options = parser.parse_args(argv)
    quick: bool = options.quick
    count = options.messages or (4 if quick else 100)
    every_s = 0.3 if quick else 0.7
    console = Console(stderr=True)
    runs: list[Run] = []
    for matches in (20,) if quick else MATCHES:
        for what in (STEADY, COLD):
            console.print(f"{matches} matches, {what} …", highlight=False)
            runs.append(_run(what, matches, count, every_s, quick=quick))
    polled: dict[float, list[float]] = {}
    if not quick:
        console.print("polling, at all intervals at once …", highlight=False)
        with (
            upstream.simulator(102, latency=upstream.LATENCY_S) as vendor,
            ThreadPoolExecutor(len(POLLED)) as together,
        ):
            seen = together.map(
                lambda interval: freshness.measured(vendor, "newest", interval, 180.0, upstream.LATENCY_S),
                POLLED,
            )
            polled = {one.interval: one.waits[LIVE] for one in seen}
    console.print("an hour with every fault …", highlight=False)
    with tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder:
        hour = observed(Path(folder), seconds=120 if quick else 3600, matches=20 if quick else 102)
    intro = INTRO.format(every=every_s, burst=BURST)
    return report.publish(_report(runs, polled, hour, intro), options, argv)


def _run(what: str, matches: int, count: int, every_s: float, *, quick: bool) -> Run:
    run = Run(what, matches)
    latency = 0.2 if what == COLD else 0.0
    with (
        tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder,
        RunningBroker(Path(folder) / "broker", user=USER, secret=SECRET) as broker,
        closing(Publisher(broker)) as publisher,
        start(matches=matches, odds="light", speed=0, options=("--prepare",)) as vendor,
    ):
        vendor.control.settings(latency=latency)
        elements = _in_play(vendor)
        port = free_port()
        with _service(vendor, broker, Path(folder) / "var", port, 2 if what == COLD else 30) as service:
            watch = _Watch(Path(folder) / "var" / "matches.json", port)
            publish = _Messages(publisher, elements, watch)
            if what == STEADY:
                _until(lambda: _cycles(Path(folder)) >= 2, service)
                watch.start()
                _until(lambda: watch.is_reading, service)
            else:
                watch.start()
                _until(lambda: watch.is_reading, service)
                while not watch.page_at:  # until the first live list is there, nothing can be shown
                    publish.one()
                    time.sleep(0.1)
                watch.forget()
            for _ in range(count):
                if what == COLD and _cycles(Path(folder)) >= 1:
                    break
                publish.one()
                time.sleep(random.expovariate(1 / every_s))
            _until(publish.has_all, service, LATE_S)
            run.page, run.file = publish.waits()
            run.sent = publish.sent
            if what == STEADY:
                least_s = 0.5 if quick else 6.0
                run.cpu_ms = publish.cpu_ms(service.pid, 2 if quick else 20, 0.3, least_s)
                run.burst_ms = publish.cpu_ms(service.pid, 50 if quick else BURST, 0.0, least_s)
            watch.stop()
    return run


class _Messages:
    """Publishes scores of matches in play, each with a number of corners of its own."""

    def __init__(self, publisher: Publisher, elements: list[dict[str, Any]], watch: "_Watch") -> None:
        self._publisher = publisher
        self._elements = elements
        self._watch = watch
        self._at: dict[tuple[str, int], float] = {}
        self._corners = 100

    @property
    def sent(self) -> int:
        return len(self._at)

    def one(self, *, note: bool = True) -> None:
        self._corners += 1
        element = self._elements[self._corners % len(self._elements)]
        score = json.loads(json.dumps(element["score"]))
        score[2][4] = self._corners
        payload = json.dumps([{"id": element["id"], "score": score}]).encode()
        if note:
            self._at[element["id"], self._corners] = time.time()
        self._publisher.publish(payload)

    def has_all(self) -> bool:
        self._at = {key: at for key, at in self._at.items() if at >= self._watch.since}
        return all(key in self._watch.page_at and key in self._watch.file_at for key in self._at)

    def waits(self) -> tuple[list[float], list[float]]:
        """Return the seconds to the page and to the file; a later message of the match may overtake one."""
        page, file = self._watch.page_at, self._watch.file_at
        return (
            [_seen(page, key) - at for key, at in self._at.items()],
            [_seen(file, key) - at for key, at in self._at.items()],
        )

    def cpu_ms(self, pid: int, count: int, apart_s: float, least_s: float) -> float:
        """Return the CPU milliseconds of a process per message, less those of the same time without one."""
        process = psutil.Process(pid)
        lasts_s = max(least_s, count * apart_s)
        used: list[float] = []
        for messages in (0, count):
            before = sum(process.cpu_times()[:2])
            until = time.monotonic() + lasts_s
            for _ in range(messages):
                self.one(note=False)
                time.sleep(apart_s)
            time.sleep(max(0.0, until - time.monotonic()))
            used.append(sum(process.cpu_times()[:2]) - before)
        return max(0.0, used[1] - used[0]) / count * 1000


def _seen(at: dict[tuple[str, int], float], key: tuple[str, int]) -> float:
    return min(
        (then for (match_id, number), then in at.items() if match_id == key[0] and number >= key[1]),
        default=time.time(),
    )


class _Watch:
    """Notes when each number of corners is seen: on the page's stream, and in the file."""

    def __init__(self, file: Path, port: int) -> None:
        self._file = file
        self._port = port
        self._stopping = threading.Event()
        self.page_at: dict[tuple[str, int], float] = {}
        self.file_at: dict[tuple[str, int], float] = {}
        self.is_reading = False
        self.since = 0.0

    def start(self) -> None:
        for read in (self._read_page, self._read_file):
            threading.Thread(target=read, daemon=True).start()

    def forget(self) -> None:
        self.since = time.time()

    def stop(self) -> None:
        self._stopping.set()

    def _read_page(self) -> None:
        while not self._stopping.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=1.0) as client:
                    client.sendall(
                        b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
                    )
                    client.settimeout(30.0)
                    for line in client.makefile("rb"):
                        self.is_reading = True
                        if line.startswith(b"data:"):
                            self._take(line)
            except OSError:
                time.sleep(0.05)

    def _take(self, line: bytes) -> None:
        now = time.time()
        said = json.loads(line.removeprefix(b"data:"))
        columns = said.get("columns")
        if columns is not None:
            place = columns.index("home_corners")
            for row in said["matches"]:
                if row[place]:
                    self.page_at.setdefault((row[0], row[place]), now)
        for match_id, cells in said.get("changed", {}).items():
            if cells.get("home_corners"):
                self.page_at.setdefault((match_id, cells["home_corners"]), now)

    def _read_file(self) -> None:
        pattern = re.compile(rb'"match_id":"(\w+)".*?"home_corners":(\d+)')
        seen = 0
        while not self._stopping.wait(0.01):
            try:
                stamp = self._file.stat().st_mtime_ns
                if stamp == seen:
                    continue
                seen, content, now = stamp, self._file.read_bytes(), time.time()
            except FileNotFoundError:
                continue
            for found in pattern.finditer(content):
                self.file_at.setdefault((found[1].decode(), int(found[2])), now)


def _in_play(vendor: RunningSimulator) -> list[dict[str, Any]]:
    world, at = vendor.world(), int(vendor.control.clock()["now"])
    elements = (world.live_element(match_id, at) for match_id in world.live_ids(at))
    return [one for one in elements if one is not None and one["score"][1] in {2, 4}]


def _cycles(folder: Path) -> int:
    try:
        return int(json.loads((folder / "var" / "heartbeat.json").read_bytes())["cycle"])
    except (FileNotFoundError, json.JSONDecodeError):
        return 0


def _until(condition: Any, service: "subprocess.Popen[bytes]", within_s: float = START_WITHIN_S) -> None:
    end = time.monotonic() + within_s
    while not condition() and time.monotonic() < end:
        if service.poll() is not None:
            raise RuntimeError(f"the service ended with exit code {service.returncode}")
        time.sleep(0.02)


@contextmanager
def _service(
    vendor: RunningSimulator, broker: RunningBroker, folder: Path, port: int, workers: int
) -> Iterator["subprocess.Popen[bytes]"]:
    folder.mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT),
        "THESPORTS_USER": vendor.user,
        "THESPORTS_SECRET": vendor.secret,
        "FOOTY_MODE": "live",
        "FOOTY_BASE_URL": vendor.base_url,
        "FOOTY_DATA_DIR": str(folder),
        "FOOTY_INTERVAL": "60",
        "FOOTY_RATE_LIMITS": "off",
        "FOOTY_WORKERS": str(workers),
        "FOOTY_HTTP_PORT": str(port),
        "FOOTY_PUSH": "on",
        "FOOTY_PUSH_URL": broker.ws_url,
    }
    service = subprocess.Popen(
        [sys.executable, "-m", "footy", "--continuous"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield service
    finally:
        service.terminate()
        service.wait(timeout=10)


def _report(runs: list[Run], polled: dict[float, list[float]], hour: Any, intro: str) -> report.Report:
    def row(name: str, waits: list[float], where: str) -> tuple[str, ...]:
        shares = [f"{percentile(waits, share):.2f}" for share in (0.5, 0.95)] if waits else ["–", "–"]
        return name, where, str(len(waits)), *shares

    rows = []
    for run in runs:
        name = f"push, {run.matches} matches, {run.what}"
        rows += [row(name, run.page, "page"), row(name, run.file, "matches.json")]
    rows += [
        row(f"polled every {every:g} s, 102 matches", waits, "matches.json")
        for every, waits in polled.items()
    ]
    checks = []
    for run in runs:
        name = f"{run.matches} matches, {run.what}"
        for words, waits, share, most in (
            ("page p50", run.page, 0.5, SSE_P50_S),
            ("page p95", run.page, 0.95, SSE_P95_S),
            ("matches.json p95", run.file, 0.95, FILE_P95_S),
        ):
            value = percentile(waits, share) if waits else float("inf")
            checks.append(report.Check(f"{name}: {words}", f"≤ {most:g} s", f"{value:.2f} s", value <= most))
    for words, found in (
        (f"wrong values of {hour.compared} records", len(hour.wrong)),
        (f"events twice, of {len(hour.events)}", hour.twice),
        ("events that polling at every second does not emit", len(hour.invented)),
        ("goals that it emits and push did not", len(hour.missed)),
    ):
        checks.append(report.Check(f"an hour with every fault: {words}", "0", str(found), found == 0))
    cpu = [
        (str(run.matches), f"{run.cpu_ms:.1f}", f"{run.burst_ms:.2f}")
        for run in runs
        if run.cpu_ms is not None and run.burst_ms is not None
    ]
    bars = [
        (
            f"{where}, {name}",
            [percentile(getattr(run, attribute), share) for run in runs if run.page and run.file],
        )
        for where, attribute in (("page", "page"), ("matches.json", "file"))
        for name, share in (("p50", 0.5), ("p95", 0.95))
    ]
    groups = [f"{run.matches} matches, {run.what}" for run in runs if run.page and run.file]
    return report.Report(
        name="push",
        title="Push",
        intro=intro,
        tables=[
            report.Table(
                "Seconds from a message, or a change, to its reader",
                ("", "reader", "messages", "p50", "p95"),
                rows,
            ),
            report.Table(
                "CPU milliseconds of footy per message", ("matches", "one a time", f"{BURST} at once"), cpu
            ),
        ],
        checks=checks,
        picture=chart.bars("From a message to its reader", chart.Axis("seconds"), groups, bars),
        caption="Seconds from a message to its reader",
    )
