"""A log that moves from a file into a store: all of it, compared, under the same epoch."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.history.log import Commit, Position
from footy.history.odds import Kind
from footy.history.sqlite_log import opened as opened_file
from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.copying import CopyError, copy
from footy.store.postgres_log import opened, opened_for_reading
from tests.events.watch import KICK_OFF, record
from tests.history.archive_contract import archived, blob, chunk, minute, odds_row
from tests.history.log_contract import cycle
from tests.support.evening import write_busy_evening
from tests.support.postgres import scratch_store


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "footy.db"
    write_busy_evening(path)
    log, _ = opened_file(path)
    first = log.states()[0].match_id
    log.append(cycle(Detector(EventRules()), KICK_OFF + 9000, record(match_id="nul\0", home="A\0B {")))
    blobs = [blob("nul\0", Kind.BASE, odds_row()), chunk("nul\0", odds_row(first=1.5))]
    log.append(Commit(KICK_OFF, odds=blobs, minutes=[minute(first, KICK_OFF)], archives=[archived(first)]))
    log.close()
    return path


def test_all_of_it_is_in_the_store_under_the_same_epoch(path: Path, address: StoreAddress) -> None:
    said = copy(path, address)
    file, _ = opened_file(path)
    with closing(file), closing(opened_for_reading(address)) as store:
        assert store.extent() == file.extent()
        assert said.endswith(f"up to {Position(*file.extent()[:2])}, into the store {address.shown}")
        assert re.match(r"Copied and compared: 4 matches, \d+ events, 3 blobs of odds and 1 of minutes", said)
        ours, theirs = file.read(0, 10_000), store.read(0, 10_000)
        assert [one[:3] for one in theirs[:-1]] == [one[:3] for one in ours[:-1]]
        assert [msgspec.json.decode(one.data) for one in theirs[:-1]] == [
            msgspec.json.decode(one.data) for one in ours[:-1]
        ]
        assert (store.listed_at(), len(store.listed())) == (file.listed_at(), len(file.listed()))
        assert len(store.states()) == len(file.states()) == 4
        [last] = store.newest(1)
        assert last.match_id == "nul\N{REPLACEMENT CHARACTER}", "PostgreSQL holds no NUL"
        assert len(store.odds_blobs("nul\0")) == 2


def test_a_writer_goes_on_after_the_copy(path: Path, address: StoreAddress) -> None:
    copy(path, address)
    with closing(opened(address)) as log:
        newest = log.extent().newest
        assert (
            log.append(cycle(Detector(EventRules()), KICK_OFF + 9999, record(match_id="new"))) == newest + 1
        )


def test_a_store_that_is_not_empty_is_left_as_it_is(path: Path, address: StoreAddress) -> None:
    copy(path, address)
    with pytest.raises(CopyError, match="is not empty"):
        copy(path, address)


def test_what_differs_when_it_is_read_back_is_not_copied(path: Path, address: StoreAddress) -> None:
    opened(address).close()
    with connected(address) as connection:
        connection.execute(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN NEW.seen_at = left(NEW.seen_at, 4); RETURN NEW; END'"
        )
        connection.execute("CREATE TRIGGER cut BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION cut()")
    with pytest.raises(CopyError, match=r"event: .* nothing was copied"):
        copy(path, address)
    with closing(opened_for_reading(address)) as store:
        assert (store.extent().newest, store.states()) == (0, [])


@pytest.mark.parametrize("content", [None, b"no database" * 1000])
def test_a_file_that_is_no_log_is_one_sentence(
    tmp_path: Path, address: StoreAddress, content: bytes | None
) -> None:
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CopyError, match=r"There is no log at|cannot be read"):
        copy(path, address)


def test_a_file_of_an_older_version_is_one_sentence(path: Path, address: StoreAddress) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 1")
    with pytest.raises(CopyError, match="of another version of footy"):
        copy(path, address)
