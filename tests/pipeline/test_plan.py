"""The plan as a table: what is held, what may be done, and the calls that are worth it."""

from dataclasses import replace

import pytest

from footy.mirror.feed_health import FeedHealth
from footy.mirror.inputs import CycleInputs
from footy.mirror.odds_book import OddsBook
from footy.mirror.state import Held, MatchState, Source, State
from footy.pipeline import plan
from footy.thesports import endpoints
from footy.thesports.models import Detail, LiveMatch, LiveScore, SideScore
from footy.thesports.request import CATEGORY_LIST, COUNTRY_LIST, Priority, Request

NOW = 1_800_000_000.0
DELTA = CycleInputs(now=NOW, interval_s=60, delta=True)
PER_MATCH = replace(DELTA, delta=False)
HEARD = FeedHealth(polled_at=NOW - 60, latest=int(NOW) - 70)


def live(match_id: str, status_id: int = 2) -> LiveMatch:
    return LiveMatch(match_id, LiveScore(match_id, status_id, SideScore(), SideScore()))


def held(match_id: str, *, age: float = 20, odds: bool = True, detail: bool = True) -> MatchState:
    return MatchState(
        Held(live(match_id), NOW - age, Source.FRESH),
        Held(Detail(match_id, home_team_id=f"h-{match_id}", competition_id="c"), NOW - age, Source.FRESH)
        if detail
        else Held(None, None, Source.MISSING),
        Held(OddsBook(), NOW - age, Source.FRESH) if odds else Held(None, None, Source.MISSING),
    )


def told(match_id: str, *, age: float = 0, status_id: int = 2) -> MatchState:
    """Return a match whose odds a feed told of so many seconds ago, and whose history has not been read."""
    partial = Held(OddsBook(partial=True), NOW - age, Source.PARTIAL)
    return replace(held(match_id), live=Held(live(match_id, status_id), NOW, Source.FRESH), odds=partial)


def state(*matches: MatchState, details: FeedHealth = HEARD, odds: FeedHealth = HEARD) -> State:
    by_id = {match.live.value.id: match for match in matches if match.live.value}
    return State(by_id, fetched_at=NOW - 60, details_feed=details, odds_feed=odds, deleted_at=NOW - 10)


def names(calls: list[Request]) -> list[str]:
    return [str(call.endpoint) + (f" {call.id}" if call.id else "") for call in calls]


def feeds(calls: list[Request]) -> set[str]:
    return {call.endpoint.path for call in calls if call.priority is Priority.FEED}


def asked(calls: list[Request], endpoint: endpoints.Endpoint) -> list[str]:
    return [call.id for call in calls if call.endpoint is endpoint]


def test_the_first_round_of_an_empty_state_is_the_live_list_alone() -> None:
    assert names(plan.first_round(State(), DELTA)) == ["match/detail_live"]


def test_per_match_asks_no_feed() -> None:
    assert names(plan.first_round(state(held("a")), PER_MATCH)) == ["match/detail_live"]


def test_the_feeds_are_asked_beside_the_live_list() -> None:
    calls = plan.first_round(state(held("a")), DELTA)
    assert feeds(calls) == {"match/recent/list", "odds/live"}
    (details,) = [call for call in calls if call.endpoint is endpoints.DETAIL and not call.id]
    assert details.since == HEARD.latest - 120


@pytest.mark.parametrize(
    ("heard_ago", "due"),
    [
        (0, set()),
        (2, set()),
        (3, {"odds/live"}),
        (59, {"odds/live"}),
        (59.5, {"odds/live", "match/recent/list"}),
    ],
)
def test_each_feed_has_its_own_cadence(heard_ago: float, due: set[str]) -> None:
    feed = replace(HEARD, polled_at=NOW - heard_ago)
    calls = plan.first_round(state(held("a"), details=feed, odds=feed), replace(DELTA, interval_s=2))
    assert feeds(calls) == due


