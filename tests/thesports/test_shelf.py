"""The cache file: whatever becomes of it, no reader waits, nothing is made up, and it heals where it can."""

import contextlib
import gc
import importlib.metadata
import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from requests_cache.backends.sqlite import SQLiteCache

from footy.reference import disk_cache as module
from footy.reference.disk_cache import Kept, Shelf
from tests.support.wire import GENEROUS_S

SOON_S = 0.3
"""Far more than a reader may wait, and far less than a lock is held here."""
NOW = float(int(time.time()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has what failed tried again at once."""
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    monkeypatch.setattr(module, "BLIND_S", 0.05)


@contextlib.contextmanager
def shelf_at(path: Path) -> Iterator[Shelf]:
    shelf = Shelf(path)
    try:
        yield shelf
    finally:
        shelf.close()
        assert not shelf._thread.is_alive()


@contextlib.contextmanager
def soon() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SOON_S


def eventually(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + GENEROUS_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def keep(shelf: Shelf, *keys: str, at: float = NOW) -> None:
    for key in keys:
        shelf.write(key, Kept(f'["{key}"]'.encode(), at))
    assert shelf.flush(GENEROUS_S)


def fill(path: Path, rows: int = 3) -> None:
    with shelf_at(path) as shelf:
        keep(shelf, *(f"k{number}" for number in range(rows)))


def rows_in(path: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {key for (key,) in connection.execute("SELECT key FROM responses")}


def asides(path: Path) -> list[Path]:
    return sorted(path.parent.glob("cache.sqlite.corrupt-*"))


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(f"PRAGMA journal_mode={sys.argv[2]}")
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def locked(path: Path, journal: str) -> Iterator[None]:
    """Another process holds the file's lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path), journal],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "locked\n"
        yield
        child.kill()


class TestKeeping:
    def test_what_is_kept_is_there_for_the_next_process_too(self, path: Path) -> None:
        kept = Kept(b'[{"id":"x","name":"\xc3\xa9"}]', NOW + 0.25)
        with shelf_at(path) as shelf:
            assert shelf.read("team?uuid=x") is None
            shelf.write("team?uuid=x", kept)
            assert shelf.flush()
            assert shelf.read("team?uuid=x") == kept
            assert not shelf._failing
        with shelf_at(path) as shelf:
            assert shelf.read("team?uuid=x") == kept
            assert shelf.read("team?uuid=y") is None

    def test_the_newer_one_counts(self, path: Path) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "k", at=NOW - 100)
            keep(shelf, "k", at=NOW)
            assert shelf.read("k") == Kept(b'["k"]', NOW)

    def test_closing_writes_what_waits(self, path: Path) -> None:
        with shelf_at(path) as shelf:
            for number in range(200):
                shelf.write(f"k{number}", Kept(b"[]", NOW))
        assert len(rows_in(path)) == 200

    def test_after_closing_it_is_silent(self, path: Path) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "k")
        shelf.write("later", Kept(b"[]", NOW))
        with soon():
            assert shelf.read("k") is None

    @pytest.fixture(scope="class")
    @staticmethod
    def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
        with shelf_at(tmp_path_factory.mktemp("shelf") / "cache.sqlite") as shelf:
            yield shelf

    @given(st.text(), st.binary(min_size=1))
    def test_every_key_and_every_reply_comes_back_as_it_was(
        self, one: Shelf, key: str, results: bytes
    ) -> None:
        one.write(key, Kept(results, NOW))
        assert one.flush()
        assert not one._failing
        assert one.read(key) == Kept(results, NOW)

    @pytest.mark.parametrize("key", ["'", "' OR '1'='1", "x'; DROP TABLE responses; --", "%", "\x00"])
    def test_a_key_is_no_statement(self, path: Path, key: str) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "k")
            assert shelf.read(key) is None
            assert shelf.read("k") is not None
            assert not shelf._failing

    def test_rows_older_than_thirty_days_are_deleted(self, path: Path) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "new")
            keep(shelf, "old", at=NOW - 31 * 86_400)
            keep(shelf, "not so old", at=NOW - 29 * 86_400)
        with shelf_at(path) as shelf:
            keep(shelf, "another")
        assert rows_in(path) == {"new", "not so old", "another"}

    def test_one_object_of_the_library_serves_all_threads(self, path: Path) -> None:
        def work(number: int) -> None:
            shelf.write(f"k{number}", Kept(b"[]", NOW))
            shelf.read(f"k{number // 2}")

        with shelf_at(path) as shelf, ThreadPoolExecutor(30) as pool:
            list(pool.map(work, range(300)))
            assert shelf.flush()
            found = [one for one in gc.get_objects() if isinstance(one, SQLiteCache)]
            assert [str(one.cache_name) for one in found].count(str(path)) == 1


