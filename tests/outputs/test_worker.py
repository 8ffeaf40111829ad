"""The thread that writes to a terminal: newest first, never waited for."""

import errno
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import footy
from footy.outputs.worker import Latest, Worker, write_all
from tests.outputs.console.terminal import PATIENCE_S, Written

ROOT = Path(footy.__file__).parents[1]


def test_a_process_ends_though_its_terminal_is_blocked() -> None:
    program = """
import os
from footy.outputs.worker import Worker, write_all
reading, writing = os.pipe()
writer = Worker("console", draw=bytes, write=lambda content: write_all(writing, content), every_s=0.0)
writer.show(1 << 20)
os.read(reading, 1)
writer.close()
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


def test_a_drawing_is_repeated_for_another_size_and_held_back_while_there_is_none() -> None:
    latest: Latest[str] = Latest(5.0)
    latest.put("first")
    assert latest.wait_s(now=100.0, size=None) is None
    assert latest.wait_s(now=100.0, size=(80, 24)) == 0
    assert latest.take((80, 24)) == "first"
    latest.drawn(now=101.0)
    assert latest.wait_s(now=101.5, size=(80, 24)) is None
    assert latest.wait_s(now=101.5, size=None) is None
    assert latest.wait_s(now=101.5, size=(80, 25)) == 0
    assert latest.take((80, 25)) == "first"


def test_nothing_is_written_at_the_end_if_nothing_was_drawn(written: Written) -> None:
    looked = threading.Semaphore(0)
    writer = Worker(
        "console", draw=str.encode, write=written.write, every_s=0.0, final_bytes=b"bye", size=looked.release
    )
    writer.show("in the background")
    assert looked.acquire(timeout=PATIENCE_S)
    writer.close()
    assert written.texts == []


def writing_to(written: Written, draw: Callable[[str], bytes] = str.encode) -> Worker[str]:
    return Worker("console", draw=draw, write=written.write, every_s=0.0, final_bytes=b"bye")


def test_the_newest_wins_while_a_write_is_under_way(written: Written) -> None:
    writer = writing_to(written)
    written.open.clear()
    writer.show("first")
    written.wait_for_a_write()
    writer.show("second")
    writer.show("third")
    written.open.set()
    written.wait_for_a_write()
    writer.close()
    assert written.texts == ["first", "third", "bye"]


def test_a_drawing_that_fails_is_logged_and_the_next_one_is_drawn(
    written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Semaphore(0)

    def draw(text: str) -> bytes:
        asked.release()
        return text.encode("ascii")

    writer = writing_to(written, draw)
    with caplog.at_level(logging.ERROR):
        writer.show("é")
        assert asked.acquire(timeout=PATIENCE_S)
        writer.show("e")
        written.wait_for_a_write()
        writer.close()
    assert written.texts == ["e", "bye"]
    assert [record.message for record in caplog.records] == [
        "console: a drawing failed; the next one is tried"
    ]


def test_a_terminal_that_is_gone_ends_the_drawing_quietly(caplog: pytest.LogCaptureFixture) -> None:
    gone = threading.Event()

    def write(_content: bytes) -> None:
        gone.set()
        raise OSError(errno.EIO, "Input/output error")

    writer = Worker("console", draw=str.encode, write=write, every_s=0.0)
    with caplog.at_level(logging.INFO):
        writer.show("first")
        assert gone.wait(PATIENCE_S)
        writer.show("second")
        writer.close()
        writer.show("third")
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
