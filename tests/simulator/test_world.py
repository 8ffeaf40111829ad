"""The world is the same for any order of calls, and its matches follow the rules of football."""

from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from thesports_simulator.world import feeds
from thesports_simulator.world.match import Match, goals
from thesports_simulator.world.script import GOALS, HALF_TIME_GOALS, SHOOT_OUT_GOALS
from thesports_simulator.world.world import World, WorldOptions

EPOCH = 1_750_000_000
DAY = 86_400
IN_PLAY_WITH_CLOCK = {2, 4, 5}
NEXT = {
    1: {2, 9, 12, 13}, 2: {3, 10, 13}, 3: {4, 10, 13}, 4: {5, 7, 8, 10, 13}, 5: {7, 8}, 7: {8},
    10: {2, 4, 11}, 8: set(), 9: set(), 11: set(), 12: set(), 13: set(),
}  # fmt: skip

seeds = st.integers(0, 3)
times = st.integers(EPOCH, EPOCH + 3 * DAY)


@lru_cache
def world(seed: int, matches: int = 60) -> World:
    return World(WorldOptions(epoch=EPOCH, matches=matches, seed=seed, odds="light"))


def matches(seed: int, at: int) -> list[Match]:
    return world(seed).live(at)


@given(seeds, times)
@settings(max_examples=15, deadline=None)
def test_two_worlds_with_the_same_options_are_equal_in_any_order(seed: int, at: int) -> None:
    other = World(WorldOptions(epoch=EPOCH, matches=12, seed=seed, odds="light"))
    one = World(WorldOptions(epoch=EPOCH, matches=12, seed=seed, odds="light"))
    one.live_ids(at + DAY)
    ids = one.live_ids(at)
    assert ids == other.live_ids(at)
    for match_id in reversed(ids):
        assert one.live_element(match_id, at) == other.live_element(match_id, at)
        assert one.detail_row(match_id, at) == other.detail_row(match_id, at)
    assert [one.odds(match_id, at) for match_id in ids] == [other.odds(match_id, at) for match_id in ids]


@given(seeds, times)
@settings(max_examples=30, deadline=None)
def test_about_as_many_matches_as_asked_for_are_listed_and_no_team_plays_twice_at_once(
    seed: int, at: int
) -> None:
    listed = matches(seed, at)
    assert 57 <= len(listed) <= 60
    teams = [team for match in listed for team in (match.fixture.home, match.fixture.away)]
    assert len(set(teams)) == len(teams)


@given(seeds, times)
@settings(max_examples=15, deadline=None)
def test_every_id_that_one_reply_names_another_resolves(seed: int, at: int) -> None:
    here = world(seed)
    countries = {country["id"] for country in here.countries()}
    categories = {category["id"] for category in here.categories()}
    for match_id in here.live_ids(at):
        row = here.detail_row(match_id, at)
        assert row is not None
        if "related_id" in row:
            related = here.detail_row(row["related_id"], at)
            assert related is not None
            assert related["related_id"] == match_id
        for team_id in (row["home_team_id"], row["away_team_id"]):
            team = here.team(team_id, at)
            assert team is not None
            assert team["country_id"] in countries | {""}
            assert team["competition_id"] == "" or here.competition(team["competition_id"], at)
            assert "uid" not in team or here.team(team["uid"], at)
        competition = here.competition(row["competition_id"], at)
        assert competition is not None
        assert competition["country_id"] in countries | {""}
        assert competition["category_id"] in categories | {""}


@given(seeds, times)
@settings(max_examples=20, deadline=None)
def test_a_match_goes_through_statuses_as_football_does(seed: int, at: int) -> None:
    for match in matches(seed, at):
        states = match.script.states
        assert states[0].status == 1
        for before, after in pairwise(states):
            assert before.at < after.at
            assert after.status == before.status or after.status in NEXT[before.status]


@given(seeds, times)
@settings(max_examples=20, deadline=None)
def test_the_period_start_is_there_while_the_clock_runs_and_is_zero_otherwise(seed: int, at: int) -> None:
    for match in matches(seed, at):
        for state in match.script.states:
            assert bool(state.period_start) == (state.status in IN_PLAY_WITH_CLOCK)
            assert state.period_start <= state.at


@given(seeds, times)
@settings(max_examples=20, deadline=None)
def test_half_time_goals_follow_the_goals_until_the_break_and_then_stand(seed: int, at: int) -> None:
    for match in matches(seed, at):
        for before, after in pairwise(match.script.states):
            for side_before, side_after in ((before.home, after.home), (before.away, after.away)):
                if after.status == 2:
                    assert side_after[HALF_TIME_GOALS] == side_after[GOALS]
                elif after.status != 1:
                    assert side_after[HALF_TIME_GOALS] == side_before[HALF_TIME_GOALS]


@given(seeds, times)
@settings(max_examples=20, deadline=None)
def test_a_running_score_in_the_incidents_is_the_score_when_it_was_added(seed: int, at: int) -> None:
    for match in matches(seed, at):
        for before, after in pairwise(match.script.states):
            if goals(after) == goals(before) or after.incidents == before.incidents:
                continue
            listed = after.incidents[-1]
            if listed["type"] in {1, 8, 17} and "home_score" in listed:
                assert (listed["home_score"], listed["away_score"]) == goals(after)
                scorer = 0 if listed["position"] == 1 else 1
                assert goals(after)[scorer] == goals(before)[scorer] + 1
        kicks = [incident for incident in match.script.final.incidents if incident["type"] == 29]
        if kicks:
            final = match.script.final
            listed = max(kicks, key=lambda kick: kick["home_score"] + kick["away_score"])
            assert listed["home_score"] == final.home[SHOOT_OUT_GOALS]
            assert listed["away_score"] == final.away[SHOOT_OUT_GOALS]


