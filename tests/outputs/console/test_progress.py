"""The progress of a cold cycle: one line on a terminal, gone in the end."""

import io

import pytest

from footy.outputs.console.progress import Progress
from tests.outputs.console.terminal import Terminal, Written


@pytest.mark.usefixtures("plain_terminal")
def test_progress_shows_calls_done_and_to_do_on_one_line_and_goes_away(written: Written) -> None:
    with Progress(Terminal(), write=written.write) as progress:
        progress.update(40, 216, "details and odds")
        written.wait_for_a_write()
    assert "details and odds" in written.texts[0]
    assert "40 of 216 calls" in written.texts[0]
    assert "\n" not in written.texts[0]
    assert written.texts[-1] == "\r\x1b[2K"


@pytest.mark.usefixtures("plain_terminal")
def test_progress_fits_a_narrow_terminal_and_takes_any_label(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    with Progress(Terminal(), write=written.write) as progress:
        progress.update(0, 0, "[bold]live list " * 5)
        written.wait_for_a_write()
    assert written.texts[0].startswith("\r\x1b[2K")
    assert "[bold]" in written.texts[0]


def test_progress_writes_nothing_where_stderr_is_no_terminal(written: Written) -> None:
    with Progress(io.StringIO(), write=written.write) as progress:
        progress.update(40, 216, "odds")
    assert written.texts == []


def test_progress_writes_nothing_on_a_terminal_that_cannot_move_its_cursor(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Progress(Terminal(), write=written.write) as progress:
        progress.update(40, 216, "odds")
    assert written.texts == []
