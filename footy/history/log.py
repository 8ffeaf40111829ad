"""The log: what every store of events offers, whatever it is made of.

One writer appends once per cycle; any number of readers read after a position. Sequences begin at 1 and are
committed without gaps; retention leaves holes later. Times are Unix seconds.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from footy.errors import CannotWriteError
from footy.events.emitted import Emitted
from footy.events.types import Event

_POSITION = re.compile(r"([0-9a-f]{8})-([0-9]{1,16})")


class LogError(CannotWriteError):
    """The log cannot be read or written; nothing of this transaction is in it."""


class BrokenLogError(LogError):
    """The file is no log, or a damaged one."""


class UnknownCommitError(LogError):
    """The log may hold what was to be written: load its states again before the next detection."""


class NewerLogError(LogError):
    """The file was written by a newer version of footy."""


class Position(NamedTuple):
    """A place in a log: the event with this sequence has been read, 0 is before the first."""

    epoch: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.sequence}"

    @classmethod
    def read(cls, text: str) -> "Position":
        """Read `epoch-sequence`; ValueError if it is no position."""
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
    """All that a cycle writes, in one transaction."""

    at: float
    """When the cycle's data was read."""
    states: Mapping[str, Emitted] = field(default_factory=dict)
    """The emitted states that changed, by match id."""
    events: Sequence[Event] = ()
    listed: Collection[str] | None = ()
    """The matches in the live list; None if it was not read in this cycle."""
    age_at: float | None = None
    """By what moment events grow old, if that is not `at`: the machine's clock may be years ahead."""


class Extent(NamedTuple):
    """Which events a log holds."""

    epoch: str
    newest: int
    """The sequence of the newest event; 0 in an empty log."""
    complete_after: int
    """Every event with a greater sequence is kept."""


class Log(Protocol):
    """A store of events."""

    def append(self, commit: Commit) -> int:
        """Write a cycle whole or not at all; return the newest sequence.

        Raises:
            LogError: It could not be written, and nothing of it is in the log.
            UnknownCommitError: An event of it is in the log already.
        """
        ...

    def states(self, match_ids: Iterable[str] | None = None, *, since: float = 0.0) -> list[Emitted]:
        """Return what was emitted of these matches, or of all seen at or after a time."""
        ...

    def open_states(self, within_s: float) -> list[Emitted]:
        """Return what was emitted of matches whose result may still come, the oldest of them so old."""
        ...

    def listed_at(self) -> float | None:
        """Return when the newest cycle with a live list was, None before the first."""
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
        """Return events with a greater sequence, oldest first; of one match, some types, since a time."""
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
        """Return which events there are."""
        ...

    def wait(self, after: int, timeout_s: float) -> bool:
        """Wait until there is a newer event than this sequence; return whether there is."""
        ...

    def is_replaced(self) -> bool:
        """Check whether another log is in this one's place, or none: a reader then opens what is there."""
        ...

    def close(self) -> None:
        """Close it; waiting readers return."""
        ...


class Resumed(NamedTuple):
    """Where a reader goes on."""

    after: int
    gap: tuple[str, str] | None
    """The first and last position that are no longer available, if the reader missed any."""


def resumed(position: Position | None, extent: Extent) -> Resumed:
    """Return where a reader with this position goes on; None is a reader that wants all that is kept.

    A position of another epoch, beyond the newest event or older than what is kept whole gets one gap.
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
