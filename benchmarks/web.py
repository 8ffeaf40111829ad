"""The page and the API: requests a second, 500 readers of a stream, and the page on a slow machine."""

import argparse
import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks import chart, child, measure, report

MATCHES, PAGE_MATCHES = 102, 1_000
CLIENTS, STALLED = 500, 50
SECONDS = 60
RATE_S = 4.0
CONNECTIONS, IN_FLIGHT = 4, 8
"""Connections of the client, and requests that each has sent ahead of the answers."""
PAGE_S, PAGE_EVERY_S = 20.0, 2.0
VIEWPORT = {"width": 1440, "height": 900}
SLOWER = 4
"""How much slower the page's processor is made."""
PROMISED = {"gzip": 10_000, "plain": 2_000}
CPU_MS, P95_MS, LATE_MS, MEMORY_MB, TASK_MS, SHOWN_MS = 20.0, 100.0, 20.0, 15.0, 50.0, 1_000.0
KINDS = {"gzip": b"Accept-Encoding: gzip\r\n", "plain": b"", "not modified": b""}
INTRO = """\
The server runs in a process of its own, its client in another, on the same machine, so the two share its
processors. *Requests*: `/api/matches` of {matches} whole records over {connections} connections, {in_flight}
requests sent ahead on each; *per request* serialises (and compresses) the same snapshot for every answer.
*Streams*: {clients} readers of `/api/live`, {stalled} of which read nothing, get {cycles} cycles, one a
second, in each of which every money line moves. *Page*: {page_matches:,} matches in Chromium with its
processor slowed down {slower} times, scrolled {wheel} pixels a second without a pause while a cycle every
{every:.0f} seconds, the shortest interval, changes every match. Tasks are those
of the page's main thread, from Chromium's own trace; *processor time* leaves out the time in which other
processes had the processor. *Places without a row*: the screen is looked at after each 4 seconds of
scrolling, since a page that leaves rows out has short tasks; looking is not counted as one of its tasks. The
mouse is on the list, as a reader's is. *Blank page*: the same scrolling of a page with nothing on it, before
and after. *First matches*: from the navigation of a new tab to the frame that shows some."""


@dataclass(slots=True)
class Results:
    """What was measured."""

    rates: dict[tuple[str, str], float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    stream: dict[str, float] = field(default_factory=dict)
    page: dict[str, float] | None = None


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks web", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--no-page", action="store_true", help="leave out the page, which needs a chromium")
    options = parser.parse_args(argv)
    quick = options.quick
    clients, stalled, cycles = (20, 2, 3) if quick else (CLIENTS, STALLED, SECONDS)
    results = Results()
    with server(10 if quick else MATCHES) as told:
        _rates(told, results, 0.3 if quick else RATE_S)
    with server(10 if quick else MATCHES) as told:
        asyncio.run(_streams(told, results, clients, stalled, cycles))
    if not options.no_page:
        with server(50 if quick else PAGE_MATCHES) as told:
            results.page = _page(told, 4.0 if quick else PAGE_S, 1 if quick else LOADS)
    intro = INTRO.format(
        matches=MATCHES, connections=CONNECTIONS, in_flight=IN_FLIGHT, clients=clients, stalled=stalled,
        cycles=cycles, page_matches=PAGE_MATCHES, slower=SLOWER, every=PAGE_EVERY_S, wheel=WHEEL,
    )  # fmt: skip
    return report.publish(_report(results, intro), options, argv)


class Told:
    """The server's process, which does what it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.ports = self._answer()

    def do(self, what: str, **given: Any) -> dict[str, Any]:
        """Let it do something; return its answer."""
        self.begin(what, **given)
        return self._answer()

    def begin(self, what: str, **given: Any) -> None:
        """Let it do something; `end` returns the answer."""
        if self._process.stdin is None:
            raise AssertionError("stdin is a pipe")
        self._process.stdin.write(json.dumps({"do": what, **given}) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait for the answer."""
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise AssertionError("stdout is a pipe")
        line = self._process.stdout.readline()
        if not line:
            raise child.ChildError("the server of the benchmark ended")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def server(matches: int) -> Iterator[Told]:
    """Run the server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.web_server", str(matches)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=child.PROJECT,
    )
    try:
        yield Told(process)
    finally:
        process.communicate(timeout=10)  # the end of its input ends it


# --- requests a second


def _rates(told: Told, results: Results, seconds: float) -> None:
    tag = _head(told.ports["port"], b"")["etag"]
    for kind, header in KINDS.items():
        given = header if kind != "not modified" else b"If-None-Match: %s\r\n" % tag.encode()
        results.rates["prepared", kind], results.sizes[kind] = _rate(told.ports["port"], given, seconds)
        if kind != "not modified":
            results.rates["per request", kind], _ = _rate(told.ports["naive"], given, seconds)


def _rate(port: int, header: bytes, seconds: float) -> tuple[float, int]:
    """Return the answers a second, and the bytes of one."""
    request = b"GET /api/matches HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % header
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connections[0].sendall(request)
    size = _length_of_answer(connections[0])
    buffer = bytearray(1 << 20)
    answers, started = 0, time.perf_counter()
    for connection in connections:
        connection.sendall(request * IN_FLIGHT)
    while time.perf_counter() - started < seconds:
        for connection in connections:
            left = size * IN_FLIGHT
            while left:
                left -= connection.recv_into(buffer, min(left, len(buffer)))
            answers += IN_FLIGHT
            connection.sendall(request * IN_FLIGHT)
    rate = answers / (time.perf_counter() - started)
    for connection in connections:
        connection.close()
    return rate, size


def _length_of_answer(connection: socket.socket) -> int:
    """Read one answer; return its length, which is that of all of them."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    whole = int(length[1]) if length else 0
    left = whole - len(body)
    while left > 0:
        left -= len(connection.recv(left))
    return len(head) + 4 + whole


