"""A folder of its own in which footy is run for real, as child processes, without settings from outside."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from footy.service.lock import owner
from footy.service.paths import Files
from tests.support import warm
from thesports_simulator.process import RunningSimulator

PROJECT = Path(__file__).parents[2]
SECRET = "a-secret-canary-of-the-tests"  # nothing that is printed or written may hold it
WITHIN_S = 60.0
RUN_WITHIN_S = 120.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.1

Finished = subprocess.CompletedProcess[str]


def wait_until(condition: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Return as soon as the condition holds; fail where it does not in time.

    What takes long is looked at less often: many conditions ask a process, which costs both CPU.
    """
    end, pause_s = time.monotonic() + within_s, SHORTEST_PAUSE_S
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(pause_s)
        pause_s = min(LONGEST_PAUSE_S, 1.2 * pause_s)


def finished(started: "subprocess.Popen[str]") -> Finished:
    """Wait for the end of a process, and end it if it does not come in time."""
    try:
        said = started.communicate(timeout=RUN_WITHIN_S)
    except subprocess.TimeoutExpired:
        started.kill()
        started.communicate()
        raise
    return subprocess.CompletedProcess(started.args, started.wait(), *said)


class Place:
    """A current folder, an environment, and what was started there; ends it all when it is left."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FOOTY_", "THESPORTS_")) and name != "COLUMNS"
        }
        self.environment["PYTHONPATH"] = str(PROJECT)
        self.environment["FOOTY_HTTP_PORT"] = "0"  # tests run side by side, and a port is one of a machine
        self.set(**settings)
        self._started: list[subprocess.Popen[str]] = []

    def set(self, **settings: object) -> None:
        """Set variables of the environment."""
        self.environment |= {name: str(value) for name, value in settings.items()}

    def ask(self, simulator: RunningSimulator) -> None:
        """Go live, with this simulator as the vendor."""
        self.set(
            THESPORTS_USER=simulator.user,
            THESPORTS_SECRET=simulator.secret,
            FOOTY_BASE_URL=simulator.base_url,
        )

    @property
    def files(self) -> Files:
        """The live instance's files."""
        return Files(self.folder / "var")

    @property
    def demo_files(self) -> Files:
        """The demo's."""
        return Files(self.folder / "var" / "demo")

    def run(self, *arguments: str) -> Finished:
        """Run `python -m footy` to its end."""
        return self.run_python("-m", "footy", *arguments)

    def run_python(self, *words: str) -> Finished:
        """Run `python`, with `-m` or `-c` first, to its end."""
        started = warm.begin(words, self.folder, self.environment)
        return self.run_program(sys.executable, *words) if started is None else finished(started)

    def run_program(self, *words: str) -> Finished:
        """Run a program to its end; a Python is one that has imported nothing yet."""
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_WITHIN_S,
        )

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `python -m footy`."""
        return self.begin_python("-m", "footy", *arguments)

    def begin_python(self, *words: str) -> "subprocess.Popen[str]":
        """Start `python`, with `-m` or `-c` first."""
        started = warm.begin(words, self.folder, self.environment)
        if started is None:
            return self.begin_program(sys.executable, *words)
        started.stdin.close()
        self._started.append(started)
        return started

    def begin_program(self, *words: str) -> "subprocess.Popen[str]":
        """Start a program; a Python is one that has imported nothing yet."""
        started = subprocess.Popen(
            words,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(started)
        return started

    def begin_service(self, *arguments: str, files: Files | None = None) -> "subprocess.Popen[str]":
        """Start the service in the foreground, and wait for its first snapshot."""
        service = self.begin(*arguments)
        wait_until(lambda: service.poll() is not None or heartbeat(files or self.files, service.pid)["cycle"])
        assert service.poll() is None, service.communicate()[1]
        return service

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for started in self._started:
            started.kill()
            started.communicate()
        for files in (self.files, self.demo_files):
            background = owner(files)
            process = background.process(files.lock) if background else None
            if process is not None and process.pid != os.getpid():
                end(process)


def heartbeat(files: Files, pid: int | None = None) -> dict[str, Any]:
    """Read the heartbeat of this process, or of any; one before the first cycle where there is none."""
    try:
        beat: dict[str, Any] = json.loads(files.heartbeat.read_bytes())
    except FileNotFoundError:
        return {"cycle": 0}
    return beat if pid in (None, beat["pid"]) else {"cycle": 0}


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Give a process and all below it."""
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


def gone(processes: list[psutil.Process]) -> bool:
    """Tell whether none of them is left; a zombie that nobody has waited for yet is gone too."""
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def end(process: psutil.Process) -> None:
    """End a process and all below it."""
    for one in [process, *process.children(recursive=True)]:
        one.send_signal(signal.SIGKILL)


def complaints(finished: Finished) -> list[str]:
    """Give what was said on stderr beside the line that names the data folder."""
    folder = re.compile(r"footy: (demo: simulated matches, )?data folder /")
    return [line for line in finished.stderr.splitlines() if not folder.match(line)]
