"""The base of sinks that send to a target of the rules file: which events it gets, and how far it is."""

import contextlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.sinks.base import Again
from footy.sinks.targets import Target

if TYPE_CHECKING:
    from footy.sinks.ledger import Ledger
    from footy.sinks.store_ledger import StoreLedger


class _To(msgspec.Struct, frozen=True):
    to: tuple[str, ...] | None = None


class TargetSink(ABC):
    """A sink whose target keeps no position, so the ledger does. All calls come from one thread.

    Args:
        target: Where it sends, and which events.
        ledger: The target's part of the ledger.
        begin: Where a new target begins; None to give it all events that are kept.
        now: Returns Unix seconds.
    """

    def __init__(
        self,
        target: Target,
        ledger: "Ledger | StoreLedger",
        begin: Position | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = target.name
        self._target = target
        self._ledger = ledger
        self._begin = begin
        self._now = now
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Deliver nothing more after what is on its way; from any thread, at once."""
        self._stopped.set()

    def _check_stopped(self) -> None:
        if self._stopped.is_set():
            raise Again("it is no longer wanted")

    def position(self) -> Position | None:
        """Return how far the target is; a new one is where it begins."""
        position = self._ledger.position()
        if position is None and (position := self._begin) is not None:
            self._ledger.move(position)
        return position

    def begin(self) -> None:
        """Note where a new target begins, before anything can be committed that is for it.

        The caller is another thread than that of the other calls, which come later.
        """
        with contextlib.suppress(Again):  # then `position` notes it
            TargetSink.position(self)

    @abstractmethod
    def send(self, batch: Sequence[Envelope]) -> None:
        """Deliver what is for this target, and note how far it is."""

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def _wants(self, one: Envelope) -> bool:
        """Check whether an event is for this target."""
        if self._target.events is None:
            return True
        kind = one.type.removeprefix("footy.")
        to = msgspec.json.decode(one.data, type=_To).to if kind == "alert" else None
        return self._target.wants(kind, to)

    def _reached(self, one: Envelope) -> None:
        """Note that the target has this event and all before it, as far as it wants them."""
        self._ledger.move(Position(one.footyepoch, int(one.sequence)))
