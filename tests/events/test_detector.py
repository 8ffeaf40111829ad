"""Detection over whole cycles: what is committed, what is skipped, and what it costs."""

import time
from typing import Any, cast

import msgspec
import pytest

from footy.events.detector import Detection, Detector
from footy.events.emitted import Absence, encoded
from footy.events.results import History
from footy.events.sighting import EventRules
from footy.events.types import Score
from footy.record import MatchRecord
from tests.events.watch import KICK_OFF, incident, money_line, record, said, spread


class Service:
    """Cycles of some matches, each committed unless it fails."""

    def __init__(self, **rules: Any) -> None:
        self.detector = Detector(EventRules(**rules))
        self.now = KICK_OFF

    def cycle(self, *records: MatchRecord, fails: bool = False, **fields: Any) -> list[str]:
        self.now += fields.pop("after_s", 10.0)
        fields = {"listed": {one["match_id"] for one in records}} | fields
        detection = self.detector.detect(records, self.now, **fields)
        if not fails:
            self.detector.commit(detection)
        self.last = detection
        return [event.id for event in detection.events]


def test_matches_come_in_the_snapshots_order() -> None:
    service = Service()
    assert service.cycle(record(match_id="b"), record(match_id="a")) == ["b:match_seen", "a:match_seen"]
    rises = record(match_id="b", home_score=1), record(match_id="a", home_score=1)
    assert service.cycle(*rises) == ["b:goal:home:1", "a:goal:home:1"]


def test_a_record_of_the_version_that_was_compared_is_not_read_again() -> None:
    service = Service()
    for version, score, found in (
        (1, 0, 1),
        (1, 0, 0),
        (1, 7, 0),
        (2, 1, 1),
        (2, 1, 0),
        (3, 1, 0),
        (4, 2, 1),
    ):
        events = service.cycle(record(home_score=score), versions={record()["match_id"]: version})
        assert len(events) == found, (version, score)


def test_a_version_that_was_not_committed_is_read_again() -> None:
    service = Service()
    versions = {record()["match_id"]: 1}
    service.cycle(record(), versions=versions)
    service.cycle(record(), versions=versions)
    goal, versions = record(home_score=1), {record()["match_id"]: 2}
    for _ in range(2):
        assert service.cycle(goal, fails=True, versions=versions) == ["4wyrn4h68yv6q86:goal:home:1"]
    assert service.cycle(goal, versions=versions) == ["4wyrn4h68yv6q86:goal:home:1"]
    assert service.cycle(goal, versions=versions) == []


def test_what_was_not_committed_is_found_again() -> None:
    service = Service()
    service.cycle(record())
    for _ in range(3):
        assert service.cycle(record(home_score=1), fails=True) == ["4wyrn4h68yv6q86:goal:home:1"]
    assert service.cycle(record(home_score=1)) == ["4wyrn4h68yv6q86:goal:home:1"]
    assert service.cycle(record(home_score=1)) == []


def test_a_steady_cycle_changes_nothing() -> None:
    service = Service()
    service.cycle(record())
    service.cycle(record(minute=68, clock="68'", home_attacks=7))
    assert service.last == Detection()


def test_what_waits_is_looked_at_though_the_record_is_the_same() -> None:
    service = Service()
    service.cycle(record(home_score=1))
    dropped = record(home_score=0)
    assert service.cycle(dropped) == []
    assert service.cycle(dropped) == ["4wyrn4h68yv6q86:goal_cancelled:home:1:1"]


def test_a_price_that_waits_for_its_minute_is_looked_at() -> None:
    service = Service()
    service.cycle(record(**money_line(home=2.0)))
    service.cycle(record(**money_line(home=2.5)))
    moved = record(**money_line(home=4.0))
    assert [service.cycle(moved) for _ in range(7)] == [[]] * 5 + [
        ["4wyrn4h68yv6q86:price_moved:money_line:2"],
        [],
    ]


def test_a_missing_incident_is_looked_at() -> None:
    service = Service()
    service.cycle(record())
    service.cycle(record(incidents=[incident(4)]))
    ids = [one for _ in range(8) for one in service.cycle(record())]
    assert ids == ["4wyrn4h68yv6q86:withdrawn:red:home:1:1"]


