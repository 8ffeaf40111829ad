"""The job that the scheduler runs: one cycle, published."""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from footy.clock import CLOCK
from footy.errors import Exit
from footy.outputs.base import Output, Update
from footy.outputs.console.progress import Progress
from footy.outputs.publish import publish
from footy.pipeline.cycle import CycleResult
from footy.service import indicators
from footy.service.app import App
from footy.service.cycle_end import CycleEnd, Watcher
from footy.service.data_health import DataWatch
from footy.service.health import longest_silence_s
from footy.service.heartbeat import HeartbeatFile
from footy.service.indicators import Reading, Thresholds
from footy.service.pushed import PushedPublisher
from footy.settings import Settings
from footy.thesports.errors import StoppedError

if TYPE_CHECKING:
    from footy.service.recorder import Recorder
    from footy.sinks.registry import Sinks

log = logging.getLogger("footy")


class CycleJob:
    """The scheduler's job: runs and publishes one cycle. No failure of a cycle prevents the next one."""

    def __init__(
        self,
        settings: Settings,
        app: App,
        outputs: Sequence[Output],
        heartbeat_file: HeartbeatFile,
        watchers: Sequence[Watcher] = (),
        recorder: "Recorder | None" = None,
        sinks: "Sinks | None" = None,
    ) -> None:
        self._interval_s = settings.interval
        self._thresholds = Thresholds.of(settings)
        self._readings: dict[str, Reading] = {}
        self._data = DataWatch(longest_silence_s(settings.interval))
        self._pipeline = app.pipeline
        self._breaker = app.transport.breaker
        self._counters = app.counters
        self._outputs = outputs
        self._heartbeat_file = heartbeat_file
        self._recorder = recorder
        self._sinks = sinks
        self._checkpoint = app.checkpoint
        self._state = app.checkpoint.load()
        self._number = 0
        self._cold_until = time.monotonic() + longest_silence_s(settings.interval)
        """Until this monotonic time, a cycle that fetches missing data belongs to the cold start."""
        self._publish_s: float | None = None
        self._timings = {"total": 0.0, "enrich": 0.0}
        self._watchers = watchers
        self._published: Update | None = None
        """The last snapshot that was written."""
        self._has_published = False
        """Whether the cycle that runs, or the last one, wrote a snapshot."""
        self._pushed = PushedPublisher(outputs, recorder)

    def __call__(self) -> None:
        """Run and publish one cycle, and write the heartbeat; log any failure instead of raising it."""
        started = time.monotonic()
        attempted_at = time.time()
        before = self._state
        self._number += 1
        self._has_published = False
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
        self._tell_watchers(attempted_at, error, code, sleep_s)
        self._heartbeat_file.note(not_in_plan=self._breaker.not_in_plan(), degraded=self._data.degraded)
        self._note_events()
        self._heartbeat_file.cycle(
            self._number, attempted_at=attempted_at, error=error, error_code=code, readings=self._readings
        )
        log.info("Sleep time: %.2fs", sleep_s)
        if self._recorder is not None:
            self._recorder.confirm_results(sleep_s)
        self._pipeline.prefetch(self._interval_s - (time.monotonic() - started))

    def take_pushed(self) -> None:
        """Publish what was pushed between two cycles; log any failure instead of raising it."""
        try:
            self._state = self._pipeline.take_pushed(self._state, self._pushed.take)
        except Exception:
            log.exception("What was pushed could not be taken")

    def is_in_play(self) -> bool:
        """Check whether a match was in play in the last snapshot; from any thread."""
        published = self._published
        return published is not None and published.snapshot["meta"]["counts"]["in_play"] > 0

    def publishes_pushed_at(self, tick_in: Callable[[float], None]) -> None:
        """Set the callback that gets the seconds after which a pushed change is written to `matches.json`."""
        self._pushed.tick_in = tick_in

    def listen(self) -> None:
        """Make the requests that fit best between two cycles; log any failure instead of raising it."""
        try:
            self._state = self._pipeline.listen(self._state, self._pushed.take)
            self._checkpoint.save(self._state)
        except Exception:
            log.exception("Asking between two cycles failed")

    def save(self) -> None:
        """Save the state for the next start."""
        self._checkpoint.save(self._state, at_once=True)

    def _tell_watchers(self, attempted_at: float, error: str | None, code: Exit, sleep_s: float) -> None:
        """Tell the watchers how the cycle ended; the failure of one stops nothing."""
        end = CycleEnd(
            number=self._number,
            attempted_at=attempted_at,
            ended_at=time.time(),
            error=error,
            code=Exit.OK if error is None else code,
            published=self._has_published,
            timings=self._timings,
            publish_s=self._publish_s,
            sleep_s=sleep_s,
            meta=None if self._published is None else self._published.snapshot["meta"],
            state=self._state,
            readings=self._readings,
            lacking=self._data.lacking,
            degraded=self._data.degraded,
        )
        for watcher in self._watchers:
            try:
                watcher(end)
            except Exception:
                log.exception("What watches the cycles failed")

    def _note_events(self) -> None:
        if self._recorder is not None:
            position = self._recorder.position
            problem = self._recorder.problem or (self._sinks.problem if self._sinks is not None else None)
            self._heartbeat_file.note_events(position and str(position), problem)

    def _watch(self, sleep_s: float, *, cold: bool) -> None:
        """Rate the indicators, and log those that changed."""
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
        if self._recorder is not None:
            self._recorder.note_indicators(self._readings, readings)
        self._readings = readings

    def _cycle(self) -> tuple[str | None, Exit]:
        """Run and publish one cycle; return why it failed, or None, and the exit code for that."""
        progress = Progress(sys.stderr) if self._number == 1 else None
        try:
            outcome = self._pipeline.run(
                self._state,
                self._number,
                publish_s=self._publish_s,
                on_push=self._pushed.take,
                progress=None
                if progress is None
                else lambda done, planned, way: progress.update(done, planned, f"Fetching {way}".rstrip()),
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
        failure = self._publish(outcome, is_fresh=error is None)
        if self._recorder is not None:
            self._recorder.record(outcome)
        return (error, code) if error is not None else (failure, Exit.CANNOT_WRITE)

    def _publish(self, outcome: CycleResult, *, is_fresh: bool) -> str | None:
        """Publish a snapshot that is not too old; return why the snapshot file could not be written."""
        age = CLOCK.now() - (self._state.fetched_at or 0)
        if outcome.snapshot is None or (not is_fresh and age >= longest_silence_s(self._interval_s)):
            self._pushed.cycle_left_out()
            return None
        update = Update(outcome.snapshot)
        published = publish(update, self._outputs)
        self._pushed.cycle_published()
        self._publish_s = published.seconds
        if published.failure is None:
            self._has_published, self._published = True, update
        return published.failure
