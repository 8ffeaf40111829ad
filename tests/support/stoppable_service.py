"""footy with a clock that may be wrong, and stopped at a point at which nobody outside could stop it.

    python -m tests.support.stoppable_service SECONDS

runs the service with a clock so far ahead. It stops itself, as SIGSTOP does, at the point for which there is
a file of that name in the current folder.
"""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import time_machine

from footy.cli import main
from footy.clock import CLOCK
from footy.lease.table import Holding
from footy.store import postgres_log
from footy.store.connect import Cursor
from footy.thesports import connections


class Point(StrEnum):
    """Where the process stops."""

    SOCKET = "between-gate-and-socket"
    COPY = "inside-copy"
    COMMIT = "before-commit"
    """The lease has been checked, and its row is locked."""


SENT_WITHIN_S = 5.0
AHEAD = "ahead"
"""A file that says how far the clock is ahead: as far as was asked for, less what it took to set it."""


def _stop_at(point: Point, before: Callable[[], None] = lambda: None) -> None:
    try:
        Path(point).unlink()
    except FileNotFoundError:
        return
    before()
    # Of a signal to the process, this thread may notice a little later; this one stops all threads too.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _stop_where_told() -> None:
    bounded, sent = connections._BoundedSocket, threading.Event()
    bound, sendall, wake = bounded._bound, bounded.sendall, bounded._wake
    sent.set()
    fence, copy_events = Holding.fence, postgres_log.copy_events

    def bound_and_stopped(self: Any) -> None:
        bound(self)
        if sys._getframe(1).f_code.co_name == "sendall":
            _stop_at(Point.SOCKET, sent.clear)

    def sendall_and_say(self: Any, *args: Any) -> None:
        try:
            sendall(self, *args)
        finally:
            sent.set()

    def wake_later(self: Any) -> None:
        sent.wait(SENT_WITHIN_S)  # whoever ends the attempts does not forestall the call that comes late
        wake(self)

    def fence_and_stop(self: Holding, session: Any) -> None:
        fence(self, session)
        _stop_at(Point.COMMIT)

    def copy_and_stop(cursor: Cursor, rows: Iterable[tuple[Any, ...]]) -> None:
        def some() -> Iterator[tuple[Any, ...]]:
            for row in rows:
                _stop_at(Point.COPY)
                yield row

        copy_events(cursor, some())

    bounded._bound = bound_and_stopped  # type: ignore[method-assign]
    bounded.sendall = sendall_and_say  # type: ignore[method-assign]
    bounded._wake = wake_later  # type: ignore[method-assign]
    Holding.fence = fence_and_stop  # type: ignore[method-assign]
    postgres_log.copy_events = copy_and_stop


def run(seconds: float) -> int:
    _stop_where_told()
    with contextlib.ExitStack() as clock:
        if seconds:
            clock.enter_context(time_machine.travel(time.time() + seconds, tick=True))
            Path(AHEAD).write_text(str(time.time() - time_machine.escape_hatch.time.time()))
            CLOCK.follow()
        return main([])


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1])))
