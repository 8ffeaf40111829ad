"""The archive: what the log keeps of each match besides its events, and how to read it.

While a match is listed, chunks of odds and a row a minute are written. After it, all its odds are read once
more from the vendor, and take their place: from then on the archive is complete and exact.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

from footy.history import minutes, odds
from footy.history.minutes import MinuteBlob, MinuteRow
from footy.history.odds import OddsBlob, OddsColumns

PAGE = 500
"""Matches read at once: a longer read would hold up the log's checkpoints."""


class ArchiveState(StrEnum):
    """What became of the odds of a match that is over."""

    WAITING = "waiting"
    """They are not read yet; `note` says why if it was tried."""
    WHOLE = "whole"
    """Every row that the vendor has, exactly."""
    EMPTY = "empty"
    """The vendor has no odds of this match."""
    PARTIAL = "partial"
    """The vendor's answer lacked rows that had been seen, or had some that cannot be read: `note`."""
    LOST = "lost"
    """They could not be read as long as the vendor kept them: `note`. What was written meanwhile is kept."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more is tried."""
        return self is not ArchiveState.WAITING


class Archived(NamedTuple):
    """The outcome of an attempt to read all odds of a match."""

    match_id: str
    state: ArchiveState
    at: float
    """When it was made, in Unix seconds."""
    tries: int
    """Number of attempts so far."""
    next_at: float = 0.0
    """When to try again, if it waits."""
    rows: int = 0
    left_out: int = 0
    """Number of values that could not be read or kept."""
    note: str | None = None
    """Why it is not whole, in a sentence."""
    odds: OddsBlob | None = None
    """Takes the place of all odds written before."""
    minutes: MinuteBlob | None = None
    """Takes the place of all minutes written before."""


class Due(NamedTuple):
    """A match whose odds are to be read."""

    match_id: str
    ended_at: float
    """When it ended, or was last heard of, in Unix seconds."""
    tries: int
    note: str | None
    """Why the last attempt failed."""


class MatchEntry(NamedTuple):
    """A match in the log, and the state of its archive."""

    id: str
    competition: str | None
    country: str | None
    home: str | None
    away: str | None
    status_id: int
    home_score: int | None
    away_score: int | None
    first: float
    """When it was seen first, in Unix seconds."""
    last: float
    """When it changed last."""
    ended_at: float | None
    """When it was seen as finished; None if it was not."""
    archive: ArchiveState | None
    """None if the match is not over."""
    archived_at: float | None
    """When its archive was read, or last tried."""
    rows: int
    """Number of odds in its archive."""
    left_out: int
    note: str | None


class Archive(Protocol):
    """A store of odds and minutes: the same object as the `Log`, whose `append` writes them.

    `Commit.odds` adds chunks, and replaces a match's base; to an archived match nothing more is added.
    `Commit.minutes` replaces the row of that minute. `Commit.archives` sets the state of a match's archive,
    and replaces all its odds and minutes by those given. Nothing is written of a match that the log does not
    have, and retention removes all of it together with the match.
    """

    def entries(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        after: tuple[float, str] | None = None,
        limit: int = PAGE,
    ) -> list[MatchEntry]:
        """Return matches that changed at or after `since` and were seen before `until`, by (last, id).

        `after` is the (last, id) of the last entry that is known.
        """
        ...

    def entry(self, match_id: str) -> MatchEntry | None:
        """Return a match; None if the log does not have it."""
        ...

    def odds_blobs(self, match_id: str) -> list[OddsBlob]:
        """Return the blobs of a match's odds, in order of writing."""
        ...

    def minute_blobs(self, match_id: str) -> list[MinuteBlob]:
        """Return the blobs of a match's minutes, in order."""
        ...

    def due(self, now: float, limit: int) -> list[Due]:
        """Return matches that were over some minutes ago and wait for their archive, the newest first."""
        ...

    def waiting(self) -> int:
        """Return the number of matches that are over and wait for their archive."""
        ...


class MatchOdds(NamedTuple):
    """All odds that are kept of a match."""

    columns: OddsColumns
    state: ArchiveState | None
    """Of its archive; None if the match is not over, or is not in the log."""
    note: str | None

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows that the vendor has, exactly."""
        return self.state in {ArchiveState.WHOLE, ArchiveState.EMPTY}


def match_odds(archive: Archive, match_id: str) -> MatchOdds:
    """Return the odds of a match, whether it is archived or not.

    Raises:
        LogError: The log cannot be read.
        BrokenBlobError: What it holds of this match is damaged.
    """
    entry = archive.entry(match_id)
    columns = odds.joined(archive.odds_blobs(match_id))
    return MatchOdds(columns, entry and entry.archive, entry and entry.note)


def match_minutes(archive: Archive, match_id: str) -> list[MinuteRow]:
    """Return the minutes of a match, oldest first.

    Raises:
        LogError: The log cannot be read.
        BrokenBlobError: What it holds of this match is damaged.
    """
    return minutes.joined(archive.minute_blobs(match_id))


def all_entries(
    archive: Archive, *, since: float | None = None, until: float | None = None
) -> Iterator[MatchEntry]:
    """Yield matches page by page, see `Archive.entries`: no read lasts long."""
    after: tuple[float, str] | None = None
    while page := archive.entries(since=since, until=until, after=after, limit=PAGE):
        yield from page
        after = page[-1].last, page[-1].id
