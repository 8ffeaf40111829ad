"""Freshness: seconds from a change in the world to its publication in matches.json, by the real service."""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks import chart, report, upstream
from benchmarks.child import PROJECT
from benchmarks.freshness_truth import DETAILS, GOALS, KINDS, LIVE, PRICES, Watcher
from benchmarks.measure import percentile
from footy.pipeline.cycle import FOUND_WRONG
from thesports_simulator.process import RunningSimulator

MATCHES = 102
INTERVALS = (60.0, 10.0, 5.0, 2.0)
POLL_S = 0.01
PROMISED_INTERVAL, PROMISED_P95_S = 5.0, 6.0
INTRO = """\
`python -m footy` runs over {matches} matches whose vendor answers after {latency} s, at each interval for
{minutes:g} minutes, quotas off. The world knows the second of each change, and the change counts as published
when a reader of `matches.json` first sees it, or a later one that overtook it. Prices are those of the
bookmaker shown. Details (referee, weather, table position and so on) are asked for once a minute at any
interval, which is how often the vendor renews them. All of that once with a vendor whose feed of odds lists
the newest change first, and once with one who lists the oldest first."""

Waits = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """The results of one run of the service."""

    order: str
    interval: float
    waits: Waits
    compared: int
    wrong: int
    differences: int
    """Differences found by footy's own check of the feeds."""


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks freshness", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--minutes", type=float, help="at each interval (default 5, from the first snapshot)")
    parser.add_argument("--intervals", type=_numbers, help="seconds, such as 60,5 (default 60,10,5,2)")
    parser.add_argument("--matches", type=int, help=f"default {MATCHES}")
    options = parser.parse_args(argv)
    quick: bool = options.quick
    minutes = options.minutes or (0.1 if quick else 5.0)
    intervals = options.intervals or ((2.0,) if quick else INTERVALS)
    matches = options.matches or (60 if quick else MATCHES)
    latency = 0.02 if quick else upstream.LATENCY_S
    seen: list[Seen] = []
    console = Console(stderr=True)
    with upstream.simulator(matches, latency=latency, odds="light" if quick else "full") as vendor:
        for interval in intervals:
            for order in upstream.ORDERS:
                console.print(f"interval {interval:g} s, {order} first …", highlight=False)
                vendor.control.settings(odds_live_order=order)
                seen.append(measured(vendor, order, interval, 60 * minutes, latency))
    intro = INTRO.format(matches=matches, latency=latency, minutes=minutes)
    return report.publish(_report(seen, intro), options, argv)


def measured(vendor: RunningSimulator, order: str, interval: float, seconds: float, latency: float) -> Seen:
    """Run the service at an interval, watch its file, and return the results."""
    watcher = Watcher(vendor.world(), latency)
    ahead = vendor.control.clock()["now"] - time.time()
    with (
        tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder,
        _service(vendor, interval, Path(folder)) as service,
    ):
        file, seen = Path(folder) / "matches.json", 0
        end = time.monotonic() + 120
        while time.monotonic() < end:
            time.sleep(POLL_S)
            if service.poll() is not None:
                raise RuntimeError(f"the service ended with exit code {service.returncode}")
            with contextlib.suppress(FileNotFoundError):
                stamp = file.stat().st_mtime_ns
                if stamp != seen:
                    now = time.time() + ahead
                    end = time.monotonic() + seconds if not seen else end
                    seen = stamp
                    watcher.see(msgspec.json.decode(file.read_bytes()), now)
        differences = (Path(folder) / "footy.log").read_text(encoding="utf-8").count(FOUND_WRONG)
    return Seen(order, interval, watcher.waits, watcher.compared, len(watcher.wrong), differences)


@contextlib.contextmanager
def _service(vendor: RunningSimulator, interval: float, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run footy with a vendor and a data folder, and yield its process."""
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT),
        "THESPORTS_USER": vendor.user,
        "THESPORTS_SECRET": vendor.secret,
        "FOOTY_MODE": "live",
        "FOOTY_BASE_URL": vendor.base_url,
        "FOOTY_DATA_DIR": str(folder),
        "FOOTY_INTERVAL": f"{interval:g}",
        "FOOTY_RATE_LIMITS": "off",
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


def _report(seen: list[Seen], intro: str) -> report.Report:
    rows = [
        (
            f"{run.interval:g} s, {run.order} first: {kind}",
            str(len(found)),
            *(f"{percentile(found, share):.2f}" for share in (0.5, 0.95)),
        )
        for run in seen
        for kind in KINDS
        if (found := run.waits[kind])
    ]
    checks = [
        report.Check(
            f"{kind} at {PROMISED_INTERVAL:g} s, {run.order} first: p95",
            f"≤ {PROMISED_P95_S:g} s",
            f"{percentile(found, 0.95):.2f} s",
            percentile(found, 0.95) <= PROMISED_P95_S,
        )
        for run in seen
        for kind in (GOALS, LIVE, PRICES)
        if run.interval == PROMISED_INTERVAL and (found := run.waits[kind])
    ]
    for order in upstream.ORDERS:
        runs = [run for run in seen if run.order == order]
        compared, wrong = sum(run.compared for run in runs), sum(run.wrong for run in runs)
        differences = sum(run.differences for run in runs)
        checks += [
            report.Check(f"{order} first: wrong prices of {compared}", "0", str(wrong), wrong == 0),
            report.Check(
                f"{order} first: differences found",
                "0",
                str(differences),
                differences == 0,
            ),
        ]
    return report.Report(
        name="freshness",
        title="Freshness",
        intro=intro,
        tables=[
            report.Table("Seconds from a change to its publication", ("", "changes", "p50", "p95"), rows)
        ],
        checks=checks,
        picture=_picture(seen),
        caption="Seconds from a change to its publication, by interval",
    )


def _picture(seen: list[Seen]) -> str:
    waits: dict[float, Waits] = {}
    for run in seen:
        of_both = waits.setdefault(run.interval, {kind: [] for kind in KINDS})
        for kind in KINDS:
            of_both[kind] += run.waits[kind]
    shown = [interval for interval, kinds in waits.items() if all(kinds[kind] for kind in (LIVE, PRICES))]
    bars = [
        (f"{words}, {name}", [percentile(waits[interval][kind], share) for interval in shown])
        for kind, words in ((LIVE, "live list"), (PRICES, "prices"), (DETAILS, "details"))
        for name, share in (("p50", 0.5), ("p95", 0.95))
        if all(waits[interval][kind] for interval in shown)
    ]
    up = chart.Axis("seconds, logarithmic", logarithmic=True)
    groups = [f"every {interval:g} s" for interval in shown]
    return chart.bars("From a change to its publication", up, groups, bars) if shown else ""


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))
