"""`footy status`: the figures of the metrics, once as lines and live on a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from footy.errors import Exit
from footy.service.figures import Figures, lines, read_figures
from footy.service.health import Health, health
from footy.service.status_screen import panels, screen
from footy.telemetry.metrics import Samples, read_samples
from tests.support.place import SECRET, Place, wait_until
from tests.support.simulators import start

WELL = read_samples("""
footy_cycles_total{outcome="ok"} 12
footy_cycles_total{outcome="unavailable"} 0
footy_cycle_seconds{step="total"} 0.61
footy_cycle_seconds{step="sleep"} 59.2
footy_cycle_seconds{step="live"} 0.29
footy_interval_seconds 60
footy_calls_total{endpoint="odds/history",outcome="ok"} 100
footy_calls_total{endpoint="odds/history",outcome="deadline"} 3
footy_calls_total{endpoint="deleted",outcome="ok"} 1
footy_error_ratio 0.0
footy_quota_left{endpoint="odds/history"} 17
footy_quota_limit{endpoint="odds/history"} 120
footy_data_age_seconds{kind="live_list"} 1.5
footy_data_age_seconds{kind="odds"} 100
footy_matches{status="First half"} 49
footy_matches{status="Finished"} 0
footy_matches_in_play 49
footy_matches_lacking{kind="details"} 0
footy_matches_lacking{kind="odds"} 0
footy_degraded{kind="odds"} 0
footy_feed_trusted{feed="odds"} 1
footy_threads 36
process_resident_memory_bytes 75497472
footy_data_disk_free_bytes 2147483648
""")
FAILING: Samples = {
    **WELL,
    "footy_cycles_total": {("ok",): 12.0, ("unavailable",): 2.0, ("bug",): 1.0},
    "footy_calls_total": {("odds/history", "ok"): 100.0, ("odds/history", "timeout"): 25.0},
    "footy_error_ratio": {(): 0.2},
    "footy_indicator_level": {("errors",): 1.0, ("cycle",): 2.0},
    "footy_matches_lacking": {("details",): 1.0, ("odds",): 38.0},
    "footy_degraded": {("odds",): 1.0},
    "footy_feed_trusted": {("odds",): 0.0},
    "footy_quota_left": {("odds/history",): 0.0},
    "footy_archive_waiting": {(): 12.0},
    "footy_sink_lag_events": {("jsonl",): 0.0, ("webhook",): 340.0},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A live service after its first cycle."""
    folder = tmp_path_factory.mktemp("running")
    with start(matches=20, odds="light", secret=SECRET) as vendor, Place(folder) as place:
        place.ask(vendor)
        place.begin_service()
        yield place


# --- as lines


def test_what_is_well_is_said_in_five_lines() -> None:
    assert list(lines(Figures(WELL, age_s=30))) == [
        "Cycles: 12 since the start, none failed",
        "Calls: 104 since the start, none failed, 3 cut off by the end of a cycle; error rate 0.0%",
        "Quota left: odds/history 17 of 120",
        "Data age: live list 31 s, odds 2 min",
        "Process: memory 72 MB, threads 36, disk left 2.0 GB",
    ]


def test_what_failed_is_counted_with_its_reasons() -> None:
    cycles, calls, *_ = lines(Figures(FAILING, age_s=0))

    assert cycles == "Cycles: 15 since the start, 3 failed (unavailable 2, bug 1)"
    assert calls == "Calls: 125 since the start, 25 failed (timeout 25); error rate 20.0%"


def test_before_the_first_cycle_there_is_nothing_to_say() -> None:
    assert list(lines(Figures({}, age_s=0))) == []


def test_the_status_has_the_figures_of_the_process_that_runs(running: Place) -> None:
    said = running.run("status")
    told = read_samples(running.files.metrics.read_text())

    assert said.returncode == Exit.OK
    calls = sum(count for labels, count in told["footy_calls_total"].items())
    assert f"\nCalls: {calls:.0f} since the start, " in said.stdout
    assert {endpoint for (endpoint,) in told["footy_quota_left"]} == {"odds/history", "match/live/history"}
    for (endpoint,), left in told["footy_quota_left"].items():
        assert f"{endpoint} {left:.0f} of 120" in said.stdout


def test_figures_that_an_earlier_process_left_are_not_those_of_this_one(running: Place) -> None:
    judged, now = health(running.files, demo=False), time.time()
    other = Health(well=True, line="", pid=1)

    assert read_figures(running.files, judged, now) is not None
    assert read_figures(running.files, other, now) is None
    os.utime(running.files.metrics, (1, 1))
    assert read_figures(running.files, judged, now) is None
    os.utime(running.files.metrics)


# --- on a terminal


@pytest.mark.parametrize("width", [80, 120, 160])
def test_the_screen_fits_with_its_panels_side_by_side(running: Place, width: int) -> None:
    console = Console(width=width, color_system=None, force_terminal=False, highlight=False)
    with console.capture() as capture:
        console.print(screen(running.files, demo=False, now=time.time(), width=width))
    drawn = capture.get().splitlines()

    assert [line for line in drawn[3:] if len(line) > width] == []
    across = next(line for line in drawn if " Cycle " in line)
    titles = ["Cycle", "Calls since the start", "Data", "Matches"]
    assert re.findall(r"╭─ ([\w ]+) ─", across) == titles[: width // 40]
    assert len(drawn) <= {80: 25, 120: 20, 160: 17}[width]
    assert not any("…" in line for line in drawn), "nothing is cut"


def test_what_is_wrong_is_in_the_panels_in_colour() -> None:
    rows = {row.name: row for _, of_panel in panels(Figures(FAILING, 0)) for row in of_panel}

    wrong = {name: row.value for name, row in rows.items() if row.style.color is not None}
    assert wrong == {
        "total": "0.61 s of 60 s",
        "odds/history": "0 of 120",
        "error rate": "20.0%",
        "details lacking": "1 of 49 in play",
        "odds lacking": "38 of 49 in play",
        "webhook behind": "340 events",
        "feed of odds": "not trusted",
    }
    assert rows["waiting for all their odds"].value == "12 matches"
    assert {row.style.color for _, of_panel in panels(Figures(WELL, 0)) for row in of_panel} == {None}


def test_without_a_terminal_watch_is_one_sentence(running: Place) -> None:
    said = running.run("status", "--watch")

    assert (said.returncode, said.stdout) == (Exit.USAGE, "")
    assert said.stderr == "footy: --watch needs a terminal; without it, status prints the same once.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_draws_again_and_leaves_the_terminal_clean(running: Place, number: signal.Signals) -> None:
    keyboard, terminal = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    watching = subprocess.Popen(
        [sys.executable, "-m", "footy", "status", "--watch"],
        cwd=running.folder,
        env=running.environment | {"TERM": "xterm-256color"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    written = b""

    def drawn(times: int) -> bool:
        nonlocal written
        while select.select([keyboard], [], [], 0.02)[0]:
            try:
                written += os.read(keyboard, 1 << 16)
            except OSError:  # it has ended
                break
        return written.count(b"Calls since the start") >= times

    try:
        wait_until(lambda: drawn(2))
        watching.send_signal(number)
        assert watching.wait(timeout=5) == Exit.OK
        drawn(0)
    finally:
        watching.kill()
        watching.wait()
        os.close(keyboard)

    assert b"Pipeline is running" in written
    assert written.rstrip().endswith(b"\x1b[?25h"), "the cursor is shown again"
    assert b"Traceback" not in written