class TestBroken:
    @pytest.mark.parametrize(
        "spoil",
        [
            lambda _: b"not a database " * 999,
            lambda content: content[: len(content) // 2],
            lambda content: content[:100],
            lambda content: content[:5000] + b"\xff" * 9000 + content[14000:],
            lambda content: b"\x00" * len(content),
        ],
        ids=["garbage", "half", "head", "a hole", "zeros"],
    )
    def test_a_corrupt_file_is_set_aside_and_the_next_one_works(
        self, path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[bytes], bytes]
    ) -> None:
        fill(path, 300)
        spoiled = spoil(path.read_bytes())
        path.write_bytes(spoiled)
        with shelf_at(path) as shelf:
            for number in range(300):
                with soon():
                    found = shelf.read(f"k{number}")
                assert found in {None, Kept(f'["k{number}"]'.encode(), NOW)}
            keep(shelf, "new", *(f"k{number}" for number in range(300)))
            assert shelf.read("new") is not None
            assert not shelf._failing
        (aside,) = asides(path)
        assert aside.read_bytes()[: len(spoiled)] == spoiled
        assert len(rows_in(path)) == 301
        assert sum("set aside" in record.message for record in caplog.records) == 1

    def test_an_empty_file_is_a_new_one(self, path: Path) -> None:
        path.touch()
        with shelf_at(path) as shelf:
            keep(shelf, "k")
        assert asides(path) == []

    @pytest.mark.parametrize(
        "columns", ["id INTEGER, body TEXT", "key TEXT PRIMARY KEY, value BLOB"], ids=["foreign", "older"]
    )
    def test_a_file_with_other_tables_is_set_aside(self, path: Path, columns: str) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"CREATE TABLE responses({columns})")
            connection.commit()
        with shelf_at(path) as shelf:
            with soon():
                assert shelf.read("k") is None
            keep(shelf, "k")
            assert shelf.read("k") is not None
        assert len(asides(path)) == 1

    @pytest.mark.parametrize(
        "value",
        [
            *("", "x", "null", "1", "[]", '{"a":1}', "[" * 9999, b"\xff\xfe", None, 7),
            *('{"_content":7}', '{"_content":"!!!!"}', '{"_content":"W10=","created_at":"y"}'),
        ],
    )
    def test_a_row_that_cannot_be_read_is_not_there_and_may_be_written_again(
        self, path: Path, value: object
    ) -> None:
        fill(path)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE responses SET value = ? WHERE key = 'k1'", (value,))
            connection.commit()
        with shelf_at(path) as shelf:
            assert shelf.read("k1") is None
            assert shelf.read("k2") is not None
            keep(shelf, "k1")
            assert shelf.read("k1") is not None
            assert not shelf._failing
        assert asides(path) == []

    @pytest.mark.usefixtures("quick")
    def test_one_deleted_while_it_is_open_heals(self, path: Path) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "before")
            path.unlink()
            assert shelf.read("before") is None
            keep(shelf, "after")
            assert shelf.read("after") is not None
        assert rows_in(path) == {"after"}

    @pytest.mark.usefixtures("quick")
    def test_its_whole_folder_deleted_heals(self, tmp_path: Path) -> None:
        path = tmp_path / "data" / "cache.sqlite"
        path.parent.mkdir()
        with shelf_at(path) as shelf:
            keep(shelf, "before")
            for file in path.parent.iterdir():
                file.unlink()
            path.parent.rmdir()
            shelf.write("after", Kept(b"[]", NOW))
            eventually(lambda: shelf.flush() and shelf.read("after") is not None)

    @pytest.mark.usefixtures("quick")
    def test_one_replaced_by_garbage_while_it_is_open_heals(self, path: Path) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "before")
            other = path.with_name("other")
            other.write_bytes(b"garbage" * 999)
            other.replace(path)
            # SQLite may find all of the old file in its log, and restores it then.
            assert shelf.read("before") in {None, Kept(b'["before"]', NOW)}
            shelf.write("after", Kept(b"[]", NOW))
            eventually(lambda: shelf.flush() and shelf.read("after") is not None)


