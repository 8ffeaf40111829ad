"""The result of every peer: a row per match with its names, its score and its newest prices.

It is far less than footy's record, so that no peer does work that only footy needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(slots=True)
class Replies:
    """Decoded replies of one cycle, by id."""

    live: list[Row]
    details: dict[str, Row] = field(default_factory=dict)
    odds: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    teams: dict[str, Row] = field(default_factory=dict)
    competitions: dict[str, Row] = field(default_factory=dict)
    countries: dict[str, Row] = field(default_factory=dict)


def team_ids(details: Mapping[str, Row]) -> list[str]:
    """Return the ids of the teams that details name, each once."""
    return list(
        dict.fromkeys(row[side] for row in details.values() for side in ("home_team_id", "away_team_id"))
    )


def competition_ids(details: Mapping[str, Row]) -> list[str]:
    """Return the ids of the competitions that details name, each once."""
    return list(dict.fromkeys(row["competition_id"] for row in details.values()))


def joined(replies: Replies) -> list[Row]:
    """Return the fetched rows, joined by match."""
    return [_row(element, replies) for element in replies.live]


def _row(element: Row, replies: Replies) -> Row:
    match_id: str = element["id"]
    detail = replies.details.get(match_id, {})
    competition = replies.competitions.get(detail.get("competition_id", ""), {})
    score = element["score"]
    return {
        "id": match_id,
        "status": score[1],
        "home": replies.teams.get(detail.get("home_team_id", ""), {}).get("name"),
        "away": replies.teams.get(detail.get("away_team_id", ""), {}).get("name"),
        "competition": competition.get("name"),
        "country": replies.countries.get(competition.get("country_id", ""), {}).get("name"),
        "home_score": score[2][0],
        "away_score": score[3][0],
        "prices": {
            company: {market: rows[0] for market, rows in markets.items() if rows}
            for company, markets in replies.odds.get(match_id, {}).items()
        },
    }