def test_a_cancelled_goal_leaves_the_score_and_stays_in_the_incidents_now_and_then() -> None:
    kept = dropped = 0
    for match in (match for day in range(6) for match in matches(1, EPOCH + day * 9_000)):
        for before, after in pairwise(match.script.states):
            if sum(goals(after)) == sum(goals(before)) - 1:
                assert after.incidents[-1] | {"var_result": 2} == after.incidents[-1]
                listed = [sum(i["type"] in {1, 8, 17} for i in state.incidents) for state in (before, after)]
                kept += listed[0] == listed[1]
                dropped += listed[0] == listed[1] + 1
    assert kept
    assert dropped


@given(seeds, times)
@settings(max_examples=10, deadline=None)
def test_the_detail_row_has_the_time_of_its_last_change(seed: int, at: int) -> None:
    for match in matches(seed, at)[:12]:
        moments = {time + by for time in (*match.script.times, *match._row_times) for by in (0, 1)}
        before = match.detail_row(match.fixture.announced_at)
        for moment in sorted(moments):
            row = match.detail_row(moment)
            assert before["updated_at"] <= row["updated_at"] <= moment
            if row | {"updated_at": 0} != before | {"updated_at": 0}:
                assert row["updated_at"] == moment
            before = row


@given(seeds, times)
@settings(max_examples=10, deadline=None)
@example(0, 1_750_185_147)  # the change of ends in extra time
def test_the_live_element_and_row_do_not_change_before_their_stated_time(seed: int, at: int) -> None:
    for match in matches(seed, at)[:20]:
        until = min(match.live_until(at), at + 600)
        assert match.live_element(at) == match.live_element(until - 1)
        assert match.detail_row(at) == match.detail_row(min(match.row_until(at), at + 600) - 1)


@given(seeds, times, st.integers(1, 7_200))
@settings(max_examples=10, deadline=None)
def test_the_time_mode_returns_every_change_in_order(seed: int, at: int, back: int) -> None:
    here = world(seed)
    rows = here.since("match", at - back, at)
    assert [row["updated_at"] for row in rows] == sorted(row["updated_at"] for row in rows)
    listed = {row["id"]: row for row in rows}
    for match_id in {*here.live_ids(at), *here.live_ids(max(EPOCH, at - back))}:
        now, then = here.detail_row(match_id, at), here.detail_row(match_id, at - back - 1)
        if now is None:
            continue
        assert listed.get(match_id, now) == now
        if now != then:
            assert match_id in listed


def test_pages_hold_every_match_once_and_then_nothing() -> None:
    here, at = world(1), EPOCH + DAY
    pages = [here.page("match", page, at, size=100) for page in range(1, 13)]
    rows = [row for page in pages for row in page]
    assert len(pages[0]) == 100
    assert pages[-1] == []
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["id"] for row in rows} >= set(here.live_ids(at))


def test_a_deleted_match_is_gone_everywhere_and_the_feed_says_so() -> None:
    here = world(1)
    fixture = next(here.programme.deleted(EPOCH, EPOCH + 20 * DAY))
    before, at = fixture.deleted_at - 1, fixture.deleted_at
    assert fixture.id in here.live_ids(before)
    assert here.detail_row(fixture.id, before)
    assert fixture.id not in here.live_ids(at)
    assert here.detail_row(fixture.id, at) is None
    assert here.odds(fixture.id, at) == {}
    assert fixture.id in feeds.deleted(here, at)["match"]
    assert fixture.id in feeds.deleted(here, at + DAY - 1)["match"]
    assert fixture.id not in feeds.deleted(here, at + DAY).get("match", [])


@pytest.mark.parametrize("kind", ["team", "competition"])
def test_teams_and_competitions_change_now_and_then_in_the_time_mode(kind: str) -> None:
    here, at = world(2), EPOCH + 2 * DAY
    assert kind in {"team", "competition"}
    rows = here.since("team" if kind == "team" else "competition", EPOCH + DAY, at)
    assert rows
    assert all(EPOCH + DAY <= row["updated_at"] <= at for row in rows)


def test_a_merged_team_names_its_survivor_and_a_deleted_one_is_unknown() -> None:
    here, at = world(2), EPOCH + 6 * DAY
    revisions = list(here.reference.revisions(EPOCH, at))
    merged = next(revision for revision in revisions if revision.change and "uid" in revision.change)
    gone = next(revision for revision in revisions if revision.change is None)
    row = here.team(here.ids.text(merged.number), merged.at)
    assert row is not None
    assert list(row)[-2:] == ["uid", "updated_at"]
    assert here.team(row["uid"], at)
    gone_id = here.ids.text(gone.number)
    assert here.team(gone_id, gone.at - 1)
    assert here.team(gone_id, gone.at) is None
    assert gone_id in feeds.deleted(here, gone.at)["team"]


def test_a_world_holds_every_kind_of_match_sooner_or_later() -> None:
    seen: set[int] = set()
    for hour in range(240):
        seen |= {match.script.state(at).status for at in [EPOCH + hour * 600] for match in matches(1, at)}
    assert seen >= {1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13}


def test_at_the_opening_statuses_are_mixed_as_in_the_capture() -> None:
    listed = World(WorldOptions(epoch=EPOCH, matches=200)).live(EPOCH)
    share = {
        status: sum(m.script.state(EPOCH).status == status for m in listed) / 200 for status in range(14)
    }
    assert 0.38 <= share[2] <= 0.48
    assert 0.20 <= share[4] <= 0.30
    assert 0.10 <= share[8] <= 0.18
    assert 0.06 <= share[3] <= 0.14
    assert 0.02 <= share[13] <= 0.10
