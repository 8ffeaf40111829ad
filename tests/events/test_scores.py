"""Goals, cancelled goals and corrections of the score (events.md, Detection)."""

from typing import Any

import pytest

from footy.events.sighting import EventRules
from footy.events.types import Score
from tests.events.watch import Watch, incident, keys, only, said


def test_a_goal_is_emitted_at_once_and_explains_itself() -> None:
    watch = Watch(home_score=1)

    goal = only(watch.see(home_score=2))

    assert keys(watch.events) == ["match_seen", "goal:home:2"]
    assert (goal.match_id, goal.competition, goal.country) == ("4wyrn4h68yv6q86", "Premier League", "England")
    assert (goal.home, goal.away, goal.minute, goal.clock, goal.status_id) == ("Town", "City", 67, "67'", 4)
    assert (goal.before, goal.after, goal.lead) == (Score(1, 0), Score(2, 0), ("home", "home"))
    assert (goal.late, goal.after_full_time) == (False, False)
    assert (goal.relates, goal.kind, goal.player) == (None, None, None)
    assert goal.seen_at == "2026-11-23T19:00:10.000Z"


def test_the_lead_is_told_before_and_after() -> None:
    watch = Watch(away_score=1)
    assert only(watch.see(home_score=1)).lead == ("away", "level")
    assert only(watch.see(home_score=2)).lead == ("level", "home")


def test_two_goals_in_one_record_are_two_events_home_before_away() -> None:
    watch = Watch()
    events = watch.see(home_score=2, away_score=1)
    assert keys(events) == ["goal:home:1", "goal:home:2", "goal:away:1"]
    assert [said(event).after for event in events] == [Score(1, 0), Score(2, 0), Score(2, 1)]


def test_several_goals_come_in_the_order_that_the_incidents_tell() -> None:
    watch = Watch()
    goals = [
        incident(1, "home", 10, home_score=1, away_score=0),
        incident(1, "away", 20, home_score=1, away_score=1),
        incident(1, "home", 30, home_score=2, away_score=1),
    ]
    events = watch.see(home_score=2, away_score=1, incidents=goals)
    assert keys(events) == ["goal:home:1", "goal:away:1", "goal:home:2"]


def test_a_drop_waits_for_a_second_list() -> None:
    watch = Watch(home_score=1)
    assert watch.see(home_score=0) == []
    cancelled = only(watch.see())
    assert keys(watch.events)[1:] == ["goal_cancelled:home:1:1"]
    assert (cancelled.before, cancelled.after, cancelled.relates) == (Score(1, 0), Score(0, 0), None)


def test_a_drop_that_recovers_was_none() -> None:
    watch = Watch(home_score=2)
    for score in (1, 2, 1, 2, 0, 2):
        assert watch.see(home_score=score) == []


def test_a_list_within_two_seconds_does_not_confirm() -> None:
    watch = Watch(home_score=1)
    watch.see(home_score=0)
    assert watch.see(after_s=1.9) == []
    assert keys(watch.see(after_s=0.1)) == ["goal_cancelled:home:1:1"]


def test_push_does_not_confirm_a_drop() -> None:
    watch = Watch(home_score=1)
    assert watch.see(home_score=0, live_source="push") == []
    assert watch.see(live_source="push") == []
    assert watch.see(live_source="fresh") == []
    assert watch.see(live_source="push") == []
    assert keys(watch.see(live_source="fresh")) == ["goal_cancelled:home:1:1"]


def test_push_emits_a_goal() -> None:
    assert keys(Watch().see(home_score=1, live_source="push")) == ["goal:home:1"]


@pytest.mark.parametrize("source", ["stale", "cache", "mock", "missing"])
def test_a_record_that_is_not_fresh_does_not_count(source: str) -> None:
    watch = Watch()
    assert watch.see(home_score=1, live_source=source) == []
    assert keys(watch.see(live_source="fresh")) == ["goal:home:1"]


