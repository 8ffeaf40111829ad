"""What a cycle's events become in the log: restarts, filters, clocks, results, and a file that fails."""

import contextlib
import logging
import os
import re
import resource
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from footy.clock import CLOCK
from footy.events import EventRules
from footy.events.detector import Detector
from footy.history import Commit, LogError, Position, Retention, migrations
from footy.history.log import UnknownCommitError
from footy.history.place import FilePlace, WriterPlace, WrittenLog
from footy.history.sqlite_log import SqliteLog, opened, opened_for_reading
from footy.mirror.state import State
from footy.pipeline.cycle import CycleResult
from footy.record import MatchRecord
from footy.service.indicators import Level, Reading
from footy.service.recorder import Keeping, Recorder, last_position
from footy.service.results import FIRST_PAUSE_S, LAST_PAUSE_S, ResultReader
from footy.thesports import endpoints
from footy.thesports.errors import (
    NoSuchRowError,
    OutOfTimeError,
    QuotaSpentError,
    RefusedError,
    StoppedError,
    VendorCodeError,
    VendorError,
)
from footy.thesports.models import LiveMatch, LiveScore, SideScore
from footy.thesports.request import Answer, Request
from footy.thesports.retry_budget import RetryBudget
from tests.events.watch import KICK_OFF, record

DAY_S = 86_400.0
NOBODY = 65534
KEEPING = Keeping(EventRules(), Retention())


class Vendor:
    """Answers of `match/live/history`, by match id; nothing is kept of any other."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer[object]] = {}
        self.asked: list[str] = []

    def ask(self, request: Request, budget: RetryBudget) -> Answer[object]:
        del budget
        self.asked.append(request.id)
        return self.answers.get(request.id, Answer(request, error=NoSuchRowError("nothing is kept of it")))


class Service:
    """A recorder with its file, started again as often as a test wants."""

    def __init__(self, path: Path, *, keeping: Keeping = KEEPING, place: WriterPlace | None = None) -> None:
        self.path = path
        self.place = place
        self.keeping = keeping
        self.now = KICK_OFF
        self.vendor = Vendor()
        self.vendor_ahead_s = 0.0
        self.written: Position | None = None
        self.clock_step_s = 0.0
        """How far the clock is ahead of that of whoever wrote before."""
        self.recorder = self.started()

    def started(self, *, knows: bool = True) -> Recorder:
        """Start; an earlier process's position is known unless its heartbeat is lost."""
        self.results = ResultReader(self.vendor)
        self.recorder = Recorder(
            self.place or FilePlace(self.path),
            self.keeping,
            self.results,
            written=self.written if knows else None,
            vendor_ahead_s=lambda: self.vendor_ahead_s,
            clock_step_s=self.clock_step_s,
        )
        self.recorder.start(self.now, "live")
        return self.recorder

    def stops(self) -> None:
        self.written = self.recorder.position
        self.recorder.close()

    def restarts(self, after_s: float = 10.0, *, knows: bool = True) -> None:
        self.stops()
        self.now += after_s
        self.started(knows=knows)

    def cycle(
        self,
        *records: MatchRecord,
        listed: Collection[str] | None = (),
        undecided: Collection[str] = (),
        after_s: float = 10.0,
    ) -> list[str]:
        """Run a cycle with these records; return the ids that it wrote."""
        self.now += after_s
        before = self.newest()
        self.recorder.record(outcome(records, self.now, listed, undecided))
        return self.ids(before)

    def newest(self) -> int:
        with reading(self.path) as log:
            return 0 if log is None else log.extent().newest

    def ids(self, after: int = 0) -> list[str]:
        with reading(self.path) as log:
            return [] if log is None else [one.id for one in log.read(after, 1000) if one.match_id]

    def epoch(self) -> str:
        with reading(self.path) as log:
            assert log is not None
            return log.extent().epoch

    def said(self, event_id: str) -> str:
        with reading(self.path) as log:
            assert log is not None
            [found] = [one for one in log.read(0, 1000) if one.id == event_id]
        return found.data.decode()


@contextlib.contextmanager
def reading(path: Path) -> Iterator[SqliteLog | None]:
    """Read the log as another process does; None if it cannot be opened now."""
    try:
        log = opened_for_reading(path)
    except LogError:
        yield None
        return
    with contextlib.closing(log):
        yield log


