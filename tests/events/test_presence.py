"""Matches that leave the live list and come back (events.md, `match_left`)."""

import pytest

from footy.events.detect import NoRecord
from footy.events.types import Score
from tests.events.watch import Watch, keys, only, said


def test_a_match_in_play_that_is_absent_for_three_minutes_has_left() -> None:
    watch = Watch(home_score=1)
    for _ in range(18):
        assert watch.absent() == []
    left = only(watch.absent())
    assert keys(watch.events)[-1] == "match_left:1"
    assert (left.home, left.away, left.score, left.deleted) == ("Town", "City", Score(1, 0), False)
    assert watch.absent() == []


def test_three_lists_are_needed_however_long_they_take() -> None:
    watch = Watch()
    assert watch.absent(after_s=200) == []
    assert watch.absent(after_s=200) == []
    assert keys(watch.absent(after_s=200)) == ["match_left:1"]


def test_a_match_that_flickers_has_not_left() -> None:
    watch = Watch()
    for _ in range(4):
        assert watch.absent(after_s=100) == []
        assert watch.absent(after_s=100) == []
        assert watch.see() == []


def test_a_match_that_had_left_comes_back_with_what_happened_meanwhile() -> None:
    watch = Watch()
    for _ in range(4):
        watch.absent(after_s=100)
    events = watch.see(home_score=1)
    assert keys(events) == ["match_back:1", "goal:home:1"]
    assert all(said(event).late for event in events)
    for _ in range(4):
        watch.absent(after_s=100)
    assert keys(watch.see())[-1:] == ["match_back:2"]


def test_a_match_that_the_vendor_deleted_has_left_at_once() -> None:
    watch = Watch()
    assert only(watch.observe(NoRecord.DELETED)).deleted
    assert watch.observe(NoRecord.DELETED) == []


@pytest.mark.parametrize("status_id", [1, 8, 9, 10, 12])
def test_a_match_that_is_not_in_play_does_not_leave(status_id: int) -> None:
    watch = Watch(status_id=status_id)
    assert [event for _ in range(10) for event in watch.absent(after_s=100)] == []


def test_absence_of_a_match_that_was_never_seen_is_nothing() -> None:
    watch = Watch(live_source="stale")
    assert watch.emitted is None
    assert watch.absent() == []
