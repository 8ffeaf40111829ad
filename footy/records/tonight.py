"""What kicks off soon: the vendor's plan of the day, joined with names. Pure; in no record and no event."""

from dataclasses import replace

from footy.mirror.state import Held, References, Source
from footy.record import Fixture
from footy.records.flatten import place_of
from footy.records.selection import Selection, Verdict
from footy.records.values import flag, name
from footy.thesports.decoders import Diary
from footy.thesports.models import Competition, Detail
from footy.times import second_text

AHEAD_S = 12 * 3600
_NOT_STARTED = 1


def upcoming(
    diary: Diary, references: References, now: float, selection: Selection, *, fetched_at: float
) -> list[Fixture]:
    """Return the matches of the next 12 hours that the operator wants, in order of kick-off.

    Args:
        diary: The vendor's plan, with names.
        references: The competitions and countries that are known; for these, the country is known too.
        now: Unix seconds by the vendor's clock.
        selection: What the operator wants; a competition whose country is not known is no wanted country's.
        fetched_at: When the plan was read, Unix seconds.
    """
    found = [
        (row.match_time, row.id, _fixture(row, diary, references))
        for row in diary.rows
        if row.match_time is not None and now < row.match_time <= now + AHEAD_S
        if row.status_id in {_NOT_STARTED, None}
        if _is_wanted(row, diary, references, selection, fetched_at)
    ]
    return [fixture for _, _, fixture in sorted(found, key=lambda one: one[:2])]


def _fixture(row: Detail, diary: Diary, references: References) -> Fixture:
    competition = references.competitions.get(row.competition_id or "")
    known = None if competition is None or competition.value is None else competition.value.name
    home_id, away_id = row.home_team_id or None, row.away_team_id or None
    return {
        "match_id": row.id,
        "kickoff_at": second_text(row.match_time) or "",
        "competition_id": row.competition_id or None,
        "competition": name(known or diary.competitions.get(row.competition_id or "")),
        "country": None if competition is None else place_of(competition, references).name,
        "home_id": home_id,
        "home": _team(home_id, diary, references),
        "away_id": away_id,
        "away": _team(away_id, diary, references),
        "neutral": flag(row.neutral),
    }


def _team(team_id: str | None, diary: Diary, references: References) -> str | None:
    held = references.teams.get(team_id or "")
    known = None if held is None or held.value is None else held.value.name
    return name(known or diary.teams.get(team_id or ""))


def _is_wanted(
    row: Detail, diary: Diary, references: References, selection: Selection, fetched_at: float
) -> bool:
    if selection.keeps_all:
        return True
    competition_id = row.competition_id or ""
    if competition_id not in references.competitions and competition_id in diary.competitions:
        named = Competition(competition_id, diary.competitions[competition_id])
        held = {**references.competitions, competition_id: Held(named, fetched_at, Source.FRESH)}
        references = replace(references, competitions=held)
    return selection.judge(Held(row, fetched_at, Source.FRESH), references) is Verdict.YES
