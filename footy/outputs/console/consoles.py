"""The console outputs: printed once, or kept up to date on the service's terminal."""

import os
from collections.abc import Callable
from typing import TextIO

from rich.console import Console

from footy.errors import CannotWriteError
from footy.outputs.base import Update
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.screen import Screen
from footy.outputs.console.terminal_text import stream_console
from footy.outputs.worker import Worker, is_in_foreground, write_all
from footy.record import Snapshot

DRAW_EVERY_S = 5.0
LOOK_EVERY_S = 0.5
"""Seconds between checks of the terminal's size."""
_HOME = "\x1b[H"
_CLEAR_REST_OF_LINE = "\x1b[K"
_CLEAR_REST_OF_SCREEN = "\x1b[J"


def _render(console: Console, screen: Screen) -> str:
    """Return the screen as text in the width and encoding of the stream, in colour only for a terminal."""
    with console.capture() as capture:
        console.print(screen, end="", crop=False)
    return capture.get()


class OnceConsole:
    """Prints each snapshot as a whole: the output of `--once`."""

    name = "console"

    def __init__(self, options: ConsoleOptions, stream: TextIO) -> None:
        self._options = options
        self._stream = stream

    def publish(self, update: Update) -> None:
        """Print the matches; a reader that closed the pipe (`| head`) is no failure.

        Raises:
            CannotWriteError: The stream cannot be written for another reason, such as a full disk.
        """
        screen = Screen(update.snapshot, self._options, fixtures=update.fixtures)
        text = _render(stream_console(self._stream), screen)
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._discard_buffer()
        except OSError as error:
            self._discard_buffer()
            raise CannotWriteError(f"The matches cannot be printed: {error.strerror}.") from error

    def close(self) -> None:
        """Do nothing: the output is already written."""

    def _discard_buffer(self) -> None:
        """Redirect the stream to the null device, so that Python's flush at exit does not fail."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._stream.fileno())
        os.close(nothing)


class LiveConsole:
    """Shows the newest snapshot on a terminal; writes nothing to any other stream.

    A new snapshot replaces the one before, every few seconds at most. The screen is drawn again if the
    terminal's size changes, and not at all while the process is in the shell's background. No mode of the
    terminal is changed, so a killed process leaves it usable.

    Args:
        options: The operator's options.
        stream: Standard output.
        write: Writes to the terminal; by default to the stream's descriptor. Tests replace it.
    """

    name = "console"

    def __init__(
        self, options: ConsoleOptions, stream: TextIO, *, write: Callable[[bytes], None] | None = None
    ) -> None:
        self._options = options
        self._stream = stream
        self._has_scrolled = False
        self._writer: Worker[Snapshot] | None = None
        if stream.isatty() and not Console(file=stream).is_dumb_terminal:
            self._writer = Worker(
                self.name,
                draw=self._draw,
                write=write or self._write,
                every_s=DRAW_EVERY_S,
                size=self._size,
                size_every_s=LOOK_EVERY_S,
                final_bytes=b"\n",
            )

    def publish(self, update: Update) -> None:
        """Schedule the snapshot for drawing; return at once, even if the terminal is blocked."""
        if self._writer is not None:
            self._writer.show(update.snapshot)

    def close(self) -> None:
        """Stop drawing; do not wait for a blocked terminal."""
        if self._writer is not None:
            self._writer.close()

    def _size(self) -> object | None:
        """Return the size of the terminal, None while it belongs to another process."""
        return stream_console(self._stream).size if is_in_foreground(self._stream) else None

    def _draw(self, snapshot: Snapshot) -> bytes:
        console = stream_console(self._stream)
        lines = _render(console, Screen(snapshot, self._options, console.height)).splitlines()
        text = _HOME + f"{_CLEAR_REST_OF_LINE}\n".join(lines) + _CLEAR_REST_OF_SCREEN
        if not self._has_scrolled:  # scrolls the screen's earlier text into the terminal's history
            text = "\n" * console.height + text
            self._has_scrolled = True
        return text.encode(self._stream.encoding or "utf-8", errors="replace")

    def _write(self, content: bytes) -> None:
        write_all(self._stream.fileno(), content)
