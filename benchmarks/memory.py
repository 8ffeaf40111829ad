"""Memory, threads and descriptors over many accelerated cycles: the clocks are held and moved together."""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import time_machine

from benchmarks import chart, measure, report, upstream
from footy.mirror.state import State
from footy.outputs.base import Update
from footy.outputs.publish import publish
from footy.outputs.snapshot_file import SnapshotFile
from footy.service.app import running_app
from footy.service.paths import Files
from footy.settings import Mode, load

MATCHES = 102
CYCLES = 1000
WARM_UP = 300
EVERY = 5
"""Cycles between samples."""
ENDS = 20
"""Samples at either end whose medians are compared, so that one large body does not count as growth."""
GROWTH_MB, GROWTH_CYCLES = 2.0, 300
INTERVAL_S = 20
"""World seconds between cycles: 1,000 of them are five and a half hours, so matches come and go."""
INTRO = """\
{cycles:,} cycles of the default strategy over {matches} matches with full odds, {interval} seconds
of football apart, one right after the other ({seconds:.0f} s in all): both clocks stand still during
a cycle and are moved between two. Each is published, and the state saved, as the service does. The
first {warm_up} are warm-up, in which most of the first matches are replaced and pools and caches
fill."""
MEANING = """\
Growth is between the medians of the first and the last {ends} samples after the warm-up; a line
through all of them rises {slope:+.2f} MB in 1,000 cycles. Teams and competitions are remembered for a
day, so new ones add a little."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The resources of the process after a cycle."""

    cycle: int
    memory_mb: float
    threads: int
    descriptors: int


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if something grows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--cycles", type=int, help=f"default {CYCLES:,}")
    parser.add_argument("--matches", type=int, help=f"default {MATCHES}")
    options = parser.parse_args(argv)
    cycles = options.cycles or (40 if options.quick else CYCLES)
    matches = options.matches or (8 if options.quick else MATCHES)
    warm_up = min(WARM_UP, cycles // 4)
    started = time.perf_counter()
    samples = run(matches, cycles)
    intro = INTRO.format(
        cycles=cycles,
        matches=matches,
        interval=INTERVAL_S,
        seconds=time.perf_counter() - started,
        warm_up=warm_up,
    )
    return report.publish(_report(samples, intro, warm_up), options, argv)


def run(matches: int, cycles: int) -> list[Sample]:
    """Run and publish cycles, and return a sample for every `EVERY` cycles."""
    samples = []
    with (
        upstream.simulator(matches, speed=0) as vendor,
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
            running_app(load(given, Path("absent")).settings, Mode.LIVE, files) as footy,
        ):
            state, outputs = State(), [SnapshotFile(files.folder)]
            for number in range(1, cycles + 1):
                outcome = footy.pipeline.run(state, number)
                state = outcome.state
                if outcome.snapshot is None or publish(Update(outcome.snapshot), outputs).failure is not None:
                    raise RuntimeError(f"cycle {number} published nothing: {outcome.error}")
                footy.checkpoint.save(state)
                if number % EVERY == 0:
                    samples.append(
                        Sample(number, measure.held_mb(), measure.threads(), measure.descriptors())
                    )
                vendor.control.advance(INTERVAL_S)
                clock.shift(INTERVAL_S)
    return samples


def _report(samples: Sequence[Sample], intro: str, warm_up: int) -> report.Report:
    settled = [one for one in samples if one.cycle > warm_up]
    memory = [one.memory_mb for one in settled]
    ends = min(ENDS, max(1, len(settled) // 3))
    rise = measure.median(memory[-ends:]) - measure.median(memory[:ends])
    growth = rise / max(1, len(settled) - ends) / EVERY * GROWTH_CYCLES
    slope = measure.slope(memory) / EVERY * 1000
    tenth = max(1, len(samples) // 10)
    rows = [
        (f"{one.cycle:,}", f"{one.memory_mb:.1f}", str(one.threads), str(one.descriptors))
        for one in samples[tenth - 1 :: tenth]
    ]
    return report.Report(
        name="memory",
        title="Memory",
        intro=intro,
        tables=[
            report.Table(
                "What the process holds", ("after cycle", "memory MB", "threads", "descriptors"), rows
            )
        ],
        checks=[
            report.Check(
                f"memory, growth in {GROWTH_CYCLES} cycles",
                f"≤ {GROWTH_MB:g} MB",
                f"{growth:+.2f} MB",
                growth <= GROWTH_MB,
            ),
            report.steady("threads", [one.threads for one in settled]),
            report.steady("descriptors", [one.descriptors for one in settled]),
        ],
        notes=[MEANING.format(ends=ends, slope=slope)],
        picture=chart.lines(
            "Memory over cycles",
            chart.Axis("cycle"),
            chart.Axis("MB, count", from_zero=True),
            [
                chart.Series("resident memory", [(one.cycle, one.memory_mb) for one in samples]),
                chart.Series("threads", [(one.cycle, one.threads) for one in samples]),
                chart.Series("descriptors", [(one.cycle, one.descriptors) for one in samples]),
            ],
        ),
        caption="Memory, threads and descriptors over cycles",
    )
