"""What is published while the vendor fails: a row for every fault of the simulator's catalogue."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from benchmarks.child import PROJECT
from benchmarks.report import DOCS, section_of
from footy.clock import CLOCK
from tests.support.harness import EPOCH, INTERVAL, QUICK, begin, written
from thesports_simulator.faults import CATALOGUE
from thesports_simulator.process import RunningSimulator, start

PAGE = "reliability.md"
HEAD = """# Reliability

Each part is written by the command that it names; nothing here is edited by hand. The table is written by
`python -m benchmarks reliability`.

Each row is one way in which a vendor fails, played by [the simulator](simulator.md#faults) on every
endpoint at once. A pipeline with complete data meets it for one cycle of {interval:g} s, with an
attempt cut after {timeout} s; then `python -m footy --once` meets it on an empty data folder.

* **published**: how the parts of {matches} matches were obtained in that cycle (live element, detail, odds,
  teams, competition, country). `fresh` and `cache` are the current truth, `stale` the last good value with
  its age.
* **wrong**: values that differ from what was true at their own `…_fetched_at`, but for what the fault made up
  inside a reply of the right types, which nobody can tell from the truth; how many those were stands
  beside it.
* **s**, **calls**, **retries**: of that cycle. A cycle ends at 0.8 of the interval, whatever hangs.
* **health**: whether that cycle counts as a success. Where none does for 180 s (or three intervals),
  `matches.json` is no longer replaced and `footy health` says stale.
* **--once**: its exit code, and the lines it printed on standard error beside the data folder's.

| fault | published | wrong (made up) | s | calls | retries | health | --once |
|---|---|---:|---:|---:|---:|---|---|
"""
BAD_SIGNS = ("Traceback", "Unknown")


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one fault."""

    fault: str
    published: str
    wrong: int
    made_up: int
    seconds: float
    calls: int
    retries: int
    well: bool
    once: str
    sound: bool

    def markdown(self) -> str:
        """Return the row as Markdown."""
        health = "well" if self.well else "no success"
        return (
            f"| `{self.fault}` | {self.published} | {self.wrong} ({self.made_up}) | {self.seconds:.2f} "
            f"| {self.calls} | {self.retries} | {health} | {self.once} |"
        )


def examine(vendor: RunningSimulator, fault: str) -> Row:
    """Inject a fault, run a cycle and `--once` under it, and return the result."""
    with (
        tempfile.TemporaryDirectory(prefix="footy-reliability-") as folder,
        begin(vendor, Path(folder)) as trial,
    ):
        trial.cycle()
        trial.inject(written(fault))
        trial.wait(INTERVAL)
        cycle = trial.cycle()
        sources = Counter(cycle.sources())
        published = ", ".join(f"{sources[name]} {name}" for name in sorted(sources)) or "no match is listed"
        spent = cycle.outcome.spent
        once, sound = _once(vendor)
        trial.recovers()
        in_time = cycle.seconds < INTERVAL
        return Row(
            fault, published, len(cycle.falsehoods), len(cycle.made_up), cycle.seconds, spent.attempts,
            spent.retries, cycle.outcome.error is None, once, sound and in_time and not cycle.falsehoods,
        )  # fmt: skip


def _once(vendor: RunningSimulator) -> tuple[str, bool]:
    """Run `--once` on an empty folder; return its exit code and lines, and whether it is as expected."""
    with tempfile.TemporaryDirectory(prefix="footy-reliability-") as folder:
        ended = subprocess.run(
            [sys.executable, "-m", "footy", "--once", "--json"],
            cwd=folder,
            env={
                **os.environ,
                **QUICK,
                "PYTHONPATH": str(PROJECT),
                "THESPORTS_USER": vendor.user,
                "THESPORTS_SECRET": vendor.secret,
                "FOOTY_BASE_URL": vendor.base_url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    said = [line for line in ended.stderr.splitlines() if "data folder" not in line]
    clean = (
        not any(sign in ended.stderr + ended.stdout for sign in BAD_SIGNS)
        and vendor.secret not in ended.stderr
    )
    return f"{ended.returncode}, {len(said)} line{'s' * (len(said) != 1)}", clean and len(said) <= 1


def main(argv: Sequence[str]) -> int:
    """Examine every fault, and write the page; return 1 if a result is not as expected."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks reliability", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three faults, and nothing written")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder to write the page into")
    options = parser.parse_args(argv)
    faults = ["http503", "drip", "wrong_type"] if options.quick else list(CATALOGUE)
    console = Console()
    rows = []
    matches = 8
    with (
        # The clock is moved from cycle to cycle, and footy's time is to go with it, not to notice.
        patch.multiple(CLOCK, uptime=time.time, _offset=0.0),
        start(matches=matches, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as vendor,
    ):
        for fault in faults:
            rows.append(examine(vendor, fault))
            console.print(rows[-1].markdown(), highlight=False, markup=False, soft_wrap=True)
    if not options.quick:
        head = HEAD.format(interval=INTERVAL, timeout=QUICK["FOOTY_TIMEOUT"], matches=matches)
        page = head + "\n".join(row.markdown() for row in rows) + "\n"
        evening = section_of(options.docs / PAGE, "evening")
        (options.docs / PAGE).write_text(f"{page}\n{evening}\n" if evening else page, encoding="utf-8")
        console.print(f"Written: {options.docs / PAGE}", soft_wrap=True)
    unsound = [row.fault for row in rows if not row.sound]
    for fault in unsound:
        console.print(f"Not as it should be: {fault}")
    return 1 if unsound else 0
