"""The log: the interface of every store of events.

One writer appends once per cycle; any number of readers read on from a position. Sequences begin at 1 and are
committed without gaps; retention may leave gaps later. Times are Unix seconds.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from footy.errors import CannotWriteError
from footy.events.emitted import Emitted
from footy.events.types import Event
from footy.history.archive import Archived
from footy.history.minutes import MinuteBlob
from footy.history.odds import OddsBlob

_POSITION = re.compile(r"([0-9a-f]{8})-([0-9]{1,16})")


class LogError(CannotWriteError):
    """The log cannot be read or written; no part of this transaction is in it."""


class BrokenLogError(LogError):
    """The file is no log, or a damaged one."""


class UnknownCommitError(LogError):
    """The log may already have this commit: reload its states before the next detection."""


class NewerLogError(LogError):
    """A newer version of footy wrote the file."""


class Position(NamedTuple):
    """A position in a log: after the event with this sequence; 0 is before the first event."""

    epoch: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.sequence}"

    @classmethod
    def read(cls, text: str) -> "Position":
        """Parse `epoch-sequence`.

        Raises:
            ValueError: The text is not a position.
        """
        found = _POSITION.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"not a position: {text!r}")
        return cls(found[1], int(found[2]))


class StoredEvent(NamedTuple):
    """An event in the log."""

    sequence: int
    id: str
    type: str
    match_id: str | None
    seen_at: str
    """As in the event's data."""
    data: bytes
    """The data as JSON."""


class StoredMatch(NamedTuple):
    """A match in the log."""

    id: str
    home: str | None
    away: str | None
    competition: str | None
    seen_at: float
    """When it was seen last, Unix seconds."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that a cycle writes, in one transaction."""

    at: float
    """When the cycle's data was read."""
    states: Mapping[str, Emitted] = field(default_factory=dict)
    """The emitted states that changed, by match id."""
    events: Sequence[Event] = ()
    listed: Collection[str] | None = ()
    """The matches in the live list; None if it was not read in this cycle."""
    age_at: float | None = None
    """By what moment events grow old, if that is not `at`: the machine's clock may be years ahead."""
    odds: Sequence[OddsBlob] = ()
    """Chunks to add, and bases, each of which replaces its match's base."""
    minutes: Sequence[MinuteBlob] = ()
    """Each replaces the row of its match and minute."""
    archives: Sequence[Archived] = ()
    """Matches whose odds were read, or could not be, after their end."""


class Extent(NamedTuple):
    """The range of events in a log."""

    epoch: str
    newest: int
    """The sequence of the newest event; 0 in an empty log."""
    complete_after: int
    """Every event with a greater sequence is kept."""


class Log(Protocol):
    """A store of events."""

    def append(self, commit: Commit) -> int:
        """Write a cycle completely or not at all; return the newest sequence.

        Raises:
            LogError: Writing failed, and no part of the cycle is in the log.
            UnknownCommitError: One of its events is already in the log.
        """
        ...

    def states(self, match_ids: Iterable[str] | None = None, *, since: float = 0.0) -> list[Emitted]:
        """Return the emitted states of these matches, or of all matches seen at or after a time."""
        ...

    def open_states(self, within_s: float) -> list[Emitted]:
        """Return the states of matches whose result may still come, if seen within these last seconds."""
        ...

    def listed_at(self) -> float | None:
        """Return the time of the newest cycle with a live list; None before the first."""
        ...

    def listed(self) -> frozenset[str]:
        """Return the matches that were in that list."""
        ...

    def read(
        self,
        after: int,
        limit: int,
        *,
        match_id: str | None = None,
        types: Sequence[str] = (),
        since: float | None = None,
    ) -> list[StoredEvent]:
        """Return events after a sequence, oldest first; only of a match, of types, since a time, if given."""
        ...

    def newest(
        self, limit: int, *, match_id: str | None = None, types: Sequence[str] = ()
    ) -> list[StoredEvent]:
        """Return the newest events, oldest first; of one match, some types."""
        ...

    def matches(self) -> list[StoredMatch]:
        """Return the matches, the one seen last first."""
        ...

    def extent(self) -> Extent:
        """Return the range of events in the log."""
        ...

    def wait(self, after: int, timeout_s: float) -> bool:
        """Wait for an event after this sequence; return whether there is one."""
        ...

    def is_replaced(self) -> bool:
        """Check whether another log is in this one's place, or none: a reader then opens what is there."""
        ...

    def close(self) -> None:
        """Close the log; waiting readers return."""
        ...


class Resumed(NamedTuple):
    """Where a reader continues."""

    after: int
    gap: tuple[str, str] | None
    """The first and last position that are no longer available; None if the reader missed none."""


def resumed(position: Position | None, extent: Extent) -> Resumed:
    """Return where a reader with this position continues; a reader without one gets all events kept.

    There is one gap if the position is of another epoch, is beyond the newest event, or is older than the
    completely kept events.
    """
    oldest = extent.complete_after
    if position is None:
        return Resumed(0, None)
    if position.epoch != extent.epoch or position.sequence > extent.newest:
        return Resumed(0, (str(position), str(Position(extent.epoch, oldest))))
    if position.sequence < oldest:
        first = Position(extent.epoch, position.sequence + 1)
        return Resumed(position.sequence, (str(first), str(Position(extent.epoch, oldest))))
    return Resumed(position.sequence, None)
