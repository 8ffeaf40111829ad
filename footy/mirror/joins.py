"""The reference data that match details refer to."""

from collections.abc import Mapping
from typing import TypeVar, cast

from footy.mirror.answers import Answers
from footy.mirror.inputs import CycleInputs
from footy.mirror.state import Held, References, Source, State
from footy.reference.disk_cache import KEEP_DAYS
from footy.reference.lookup import Lookup
from footy.thesports import endpoints
from footy.thesports.decoders import Reference
from footy.thesports.models import Detail
from footy.thesports.request import CATEGORY_LIST, COUNTRY_LIST, Request

T = TypeVar("T", bound=Reference)


def held_details(state: State) -> dict[str, Detail]:
    """Return the details that a state holds, by match id."""
    return {key: held.detail.value for key, held in state.matches.items() if held.detail.value is not None}


def references_for(
    lookup: Lookup, answers: Answers, before: References, details: Mapping[str, Detail], inputs: CycleInputs
) -> References:
    """Return the references that these details need: as answered, otherwise as before, for up to 30 days.

    Args:
        lookup: The reference data in memory.
        answers: The answers of this cycle.
        before: The references of the previous cycle.
        details: The details by match id.
        inputs: The time, and the endpoints of the account.
    """

    def held(request: Request, was: Held[T] | None) -> Held[T]:
        found = _answered(answers, request) or lookup.peek(request)
        if found is not None and found.value is not None:
            return cast("Held[T]", found)
        recent = was is not None and inputs.now - (was.fetched_at or 0.0) < KEEP_DAYS * 86_400
        if was is not None and was.value is not None and recent:
            return Held(was.value, was.fetched_at, Source.STALE)
        refused_once = answers.is_unconfirmed_refusal(request) and request.endpoint in inputs.available
        if found is None or refused_once:
            return Held(None, None, Source.MISSING)
        return cast("Held[T]", found)

    team_ids = {
        team_id for one in details.values() for team_id in (one.home_team_id, one.away_team_id) if team_id
    }
    competition_ids = {one.competition_id for one in details.values() if one.competition_id}
    return References(
        {one: held(Request(endpoints.TEAM, one), before.teams.get(one)) for one in team_ids},
        {
            one: held(Request(endpoints.COMPETITION, one), before.competitions.get(one))
            for one in competition_ids
        },
        held(COUNTRY_LIST, before.countries),
        held(CATEGORY_LIST, before.categories),
    )


def _answered(answers: Answers, request: Request) -> Held[Reference] | None:
    answer = answers.by_request.get(request)
    if answer is None:
        return None
    return Held(cast("Reference | None", answer.value), answer.at, answer.source)
