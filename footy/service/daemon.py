"""The service: a cycle every interval until a signal comes."""

import contextlib
import datetime as dt
import itertools
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytz
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.pool import ThreadPoolExecutor as OneThread
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from footy.clock import CLOCK, SET_FROM_S
from footy.errors import Exit
from footy.outputs.base import Output
from footy.outputs.console.consoles import LiveConsole
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.progress import Progress
from footy.outputs.snapshot_file import SnapshotFile
from footy.pipeline.plan import LISTEN_EVERY_S
from footy.service import indicators
from footy.service.app import App, redactor, running_app, set_up_logging
from footy.service.check_note import CheckNote
from footy.service.data_health import DataWatch
from footy.service.indicators import Reading, Thresholds
from footy.service.instance import Files, Role, locked, longest_silence_s, prepare_folder, verify_ownership
from footy.service.publishing import HeartbeatFile, publish
from footy.service.shared_account import SharedAccount
from footy.service.status import TOGETHER
from footy.settings import Mode, Settings
from footy.thesports.errors import StoppedError

log = logging.getLogger("footy")

CYCLE = "cycle"
"""The scheduler's name for it."""
LOOK_ROUND_EVERY_S = 2.0
ASK_AGAIN_WITHIN_S = 50.0
"""After a `check`, if the next cycle is further away; until then one that runs may end."""
STOP_WITHIN_S = 1.4
"""After a signal the process ends this soon, whatever hangs."""


def run(settings: Settings, mode: Mode, warnings: Sequence[str], *, console: ConsoleOptions) -> Exit:
    """Run until SIGTERM or SIGINT.

    Raises:
        FootyError: It cannot start, or another instance has taken its data folder.
    """
    files = Files(settings.folder(mode))
    prepare_folder(files.folder)
    with _signals() as wish, locked(files, Role.SERVICE) as me:
        wish.leave_nothing_of(files)
        set_up_logging(settings, files, redactor(settings))
        for warning in warnings:
            log.warning(warning)
        log.info("footy starts: PID %d, mode %s, data folder %s", me.pid, mode.value, files.folder)
        heartbeat_file = HeartbeatFile(
            files, started_at=me.started_at, interval_s=settings.interval, mode=mode.value
        )
        heartbeat_file.write()
        account = SharedAccount(settings.user or mode, settings.base_url, files.folder)
        watch = _watch_account(account, heartbeat_file) if mode is Mode.LIVE else lambda: None
        with contextlib.closing(account), running_app(settings, mode, files) as app:
            outputs: list[Output] = [SnapshotFile(files.folder), LiveConsole(console, sys.stdout)]
            beat = _CycleJob(settings, app, outputs, heartbeat_file)
            scheduler = _scheduled(beat, settings.interval, lambda: app.pipeline.is_slow)
            try:
                note = CheckNote(files)
                while not wish.to_stop.wait(LOOK_ROUND_EVERY_S):
                    _mind_the_clock(scheduler, settings.interval)
                    if (answered := note.take()) is not None:
                        _ask_again(app, scheduler, answered)
                    verify_ownership(me, files)
                    app.revive_vendor()
                    watch()
                log.info("footy stops")
            finally:
                _stop(scheduler, app, outputs)
                beat.save()
    return Exit.OK