def outcome(
    records: Collection[MatchRecord],
    at: float,
    listed: Collection[str] | None = (),
    undecided: Collection[str] = (),
) -> CycleResult:
    """Return what a cycle came to; the records' matches are listed, and those named."""
    ids = {one["match_id"] for one in records} | set(listed or ())
    state = State(matches=dict.fromkeys(ids, cast("Any", None)), fetched_at=at)
    return CycleResult(
        state,
        {"meta": cast("Any", {}), "matches": list(records)},
        None,
        {},
        RetryBudget(0.0),
        dict.fromkeys(undecided, cast("Any", None)),
        is_listed=listed is not None,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "footy.db"


@pytest.fixture
def service(path: Path) -> Iterator[Service]:
    service = Service(path)
    yield service
    service.recorder.close()


# --- cycles and restarts


def test_events_are_in_the_log_after_the_cycle(service: Service) -> None:
    assert service.cycle(record(match_id="a")) == ["a:match_seen"]
    assert service.cycle(record(match_id="a", home_score=1)) == ["a:goal:home:1"]
    assert service.recorder.position == Position(service.epoch(), 3)
    assert service.recorder.problem is None


def test_a_start_is_an_event_of_its_own(service: Service) -> None:
    service.restarts()
    with reading(service.path) as log:
        assert log is not None
        events = log.read(0, 10)
    assert [one.type for one in events] == ["service_started", "service_started"]
    assert events[0].id == f"footy:service_started:{round(KICK_OFF * 1000)}:1"
    assert b'"mode":"live"' in events[0].data


def test_an_indicator_that_changed_is_an_event_with_the_next_cycle(service: Service) -> None:
    slow = {"cycle": Reading(Level.WARNING, "total cycle time 20.00 s of 60 s")}
    service.recorder.note_indicators({}, slow)
    service.recorder.note_indicators(slow, slow)
    service.cycle()
    with reading(service.path) as log:
        assert log is not None
        _, changed = log.read(0, 10)
    assert changed.id == f"footy:indicator_changed:{round(KICK_OFF * 1000)}:2"
    assert b'"after":"warning: total cycle time 20.00 s of 60 s"' in changed.data


@pytest.mark.parametrize(("away_s", "late"), [(20.0, "false"), (DAY_S, "true")])
def test_a_restart_goes_on_where_the_log_ends(service: Service, away_s: float, late: str) -> None:
    service.cycle(record(match_id="a"), record(match_id="b", status_id=1))
    for _ in range(9):
        service.cycle(record(match_id="a"), record(match_id="b", status_id=1))
    service.restarts(away_s)
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="b", status_id=2)) == [
        "a:goal:home:1",
        "b:kickoff:1",
    ]
    for event_id in ("a:goal:home:1", "b:kickoff:1"):
        assert f'"late":{late}' in service.said(event_id)


def test_a_match_that_comes_back_to_the_list_is_no_new_one(service: Service) -> None:
    service.cycle(record(match_id="a", status_id=1))
    for _ in range(3):
        service.cycle(record(match_id="b"))
    assert service.cycle(record(match_id="a", status_id=2)) == ["a:kickoff:1"]
    assert '"late":false' in service.said("a:kickoff:1")  # 40 s


def test_a_match_that_left_is_judged_by_the_list_and_not_by_the_filters(service: Service) -> None:
    service.cycle(record(match_id="a"), record(match_id="b"), record(match_id="c"))
    service.restarts()
    found = [
        one
        for _ in range(30)
        for one in service.cycle(record(match_id="c"), listed=["b", "c"], undecided=["c"])
    ]
    assert found == ["a:match_left:1"]
    for _ in range(30):  # b was filtered out while it was listed: it is forgotten, and has not left
        assert service.cycle(record(match_id="c")) == []


def test_a_match_of_which_it_is_unknown_whether_it_is_wanted_stays_in_memory(service: Service) -> None:
    service.cycle(record(match_id="a"))
    service.cycle(listed=["a"], undecided=["a"])
    assert [one for _ in range(30) for one in service.cycle()] == ["a:match_left:1"]


def test_a_list_that_was_not_read_says_nothing_of_absence(service: Service) -> None:
    service.cycle(record(match_id="a"))
    for _ in range(30):
        assert service.cycle(listed=None) == []


