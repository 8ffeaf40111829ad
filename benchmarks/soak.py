"""A soak: hundreds of accelerated cycles under mixed faults, and what the process holds after each."""

import argparse
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import time_machine

from benchmarks import chart, measure, report
from benchmarks.upstream import ORDERS
from footy.mirror.state import State
from footy.outputs.base import Update
from footy.outputs.publish import publish
from footy.outputs.snapshot_file import SnapshotFile
from footy.service.app import running_app
from footy.service.paths import Files
from footy.settings import Mode, load
from tests.support.harness import shift_gates
from thesports_simulator.process import start

CYCLES = 375
MATCHES = 30
QUICK_MATCHES, QUICK_WORKERS = 10, 3
"""Few enough workers that few matches use them all in the warm-up: memory reaches its bound by then."""
LARGE, QUICK_LARGE = 0.2, 0.05
"""The share of replies that are far too large, in their turn. Each costs a tenth of a second of CPU."""
WARM_UP = 50
WARM_UP_FACTOR = 4
"""Factor on the fault rates in the warm-up, so that every worker has met every fault by its end."""
GROWTH_MB, GROWTH_CYCLES = 2.0, 300
ENDS = 25
"""Cycles at either end whose medians are compared, so that one large body does not count as growth."""
INTERVAL_S = 20
CHANGE_EVERY = 5
"""Cycles after which the set of faults changes; so the warm-up includes every set."""
FAULT_SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("http500:0.1", "http503:0.05", "reset_before:0.05"),
    ("truncated:0.1", "reset_body:0.1", "html:0.05"),
    ("hang:0.02", "drip:0.02", "slow=1:0.05"),
    ("gzip_broken:0.1", "body_broken:0.1", "empty:0.05"),
    ("results_null:0.05", "element_null:0.1", "wrong_type=3:0.1"),
    ("err_url@odds/live", "http429=1:0.05@team/additional/list"),
    ("duplicate=3", "unknown_status:0.3", "unknown_incident:0.3", "vanish:0.1"),
    ("http500@match/detail_live",),
    ("gzip_bomb=40:{large}", "redirect:0.05", "code100003:0.05"),
)
TURN_EVERY = CHANGE_EVERY * len(FAULT_SETS)


@dataclass(slots=True)
class FeedTrust:
    """The behaviour of the feed of odds in some cycles."""

    cycles: int = 0
    differences: int = 0
    """Differences found by footy's own check of the feed."""
    distrusted: int = 0
    """Cycles after which the feed was not trusted."""


@dataclass(slots=True)
class Course:
    """The resources of the process after each cycle, and the failures."""

    memory_mb: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    slowest_s: float = 0.0
    unpublished: int = 0
    orders: dict[str, FeedTrust] = field(default_factory=lambda: {order: FeedTrust() for order in ORDERS})
    """The behaviour of the feed of odds, by its order of changes."""


INTRO = """\
{cycles} cycles of the default strategy over {matches} matches, {interval} seconds of football apart, one
right after the other ({seconds:.0f} s in all). Every {every} cycles the vendor fails in another of
{faults} ways, among them bodies of 40 MB that arrive compressed to almost nothing; during the {warm_up}
cycles of warm-up replies fail {worse} times as often, so that every worker has met everything by then. Every
{turn} cycles, which hold all of them, the feed of odds turns round, to list the oldest change first or the
newest, and footy forgets which, as after a long stop. A difference may be what the vendor made up, such as a
match without odds."""


