"""A span of the log: which of its events and matches an analyst wants."""

from collections.abc import Iterator
from dataclasses import dataclass

from footy.history.log import Extent, Log, Position, StoredEvent, resumed
from footy.times import moment_text

BATCH = 2_000
"""Events read at once: a longer read would hold up the log's checkpoints."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, and after which position. Times are Unix seconds, `until` is not included."""

    since: float | None = None
    until: float | None = None
    after: Position | None = None

    def begin(self, extent: Extent) -> tuple[int, str | None]:
        """Return the sequence after which it begins, and a sentence if events before that are missing."""
        after, gap = resumed(self.after, extent)
        if gap is None or self.after is None:
            return after, None
        is_here = self.after.epoch == extent.epoch and self.after.sequence <= extent.newest
        what = (
            f"The events from {gap[0]} to {gap[1]} are no longer kept"
            if is_here
            else f"The position {self.after} is not in this log"
        )
        return after, f"{what}: what follows begins with the oldest event that is kept."


def events_in(log: Log, span: Span, *, match_id: str | None = None) -> Iterator[list[StoredEvent]]:
    """Yield the events of a span in batches, oldest first, up to the newest one of this moment.

    Raises:
        LogError: The log cannot be read.
    """
    extent = log.extent()
    after, _ = span.begin(extent)
    since, until = moment_text(span.since), moment_text(span.until)  # texts of one form, in the order of time
    while after < extent.newest:
        events = log.read(after, BATCH, match_id=match_id, since=span.since)
        if not events:
            break
        after = events[-1].sequence
        wanted = [
            one
            for one in events
            if one.sequence <= extent.newest
            and (since is None or one.seen_at >= since)
            and (until is None or one.seen_at < until)
        ]
        if wanted:
            yield wanted
