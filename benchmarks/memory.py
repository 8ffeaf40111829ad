"""Memory, threads and descriptors over many accelerated cycles: the clocks are held and moved together."""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import time_machine

from benchmarks import chart, measure, report
from footy.outputs.snapshot import SnapshotFile
from footy.pipeline.board import Board
from footy.service.assembly import assembled
from footy.service.instance import Files
from footy.service.publishing import publish
from footy.settings import Mode, load
from footy.simulator.process import start

MATCHES = 102
CYCLES = 1000
WARM_UP = 50
EVERY = 10
GROWTH_MB = 2.0
GROWTH_CYCLES = 300
INTERVAL_S = 20
"""World seconds between cycles: 1,000 of them are five and a half hours, so matches come and go."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds after a cycle."""

    cycle: int
    memory_mb: float
    threads: int
    descriptors: int


def run(matches: int, cycles: int) -> list[Sample]:
    """Run cycles, publishing each, and sample every tenth."""
    samples = []
    with (
        start(matches=matches, odds="full", speed=0) as vendor,
        tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder,
    ):
        given = {
            "THESPORTS_USER": vendor.user,
            "THESPORTS_SECRET": vendor.secret,
            "FOOTY_BASE_URL": vendor.base_url,
            "FOOTY_DATA_DIR": folder,
            "FOOTY_RATE_LIMITS": "off",
            "FOOTY_INTERVAL": str(INTERVAL_S),
        }
        files = Files(Path(folder))
        with (
            time_machine.travel(vendor.control.clock()["now"], tick=False) as clock,
            assembled(load(given, Path("absent")).settings, Mode.LIVE, files) as footy,
        ):
            board = Board()
            outputs = [SnapshotFile(files.folder)]
            for number in range(1, cycles + 1):
                outcome = footy.pipeline.run(board, number)
                board = outcome.board
                if outcome.snapshot is not None:
                    publish(outcome.snapshot, outputs)
                footy.board_file.save(board)
                if number % EVERY == 0:
                    samples.append(
                        Sample(number, measure.held_mb(), measure.threads(), measure.descriptors())
                    )
                vendor.control.advance(INTERVAL_S)
                clock.shift(INTERVAL_S)
    return samples


def main(argv: Sequence[str]) -> int:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    report.add_arguments(parser)
    options = parser.parse_args(argv)
    matches, cycles = (10, 60) if options.quick else (MATCHES, options.cycles)
    started = time.perf_counter()
    samples = run(matches, cycles)
    settled = [one for one in samples if one.cycle > WARM_UP] or samples
    growth = measure.slope([one.memory_mb for one in settled]) / EVERY * GROWTH_CYCLES
    first, last = settled[0], settled[-1]
    most_threads, most_files = max(one.threads for one in settled), max(one.descriptors for one in settled)
    said = report.Report(
        name="memory",
        title="Memory",
        intro=(
            f"{cycles} delta cycles over {matches} matches, {INTERVAL_S} seconds of football apart, run one "
            f"after the other in {time.perf_counter() - started:.0f} s; the first {WARM_UP} are warm-up."
        ),
        tables=[
            report.Table(
                "What the process holds",
                ("after cycle", "memory, MB", "threads", "descriptors"),
                [
                    (str(one.cycle), f"{one.memory_mb:.1f}", str(one.threads), str(one.descriptors))
                    for one in samples[:: max(1, len(samples) // 10)]
                ],
            )
        ],
        checks=[
            report.Check(
                f"growth in {GROWTH_CYCLES} cycles",
                f"{GROWTH_MB:g} MB",
                f"{growth:+.2f} MB",
                growth < GROWTH_MB,
            ),
            report.Check("threads", str(first.threads), str(most_threads), last.threads <= first.threads),
            report.Check(
                "descriptors", str(first.descriptors), str(most_files), last.descriptors <= first.descriptors
            ),
        ],
        picture=chart.lines(
            "Memory over cycles",
            chart.Axis("cycle"),
            chart.Axis("MB"),
            [chart.Series("resident memory", [(one.cycle, one.memory_mb) for one in samples])],
        ),
        caption="Memory over cycles",
    )
    return report.publish(said, options, argv)
