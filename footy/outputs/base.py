"""What every output takes, and what every output is."""

from dataclasses import dataclass
from typing import Protocol

from footy.record import Fixtures, Snapshot


@dataclass(frozen=True, slots=True)
class Update:
    """What a cycle publishes, or a push."""

    snapshot: Snapshot
    fixtures: Fixtures | None = None
    """What kicks off soon; only `--once` shows it."""
    changed: frozenset[str] | None = None
    """The matches whose records were pushed since the update before; None if all may be others."""


class Output(Protocol):
    """One place that updates go to; its failure stops nothing else."""

    name: str

    def publish(self, update: Update) -> None:
        """Take the newest update.

        What may be slow is done by a worker (see `worker`), so that this returns at once.

        Raises:
            OSError: It cannot be written; another update may be.
            CannotWriteError: Likewise, in words for the operator.
        """

    def close(self) -> None:
        """Release what is held; must not block."""
