"""The outputs of the service; another one is a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from footy.outputs.base import Output
from footy.outputs.console.consoles import LiveConsole
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.snapshot_file import SnapshotFile


@dataclass(frozen=True, slots=True)
class OutputContext:
    """What outputs are made from."""

    folder: Path
    """The data folder."""
    console: ConsoleOptions
    stream: TextIO
    """Standard output."""
    page: Output | None = None
    """Takes what the page shows; None if it is not served."""


OUTPUTS: tuple[Callable[[OutputContext], Output | None], ...] = (
    lambda context: SnapshotFile(context.folder),
    lambda context: context.page,
    lambda context: LiveConsole(context.console, context.stream),
)
"""In the order in which they are published to: consumers read the file first."""


def open_outputs(context: OutputContext) -> list[Output]:
    """Return the outputs of the service, ready to take updates."""
    return [output for make in OUTPUTS if (output := make(context)) is not None]
