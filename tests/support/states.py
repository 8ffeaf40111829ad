"""Builders of states, and of answers without a vendor."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any, cast

from footy.mirror.answers import Answers, FullOdds
from footy.mirror.inputs import CycleInputs
from footy.mirror.merge import end_cycle, merge
from footy.mirror.state import Held, MatchState, References, Source, State
from footy.telemetry.attempts import OK, AttemptRecord
from footy.thesports import endpoints
from footy.thesports.decoders import LiveList
from footy.thesports.endpoints import ENDPOINTS, Endpoint
from footy.thesports.errors import VendorError
from footy.thesports.models import Detail, LiveMatch, LiveScore, SideScore
from footy.thesports.request import LIVE_LIST, Answer, Priority, Request

NOW = 1_800_000_000.0
WINDOW = (3, 10)


def playing(match_id: str, status_id: int = 2, started_at: int = 0) -> LiveMatch:
    return LiveMatch(match_id, LiveScore(match_id, status_id, SideScore(), SideScore(), started_at))


def match_state(match_id: str, at: float = NOW, **parts: Held[Any]) -> MatchState:
    """Return a match in play with its detail, and with odds only if they are given."""
    held = MatchState(
        Held(playing(match_id), at, Source.FRESH),
        Held(Detail(id=match_id), at, Source.FRESH),
        Held(None, None, Source.MISSING),
    )
    return replace(held, **cast("dict[str, Any]", parts))


def sent(*, failed: bool) -> AttemptRecord:
    """Return the record of an attempt that was sent."""
    return AttemptRecord("odds/live", "odds/live", 1, 1, was_sent=True, outcome="timeout" if failed else OK)


def live_list(at: float, *matches: LiveMatch, **more: Any) -> Answer[LiveList]:
    return Answer(LIVE_LIST, LiveList({one.id: one for one in matches}, **more), at)


def feed(endpoint: Endpoint, value: object, at: float, since: int | None = None) -> Answer[object]:
    return Answer(Request(endpoint, since=since, priority=Priority.FEED), value, at)


def full_odds(match_id: str, odds: FullOdds, at: float, *, checks: bool = False) -> Answer[object]:
    priority = Priority.CHECK if checks else Priority.ODDS
    return Answer(Request(endpoints.ODDS, match_id, priority=priority), odds, at)


def full_detail(detail: Detail, at: float) -> Answer[object]:
    return Answer(Request(endpoints.DETAIL, detail.id, priority=Priority.DETAIL), detail, at)


def failed(request: Request, error: VendorError) -> Answer[object]:
    return Answer(request, error=error, source=Source.MISSING)


def inputs(now: float, interval_s: float = 20.0, **more: Any) -> CycleInputs:
    given: dict[str, Any] = {
        "early_window": WINDOW,
        "delta": True,
        "available": frozenset(ENDPOINTS.values()),
    }
    return CycleInputs(interval_s=interval_s, now=now, **(given | more))


def after(
    state: State,
    answers: Iterable[Answer[object]],
    given: CycleInputs,
    references: References | None = None,
    *,
    wanted: Collection[str] | None = None,
) -> tuple[State, list[str]]:
    """Return the state after a cycle with these answers, and the differences that it found."""
    before, received = state, Answers()
    for answer in answers:
        received.add(answer)
        state = merge(state, answer, received, given)
    return end_cycle(state, before, received, references or References(), given, wanted=wanted)