def test_a_cancelled_goal_relates_to_the_goal_and_the_next_one_has_another_id() -> None:
    watch = Watch()
    watch.see(home_score=1)
    events = watch.twice(home_score=0)
    assert only(events).relates == "4wyrn4h68yv6q86:goal:home:1"
    assert keys(watch.see(after_s=1000, home_score=1)) == []
    assert keys(watch.see()) == ["goal:home:1:2"]
    assert keys(watch.twice(home_score=0)) == ["goal_cancelled:home:1:2"]


def test_goals_are_cancelled_newest_first() -> None:
    watch = Watch()
    watch.see(home_score=1)
    watch.see(home_score=2)
    assert keys(watch.twice(home_score=0)) == ["goal_cancelled:home:2:1", "goal_cancelled:home:1:1"]


def test_a_drop_goes_as_far_as_both_lists_say() -> None:
    watch = Watch(home_score=3)
    watch.see(home_score=1)
    assert keys(watch.see(home_score=2)) == ["goal_cancelled:home:3:1"]
    assert watch.state.score == Score(2, 0)


def test_after_a_young_goal_was_cancelled_the_next_rise_is_confirmed_first() -> None:
    watch = Watch()
    watch.see(home_score=1)
    watch.twice(home_score=0)
    assert watch.see(home_score=1) == []
    assert keys(watch.see()) == ["goal:home:1:2"]
    assert keys(watch.see(home_score=2)) == ["goal:home:2"]


def test_after_an_old_goal_was_cancelled_the_next_rise_is_emitted_at_once() -> None:
    watch = Watch()
    watch.see(home_score=1)
    watch.see(after_s=601)
    watch.twice(home_score=0)
    assert keys(watch.see(home_score=1)) == ["goal:home:1:2"]


def test_a_rise_beside_a_drop_is_confirmed_first() -> None:
    watch = Watch(home_score=2)
    assert watch.see(home_score=0, away_score=1) == []
    assert keys(watch.see()) == ["goal_cancelled:home:2:1", "goal_cancelled:home:1:1", "goal:away:1"]


def test_a_goal_given_to_the_other_side_corrects_the_score() -> None:
    watch = Watch()
    watch.see(home_score=1)
    corrected = only(watch.twice(home_score=0, away_score=1))
    assert keys(watch.events)[-1] == "score_corrected:1"
    assert (corrected.before, corrected.after) == (Score(1, 0), Score(0, 1))
    assert corrected.removed == ("4wyrn4h68yv6q86:goal:home:1",)
    assert corrected.relates == "4wyrn4h68yv6q86:goal:home:1"
    watch.see(after_s=700)
    watch.see(home_score=1)
    assert keys(watch.see())[-1:] == ["goal:home:1:2"]


@pytest.mark.parametrize("result", [2, 10])
def test_a_var_review_is_the_cause_of_a_cancellation(result: int) -> None:
    watch = Watch()
    watch.see(home_score=1)
    review = incident(28, "home", 67, var_result_id=result, var_result="Goal cancelled")
    assert keys(watch.see(incidents=[review])) == ["var:home:1"]
    assert only(watch.twice(home_score=0)).cause == "var"


@pytest.mark.parametrize(("side", "result"), [("away", 2), ("home", 1), (None, 2)])
def test_another_review_is_not_the_cause(side: str | None, result: int) -> None:
    watch = Watch()
    watch.see(home_score=1, incidents=[])
    events = watch.twice(home_score=0, incidents=[incident(28, side, 67, var_result_id=result)])
    assert [said(event).cause for event in events if event.type == "goal_cancelled"] == [None]


def test_a_review_that_is_decided_with_the_cancellation_is_its_cause() -> None:
    watch = Watch()
    watch.see(incidents=[incident(28, "home", 66)])
    watch.see(home_score=1)
    watch.see(home_score=0)
    events = watch.see(incidents=[incident(28, "home", 66, var_result_id=2)])
    assert keys(events) == ["goal_cancelled:home:1:1", "var_detail:home:1:1"]
    assert said(events[0]).cause == "var"


