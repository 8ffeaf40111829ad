"""What every output is: something that snapshots are published to."""

from typing import Protocol

from footy.record import Snapshot


class Output(Protocol):
    """One place that snapshots go to; its failure stops nothing else."""

    name: str

    def publish(self, snapshot: Snapshot) -> None:
        """Take the newest snapshot; raises what goes wrong."""

    def close(self) -> None:
        """Let go of what is held; must not hang."""
