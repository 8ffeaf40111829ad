"""The service in the foreground of a real terminal: one screen, redrawn, and a clean end."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.errors import Exit
from tests.outputs.console.terminal import Emulator
from tests.support.place import SECRET, Place, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

MATCHES = 20
IN_FRONT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "footy"])
"""
IN_BACKGROUND_UNTIL_USR1 = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
service = os.fork()
if service == 0:
    os.setpgid(0, 0)
    os.execv(sys.executable, [sys.executable, "-m", "footy"])
signal.sigwait({signal.SIGUSR1})
os.tcsetpgrp(0, service)
os.waitpid(service, 0)
"""


class ServiceOnATerminal:
    """The service with a terminal of its own, whose keys a test presses and whose screen it sees."""

    def __init__(self, place: Place, program: str = IN_FRONT) -> None:
        self.keyboard, terminal = pty.openpty()
        self.resize(80, 24)
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=place.folder,
            env=place.environment | {"TERM": "xterm-256color"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._written = b""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self) -> str:
        """Return all that has been written so far."""
        while select.select([self.keyboard], [], [], 0.02)[0]:
            try:
                self._written += os.read(self.keyboard, 1 << 16)
            except OSError:  # the service has ended
                break
        return self._written.decode(errors="ignore")  # the last character may be half there

    def press(self, keys: bytes) -> None:
        os.write(self.keyboard, keys)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.keyboard)


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=MATCHES, odds="light", secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def live(tmp_path: Path, vendor: RunningSimulator) -> Iterator[Place]:
    with Place(tmp_path, FOOTY_INTERVAL=2) as place:
        place.ask(vendor)
        for name in ("NO_COLOR", "FORCE_COLOR", "LINES"):
            place.environment.pop(name, None)
        yield place


@pytest.fixture
def service(live: Place) -> Iterator[ServiceOnATerminal]:
    service = ServiceOnATerminal(live)
    yield service
    service.close()


def test_the_service_draws_one_screen_follows_its_size_and_leaves_it_clean(
    service: ServiceOnATerminal,
) -> None:
    wait_until(lambda: "more matches do not fit" in service.read())
    service.resize(80, 12)
    wait_until(lambda: service.read().count("more matches do not fit") > 1)
    service.press(b"\x03")

    assert service.process.wait(timeout=5) == Exit.OK
    before, first, *others = service.read().split("\x1b[H")
    emulator = Emulator(80, 24)
    emulator.feed(f"{before}\x1b[H{first}")
    assert emulator.lines[0].startswith("footy · ")
    assert any("more matches do not fit" in line for line in emulator.lines)
    assert next(line for line in emulator.history if line).startswith("footy: data folder")
    small = Emulator(80, 12)
    small.feed("\x1b[H" + "\x1b[H".join(others))
    assert len(small.history) <= 1  # by the new line of the very end
    assert small.cursor[1] == 0


def test_a_blocked_terminal_blocks_no_cycle_and_no_stop(live: Place, service: ServiceOnATerminal) -> None:
    wait_until(lambda: heartbeat(live.files, service.process.pid)["cycle"] >= 1)
    service.resize(8000, 500)  # such a screen is more than the terminal takes while nobody reads
    wait_until(lambda: heartbeat(live.files, service.process.pid)["cycle"] >= 3)
    service.process.send_signal(signal.SIGTERM)

    assert service.process.wait(timeout=5) == Exit.OK


def test_a_service_in_the_background_of_a_shell_draws_when_it_comes_to_the_front(live: Place) -> None:
    service = ServiceOnATerminal(live, IN_BACKGROUND_UNTIL_USR1)
    try:
        wait_until(lambda: heartbeat(live.files)["cycle"] >= 2)
        assert "\x1b" not in service.read()
        service.process.send_signal(signal.SIGUSR1)
        wait_until(lambda: "more matches do not fit" in service.read())
        service.press(b"\x03")
        assert service.process.wait(timeout=5) == 0
    finally:
        service.close()
