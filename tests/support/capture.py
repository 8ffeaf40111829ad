"""The captured replies of 30 real live matches, for tests, where this machine has them.

They stay out of the repository: tests that need them are skipped elsewhere.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "capture"
MOMENT = 1748453500.25
"""Unix seconds, some seconds after the youngest of the captured odds."""
EUROPE, INTERNATIONAL = "49vjxm8ghgr6odg", "kp3glrw7hwqdyjv"

PRESENT = (FOLDER / "match_detail_live.json").is_file()
needs_capture = pytest.mark.skipif(not PRESENT, reason=f"the captured replies are not in {FOLDER}")


@dataclass(frozen=True)
class Replies:
    """Rows as plain decoded JSON, each kind by id."""

    live: dict[str, Any]
    details: dict[str, Any]
    odds: dict[str, Any]
    teams: dict[str, Any]
    competitions: dict[str, Any]
    countries: dict[str, Any]


def _read(name: str) -> Any:
    path = FOLDER / name
    content = path.read_bytes()
    return msgspec.json.decode(gzip.decompress(content) if path.suffix == ".gz" else content)


def _rows(name: str) -> dict[str, Any]:
    return {key: reply["results"][0] for key, reply in _read(name).items()}


@cache
def replies() -> Replies:
    """All of the capture; not to be changed."""
    return Replies(
        live={row["id"]: row for row in _read("match_detail_live.json")["results"]},
        details=_rows("match_recent_list.json"),
        odds={key: reply["results"] for key, reply in _read("odds_history.json.gz").items()},
        teams=_rows("team_additional_list.json"),
        competitions=_rows("competition_additional_list.json"),
        countries={row["id"]: row for row in _read("country_list.json")["results"]},
    )


def written() -> Replies:
    """A few made-up rows in the vendor's shape, for machines without the capture; some fields left out."""
    home_score, away_score = [1, 1, 0, 2, 4, 0, 0], [0, 0, 1, 0, 3, 0, 0]
    stats = [{"type": kind, "home": 6, "away": 4} for kind in (25, 24, 8, 2, 21, 22, 23, 3, 4)]
    goal = {
        "type": 1,
        "position": 1,
        "time": 47,
        "add_time": 2,
        "player_id": "p1",
        "player_name": "Example Striker ",
        "assist1_id": "p2",
        "assist1_name": "Example Winger",
        "home_score": 1,
        "away_score": 0,
    }
    incidents = [
        {"type": 3, "position": 1, "time": 20, "player_id": "p3", "player_name": "Back", "reason_type": 3},
        {
            "type": 9,
            "position": 2,
            "time": 30,
            "in_player_id": "p4",
            "in_player_name": "In",
            "reason_type": 3,
        },
        goal,
        {"type": 11, "position": 0, "time": 48, "home_score": 1, "away_score": 0},
        {"type": 28, "position": 2, "time": 60, "var_reason": 2, "var_result": 9},
        {"type": 29, "position": 1, "time": 120, "home_score": 4, "away_score": 3},
    ]
    began = int(MOMENT) - 1500
    live = {
        "m1": {
            "id": "m1",
            "score": ["m1", 4, home_score, away_score, began, ""],
            "stats": stats,
            "incidents": incidents,
            "tlive": [],
        },
        "m2": {
            "id": "m2",
            "score": ["m2", 7, [1, 0, 0, 1, 3, 2, 4], [1, 1, 0, 0, 5, 2, 3], 0, ""],
            "stats": [],
            "incidents": incidents[3:],
            "tlive": [],
        },
        "m3": {"id": "m3", "score": ["m3", 1, [0] * 7, [0] * 7, 0, ""], "stats": [], "incidents": []},
    }
    detail = {
        "id": "m1",
        "season_id": "s1",
        "competition_id": "c1",
        "home_team_id": "t1",
        "away_team_id": "t2",
        "status_id": 4,
        "match_time": began - 3600,
        "venue_id": "v1",
        "referee_id": "",
        "neutral": 0,
        "note": "",
        "home_position": "5",
        "away_position": "",
        "round": {"stage_id": "g1", "round_num": 12, "group_num": 0},
        "related_id": "m9",
        "agg_score": [2, 1],
        "environment": {
            "weather": 1,
            "pressure": "759mmHg",
            "temperature": "16°C",
            "wind": "11.m/s",
            "humidity": "62%",
        },
        "has_ot": 1,
        "ended": 0,
        "updated_at": began,
    }
    meagre = {"id": "m3", "competition_id": "c1", "home_team_id": "t1", "away_team_id": ""}
    team = {
        "id": "t1",
        "name": "Example Town",
        "short_name": "",
        "country_id": "n1",
        "gender": 1,
        "national": 0,
    }
    early = [began - 3600, "3", 0.9, -0.25, 0.925, 2, 0, "0-0"]
    late = [int(MOMENT) - 60, "70", 1.02, 0.0, 0.8, 4, 0, "1-0"]
    return Replies(
        live=live,
        details={"m1": detail, "m2": detail | {"id": "m2", "competition_id": "c2"}, "m3": meagre},
        odds={
            "m1": {
                "2": {"asia": [late, early], "eu": [[late[0], "70", 1.32, 4.0, 9.5, 4, 1, "1-0"]]},
                "22": {"bs": [[began, "45+", 0.5, 2.5, 0.0, 2, 1, "1-0"], early], "cr": [early]},
                "99": {"eu": [[began, "midfield", 2.1, 3.2, 3.4, 3, 0, "1-0"]]},
            },
            "m2": {},
        },
        teams={"t1": team, "t2": team | {"id": "t2", "name": " Example City ", "gender": 2, "national": 1}},
        competitions={
            "c1": {
                "id": "c1",
                "category_id": "49vjxm8ghgr6odg",
                "country_id": "n1",
                "name": "League",
                "type": 1,
            },
            "c2": {"id": "c2", "category_id": "kp3glrw7hwqdyjv", "country_id": "", "name": "Cup", "type": 2},
        },
        countries={"n1": {"id": "n1", "category_id": EUROPE, "name": "Exampleland"}},
    )


def real_or_written() -> Replies:
    """The capture where it is, else what is written here."""
    return replies() if PRESENT else written()