@pytest.mark.parametrize(("heard_ago", "due"), [(53, False), (54, True)])
def test_a_cycle_that_comes_a_little_early_is_no_reason_to_skip_a_feed(heard_ago: float, due: bool) -> None:
    now = state(held("a"), details=replace(HEARD, polled_at=NOW - heard_ago))
    assert ("match/recent/list" in feeds(plan.first_round(now, replace(DELTA, interval_s=60)))) == due


def test_deletions_are_asked_for_every_five_minutes() -> None:
    late = replace(state(held("a")), deleted_at=NOW - 300)
    assert "deleted" in feeds(plan.first_round(late, DELTA))
    assert "deleted" not in feeds(plan.first_round(state(held("a")), DELTA))


def test_odds_update_stands_in_for_odds_live_that_the_account_lacks() -> None:
    without = replace(DELTA, refused=frozenset({endpoints.ODDS_LIVE}))
    assert "odds/update" in feeds(plan.first_round(state(held("a")), without))


def test_reference_data_is_renewed_by_one_call_for_each_kind() -> None:
    due = replace(DELTA, renewals={endpoints.TEAM: 1000})
    assert Request(endpoints.TEAM, since=1000) in plan.first_round(state(held("a")), due)


def test_matches_are_checked_in_rotation_each_with_detail_and_odds() -> None:
    seen: set[str] = set()
    for checked in range(5):
        now = replace(state(*(held(one) for one in "abcde")), checked=checked)
        calls = plan.first_round(now, replace(DELTA, interval_s=5))
        checks = [call for call in calls if call.priority is Priority.CHECK]
        assert {call.endpoint for call in checks} == {endpoints.DETAIL, endpoints.ODDS}
        (match_id,) = {call.id for call in checks}
        seen.add(match_id)
    assert seen == set("abcde")


@pytest.mark.parametrize(
    ("left", "details", "checks"),
    [
        (0, ["a", "b"], []),
        (1, ["a", "b"], []),
        (2, ["a"], ["a"]),
        (3, ["a", "b"], ["a", "b"]),
        (None, ["a", "b"], ["a", "b"]),
    ],
)
def test_odds_are_checked_with_what_those_that_wait_leave_of_the_quota(
    left: int | None, details: list[str], checks: list[str]
) -> None:
    now = state(held("a"), held("b"), held("waits", odds=False))
    calls = plan.first_round(now, replace(DELTA, left={endpoints.ODDS: left}))
    assert asked([call for call in calls if call.priority is Priority.CHECK], endpoints.ODDS) == checks
    assert [one for one in asked(calls, endpoints.DETAIL) if one] == details


def test_of_the_odds_that_have_changed_the_oldest_in_play_go_first() -> None:
    now = state(held("young", age=10), held("old", age=30), held("finished", age=30))
    listed = {"finished": live("finished", 8), "young": live("young"), "old": live("old")}
    inputs = replace(DELTA, left={endpoints.ODDS: 2})
    changed = ["gone", "finished", "young", "old"]
    assert asked(plan.changed_odds(changed, listed, now, inputs), endpoints.ODDS) == ["old", "young"]


def test_a_steady_cycle_is_no_more_than_eight_calls() -> None:
    now = replace(state(*(held(one) for one in "abcde")), deleted_at=0.0)
    first = plan.first_round(now, DELTA)
    then = plan.after_live_list({one: live(one) for one in "abcde"}, now, DELTA, filtered=False)
    known = {Priority.REFERENCE_LIST, Priority.REFERENCE}
    assert len([call for call in first if call.priority not in known]) == 8
    assert {call.priority for call in then} <= known


def test_what_matches_still_lack_is_asked_for_beside_the_live_list() -> None:
    """A vendor who takes most of a cycle to answer could not be asked for it after the list."""
    now = state(held("a"), held("bare", detail=False, odds=False), held("gap", age=600))
    calls = plan.first_round(now, DELTA)
    lacking = [call for call in calls if call.priority in {Priority.DETAIL, Priority.ODDS}]
    assert asked(lacking, endpoints.DETAIL) == ["bare"]
    assert asked(lacking, endpoints.ODDS) == ["bare", "gap"]
    assert {COUNTRY_LIST, CATEGORY_LIST} <= set(calls)
    assert asked(calls, endpoints.COMPETITION) == ["c", "c"]
    assert asked(calls, endpoints.TEAM) == ["h-a", "h-gap"]


