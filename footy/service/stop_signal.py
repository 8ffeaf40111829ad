"""SIGTERM and SIGINT: set an event, and force an exit after `STOP_WITHIN_S`."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

from footy.errors import Exit
from footy.service.paths import Files

STOP_WITHIN_S = 1.4
"""After a signal the process ends this soon, whatever hangs."""


class StopSignal:
    """The operator's wish to stop, and its deadline: whatever hangs by then, the process ends.

    The interpreter notes a signal on a pipe, at once, and a thread waits there. So the wish counts from the
    first moment on, while the demo's simulator starts too, or while a disk does not answer.
    """

    def __init__(self) -> None:
        self.requested = threading.Event()
        self._files: Files | None = None
        self._reader, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    def remove_pid_file_of(self, files: Files) -> None:
        """Remove the PID file in the end as well: from now on it is ours."""
        self._files = files

    def _listen(self) -> None:
        os.read(self._reader, 1)
        self.requested.set()
        time.sleep(STOP_WITHIN_S)
        if self._files is not None:
            with contextlib.suppress(OSError):
                self._files.pid.unlink()
        os._exit(Exit.OK)


@contextlib.contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Take SIGTERM and SIGINT as the wish to stop."""
    stopping = StopSignal()
    signal.set_wakeup_fd(stopping.writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _noted) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)


def _noted(_number: int, _frame: Any) -> None:
    """Do nothing: the pipe has it already."""
