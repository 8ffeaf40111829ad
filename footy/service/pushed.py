"""Publish pushed updates: to the page and the log at once, to `matches.json` at most once a second."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from footy.outputs.base import Output, Update
from footy.outputs.publish import publish
from footy.outputs.snapshot_file import NAME as SNAPSHOT
from footy.pipeline.pushed import PushedUpdate

if TYPE_CHECKING:
    from footy.service.recorder import Recorder

FILE_EVERY_S = 1.0
"""Minimum interval between writes of `matches.json`, in seconds."""


class PushedPublisher:
    """Publishes pushed updates; for the thread that owns the state."""

    def __init__(
        self,
        outputs: Sequence[Output],
        recorder: "Recorder | None",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tick_in: Callable[[float], None] = lambda _: None
        """Callback: call `take` again in this many seconds."""
        self._at_once = [output for output in outputs if output.name != SNAPSHOT]
        self._file = [output for output in outputs if output.name == SNAPSHOT]
        self._recorder = recorder
        self._clock = clock
        self._written_at = -FILE_EVERY_S
        self._waiting: Update | None = None
        self._has_failed = False
        self._is_whole = False
        """The outputs missed a cycle, so the next update must count as a full change."""

    def take(self, pushed: PushedUpdate | None) -> None:
        """Publish an update, and write the file if due."""
        if pushed is not None:
            update = Update(pushed.snapshot, changed=None if self._is_whole else pushed.changed)
            self._is_whole = False
            publish(update, self._at_once)
            self._waiting = update
            if self._recorder is not None:
                self._recorder.record_pushed(pushed)
        self._write()

    def cycle_published(self) -> None:
        """Note that a cycle has written the file, with all that was pushed before."""
        self._waiting, self._written_at = None, self._clock()
        self._has_failed = self._is_whole = False

    def cycle_left_out(self) -> None:
        """Note that a cycle was not published."""
        self._is_whole = True

    def _write(self) -> None:
        if self._waiting is None or self._has_failed:  # after a failure, the next cycle tries again
            return
        left_s = self._written_at + FILE_EVERY_S - self._clock()
        if left_s > 0:
            self.tick_in(left_s)
            return
        self._has_failed = bool(publish(self._waiting, self._file).failures)
        self._waiting, self._written_at = None, self._clock()