class _CycleJob:
    """What the scheduler runs: one cycle, published; whatever happens in it, the next one runs."""

    def __init__(
        self, settings: Settings, app: App, outputs: Sequence[Output], heartbeat_file: HeartbeatFile
    ) -> None:
        self._interval_s = settings.interval
        self._thresholds = Thresholds.of(settings)
        self._readings: dict[str, Reading] = {}
        self._data = DataWatch(longest_silence_s(settings.interval))
        self._pipeline = app.pipeline
        self._gates = app.transport.breaker
        self._counters = app.counters
        self._outputs = outputs
        self._pulse = heartbeat_file
        self._checkpoint = app.checkpoint
        self._state = app.checkpoint.load()
        self._number = 0
        self._cold_until = time.monotonic() + longest_silence_s(settings.interval)
        """Until then a cycle that fetches what was missing is one of a cold start."""
        self._publish_s: float | None = None
        self._timings = {"total": 0.0, "enrich": 0.0}

    def __call__(self) -> None:
        started = time.monotonic()
        attempted_at = time.time()
        before = self._state
        self._number += 1
        try:
            error, code = self._cycle()
        except StoppedError:
            return
        except Exception as bug:
            log.exception("Cycle %d failed", self._number)
            error, code = f"cycle {self._number} failed: {type(bug).__name__}", Exit.BUG
        sleep_s = max(0.0, self._interval_s - (time.monotonic() - started))
        cold = time.monotonic() < self._cold_until and indicators.fills_gaps(before, self._state)
        self._watch(sleep_s, cold=cold)
        self._checkpoint.save(self._state)
        self._pulse.note(not_in_plan=self._gates.not_in_plan(), degraded=self._data.degraded)
        self._pulse.cycle(
            self._number, attempted_at=attempted_at, error=error, error_code=code, readings=self._readings
        )
        log.info("Sleep time: %.2fs", sleep_s)

    def listen(self) -> None:
        """Ask for what is best asked for between two cycles; whatever happens in it, the next cycle runs."""
        try:
            self._state = self._pipeline.listen(self._state)
        except Exception:
            log.exception("Asking between two cycles failed")

    def save(self) -> None:
        """Save the state for the next start."""
        self._checkpoint.save(self._state, at_once=True)

    def _watch(self, sleep_s: float, *, cold: bool) -> None:
        """Judge the indicators, and log those that changed."""
        readings = indicators.read(
            self._thresholds,
            interval_s=self._interval_s,
            cycle_s=self._timings["total"],
            enrich_s=self._timings["enrich"],
            sleep_s=sleep_s,
            error_rate=self._counters.error_rate(),
        )
        if cold:
            readings = indicators.without_times(self._readings, readings)
        indicators.log_changes(self._readings, readings)
        self._readings = readings

    def _cycle(self) -> tuple[str | None, Exit]:
        """Run and publish one cycle; return why it did not succeed, or None, with the exit code for that."""
        progress = Progress(sys.stderr) if self._number == 1 else None
        try:
            outcome = self._pipeline.run(
                self._state,
                self._number,
                publish_s=self._publish_s,
                progress=progress.update if progress is not None else None,
            )
        finally:
            if progress is not None:
                progress.close()
        self._state = outcome.state
        self._timings = outcome.timings
        self._data.judge(outcome)
        error = None if outcome.error is None else f"live list unavailable: {outcome.error}"
        code = Exit.OK if outcome.error is None else outcome.error.exit_code
        if error is not None:
            log.error("Cycle %d failed: %s", self._number, error)
        age = CLOCK.now() - (self._state.fetched_at or 0)
        if outcome.snapshot is None or (error is not None and age >= longest_silence_s(self._interval_s)):
            return error, code
        published = publish(outcome.snapshot, self._outputs)
        self._publish_s = published.seconds
        return (error, code) if error is not None else (published.failure, Exit.CANNOT_WRITE)


def _watch_account(account: SharedAccount, heartbeat_file: HeartbeatFile) -> Callable[[], None]:
    """Return what looks now and then whether another footy on this machine uses the account, and says so."""
    known: str | None = None

    def watch() -> None:
        nonlocal known
        other = account.other()
        if other is not None and other != known:
            log.warning("The account is also used by %s: %s", other, TOGETHER)
        if other != known:
            heartbeat_file.note_shared_account(other)
        known = other

    watch()
    return watch


class EveryInterval(IntervalTrigger):  # type: ignore[misc]
    """The library's interval, without the runs that a clock set ahead seems to have missed.

    It would list them one by one, ten years of them if the clock was set from 1970.
    """

    def get_next_fire_time(
        self, previous_fire_time: dt.datetime | None, now: dt.datetime
    ) -> dt.datetime | None:
        """Return the first time after now that is a whole number of intervals after the last run."""
        if previous_fire_time is not None and now > previous_fire_time:
            previous_fire_time += (now - previous_fire_time) // self.interval * self.interval
        following: dt.datetime | None = super().get_next_fire_time(previous_fire_time, now)
        return following