def test_what_is_over_is_not_held_in_memory(service: Service) -> None:
    service.cycle(*[record(match_id=f"m{number}", status_id=1) for number in range(50)])
    for _ in range(8):
        service.cycle(record(match_id="m0", status_id=1))
    assert service.recorder._detector is not None
    assert list(service.recorder._detector.states()) == ["m0"]


# --- the machine's clock


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, 10 * 365 * DAY_S])
def test_a_clock_that_is_set_neither_hastens_nor_delays_anything(
    service: Service, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    service.cycle(record(match_id="a"), record(match_id="b", home_score=1))
    assert service.cycle(record(match_id="a"), record(match_id="b", home_score=0)) == []
    monkeypatch.setattr(CLOCK, "_offset", step_s)
    service.now += step_s
    service.vendor_ahead_s = -step_s
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="b", home_score=0)) == [
        "a:goal:home:1",
        "b:goal_cancelled:home:1:1",
    ]
    assert '"late":false' in service.said("a:goal:home:1")
    service.restarts()
    later = record(match_id="a", home_score=2), record(match_id="b", home_score=0)
    assert service.cycle(*later) == ["a:goal:home:2"]
    assert '"late":false' in service.said("a:goal:home:2")
    assert len(service.ids()) == 5  # none grew old by the step


def test_a_start_after_the_clock_was_set_back_waits_for_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.cycle(record(match_id="a", home_score=1))
    service.cycle(record(match_id="a", home_score=0))
    monkeypatch.setattr(CLOCK, "_offset", service.now - DAY_S - time.time())
    service.restarts(-DAY_S)
    assert service.cycle(record(match_id="a", home_score=0)) == ["a:goal_cancelled:home:1:1"]


class SharedPlace(FilePlace):
    """A log that several machines write in turn; the first commit may fail, or only its answer get lost."""

    is_shared = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.failure: LogError | None = None

    def open(self) -> tuple[WrittenLog, Path | None]:
        log, aside = super().open()
        append = log.append

        def fails(commit: Commit) -> int:
            failure, self.failure = self.failure, None
            if isinstance(failure, UnknownCommitError):
                append(commit)
            if failure is not None:
                raise failure
            return append(commit)

        log.append = fails  # type: ignore[method-assign]
        return log, aside


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
@pytest.mark.parametrize(
    "failure", [None, LogError("it is down"), UnknownCommitError("its answer was lost")], ids=str
)
def test_a_machine_with_another_clock_goes_on_as_if_it_had_been_there(
    path: Path, monkeypatch: pytest.MonkeyPatch, step_s: float, failure: LogError | None
) -> None:
    place = SharedPlace(path)
    service = Service(path, place=place)
    service.cycle(record(match_id="a"), record(match_id="b", home_score=1), record(match_id="c"))
    service.cycle(record(match_id="a"), record(match_id="b", home_score=0), record(match_id="c"))
    place.failure, service.clock_step_s = failure, step_s
    monkeypatch.setattr(CLOCK, "_offset", service.now + step_s + 5 - time.time())
    service.restarts(step_s)
    first = record(match_id="a", home_score=1), record(match_id="b", home_score=0), record(match_id="c")
    written = service.cycle(*first)
    assert written == ["a:goal:home:1", "b:goal_cancelled:home:1:1"]
    assert '"late":false' in service.said("b:goal_cancelled:home:1:1")
    again = record(match_id="b", home_score=1)
    assert service.cycle(again) == [], "a goal after one that was cancelled waits for a second list"
    assert service.cycle(again) == ["b:goal:home:1:2"]
    service.stops()


def test_a_machine_ten_years_ahead_removes_nothing(path: Path) -> None:
    service = Service(path)
    service.cycle(record(match_id="a", status_id=1))
    service.stops()
    service.now += 10 * 365 * DAY_S
    service.vendor_ahead_s = -10 * 365 * DAY_S
    service.started()
    service.cycle(record(match_id="b"))
    service.cycle(record(match_id="b"))
    assert service.ids() == ["a:match_seen", "b:match_seen"]
    service.stops()


# --- a file that fails


