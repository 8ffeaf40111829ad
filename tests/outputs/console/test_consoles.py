"""The console as an output: once to a stream that may be closed, live to a terminal that may take nothing."""

import io
import os
import threading
from pathlib import Path

import pytest
import pytz

from footy.errors import CannotWriteError
from footy.outputs.base import Update
from footy.outputs.console.consoles import LiveConsole, OnceConsole
from footy.outputs.console.options import ConsoleOptions
from footy.record import Snapshot
from tests.outputs.console import samples
from tests.outputs.console.terminal import Emulator, Terminal, Written

OPTIONS = ConsoleOptions(
    odds_format="american",
    timezone=pytz.timezone("America/New_York"),
    statuses=samples.IN_PLAY,
    price_max_age_s=900,
)


def snapshot(cycle: int = 1, home: str = "Arsenal", matches: int = 1) -> Snapshot:
    return samples.snapshot(*(samples.named(home, match_id=str(one)) for one in range(matches)), cycle=cycle)


def test_once_prints_the_matches_without_colours_where_it_is_piped(tmp_path: Path) -> None:
    target = tmp_path / "matches.txt"
    with target.open("w", encoding="utf-8") as stream:
        console = OnceConsole(OPTIONS, stream)
        console.publish(Update(snapshot(matches=300)))
        console.close()
    text = target.read_text(encoding="utf-8")
    assert text.count("• [Second half | 67'] Arsenal") == 300
    assert "\x1b" not in text


@pytest.mark.usefixtures("plain_terminal")
def test_once_prints_all_matches_in_colours_on_a_terminal() -> None:
    terminal = Terminal()
    OnceConsole(OPTIONS, terminal).publish(Update(snapshot(matches=300)))
    assert "\x1b[" in terminal.getvalue()
    assert terminal.getvalue().count("Arsenal") == 300


def test_a_reader_that_went_away_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        OnceConsole(OPTIONS, stream).publish(Update(snapshot()))
        OnceConsole(OPTIONS, stream).publish(Update(snapshot()))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_one_sentence() -> None:
    with (
        Path("/dev/full").open("w", encoding="utf-8") as stream,
        pytest.raises(CannotWriteError, match=r"^The matches cannot be printed: No space left on device\.$"),
    ):
        OnceConsole(OPTIONS, stream).publish(Update(snapshot()))


def test_live_writes_nothing_where_stdout_is_no_terminal(written: Written) -> None:
    console = LiveConsole(OPTIONS, io.StringIO(), write=written.write)
    before = threading.active_count()
    console.publish(Update(snapshot()))
    assert threading.active_count() == before
    console.close()
    assert written.texts == []


@pytest.mark.usefixtures("plain_terminal")
def test_live_writes_nothing_on_a_terminal_that_cannot_move_its_cursor(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    console = LiveConsole(OPTIONS, Terminal(), write=written.write)
    console.publish(Update(snapshot()))
    console.close()
    assert written.texts == []


@pytest.mark.usefixtures("plain_terminal")
def test_live_draws_over_the_screen_before_and_scrolls_nothing_away(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footy.outputs.console.consoles.DRAW_EVERY_S", 0.0)
    monkeypatch.setenv("LINES", "24")
    emulator = Emulator(80, 24)
    emulator.feed("$ python -m footy\r\n")
    console = LiveConsole(OPTIONS, Terminal(), write=written.write)
    for cycle in range(1, 4):
        console.publish(Update(snapshot(cycle, matches=60)))
        written.wait_for_a_write()
    console.close()
    *drawings, final = written.texts
    emulator.feed("".join(drawings))
    assert "cycle 3 " in emulator.lines[0]
    assert "more matches do not fit" in emulator.lines[-1]
    assert [line for line in emulator.history if line] == ["$ python -m footy"]
    emulator.feed(final)
    assert emulator.cursor == (23, 0)


@pytest.mark.usefixtures("plain_terminal")
def test_live_is_drawn_again_when_the_terminals_size_changes(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footy.outputs.console.consoles.LOOK_EVERY_S", 0.01)
    console = LiveConsole(OPTIONS, Terminal(), write=written.write)
    console.publish(Update(snapshot(matches=60)))
    written.wait_for_a_write()
    monkeypatch.setenv("LINES", "10")
    written.wait_for_a_write()
    console.close()
    small = Emulator(80, 10)
    small.feed(written.texts[1])
    assert "more matches do not fit" in small.lines[-1]
    assert small.history == []


@pytest.mark.usefixtures("plain_terminal")
def test_a_blocked_terminal_holds_up_neither_publishing_nor_closing(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footy.outputs.worker.CLOSE_S", 0.01)
    written.open.clear()
    console = LiveConsole(OPTIONS, Terminal(), write=written.write)
    console.publish(Update(snapshot(1)))
    written.wait_for_a_write()
    for cycle in range(2, 50):
        console.publish(Update(snapshot(cycle)))
    console.close()
    assert written.texts == []
