"""The plan: what is worth asking for, decided from what is known. Pure; `gather` does the asking."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from footy.pipeline.board import Board
from footy.thesports import endpoints
from footy.thesports.codes import IN_PLAY
from footy.thesports.endpoints import Endpoint
from footy.thesports.payloads import Detail, LiveMatch
from footy.thesports.reference import CATEGORIES, COUNTRIES, Key

IN_PLAY_WEIGHT = 4


class Value(IntEnum):
    """How valuable a call is; the smallest goes first.

    What names other things goes before what is named, and both before odds: the large bodies at the end keep
    every connection busy while nothing is left to discover.
    """

    NAMES = 0
    DETAIL = 1
    REFERENCE = 2
    ODDS = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One call worth making."""

    key: Key
    value: Value


@dataclass(frozen=True, slots=True)
class Quota:
    """What may be asked for in this cycle."""

    left: Mapping[Endpoint, int | None]
    """Calls left by endpoint; None, or absent, is no limit."""

    def of(self, endpoint: Endpoint) -> int | None:
        """Give the calls left."""
        return self.left.get(endpoint)


def opening(
    live: Mapping[str, LiveMatch],
    board: Board,
    quota: Quota,
    now: float,
    *,
    names_known: bool,
    choosy: bool,
) -> list[Call]:
    """Give the calls to begin with: everything for every match.

    Args:
        live: The live matches by id.
        board: What is held.
        quota: What may be asked for.
        now: Unix seconds.
        names_known: Whether the countries and categories are held.
        choosy: Whether only some competitions are wanted; then odds wait until the competition is known.
    """
    if not live:
        return []
    calls = [] if names_known else [Call(COUNTRIES, Value.NAMES), Call(CATEGORIES, Value.NAMES)]
    calls += [
        Call(Key(endpoints.DETAIL, match_id), Value.DETAIL)
        for match_id in _in_turn(live, board, endpoints.DETAIL, quota, now)
    ]
    return calls if choosy else [*calls, *odds_of(live, live, board, quota, now)]


def odds_of(
    wanted: Iterable[str], live: Mapping[str, LiveMatch], board: Board, quota: Quota, now: float
) -> list[Call]:
    """Give the calls for the odds of these matches, as far as the quota goes."""
    chosen = {match_id: live[match_id] for match_id in wanted}
    return [
        Call(Key(endpoints.ODDS, match_id), Value.ODDS)
        for match_id in _in_turn(chosen, board, endpoints.ODDS, quota, now)
    ]


def teams_of(detail: Detail) -> list[Call]:
    """Give the calls for the teams that a match detail names."""
    return [
        Call(Key(endpoints.TEAM, team_id), Value.REFERENCE)
        for team_id in (detail.home_team_id, detail.away_team_id)
        if team_id
    ]


def competition_of(detail: Detail) -> list[Call]:
    """Give the call for the competition that a match detail names."""
    if not detail.competition_id:
        return []
    return [Call(Key(endpoints.COMPETITION, detail.competition_id), Value.REFERENCE)]


def _in_turn(
    live: Mapping[str, LiveMatch], board: Board, endpoint: Endpoint, quota: Quota, now: float
) -> list[str]:
    """Order the matches: in play first, then those whose data is oldest, and cut at the quota.

    A second of age weighs four times as much in play, not infinitely, so that no match waits for ever.
    """

    def weight(match_id: str) -> float:
        held = board.matches.get(match_id)
        part = None if held is None else held.odds if endpoint is endpoints.ODDS else held.detail
        age = now - (part.fetched_at or 0.0) if part is not None else now
        return age * (IN_PLAY_WEIGHT if live[match_id].score.status_id in IN_PLAY else 1)

    return sorted(live, key=weight, reverse=True)[: quota.of(endpoint)]