def main(argv: Sequence[str]) -> int:
    """Run a soak, print and write; return 1 if something grows or a cycle overruns."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--cycles", type=int, help=f"default {CYCLES}")
    parser.add_argument("--matches", type=int, help=f"default {MATCHES}")
    options = parser.parse_args(argv)
    cycles = max(options.cycles or (150 if options.quick else CYCLES), WARM_UP + 2 * ENDS)
    matches = options.matches or (QUICK_MATCHES if options.quick else MATCHES)
    started = time.perf_counter()
    course = run(matches, cycles, QUICK_WORKERS, QUICK_LARGE) if options.quick else run(matches, cycles)
    intro = INTRO.format(
        cycles=cycles,
        matches=matches,
        interval=INTERVAL_S,
        seconds=time.perf_counter() - started,
        every=CHANGE_EVERY,
        faults=len(FAULT_SETS) - 1,
        warm_up=WARM_UP,
        worse=WARM_UP_FACTOR,
        turn=TURN_EVERY,
    )
    result = _report(course, intro)
    code = report.publish(result, options, argv)
    return code or int(not all(check.holds for check in result.checks))  # also with --quick


def run(matches: int, cycles: int, workers: int | None = None, large: float = LARGE) -> Course:
    """Run the cycles, with footy's default number of workers if None; an exception ends the run."""
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
        } | ({"FOOTY_WORKERS": str(workers)} if workers else {})
        files = Files(Path(folder))
        with (
            time_machine.travel(vendor.control.clock()["now"], tick=False) as clock,
            running_app(load(given, Path("absent")).settings, Mode.LIVE, files) as footy,
        ):
            state, outputs = State(), [SnapshotFile(files.folder)]
            for number in range(1, cycles + 1):
                # 1. Change the order of the feed and the set of faults.
                turns, since = divmod(number - 1, TURN_EVERY)
                order = ORDERS[turns % len(ORDERS)]
                if not since:
                    state = replace(state, odds_feed=replace(state.odds_feed, newest_first=None))
                if number % CHANGE_EVERY == 1:
                    vendor.control.settings(odds_live_order=order)
                    named = FAULT_SETS[number // CHANGE_EVERY % len(FAULT_SETS)]
                    faults = [fault.format(large=large) for fault in named]
                    vendor.control.set_faults(*map(_more_often, faults) if number <= WARM_UP else faults)
                # 2. Run and publish a cycle.
                started = time.monotonic()
                outcome = footy.pipeline.run(state, number)
                course.slowest_s = max(course.slowest_s, time.monotonic() - started)
                course.orders[order].cycles += 1
                course.orders[order].differences += (
                    outcome.state.odds_feed.differences > state.odds_feed.differences
                )
                course.orders[order].distrusted += not outcome.state.odds_feed.trusted
                state = outcome.state
                if outcome.snapshot is None or publish(Update(outcome.snapshot), outputs).failure:
                    course.unpublished += 1
                footy.checkpoint.save(state)
                # 3. Measure, and move both clocks.
                course.memory_mb.append(measure.held_mb())
                course.threads.append(measure.threads())
                course.descriptors.append(measure.descriptors())
                course.connections.append(vendor.control.stats()["connections"]["open"])
                vendor.control.reset()  # or the list of arrivals read by stats() would grow
                vendor.control.advance(INTERVAL_S)
                clock.shift(INTERVAL_S)
                shift_gates(footy, INTERVAL_S)
    return course


def _more_often(fault: str) -> str:
    """Return a fault with a higher rate: `hang:0.02` becomes `hang:0.08`."""
    return re.sub(r":(0\.\d+)", lambda found: f":{min(1.0, WARM_UP_FACTOR * float(found[1])):g}", fault)


def _report(course: Course, intro: str) -> report.Report:
    settled = course.memory_mb[WARM_UP:]
    rise_mb = measure.median(settled[-ENDS:]) - measure.median(settled[:ENDS])
    between = len(settled) - ENDS
    growth_mb = rise_mb * min(1.0, GROWTH_CYCLES / between)
    counts = (
        ("memory MB", course.memory_mb),
        ("threads", course.threads),
        ("descriptors", course.descriptors),
        ("connections", course.connections),
    )
    numbers = range(1, len(course.memory_mb) + 1)
    return report.Report(
        name="soak",
        title="A soak",
        intro=intro,
        tables=[
            report.Table(
                "What the process holds",
                ("", f"after cycle {WARM_UP}", "at the end", "the most"),
                [
                    (name, f"{values[WARM_UP]:.4g}", f"{values[-1]:.4g}", f"{max(values):.4g}")
                    for name, values in counts
                ],
            ),
            report.Table(
                "The feed of odds",
                ("", "cycles", "differences found", "cycles without trust"),
                [
                    (f"{order} first", str(feed.cycles), str(feed.differences), str(feed.distrusted))
                    for order, feed in course.orders.items()
                ],
            ),
        ],
        checks=[
            report.Check(
                f"memory, growth in {min(between, GROWTH_CYCLES)} cycles",
                f"< {GROWTH_MB:g} MB",
                f"{growth_mb:+.2f} MB",
                growth_mb < GROWTH_MB,
            ),
            *(report.steady(name, values) for name, values in counts[1:]),
            report.Check(
                "slowest cycle",
                f"< {INTERVAL_S} s",
                f"{course.slowest_s:.2f} s",
                course.slowest_s < INTERVAL_S,
            ),
            report.Check(
                "cycles that published nothing", "0", str(course.unpublished), course.unpublished == 0
            ),
            *(
                report.Check(
                    f"{order} first: cycles without trust in the odds",
                    "0",
                    str(feed.distrusted),
                    feed.distrusted == 0,
                )
                for order, feed in course.orders.items()
            ),
        ],
        notes=[f"Growth is between the medians of the first and the last {ENDS} cycles after the warm-up."],
        picture=chart.lines(
            "Memory under mixed faults",
            chart.Axis("cycle"),
            chart.Axis("MB, count", from_zero=True),
            [
                chart.Series(name, list(zip(numbers, map(float, values), strict=True)))
                for name, values in counts
            ],
        ),
        caption="Memory, threads, descriptors and connections over cycles",
    )
