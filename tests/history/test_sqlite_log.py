"""The log in a SQLite file: what it survives, and what it removes."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.history import migrations, sqlite_file, sqlite_log, sqlite_retention
from footy.history.archive import match_odds
from footy.history.log import Commit, LogError, NewerLogError, Position, resumed
from footy.history.odds import Kind
from footy.history.retention import Retention
from footy.history.sqlite_log import SqliteLog, opened, opened_for_reading
from tests.events.watch import KICK_OFF, money_line, record
from tests.history.archive_contract import ArchiveContract, archived, chunk, minute, odds_row, over
from tests.history.log_contract import LogContract, cycle

DAY_S = 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "footy.db"


class TestSqliteLog(LogContract):
    @pytest.fixture
    def log(self, path: Path) -> Iterator[SqliteLog]:
        log, aside = opened(path)
        assert aside is None
        yield log
        log.close()


class TestSqliteArchive(ArchiveContract):
    @pytest.fixture
    def log(self, path: Path) -> Iterator[SqliteLog]:
        log, _ = opened(path)
        yield log
        log.close()

    def test_it_goes_with_its_match_when_that_is_removed(self, log: SqliteLog) -> None:
        detector = Detector(EventRules())
        log.append(cycle(detector, KICK_OFF, record(match_id="a")))
        log.append(Commit(KICK_OFF, odds=[chunk("a", odds_row())], minutes=[minute("a", KICK_OFF)]))
        log.append(Commit(KICK_OFF, archives=[archived("a", odds_row())]))
        log.append(cycle(detector, KICK_OFF + 100 * DAY_S, record(match_id="b")))
        while log.retain(Retention(days=90)):
            pass
        assert (log.odds_blobs("a"), log.minute_blobs("a"), log.entry("a")) == ([], [], None)
        assert log._query("SELECT count(*) FROM archive") == [(0,)]

    def test_a_full_disk_writes_no_part_of_an_archive(self, log: SqliteLog) -> None:
        log.append(over("a"))
        log.append(Commit(KICK_OFF, odds=[chunk("a", odds_row())], listed=None))
        [pages] = log._connection.execute("PRAGMA page_count").fetchone()
        log._connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        many = [odds_row(int(KICK_OFF) + at * at % 9973, at / 7, last=at / 11) for at in range(5000)]
        with pytest.raises(LogError, match="full"):
            log.append(Commit(KICK_OFF, archives=[archived("a", *many[::-1])], listed=None))
        assert [one.kind for one in log.odds_blobs("a")] == [Kind.CHUNK]
        entry = log.entry("a")
        assert entry is not None
        assert entry.archive == "waiting"
        log._connection.execute("PRAGMA max_page_count = 1000000").fetchone()
        log.append(Commit(KICK_OFF, archives=[archived("a", *many[::-1])], listed=None))
        assert match_odds(log, "a").columns.rows == 5000


def test_a_log_of_the_first_version_is_migrated_and_its_matches_wait(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{migrations.SCRIPTS[0]}; PRAGMA user_version = 1")
        connection.execute("INSERT INTO meta VALUES ('epoch', '9f3a01c7')")
        detector = Detector(EventRules())
        found = detector.detect([record(match_id="a", status_id=8)], KICK_OFF)
        rows = [sqlite_log._match_row(one, KICK_OFF) for one in found.changed.values()]
        connection.executemany("INSERT INTO match VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    log, aside = opened(path)
    assert (aside, log.extent().epoch) == (None, "9f3a01c7")
    assert [one.match_id for one in log.due(KICK_OFF + 700, 10)] == ["a"]
    assert path.with_name("footy.db.v1").exists()
    log.close()


def filled(path: Path, matches: int = 1) -> str:
    """Write a log with so many events; return its epoch."""
    log, _ = opened(path)
    records = [record(match_id=f"m{number:04}") for number in range(matches)]
    log.append(cycle(Detector(EventRules()), KICK_OFF, *records))
    epoch = log.extent().epoch
    log.close()
    return epoch


def test_a_log_goes_on_after_it_was_closed(path: Path) -> None:
    epoch = filled(path)
    log, _ = opened(path)
    detector = Detector(EventRules(), log.states(), listed_at=log.listed_at())
    assert log.append(cycle(detector, KICK_OFF + 10, record(match_id="m0000", home_score=1))) == 2
    assert log.extent() == (epoch, 2, 0)
    assert b'"late":false' in log.read(1, 1)[0].data
    log.close()


def test_a_broken_file_is_set_aside_and_a_new_log_begins(path: Path) -> None:
    epoch = filled(path)
    path.write_bytes(b"this is no database" * 100)
    log, aside = opened(path)
    assert aside is not None
    assert aside.read_bytes().startswith(b"this is no")
    assert log.extent().epoch != epoch
    assert resumed(Position(epoch, 1), log.extent()).gap is not None
    log.close()


def test_a_damaged_table_is_found_at_start(path: Path) -> None:
    filled(path, matches=200)
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 40 * 4096] = b"\xff" * (37 * 4096)
    path.write_bytes(content)
    log, aside = opened(path)
    assert aside is not None
    log.close()


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.VERSION + 1}")
    with pytest.raises(NewerLogError, match="newer version"):
        opened(path)
    assert path.exists()


def test_a_migration_keeps_a_copy_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epoch = filled(path)
    monkeypatch.setattr(sqlite_file, "SCRIPTS", (*migrations.SCRIPTS, "ALTER TABLE cycle ADD COLUMN extra"))
    monkeypatch.setattr(sqlite_file, "VERSION", migrations.VERSION + 1)
    log, _ = opened(path)
    assert (log.extent().epoch, len(log.read(0, 10))) == (epoch, 1)
    log.close()
    monkeypatch.undo()
    # The way back: the copy, put in the file's place, is read by the version before.
    shutil.copyfile(path.with_name(f"footy.db.v{migrations.VERSION}"), path)
    log, aside = opened(path)
    assert (aside, log.extent().epoch, len(log.read(0, 10))) == (None, epoch, 1)
    log.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    monkeypatch.setattr(sqlite_file, "SCRIPTS", (*migrations.SCRIPTS, "DROP TABLE match; NONSENSE"))
    monkeypatch.setattr(sqlite_file, "VERSION", migrations.VERSION + 1)
    with pytest.raises(LogError):
        opened(path)
    monkeypatch.undo()
    log, _ = opened(path)
    assert len(log.states()) == 1
    log.close()


def test_a_full_disk_writes_nothing_and_the_next_cycle_emits_it(path: Path) -> None:
    log, _ = opened(path)
    detector = Detector(EventRules())
    [pages] = log._connection.execute("PRAGMA page_count").fetchone()
    log._connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
    records = [record(match_id=f"m{number:04}") for number in range(500)]
    found = detector.detect(records, KICK_OFF)
    with pytest.raises(LogError, match="full"):
        log.append(Commit(KICK_OFF, found.changed, found.events))
    assert (log.extent().newest, log.states()) == (0, [])
    log._connection.execute("PRAGMA max_page_count = 1000000").fetchone()
    assert log.append(cycle(detector, KICK_OFF + 10, *records)) == 500
    log.close()


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"^The log footy\.db cannot be opened: "):
        opened(tmp_path / "absent" / "footy.db")


def test_another_process_reads_while_the_service_writes(path: Path) -> None:
    log, _ = opened(path)
    reader = opened_for_reading(path)
    assert not reader.wait(0, 0.01)
    log.append(cycle(Detector(EventRules()), KICK_OFF, record()))
    assert reader.wait(0, 0.25)
    assert len(reader.read(0, 10)) == 1
    with pytest.raises(LogError):
        reader.append(Commit(KICK_OFF))
    reader.close()
    log.close()


def test_a_backup_keeps_the_epoch(path: Path, tmp_path: Path) -> None:
    epoch = filled(path)
    log, _ = opened(path)
    log.backup(tmp_path / "copy.db")
    with pytest.raises(LogError):
        log.backup(tmp_path / "copy.db")
    log.close()
    copy, _ = opened(tmp_path / "copy.db")
    assert copy.extent() == (epoch, 1, 0)
    copy.close()


def test_the_write_ahead_log_is_moved_into_the_file_once_an_hour(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, _ = opened(path)
    log.append(cycle(Detector(EventRules()), KICK_OFF, record()))
    assert not log.checkpoint_if_due()
    monkeypatch.setattr(log, "_checkpoint_at", 0.0)
    assert log.checkpoint_if_due()
    assert path.with_name("footy.db-wal").stat().st_size == 0
    log.close()


# Retention


def test_price_events_go_after_a_week_and_readers_get_a_gap(path: Path) -> None:
    log, _ = opened(path)
    detector = Detector(EventRules())
    log.append(cycle(detector, KICK_OFF, record(**money_line(home=2.0))))
    log.append(cycle(detector, KICK_OFF + 10, record(**money_line(home=3.0))))
    log.append(cycle(detector, KICK_OFF + 20, record(home_score=1, **money_line(home=3.0))))
    assert log.retain(Retention()) == 0
    log.append(cycle(detector, KICK_OFF + 8 * DAY_S, record(home_score=2, **money_line(home=3.0))))
    assert log.retain(Retention()) > 0
    assert [one.type for one in log.read(0, 10)] == ["match_seen", "goal", "goal"]
    epoch = log.extent().epoch
    assert resumed(Position(epoch, 1), log.extent()) == (1, (f"{epoch}-2", f"{epoch}-2"))
    assert resumed(Position(epoch, 2), log.extent()) == (2, None)
    log.close()


def test_a_match_goes_as_a_whole_in_small_steps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_retention, "STEP_ROWS", 5)
    log, _ = opened(path)
    detector = Detector(EventRules())
    log.append(cycle(detector, KICK_OFF, record(match_id="old")))
    log.append(cycle(detector, KICK_OFF + 1, record(match_id="old", home_score=12)))
    log.append(cycle(detector, KICK_OFF + 91 * DAY_S, record(match_id="new")))
    steps = [log.retain(Retention()) for _ in range(6)]
    assert max(steps) <= 5
    assert [one.id for one in log.read(0, 100)] == ["new:match_seen"]
    assert [one.match_id for one in log.states()] == ["new"]
    assert log.extent().newest == 14
    log.close()


def test_above_the_size_the_oldest_matches_go(path: Path) -> None:
    log, _ = opened(path)
    detector = Detector(EventRules())
    for number in range(400):
        log.append(
            cycle(detector, KICK_OFF + number, record(match_id=f"m{number:03}", home_score=number % 9))
        )
    size = sqlite_retention.size_of(log._connection)
    assert log.retain(Retention(size=size)) == 0
    log.retain(Retention(size=size // 2))
    kept = [one.match_id for one in log.states()]
    assert kept == [f"m{number:03}" for number in range(400 - len(kept), 400)]
    assert 20 < len(kept) < 240
    assert sqlite_retention.size_of(log._connection) <= size // 2
    log.close()


def test_many_matches_grow_old_in_one_cycle(path: Path) -> None:
    log, _ = opened(path)
    detector = Detector(EventRules())
    log.append(cycle(detector, KICK_OFF, *[record(match_id=f"m{number}") for number in range(300)]))
    log.append(cycle(detector, KICK_OFF + 91 * DAY_S, record(match_id="new")))
    assert log.retain(Retention()) >= 600  # an event and a state each
    assert [one.match_id for one in log.states()] == ["new"]
    log.close()


@pytest.mark.parametrize("at", [KICK_OFF - 400 * DAY_S, KICK_OFF + 1])
def test_a_clock_that_is_set_back_removes_nothing(path: Path, at: float) -> None:
    filled(path)
    log, _ = opened(path)
    detector = Detector(EventRules(), log.states())
    log.append(cycle(detector, at, record(match_id="m0000", home_score=1)))
    log.retain(Retention())
    assert len(log.read(0, 10)) == 2
    log.close()


def test_price_retention_uses_its_index(path: Path) -> None:
    log, _ = opened(path)
    statement = f"SELECT seq FROM event WHERE {sqlite_retention._PRICES} AND at < 1 ORDER BY at LIMIT 5"
    [plan] = log._query(f"EXPLAIN QUERY PLAN {statement}")
    assert "event_price" in plan[3]
    log.close()


# kill -9


def test_a_writer_that_is_killed_at_200_instants_leaves_no_gap_and_no_event_out(path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_writer", str(path), "200"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": "."},
    )
    cycles, *complaints = killed.stdout.splitlines() or ["0"]
    assert (complaints, killed.stderr, killed.returncode) == ([], "", 0)
    assert int(cycles) > 200


def test_a_backup_of_a_file_that_is_written_is_whole(path: Path) -> None:
    log, _ = opened(path)
    detector = Detector(EventRules())
    stop = threading.Event()

    def write() -> None:
        for score in range(1, 99):
            log.append(cycle(detector, KICK_OFF + 10 * score, record(home_score=score)))
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    copies = 0
    while not stop.is_set():
        copy = path.with_name(f"copy{copies}.db")
        reader = opened_for_reading(path)
        reader.backup(copy)
        reader.close()
        copies += 1
    writer.join()
    log.close()
    assert copies > 1
    for number in range(copies):
        backup, aside = opened(path.with_name(f"copy{number}.db"))
        assert aside is None
        assert backup._query("PRAGMA integrity_check") == [("ok",)]
        assert [one.sequence for one in backup.read(0, 1000)] == list(range(1, backup.extent().newest + 1))
        backup.close()


@pytest.mark.parametrize("digits", ["1e999999", "00000012", "12345678", "deadbeef"])
def test_an_epoch_that_looks_like_a_number_is_kept_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: str
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: digits)
    for _ in range(2):
        log, _ = opened(tmp_path / "footy.db")
        assert log.extent().epoch == digits
        log.close()