@pytest.mark.parametrize(("list_age", "read_again"), [(119, ["gap"]), (121, [])])
def test_what_an_old_list_had_may_be_over_and_is_not_asked_for_before_the_new_one(
    list_age: float, read_again: list[str]
) -> None:
    now = replace(state(held("gap", age=600)), fetched_at=NOW - list_age)
    calls = plan.first_round(now, replace(DELTA, interval_s=60, left={endpoints.ODDS: 1}))
    assert asked(calls, endpoints.ODDS) == read_again


def test_beside_the_live_list_odds_and_teams_wait_where_only_some_competitions_are_wanted() -> None:
    now = state(held("bare", detail=False, odds=False), held("unpriced", odds=False))
    calls = [call for call in plan.first_round(now, DELTA, chosen=()) if call.priority is not Priority.FEED]
    assert asked(calls, endpoints.DETAIL) == ["bare"]
    assert asked(calls, endpoints.ODDS) == asked(calls, endpoints.TEAM) == []


def test_a_new_match_is_asked_for_in_full() -> None:
    calls = plan.after_live_list(
        {"a": live("a"), "new": live("new")}, state(held("a")), DELTA, filtered=False
    )
    assert asked(calls, endpoints.DETAIL) == ["new"]
    assert asked(calls, endpoints.ODDS) == ["new"]
    assert {COUNTRY_LIST, CATEGORY_LIST} <= set(calls)


def test_per_match_asks_everything_for_every_match() -> None:
    calls = plan.after_live_list(
        {"a": live("a"), "b": live("b")}, state(held("a")), PER_MATCH, filtered=False
    )
    assert sorted(asked(calls, endpoints.DETAIL)) == ["a", "b"]
    assert sorted(asked(calls, endpoints.ODDS)) == ["a", "b"]


@pytest.mark.parametrize(("age", "read_again"), [(20, []), (54, []), (56, ["a"]), (600, ["a"])])
def test_odds_older_than_the_feed_reaches_back_are_read_again(age: float, read_again: list[str]) -> None:
    calls = plan.after_live_list({"a": live("a")}, state(held("a", age=age)), DELTA, filtered=False)
    assert asked(calls, endpoints.ODDS) == read_again
    assert asked(calls, endpoints.DETAIL) == []


def test_histories_of_partial_odds_are_read_as_if_nothing_were_held() -> None:
    """In play first, then those that have waited longest: what a feed tells ends no wait."""
    matches = [
        told("finished", status_id=8),
        told("failed"),
        told("a"),
        held("old", age=300),
        held("b", odds=False),
    ]
    now = replace(state(*matches), odds_failed_at={"failed": NOW - 30})
    listed = {match_id: match.live.value for match_id, match in now.matches.items() if match.live.value}
    for left in (None, 4):
        calls = plan.after_live_list(listed, now, replace(DELTA, left={endpoints.ODDS: left}), filtered=False)
        assert asked(calls, endpoints.ODDS) == ["a", "b", "finished", "old", "failed"][:left]
        beside = plan.first_round(now, replace(DELTA, left={endpoints.ODDS: left}))
        assert asked([one for one in beside if one.priority is Priority.ODDS], endpoints.ODDS) == asked(
            calls, endpoints.ODDS
        )
    between = plan.between_cycles(now, listed, replace(DELTA, left={endpoints.ODDS: 9}))
    assert set(asked(between, endpoints.ODDS)) == {"a", "b", "finished", "old"}


def test_partial_odds_are_not_checked_and_wait_before_the_checks() -> None:
    now = state(held("a"), told("b"), held("c"))
    for left, checked in ((None, ["a", "c"]), (2, ["a"]), (1, [])):
        calls = plan.first_round(now, replace(DELTA, left={endpoints.ODDS: left}))
        assert asked([one for one in calls if one.priority is Priority.CHECK], endpoints.ODDS) == checked


