"""The reference data that match details point at."""

from collections.abc import Mapping
from typing import Any

from footy.mirror.answers import Gathered
from footy.mirror.state import Held, References, Source, State
from footy.pipeline.plan import PlanInputs
from footy.reference.disk_cache import KEEP_DAYS
from footy.reference.lookup import CATEGORIES, COUNTRIES, Key, Reference
from footy.thesports import endpoints
from footy.thesports.client import Fetched
from footy.thesports.models import Detail


def held_details(state: State) -> dict[str, Detail]:
    """Give the details that a state holds, by match id."""
    return {key: held.detail.value for key, held in state.matches.items() if held.detail.value is not None}


def gathered_details(gathered: Gathered) -> dict[str, Detail]:
    """Give the details that came one by one, by match id."""
    return {key: one.value for key, one in gathered.details.items() if isinstance(one, Fetched)}


def references_for(
    reference: Reference, gathered: Gathered, before: State, details: Mapping[str, Detail], inputs: PlanInputs
) -> References:
    """Give the references that these details need: as gathered, else as they were, for up to 30 days."""

    def held(key: Key, was: Held[Any] | None) -> Held[Any]:
        found = gathered.references.get(key) or reference.peek(key)
        if found is not None and found.value is not None:
            return found
        if (
            was is not None
            and was.value is not None
            and inputs.now - (was.fetched_at or 0.0) < KEEP_DAYS * 86_400
        ):
            return Held(was.value, was.fetched_at, Source.STALE)
        if found is None or (key in gathered.unconfirmed_refusals and key.endpoint in inputs.available):
            return Held(None, None, Source.MISSING)
        return found

    were = before.references
    team_ids = {
        team_id for one in details.values() for team_id in (one.home_team_id, one.away_team_id) if team_id
    }
    competition_ids = {one.competition_id for one in details.values() if one.competition_id}
    return References(
        {one: held(Key(endpoints.TEAM, one), were.teams.get(one)) for one in team_ids},
        {one: held(Key(endpoints.COMPETITION, one), were.competitions.get(one)) for one in competition_ids},
        held(COUNTRIES, were.countries),
        held(CATEGORIES, were.categories),
    )