def _head(port: int, header: bytes) -> dict[str, str]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"HEAD /api/matches HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n" % header
        )
        received = b""
        while piece := connection.recv(65536):
            received += piece
    lines = received.decode().split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


# --- readers of a stream

PUBLISHED = re.compile(rb'"published_at":"([^"]+)"')
ASK = b"GET /api/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"


class _Reader(asyncio.Protocol):
    """A reader that notes when each cycle arrived."""

    def __init__(self, delays: list[float], sizes: list[int]) -> None:
        self._delays, self._sizes = delays, sizes
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        transport.write(ASK)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._rest += data
        while (end := self._rest.find(b"\n\n")) >= 0:
            text, self._rest = self._rest[:end], self._rest[end + 2 :]
            if b"event: changes" in text and (at := PUBLISHED.search(text)) is not None:
                self._delays.append(1000 * (now - datetime.fromisoformat(at[1].decode()).timestamp()))
                self._sizes.append(len(text))


async def _streams(told: Told, results: Results, clients: int, stalled: int, cycles: int) -> None:
    loop = asyncio.get_running_loop()
    alone = await asyncio.to_thread(told.do, "cycles", cycles=max(2, cycles // 4))
    before = told.do("state")["memory_mb"]
    delays: list[float] = []
    sizes: list[int] = []
    stuck = []
    for _ in range(stalled):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", told.ports["port"]))
        connection.sendall(ASK)
        stuck.append(connection)
    for _ in range(clients - stalled):
        await loop.create_connection(lambda: _Reader(delays, sizes), "127.0.0.1", told.ports["port"])
    await asyncio.to_thread(_wait_for_readers, told, clients)
    told.begin("cycles", cycles=cycles)
    measured = await asyncio.to_thread(told.end)
    results.stream = {
        "clients": clients,
        "kB a broadcast": measure.median(sizes) / 1000,
        "CPU ms a cycle, no reader": alone["cpu_ms"],
        "CPU ms a cycle": measured["cpu_ms"],
        "CPU ms a broadcast": measured["cpu_ms"] - alone["cpu_ms"],
        "p50 ms": measure.percentile(delays, 0.5),
        "p95 ms": measure.percentile(delays, 0.95),
        "latest cycle ms": max(measured["late_ms"]),
        "memory MB": measured["memory_mb"] - before,
        "stuck readers left": measured["readers"] - (clients - stalled),
        "lost": (clients - stalled) * cycles - len(delays),
    }
    for connection in stuck:
        connection.close()


def _wait_for_readers(told: Told, clients: int) -> None:
    while told.do("state")["readers"] < clients:
        time.sleep(0.05)


# --- the page

SHOWN = """
new MutationObserver((_, watching) => {
  if (document.querySelector("tr.match") === null) return;
  watching.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.shownAt = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the first frame that has a match has been painted."""
BLANK = "<!doctype html><title>blank</title><body style='margin:0;height:60000px'>"
"""A page that only scrolls: what the browser and the machine cost by themselves."""
WHEEL = 800
"""Pixels a second that a page is scrolled: the speed of Chromium's own gestures."""
POINTER = (400, 500)
"""Where the mouse is, on the screen."""
EMPTY = """() => {
  performance.mark("footy: look");
  let count = 0;
  for (let y = 150; y < innerHeight; y += 50) {
    count += document.elementFromPoint(400, y).closest("tr") === null;
  }
  return count;
}"""
"""Counts the places of the screen, one a row, that have no row of the list.

The mark lets the task be left out, which is the benchmark's own and takes as long as a frame."""
LOADS = 5


def _page(told: Told, seconds: float, loads: int) -> dict[str, float] | None:
    """Return what the page costs; None if there is no chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        return None
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only this part needs a browser

    address = f"http://127.0.0.1:{told.ports['port']}/"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            shown = [_first_matches(browser, address) for _ in range(loads)]
            blank = _blank_tasks(browser, seconds / 2)
            slow = _page_tasks(browser, told, address, seconds)
            blank = blank.with_more(_blank_tasks(browser, seconds / 2))
        finally:
            browser.close()
    tasks = slow.tasks
    return {
        "matches": slow.matches,
        "first matches ms, median": measure.median(shown),
        "first matches ms, longest": max(shown),
        "first matches ms, slowed down": slow.shown_ms,
        "elements in the document": slow.elements,
        "places of the screen without a row": float(slow.empty),
        "longest task ms": tasks.longest_ms,
        "longest task ms, processor time": tasks.longest_cpu_ms,
        "tasks over 50 ms": tasks.over(TASK_MS),
        "processor time of all tasks, % of the time": 100 * tasks.cpu_share,
        "blank page: longest task ms": blank.longest_ms,
        "blank page: longest task ms, processor time": blank.longest_cpu_ms,
        "blank page: tasks over 50 ms": blank.over(TASK_MS),
        "blank page: processor time of all tasks, % of the time": 100 * blank.cpu_share,
    }


def _first_matches(browser: Any, address: str) -> float:
    """Return the milliseconds until a new visitor sees matches, at the processor's own speed."""
    page = browser.new_page(viewport=VIEWPORT)
    page.add_init_script(SHOWN)
    page.goto(address, wait_until="commit")
    page.wait_for_function("() => window.shownAt !== undefined")
    shown_ms: float = page.evaluate("window.shownAt")
    page.close()
    return shown_ms


@dataclass(frozen=True, slots=True)
class Tasks:
    """Tasks of a page's main thread: how long each took by the clock, and of the processor's time."""

    lengths_ms: Sequence[tuple[float, float]]
    seconds: float

    @property
    def longest_ms(self) -> float:
        """The longest, by the clock."""
        return max((length for length, _ in self.lengths_ms), default=0.0)

    @property
    def longest_cpu_ms(self) -> float:
        """The longest, by the processor: what else runs on the machine does not count."""
        return max((cpu for _, cpu in self.lengths_ms), default=0.0)

    @property
    def cpu_share(self) -> float:
        """How much of the time the thread was busy."""
        return sum(cpu for _, cpu in self.lengths_ms) / 1000 / self.seconds

    def over(self, most_ms: float) -> float:
        """Return how many took longer, by the clock."""
        return float(sum(length > most_ms for length, _ in self.lengths_ms))

    def with_more(self, more: "Tasks") -> "Tasks":
        """Return these and others."""
        return Tasks([*self.lengths_ms, *more.lengths_ms], self.seconds + more.seconds)


@dataclass(frozen=True, slots=True)
class SlowPage:
    """The page on a slow machine."""

    matches: int
    elements: int
    shown_ms: float
    tasks: Tasks
    empty: int
    """Places of the screen that were seen without a row."""


def _page_tasks(browser: Any, told: Told, address: str, seconds: float) -> SlowPage:
    """Scroll through all matches while cycles change them; return the tasks of that time."""
    page, session = _slowed(browser)
    page.add_init_script(SHOWN)
    page.goto(address, wait_until="commit")
    page.wait_for_function("() => window.shownAt !== undefined")
    page.evaluate("document.querySelector('[data-filter=all]').click()")
    wanted = int(page.locator("[data-filter=all] .chip-count").inner_text())
    page.wait_for_function(
        "count => Number(document.querySelector('#matches').ariaRowCount) > count", arg=wanted
    )
    page.mouse.move(*POINTER)
    page.wait_for_timeout(2_000)  # until what came with the first message is done
    told.begin("cycles", cycles=round(seconds / PAGE_EVERY_S), every=PAGE_EVERY_S)
    empty: list[int] = []
    tasks = _scrolled(browser, page, session, seconds, lambda: empty.append(page.evaluate(EMPTY)))
    told.end()
    elements = page.evaluate("document.querySelectorAll('*').length")
    found = SlowPage(wanted, elements, page.evaluate("window.shownAt"), tasks, sum(empty))
    page.close()
    return found


def _blank_tasks(browser: Any, seconds: float) -> Tasks:
    page, session = _slowed(browser)
    page.set_content(BLANK)
    tasks = _scrolled(browser, page, session, seconds)
    page.close()
    return tasks


def _slowed(browser: Any) -> tuple[Any, Any]:
    page = browser.new_page(viewport=VIEWPORT)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page, session


def _scrolled(
    browser: Any, page: Any, session: Any, seconds: float, look: Callable[[], None] = lambda: None
) -> Tasks:
    """Scroll down and up for some seconds; return the tasks of the page's main thread, from a trace.

    Args:
        browser: The browser.
        page: Its page.
        session: The page's CDP session.
        seconds: How long.
        look: Looks at the page after each gesture.
    """
    tracing = browser.new_browser_cdp_session()
    events: list[dict[str, Any]] = []
    ended: list[bool] = []
    tracing.on("Tracing.dataCollected", lambda sent: events.extend(sent["value"]))
    tracing.on("Tracing.tracingComplete", lambda _: ended.append(True))
    config = {"includedCategories": ["toplevel", "blink.user_timing"], "excludedCategories": ["*"]}
    tracing.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    page.evaluate("performance.mark('footy: begin')")
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        for way in (-1, 1):
            gesture = {"x": POINTER[0], "y": POINTER[1], "yDistance": way * 4 * WHEEL, "speed": WHEEL}
            session.send("Input.synthesizeScrollGesture", {**gesture, "gestureSourceType": "mouse"})
            look()
    took = time.monotonic() - began
    tracing.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    tracing.detach()
    return Tasks(_lengths_ms(events), took)


def _lengths_ms(events: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Return how long each task of the page took, by the clock and of processor time."""
    thread = next(_thread(one) for one in events if one["name"] == "footy: begin")
    looks = [one["ts"] for one in events if one["name"] == "footy: look"]
    return [
        (one["dur"] / 1000, one.get("tdur", 0) / 1000)
        for one in events
        if one["name"] == "ThreadControllerImpl::RunTask"
        and one["ph"] == "X"
        and _thread(one) == thread
        and not any(one["ts"] <= at <= one["ts"] + one["dur"] for at in looks)
    ]


def _thread(event: dict[str, Any]) -> tuple[int, int]:
    return event["pid"], event["tid"]


# --- the report


def _report(results: Results, intro: str) -> report.Report:
    rates, stream, page = results.rates, results.stream, results.page
    names = {"gzip": "gzipped", "plain": "not compressed", "not modified": "not modified (304)"}
    rows = [
        (
            names[kind],
            f"{results.sizes[kind] / 1000:,.1f}",
            f"{rates['prepared', kind]:,.0f}",
            f"{rates['per request', kind]:,.0f}" if ("per request", kind) in rates else "",
        )
        for kind in KINDS
    ]
    tables = [
        report.Table("Requests a second", ("/api/matches", "kB", "footy", "per request"), rows),
        report.Table("Streams", ("", "measured"), _rows(stream, 1)),
    ]
    checks = [
        report.Check(
            f"requests a second, {names[kind]}",
            f"≥ {least:,}",
            f"{rates['prepared', kind]:,.0f}",
            rates["prepared", kind] >= least,
        )
        for kind, least in PROMISED.items()
    ]
    checks += [
        _most("CPU a broadcast", stream["CPU ms a broadcast"], CPU_MS, "ms"),
        _most("from publication to a reader, p95", stream["p95 ms"], P95_MS, "ms"),
        _most("a cycle begins late by at most", stream["latest cycle ms"], LATE_MS, "ms"),
        _most("memory for all readers", stream["memory MB"], MEMORY_MB, "MB"),
        _most("stuck readers that are still there", stream["stuck readers left"], 0, ""),
    ]
    notes = []
    if page is None:
        notes.append("The page was left out: there was no chromium.")
    else:
        tables.append(report.Table("Page", ("", "measured"), _rows(page, 0)))
        checks += [
            _most("longest task while scrolling", page["longest task ms"], TASK_MS, "ms"),
            _most(
                "longest task while scrolling, processor time",
                page["longest task ms, processor time"],
                TASK_MS,
                "ms",
            ),
            _most("places of the screen without a row", page["places of the screen without a row"], 0, ""),
            _most("first matches on the page", page["first matches ms, median"], SHOWN_MS, "ms"),
        ]
        if page["blank page: longest task ms"] > TASK_MS:
            notes.append("The blank page had tasks that were too long, too: the machine was busy otherwise.")
    return report.Report(
        name="web",
        title="Page and API",
        intro=intro,
        tables=tables,
        checks=checks,
        notes=notes,
        picture=chart.bars(
            "Requests of /api/matches a second",
            chart.Axis("requests a second, logarithmic", logarithmic=True),
            [names[kind] for kind in PROMISED],
            [(how, [rates[how, kind] for kind in PROMISED]) for how in ("prepared", "per request")],
        ),
        caption="Requests of /api/matches a second",
    )


def _rows(measured: dict[str, float], places: int) -> list[tuple[str, str]]:
    return [(name, f"{value:,.{places}f}") for name, value in measured.items()]


def _most(words: str, value: float, most: float, unit: str) -> report.Check:
    return report.Check(words, f"≤ {most:,.0f} {unit}".strip(), f"{value:,.1f} {unit}".strip(), value <= most)