@pytest.mark.parametrize(
    ("failed", "per_match"),
    [
        ([endpoints.DETAIL], endpoints.DETAIL),
        ([endpoints.ODDS_LIVE, endpoints.ODDS_UPDATE], endpoints.ODDS),
    ],
)
def test_what_a_failed_feed_tells_is_asked_per_match(
    failed: list[endpoints.Endpoint], per_match: endpoints.Endpoint
) -> None:
    inputs = DELTA.without(failed)
    calls = plan.after_live_list({"a": live("a")}, state(held("a")), inputs, filtered=False)
    assert asked(calls, per_match) == ["a"]
    assert plan.fallback_feed(state(held("a")), inputs) == []


def test_where_the_odds_feed_fails_the_other_stands_in() -> None:
    now, inputs = state(held("a")), DELTA.without([endpoints.ODDS_LIVE])
    assert feeds(plan.fallback_feed(now, inputs)) == {"odds/update"}
    assert asked(plan.after_live_list({"a": live("a")}, now, inputs, filtered=False), endpoints.ODDS) == []


def test_what_a_distrusted_feed_tells_is_asked_per_match_and_the_feed_all_the_same() -> None:
    now = state(held("a"), odds=replace(HEARD, trusted=False))
    assert asked(plan.after_live_list({"a": live("a")}, now, DELTA, filtered=False), endpoints.ODDS) == ["a"]
    assert "odds/live" in feeds(plan.first_round(now, DELTA))


def test_the_quota_goes_to_matches_in_play_first_and_then_to_the_oldest() -> None:
    now = state(
        held("young", age=10),
        held("old", age=30),
        held("finished", age=30),
        details=FeedHealth(),
        odds=FeedHealth(),
    )
    listed = {"finished": live("finished", 8), "young": live("young"), "old": live("old"), "new": live("new")}
    inputs = replace(PER_MATCH, left={endpoints.ODDS: 3})
    assert asked(plan.after_live_list(listed, now, inputs, filtered=False), endpoints.ODDS) == [
        "new",
        "old",
        "young",
    ]


def test_no_match_waits_for_ever_for_the_quota() -> None:
    """A finished match comes to its turn although those in play alone would take the whole quota."""
    ages = {f"p{number}": 0.0 for number in range(10)} | {"finished": 0.0}
    listed = {one: live(one, 8 if one == "finished" else 2) for one in ages}
    inputs = replace(PER_MATCH, left={endpoints.ODDS: 4})
    waited = 0
    while True:
        ages = {one: age + 60 for one, age in ages.items()}
        now = state(*(held(one, age=age) for one, age in ages.items()))
        served = asked(plan.after_live_list(listed, now, inputs, filtered=False), endpoints.ODDS)
        if "finished" in served:
            break
        ages |= dict.fromkeys(served, 0.0)
        waited += 1
        assert waited < 20
    assert waited > 2


def test_where_only_some_competitions_are_wanted_odds_and_teams_wait() -> None:
    calls = plan.after_live_list({"a": live("a"), "new": live("new")}, state(held("a")), DELTA, filtered=True)
    assert asked(calls, endpoints.ODDS) == []
    assert asked(calls, endpoints.TEAM) == []
    assert asked(calls, endpoints.COMPETITION) == ["c"]


def test_without_live_matches_nothing_more_is_asked() -> None:
    assert plan.after_live_list({}, state(held("a")), DELTA, filtered=False) == []


def test_what_names_others_goes_first_and_the_large_bodies_last() -> None:
    assert sorted(Priority) == [
        Priority.LIVE_LIST,
        Priority.FEED,
        Priority.REFERENCE_LIST,
        Priority.PAGE,
        Priority.DETAIL,
        Priority.REFERENCE,
        Priority.ODDS,
        Priority.CHECK,
        Priority.FINAL,
    ]
