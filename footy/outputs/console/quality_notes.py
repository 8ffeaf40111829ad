"""What a reader must know about the data on the screen: which parts are missing, old, refused or made up."""

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
    """The field that says when it was read."""
    named_by: str | None = None
    """The part without which this one cannot be asked for."""


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
_NOTED = ("mock", "missing", "stale", "refused")
"""The sources a reader must know of; the others are as good as new."""
_ABSENT = ("missing", "refused")


def is_absent(match: Mapping[str, object], part: str) -> bool:
    """Return whether this part of the record could not be read: then nothing is known of its content."""
    return match.get(f"{part}_source") in _ABSENT


def refused_parts(matches: Sequence[MatchRecord]) -> dict[str, str]:
    """Return the parts that the vendor refuses for every one of these matches, with their words."""
    return {
        part: _PARTS[part].words
        for part in _PARTS
        if matches and all((part, "refused") in _noted(match) for match in matches)
    }


def match_notes(
    match: MatchRecord, published_at: datetime | None, glyphs: Glyphs, *, unsaid: Collection[str] = ()
) -> list[Text]:
    """Return the notes on one match: `odds stale 4 min`, `detail missing`, `MOCK odds`.

    Parts in `unsaid` are left out: what the account is refused for every match is said once, above them all.
    """
    notes = []
    for part, source in _noted(match):
        if part in unsaid:
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
    """Return (part, source); what is absent only because the part that names it is absent is left out."""
    return [
        (part, source)
        for part, (_, _, named_by) in _PARTS.items()
        if isinstance(source := match.get(f"{part}_source"), str) and source in _NOTED
        if not (source in _ABSENT and named_by is not None and is_absent(match, named_by))
    ]


def summary(matches: Sequence[MatchRecord], *, unsaid: Collection[str] = ()) -> list[str]:
    """Return how many of the matches have a note, by part and kind: `odds missing in 3 of 39`."""
    kinds = Counter(
        (part, source) for match in matches for part, source in _noted(match) if part not in unsaid
    )
    return [
        f"{part.words} {'MOCK' if source == 'mock' else source} in {kinds[name, source]} of {len(matches)}"
        for name, part in _PARTS.items()
        for source in _NOTED
        if (name, source) in kinds
    ]


def live_list_note(snapshot: Snapshot, published_at: datetime | None) -> str:
    """Return what is wrong with the live list as a whole, empty if it is as new as it should be."""
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
