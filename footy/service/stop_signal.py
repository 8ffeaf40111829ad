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
"""Seconds from a signal to the forced exit, whatever hangs."""


class StopSignal:
    """The event of a signal, and the forced exit after `STOP_WITHIN_S`, whatever hangs by then.

    The interpreter writes each signal to a pipe at once, and a thread reads the pipe. So a signal takes
    effect even while the demo's simulator starts or a disk does not respond.
    """

    def __init__(self) -> None:
        self.requested = threading.Event()
        self._files: Files | None = None
        self._reader, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    def remove_pid_file_of(self, files: Files) -> None:
        """Remove the PID file at a forced exit, too; call this once the process owns it."""
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
    """Catch SIGTERM and SIGINT for the duration of the context."""
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
    """Do nothing: the interpreter has written the signal to the pipe."""
