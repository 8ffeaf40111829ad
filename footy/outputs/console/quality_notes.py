"""Notes on the quality of the data on the screen: which parts are missing, old, partial, refused or mock."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.text import Text

from footy.outputs.console.styles import MOCK, WARNING
from footy.outputs.console.terminal_text import Glyphs
from footy.outputs.record_values import age_text, moment
from footy.record import MatchRecord, Snapshot

LIVE_LIST_OLD_S = 90


class _Part(NamedTuple):
    words: str
    read_at: str | None = None
    """The field with the time at which it was fetched."""
    named_by: str | None = None
    """The part that holds this one's id, if any."""


_PARTS: Mapping[str, _Part] = {
    "live": _Part("score and clock", "fetched_at"),
    "detail": _Part("detail", "detail_fetched_at"),
    "odds": _Part("odds", "odds_fetched_at"),
    "home": _Part("home team", named_by="detail"),
    "away": _Part("away team", named_by="detail"),
    "competition": _Part("competition", named_by="detail"),
    "country": _Part("country", named_by="competition"),
}
"""The parts of a record, each with a `…_source`."""
_NOTED = ("mock", "missing", "stale", "partial", "refused")
"""The sources that get a note; all others are up to date."""
_ABSENT = ("missing", "refused")


def is_absent(match: Mapping[str, object], part: str) -> bool:
    """Return whether this part of the record is missing or refused, so that its content is unknown."""
    return match.get(f"{part}_source") in _ABSENT


def is_known(match: Mapping[str, object], part: str) -> bool:
    """Check whether this part is completely known; if not, what it lacks may exist."""
    return match.get(f"{part}_source") not in (*_ABSENT, "partial", "stale")


def refused_parts(matches: Sequence[MatchRecord]) -> dict[str, str]:
    """Return the parts that the vendor refuses for all of these matches, with their labels."""
    return {
        part: _PARTS[part].words
        for part in _PARTS
        if matches and all((part, "refused") in _noted(match) for match in matches)
    }


def match_notes(
    match: MatchRecord, published_at: datetime | None, glyphs: Glyphs, *, omitted: Collection[str] = ()
) -> list[Text]:
    """Return the notes on one match: `odds stale 4 min`, `detail missing`, `MOCK odds`.

    Parts in `omitted` are left out: a part that is refused for all matches is noted once in the head.
    """
    notes = []
    for part, source in _noted(match):
        if part in omitted:
            continue
        words, read_at, _ = _PARTS[part]
        if source == "mock":
            notes.append(Text(f"MOCK {words}", MOCK))
            continue
        age = age_text(moment(match.get(read_at)), published_at) if read_at and source == "stale" else ""
        notes.append(Text(f"{words} {source} {age}".rstrip(), WARNING))
    if match["home"] is None and match["away"] is None:
        notes.append(Text(f"match id {glyphs.clean(match['match_id'])}", WARNING))
    return notes


def _noted(match: MatchRecord) -> list[tuple[str, str]]:
    """Return (part, source) pairs; a part is left out if the part that holds its id is absent."""
    return [
        (part, source)
        for part, (_, _, named_by) in _PARTS.items()
        if isinstance(source := match.get(f"{part}_source"), str) and source in _NOTED
        if not (source in _ABSENT and named_by is not None and is_absent(match, named_by))
    ]


def summary(matches: Sequence[MatchRecord], *, omitted: Collection[str] = ()) -> list[str]:
    """Return how many of the matches have a note, by part and kind: `odds missing in 3 of 39`."""
    kinds = Counter(
        (part, source) for match in matches for part, source in _noted(match) if part not in omitted
    )
    return [
        f"{part.words} {'MOCK' if source == 'mock' else source} in {kinds[name, source]} of {len(matches)}"
        for name, part in _PARTS.items()
        for source in _NOTED
        if (name, source) in kinds
    ]


def live_list_note(snapshot: Snapshot, published_at: datetime | None) -> str:
    """Return a warning about the live list as a whole; empty if the list is up to date."""
    fetched_at = moment(snapshot["meta"]["fetched_at"])
    sources = {match["live_source"] for match in snapshot["matches"]}
    if fetched_at is None:
        return "LIVE LIST MISSING: it has not been read yet"
    if "mock" in sources:
        return "LIVE LIST IS MOCK: these matches are made up"
    is_old = published_at is not None and (published_at - fetched_at).total_seconds() > LIVE_LIST_OLD_S
    if "stale" in sources or (not sources and is_old):
        return (
            f"LIVE LIST STALE {age_text(fetched_at, published_at)}: what follows is the last that was known"
        )
    return ""
