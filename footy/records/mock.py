"""Mock values in place of missing ones, if the operator switched that on; each is marked.

They are added to the input of the flattener and never to the state, so a mock value is never kept,
compared or used as the last good one.
"""

import logging
import random
from collections.abc import Mapping

from footy.mirror.odds_book import OddsBook, digest
from footy.mirror.state import Held, MatchState, References, Source
from footy.thesports.models import Competition, Country, Detail, Markets, OddsRow, Team

log = logging.getLogger(__name__)

BOOKMAKER = "2"
_NOTHING: Held[object] = Held(None, None, Source.MISSING)


def filled(
    matches: Mapping[str, MatchState], references: References, early_window: tuple[int, int]
) -> tuple[dict[str, MatchState], References]:
    """Return the matches and references with mock values for missing ones; refused and unnamed ones stay."""
    whole: dict[str, MatchState] = {}
    teams, competitions = dict(references.teams), dict(references.competitions)
    made_up = 0
    for match_id, held in matches.items():
        detail, odds = held.detail, held.odds
        if detail.source is Source.MISSING:
            detail = Held(_detail(match_id), None, Source.MOCK)
            made_up += 1
        if odds.source is Source.MISSING:
            odds = Held(_odds(match_id, int(held.live.fetched_at or 0), early_window), None, Source.MOCK)
            made_up += 1
        whole[match_id] = MatchState(held.live, detail, odds, held.periods)
        if detail.value is None:
            continue
        for team_id in (detail.value.home_team_id, detail.value.away_team_id):
            if team_id and teams.get(team_id, _NOTHING).source is Source.MISSING:
                teams[team_id] = Held(Team(team_id, name=f"Mock team {team_id}"), None, Source.MOCK)
                made_up += 1
        competition_id = detail.value.competition_id
        if competition_id and competitions.get(competition_id, _NOTHING).source is Source.MISSING:
            made = Competition(competition_id, name=f"Mock competition {competition_id}")
            competitions[competition_id] = Held(made, None, Source.MOCK)
            made_up += 1
    countries = references.countries
    if countries.source is Source.MISSING:
        named = [held.value.country_id for held in competitions.values() if held.value is not None]
        rows = {one: Country(one, name=f"Mock country {one}") for one in named if one}
        countries = Held(rows, None, Source.MOCK)
        made_up += len(rows)
    if made_up:
        log.warning("Falling back to mock data: %d values are made up and marked mock", made_up)
    return whole, References(teams, competitions, countries, references.categories)


def _detail(match_id: str) -> Detail:
    return Detail(
        match_id,
        home_team_id=f"mock-home-{match_id}",
        away_team_id=f"mock-away-{match_id}",
        competition_id="mock-competition",
    )


def _odds(match_id: str, at: int, early_window: tuple[int, int]) -> OddsBook:
    chance = random.Random(match_id)
    row = OddsRow(
        at=at,
        minute=str(early_window[0]),
        first=round(chance.uniform(1.5, 4.0), 2),
        line=round(chance.uniform(3.0, 4.0), 2),
        last=round(chance.uniform(1.5, 4.0), 2),
        status_id=2,
        sealed=0,
        score="0-0",
    )
    return digest({BOOKMAKER: Markets(eu=[row])}, early_window)