class TestUnwritable:
    """A directory in the file's place, for tests may run as root, who may write everything."""

    def test_readers_do_not_wait_and_it_is_said_once(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path.mkdir()
        with shelf_at(path) as shelf:
            for number in range(50):
                with soon():
                    assert shelf.read("k") is None
                shelf.write(f"k{number}", Kept(b"[]", NOW))
            assert not shelf.flush(0.2)
        words = f"The cache file {path} cannot be used (unable to open database file); going on without it"
        assert [record.message for record in caplog.records].count(words) == 1

    @pytest.mark.usefixtures("quick")
    def test_it_heals_and_nothing_is_lost(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        path.mkdir()
        with shelf_at(path) as shelf:
            for number in range(120):
                shelf.write(f"k{number}", Kept(b"[]", NOW))
            eventually(lambda: shelf._failing)
            path.rmdir()
            eventually(lambda: not shelf._failing and shelf.flush())
            assert len(rows_in(path)) == 120
        assert "The cache file works again" in caplog.text

    def test_of_what_waits_the_newest_is_kept(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_WAITING", 60)
        path.mkdir()
        with shelf_at(path) as shelf:
            for number in range(200):
                shelf.write(f"k{number}", Kept(b"[]", NOW))
            eventually(lambda: shelf._failing)
            assert len(shelf._writes) <= 60
            path.rmdir()
        assert rows_in(path) == {f"k{number}" for number in range(140, 200)}

    @pytest.mark.usefixtures("quick")
    def test_a_full_disk_loses_nothing(self, path: Path) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "before")
            assert shelf._file is not None
            assert shelf._file.responses._connection is not None
            shelf._file.responses._connection.execute("PRAGMA max_page_count = 1")
            shelf.write("after", Kept(b"[" + b" " * 100_000 + b"]", NOW))
            eventually(lambda: "after" in rows_in(path))
            assert shelf.read("before") is not None


class TestLocked:
    def test_reading_goes_on_while_another_process_writes(self, path: Path) -> None:
        fill(path)
        with locked(path, "wal"), shelf_at(path) as shelf:
            shelf.write("new", Kept(b"[]", NOW))
            eventually(lambda: shelf._failing)
            for number in range(3):
                with soon():
                    assert shelf.read(f"k{number}") is not None

    def test_where_nothing_can_be_read_no_reader_waits_long_and_most_not_at_all(self, path: Path) -> None:
        fill(path)
        with locked(path, "delete"), shelf_at(path) as shelf, ThreadPoolExecutor(30) as pool:
            with soon():
                assert shelf.read("k1") is None
            started = time.monotonic()
            found = list(pool.map(lambda _: shelf.read("k1"), range(300)))
            assert time.monotonic() - started < 1
            assert set(found) == {None}

    @pytest.mark.usefixtures("quick")
    @pytest.mark.parametrize("journal", ["wal", "delete"])
    def test_nothing_is_lost_when_the_lock_goes(self, path: Path, journal: str) -> None:
        fill(path)
        with shelf_at(path) as shelf:
            with locked(path, journal):
                for number in range(120):
                    shelf.write(f"new{number}", Kept(b"[]", NOW))
                eventually(lambda: shelf._failing)
            eventually(lambda: not shelf._failing and shelf.flush())
            assert shelf.read("k1") is not None
            assert shelf.read("new119") is not None
        assert len(rows_in(path)) == 123
        assert asides(path) == []

    def test_closing_tries_once_more(self, path: Path) -> None:
        fill(path)
        shelf = Shelf(path)
        with locked(path, "wal"):
            shelf.write("new", Kept(b"[]", NOW))
            eventually(lambda: shelf._failing)
        shelf.close()
        assert "new" in rows_in(path)

    def test_closing_does_not_wait_for_it(self, path: Path) -> None:
        fill(path)
        shelf = Shelf(path)
        with locked(path, "wal"):
            for number in range(120):
                shelf.write(f"new{number}", Kept(b"[]", NOW))
            started = time.monotonic()
            shelf.close()
            assert time.monotonic() - started < 2.5
            assert not shelf._thread.is_alive()


class TestBusy:
    def test_a_read_that_cannot_start_soon_is_a_miss_and_those_behind_it_do_not_wait(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with shelf_at(path) as shelf:
            keep(shelf, "k")
            look_up, go = shelf._look_up, threading.Event()

            def slowly(key: str) -> Kept | None:
                go.wait(GENEROUS_S)
                return look_up(key)

            monkeypatch.setattr(shelf, "_look_up", slowly)
            with soon():
                assert shelf.read("k") is None
            started = time.monotonic()
            assert [shelf.read("k") for _ in range(1000)] == 1000 * [None]
            assert time.monotonic() - started < 1
            go.set()
            eventually(lambda: shelf.read("k") is not None)

    def test_a_reader_that_gave_up_by_a_hair_blinds_no_later_one(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Late(Future[Kept | None]):
            def result(self, timeout: float | None = None) -> Kept | None:
                del timeout
                eventually(lambda: self.done() and not shelf._busy)
                raise TimeoutError

            def cancel(self) -> bool:
                return False

        with shelf_at(path) as shelf:
            keep(shelf, "k")
            with monkeypatch.context() as late:
                late.setattr(module, "Future", Late)
                assert shelf.read("k") is None
            assert shelf.read("k") is not None


def test_the_genuine_urllib3_is_installed() -> None:
    names = {name.lower() for name in importlib.metadata.packages_distributions()["urllib3"]}
    assert names == {"urllib3"}
    assert vars(urllib3)["__version__"] == importlib.metadata.version("urllib3")
    assert not hasattr(urllib3, "backend"), "niquests' fork has overwritten it"
