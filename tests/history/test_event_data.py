"""The data of price events in the file: small, exact, and that of an older file as it is."""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.history import BrokenLogError, event_data
from footy.history.event_data import PACKED_TYPES, kept, read
from footy.history.sqlite_log import opened
from tests.events.watch import KICK_OFF, money_line, record
from tests.history.log_contract import cycle


@given(st.sampled_from([*PACKED_TYPES, "goal"]), st.binary(max_size=600).map(lambda data: b"{" + data))
def test_data_comes_back_exactly(kind: str, data: bytes) -> None:
    assert read(kept(kind, data)) == data
    assert len(kept(kind, data)) <= len(data)


def test_the_dictionary_is_the_one_that_files_were_written_with() -> None:
    assert zlib.crc32(event_data._DICTIONARY) == CHECKSUM


def test_price_events_are_small_in_the_file_and_whole_for_readers(tmp_path: Path) -> None:
    log, _ = opened(tmp_path / "footy.db")
    detector = Detector(EventRules())
    log.append(cycle(detector, KICK_OFF, record(**money_line())))
    log.append(cycle(detector, KICK_OFF + 100, record(**money_line(home=1.3, draw=5.0, away=9.0))))
    [event] = log.read(1, 10)
    assert event.type == "price_moved"
    assert event.data.startswith(b'{"match_id":"4wyrn4h68yv6q86","competition":"Premier League"')
    [[data]] = log._query("SELECT data FROM event WHERE seq = 2")
    assert len(data) < len(event.data) / 3
    log.close()
    with closing(sqlite3.connect(tmp_path / "footy.db")) as connection:  # as an older version wrote it
        connection.execute("UPDATE event SET data = ? WHERE seq = 2", (event.data,))
        connection.commit()
    log, _ = opened(tmp_path / "footy.db")
    assert log.read(1, 10) == [event]
    log._connection.execute("UPDATE event SET data = ? WHERE seq = 2", (data[:-4],))
    with pytest.raises(BrokenLogError):
        log.read(1, 10)
    log.close()


CHECKSUM = 1818655134