def is_documented(problem: str | None) -> bool:
    """Check whether the operator finds these words in the manual."""
    page = Path(__file__).parents[2] / "docs" / "operations.md"
    lines = re.findall(r"`(The log footy\.db [^`]+)`", page.read_text(encoding="utf-8"))
    patterns = [".*".join(map(re.escape, line.split("…"))) for line in lines]
    return any(re.match(pattern, problem or "") for pattern in patterns)


@contextlib.contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file grow: to a writer this is what a full disk is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = max(one.stat().st_size for one in path.parent.glob("footy.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Put the file back by somebody else, for whom alone it is to be written."""
    content = path.read_bytes()
    for file in path.parent.glob("footy.db*"):
        file.unlink()
    path.write_bytes(content)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    user = os.geteuid()
    if user == 0:  # who may write everything
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        path.parent.chmod(0o755)
        path.chmod(0o644)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (full_disk, "The log footy.db cannot be written: "),
        (read_only, "The log footy.db cannot be "),
        (locked, "The log footy.db cannot be written: database is locked"),
    ],
)
def test_what_cannot_be_written_now_is_written_once_it_can_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Any, words: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    tmp_path.chmod(0o755)
    service = Service(folder / "footy.db")
    many = [record(match_id=f"m{number:03}") for number in range(100)]
    scored = [record(match_id=f"m{number:03}", home_score=1) for number in range(100)]
    service.cycle(*many)
    epoch = service.epoch()
    caplog.clear()
    if fault is read_only:
        service.stops()
    with fault(service.path):
        if fault is read_only:
            service.started()
        for _ in range(2):
            service.cycle(*scored)
        problem = service.recorder.problem
    assert problem is not None
    assert problem.startswith(words)
    assert is_documented(problem)
    assert problem.endswith("; what happens meanwhile is written as soon as it can be")
    if fault is read_only:
        service.restarts()
    found = service.cycle(*scored, after_s=100.0)
    assert found == [f"m{number:03}:goal:home:1" for number in range(100)]
    assert '"late":true' in service.said("m000:goal:home:1")
    assert service.recorder.problem is None
    assert service.epoch() == epoch
    said = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert said == [problem]  # once, though two cycles failed
    service.stops()


def test_an_event_that_is_in_the_log_already_is_not_written_twice(service: Service) -> None:
    service.cycle(record(match_id="a"))
    log, _ = opened(service.path)  # as if a commit had reached the disk whose outcome was an error
    detector = Detector(EventRules(), log.states(), listed_at=log.listed_at())
    found = detector.detect([record(match_id="a", home_score=1)], service.now + 10)
    log.append(Commit(service.now + 10, found.changed, found.events, ["a"]))
    log.close()
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="b")) == []
    assert service.recorder.problem is not None
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="b")) == ["b:match_seen"]
    assert service.cycle(record(match_id="a", home_score=2), record(match_id="b")) == ["a:goal:home:2"]
    assert service.recorder.problem is None


def test_a_broken_file_is_set_aside_at_the_start(service: Service) -> None:
    service.cycle(record(match_id="a"))
    epoch = service.epoch()
    service.stops()
    service.path.write_bytes(b"this is no database" * 1000)
    service.started()
    assert service.recorder.problem is not None
    assert service.recorder.problem.startswith("The log footy.db was damaged: it is kept as footy.db.broken-")
    assert is_documented(service.recorder.problem)
    assert service.cycle(record(match_id="a")) == ["a:match_seen"]
    assert service.epoch() != epoch
    assert len([*service.path.parent.glob("footy.db.broken-*")]) == 1


def test_a_file_that_breaks_under_the_service_costs_no_event(service: Service) -> None:
    service.cycle(record(match_id="a"), record(match_id="quiet"))
    epoch = service.epoch()
    with contextlib.closing(sqlite3.connect(service.path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(service.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    service.path.write_bytes(content)
    service.cycle(record(match_id="a", home_score=1), record(match_id="quiet"))
    assert service.recorder.problem is not None
    assert "was damaged: it is kept as footy.db.broken-" in service.recorder.problem
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="quiet")) == ["a:goal:home:1"]
    assert service.epoch() != epoch
    service.restarts()  # and the new file knows the match in which nothing has happened since
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="quiet")) == []


