"""What every sink promises: a base class for the tests of each."""

from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.history.reader import Reader
from footy.history.sqlite_log import opened, opened_for_reading
from footy.sinks.base import Sink
from tests.support.evening import busy_evening

SOURCE = "urn:footy:test"


class SinkContract(ABC):
    """Tests that a sink's own test class inherits."""

    @pytest.fixture
    @abstractmethod
    def sink(self) -> Sink:
        """Return a sink with an empty target."""

    @abstractmethod
    def again(self) -> Sink:
        """Return a sink with the same target, as after a restart."""

    @abstractmethod
    def received(self) -> list[Envelope]:
        """Return what the target has."""

    def test_an_empty_target_has_no_position(self, sink: Sink) -> None:
        assert sink.position() is None
        assert self.received() == []
        sink.close()

    def test_events_arrive_in_order(self, sink: Sink, evening: list[Envelope]) -> None:
        sink.send(evening[:3])
        sink.send(evening[3:])
        sink.close()
        assert self.received() == evening

    def test_a_target_goes_on_where_it_was(
        self, sink: Sink, evening_log: Path, evening: list[Envelope]
    ) -> None:
        sink.send(evening[:7])
        sink.close()
        after = self.again()
        position = after.position()
        assert position == Position(evening[6].footyepoch, 7)
        log = opened_for_reading(evening_log)
        after.send(Reader(log, position, source=SOURCE).batch())
        log.close()
        after.close()
        assert self.received() == evening

    def test_another_log_is_one_gap_and_then_goes_on(
        self, sink: Sink, tmp_path: Path, evening: list[Envelope]
    ) -> None:
        sink.send(evening[:7])
        busy_evening(tmp_path / "another.db")
        log, _ = opened(tmp_path / "another.db")
        epoch = log.extent().epoch
        reader = Reader(log, sink.position(), source=SOURCE)
        sink.send(reader.batch())
        reader.acknowledge()
        assert reader.batch() == []
        log.close()
        sink.close()
        received = self.received()
        assert [one.type for one in received[7:9]] == ["footy.gap", "footy.service_started"]
        assert bytes(received[7].data).count(f"{evening[0].footyepoch}-7".encode()) == 1
        assert sum(one.type == "footy.gap" for one in received) == 1
        after = self.again()
        assert after.position() == Position(epoch, len(evening))
        after.close()
