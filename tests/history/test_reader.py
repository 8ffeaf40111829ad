"""A reader: envelopes in order from a position, and one gap if the log does not go on from there."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.history.reader import Reader
from footy.history.retention import Retention
from footy.history.sqlite_log import SqliteLog, opened
from tests.events.watch import KICK_OFF, money_line
from tests.support.evening import Evening

DAY_S = 86_400.0


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    with Evening(tmp_path / "footy.db") as evening:
        evening.see(a={}, b={})
        evening.see(a={"home_score": 1}, b={"away_score": 1})
        yield evening


def reading(log: SqliteLog, position: Position | None = None, **options: object) -> Reader:
    return Reader(log, position, source="urn:footy:test", **options)  # type: ignore[arg-type]


def rest(reader: Reader, limit: int = 500) -> list[Envelope]:
    """Read and acknowledge until nothing is new."""
    envelopes = []
    while batch := reader.batch(limit):
        envelopes += batch
        reader.acknowledge()
    reader.acknowledge()
    return envelopes


def gap_of(envelope: Envelope) -> tuple[str, str]:
    assert envelope.type == "footy.gap"
    said = msgspec.json.decode(envelope.data)
    return said["first"], said["last"]


def positions(envelopes: list[Envelope]) -> list[int]:
    return [int(one.sequence) for one in envelopes]


@pytest.mark.parametrize("limit", [1, 3, 4, 500])
def test_a_reader_without_a_position_reads_all_that_is_kept(evening: Evening, limit: int) -> None:
    reader = reading(evening.log)
    assert positions(rest(reader, limit)) == [1, 2, 3, 4]
    assert reader.position == Position(evening.log.extent().epoch, 4)
    evening.see(a={"home_score": 2})
    assert positions(rest(reader)) == [5]


def test_a_batch_that_was_not_acknowledged_is_read_again(evening: Evening) -> None:
    reader = reading(evening.log, Position("00000000", 9), now=lambda: KICK_OFF)
    assert reader.batch(2) == reader.batch(2)
    assert [one.type for one in reader.batch(2)] == ["footy.gap", "footy.match_seen", "footy.match_seen"]


@pytest.mark.parametrize("limit", [1, 500])
def test_filters_narrow_what_is_read_and_the_position_goes_on_all_the_same(
    evening: Evening, limit: int
) -> None:
    for options in ({"match_id": "a"}, {"types": ["match_seen"]}, {"since": KICK_OFF + 20}):
        reader = reading(evening.log, **options)
        assert len(rest(reader, limit)) == 2
        assert reader.position == Position(evening.log.extent().epoch, 4)


@pytest.mark.parametrize("sequence", [1, 9])
def test_another_epoch_is_one_gap_with_both_ends_and_all_that_is_kept(
    evening: Evening, sequence: int
) -> None:
    epoch = evening.log.extent().epoch
    lost = Position("00000000", sequence)
    gap, *events = rest(reading(evening.log, lost), 1)
    assert gap_of(gap) == (str(lost), f"{epoch}-0")
    assert (gap.sequence, gap.footyepoch, gap.subject) == ("0" * 16, epoch, None)
    assert positions(events) == [1, 2, 3, 4]


def test_a_log_that_became_shorter_is_a_gap_for_a_reader_that_was_further(
    evening: Evening, tmp_path: Path
) -> None:
    evening.log.backup(tmp_path / "older.db")
    evening.see(a={"home_score": 2})
    reader = reading(evening.log)
    rest(reader)
    older, _ = opened(tmp_path / "older.db")
    reader.reopened(older)
    gap, *events = rest(reader)
    epoch = older.extent().epoch
    assert gap_of(gap) == (f"{epoch}-5", f"{epoch}-0")
    assert positions(events) == [1, 2, 3, 4]
    older.close()


def test_each_gap_of_a_reader_has_an_id_of_its_own(evening: Evening) -> None:
    reader = reading(evening.log)
    rest(reader)
    gaps = []
    for _ in range(2):
        evening.log.begin_epoch()
        gaps.append(rest(reader)[0])
    assert [one.type for one in gaps] == ["footy.gap", "footy.gap"]
    assert [one.id.rpartition(":")[2] for one in gaps] == ["1", "2"]


def test_a_reader_that_retention_overtook_gets_one_gap_and_what_is_left(tmp_path: Path) -> None:
    with Evening(tmp_path / "footy.db") as evening:
        evening.see(a=money_line(home=2.0))
        evening.see(a=money_line(home=3.0))
        evening.see(a={"home_score": 1})
        evening.see(70, a=money_line(home=2.0))
        reader = reading(evening.log, Position(evening.log.extent().epoch, 1))
        evening.look_away(8 * DAY_S, a={"home_score": 2})
        evening.log.retain(Retention())
        epoch = evening.log.extent().epoch
        gap, *events = rest(reader, 1)
        assert gap_of(gap) == (f"{epoch}-2", f"{epoch}-4")
        assert (gap.footyepoch, int(gap.sequence)) == (epoch, 1)
        assert [one.type for one in events] == ["footy.goal", "footy.goal"]
        assert positions(rest(reading(evening.log), 1)) == [1, 3, 5]
