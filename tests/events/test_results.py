"""The result of a match, read again after full time (events.md, `result`)."""

from typing import Any

import pytest

from footy.events.detect import NoRecord
from footy.events.results import History, is_due
from footy.events.types import Score
from tests.events.watch import Watch, keys, only, said


def history(home: int, away: int, **fields: Any) -> History:
    known: dict[str, Any] = {"status_id": 8, "status": "Finished", "score": Score(home, away)}
    return History(**(known | fields))


def finished(**fields: Any) -> Watch:
    watch = Watch(**fields)
    watch.see(status_id=8)
    return watch


def test_a_result_is_due_ten_minutes_after_full_time() -> None:
    watch = finished()
    assert not is_due(watch.state, watch.now + 599)
    assert is_due(watch.state, watch.now + 600)
    watch.see(status_id=4)
    assert not is_due(watch.state, watch.now + 9999)


def test_a_result_is_due_ten_minutes_after_a_match_in_play_disappeared() -> None:
    watch = Watch()
    for _ in range(4):
        watch.absent(after_s=100)
    assert not is_due(watch.state, watch.now + 200)
    assert is_due(watch.state, watch.now + 301)


def test_a_match_first_seen_after_full_time_has_no_result() -> None:
    watch = Watch(status_id=8)
    assert not is_due(watch.state, watch.now + 9999)
    assert watch.observe(history(0, 0)) == []


def test_a_result_is_told_once() -> None:
    watch = finished(home_score=2)
    read = history(2, 0, half_time=Score(1, 0), shoot_out=None)
    result = only(watch.observe(read))
    assert keys(watch.events)[-1] == "result"
    assert (result.score, result.half_time, result.extra_time) == (Score(2, 0), Score(1, 0), None)
    assert result.confirmed
    assert watch.observe(read) == []
    assert not is_due(watch.state, watch.now + 9999)


def test_a_result_that_differs_corrects_the_score_first() -> None:
    watch = finished(home_score=1)
    watch.see(home_score=2)
    events = watch.observe(history(1, 1))
    assert keys(events) == ["score_corrected:1", "result"]
    assert said(events[0]).relates == "4wyrn4h68yv6q86:goal:home:2"
    assert watch.state.score == Score(1, 1)


@pytest.mark.parametrize("known", [{"home_score": 1}, {"home_score": None, "away_score": None}])
@pytest.mark.parametrize("goals", [100, 2**62])
def test_a_final_score_that_is_not_credible_is_unknown(goals: int, known: dict[str, Any]) -> None:
    watch = finished(**known)
    result = only(watch.observe(history(goals, 0)))
    assert result.score == watch.state.score == (Score(1, 0) if known["home_score"] else None)


def test_a_score_that_changes_after_the_result_is_a_correction_of_it() -> None:
    watch = finished(home_score=1)
    watch.observe(history(1, 0))
    corrected = only(watch.see(home_score=2))
    assert corrected.relates == "4wyrn4h68yv6q86:result"
    assert keys(watch.twice(home_score=1)) == ["score_corrected:2"]


def test_a_match_whose_end_was_missed_gets_a_late_full_time() -> None:
    watch = Watch(home_score=1)
    for _ in range(4):
        watch.absent(after_s=200)
    events = watch.observe(history(2, 0))
    assert keys(events) == ["full_time:1", "score_corrected:1", "result"]
    assert said(events[0]).late


def test_a_match_that_was_abandoned_gets_its_status_and_no_result() -> None:
    watch = Watch()
    assert keys(watch.observe(history(0, 0, status_id=11, status="Cut in half"))) == ["status:11:1"]
    assert watch.state.result is None


@pytest.mark.parametrize("status_id", [1, 4])
def test_a_history_that_lags_is_not_believed(status_id: int) -> None:
    watch = finished()
    assert watch.observe(history(0, 0, status_id=status_id, status="?")) == []


def test_a_result_that_cannot_be_read_is_that_of_the_events() -> None:
    watch = Watch(home_score=1, home_score_ht=1, away_score_ht=0, home_score_pens=3, away_score_pens=4)
    assert watch.observe(NoRecord.REFUSED) == []
    watch.see(status_id=8, home_score_pens=None)
    result = only(watch.observe(NoRecord.REFUSED))
    assert (result.score, result.half_time, result.shoot_out) == (Score(1, 0), Score(1, 0), Score(3, 4))
    assert not result.confirmed