def test_a_review_before_the_goal_is_not_the_cause() -> None:
    watch = Watch(incidents=[incident(28, "home", 20, var_result_id=10)])
    watch.see(home_score=1)
    assert only(watch.twice(home_score=0)).cause is None


def test_a_review_that_may_be_older_than_the_goal_is_not_the_cause() -> None:
    watch = Watch(status_id=8, incidents=[incident(28, "home", 20, var_result_id=2)])
    watch.see(status_id=5)
    watch.see(home_score=1)
    assert only(watch.twice(home_score=0)).cause is None


def test_a_settled_score_is_emitted_when_it_has_persisted() -> None:
    watch = Watch(EventRules(settle_s=20))
    assert watch.see(home_score=1) == []
    assert watch.see() == []
    assert keys(watch.see()) == ["goal:home:1"]


def test_a_score_that_comes_and_goes_before_it_has_settled_is_not_emitted() -> None:
    watch = Watch(EventRules(settle_s=20))
    for score in (1, 0, 1, 0, 0, 0):
        assert watch.see(home_score=score) == []


def test_a_greater_rise_leaves_the_rest_waiting_until_it_has_settled() -> None:
    watch = Watch(EventRules(settle_s=20))
    watch.see(home_score=1)
    watch.see(home_score=2)
    assert keys(watch.see()) == ["goal:home:1"]
    assert watch.state.waits
    assert keys(watch.see()) == ["goal:home:2"]


def test_after_full_time_a_rise_is_a_goal_and_a_drop_corrects() -> None:
    watch = Watch(home_score=1)
    watch.see(status_id=8)
    assert only(watch.see(home_score=2)).after_full_time
    corrected = only(watch.twice(home_score=1))
    assert keys(watch.events)[-1] == "score_corrected:1"
    assert corrected.relates == "4wyrn4h68yv6q86:goal:home:2"


@pytest.mark.parametrize("score", [{"home_score": None}, {"home_score": None, "away_score": None}])
def test_an_unknown_score_is_not_a_change(score: dict[str, Any]) -> None:
    watch = Watch(home_score=1, away_score=1)
    assert watch.twice(**score) == []
    assert watch.state.score == Score(1, 1)


def test_an_unknown_score_does_not_interrupt_a_drop() -> None:
    watch = Watch(home_score=1)
    watch.see(home_score=0)
    watch.see(home_score=None)
    assert keys(watch.see(home_score=0)) == ["goal_cancelled:home:1:1"]


def test_the_first_score_that_is_known_is_the_baseline() -> None:
    watch = Watch(home_score=None, away_score=None)
    assert watch.state.score is None
    assert watch.see(home_score=2, away_score=1) == []
    assert keys(watch.see(home_score=3)) == ["goal:home:3"]


@pytest.mark.parametrize("status_id", [1, 9, 12, 13])
def test_a_null_score_before_play_counts_as_none_scored(status_id: int) -> None:
    watch = Watch(status_id=status_id, home_score=None, away_score=None)
    assert keys(watch.see(status_id=2, home_score=1, away_score=0)) == ["kickoff:1", "goal:home:1"]


def test_a_match_that_was_played_and_is_postponed_keeps_its_score() -> None:
    watch = Watch(home_score=1)
    assert keys(watch.twice(status_id=13, home_score=None, away_score=None)) == ["status:13:1"]
    assert watch.state.score == Score(1, 0)


def test_a_score_beyond_belief_is_unknown() -> None:
    watch = Watch()
    assert watch.twice(home_score=2**40) == []


def test_an_event_is_late_if_nothing_fresh_was_seen_for_a_minute() -> None:
    watch = Watch()
    assert not only(watch.see(after_s=60, home_score=1)).late
    watch.see(after_s=50, home_score=2, live_source="stale")
    assert only(watch.see(after_s=11, live_source="fresh")).late
