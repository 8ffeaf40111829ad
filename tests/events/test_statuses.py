"""Periods and other changes of the status (events.md, Detection)."""

import pytest

from footy.events.types import Score
from tests.events.watch import Watch, incident, keys, only, said


def test_a_match_from_kick_off_to_penalties() -> None:
    watch = Watch(status_id=1, home_score=None, away_score=None)
    watch.fields |= {"home_score": 0, "away_score": 0}
    for status_id in (2, 3, 4, 5, 7, 8):
        watch.see(status_id=status_id)
    assert keys(watch.events) == [
        "match_seen",
        *("kickoff:1", "half_time:1", "second_half:1", "extra_time:1", "penalties:1", "full_time:1"),
    ]


def test_statuses_between_two_polls_are_not_made_up() -> None:
    assert keys(Watch(status_id=1).see(status_id=4)) == ["second_half:1"]


def test_a_kick_off_tells_when_it_was() -> None:
    kickoff = only(Watch(status_id=1).see(status_id=2, period_started_at="2026-11-23T19:00:03Z"))
    assert (kickoff.vendor_at, kickoff.previous_status_id) == ("2026-11-23T19:00:03Z", 1)


def test_a_start_comes_before_what_happened_in_it_and_an_end_after() -> None:
    watch = Watch(status_id=1)
    assert keys(watch.see(status_id=2, home_score=1)) == ["kickoff:1", "goal:home:1"]
    assert keys(watch.see(status_id=3, home_score=2, incidents=[incident(3)])) == [
        "goal:home:2",
        "yellow:home:1",
        "half_time:1",
    ]


@pytest.mark.parametrize("status_id", [5, 7])
def test_full_time_can_become_extra_time_or_penalties(status_id: int) -> None:
    watch = Watch()
    watch.see(status_id=8)
    [event] = watch.see(status_id=status_id)
    assert event.type == {5: "extra_time", 7: "penalties"}[status_id]
    assert said(event).relates == "4wyrn4h68yv6q86:full_time:1"
    assert keys(watch.see(status_id=8)) == ["full_time:2"]


def test_full_time_that_comes_too_early_is_corrected() -> None:
    watch = Watch()
    watch.see(status_id=8)
    corrected = only(watch.see(status_id=4))
    assert keys(watch.events)[-1] == "status:4:1"
    assert (corrected.change, corrected.relates) == ("corrected", "4wyrn4h68yv6q86:full_time:1")
    assert keys(watch.see(home_score=1)) == ["goal:home:1"]
    assert not said(watch.events[-1]).after_full_time


@pytest.mark.parametrize("status_id", [10, 11])
def test_an_interrupted_match_resumes(status_id: int) -> None:
    watch = Watch()
    assert only(watch.see(status_id=status_id)).change is None
    resumed = only(watch.see(status_id=4))
    assert (resumed.change, resumed.previous_status_id) == ("resumed", status_id)
    assert keys(watch.events)[1:] == [f"status:{status_id}:1", "status:4:1"]


def test_an_interruption_can_end_in_the_next_period() -> None:
    watch = Watch(status_id=2)
    watch.see(status_id=10)
    assert keys(watch.see(status_id=3)) == ["half_time:1"]


def test_a_status_that_goes_back_is_corrected_and_relates_to_what_it_corrects() -> None:
    watch = Watch(status_id=2)
    watch.see(status_id=3)
    corrected = only(watch.see(status_id=2))
    assert (corrected.change, corrected.relates) == ("corrected", "4wyrn4h68yv6q86:half_time:1")


@pytest.mark.parametrize(("was", "status_id"), [(1, 9), (9, 1), (1, 13), (0, 1), (13, 9)])
def test_before_play_nothing_is_resumed_or_corrected(was: int, status_id: int) -> None:
    change = only(Watch(status_id=was).see(status_id=status_id))
    assert (change.change, change.status_id) == (None, status_id)


@pytest.mark.parametrize("was", [1, 4])
def test_a_cancelled_match_is_not_corrected(was: int) -> None:
    assert only(Watch(status_id=was).see(status_id=12)).change is None


def test_to_be_determined_can_become_the_first_half() -> None:
    assert keys(Watch(status_id=13).see(status_id=2)) == ["kickoff:1"]


def test_the_two_numbers_of_extra_time_are_one_period() -> None:
    watch = Watch(status_id=5)
    assert watch.see(status_id=6) == []
    assert watch.see(status_id=5) == []
    assert keys(watch.see(status_id=7)) == ["penalties:1"]


def test_a_status_that_is_not_in_the_table_is_a_change() -> None:
    watch = Watch()
    assert only(watch.see(status_id=14)).status == "Status 14"
    assert only(watch.see(status_id=4)).change == "resumed"


def test_a_period_whose_start_is_edited_is_no_event() -> None:
    watch = Watch(period_started_at="2026-11-23T20:00:00Z")
    assert watch.see(period_started_at="2026-11-23T19:58:59Z") == []


def test_an_event_of_the_status_tells_the_score() -> None:
    assert only(Watch(home_score=2).see(status_id=8)).score == Score(2, 0)
