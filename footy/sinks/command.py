"""The sink of programs: each message runs one, with the event on its standard input. There is no shell."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

import psutil

from footy.events.envelope import envelope_json
from footy.sinks.base import Again
from footy.sinks.messages import Message, MessageSink, Sent

TEMPORARY = 75
"""The exit code that asks for the same event again (EX_TEMPFAIL of BSD's sysexits.h)."""
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "TMPDIR", "XDG_RUNTIME_DIR", "DISPLAY")
"""What a program gets of the environment: not the vendor's credentials."""


class CommandSink(MessageSink):
    """Runs a program for each message; one that was begun is not repeated, but by its own wish."""

    together = False

    def deliver(self, messages: Sequence[Message]) -> Sent:
        """Run the program for an event."""
        [message] = messages
        program = self._target.command[0]
        try:
            code = run(self._target.command, envelope_json(message.envelope) + b"\n", self._target.timeout_s)
        except OSError as error:
            raise Again(f"{program} cannot be run: {error.strerror}") from None
        if code == TEMPORARY:
            raise Again(f"{program} asks for it again")
        if code is None:
            return "unknown"
        return "sent" if code == 0 else "refused"


def run(command: Sequence[str], text: bytes, timeout_s: float) -> int | None:
    """Run a program with a text on its standard input; return its exit code, None if it took too long.

    Raises:
        OSError: It cannot be run.
    """
    process = subprocess.Popen(  # noqa: S603 - the operator's own program, from a file that only they may write
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        start_new_session=True,
    )
    try:
        process.communicate(text, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    return process.returncode


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program and everything that it started, also in a session of its own."""
    started: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        started = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for one in started:
        with contextlib.suppress(psutil.Error):
            one.kill()
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    process.wait()
