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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from requests_cache.backends.sqlite import SQLiteCache

from footy.reference import disk_cache as module
from footy.reference.disk_cache import DiskCache, Entry
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


@contextlib.contextmanager
def cache_at(path: Path) -> Iterator[DiskCache]:
    cache = DiskCache(path)
    try:
        yield cache
    finally:
        cache.close()
        assert not cache._thread.is_alive()


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


def keep(cache: DiskCache, *keys: str, at: float = NOW) -> None:
    for key in keys:
        cache.write(key, Entry(f'["{key}"]'.encode(), at))
    assert cache.flush(GENEROUS_S)


def fill(path: Path, rows: int = 3) -> None:
    with cache_at(path) as cache:
        keep(cache, *(f"k{number}" for number in range(rows)))


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
        kept = Entry(b'[{"id":"x","name":"\xc3\xa9"}]', NOW + 0.25)
        with cache_at(path) as cache:
            assert cache.read("team?uuid=x") is None
            cache.write("team?uuid=x", kept)
            assert cache.flush()
            assert cache.read("team?uuid=x") == kept
            assert not cache._failing
        with cache_at(path) as cache:
            assert cache.read("team?uuid=x") == kept
            assert cache.read("team?uuid=y") is None

    def test_the_newer_one_counts(self, path: Path) -> None:
        with cache_at(path) as cache:
            keep(cache, "k", at=NOW - 100)
            keep(cache, "k", at=NOW)
            assert cache.read("k") == Entry(b'["k"]', NOW)

    def test_closing_writes_what_waits(self, path: Path) -> None:
        with cache_at(path) as cache:
            for number in range(60):
                cache.write(f"k{number}", Entry(b"[]", NOW))
        assert len(rows_in(path)) == 60

    def test_after_closing_it_is_silent(self, path: Path) -> None:
        with cache_at(path) as cache:
            keep(cache, "k")
        cache.write("later", Entry(b"[]", NOW))
        with soon():
            assert cache.read("k") is None

    @pytest.fixture(scope="class")
    @staticmethod
    def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskCache]:
        with cache_at(tmp_path_factory.mktemp("cache") / "cache.sqlite") as cache:
            yield cache

    @given(st.text(), st.binary(min_size=1))
    def test_every_key_and_every_reply_comes_back_as_it_was(
        self, one: DiskCache, key: str, results: bytes
    ) -> None:
        one.write(key, Entry(results, NOW))
        assert one.flush()
        assert not one._failing
        assert one.read(key) == Entry(results, NOW)

    @pytest.mark.parametrize("key", ["'", "' OR '1'='1", "x'; DROP TABLE responses; --", "%", "\x00"])
    def test_a_key_is_no_statement(self, path: Path, key: str) -> None:
        with cache_at(path) as cache:
            keep(cache, "k")
            assert cache.read(key) is None
            assert cache.read("k") is not None
            assert not cache._failing

    def test_rows_older_than_thirty_days_are_deleted(self, path: Path) -> None:
        with cache_at(path) as cache:
            keep(cache, "new")
            keep(cache, "old", at=NOW - 31 * 86_400)
            keep(cache, "not so old", at=NOW - 29 * 86_400)
        with cache_at(path) as cache:
            keep(cache, "another")
        assert rows_in(path) == {"new", "not so old", "another"}

    def test_one_object_of_the_library_serves_all_threads(self, path: Path) -> None:
        def work(number: int) -> None:
            cache.write(f"k{number}", Entry(b"[]", NOW))
            cache.read(f"k{number // 2}")

        with cache_at(path) as cache, ThreadPoolExecutor(30) as pool:
            list(pool.map(work, range(300)))
            assert cache.flush()
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
        with cache_at(path) as cache:
            for number in range(300):
                with soon():
                    found = cache.read(f"k{number}")
                assert found in {None, Entry(f'["k{number}"]'.encode(), NOW)}
            keep(cache, "new", *(f"k{number}" for number in range(300)))
            assert cache.read("new") is not None
            assert not cache._failing
        (aside,) = asides(path)
        assert aside.read_bytes()[: len(spoiled)] == spoiled
        assert len(rows_in(path)) == 301
        assert sum("set aside" in record.message for record in caplog.records) == 1

    def test_an_empty_file_is_a_new_one(self, path: Path) -> None:
        path.touch()
        with cache_at(path) as cache:
            keep(cache, "k")
        assert asides(path) == []

    @pytest.mark.parametrize(
        "columns", ["id INTEGER, body TEXT", "key TEXT PRIMARY KEY, value BLOB"], ids=["foreign", "older"]
    )
    def test_a_file_with_other_tables_is_set_aside(self, path: Path, columns: str) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"CREATE TABLE responses({columns})")
            connection.commit()
        with cache_at(path) as cache:
            with soon():
                assert cache.read("k") is None
            keep(cache, "k")
            assert cache.read("k") is not None
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
        with cache_at(path) as cache:
            assert cache.read("k1") is None
            assert cache.read("k2") is not None
            keep(cache, "k1")
            assert cache.read("k1") is not None
            assert not cache._failing
        assert asides(path) == []

    @pytest.mark.usefixtures("quick")
    def test_one_deleted_while_it_is_open_heals(self, path: Path) -> None:
        with cache_at(path) as cache:
            keep(cache, "before")
            path.unlink()
            keep(cache, "after")
            assert cache.read("before") is not None
        assert rows_in(path) == {"before", "after"}

    @pytest.mark.usefixtures("quick")
    def test_its_whole_folder_deleted_heals(self, tmp_path: Path) -> None:
        path = tmp_path / "data" / "cache.sqlite"
        path.parent.mkdir()
        with cache_at(path) as cache:
            keep(cache, "before")
            for file in path.parent.iterdir():
                file.unlink()
            path.parent.rmdir()
            cache.write("after", Entry(b"[]", NOW))
            eventually(lambda: cache.flush() and cache.read("after") is not None)

    @pytest.mark.usefixtures("quick")
    def test_one_replaced_by_garbage_while_it_is_open_heals(self, path: Path) -> None:
        with cache_at(path) as cache:
            keep(cache, "before")
            other = path.with_name("other")
            other.write_bytes(b"garbage" * 999)
            other.replace(path)
            # SQLite may find all of the old file in its log, and restores it then.
            assert cache.read("before") in {None, Entry(b'["before"]', NOW)}
            cache.write("after", Entry(b"[]", NOW))
            eventually(lambda: cache.flush() and cache.read("after") is not None)


