"""The output that lets sinks have the newest states of matches."""

from typing import TYPE_CHECKING

from footy.outputs.base import Update

if TYPE_CHECKING:
    from footy.sinks.registry import Sinks


class States:
    """Hands each snapshot to the sinks, which send what has changed in threads of their own."""

    name = "states"

    def __init__(self, sinks: "Sinks") -> None:
        self._sinks = sinks

    def publish(self, update: Update) -> None:
        """Hand over the records; return at once."""
        self._sinks.show(update.snapshot["matches"])

    def close(self) -> None:
        """Do nothing: the sinks are closed with the log."""
