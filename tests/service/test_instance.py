"""Who owns a data folder, and whether they are well: the lock, the PID file, the heartbeat."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from filelock import FileLock

from footy.errors import CannotWriteError, LockedError
from footy.files import remove_leftovers
from footy.service.health import health
from footy.service.lock import Role, locked, owner, running_owner
from footy.service.paths import Files, prepare_folder
from footy.service.status import lines
from footy.times import moment_text

NOW = 1_750_000_000.0
ME = psutil.Process()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process that lives and is not footy's."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield psutil.Process(child.pid)
    child.kill()
    child.communicate()


def note_owner(files: Files, pid: int, started_at: float, doing: Role = Role.SERVICE) -> None:
    files.pid.write_text(f"{pid}\n{started_at}\n{doing}\n", encoding="ascii")


def note_success(
    files: Files, age_s: float | None, *, interval_s: float = 60, error: str | None = None, **more: object
) -> None:
    """Write the heartbeat of this very process as the owner; without more, that of an older version."""
    note_owner(files, ME.pid, ME.create_time())
    beat = {
        "pid": ME.pid,
        "started_at": "2025-06-15T12:00:00Z",
        "cycle": 7,
        "last_attempt_at": moment_text(NOW),
        "last_success_at": None if age_s is None else moment_text(NOW - age_s),
        "last_error": error,
        "interval_s": interval_s,
        "mode": "live",
        "indicators": {},
        **more,
    }
    files.heartbeat.write_bytes(msgspec.json.encode(beat))


def line(files: Files) -> str:
    return health(files, demo=False, now=NOW).line


# --- who owns the folder


def test_nobody_owns_an_empty_folder(files: Files) -> None:
    assert running_owner(files) is None


@pytest.mark.parametrize("content", ["", "4711", "4711\n1.0", "one\ntwo\nservice", "1\n1.0\ndancing", "\xff"])
def test_a_pid_file_that_makes_no_sense_names_nobody(files: Files, content: str) -> None:
    files.pid.write_text(content, encoding="latin-1")

    assert owner(files) is None
    assert not health(files, demo=False).well


def test_a_process_that_has_ended_owns_nothing(files: Files, stranger: psutil.Process) -> None:
    note_owner(files, stranger.pid, stranger.create_time())
    assert running_owner(files) is not None

    stranger.kill()
    stranger.wait()

    assert running_owner(files) is None


def test_another_process_with_a_reused_pid_owns_nothing(files: Files, stranger: psutil.Process) -> None:
    note_owner(files, stranger.pid, stranger.create_time() - 3600)

    assert running_owner(files) is None
    assert line(files).startswith("Pipeline is not running")


def test_an_owner_is_known_by_its_lock_after_the_clock_was_set(files: Files) -> None:
    note_owner(files, ME.pid, ME.create_time() - 3600)
    assert running_owner(files) is None

    with FileLock(files.lock):
        assert running_owner(files) is not None


def test_the_lock_is_held_and_the_pid_file_written_by_the_owner_alone(files: Files) -> None:
    with locked(files, Role.SERVICE) as me:
        assert owner(files) == me
        assert (me.pid, me.doing) == (os.getpid(), Role.SERVICE)
        with pytest.raises(LockedError, match=f"PID {me.pid} holds"), locked(files, Role.ONCE):
            pass
        assert owner(files) == me

    assert not files.pid.exists()
    assert files.lock.exists()


def test_a_lock_that_nobody_put_a_name_to_is_respected(files: Files) -> None:
    with FileLock(files.lock), pytest.raises(LockedError, match="another process"), locked(files, Role.ONCE):
        pass


def test_the_owner_clears_what_killed_writers_left(files: Files) -> None:
    half = files.folder / ".matches.json.abc.tmp"
    half.write_text("{", encoding="utf-8")

    with locked(files, Role.SERVICE):
        assert not half.exists()


def test_whoever_does_not_get_the_lock_clears_nothing(files: Files) -> None:
    being_written = files.folder / ".matches.json.abc.tmp"

    with locked(files, Role.SERVICE):
        being_written.write_text("{", encoding="utf-8")
        prepare_folder(files.folder)
        with pytest.raises(LockedError), locked(files, Role.ONCE):
            pass

        assert being_written.exists()


def test_a_second_instance_can_look_at_the_folder_while_the_owner_clears_it(files: Files) -> None:
    over = threading.Event()

    def clear() -> None:
        while not over.is_set():
            remove_leftovers(files.folder)

    clearing = threading.Thread(target=clear)
    clearing.start()
    try:
        for _ in range(300):
            prepare_folder(files.folder)
    finally:
        over.set()
        clearing.join()


def test_a_folder_is_made_with_all_above_it(files: Files) -> None:
    prepare_folder(files.folder / "a" / "b")

    assert list((files.folder / "a" / "b").iterdir()) == []


def test_a_folder_below_a_file_cannot_be_written(files: Files) -> None:
    (files.folder / "file").write_text("", encoding="utf-8")

    with pytest.raises(CannotWriteError, match="set FOOTY_DATA_DIR"):
        prepare_folder(files.folder / "file" / "var")


# --- whether it is well


def test_a_recent_success_is_well(files: Files) -> None:
    note_success(files, 59)

    judged = health(files, demo=False, now=NOW)

    assert judged.well
    assert judged.line == f"Pipeline is running (PID: {ME.pid}) – data folder {files.folder}"


def test_the_demo_says_so(files: Files) -> None:
    note_success(files, 1)

    assert f"(PID: {ME.pid}) (demo)" in health(files, demo=True, now=NOW).line


@pytest.mark.parametrize(
    ("interval_s", "age_s", "well"),
    [(60, 179, True), (60, 181, False), (2, 179, True), (2, 181, False), (300, 899, True), (300, 901, False)],
)
def test_a_success_is_old_after_three_intervals_or_180_s(
    files: Files, interval_s: float, age_s: float, well: bool
) -> None:
    note_success(files, age_s, interval_s=interval_s)

    assert health(files, demo=False, now=NOW).well is well


def test_an_old_success_is_stale_with_its_age_and_the_last_error(files: Files) -> None:
    note_success(files, 200, error="live list unavailable: HTTP status 503")

    assert line(files).startswith(
        "Pipeline is stale: the last success is 3 min old; last error: live list unavailable"
    )


def test_no_success_at_all_is_stale(files: Files) -> None:
    note_success(files, None, error="HTTP status 503")

    assert "no cycle has succeeded in" in line(files)
    assert "HTTP status 503" in line(files)


def test_the_heartbeat_of_an_earlier_process_is_no_sign_of_life(
    files: Files, stranger: psutil.Process
) -> None:
    note_success(files, 1)
    note_owner(files, stranger.pid, stranger.create_time())

    assert "it has not written a heartbeat yet" in line(files)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b'{"pid": 1}', b'{"pid": "x"}'])
def test_a_heartbeat_that_cannot_be_read_is_no_sign_of_life(files: Files, content: bytes) -> None:
    note_success(files, 1)
    files.heartbeat.write_bytes(content)

    assert "it has not written a heartbeat yet" in line(files)


def test_a_single_cycle_is_no_running_pipeline(files: Files) -> None:
    note_success(files, 1)
    note_owner(files, ME.pid, ME.create_time(), Role.ONCE)

    judged = health(files, demo=False, now=NOW)

    assert not judged.well
    assert f"not running, only a single cycle (PID: {ME.pid})" in judged.line


def test_a_demo_alone_is_no_running_pipeline_and_is_named(files: Files) -> None:
    demo = Files(files.folder / "demo")
    demo.folder.mkdir()
    note_success(demo, 1)

    judged = health(files, demo=False, now=NOW)

    assert not judged.well
    assert judged.line.startswith(f"Pipeline is not running, only a demo in demo/ (PID: {ME.pid}) – data")


ODDS = {"kind": "odds", "matches": 38, "in_play": 39, "since": moment_text(NOW - 300)}
NAMES = {"kind": "names", "matches": 38, "in_play": 39, "since": moment_text(NOW - 300)}
DETAILS = {"kind": "details", "matches": 20, "in_play": 39, "since": moment_text(NOW - 200)}


@pytest.mark.parametrize(
    ("degraded", "words"),
    [
        ([ODDS], "odds missing or old for 38 of 39 matches in play for 5 min"),
        ([ODDS, NAMES], "odds and names missing or old for 38 of 39 matches in play for 5 min"),
        (
            [DETAILS, ODDS, NAMES],
            (
                "details missing or old for 20 of 39 matches in play for 3 min; "
                "odds and names missing or old for 38 of 39 matches in play for 5 min"
            ),
        ),
    ],
)
def test_without_the_data_of_most_matches_it_is_degraded_and_says_so_in_one_line(
    files: Files, degraded: list[dict[str, object]], words: str
) -> None:
    note_success(files, 1, degraded=degraded)

    judged = health(files, demo=False, now=NOW)

    assert not judged.well
    assert judged.line == f"Pipeline is degraded: {words} (PID: {ME.pid}) – data folder {files.folder}"
    assert health(files, demo=False, now=NOW, cycles_only=True).well


def test_an_old_success_comes_before_old_data(files: Files) -> None:
    note_success(files, 200, degraded=[ODDS])

    for cycles_only in (False, True):
        judged = health(files, demo=False, now=NOW, cycles_only=cycles_only)
        assert judged.line.startswith("Pipeline is stale: the last success is 3 min old")


# --- the status


def test_the_status_begins_with_the_health_line(files: Files) -> None:
    assert lines(files, demo=False) == (
        False,
        [f"Pipeline is not running – data folder {files.folder}", "No snapshot has been published here yet."],
    )


def test_the_status_names_the_indicators_that_are_not_normal(files: Files) -> None:
    note_success(files, time.time() - NOW)
    beat = msgspec.json.decode(files.heartbeat.read_bytes())
    beat["indicators"] = {"cycle": "warning: total cycle time 16.20 s of 60 s"}
    files.heartbeat.write_bytes(msgspec.json.encode(beat))

    _, said = lines(files, demo=False)

    assert "Indicator: warning: total cycle time 16.20 s of 60 s" in said


def test_the_status_says_why_the_last_cycle_did_not_succeed_before_that_is_stale(files: Files) -> None:
    note_success(files, NOW - time.time() + 5, error="matches.json could not be written: Is a directory")

    well, said = lines(files, demo=False)

    assert well
    failed, since = said[-1].split("; ")
    assert failed == "Last cycle failed: matches.json could not be written: Is a directory"
    assert re.fullmatch(r"last success \d s ago", since)


def test_the_status_says_nothing_of_what_an_ended_process_measured(files: Files) -> None:
    note_success(files, NOW - time.time(), error="HTTP status 500")
    beat = msgspec.json.decode(files.heartbeat.read_bytes())
    beat["indicators"] = {"cycle": "warning: total cycle time 16.20 s of 60 s"}
    files.heartbeat.write_bytes(msgspec.json.encode(beat))
    files.pid.unlink()

    _, said = lines(files, demo=False)

    assert len(said) == 2


@pytest.mark.parametrize("content", [b"", b'{"meta": {}}', b'{"meta": {"schema": 99}}'])
def test_a_snapshot_that_cannot_be_read_is_said_to_be_that(files: Files, content: bytes) -> None:
    files.matches.write_bytes(content)

    assert "is not a snapshot of this version" in lines(files, demo=False)[1][1]


def test_a_snapshot_that_is_no_file_is_said_to_be_that(files: Files) -> None:
    files.matches.mkdir()

    assert lines(files, demo=False)[1][1] == f"{files.matches} cannot be read (Is a directory)."
