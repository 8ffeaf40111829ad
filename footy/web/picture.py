"""The newest snapshot as bytes, made once a cycle, and what the page sees of it. Pure."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import msgspec

from footy.record import MatchRecord, Snapshot
from footy.web import cells
from footy.web.cells import COLUMNS, Cells, Changes
from footy.web.marks import Marked

GZIP_LEVEL = 6
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to answer with, in two codings, and the tag that names them."""

    plain: bytes
    gzipped: bytes
    tag: str

    @classmethod
    def of(cls, plain: bytes, tag: str) -> Self:
        """Compress once, for all answers."""
        return cls(plain, gzip.compress(plain, GZIP_LEVEL, mtime=0), tag)


@dataclass(frozen=True, slots=True)
class Picture:
    """A snapshot, ready to be served."""

    snapshot: Snapshot
    by_id: Mapping[str, MatchRecord]
    tag: str
    made: Content | None = None
    """Its bytes; None until someone asks for those of a snapshot that was pushed."""

    @classmethod
    def of(cls, snapshot: Snapshot, tag: str, *, is_pushed: bool = False) -> Self:
        """Make the bytes of a cycle's snapshot; those of a pushed one are made on request."""
        by_id = {match["match_id"]: match for match in snapshot["matches"]}
        found = cls(snapshot, by_id, tag)
        return found if is_pushed else replace(found, made=found.whole())

    def whole(self) -> Content:
        """Return its bytes."""
        return self.made or Content.of(_encode(self.snapshot), self.tag)


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows, at one version."""

    version: str
    rows: Mapping[str, Cells]
    about: Mapping[str, Any]
    """What is said above and around the matches."""
    latest: Sequence[Mapping[str, Any]]

    def message(self) -> bytes:
        """Return all of it, as the first message of `/api/live`."""
        return _encode(
            {
                "version": self.version,
                "about": self.about,
                "latest": self.latest,
                "columns": COLUMNS,
                "matches": list(self.rows.values()),
            }
        )


def board(
    version: str,
    picture: Picture | None,
    *,
    max_age_s: float,
    marks: Mapping[str, Marked] | None,
    latest: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any],
    before: Board | None = None,
    changed: frozenset[str] | None = None,
) -> Board:
    """Return the board of a picture; if `changed` is given, only the cells of these matches are made anew."""
    if picture is None:
        rows: Mapping[str, Cells] = {}
    elif before is None or changed is None:
        rows = cells.board(picture.snapshot, max_age_s, marks)
    else:
        rows = cells.pushed(picture.snapshot, before.rows, changed, max_age_s, marks)
    return Board(version, rows, about, latest)


def difference(before: Board, after: Board) -> bytes:
    """Return the changes as a message of `/api/live`; empty if there are none."""
    changes: Changes = cells.changes(before.rows, after.rows)
    said: dict[str, Any] = {"version": after.version, "after": before.version, **changes}
    if before.about != after.about:
        said["about"] = after.about
    if before.latest != after.latest:
        said["latest"] = after.latest
    return _encode(said) if len(said) > 2 else b""  # noqa: PLR2004 - the two versions alone say nothing