def test_prices_that_came_while_odds_were_bad_are_compared_when_they_are_good() -> None:
    service = Service()
    service.cycle(record(**money_line(home=2.0)))
    moved = money_line(home=4.0)
    assert service.cycle(record(odds_source="stale", **moved)) == []
    assert service.cycle(record(**moved)) == ["4wyrn4h68yv6q86:price_moved:money_line:1"]


def test_incidents_count_again_when_full_time_was_too_early() -> None:
    service = Service()
    service.cycle(record())
    service.cycle(record(status_id=8))
    card = [incident(4)]
    assert service.cycle(record(status_id=8, incidents=card), after_s=901.0) == []
    assert service.cycle(record(status_id=5, incidents=card)) == [
        "4wyrn4h68yv6q86:extra_time:1",
        "4wyrn4h68yv6q86:red:home:1",
    ]


def test_time_in_steady_cycles_is_time_in_which_the_match_was_seen() -> None:
    service = Service()
    for _ in range(20):
        service.cycle(record())
    service.cycle(record(home_score=1))
    assert not said(service.last.events[0]).late


def test_only_what_was_first_seen_after_a_pause_is_late() -> None:
    service = Service()
    service.cycle(record())
    service.cycle(record(home_score=1), after_s=100.0)
    assert said(service.last.events[0]).late
    service.cycle(record(home_score=2))
    assert not said(service.last.events[0]).late


def test_a_match_that_is_listed_and_filtered_out_has_not_left() -> None:
    service = Service()
    service.cycle(record())
    for _ in range(30):
        assert service.cycle(listed={"4wyrn4h68yv6q86"}) == []
    assert service.cycle(record()) == []


def test_a_match_that_is_not_listed_has_left() -> None:
    service = Service()
    service.cycle(record())
    ids = [one for _ in range(30) for one in service.cycle(listed=set())]
    assert ids == ["4wyrn4h68yv6q86:match_left:1"]
    assert service.cycle(record()) == ["4wyrn4h68yv6q86:match_back:1"]


def test_a_list_that_could_not_be_read_says_nothing_of_absence() -> None:
    service = Service()
    service.cycle(record())
    for _ in range(30):
        assert service.cycle(listed=None) == []


def test_a_deleted_match_leaves_at_once() -> None:
    service = Service()
    service.cycle(record())
    assert service.cycle(listed=set(), deleted={"4wyrn4h68yv6q86"}) == ["4wyrn4h68yv6q86:match_left:1"]


@pytest.mark.parametrize(("away_s", "late"), [(30.0, False), (3600.0, True)])
def test_a_restart_continues_from_the_states_of_the_log(away_s: float, late: bool) -> None:
    service = Service()
    for _ in range(20):
        service.cycle(record())
    state = service.detector.state("4wyrn4h68yv6q86")
    assert state is not None
    service.detector = Detector(EventRules(), [state], listed_at=service.now)
    assert service.cycle(record(home_score=1), after_s=away_s) == ["4wyrn4h68yv6q86:goal:home:1"]
    assert said(service.last.events[0]).late is late


def test_a_match_that_was_dropped_from_memory_is_taken_from_the_log_again() -> None:
    service = Service()
    service.cycle(record(home_score=1))
    state = service.detector.state("4wyrn4h68yv6q86")
    assert state is not None
    service.detector.forget(["4wyrn4h68yv6q86"])
    service.detector.add([state])
    assert service.cycle(record(home_score=2)) == ["4wyrn4h68yv6q86:goal:home:2"]


def test_a_match_that_gets_no_more_events_is_dropped_from_memory() -> None:
    service = Service()
    service.cycle(
        *[record(match_id=f"m{status}", status_id=status) for status in (1, 4)], record(match_id="a")
    )
    service.cycle(record(match_id="a"))
    service.detector.drop_closed({"a"})
    assert list(service.detector.states()) == ["m1", "m4", "a"]
    service.cycle(record(match_id="a"), after_s=61.0)
    service.detector.drop_closed({"a"})
    assert list(service.detector.states()) == ["m4", "a"]
    service.detector.drop_closed({"a"}, service.now)
    assert list(service.detector.states()) == ["a"]


