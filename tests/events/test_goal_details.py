"""What the incidents tell of goals: they come late, are edited, and may be missing (events.md)."""

from typing import Any

from footy.record import IncidentRecord
from tests.events.watch import Watch, incident, keys, only, said


def goal(number: int | None, side: str = "home", minute: int = 67, **fields: Any) -> IncidentRecord:
    home, away = (number, 0) if side == "home" else (0, number)
    score = {"home_score": home, "away_score": away} if number is not None else {}
    return incident(1, side, minute, **{**score, **fields})


def test_the_scorer_follows_in_a_second_event() -> None:
    watch = Watch()
    watch.see(home_score=1)
    detail = only(watch.see(incidents=[goal(1)]))
    assert (detail.kind, detail.player, detail.relates) == ("goal", None, "4wyrn4h68yv6q86:goal:home:1")
    detail = only(watch.see(incidents=[goal(1, player="Striker", assist="Winger")]))
    assert (detail.kind, detail.player, detail.assist) == ("goal", "Striker", "Winger")
    assert keys(watch.events)[1:] == ["goal:home:1", "goal_detail:home:1:1", "goal_detail:home:1:2"]


def test_a_goal_knows_its_incident_if_that_is_there_already() -> None:
    watch = Watch()
    scored = only(watch.see(home_score=1, incidents=[goal(1, minute=66, player="Striker")]))
    assert (scored.kind, scored.player, scored.minute) == ("goal", "Striker", 66)
    assert watch.see() == []


def test_kinds_of_goals() -> None:
    for type_id, kind in ((1, "goal"), (8, "penalty"), (17, "own_goal")):
        watch = Watch()
        assert only(watch.see(home_score=1, incidents=[goal(1) | {"type_id": type_id}])).kind == kind


def test_neither_a_minute_nor_null_is_a_detail() -> None:
    watch = Watch()
    watch.see(home_score=1, incidents=[goal(1, player="Striker")])
    assert watch.see(incidents=[goal(1, minute=70, player="Striker")]) == []
    assert watch.see(incidents=[goal(1, minute=70)]) == []
    assert watch.see(incidents=[goal(1, minute=70, player="Striker")]) == []
    assert watch.see(incidents=[]) == []
    assert watch.see(incidents=None) == []


def test_at_most_three_details_follow_the_first_naming() -> None:
    watch = Watch()
    watch.see(home_score=1)
    names = ["A", "B", "C", "D", "E", "F"]
    events = [event for name in names for event in watch.see(incidents=[goal(1, player=name)])]
    assert keys(events) == [f"goal_detail:home:1:{k}" for k in (1, 2, 3, 4)]


def test_the_first_naming_comes_after_any_number_of_details() -> None:
    watch = Watch()
    watch.see(home_score=1)
    for type_id in (1, 8, 1, 17, 8):
        watch.see(incidents=[goal(1) | {"type_id": type_id}])
    assert keys(watch.see(incidents=[goal(1, player="A")])) == ["goal_detail:home:1:4"]


def test_details_end_fifteen_minutes_after_full_time() -> None:
    watch = Watch()
    watch.see(home_score=1)
    watch.see(status_id=8)
    assert keys(watch.see(after_s=890, incidents=[goal(1)])) == ["goal_detail:home:1:1"]
    assert watch.see(after_s=20, incidents=[goal(1, player="Striker")]) == []


def test_a_goal_is_found_by_its_own_sides_running_score_not_by_its_minute() -> None:
    watch = Watch(away_score=1)
    watch.see(home_score=1)
    watch.see(home_score=2)
    listed = [goal(2, minute=10, player="Second"), goal(1, minute=60, player="First")]
    events = watch.see(incidents=listed)
    assert {said(event).number: said(event).player for event in events} == {1: "First", 2: "Second"}


def test_without_a_running_score_the_newest_goal_takes_the_newest_incident() -> None:
    watch = Watch(home_score=1, incidents=[goal(None, minute=10, player="First")])
    watch.see(home_score=2)
    events = watch.see(
        incidents=[goal(None, minute=10, player="First"), goal(None, minute=66, player="Second")]
    )
    assert (only(events).number, only(events).player) == (2, "Second")


def test_an_incident_of_before_is_not_the_one_of_a_new_goal() -> None:
    watch = Watch(home_score=1, incidents=[goal(None, minute=10, player="First")])
    assert only(watch.see(home_score=2)).player is None
    assert watch.see() == []


def test_a_cancelled_goals_incident_is_not_used_again() -> None:
    watch = Watch()
    watch.see(home_score=1, incidents=[goal(1, minute=60, player="Offside")])
    watch.twice(home_score=0)
    watch.see(after_s=200.0, home_score=1)
    [again] = watch.see()
    assert (again.id.partition(":")[2], said(again).player) == ("goal:home:1:2", None)
    listed = [goal(1, minute=61, player="Offside"), goal(1, minute=75, player="Striker")]
    detail = only(watch.see(incidents=listed))
    assert (detail.player, detail.relates) == ("Striker", "4wyrn4h68yv6q86:goal:home:1:2")
    assert keys(watch.events)[-1] == "goal_detail:home:1:2:1"


def test_an_incident_of_a_goal_that_was_reviewed_is_not_used_again_at_once() -> None:
    watch = Watch()
    listed = [goal(1, minute=60, player="Offside")]
    watch.see(home_score=1, incidents=listed)
    watch.twice(home_score=0, incidents=[*listed, incident(28, "home", 62, var_result_id=2)])
    watch.see(home_score=1)
    [again] = watch.see()
    assert (again.id.partition(":")[2], said(again).player) == ("goal:home:1:2", None)


def test_a_score_that_recovers_brings_the_scorer_back() -> None:
    watch = Watch(restarts=True)
    watch.see(home_score=1, away_score=1, incidents=[goal(1, minute=60, player="Striker")])
    watch.twice(home_score=0)
    watch.see(home_score=1)
    [again] = watch.see()
    assert (again.id.partition(":")[2], said(again).player) == ("goal:home:1:2", "Striker")
    assert watch.see() == []
    detail = only(
        watch.see(incidents=[goal(1, minute=60, player="Striker"), goal(1, minute=63, player="Other")])
    )
    assert (detail.player, detail.relates) == ("Other", again.id)


def test_the_same_player_may_score_once_the_cancelled_incident_is_gone() -> None:
    watch = Watch()
    watch.see(home_score=1, incidents=[goal(1, minute=60, player="Striker")])
    watch.twice(home_score=0, incidents=[])
    watch.twice(home_score=1)
    assert only(watch.see(incidents=[goal(1, minute=61, player="Striker")])).player == "Striker"


def test_goals_of_before_the_first_sight_have_no_details() -> None:
    watch = Watch(home_score=1)
    assert watch.see(incidents=[goal(1, player="Striker")]) == []


def test_incidents_are_told_in_the_lists_order() -> None:
    watch = Watch()
    watch.see(home_score=1)
    events = watch.see(
        incidents=[incident(3, "away", 50), goal(1, player="Striker"), incident(4, "away", 70)]
    )
    assert keys(events) == ["yellow:away:1", "goal_detail:home:1:1", "red:away:1"]
