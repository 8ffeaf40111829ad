"""A soak: hundreds of accelerated cycles under mixed faults, and what the process holds after each."""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import time_machine
from rich.console import Console
from rich.table import Table

from benchmarks import measure
from footy.outputs.snapshot import SnapshotFile
from footy.pipeline.board import Board
from footy.service.assembly import assembled
from footy.service.instance import Files
from footy.service.publishing import publish
from footy.settings import Mode, load
from footy.simulator.process import start

CYCLES = 350
WARM_UP = 50
GROWTH_MB = 2.0
GROWTH_CYCLES = 300
INTERVAL_S = 20
WORKERS = 8
"""Each thread's stack and heap grow until it has met every way of failing once; fewer have done so sooner."""
ENDS = 25
"""Cycles at either end whose median is compared, so that one large body in passing does not count."""
CHANGE_EVERY = 5
"""Cycles after which the vendor falls ill in another way; so the warm-up has met every one."""
ILLNESSES: tuple[tuple[str, ...], ...] = (
    (),
    ("http500:0.1", "http503:0.05", "reset_before:0.05"),
    ("truncated:0.1", "reset_body:0.1", "html:0.05"),
    ("hang:0.02", "drip:0.02", "slow=1:0.05"),
    ("gzip_broken:0.1", "body_broken:0.1", "empty:0.05"),
    ("results_null:0.05", "element_null:0.1", "wrong_type=3:0.1"),
    ("err_url@odds/live", "http429=1:0.05@team/additional/list"),
    ("duplicate=3", "unknown_status:0.3", "unknown_incident:0.3", "vanish:0.1"),
    ("http500@match/detail_live",),
    ("gzip_bomb=40:0.2", "redirect:0.05", "code100003:0.05"),
)


@dataclass(slots=True)
class Course:
    """What the process held after each cycle, and what went wrong."""

    memory_mb: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    slowest_s: float = 0.0
    unpublished: int = 0


def run(matches: int, cycles: int) -> Course:
    """Run the cycles; an exception that leaves one ends the soak."""
    course = Course()
    with (
        start(matches=matches, odds="light", speed=0) as vendor,
        tempfile.TemporaryDirectory(prefix="footy-soak-") as folder,
    ):
        given = {
            "THESPORTS_USER": vendor.user,
            "THESPORTS_SECRET": vendor.secret,
            "FOOTY_BASE_URL": vendor.base_url,
            "FOOTY_DATA_DIR": folder,
            "FOOTY_RATE_LIMITS": "off",
            "FOOTY_INTERVAL": str(INTERVAL_S),
            "FOOTY_TIMEOUT": "0.3",
            "FOOTY_BACKOFF": "0.01",
            "FOOTY_WORKERS": str(WORKERS),
        }
        files = Files(Path(folder))
        with (
            time_machine.travel(vendor.control.clock()["now"], tick=False) as clock,
            assembled(load(given, Path("absent")).settings, Mode.LIVE, files) as footy,
        ):
            board, outputs = Board(), [SnapshotFile(files.folder)]
            for number in range(1, cycles + 1):
                if number % CHANGE_EVERY == 1:
                    vendor.control.set_faults(*ILLNESSES[number // CHANGE_EVERY % len(ILLNESSES)])
                started = time.monotonic()
                outcome = footy.pipeline.run(board, number)
                course.slowest_s = max(course.slowest_s, time.monotonic() - started)
                board = outcome.board
                if outcome.snapshot is None or publish(outcome.snapshot, outputs).failure:
                    course.unpublished += 1
                footy.board_file.save(board)
                course.memory_mb.append(measure.held_mb())
                course.threads.append(measure.threads())
                course.descriptors.append(measure.descriptors())
                course.connections.append(vendor.control.stats()["connections"]["open"])
                vendor.control.reset()  # the list of arrivals would grow in this process too, as it is read
                vendor.control.advance(INTERVAL_S)
                clock.shift(INTERVAL_S)
    return course


def main(argv: Sequence[str]) -> int:
    """Run a soak, and judge it; exit 1 where something grows or a cycle overruns."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak", description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--matches", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="a short one, as CI runs it")
    options = parser.parse_args(argv)
    cycles = 80 if options.quick else max(options.cycles, WARM_UP + 2)
    matches = 8 if options.quick else options.matches
    started = time.perf_counter()
    course = run(matches, cycles)
    settled = course.memory_mb[WARM_UP:]
    rise_mb = measure.median(settled[-ENDS:]) - measure.median(settled[:ENDS])
    growth_mb = rise_mb / max(1, len(settled) - ENDS) * GROWTH_CYCLES
    checks = [
        (
            "memory",
            f"{growth_mb:+.2f} MB in {GROWTH_CYCLES} cycles",
            f"< {GROWTH_MB:g} MB",
            growth_mb < GROWTH_MB,
        ),
        _steady("threads", course.threads),
        _steady("descriptors", course.descriptors),
        _steady("connections", course.connections),
        ("slowest cycle", f"{course.slowest_s:.2f} s", f"< {INTERVAL_S} s", course.slowest_s < INTERVAL_S),
        ("cycles that published nothing", str(course.unpublished), "0", course.unpublished == 0),
    ]
    table = Table(
        title=f"{cycles} cycles, {matches} matches, mixed faults, {time.perf_counter() - started:.0f} s"
    )
    for column in ("", "measured", "bound", "holds"):
        table.add_column(column)
    for what, measured, bound, holds in checks:
        table.add_row(what, measured, bound, "yes" if holds else "NO")
    Console().print(table)
    return 0 if all(holds for *_, holds in checks) else 1


def _steady(what: str, values: Sequence[int]) -> tuple[str, str, str, bool]:
    """Judge that what is held does not rise: the last third reaches no new height."""
    settled = values[WARM_UP:] if len(values) > WARM_UP else values
    third = max(1, len(settled) // 3)
    most_before, most_after = max([*values[:WARM_UP], *settled[:-third]]), max(settled[-third:])
    return what, f"{most_after} at the end", f"≤ {most_before}, the peak before", most_after <= most_before
