"""The progress of a cold cycle on a terminal: finished and planned calls."""

from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as RichProgress

from footy.outputs.worker import Worker, is_in_foreground, write_all

DRAW_EVERY_S = 0.1
_CLEAR_LINE = "\r\x1b[2K"


class _Calls(NamedTuple):
    done: int
    planned: int
    label: str


class Progress:
    """Shows one line on standard error while calls are made; nothing if it is no terminal.

    Rich renders the bar, but its live display would block the cycle if the terminal is blocked. So a
    terminal writer writes the line.
    """

    def __init__(self, stream: TextIO, *, write: Callable[[bytes], None] | None = None) -> None:
        self._console = Console(file=stream, highlight=False)
        self._stream = stream
        self._writer: Worker[_Calls] | None = None
        if stream.isatty() and not self._console.is_dumb_terminal:
            self._writer = Worker(
                "progress",
                draw=self._draw,
                write=write or self._write,
                every_s=DRAW_EVERY_S,
                size=lambda: () if is_in_foreground(stream) else None,
                final_bytes=_CLEAR_LINE.encode(),
            )

    def update(self, done: int, planned: int, label: str = "Fetching") -> None:
        """Show the number of finished and planned calls with a label; return at once."""
        if self._writer is not None:
            self._writer.show(_Calls(done, planned, label))

    def close(self) -> None:
        """Remove the line; do not wait for a blocked terminal."""
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _draw(self, calls: _Calls) -> bytes:
        bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f} of {task.total:.0f} calls", markup=False),
            console=self._console,
        )
        bar.add_task(calls.label, total=max(calls.planned, calls.done), completed=calls.done)
        with self._console.capture() as capture:
            self._console.print(bar.get_renderable(), end="", no_wrap=True, overflow="crop")
        line = capture.get().split("\n")[0].rstrip()
        return f"{_CLEAR_LINE}{line}\r".encode(self._stream.encoding or "utf-8", errors="replace")

    def _write(self, content: bytes) -> None:
        write_all(self._stream.fileno(), content)
