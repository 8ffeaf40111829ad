"""What every log promises: a base class for the tests of each store."""

from abc import ABC, abstractmethod
from threading import Thread
from typing import Any

import pytest

from footy.events.detector import Detector
from footy.events.results import History
from footy.events.sighting import EventRules
from footy.events.types import Score
from footy.history.log import Commit, Log, LogError, Position, UnknownCommitError, resumed
from tests.events.watch import KICK_OFF, record


def cycle(detector: Detector, at: float, *records: Any) -> Commit:
    """Return what a cycle with these records writes, and take it over."""
    found = detector.detect(records, at)
    detector.commit(found)
    return Commit(at, found.changed, found.events, {one["match_id"] for one in records})


class LogContract(ABC):
    """Tests that a store's own test class inherits."""

    @pytest.fixture
    @abstractmethod
    def log(self) -> Log:
        """Return an empty log."""

    @pytest.fixture
    def detector(self) -> Detector:
        return Detector(EventRules())

    def test_an_empty_log_has_an_epoch_and_nothing_else(self, log: Log) -> None:
        assert Position.read(f"{log.extent().epoch}-0").sequence == 0
        assert (log.extent().newest, log.extent().complete_after) == (0, 0)
        assert (log.read(0, 10), log.states(), log.listed_at()) == ([], [], None)

    def test_events_are_read_back_in_order_and_without_gaps(self, log: Log, detector: Detector) -> None:
        assert log.append(cycle(detector, KICK_OFF, record(match_id="a"), record(match_id="b"))) == 2
        assert log.append(cycle(detector, KICK_OFF + 10, record(match_id="a", home_score=2))) == 4
        events = log.read(0, 10)
        assert [one.sequence for one in events] == [1, 2, 3, 4]
        assert [one.id for one in events] == [
            "a:match_seen",
            "b:match_seen",
            "a:goal:home:1",
            "a:goal:home:2",
        ]
        assert b'"home":2' in events[3].data
        assert [one.sequence for one in log.read(2, 1)] == [3]
        assert [one.sequence for one in log.read(0, 10, match_id="b")] == [2]
        assert [one.sequence for one in log.read(0, 10, types=["goal", "red"])] == [3, 4]
        assert [one.sequence for one in log.read(1, 10, since=KICK_OFF + 10)] == [3, 4]

    def test_states_are_those_of_the_last_commit(self, log: Log, detector: Detector) -> None:
        log.append(cycle(detector, KICK_OFF, record(match_id="a"), record(match_id="b")))
        log.append(cycle(detector, KICK_OFF + 100, record(match_id="a", home_score=1)))
        assert log.states() == [detector.state("a"), detector.state("b")]
        assert log.states(["b", "unknown"]) == [detector.state("b")]
        assert log.states(since=KICK_OFF + 50) == [detector.state("a")]

    def test_states_without_events_are_kept_too(self, log: Log, detector: Detector) -> None:
        log.append(cycle(detector, KICK_OFF, record(home_score=1)))
        assert log.append(cycle(detector, KICK_OFF + 10, record(home_score=0))) == 1
        [state] = log.states()
        assert state.waits

    def test_an_id_that_exists_is_refused_and_nothing_of_the_cycle_is_written(
        self, log: Log, detector: Detector
    ) -> None:
        first = cycle(detector, KICK_OFF, record(match_id="a"))
        log.append(first)
        both = [*cycle(detector, KICK_OFF, record(match_id="b")).events, *first.events]
        with pytest.raises(UnknownCommitError):
            log.append(Commit(KICK_OFF, events=both))
        assert [one.id for one in log.read(0, 10)] == ["a:match_seen"]
        assert log.append(Commit(KICK_OFF, events=both[:1])) == 2

    def test_the_time_of_the_last_list_is_kept(self, log: Log) -> None:
        log.append(Commit(KICK_OFF, listed=["b", "a"]))
        log.append(Commit(KICK_OFF + 10, listed=None))
        assert (log.listed_at(), log.listed()) == (KICK_OFF, frozenset({"a", "b"}))
        log.append(Commit(KICK_OFF + 20, listed=["b"]))
        assert (log.listed_at(), log.listed()) == (KICK_OFF + 20, frozenset({"b"}))

    def test_matches_whose_result_is_to_come_are_open(self, log: Log, detector: Detector) -> None:
        records = [record(match_id=one, status_id=status) for one, status in (("a", 1), ("b", 4), ("c", 8))]
        log.append(cycle(detector, KICK_OFF, *records))
        assert [one.match_id for one in log.open_states(60)] == ["b"]
        log.append(cycle(detector, KICK_OFF + 100, record(match_id="b", status_id=8)))
        found = detector.conclude({"b": History(8, "Finished", Score(0, 0))}, KICK_OFF + 700)
        assert [one.match_id for one in log.open_states(60)] == ["b"]
        log.append(Commit(KICK_OFF + 700, found.changed, found.events))
        assert log.open_states(60) == []

    def test_age_may_go_by_another_clock_than_the_machines(self, log: Log, detector: Detector) -> None:
        found = detector.detect([record()], KICK_OFF)
        log.append(Commit(KICK_OFF, found.changed, found.events, age_at=KICK_OFF - 500))
        assert log.read(0, 10, since=KICK_OFF - 499) == []
        assert len(log.read(0, 10, since=KICK_OFF - 500)) == 1

    def test_a_reader_waits_until_there_is_something(self, log: Log, detector: Detector) -> None:
        assert not log.wait(0, 0.01)
        woken: list[bool] = []
        reader = Thread(target=lambda: woken.append(log.wait(0, 10)))
        reader.start()
        log.append(cycle(detector, KICK_OFF, record()))
        reader.join(5)
        assert woken == [True]
        assert log.wait(0, 0)

    def test_the_newest_events_come_oldest_first(self, log: Log, detector: Detector) -> None:
        log.append(cycle(detector, KICK_OFF, record(match_id="a"), record(match_id="b")))
        log.append(cycle(detector, KICK_OFF + 10, record(match_id="a", home_score=2)))
        assert [one.sequence for one in log.newest(3)] == [2, 3, 4]
        assert [one.sequence for one in log.newest(1, match_id="b")] == [2]
        assert [one.sequence for one in log.newest(10, match_id="a", types=["match_seen", "red"])] == [1]

    def test_matches_come_with_their_names_the_newest_first(self, log: Log, detector: Detector) -> None:
        log.append(cycle(detector, KICK_OFF, record(match_id="a"), record(match_id="b")))
        log.append(cycle(detector, KICK_OFF + 10, record(match_id="b", home_score=2, away=None)))
        assert log.matches() == [
            ("b", "Town", "City", "Premier League", KICK_OFF + 10),
            ("a", "Town", "City", "Premier League", KICK_OFF),
        ]

    def test_a_closed_log_lets_its_readers_go(self, log: Log) -> None:
        reader = Thread(target=lambda: log.wait(0, 60))
        reader.start()
        log.close()
        reader.join(5)
        assert not reader.is_alive()
        with pytest.raises(LogError):
            log.append(Commit(KICK_OFF))

    def test_a_reader_goes_on_where_it_was_or_gets_one_gap(self, log: Log, detector: Detector) -> None:
        log.append(cycle(detector, KICK_OFF, record(match_id="a"), record(match_id="b")))
        extent = log.extent()
        assert resumed(None, extent) == (0, None)
        assert resumed(Position(extent.epoch, 1), extent) == (1, None)
        for lost in (Position("00000000", 1), Position(extent.epoch, 3)):
            after, gap = resumed(lost, extent)
            assert (after, gap) == (0, (str(lost), f"{extent.epoch}-0"))