def _scheduled(
    beat: _CycleJob, interval_s: float, is_slow: Callable[[], bool] = lambda: False
) -> BackgroundScheduler:
    """Start the beat, the first at once, then every interval; what is due while one still runs is skipped."""
    scheduler = BackgroundScheduler(
        executors={"default": OneThread(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=pytz.utc,
    )

    count = itertools.count(1)

    def skipped(event: Any) -> None:
        if event.job_id == CYCLE:  # and not a hearing of the odds feed that waits behind a long cycle
            # Of a slow vendor it has been said once that cycles are skipped.
            level = logging.DEBUG if is_slow() else logging.WARNING
            log.log(level, "A cycle was skipped: the one before still runs (%d since the start)", next(count))

    scheduler.add_listener(skipped, EVENT_JOB_MAX_INSTANCES)
    now = dt.datetime.now(pytz.utc)
    scheduler.add_job(beat, EveryInterval(seconds=interval_s), id=CYCLE, next_run_time=now)
    if interval_s > LISTEN_EVERY_S:
        between = interval_s / math.ceil(interval_s / LISTEN_EVERY_S)
        first = now + dt.timedelta(seconds=between)
        scheduler.add_job(beat.listen, EveryInterval(seconds=between), next_run_time=first)
    scheduler.start()
    return scheduler


def _mind_the_clock(scheduler: BackgroundScheduler, interval_s: float) -> None:
    """Let what is due only in more than an interval run now: the machine's clock was set back.

    The scheduler goes by that clock, and would wait until it is as late again as it was.
    """
    now = dt.datetime.now(pytz.utc)
    for job in scheduler.get_jobs():
        if job.next_run_time - now > dt.timedelta(seconds=interval_s + SET_FROM_S):
            job.modify(next_run_time=now)


def _ask_again(app: App, scheduler: BackgroundScheduler, answered: Sequence[str]) -> None:
    """Ask for what was refused, soon: somebody has run `check`, and may have changed the plan before."""
    refused = app.transport.breaker.ask_again(answered)
    if not refused:
        return
    log.info("check was run: asking again for what was refused: %s", ", ".join(map(str, refused)))
    soon = dt.datetime.now(pytz.utc) + dt.timedelta(seconds=ASK_AGAIN_WITHIN_S)
    cycle = scheduler.get_job(CYCLE)
    if cycle.next_run_time > soon:
        cycle.modify(next_run_time=soon)


def _stop(scheduler: BackgroundScheduler, app: App, outputs: Sequence[Output]) -> None:
    for output in outputs:  # first: where a cycle hangs, the process ends without coming back here
        output.close()
    app.transport.stop()
    scheduler.shutdown(wait=True)


class _StopSignal:
    """The operator's wish to stop, and its deadline: whatever hangs by then, the process ends.

    The interpreter notes a signal on a pipe, at once, and a thread waits there. So the wish counts from the
    first moment on, while the demo's simulator starts too, or while a disk does not answer.
    """

    def __init__(self) -> None:
        self.to_stop = threading.Event()
        self._files: Files | None = None
        self._reader, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    def leave_nothing_of(self, files: Files) -> None:
        """Remove the PID file in the end as well: from now on it is ours."""
        self._files = files

    def _listen(self) -> None:
        os.read(self._reader, 1)
        self.to_stop.set()
        time.sleep(STOP_WITHIN_S)
        if self._files is not None:
            with contextlib.suppress(OSError):
                self._files.pid.unlink()
        os._exit(Exit.OK)


@contextlib.contextmanager
def _signals() -> Iterator[_StopSignal]:
    """Take SIGTERM and SIGINT as the wish to stop."""
    wish = _StopSignal()
    signal.set_wakeup_fd(wish.writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _noted) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)


def _noted(_number: int, _frame: Any) -> None:
    """Do nothing: the pipe has it already."""
