"""Two commits beside each other: the same cycles of both in turn, on one simulator, in one run.

Machines are shared and noisy, so only ratios from one interleaved run tell whether a change made
footy slower.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from rich.console import Console

from benchmarks import child, report, upstream
from benchmarks.clients.meter import Lap
from benchmarks.cycle import address

REPEAT = 7
MOST_SLOWER = 1.10
MOST_MEMORY = 1.02
"""Resident memory differs by about a hundredth from run to run of the same commit."""
EXIT_USAGE = 64
INTRO = """\
{matches} matches, {latency} s a call; {repeat} runs of each commit in turn, each in a fresh process.
Medians of the runs' means; ratios of this commit to the base. Memory is the peak of a process."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two commits, with the folder of its checkout."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one kind of cycle of one commit: of a run, or medians of several runs."""

    calls: float
    wall_s: float
    cpu_s: float
    peak_mb: float


def main(argv: Sequence[str]) -> int:
    """Measure and print; return 1 if this commit needs more time, calls or memory than the base."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument(
        "base", nargs="?", default="HEAD~1", help="the commit to compare with (default HEAD~1)"
    )
    parser.add_argument("--matches", type=int, help="default 102, 6 with --quick")
    parser.add_argument("--repeat", type=int, help=f"default {REPEAT}, 1 with --quick")
    parser.add_argument("--cycles", type=int, help="steady cycles in each run (default 6, 1 with --quick)")
    parser.add_argument("--latency", type=float, help=f"seconds until a reply (default {upstream.LATENCY_S})")
    options = parser.parse_args(argv)
    quick = options.quick
    matches, repeat = options.matches or (6 if quick else 102), options.repeat or (1 if quick else REPEAT)
    latency = (0.02 if quick else upstream.LATENCY_S) if options.latency is None else options.latency
    task = {"interval": 2.0, "settling": 1 if quick else 2, "cycles": options.cycles or (1 if quick else 6)}
    with checked_out(options.base) as base:
        if base is None:
            print(f"{options.base} is not a commit of this repository.", file=sys.stderr)
            return EXIT_USAGE
        sides = (base, Side("this commit", child.PROJECT))
        runs = _runs(sides, matches, repeat, latency, task)
    figures = {key: _median(found) for key, found in runs.items()}
    intro = INTRO.format(matches=matches, latency=latency, repeat=repeat)
    return report.publish(_report(sides, figures, intro), options, argv)


@contextmanager
def checked_out(commit: str) -> Iterator[Side | None]:
    """Check a commit out in a temporary folder and yield it; yield None if there is no such commit."""
    found = _git("rev-parse", "--verify", "--short", f"{commit}^{{commit}}")
    if found.returncode != 0:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="footy-compare-") as folder:
        tree = Path(folder) / "base"
        _git("worktree", "add", "--detach", str(tree), commit).check_returncode()
        try:
            yield Side(found.stdout.strip(), tree)
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", "-C", str(child.PROJECT), *words],  # noqa: S607 - the user's own git
        capture_output=True,
        text=True,
        check=False,
    )


def _runs(
    sides: Sequence[Side], matches: int, repeat: int, latency: float, task: Mapping[str, Any]
) -> dict[tuple[str, str], list[Figures]]:
    """Run both commits in turn and return the figures of each run; the first one changes each time."""
    console = Console(stderr=True)
    runs: dict[tuple[str, str], list[Figures]] = {}
    with upstream.simulator(matches, latency=latency) as simulator:
        for number in range(repeat):
            console.print(f"run {number + 1} of {repeat} …", highlight=False)
            for side in sides if number % 2 else reversed(sides):
                for strategy in ("per-match", "delta"):
                    task_of_run = {
                        **address(simulator),
                        "strategy": strategy,
                        **task,
                        "with_new": 0,
                        "most": task["cycles"],
                    }
                    kinds: dict[str, list[Lap]] = {}
                    for lap in child.ask("benchmarks.clients.footy_cycles", task_of_run, side.folder):
                        one = Lap(**lap)
                        if one.new == 0 or one.kind != "delta":
                            kinds.setdefault(one.kind, []).append(one)
                    for kind, laps in kinds.items():
                        runs.setdefault((kind, side.name), []).append(_mean(laps))
    return runs


def _mean(laps: Sequence[Lap]) -> Figures:
    """Return the figures of a run. Steady cycles need four calls and three in turn, so a mean."""
    return Figures(
        calls=fmean(lap.calls for lap in laps),
        wall_s=fmean(lap.wall_s for lap in laps),
        cpu_s=fmean(lap.cpu_s for lap in laps),
        peak_mb=max(lap.peak_mb for lap in laps),
    )


def _median(runs: Sequence[Figures]) -> Figures:
    return Figures(
        calls=median(run.calls for run in runs),
        wall_s=median(run.wall_s for run in runs),
        cpu_s=median(run.cpu_s for run in runs),
        peak_mb=median(run.peak_mb for run in runs),
    )


def _report(
    sides: tuple[Side, Side], figures: Mapping[tuple[str, str], Figures], intro: str
) -> report.Report:
    base, this = sides
    rows, checks = [], []
    for kind in dict.fromkeys(kind for kind, _ in figures):
        if (kind, base.name) not in figures or (kind, this.name) not in figures:
            continue
        before, after = figures[kind, base.name], figures[kind, this.name]
        for words, unit, most in (
            ("calls", "", 1.0),
            ("wall_s", " s", MOST_SLOWER),
            ("cpu_s", " s", MOST_SLOWER),
            ("peak_mb", " MB", MOST_MEMORY),
        ):
            was, now = getattr(before, words), getattr(after, words)
            ratio = now / was if was else 1.0
            figure = words.removesuffix("_s").removesuffix("_mb").replace("cpu", "CPU")
            rows.append((f"{kind}: {figure}", f"{was:.4g}{unit}", f"{now:.4g}{unit}", f"{ratio:.3f}"))
            checks.append(report.Check(f"{kind}: {figure}", f"≤ {most:.2f}", f"{ratio:.3f}", ratio <= most))
    columns = ("", base.name, this.name, "ratio")
    return report.Report(
        "compare", "Two commits", intro, [report.Table("Two commits", columns, rows)], checks, published=False
    )