def test_a_match_that_is_off_the_list_for_a_moment_before_play_is_not_late() -> None:
    service = Service()
    for _ in range(20):
        service.cycle(record(status_id=1), record(match_id="a"))
    for _ in range(2):
        service.cycle(record(match_id="a"))
        service.detector.drop_closed({"a"})
    service.cycle(record(status_id=2), record(match_id="a"))
    assert not said(service.last.events[0]).late


def test_results_that_are_due_are_told_once_they_are_read() -> None:
    service = Service()
    service.cycle(record())
    service.cycle(record(status_id=8))
    assert service.detector.results_due(service.now + 599) == []
    assert service.detector.results_due(service.now + 600) == ["4wyrn4h68yv6q86"]
    read = History(8, "Finished", Score(0, 0))
    detection = service.detector.conclude({"4wyrn4h68yv6q86": read, "unknown": read}, service.now + 600)
    service.detector.commit(detection)
    assert [event.id for event in detection.events] == ["4wyrn4h68yv6q86:result"]
    assert service.detector.results_due(service.now + 9999) == []


def busy(number: int, step: int) -> MatchRecord:
    """Return a match with ten incidents and three markets, all values made anew."""
    goals = [incident(1, "home", m, home_score=m // 20, away_score=0, player=f"P{m}") for m in (20, 40)]
    others = [
        incident(kind, side, 9 * kind, player=f"P{kind}")
        for kind in (3, 4, 9, 9)
        for side in ("home", "away")
    ]
    prices = {**money_line(home=2.0 + step / 1000), **spread(-0.5, home=1.9 + step / 1000)}
    return record(match_id=f"m{number}", home_score=2, incidents=goals + others, **prices)


def test_detection_takes_little_time() -> None:
    """Far above what is measured, so that only a blunder fails: see the figures in the commits."""
    service = Service()
    service.cycle(*[busy(number, 0) for number in range(102)])
    best = {"steady": 9.0, "all": 9.0}
    for step in range(1, 30):
        records = [busy(number, step) for number in range(102)]
        for kind in ("all", "steady"):
            service.now += 10
            started = time.perf_counter()
            detection = service.detector.detect(records, service.now)
            best[kind] = min(best[kind], time.perf_counter() - started)
            service.detector.commit(detection)
    assert best["all"] < 0.010
    assert best["steady"] < 0.003


def test_every_time_in_a_state_moves_with_the_clock() -> None:
    service = Service()
    service.cycle(busy(1, 0))
    lines = spread(-1.5) | money_line(home=5.0)
    service.cycle(cast("MatchRecord", {**busy(1, 0), **money_line(home=3.0)}))
    service.cycle(cast("MatchRecord", {**busy(1, 0), **lines, "home_score": 1, "incidents": []}))
    service.cycle(busy(1, 0) | {"home_score": 1, "incidents": [], "status_id": 8})
    state = service.detector.state("m1")
    assert state is not None
    assert state.waits
    state = msgspec.structs.replace(state, absence=Absence(KICK_OFF, 2))
    before, after = times_in(state), times_in(state.shifted(1000.0))
    assert len(before) > 15
    assert after == [moment + 1000.0 for moment in before]
    assert state.shifted(1000.0).shifted(-1000.0) == state


def times_in(value: Any) -> list[float]:
    """Return all Unix seconds in a value, at any depth."""
    if isinstance(value, float):
        return [value] if value > 1e9 else []
    if isinstance(value, dict):
        return [moment for one in value.values() for moment in times_in(one)]
    if isinstance(value, list | tuple):
        return [moment for one in value for moment in times_in(one)]
    return times_in(msgspec.to_builtins(value)) if isinstance(value, msgspec.Struct) else []


def test_a_state_is_small() -> None:
    service = Service()
    service.cycle(busy(1, 0) | {"status_id": 1, "home_score": None, "away_score": None, "incidents": []})
    service.cycle(busy(1, 1))
    state = service.detector.state("m1")
    assert state is not None
    assert len(encoded(state)) < 2500
