"""The console's writers: once to a stream that may be closed, live to a terminal that may take nothing."""

import errno
import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import pytz

import footy
from footy.errors import CannotWriteError
from footy.outputs.console import LiveConsole, Look, OnceConsole
from footy.outputs.painter import Latest, Painter, write_all
from footy.outputs.progress import Progress
from footy.record import Snapshot, field_names

LOOK = Look(
    odds_format="american",
    timezone=pytz.timezone("America/New_York"),
    statuses=frozenset(range(2, 8)),
    price_max_age_s=900,
)
PATIENCE_S = 5.0
ROOT = Path(footy.__file__).parents[1]


def snapshot(cycle: int = 1, home: str = "Arsenal") -> Snapshot:
    match: dict[str, Any] = dict.fromkeys(field_names()) | {
        "match_id": "m",
        "status_id": 4,
        "status": "Second half",
    }
    match |= {"clock": "67'", "in_play": True, "home": home, "away": "Chelsea", "live_source": "fresh"}
    meta = {
        "mode": "live",
        "cycle": cycle,
        "fetched_at": "2025-09-27T18:03:07Z",
        "published_at": "2025-09-27T18:03:12Z",
        "counts": {"live": 1, "in_play": 1, "status": {"4": 1}},
        "timings": {"total": 5.44},
        "problems": [],
    }
    return cast("Snapshot", {"meta": meta, "matches": [match]})


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Screen:
    """What was written to a terminal; a test can wait for it, and can block it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reached = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()

    def write(self, content: bytes) -> None:
        self.reached.release()
        self.open.wait(PATIENCE_S)
        self.texts.append(content.decode())

    def wait_for_a_write(self) -> None:
        assert self.reached.acquire(timeout=PATIENCE_S)


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.open.set()


@pytest.fixture
def dumb_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def test_once_prints_the_board_without_colours_where_it_is_piped(tmp_path: Path) -> None:
    target = tmp_path / "board.txt"
    with target.open("w", encoding="utf-8") as stream:
        console = OnceConsole(LOOK, stream)
        console.publish(snapshot())
        console.close()
    text = target.read_text(encoding="utf-8")
    assert "• [Second half | 67'] Arsenal" in text
    assert "\x1b" not in text


@pytest.mark.usefixtures("dumb_free")
def test_once_prints_in_colours_on_a_terminal() -> None:
    terminal = Terminal()
    OnceConsole(LOOK, terminal).publish(snapshot())
    assert "\x1b[" in terminal.getvalue()


def test_a_reader_that_went_away_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        OnceConsole(LOOK, stream).publish(snapshot())
        OnceConsole(LOOK, stream).publish(snapshot())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_one_sentence() -> None:
    with (
        Path("/dev/full").open("w", encoding="utf-8") as stream,
        pytest.raises(CannotWriteError, match=r"^The board cannot be printed: No space left on device\.$"),
    ):
        OnceConsole(LOOK, stream).publish(snapshot())


def test_live_writes_nothing_where_stdout_is_no_terminal(screen: Screen) -> None:
    console = LiveConsole(LOOK, io.StringIO(), write=screen.write)
    before = threading.active_count()
    console.publish(snapshot())
    assert threading.active_count() == before
    console.close()
    assert screen.texts == []


@pytest.mark.usefixtures("dumb_free")
def test_live_draws_the_board_on_a_terminal(screen: Screen) -> None:
    console = LiveConsole(LOOK, Terminal(), write=screen.write)
    console.publish(snapshot(home="Hull"))
    screen.wait_for_a_write()
    console.close()
    assert "Hull" in screen.texts[0]
    assert console.name == "console"


@pytest.mark.usefixtures("dumb_free")
def test_a_blocked_terminal_holds_up_neither_publishing_nor_closing(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footy.outputs.painter.CLOSE_S", 0.01)
    screen.open.clear()
    console = LiveConsole(LOOK, Terminal(), write=screen.write)
    console.publish(snapshot(1))
    screen.wait_for_a_write()
    for cycle in range(2, 50):
        console.publish(snapshot(cycle))
    console.close()
    assert screen.texts == []


def test_a_process_ends_though_its_terminal_is_blocked() -> None:
    program = """
