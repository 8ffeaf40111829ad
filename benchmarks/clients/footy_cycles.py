"""The client footy, assembled like the service: cold and warm cycles, or cycles at its real interval."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.child import answer
from benchmarks.clients.meter import Lap, Meter
from footy.mirror.state import State
from footy.outputs.base import Update
from footy.outputs.publish import publish
from footy.outputs.snapshot_file import SnapshotFile
from footy.service.app import App, redactor, running_app, set_up_logging
from footy.service.paths import Files
from footy.settings import Mode, load
from thesports_simulator.process import SimulatorControl

LONGEST_INTERVAL_S = 3600.0
"""Interval so long that no cycle reaches its deadline."""
SETTLE_S = 1.0
"""Pause after a cycle, for the thread that writes the cache to disk."""


class Instance:
    """footy in this process, run cycle by cycle."""

    def __init__(self, app: App, files: Files, meter: Meter) -> None:
        self._assembly = app
        self._snapshot_file = SnapshotFile(files.folder)
        self._meter = meter
        self.state = app.checkpoint.load()
        self._number = 0

    def cycle(self, kind: str, until: float | None = None) -> Lap:
        """Run a cycle, publish it, save the state like the service, and pause, or wait `until`."""
        before = self.state

        def work() -> bool:
            self._number += 1
            outcome = self._assembly.pipeline.run(self.state, self._number)
            self.state = outcome.state
            if outcome.error is not None or outcome.snapshot is None:
                raise RuntimeError(f"a cycle failed: {outcome.error}")
            failure = publish(Update(outcome.snapshot), [self._snapshot_file]).failure
            if failure is not None:
                raise RuntimeError(failure)
            return outcome.snapshot["meta"]["complete"]

        def rest() -> None:
            self._assembly.checkpoint.save(self.state)
            time.sleep(SETTLE_S if until is None else max(0.0, until - time.monotonic()))

        lap, complete = self._meter.lap(kind, work, rest)
        lap.matches = len(self.state.matches)
        lap.new = len(self.state.matches.keys() - before.matches.keys())
        lap.complete = complete
        return lap

    def save(self) -> None:
        """Save the state for the next start."""
        self._assembly.checkpoint.save(self.state, at_once=True)


@contextmanager
def instance(task: dict[str, Any], folder: Path, *, interval: float, strategy: str) -> Iterator[Instance]:
    """Yield footy, assembled over a simulator, without quotas."""
    settings = load(
        {
            "THESPORTS_USER": task["user"],
            "THESPORTS_SECRET": task["secret"],
            "FOOTY_BASE_URL": task["base_url"],
            "FOOTY_DATA_DIR": str(folder),
            "FOOTY_RATE_LIMITS": "off",
            "FOOTY_INTERVAL": str(interval),
            "FOOTY_STRATEGY": strategy,
        },
        Path("absent"),
    ).settings
    files = Files(folder)
    set_up_logging(settings, files, redactor(settings))
    with running_app(settings, Mode.LIVE, files) as app:
        yield Instance(app, files, Meter(SimulatorControl(task["host"], task["port"])))


def per_match(task: dict[str, Any], folder: Path) -> list[Lap]:
    """Run a cycle on an empty data folder and one after it, with all requests for every match."""
    with instance(task, folder, interval=LONGEST_INTERVAL_S, strategy="per-match") as footy:
        return [footy.cycle("cold"), footy.cycle("warm")]


def delta(task: dict[str, Any], folder: Path) -> list[Lap]:
    """Run cycles at their real interval: more than `cycles`, until enough had one new match, at most `most`.

    The first cycle has no deadline and fills the state. Then footy restarts from it at the real interval. The
    first cycles after that read from the disk and are not counted.
    """
    with instance(task, folder, interval=LONGEST_INTERVAL_S, strategy="delta") as footy:
        laps = [footy.cycle("delta cold")]
        footy.save()
    interval: float = task["interval"]
    with instance(task, folder, interval=interval, strategy="delta") as footy:
        assert footy.state != State()  # noqa: S101 - it was saved above
        at = time.monotonic()
        for number in range(task["settling"] + task["most"]):
            at += interval
            lap = footy.cycle("delta", until=at)
            if number >= task["settling"]:
                laps.append(lap)
            if len(laps) > task["cycles"] and sum(one.new == 1 for one in laps) >= task["with_new"]:
                break
    return laps


def run(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the requested strategy in a new data folder."""
    with tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder:
        laps = {"per-match": per_match, "delta": delta}[task["strategy"]](task, Path(folder))
    return [lap.as_json() for lap in laps]


if __name__ == "__main__":
    answer(run)
