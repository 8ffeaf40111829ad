"""A thread that writes the newest of what it is shown, so that a blocked terminal stops nothing."""

import logging
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

CLOSE_S = 0.5
"""How long `close` waits for a write under way; a blocked one is left to end with the process."""


class Latest(Generic[T]):
    """The newest thing shown and not yet drawn, and when it may be; times are monotonic seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._drawn_at: float | None = None
        self._newest: T | None = None

    def put(self, thing: T) -> None:
        """Hold the thing in place of any that was not drawn."""
        self._newest = thing

    def wait_s(self, now: float) -> float | None:
        """Return how long until there is something to draw: 0 at once, None where nothing is held."""
        if self._newest is None:
            return None
        if self._drawn_at is None:
            return 0.0
        return max(0.0, self._drawn_at + self._every_s - now)

    def take(self) -> T | None:
        """Return what is held, and hold it no longer."""
        newest, self._newest = self._newest, None
        return newest

    def drawn(self, now: float) -> None:
        """Note that a drawing has ended."""
        self._drawn_at = now


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything, however long it takes, with no buffer whose lock Python would want at its end."""
    left = memoryview(content)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


class Painter(Generic[T]):
    """Draws the newest thing shown, at most every so many seconds, in a daemon thread of its own.

    Args:
        name: What is drawn, for the log and the thread's name.
        draw: Turns a thing into what is written.
        write: Writes it; it may block for ever, and raises OSError where the terminal is gone.
        every_s: Seconds from the end of one drawing to the next.
        farewell: Written at the end, where anything was drawn.
        clock: A monotonic clock in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        draw: Callable[[T], bytes],
        write: Callable[[bytes], None],
        every_s: float,
        farewell: bytes = b"",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._draw = draw
        self._write = write
        self._farewell = farewell
        self._clock = clock
        self._latest: Latest[T] = Latest(every_s)
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def show(self, thing: T) -> None:
        """Have the thing drawn when it is time, unless a newer one comes first; returns at once."""
        with self._changed:
            if self._closing:
                return
            self._latest.put(thing)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"footy-{self._name}", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Draw nothing more; returns within `CLOSE_S` even where a write is blocked."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        try:
            while (thing := self._next()) is not None:
                self._paint(thing)
                with self._changed:
                    self._latest.drawn(self._clock())
            self._write(self._farewell)
        except OSError as error:
            logger.info(
                "%s: the terminal takes no more (%s); nothing more is drawn", self._name, error.strerror
            )

    def _next(self) -> T | None:
        """Wait for the next thing to draw; None at the end."""
        with self._changed:
            while not self._closing:
                wait_s = self._latest.wait_s(self._clock())
                if wait_s == 0:
                    return self._latest.take()
                self._changed.wait(wait_s)
            return None

    def _paint(self, thing: T) -> None:
        try:
            content = self._draw(thing)
        except Exception:
            logger.exception("%s: a drawing failed; the next one is tried", self._name)
            return
        self._write(content)