import os
from footy.outputs.painter import Painter, write_all
reading, writing = os.pipe()
painter = Painter("console", draw=bytes, write=lambda content: write_all(writing, content), every_s=0.0)
painter.show(1 << 20)
os.read(reading, 1)
painter.close()
print("ended")
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "ended\n", "")


def test_the_first_snapshot_is_drawn_at_once_and_the_next_after_five_seconds() -> None:
    latest: Latest[str] = Latest(5.0)
    assert latest.wait_s(now=100.0) is None
    latest.put("first")
    assert latest.wait_s(now=100.0) == 0
    assert latest.take() == "first"
    latest.drawn(now=101.0)
    assert latest.wait_s(now=101.0) is None
    latest.put("second")
    assert latest.wait_s(now=103.0) == 3.0
    latest.put("third")
    assert latest.wait_s(now=106.0) == 0
    assert latest.take() == "third"
    assert latest.wait_s(now=120.0) is None


def painter(screen: Screen, draw: Callable[[str], bytes] = str.encode) -> Painter[str]:
    return Painter("console", draw=draw, write=screen.write, every_s=0.0, farewell=b"bye")


def test_the_newest_wins_while_a_write_is_under_way(screen: Screen) -> None:
    painted = painter(screen)
    screen.open.clear()
    painted.show("first")
    screen.wait_for_a_write()
    painted.show("second")
    painted.show("third")
    screen.open.set()
    screen.wait_for_a_write()
    painted.close()
    assert screen.texts == ["first", "third", "bye"]


def test_a_drawing_that_fails_is_logged_and_the_next_one_is_drawn(
    screen: Screen, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Semaphore(0)

    def draw(text: str) -> bytes:
        asked.release()
        return text.encode("ascii")

    painted = painter(screen, draw)
    with caplog.at_level(logging.ERROR):
        painted.show("é")
        assert asked.acquire(timeout=PATIENCE_S)
        painted.show("e")
        screen.wait_for_a_write()
        painted.close()
    assert screen.texts == ["e", "bye"]
    assert [record.message for record in caplog.records] == [
        "console: a drawing failed; the next one is tried"
    ]


def test_a_terminal_that_is_gone_ends_the_drawing_quietly(caplog: pytest.LogCaptureFixture) -> None:
    gone = threading.Event()

    def write(_content: bytes) -> None:
        gone.set()
        raise OSError(errno.EIO, "Input/output error")

    painted = Painter("console", draw=str.encode, write=write, every_s=0.0)
    with caplog.at_level(logging.INFO):
        painted.show("first")
        assert gone.wait(PATIENCE_S)
        painted.show("second")
        painted.close()
        painted.show("third")
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_everything_is_written_to_a_terminal_that_does_not_block() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    content = bytes(1 << 20)
    received = bytearray()

    def read() -> None:
        while chunk := os.read(reading, 1 << 16):
            received.extend(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    write_all(writing, content)
    os.close(writing)
    reader.join(PATIENCE_S)
    os.close(reading)
    assert received == content


@pytest.mark.usefixtures("dumb_free")
def test_progress_shows_calls_done_and_to_do_on_one_line_and_goes_away(screen: Screen) -> None:
    with Progress(Terminal(), write=screen.write) as progress:
        progress.update(40, 216, "details and odds")
        screen.wait_for_a_write()
    assert "details and odds" in screen.texts[0]
    assert "40 of 216 calls" in screen.texts[0]
    assert "\n" not in screen.texts[0]
    assert screen.texts[-1] == "\r\x1b[2K"


@pytest.mark.usefixtures("dumb_free")
def test_progress_fits_a_narrow_terminal_and_takes_any_label(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    with Progress(Terminal(), write=screen.write) as progress:
        progress.update(0, 0, "[bold]live list " * 5)
        screen.wait_for_a_write()
    assert screen.texts[0].startswith("\r\x1b[2K")
    assert "[bold]" in screen.texts[0]


def test_progress_writes_nothing_where_stderr_is_no_terminal(screen: Screen) -> None:
    with Progress(io.StringIO(), write=screen.write) as progress:
        progress.update(40, 216, "odds")
    assert screen.texts == []


def test_progress_writes_nothing_on_a_terminal_that_cannot_move_its_cursor(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Progress(Terminal(), write=screen.write) as progress:
        progress.update(40, 216, "odds")
    assert screen.texts == []
