"""A thread that writes the newest value, so that a blocked terminal does not stop the service."""

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
"""Seconds that `close` waits for a running write; a blocked write ends with the process."""


class Latest(Generic[T]):
    """Holds the newest value and decides when to draw it; times are monotonic seconds.

    The first value is drawn at once, a new one `every_s` seconds after the end of the last drawing. If the
    size changes, the current value is drawn again at once.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._newest: T | None = None
        self._is_new = False
        self._ended_at: float | None = None
        self._size: object = None

    def put(self, value: T) -> None:
        """Replace the value, even if it was not drawn yet."""
        self._newest, self._is_new = value, True

    def wait_s(self, now: float, size: object = ()) -> float | None:
        """Return the seconds until the next drawing: 0 for at once, None if there is nothing to draw."""
        if self._newest is None or size is None:
            return None
        if self._ended_at is None or size != self._size:
            return 0.0
        return max(0.0, self._ended_at + self._every_s - now) if self._is_new else None

    def take(self, size: object = ()) -> T | None:
        """Return the value to draw, and note the size that it is drawn for."""
        self._is_new, self._size = False, size
        return self._newest

    def drawn(self, now: float) -> None:
        """Note that a drawing has ended."""
        self._ended_at = now


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything, without a timeout; unbuffered, because a buffer's lock could block Python's exit."""
    left = memoryview(content)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


def is_in_foreground(stream: TextIO) -> bool:
    """Return whether this process is in the terminal's foreground; true if there is no job control."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:
        return True


class Worker(Generic[T]):
    """Draws the newest value in its own daemon thread, at most every `every_s` seconds.

    Args:
        name: The name of the output, for the log and the thread.
        draw: Renders a value as bytes.
        write: Writes the bytes; it may block for ever, and raises OSError if the terminal is closed.
        every_s: Seconds from the end of one drawing to the next.
        final_bytes: Written at the end, if anything was drawn.
        size: Returns the size to draw for; if it changes, the newest value is drawn again. None pauses
            drawing.
        size_every_s: Seconds between checks of the size.
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

    def show(self, value: T) -> None:
        """Schedule the value for drawing, in place of an older one; return at once."""
        with self._changed:
            if self._closing:
                return
            self._latest.put(value)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"footy-{self._name}", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Stop drawing; return within `CLOSE_S` even if a write is blocked."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        has_drawn = False
        try:
            while (value := self._next()) is not None:
                self._write_drawing(value)
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
        """Return the next value once it is time to draw it; None after `close`."""
        with self._changed:
            while not self._closing:
                size = self._size()
                wait_s = self._latest.wait_s(self._clock(), size)
                if wait_s == 0:
                    return self._latest.take(size)
                waits = [seconds for seconds in (wait_s, self._size_every_s) if seconds is not None]
                self._changed.wait(min(waits, default=None))
            return None

    def _write_drawing(self, value: T) -> None:
        try:
            content = self._draw(value)
        except Exception:
            logger.exception("%s: a drawing failed; the next one is tried", self._name)
            return
        self._write(content)