class TestUnwritable:
    """A directory in the file's place, for tests may run as root, who may write everything."""

    def test_readers_do_not_wait_and_it_is_said_once(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path.mkdir()
        with cache_at(path) as cache:
            for number in range(50):
                with soon():
                    assert cache.read("k") is None
                cache.write(f"k{number}", Entry(b"[]", NOW))
            assert not cache.flush(0.2)
        words = f"The cache file {path} cannot be used (unable to open database file); going on without it"
        assert [record.message for record in caplog.records].count(words) == 1

    @pytest.mark.usefixtures("quick")
    def test_it_heals_and_nothing_is_lost(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        path.mkdir()
        with cache_at(path) as cache:
            for number in range(120):
                cache.write(f"k{number}", Entry(b"[]", NOW))
            eventually(lambda: cache._failing)
            path.rmdir()
            eventually(lambda: not cache._failing and cache.flush())
            assert len(rows_in(path)) == 120
        assert "The cache file works again" in caplog.text

    def test_of_what_waits_the_newest_is_kept(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_KEPT", 60)
        path.mkdir()
        with cache_at(path) as cache:
            for number in range(200):
                cache.write(f"k{number}", Entry(b"[]", NOW))
            eventually(lambda: cache._failing)
            assert len(cache._entries) == len(cache._unwritten) == 60
            path.rmdir()
        assert rows_in(path) == {f"k{number}" for number in range(140, 200)}

    @pytest.mark.usefixtures("quick")
    def test_a_full_disk_loses_nothing(self, path: Path) -> None:
        with cache_at(path) as cache:
            keep(cache, "before")
            assert cache._file is not None
            assert cache._file.responses._connection is not None
            cache._file.responses._connection.execute("PRAGMA max_page_count = 1")
            cache.write("after", Entry(b"[" + b" " * 100_000 + b"]", NOW))
            eventually(lambda: "after" in rows_in(path))
            assert cache.read("before") is not None


class TestLocked:
    def test_reading_goes_on_while_another_process_writes(self, path: Path) -> None:
        fill(path)
        with locked(path, "wal"), cache_at(path) as cache:
            cache.write("new", Entry(b"[]", NOW))
            eventually(lambda: cache._failing)
            for number in range(3):
                with soon():
                    assert cache.read(f"k{number}") is not None

    def test_where_nothing_can_be_read_no_reader_waits_long_and_most_not_at_all(self, path: Path) -> None:
        fill(path)
        with locked(path, "delete"), cache_at(path) as cache, ThreadPoolExecutor(30) as pool:
            with soon():
                assert cache.read("k1") is None
            started = time.monotonic()
            found = list(pool.map(lambda _: cache.read("k1"), range(300)))
            assert time.monotonic() - started < 1
            assert set(found) == {None}

    @pytest.mark.usefixtures("quick")
    @pytest.mark.parametrize("journal", ["wal", "delete"])
    def test_nothing_is_lost_when_the_lock_goes(self, path: Path, journal: str) -> None:
        fill(path)
        with contextlib.ExitStack() as closing:
            with locked(path, journal):
                cache = closing.enter_context(cache_at(path))
                for number in range(120):
                    cache.write(f"new{number}", Entry(b"[]", NOW))
                eventually(lambda: cache._failing)
            eventually(lambda: not cache._failing and cache.flush())
            assert cache.read("k1") is not None
            assert cache.read("new119") is not None
        assert len(rows_in(path)) == 123
        assert asides(path) == []

    def test_closing_tries_once_more(self, path: Path) -> None:
        fill(path)
        cache = DiskCache(path)
        with locked(path, "wal"):
            cache.write("new", Entry(b"[]", NOW))
            eventually(lambda: cache._failing)
        cache.close()
        assert "new" in rows_in(path)

    def test_closing_does_not_wait_for_it(self, path: Path) -> None:
        fill(path)
        cache = DiskCache(path)
        with locked(path, "wal"):
            for number in range(120):
                cache.write(f"new{number}", Entry(b"[]", NOW))
            started = time.monotonic()
            cache.close()
            assert time.monotonic() - started < 2.5
            assert not cache._thread.is_alive()


class TestStart:
    def test_a_file_that_takes_long_to_read_is_missed_and_then_there(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(path)
        read, go = module._read, threading.Event()

        def slowly(file: module._File) -> dict[str, Entry]:
            go.wait(GENEROUS_S)
            return read(file)

        monkeypatch.setattr(module, "_read", slowly)
        monkeypatch.setattr(module, "LOAD_WITHIN_S", 0.05)
        with cache_at(path) as cache:
            newer = Entry(b'["newer"]', NOW + 1)
            cache.write("k2", newer)
            with soon():
                assert cache.read("k1") is None
            go.set()
            eventually(lambda: cache.read("k1") is not None)
            assert cache.read("k2") == newer
            assert cache.flush(GENEROUS_S)
        with cache_at(path) as cache:
            assert cache.read("k2") == newer

    def test_of_a_large_file_the_newest_entries_are_held(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with cache_at(path) as cache:
            for number in range(9):
                keep(cache, f"k{number}", at=NOW - number)
        monkeypatch.setattr(module, "MOST_KEPT", 3)
        with cache_at(path) as cache:
            assert [number for number in range(9) if cache.read(f"k{number}")] == [0, 1, 2]


def test_the_genuine_urllib3_is_installed() -> None:
    names = {name.lower() for name in importlib.metadata.packages_distributions()["urllib3"]}
    assert names == {"urllib3"}
    assert vars(urllib3)["__version__"] == importlib.metadata.version("urllib3")
    assert not hasattr(urllib3, "backend"), "niquests' fork has overwritten it"
