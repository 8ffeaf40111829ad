"""What watches the cycles is told of each one, and its own failure stops nothing."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from footy.errors import Exit
from footy.mirror.state import State
from footy.outputs.snapshot_file import SnapshotFile
from footy.pipeline.cycle import CycleResult, Pipeline
from footy.service.app import running_app
from footy.service.cycle_end import CycleEnd
from footy.service.cycle_job import CycleJob
from footy.service.heartbeat import HeartbeatFile
from footy.service.paths import Files
from footy.settings import Mode, load
from footy.thesports.errors import StoppedError, UnreachableError, VendorError
from footy.thesports.retry_budget import RetryBudget
from tests.support.cycle_ends import META

TIMINGS = {"live": 0.1, "enrich": 0.2, "flatten": 0.0, "filter": 0.0, "total": 0.3}


def result(error: VendorError | None = None, *, has_snapshot: bool = True) -> CycleResult:
    snapshot = cast("Any", {"meta": META, "matches": []}) if has_snapshot else None
    return CycleResult(State(fetched_at=1.0), snapshot, error, TIMINGS, RetryBudget(0.0))


class Scripted:
    """A pipeline whose cycles are written down."""

    def __init__(self, *cycles: CycleResult | Exception) -> None:
        self._cycles = iter(cycles)

    def run(self, *_: Any, **__: Any) -> CycleResult:
        cycle = next(self._cycles)
        if isinstance(cycle, Exception):
            raise cycle
        return cycle

    def prefetch(self, within_s: float) -> None:
        """Read nothing ahead of need."""


def ends(folder: Path, *cycles: CycleResult | Exception, count: int = 0) -> Iterator[CycleEnd]:
    """Run these cycles; yield what a watcher was told after each one that told anything."""
    files, told = Files(folder), list[CycleEnd]()
    settings = load(environ={}, env_file=Path("absent")).settings
    heartbeat = HeartbeatFile(files, started_at=0, interval_s=60, mode="live")

    def fail(_end: CycleEnd) -> None:
        raise ZeroDivisionError

    with running_app(settings, Mode.LIVE, files) as app:
        scripted = dataclasses.replace(app, pipeline=cast("Pipeline", Scripted(*cycles)))
        job = CycleJob(settings, scripted, [SnapshotFile(folder)], heartbeat, [fail, told.append])
        for _ in cycles:
            job()
    assert len(told) == (count or len(cycles))
    yield from told


def test_a_cycle_that_published_is_told_with_its_snapshot(tmp_path: Path) -> None:
    [end] = ends(tmp_path, result())

    assert (end.number, end.error, end.code, end.published, end.meta) == (1, None, Exit.OK, True, META)
    assert end.timings == TIMINGS
    assert end.attempted_at <= end.ended_at


@pytest.mark.parametrize(
    ("cycle", "error", "code"),
    [
        (ZeroDivisionError(), "cycle 2 failed: ZeroDivisionError", Exit.BUG),
        (
            result(UnreachableError("no connection"), has_snapshot=False),
            "live list unavailable: no connection",
            Exit.UNAVAILABLE,
        ),
    ],
)
def test_a_cycle_that_fails_after_one_that_published_did_not_publish(
    tmp_path: Path, cycle: CycleResult | Exception, error: str, code: Exit
) -> None:
    _, end, again = ends(tmp_path, result(), cycle, result())

    assert (end.published, end.error, end.code) == (False, error, code)
    assert end.meta == META, "the last snapshot is still that of the first cycle"
    assert again.published


def test_a_snapshot_that_could_not_be_written_was_not_published(tmp_path: Path) -> None:
    (tmp_path / "matches.json").mkdir()

    [end] = ends(tmp_path, result())

    assert (end.published, end.meta, end.code) == (False, None, Exit.CANNOT_WRITE)


def test_a_cycle_that_is_stopped_is_no_end(tmp_path: Path) -> None:
    assert list(ends(tmp_path, result(), StoppedError("stopping"), count=1))
