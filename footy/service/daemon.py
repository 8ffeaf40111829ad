"""The service: a cycle every interval until a signal comes."""

import contextlib
import datetime as dt
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytz
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.pool import ThreadPoolExecutor as OneThread
from apscheduler.schedulers.background import BackgroundScheduler

from footy.errors import Exit
from footy.outputs.console import LiveConsole, Look
from footy.outputs.output import Output
from footy.outputs.snapshot import SnapshotFile
from footy.pipeline.board import Board
from footy.service import indicators
from footy.service.assembly import Assembly, assembled, redactor, set_up_logging
from footy.service.indicators import Reading, Thresholds
from footy.service.instance import Files, longest_silence_s, owned, prepare_folder
from footy.service.publishing import Pulse, publish
from footy.settings import Mode, Settings
from footy.thesports.failures import StoppedError

log = logging.getLogger("footy")

STOP_WITHIN_S = 1.7
"""After a signal the process ends this soon, whatever hangs."""


def run(settings: Settings, mode: Mode, warnings: Sequence[str]) -> Exit:
    """Run until SIGTERM or SIGINT.

    Raises:
        FootyError: It cannot start.
    """
    files = Files(settings.folder(mode))
    prepare_folder(files.folder)
    with _signals() as signalled, owned(files) as me:
        set_up_logging(settings, files, redactor(settings))
        for warning in warnings:
            log.warning(warning)
        log.info("footy starts: PID %d, mode %s, data folder %s", me.pid, mode.value, files.folder)
        pulse = Pulse(files, started_at=me.started_at, interval_s=settings.interval, mode=mode.value)
        pulse.write()
        with assembled(settings, mode, files) as assembly:
            outputs: list[Output] = [SnapshotFile(files.folder), LiveConsole(look(settings), sys.stdout)]
            beat = _Beat(settings, assembly, outputs, pulse)
            scheduler = _scheduled(beat, settings.interval)
            try:
                signalled.wait()
                log.info("footy stops")
                _end_soon_whatever_hangs(files)
            finally:
                _stop(scheduler, assembly, outputs)
    return Exit.OK


def look(settings: Settings) -> Look:
    """Give how the operator wants to see the board."""
    return Look(
        settings.odds_format,
        pytz.timezone(settings.timezone),
        frozenset(settings.statuses),
        settings.price_max_age,
    )


class _Beat:
    """What the scheduler runs: one cycle, published; whatever happens in it, the next one runs."""

    def __init__(
        self, settings: Settings, assembly: Assembly, outputs: Sequence[Output], pulse: Pulse
    ) -> None:
        self._interval_s = settings.interval
        self._thresholds = Thresholds.of(settings)
        self._readings: dict[str, Reading] = {}
        self._pipeline = assembly.pipeline
        self._counters = assembly.counters
        self._outputs = outputs
        self._pulse = pulse
        self._board = Board()
        self._number = 0
        self._publish_s: float | None = None
        self._timings = {"total": 0.0, "enrich": 0.0}

    def __call__(self) -> None:
        started = time.monotonic()
        attempted_at = time.time()
        self._number += 1
        try:
            error = self._cycle()
        except StoppedError:
            return
        except Exception as bug:
            log.exception("Cycle %d failed", self._number)
            error = f"cycle {self._number} failed: {type(bug).__name__}"
        sleep_s = max(0.0, self._interval_s - (time.monotonic() - started))
        self._watch(sleep_s)
        self._pulse.cycle(self._number, attempted_at=attempted_at, error=error, readings=self._readings)
        log.info("Sleep time: %.2fs", sleep_s)

    def _watch(self, sleep_s: float) -> None:
        """Judge the indicators, and log those that changed."""
        readings = indicators.read(
            self._thresholds,
            interval_s=self._interval_s,
            cycle_s=self._timings["total"],
            enrich_s=self._timings["enrich"],
            sleep_s=sleep_s,
            error_rate=self._counters.error_rate(),
        )
        indicators.log_changes(self._readings, readings)
        self._readings = readings

    def _cycle(self) -> str | None:
        """Run and publish one cycle; give why it did not succeed, or None."""
        outcome = self._pipeline.run(self._board, self._number, publish_s=self._publish_s)
        self._board = outcome.board
        self._timings = outcome.timings
        error = None if outcome.error is None else f"the live list could not be had: {outcome.error}"
        if error is not None:
            log.error("Cycle %d failed: %s", self._number, error)
        age = time.time() - (self._board.fetched_at or 0)
        if outcome.snapshot is None or (error is not None and age >= longest_silence_s(self._interval_s)):
            return error
        published = publish(outcome.snapshot, self._outputs)
        self._publish_s = published.seconds
        return error or published.failure


def _scheduled(beat: _Beat, interval_s: float) -> BackgroundScheduler:
    """Start the beat, the first at once, then every interval; what is due while one still runs is skipped."""
    scheduler = BackgroundScheduler(
        executors={"default": OneThread(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=pytz.utc,
    )

    def skipped(_event: Any) -> None:
        log.warning("A cycle was skipped: the one before still runs")

    scheduler.add_listener(skipped, EVENT_JOB_MAX_INSTANCES)
    scheduler.add_job(beat, "interval", seconds=interval_s, next_run_time=dt.datetime.now(pytz.utc))
    scheduler.start()
    return scheduler


def _stop(scheduler: BackgroundScheduler, assembly: Assembly, outputs: Sequence[Output]) -> None:
    assembly.transport.stop()
    scheduler.shutdown(wait=True)
    for output in outputs:
        output.close()


def _end_soon_whatever_hangs(files: Files) -> None:
    """End the process when stopping takes too long, such as on a disk that does not answer."""

    def end() -> None:
        with contextlib.suppress(OSError):
            files.pid.unlink()
        os._exit(Exit.OK)

    timer = threading.Timer(STOP_WITHIN_S, end)
    timer.daemon = True
    timer.start()


class _Signalled:
    """Waits for a signal, on a pipe: the handler may do no more than write to it."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def handle(self, _number: int, _frame: Any) -> None:
        os.write(self._writer, b".")

    def wait(self) -> None:
        """Return when a signal has come."""
        select.select([self._reader], [], [])


@contextlib.contextmanager
def _signals() -> Iterator[_Signalled]:
    """Take SIGTERM and SIGINT as the wish to stop."""
    signalled = _Signalled()
    before = {number: signal.signal(number, signalled.handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield signalled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
