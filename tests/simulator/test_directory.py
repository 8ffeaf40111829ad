"""Teams, competitions and details have as many gaps as the vendor's."""

import functools
from typing import Any

from thesports_simulator.world.world import World, WorldOptions

EPOCH = 1_750_000_000


@functools.cache
def world() -> World:
    return World(WorldOptions(epoch=EPOCH, matches=200, odds="light"))


@functools.cache
def teams() -> list[dict[str, Any]]:
    return world().page("team", 1, EPOCH, size=2_000)


@functools.cache
def competitions() -> list[dict[str, Any]]:
    return world().page("competition", 1, EPOCH, size=2_000)


@functools.cache
def details() -> list[dict[str, Any]]:
    return [world().detail_row(match_id, EPOCH) or {} for match_id in world().live_ids(EPOCH)]


def share(rows: list[dict[str, object]], field: str, value: object = "") -> float:
    return sum(row.get(field) == value for row in rows) / len(rows)


def test_teams_and_competitions_have_names_of_their_own() -> None:
    assert len({competition["name"] for competition in competitions()}) == len(competitions())
    assert len({team["name"] for team in teams()}) > 0.97 * len(teams())
    assert any(not team["name"].isascii() for team in teams())
    assert all(row["name"] == row["name"].strip() for row in (*teams(), *competitions()))


def test_women_national_sides_and_youth_play_too() -> None:
    assert 0.02 < share(teams(), "gender", 2) < 0.3
    assert 0.02 < share(teams(), "national", 1) < 0.2
    assert any("U19" in team["name"] for team in teams())
    assert all(bool(team["country_logo"]) == bool(team["national"]) for team in teams())


def test_competitions_across_borders_have_no_country_and_some_no_category() -> None:
    assert 0.1 < share(competitions(), "country_id") < 0.3
    assert 0.01 < share(competitions(), "category_id") < 0.1
    assert {competition["type"] for competition in competitions()} == {1, 2, 3}


def test_values_that_the_vendor_does_not_know_are_empty() -> None:
    assert 0.1 < share(teams(), "short_name") < 0.35
    assert 0.05 < share(teams(), "country_id") < 0.2
    assert 0.2 < share(details(), "season_id") < 0.5
    assert 0.3 < share(details(), "venue_id") < 0.6
    assert share(details(), "referee_id") > 0.85
    assert 0.15 < share(details(), "environment", None) < 0.45
    assert 0.3 < share(details(), "home_position") < 0.7


def test_matches_that_are_not_covered_have_no_stats_and_nothing_but_goals() -> None:
    live = [
        world().live_element(match_id, EPOCH + 3_000) or {} for match_id in world().live_ids(EPOCH + 3_000)
    ]
    bare = [element for element in live if not element["stats"]]
    assert 0.15 < len(bare) / len(live) < 0.5
    assert all(element["score"][side][2:5] == [0, 0, 0] for element in bare for side in (2, 3))
