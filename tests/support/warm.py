"""Processes of footy and the simulator that are forked from one which has already imported both.

Half a second of CPU goes into the imports, and tests start footy several hundred times. A forked process has
its own environment, folder, streams and exit code. What `Place.begin_program` starts is a fresh one: it alone
has imported nothing before, and only at its end does Python take all modules apart.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import itertools
import json
import os
import pkgutil
import runpy
import select
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO, Any, BinaryIO, TextIO

from footy.clock import CLOCK
from footy.outputs.console.options import ConsoleOptions
from footy.service import control as service_control
from footy.settings import load
from footy.thesports.adapter import trusting

PROJECT = Path(__file__).parents[2]
_LONGEST = 1 << 20
_FORKED_WITHIN_S = 60.0
_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "TZ")
"""Beginnings of the variables that Python reads when it starts, so a fork has those of its parent."""
_WARNINGS = "PYTHONWARNINGS"
"""Another such variable, but what it sets can be added in a fork."""


def _read_at_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_THE_START)}


class _Reader(threading.Thread):
    """Reads a stream to its end."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self.text = ""
        self.start()

    def run(self) -> None:
        if not self._stream.closed:
            with self._stream:
                self.text = self._stream.read()


class Forked(subprocess.Popen[str]):
    """A forked process, whose parent says how it ends."""

    stdin: IO[str]
    stdout: IO[str]
    stderr: IO[str]

    def __init__(self, words: Sequence[str], stdin: int, stdout: int, stderr: int) -> None:
        # The base class is not asked: it would start a process.
        self.args = words
        self.stdin, self.stdout, self.stderr = open(stdin, "w"), open(stdout), open(stderr)  # noqa: SIM115
        self.began: Future[int] = Future()
        self.ended: Future[int] = Future()
        self._readers: list[_Reader] = []

    @property
    def pid(self) -> int:  # type: ignore[override]
        return self.began.result(_FORKED_WITHIN_S)

    @property
    def returncode(self) -> int | None:  # type: ignore[override]
        return self.ended.result() if self.ended.done() else None

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        try:
            return self.ended.result(timeout)
        except TimeoutError:
            raise subprocess.TimeoutExpired(self.args, timeout or 0) from None

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:  # noqa: A002
        assert input is None
        until = None if timeout is None else time.monotonic() + timeout
        self.stdin.close()
        self._readers = self._readers or [_Reader(self.stdout), _Reader(self.stderr)]
        for reader in self._readers:
            reader.join(None if until is None else max(0, until - time.monotonic()))
        self.wait(None if until is None else max(0, until - time.monotonic()))
        out, err = (reader.text for reader in self._readers)
        return out, err


