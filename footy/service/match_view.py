"""`footy match`: one match, from the current snapshot and the log of events."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from footy.errors import Exit, FootyError
from footy.events.emitted import Emitted
from footy.history.log import Log, LogError, StoredMatch
from footy.history.place import LogPlace
from footy.history.reader import Reader
from footy.outputs.console.match_page import MatchList, MatchPage, PastMatch
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.selection import fold
from footy.outputs.record_values import moment
from footy.record import MatchRecord, Snapshot
from footy.thesports.codes import status_name

MOST_LISTED = 20
SNAPSHOT = "matches.json"
MOST_EVENTS = 10_000


class NoMatchError(FootyError):
    """No match is meant by what was given."""

    exit_code = Exit.USAGE


class _Found(NamedTuple):
    """A match that a text fits."""

    id: str
    status: str
    names: str


def view(
    place: LogPlace,
    wanted: str,
    options: ConsoleOptions,
    source: str,
    *,
    demo: bool,
    now: datetime | None = None,
) -> MatchPage | MatchList:
    """Return the page of the match that fits the text, or the list of all that fit.

    Args:
        place: Where the instance's log and snapshot are.
        wanted: An id, or a text in the name of a team.
        options: The operator's options.
        source: The CloudEvents source of the envelopes.
        demo: Mark it as simulated.
        now: The time, by default the machine's.

    Raises:
        NoMatchError: None is meant.
    """
    snapshot, no_snapshot = _snapshot(place)
    log, no_log = _log(place)
    with contextlib.closing(log) if log is not None else contextlib.nullcontext():
        matches = [] if snapshot is None else snapshot["matches"]
        stored = [] if log is None else log.matches()
        found = _found(wanted, matches, stored)
        notes = [note for note in (no_snapshot, no_log) if note is not None]
        if not found:
            beside = f" {' '.join(notes)}" if notes else ""
            raise NoMatchError(f"No match fits {wanted!r}: give an id, or a part of a team's name.{beside}")
        if len(found) > 1:
            return MatchList(wanted, found[:MOST_LISTED], len(found[MOST_LISTED:]))
        match_id = found[0].id
        current = next((one for one in matches if one["match_id"] == match_id), None)
        past = _past(log, match_id) if log is not None and current is None else None
        return MatchPage(
            match=current or past or PastMatch(match_id),
            published_at=None if snapshot is None else moment(snapshot["meta"]["published_at"]),
            now=now or datetime.now(UTC),
            events=[] if log is None else Reader(log, source=source, match_id=match_id).newest(MOST_EVENTS),
            notes=notes,
            options=options,
            demo=demo,
        )


def _snapshot(place: LogPlace) -> tuple[Snapshot | None, str | None]:
    """Return the current snapshot, or None and why there is none."""
    try:
        content = place.published(SNAPSHOT)
        if content is None:
            return None, f"No snapshot has been published yet in {place.where}."
        return msgspec.json.decode(content, type=Snapshot), None
    except OSError as error:
        return None, f"{SNAPSHOT} in {place.where} cannot be read ({error.strerror})."
    except msgspec.DecodeError:
        return None, f"{SNAPSHOT} in {place.where} is not a snapshot of this version."


def _log(place: LogPlace) -> tuple[Log | None, str | None]:
    """Return the log of events, or None and why there is none."""
    if not place.exists():
        return None, f"There is no log of events yet at {place.shown}."
    try:
        return place.read(), None
    except LogError as error:
        return None, f"{error}."


def _found(wanted: str, matches: Sequence[MatchRecord], stored: Sequence[StoredMatch]) -> list[_Found]:
    """Return the match with this id; else those that are listed and fit; else those of the log that do."""
    text = fold(wanted)
    listed = [
        _Found(one["match_id"], one["status"], _sides(one["home"], one["away"], _score(one)))
        for one in matches
        if one["match_id"] == wanted or _fits(text, one["home"], one["away"])
    ]
    past = [
        _Found(one.id, f"{datetime.fromtimestamp(one.seen_at, UTC):%Y-%m-%d}", _sides(one.home, one.away))
        for one in stored
        if one.id == wanted or _fits(text, one.home, one.away)
    ]
    by_id = [one for one in (*listed, *past) if one.id == wanted]
    return by_id[:1] or listed or past


def _fits(text: str, home: str | None, away: str | None) -> bool:
    """Check whether a text is in the name of a side, or in those of both, home first."""
    return bool(text) and text in fold(f"{home or ''} {away or ''}")


def _score(match: MatchRecord) -> str:
    home, away = match["home_score"], match["away_score"]
    return "" if home is None or away is None else f"{home} – {away}"


def _sides(home: str | None, away: str | None, score: str = "") -> str:
    return f"{home or '?'} {score or '–'} {away or '?'}"


def _past(log: Log, match_id: str) -> PastMatch | None:
    """Return a match of the log as what was emitted of it tells; None if it has just been removed."""
    emitted = next(iter(log.states([match_id])), None)
    if emitted is None:
        return None
    names, score = emitted.names, emitted.score
    return PastMatch(
        match_id=match_id,
        home=names.home,
        away=names.away,
        competition=names.competition,
        country=names.country,
        status="No longer listed" if emitted.left else status_name(emitted.status_id),
        score="" if score is None else f"{score.home}-{score.away}",
        details=_details(emitted),
        seen_at=datetime.fromtimestamp(emitted.seen_at, UTC),
    )


def _details(emitted: Emitted) -> list[str]:
    periods = emitted.periods
    named = (("HT", periods.half_time), ("after extra time", periods.extra_time), ("pens", periods.shoot_out))
    return [f"{words} {pair[0]}-{pair[1]}" for words, pair in named if pair is not None]
