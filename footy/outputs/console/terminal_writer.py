"""A thread that writes the newest of what it is shown, so that a blocked terminal stops nothing."""

import logging
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Generic, TextIO, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

CLOSE_S = 0.5
"""How long `close` waits for a write under way; a blocked one is left to end with the process."""


class Latest(Generic[T]):
    """The newest thing shown, and when to draw it; times are monotonic seconds.

    A new thing is drawn so many seconds after the drawing before ended, the first at once. The thing that is
    drawn is drawn again, at once, for another size.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._newest: T | None = None
        self._is_new = False
        self._ended_at: float | None = None
        self._size: object = None

    def put(self, thing: T) -> None:
        """Hold the thing in place of the one before, drawn or not."""
        self._newest, self._is_new = thing, True

    def wait_s(self, now: float, size: object = ()) -> float | None:
        """Return how long until there is something to draw: 0 at once, None if there is nothing to draw."""
        if self._newest is None or size is None:
            return None
        if self._ended_at is None or size != self._size:
            return 0.0
        return max(0.0, self._ended_at + self._every_s - now) if self._is_new else None

    def take(self, size: object = ()) -> T | None:
        """Return the thing, which is then drawn for this size."""
        self._is_new, self._size = False, size
        return self._newest

    def drawn(self, now: float) -> None:
        """Note that a drawing has ended."""
        self._ended_at = now


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything, however long it takes, with no buffer whose lock Python would want at its end."""
    left = memoryview(content)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


def is_in_foreground(stream: TextIO) -> bool:
    """Return whether the shell gave the terminal to this process; true if it is not a shell's terminal."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:
        return True


class TerminalWriter(Generic[T]):
    """Draws the newest thing shown, at most every so many seconds, in a daemon thread of its own.

    Args:
        name: What is drawn, for the log and the thread's name.
        draw: Turns a thing into what is written.
        write: Writes it; it may block for ever, and raises OSError if the terminal is gone.
        every_s: Seconds from the end of one drawing to the next.
        final_bytes: Written at the end, if anything was drawn.
        size: Returns the size to draw for; when it changes, the newest thing is drawn again. None holds
            drawings back.
        size_every_s: Seconds from one look at the size to the next.
        clock: A monotonic clock in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        draw: Callable[[T], bytes],
        write: Callable[[bytes], None],
        every_s: float,
        final_bytes: bytes = b"",
        size: Callable[[], object | None] = tuple,
        size_every_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._draw = draw
        self._write = write
        self._final_bytes = final_bytes
        self._size = size
        self._size_every_s = size_every_s
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
        """Draw nothing more; returns within `CLOSE_S` even if a write is blocked."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        has_drawn = False
        try:
            while (thing := self._next()) is not None:
                self._write_drawing(thing)
                has_drawn = True
                with self._changed:
                    self._latest.drawn(self._clock())
            if has_drawn:
                self._write(self._final_bytes)
        except OSError as error:
            logger.info(
                "%s: the terminal takes no more (%s); nothing more is drawn", self._name, error.strerror
            )

    def _next(self) -> T | None:
        """Wait for the next thing to draw; None at the end."""
        with self._changed:
            while not self._closing:
                size = self._size()
                wait_s = self._latest.wait_s(self._clock(), size)
                if wait_s == 0:
                    return self._latest.take(size)
                waits = [seconds for seconds in (wait_s, self._size_every_s) if seconds is not None]
                self._changed.wait(min(waits, default=None))
            return None

    def _write_drawing(self, thing: T) -> None:
        try:
            content = self._draw(thing)
        except Exception:
            logger.exception("%s: a drawing failed; the next one is tried", self._name)
            return
        self._write(content)
