"""The vendor's feeds of changes in a world: odds, deletions and others."""

from collections.abc import Iterator
from typing import Any

import msgspec

from thesports_simulator.protocol.source import OddsForm, OddsOrder
from thesports_simulator.world.world import World

ODDS_WINDOW = 60
UPDATE_WINDOW = 120
DELETED_WINDOW = 86_400
_DIGITS = 10  # of a unix time, until the year 2286


def odds_live(
    world: World, at: int, *, form: OddsForm = "text", order: OddsOrder = "newest"
) -> dict[str, list[Any]]:
    """Return the `results` of odds/live: changes of all matches in the last minute, by company."""
    results: dict[str, list[Any]] = msgspec.json.decode(odds_live_body(world, at, form, order))
    return results


def odds_live_body(world: World, at: int, form: OddsForm, order: OddsOrder) -> bytes:
    """Return the `results` of odds/live as JSON.

    The newest or the oldest comes first, also among changes of one second.

    Rows are split as text for speed: on a Saturday a minute holds tens of thousands.
    """
    feed: dict[int, list[bytes]] = {}
    for match_id, company, market, row in _changed(world, at):
        time, minute, home, line, away, status, sealed, score = row[1:-1].split(b",")
        if form == "text":
            inner = b'%b,%b,"%b,%b,%b,%b",%b' % (time, minute, home, line, away, sealed, status)
        else:
            inner = b"%b,%b,%b,%b,%b,%b,%b" % (time, minute, home, line, away, status, sealed)
        # The time goes first for sorting, and is cut off again below.
        entry = b'%b["%b","%b",[%b],%b]' % (time, match_id, market, inner, score)
        feed.setdefault(company, []).append(entry)
    companies = []
    for company in sorted(feed):
        entries = sorted(feed[company], key=_time, reverse=True)
        if order == "oldest":
            entries.reverse()
        companies.append(b'"%d":[%b]' % (company, b",".join([entry[_DIGITS:] for entry in entries])))
    return b"{%b}" % b",".join(companies)


def odds_update(world: World, at: int) -> list[dict[str, Any]]:
    """Return the rows of odds/update: matches and companies changed in the last minute, newest first."""
    latest: dict[tuple[bytes, int], int] = {}
    for match_id, company, _, row in _changed(world, at):
        latest[match_id, company] = max(latest.get((match_id, company), 0), int(row[1 : 1 + _DIGITS]))
    rows = [
        {"id": id_.decode(), "company_id": company, "update_time": time}
        for (id_, company), time in latest.items()
    ]
    return sorted(rows, key=lambda row: -row["update_time"])


def _changed(world: World, at: int) -> Iterator[tuple[bytes, int, bytes, bytes]]:
    for match in world.live(at):
        match_id = match.fixture.id.encode()
        for company, market, row in world.odds_of(match).between(at - ODDS_WINDOW, at):
            yield match_id, company, market, row


def _time(entry: bytes) -> bytes:
    return entry[:_DIGITS]


def deleted(world: World, at: int) -> dict[str, list[str]]:
    """Return the ids deleted in the last day, by kind; kinds without any are left out."""
    since = at - DELETED_WINDOW
    matches = [f.id for f in world.programme.deleted(since, at)]
    teams = {
        world.ids.text(revision.number): None
        for revision in world.reference.revisions(since, at)
        if revision.change is None
    }
    feed = {"match": matches, "team": list(teams)}
    return {kind: ids for kind, ids in feed.items() if ids}


def data_update(world: World, at: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of data/update: line-ups and tables updated in the last two minutes."""
    line_ups, tables = [], []
    for match in world.live(at):
        kick_off, ended = match.fixture.kick_off, match.script.ended
        if at - UPDATE_WINDOW < kick_off <= at and match.fixture.is_covered:
            line_ups.append({"match_id": match.fixture.id, "update_time": kick_off})
        competition = world.directory.competition(match.fixture.competition)
        if ended and at - UPDATE_WINDOW < ended <= at and competition.has_table:
            tables.append({"season_id": world.directory.season_id(competition.number), "update_time": ended})
    return {key: rows for key, rows in (("1", line_ups), ("3", tables)) if rows}