def test_a_file_of_a_newer_version_is_left_alone(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.cycle(record(match_id="a"))
    service.stops()
    with contextlib.closing(sqlite3.connect(service.path)) as other:
        other.execute(f"PRAGMA user_version = {migrations.VERSION + 1}")
    content = service.path.read_bytes()
    caplog.clear()
    service.started()
    for _ in range(3):
        service.cycle(record(match_id="a", home_score=1))
    assert service.recorder.problem == (
        "The log footy.db was written by a newer version of footy: "
        "no events are written; install that version, or move the file away"
    )
    assert is_documented(service.recorder.problem)
    assert [one.getMessage() for one in caplog.records] == [service.recorder.problem]
    service.recorder.confirm_results(1.0)
    service.stops()
    assert service.path.read_bytes() == content


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_deleted_under_the_service_is_made_anew(service: Service, replaced: bool) -> None:
    service.cycle(record(match_id="a"), record(match_id="quiet"))
    epoch = service.epoch()
    if replaced:
        beside = service.path.with_name("other.db")
        log, _ = opened(beside)
        log.close()
        beside.replace(service.path)
    else:
        service.path.unlink()
    for suffix in ("-wal", "-shm"):
        service.path.with_name(f"footy.db{suffix}").unlink()
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="quiet")) == ["a:goal:home:1"]
    assert service.epoch() != epoch
    service.restarts()
    assert service.cycle(record(match_id="a", home_score=1), record(match_id="quiet")) == []


# --- backups


