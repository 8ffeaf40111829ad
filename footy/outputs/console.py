"""The console: the board for people, once on standard output, or time and again on the service's terminal."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import TextIO

from rich.console import Console

from footy.errors import CannotWriteError
from footy.outputs.board_view import render
from footy.outputs.painter import Painter, write_all
from footy.outputs.price_rows import OddsFormat
from footy.record import Snapshot

DRAW_EVERY_S = 5.0
UNKNOWN_WIDTH = 80
"""Of a terminal that says it is 0 wide, as one does that nobody told its size."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the operator wants to see the board."""

    odds_format: OddsFormat
    timezone: tzinfo
    statuses: frozenset[int]
    price_max_age_s: float


def drawn(snapshot: Snapshot, look: Look, stream: TextIO) -> str:
    """Return the board as the stream takes it: its width and encoding, colours only for a terminal."""
    console = Console(file=stream, highlight=False)
    console.width = console.width or UNKNOWN_WIDTH
    view = render(
        snapshot,
        odds_format=look.odds_format,
        timezone=look.timezone,
        statuses=look.statuses,
        price_max_age_s=look.price_max_age_s,
    )
    with console.capture() as capture:
        console.print(view, end="", crop=False)
    return capture.get()


class OnceConsole:
    """Prints each snapshot where it stands: the output of `--once`."""

    name = "console"

    def __init__(self, look: Look, stream: TextIO) -> None:
        self._look = look
        self._stream = stream

    def publish(self, snapshot: Snapshot) -> None:
        """Print the board; a reader that has gone away (`| head`) is no failure.

        Raises:
            CannotWriteError: The stream takes nothing for another reason, such as a full disk.
        """
        text = drawn(snapshot, self._look, self._stream)
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._discard_the_rest()
        except OSError as error:
            self._discard_the_rest()
            raise CannotWriteError(f"The board cannot be printed: {error.strerror}.") from error

    def close(self) -> None:
        """Do nothing: all is written."""

    def _discard_the_rest(self) -> None:
        """Point the stream at nothing, so that Python's flush at exit does not fail on what is left in it."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._stream.fileno())
        os.close(nothing)


class LiveConsole:
    """Draws the newest snapshot on a terminal every few seconds at most; anywhere else it writes nothing.

    Args:
        look: How the operator wants to see the board.
        stream: Standard output.
        write: Writes to the terminal; the stream's descriptor unless a test says otherwise.
    """

    name = "console"

    def __init__(self, look: Look, stream: TextIO, *, write: Callable[[bytes], None] | None = None) -> None:
        self._look = look
        self._stream = stream
        self._painter: Painter[Snapshot] | None = None
        if stream.isatty():
            self._painter = Painter(
                self.name, draw=self._draw, write=write or self._write, every_s=DRAW_EVERY_S
            )

    def publish(self, snapshot: Snapshot) -> None:
        """Have the snapshot drawn when it is time; returns at once, whatever the terminal does."""
        if self._painter is not None:
            self._painter.show(snapshot)

    def close(self) -> None:
        """Draw nothing more; does not wait for a blocked terminal."""
        if self._painter is not None:
            self._painter.close()

    def _draw(self, snapshot: Snapshot) -> bytes:
        text = "\n" + drawn(snapshot, self._look, self._stream)
        return text.encode(self._stream.encoding or "utf-8", errors="replace")

    def _write(self, content: bytes) -> None:
        write_all(self._stream.fileno(), content)
