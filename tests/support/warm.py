"""Processes of `python -m footy` that are forked from one which has already imported footy.

Half a second of CPU goes into the imports, and tests run footy several hundred times. A forked process
has its own environment, folder, streams and exit code. What `Place.begin` starts is a fresh one.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).parents[2]
_LONGEST = 1 << 20
_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "TZ")
"""Beginnings of the variables that Python reads when it starts, so a fork has those of its parent."""


def _read_at_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_THE_START)}


class _Parent:
    """The process that has imported footy; it lives as long as the tests."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self.environment = _read_at_the_start(os.environ) | {"PYTHONPATH": str(_PROJECT)}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=_PROJECT,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._end)

    def run(
        self, arguments: list[str], folder: Path, environment: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m footy` to its end."""
        words = [sys.executable, "-m", "footy", *arguments]
        job = {"arguments": arguments, "folder": str(folder), "environment": {**environment}}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, self._lock:
            socket.send_fds(self._control, [json.dumps(job).encode()], [out.fileno(), err.fileno()])
            pid = self._answer(timeout_s)
            try:
                code = self._answer(timeout_s)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._answer(timeout_s)
                raise subprocess.TimeoutExpired(words, timeout_s) from None
            said = []
            for one in (out, err):
                one.seek(0)
                said.append(one.read().decode())
        return subprocess.CompletedProcess(words, code, *said)

    def _end(self) -> None:
        self._control.close()
        self._process.wait()

    def _answer(self, timeout_s: float) -> int:
        self._control.settimeout(timeout_s)
        return int(self._control.recv(_LONGEST))


_parent = functools.cache(_Parent)


def run(
    arguments: list[str], folder: Path, environment: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str] | None:
    """Run `python -m footy` to its end; return None if only a fresh process has such an environment."""
    parent = _parent()
    if _read_at_the_start(environment) != parent.environment:
        return None
    return parent.run(arguments, folder, environment, timeout_s)


def _serve(control: socket.socket) -> None:
    """Fork a process for each job, and tell its number and how it ended; return in that process only."""
    for module in _imported():
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # so that no collection in a forked process copies what was imported
    while True:
        message, streams, _, _ = socket.recv_fds(control, _LONGEST, 2)
        if not message:
            sys.exit()
        pid = os.fork()
        if pid == 0:
            control.close()
            _become(json.loads(message), *streams)
            return
        for one in streams:
            os.close(one)
        control.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        control.send(str(os.waitstatus_to_exitcode(status)).encode())


def _imported() -> list[str]:
    packages = ("footy.cli", "footy.service", "footy.outputs.console")
    return [
        one.name
        for name in packages
        for one in pkgutil.iter_modules(importlib.import_module(name).__path__, f"{name}.")
    ]


def _become(job: dict[str, Any], out: int, err: int) -> None:
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.argv[1:] = job["arguments"]


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("footy", run_name="__main__", alter_sys=True)