def test_a_backup_put_in_the_files_place_gets_a_new_epoch_and_goes_on(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.cycle(record(match_id="a"))
    with reading(service.path) as log:
        assert log is not None
        log.backup(service.path.with_name("copy.db"))
    epoch = service.epoch()
    service.cycle(record(match_id="a", home_score=1))
    service.stops()
    shutil.copyfile(service.path.with_name("copy.db"), service.path)
    service.started()
    assert service.epoch() != epoch
    assert is_documented(caplog.records[-1].getMessage())
    assert "is not the one written last: it has a new epoch" in caplog.text
    assert service.cycle(record(match_id="a", home_score=1)) == ["a:goal:home:1"]
    again = service.epoch()
    service.restarts()
    assert service.epoch() == again


def test_a_backup_from_another_machine_gets_a_new_epoch(service: Service) -> None:
    service.cycle(record(match_id="a"))
    epoch = service.epoch()
    service.restarts(knows=False)
    assert service.epoch() != epoch


def test_a_kill_between_the_log_and_the_heartbeat_keeps_the_epoch(service: Service) -> None:
    service.cycle(record(match_id="a"))
    epoch, known = service.epoch(), service.recorder.position
    service.cycle(record(match_id="a", home_score=1))
    service.stops()
    service.written = known
    service.started()
    assert service.epoch() == epoch
    assert service.cycle(record(match_id="a", home_score=1)) == []


@pytest.mark.parametrize("text", [None, "", "nonsense", "9f3a01c7"])
def test_a_position_that_cannot_be_read_is_none(text: str | None) -> None:
    assert last_position(text) is None
    assert last_position("9f3a01c7-12") == Position("9f3a01c7", 12)


# --- what stops nothing else


def test_a_bug_in_the_detection_is_logged_and_the_next_cycle_goes_on(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service.cycle(record(match_id="a"))
    with monkeypatch.context() as broken:
        broken.setattr(Detector, "detect", lambda *_, **__: 1 / 0)
        service.cycle(record(match_id="a", home_score=1))
        assert service.recorder.problem is not None
        assert service.recorder.problem.endswith("ZeroDivisionError, see the log")
    assert "Traceback" in caplog.text
    assert service.cycle(record(match_id="a", home_score=1)) == ["a:goal:home:1"]
    assert service.recorder.problem is None


# --- results


def ended(service: Service, match_id: str = "a") -> None:
    """Let a match end 2-1, and ten minutes pass."""
    service.cycle(record(match_id=match_id, home_score=2, away_score=1))
    last = record(match_id=match_id, home_score=2, away_score=1, status_id=8)
    service.cycle(last)
    for _ in range(6):
        service.cycle(last, after_s=100.0)


def confirm(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what is done between two cycles, and wait for it."""
    monkeypatch.setattr(CLOCK, "uptime", lambda: service.now)
    service.recorder.confirm_results(10.0)
    if service.results._running is not None:
        service.results._running.result(10)


def final(match_id: str, home: int = 2, away: int = 1) -> Answer[object]:
    sides = SideScore(home, 1), SideScore(away, 1)
    match = LiveMatch(match_id, LiveScore(match_id, 8, *sides))
    return Answer(Request(endpoints.FINAL, match_id), match, 1.0)


def test_a_match_that_is_over_for_ten_minutes_is_read_once_and_gets_its_result(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(service)
    service.vendor.answers["a"] = final("a")
    confirm(service, monkeypatch)
    assert service.cycle() == ["a:result"]
    said = service.said("a:result")
    assert '"score":{"home":2,"away":1}' in said
    assert '"half_time":{"home":1,"away":1}' in said
    assert '"confirmed":true' in said
    confirm(service, monkeypatch)
    assert service.vendor.asked == ["a"]
    assert service.recorder._detector is not None
    assert service.recorder._detector.states() == {}


def test_a_match_that_ended_while_footy_was_away_gets_its_result(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.cycle(record(match_id="a", home_score=2, away_score=1))
    service.restarts(DAY_S)
    found = [one for _ in range(90) for one in service.cycle(record(match_id="other"))]
    assert found == ["other:match_seen", "a:match_left:1"]
    service.vendor.answers["a"] = final("a", home=3)
    confirm(service, monkeypatch)
    assert service.cycle() == ["a:full_time:1", "a:score_corrected:1", "a:result"]
    assert '"late":true' in service.said("a:full_time:1")


def test_what_the_account_may_not_read_is_a_result_that_is_not_confirmed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(service)
    service.vendor.answers["a"] = Answer(
        Request(endpoints.FINAL, "a"), error=RefusedError("no", "endpoint", confirmed_refusal=True)
    )
    confirm(service, monkeypatch)
    assert service.cycle() == ["a:result"]
    assert '"confirmed":false' in service.said("a:result")


def test_one_refusal_is_not_believed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(service)
    service.vendor.answers["a"] = Answer(Request(endpoints.FINAL, "a"), error=RefusedError("no", "endpoint"))
    confirm(service, monkeypatch)
    assert service.cycle() == []
    service.vendor.answers["a"] = final("a")
    confirm(service, monkeypatch)
    assert service.cycle() == ["a:result"]


@pytest.mark.parametrize("error", [QuotaSpentError("spent"), OutOfTimeError("late"), StoppedError("stop")])
def test_what_stops_all_requests_leaves_the_rest_for_the_next_cycle(
    service: Service, monkeypatch: pytest.MonkeyPatch, error: VendorError
) -> None:
    for match_id in ("a", "b"):
        ended(service, match_id)
    service.vendor.answers["a"] = Answer(Request(endpoints.FINAL, "a"), error=error)
    confirm(service, monkeypatch)
    assert service.vendor.asked == ["a"]
    service.vendor.answers |= {"a": final("a"), "b": final("b")}
    confirm(service, monkeypatch)
    assert service.cycle() == ["a:result", "b:result"]


@pytest.mark.parametrize("error", [VendorCodeError("the vendor answers code 7"), NoSuchRowError("none")])
def test_a_match_that_cannot_be_read_is_asked_for_later_and_holds_up_no_other(
    service: Service, monkeypatch: pytest.MonkeyPatch, error: VendorError
) -> None:
    for match_id in ("a", "b"):
        ended(service, match_id)
    service.vendor.answers |= {"a": Answer(Request(endpoints.FINAL, "a"), error=error), "b": final("b")}
    confirm(service, monkeypatch)
    assert service.cycle() == ["b:result"]
    confirm(service, monkeypatch)
    assert service.vendor.asked == ["a", "b"]
    service.now += FIRST_PAUSE_S
    confirm(service, monkeypatch)
    assert service.vendor.asked == ["a", "b", "a"]


def test_a_match_of_which_nothing_is_kept_gets_a_result_after_three_tries(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(service)
    for pause_s in (FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, LAST_PAUSE_S):
        confirm(service, monkeypatch)
        service.now += pause_s
    assert service.cycle() == ["a:result"]
    assert service.vendor.asked == ["a"] * 3


def test_a_result_that_could_not_be_written_is_written_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(service)
    service.vendor.answers["a"] = final("a")
    confirm(service, monkeypatch)
    with locked(service.path):
        assert service.cycle() == []
    assert service.cycle() == ["a:result"]
    assert service.vendor.asked == ["a"]
