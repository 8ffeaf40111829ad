"""A reader of the log: envelopes from a position on, with one gap where the log does not go on from there.

Commands, sinks and streams read in this way, so they agree on what a position and a gap are.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from footy.events.envelope import Envelope, all_enveloped, envelope
from footy.events.ids import operational_id
from footy.events.types import Event, Gap
from footy.history.log import Extent, Log, Position, StoredEvent, resumed
from footy.times import moment_text

MOST = 500
"""Events in a batch: reading more at once would hold up the log's checkpoints."""


class _Next(NamedTuple):
    """What a reader knows once its last batch is acknowledged."""

    position: Position
    known_missing: tuple[str, int]
    gaps: int


class Reader:
    """Reads a log in batches; a batch that was not acknowledged is read again. For one thread.

    Args:
        log: The log; `reopened` replaces it.
        position: What has been read before; None reads all that is kept.
        source: The CloudEvents source of the envelopes.
        match_id: Only events of this match.
        types: Only these types; all if empty.
        since: Only events from this time on, Unix seconds.
        now: Returns Unix seconds.
    """

    def __init__(
        self,
        log: Log,
        position: Position | None = None,
        *,
        source: str,
        match_id: str | None = None,
        types: Sequence[str] = (),
        since: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.position = position
        """The newest event that was acknowledged; None before the first batch of a reader without one."""
        self._log = log
        self._source = source
        self._match_id = match_id
        self._types = types
        self._since = since
        self._now = now
        self._started_ms = int(now() * 1000)
        self._gaps = 0
        self._known_missing: tuple[str, int] | None = None
        """The epoch, and the sequence up to which it is known that events are missing."""
        self._next: _Next | None = None

    def reopened(self, log: Log) -> None:
        """Go on in another log, or in another file of this one."""
        self._log = log

    def batch(self, limit: int = MOST) -> list[Envelope]:
        """Return what comes next, oldest first; empty if there is nothing new.

        Args:
            limit: The largest number of events, 500 at most. A gap comes beside them, before the first.

        Raises:
            LogError: The log cannot be read.
        """
        limit = min(limit, MOST)
        extent = self._log.extent()
        after, gap = resumed(self.position, extent)
        missing = (extent.epoch, extent.complete_after)
        if missing == self._known_missing and self._goes_on_in(extent):
            gap = None  # it was announced, and the reader is still among the events before its end
        envelopes = []
        if gap is not None:
            envelopes.append(self._gap(gap, after, extent))
        events = self._log.read(after, limit, match_id=self._match_id, types=self._types, since=self._since)
        envelopes += self._enveloped(events, extent.epoch)
        reached = events[-1].sequence if events else after
        if len(events) < limit:  # then what was filtered out has been read too
            reached = max(reached, extent.newest)
        self._next = _Next(Position(extent.epoch, reached), missing, self._gaps + (gap is not None))
        return envelopes

    def newest(self, limit: int = MOST) -> list[Envelope]:
        """Return the newest events, oldest first, 10,000 at most; acknowledge them and all before."""
        extent = self._log.extent()
        events = self._log.newest(limit, match_id=self._match_id, types=self._types)
        reached = max(extent.newest, events[-1].sequence if events else 0)
        self.position = Position(extent.epoch, reached)
        return self._enveloped(events, extent.epoch)

    def acknowledge(self) -> None:
        """Take note that the last batch has been dealt with."""
        if self._next is not None:
            self.position, self._known_missing, self._gaps = self._next
            self._next = None

    def _enveloped(self, events: Sequence[StoredEvent], epoch: str) -> list[Envelope]:
        return all_enveloped(events, epoch=epoch, source=self._source)

    def _goes_on_in(self, extent: Extent) -> bool:
        position = self.position
        return position is None or (position.epoch == extent.epoch and position.sequence <= extent.newest)

    def _gap(self, gap: tuple[str, str], after: int, extent: Extent) -> Envelope:
        """Return the gap; its position is the one from which the reader goes on."""
        seen_at = moment_text(self._now()) or ""
        event = Event(
            operational_id("gap", self._started_ms, self._gaps + 1),
            "gap",
            Gap(seen_at=seen_at, first=gap[0], last=gap[1]),
        )
        return envelope(event, sequence=after, epoch=extent.epoch, source=self._source)
