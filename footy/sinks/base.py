"""What a sink is, and how it says that it takes nothing now."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.record import MatchRecord


class Again(Exception):  # noqa: N818 - what to do, not what went wrong
    """The target took nothing of this batch now; it is sent again.

    Args:
        why: The reason in a few words, such as `No space left on device`.
        after_s: Seconds after which the target wants to be asked again; None for the usual backoff.
    """

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


class Refused(Exception):  # noqa: N818 - as above
    """The target will not take this batch at any time: the sink pauses until the next start.

    Its text is the reason in a few words.
    """


class Sink(Protocol):
    """A target of events. All calls come from one thread."""

    name: str
    """For the log, such as `jsonl`."""

    def position(self) -> Position | None:
        """Return the newest event that the target has, None if it has none.

        Raises:
            Again: The target cannot be asked now.
            Refused: It will never say.
        """
        ...

    def send(self, batch: Sequence[Envelope]) -> None:
        """Deliver events in this order, all or none of them; a gap comes as an event.

        An event may come twice: if the process ends between its delivery and the next `position`.

        Raises:
            Again: The target takes nothing now.
            Refused: It will not take this batch at any time.
        """
        ...

    def close(self) -> None:
        """Close the target."""
        ...


@runtime_checkable
class StateSink(Sink, Protocol):
    """A sink whose target also has the newest state of each match; a slot of one, no queue."""

    def show(self, records: Sequence[MatchRecord]) -> None:
        """Take the newest records, in place of those not sent yet; from any thread, at once."""
        ...

    def send_states(self) -> None:
        """Send what has changed in them.

        Raises:
            Again: The target takes nothing now.
        """
        ...


@runtime_checkable
class StoppableSink(Sink, Protocol):
    """A sink that can end in the middle of a batch."""

    def stop(self) -> None:
        """Deliver nothing more after the event that is on its way; from any thread, at once."""
        ...
