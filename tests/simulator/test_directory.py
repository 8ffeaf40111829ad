"""Teams, competitions and details have as many gaps as the vendor's."""

from thesports_simulator.world.world import World, WorldOptions

EPOCH = 1_750_000_000
WORLD = World(WorldOptions(epoch=EPOCH, matches=200, odds="light"))
TEAMS = WORLD.page("team", 1, EPOCH, size=2_000)
COMPETITIONS = WORLD.page("competition", 1, EPOCH, size=2_000)
DETAILS = [WORLD.detail_row(match_id, EPOCH) or {} for match_id in WORLD.live_ids(EPOCH)]


def share(rows: list[dict[str, object]], field: str, value: object = "") -> float:
    return sum(row.get(field) == value for row in rows) / len(rows)


def test_teams_and_competitions_have_names_of_their_own() -> None:
    assert len({competition["name"] for competition in COMPETITIONS}) == len(COMPETITIONS)
    assert len({team["name"] for team in TEAMS}) > 0.97 * len(TEAMS)
    assert any(not team["name"].isascii() for team in TEAMS)
    assert all(row["name"] == row["name"].strip() for row in (*TEAMS, *COMPETITIONS))


def test_women_national_sides_and_youth_play_too() -> None:
    assert 0.02 < share(TEAMS, "gender", 2) < 0.3
    assert 0.02 < share(TEAMS, "national", 1) < 0.2
    assert any("U19" in team["name"] for team in TEAMS)
    assert all(bool(team["country_logo"]) == bool(team["national"]) for team in TEAMS)


def test_competitions_across_borders_have_no_country_and_some_no_category() -> None:
    assert 0.1 < share(COMPETITIONS, "country_id") < 0.3
    assert 0.01 < share(COMPETITIONS, "category_id") < 0.1
    assert {competition["type"] for competition in COMPETITIONS} == {1, 2, 3}


def test_values_that_the_vendor_does_not_know_are_empty() -> None:
    assert 0.1 < share(TEAMS, "short_name") < 0.35
    assert 0.05 < share(TEAMS, "country_id") < 0.2
    assert 0.2 < share(DETAILS, "season_id") < 0.5
    assert 0.3 < share(DETAILS, "venue_id") < 0.6
    assert share(DETAILS, "referee_id") > 0.85
    assert 0.15 < share(DETAILS, "environment", None) < 0.45
    assert 0.3 < share(DETAILS, "home_position") < 0.7


def test_matches_that_are_not_covered_have_no_stats_and_nothing_but_goals() -> None:
    live = [WORLD.live_element(match_id, EPOCH + 3_000) or {} for match_id in WORLD.live_ids(EPOCH + 3_000)]
    bare = [element for element in live if not element["stats"]]
    assert 0.15 < len(bare) / len(live) < 0.5
    assert all(element["score"][side][2:5] == [0, 0, 0] for element in bare for side in (2, 3))
