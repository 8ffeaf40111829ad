"""footy where its surroundings are not what they should be: streams closed, files full of rubbish."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.errors import Exit
from tests.support.place import SECRET, Finished, Place, complaints
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

FOOTY = f"{shlex.quote(sys.executable)} -m footy"


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=2, odds="light", secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def live(tmp_path: Path, vendor: RunningSimulator) -> Iterator[Place]:
    with Place(tmp_path) as place:
        place.ask(vendor)
        yield place


def in_shell(place: Place, command: str) -> Finished:
    return place.run_program("bash", "-c", command)


@pytest.mark.parametrize("call", ["--once >&-", "--once --json >&-", "--once 2>&-", "--once <&- >&- 2>&-"])
def test_closed_streams_go_nowhere(live: Place, call: str) -> None:
    finished = in_shell(live, f"{FOOTY} {call}")

    assert finished.returncode == Exit.OK
    assert complaints(finished) == []
    assert live.files.matches.stat().st_size > 1000
    assert "ERROR" not in live.files.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["health", "status"])
def test_what_an_encoding_lacks_is_a_question_mark(live: Place, command: str) -> None:
    live.set(PYTHONIOENCODING="ascii")
    finished = live.run(command)

    assert finished.returncode == Exit.UNHEALTHY
    assert finished.stdout.startswith("Pipeline is not running ? data folder /")
    assert finished.stderr == ""


def test_a_terminal_of_no_width_shows_the_board_all_the_same(live: Place) -> None:
    live.set(COLUMNS=0)
    assert len(live.run("--once").stdout.splitlines()) > 3


def test_a_current_folder_that_is_gone_is_said_in_one_line(live: Place) -> None:
    finished = in_shell(live, f"mkdir gone && cd gone && rmdir ../gone && {FOOTY} --once")

    assert finished.returncode == Exit.CONFIG
    assert complaints(finished) == ["footy: The current folder was deleted: change to one that exists."]


@pytest.mark.parametrize(
    "rubbish", [b'{"odds/history\xff":[1]}', b"[" * 100_000, b"\x00", b'{"odds/history":[1e999]}']
)
def test_rubbish_for_what_was_spent_is_left(live: Place, rubbish: bytes) -> None:
    live.files.folder.mkdir()
    live.files.quota.write_bytes(rubbish)
    finished = live.run("--once")

    assert (finished.returncode, complaints(finished)) == (Exit.OK, [])


@pytest.mark.parametrize("pid", ["-1", "99999999999999999999"])
def test_a_pid_file_of_rubbish_names_nobody(live: Place, pid: str) -> None:
    live.files.folder.mkdir()
    live.files.pid.write_text(f"{pid}\nnan\nservice\n", encoding="ascii")
    for command in ("health", "stop"):
        finished = live.run(command)
        assert finished.stderr == ""
        assert "not running" in finished.stdout


@pytest.mark.parametrize("rubbish", [b"", b'"\xff"', b"[" * 100_000])
def test_a_heartbeat_of_rubbish_is_none(live: Place, rubbish: bytes) -> None:
    service = live.begin_service()
    live.files.heartbeat.write_bytes(rubbish)
    finished = live.run("health")

    assert (finished.returncode, finished.stderr) == (Exit.UNHEALTHY, "")
    assert "it has not written a heartbeat yet" in finished.stdout
    assert service.poll() is None


def test_a_service_whose_folder_was_replaced_leaves_it_to_the_next(live: Place) -> None:
    first = live.begin_service()
    live.files.folder.rename(live.folder / "aside")  # at once: the service writes there meanwhile
    second = live.begin_service()

    assert first.wait(timeout=10) == Exit.LOCKED
    assert f"now belongs to PID {second.pid}" in first.communicate()[1]
    assert f"(PID: {second.pid})" in live.run("health").stdout
    assert second.poll() is None
