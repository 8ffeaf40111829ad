"""The interface of every output."""

from typing import Protocol

from footy.record import Snapshot


class Output(Protocol):
    """A destination of snapshots; its failure stops no other output."""

    name: str

    def publish(self, snapshot: Snapshot) -> None:
        """Write the newest snapshot; raise any error."""

    def close(self) -> None:
        """Release resources; must not hang."""