class _Parent:
    """The process that has imported footy and the simulator; it lives as long as the tests."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.environment = _read_at_the_start(os.environ) | {"PYTHONPATH": str(PROJECT)}
        self._numbers = itertools.count()
        self._forked: dict[int, Forked] = {}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=PROJECT,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        threading.Thread(target=self._listen, name="forked-processes", daemon=True).start()
        atexit.register(self._end)

    def begin(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Forked:
        """Start `python` with these words."""
        number = next(self._numbers)
        job = {
            "number": number,
            "words": words,
            "folder": str(folder),
            "environment": {**environment},
        }
        (their_in, stdin), (stdout, their_out), (stderr, their_err) = os.pipe(), os.pipe(), os.pipe()
        forked = Forked([sys.executable, *words], stdin, stdout, stderr)
        self._forked[number] = forked
        try:
            socket.send_fds(self._control, [json.dumps(job).encode()], [their_in, their_out, their_err])
        finally:
            for one in (their_in, their_out, their_err):
                os.close(one)
        return forked

    def _listen(self) -> None:
        """Hear of processes that have begun, and of such that have ended, with their exit code."""
        while message := self._control.recv(_LONGEST):
            number, happened, value = json.loads(message)
            if happened == "began":
                self._forked[number].began.set_result(value)
            else:
                self._forked.pop(number).ended.set_result(value)

    def _end(self) -> None:
        self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._process.wait()


_parent = functools.cache(_Parent)


def begin(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Forked | None:
    """Start `python` with `-m` and a module, or `-c` and a program, and their arguments.

    Returns:
        The process, or None if only a fresh one has such an environment.
    """
    parent = _parent()
    asked = _read_at_the_start(environment)
    if _WARNINGS not in parent.environment:
        asked.pop(_WARNINGS, None)
    if asked != parent.environment:
        return None
    return parent.begin(words, folder, environment)


def _serve(control: socket.socket) -> tuple[str, str]:
    """Fork a process for each job, and tell its number and how it ended; return in that process only.

    Returns:
        `-m` and the name of the module that it runs, or `-c` and the program.
    """
    for module in _imported():
        importlib.import_module(module)
    _prepare()
    gc.collect()
    gc.freeze()  # so that no collection in a forked process copies what was imported
    poll = select.poll()
    poll.register(control, select.POLLIN)
    running: dict[int, tuple[int, int]] = {}
    while True:
        for ready, _ in poll.poll():
            if ready != control.fileno():
                number, pid = running.pop(ready)
                poll.unregister(ready)
                os.close(ready)
                _, status = os.waitpid(pid, 0)
                control.send(json.dumps((number, "ended", os.waitstatus_to_exitcode(status))).encode())
                continue
            message, streams, _, _ = socket.recv_fds(control, _LONGEST, 3)
            if not message:
                sys.exit()
            job = json.loads(message)
            pid = os.fork()
            if pid == 0:
                for one in (control.detach(), *running):
                    os.close(one)
                return _become(job, streams)
            for one in streams:
                os.close(one)
            control.send(json.dumps((job["number"], "began", pid)).encode())
            handle = os.pidfd_open(pid)
            running[handle] = job["number"], pid
            poll.register(handle, select.POLLIN)


def _prepare() -> None:
    """Make once what footy makes when it is first needed, and then keeps."""
    ConsoleOptions.of(load({}, Path("absent")).settings)
    trusting(None)
    starting = SimpleNamespace(Popen=_Child, DEVNULL=subprocess.DEVNULL)
    vars(service_control)["subprocess"] = starting


class _Child:
    """The service that `footy start` begins, forked: this process has imported it already."""

    def __init__(
        self, words: list[str], *, stdin: int, stdout: BinaryIO, stderr: BinaryIO, start_new_session: bool
    ) -> None:
        assert (words[0], stdin, start_new_session) == (sys.executable, subprocess.DEVNULL, True)
        self._code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            streams = [os.open(os.devnull, os.O_RDONLY), *(os.dup(one.fileno()) for one in (stdout, stderr))]
            job = {"words": words[1:], "folder": Path.cwd(), "environment": {**os.environ}}
            try:
                _run(*_become(job, streams))
            finally:
                os._exit(1)

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code


def _imported() -> list[str]:
    packages = ("footy.cli", "footy.service", "footy.outputs.console", "footy.lease", "footy.store")
    return ["thesports_simulator.command"] + [
        one.name
        for name in packages
        for one in pkgutil.iter_modules(importlib.import_module(name).__path__, f"{name}.")
    ]


def _stream(was: TextIO) -> IO[Any]:
    """Open a standard stream as Python does at its start."""
    buffering = 1 if was.line_buffering else -1
    return open(was.fileno(), was.mode, buffering, was.encoding, was.errors, closefd=False)


def _become(job: dict[str, Any], streams: list[int]) -> tuple[str, str]:
    for number, one in enumerate(streams):
        os.dup2(one, number)
        os.close(one)
    sys.stdin, sys.stdout, sys.stderr = (_stream(was) for was in (sys.stdin, sys.stdout, sys.stderr))
    os.chdir(job["folder"])
    if _WARNINGS not in os.environ and _WARNINGS in job["environment"]:
        sys.warnoptions += job["environment"][_WARNINGS].split(",")
        warnings._processoptions(sys.warnoptions)  # type: ignore[attr-defined]
    os.environ.clear()
    os.environ.update(job["environment"])
    CLOCK.follow()
    kind, what, *sys.argv[1:] = job["words"]
    return kind, what


def _run(kind: str, what: str) -> None:
    try:
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            main = sys.modules["__main__"] = ModuleType("__main__")
            exec(what, vars(main))
        _leave(0)
    except SystemExit as ended:
        if isinstance(ended.code, int):
            _leave(ended.code)
        raise


def _leave(code: int) -> None:
    """End this process as Python does, but let its modules be: freeing a copy of all takes 0.08 s of CPU."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):  # of which Python makes an exit code
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _run(*_serve(socket.socket(fileno=int(sys.argv[1]))))
