"""What `check` tells a service in the same data folder: ask again now for what was refused."""

import datetime as dt
from pathlib import Path

import pytest
import pytz
from apscheduler.schedulers.background import BackgroundScheduler

from footy.service import check_note, schedule
from footy.service.app import running_app
from footy.service.check_note import CheckNote
from footy.service.heartbeat import HeartbeatFile
from footy.service.paths import Files
from footy.settings import Mode, load
from footy.thesports.endpoints import ODDS, TEAM
from footy.thesports.errors import RefusedError
from tests.support.place import SECRET, Place, heartbeat, wait_until
from tests.support.simulators import start

NOT_IN_PLAN = RefusedError("the endpoint is not authorized", "endpoint")
SETTINGS = load({"THESPORTS_USER": "user", "THESPORTS_SECRET": SECRET}, Path("absent")).settings


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_note_is_taken_once_and_is_gone(files: Files) -> None:
    notes = CheckNote(files)
    assert notes.take() is None

    check_note.leave(files, ["odds/history"])

    assert notes.take() == ["odds/history"]
    assert not files.check.exists()
    assert notes.take() is None
    check_note.leave(files, [])
    assert notes.take() == []


@pytest.mark.parametrize("content", [b"", b"null", b"\xff", b'{"answered": [1]}', b"[" * 100_000])
def test_a_note_that_cannot_be_read_is_one_all_the_same(files: Files, content: bytes) -> None:
    files.check.write_bytes(content)

    assert CheckNote(files).take() == []


def test_a_note_that_cannot_be_removed_is_not_taken_again(files: Files) -> None:
    files.check.mkdir()
    notes = CheckNote(files)

    assert notes.take() == []
    assert notes.take() is None


def test_no_note_is_left_where_footy_has_never_run(files: Files) -> None:
    nowhere = Files(files.folder / "var")

    check_note.leave(nowhere, [])

    assert not nowhere.folder.exists()


def test_a_start_knows_what_a_check_found_before_it(files: Files) -> None:
    heartbeat_file = HeartbeatFile(files, started_at=1.0, interval_s=60, mode="live")
    heartbeat_file.note(not_in_plan=[ODDS, TEAM])
    heartbeat_file.write()
    check_note.leave(files, [ODDS.path])

    with running_app(SETTINGS, Mode.LIVE, files) as app:
        assert app.transport.breaker.not_in_plan() == [TEAM]


@pytest.mark.parametrize(
    ("refused", "interval_s", "within_s"), [(True, 300, 60), (True, 30, 30), (False, 300, 300)]
)
def test_the_next_cycle_is_within_a_minute_if_something_is_refused(
    files: Files, refused: bool, interval_s: float, within_s: float
) -> None:
    with running_app(SETTINGS, Mode.LIVE, files) as app:
        for _ in range(3 if refused else 0):
            app.transport.breaker.refused(ODDS, NOT_IN_PLAN)
        scheduler = BackgroundScheduler(timezone=pytz.utc)
        scheduler.add_job(print, "interval", id=schedule.CYCLE, seconds=interval_s)
        scheduler.start()
        try:
            schedule.retry_refused(app, scheduler, [])
            left = scheduler.get_job(schedule.CYCLE).next_run_time - dt.datetime.now(pytz.utc)
        finally:
            scheduler.shutdown()

    assert within_s - 15 < left.total_seconds() <= within_s


def test_after_a_check_a_running_service_has_at_once_what_was_refused(tmp_path: Path) -> None:
    with (
        start(matches=3, odds="light", secret=SECRET, speed=0, faults=["err_url@odds/history"]) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2) as place,
    ):
        place.ask(vendor)
        service = place.begin_service()
        wait_until(lambda: heartbeat(place.files, service.pid)["not_in_plan"] == ["odds/history"])
        vendor.control.clear_faults()  # as when the plan is extended; the next try is a minute away

        assert "every endpoint that footy uses is in its plan" in place.run("check").stdout

        wait_until(lambda: heartbeat(place.files, service.pid)["not_in_plan"] == [])
        wait_until(lambda: b'"odds_source":"refused"' not in place.files.matches.read_bytes())
        assert not place.files.check.exists()
        assert "asking again for what was refused: odds/history" in place.files.log.read_text("utf-8")
