"""The standard streams of a command: what it says, and what it complains of."""

import contextlib
import io
import logging
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator

from footy.errors import CannotWriteError
from footy.settings import Mode, Settings


def set_up_streams() -> None:
    """Prepare the standard streams, Ctrl-C and logging for a command.

    Ctrl-C ends the process without a traceback; the service and --once install their own handlers when they
    have something to clean up. A closed stream (`>&-`) is replaced by the null device; otherwise the next
    opened file would get its number. Standard output writes a question mark for a character that its encoding
    lacks. Log entries go to log files only. A COLUMNS or LINES that is no number is ignored: rich
    takes some for numbers that Python does not convert.
    """
    for name in ("COLUMNS", "LINES"):
        if not re.fullmatch("[0-9]{1,20}", os.environ.get(name, "0")):
            del os.environ[name]
    for name in (
        "stdin",
        "stdout",
        "stderr",
    ):  # in numeric order: `open` takes the lowest free number
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, "r" if name == "stdin" else "w", encoding="utf-8"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())


class _EndedError(BaseException):
    """A signal ends the process."""

    def __init__(self, number: int) -> None:
        self.number = number


@contextlib.contextmanager
def undone_by_signals() -> Iterator[None]:
    """Let a signal that ends the process first undo what the block has begun, such as a file half written."""

    def end(number: int, _frame: object) -> None:
        raise _EndedError(number)

    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = {one: signal.getsignal(one) for one in numbers}
    ending = [one for one in numbers if before[one] is signal.SIG_DFL]  # nohup has one ignored
    for one in ending:
        signal.signal(one, end)
    try:
        yield
    except _EndedError as ended:
        signal.signal(ended.number, signal.SIG_DFL)
        os.kill(os.getpid(), ended.number)
    finally:
        for one in ending:
            signal.signal(one, before[one])


def discard_output() -> None:
    """Discard the output that is still buffered: its reader has ended, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(line: str) -> None:
    """Write a line to standard output.

    Raises:
        CannotWriteError: It cannot be written, for example on a full disk.
    """
    with _output():
        print(_printable(line), flush=True)  # noqa: T201 - this is what the command is for


def say_verdict(lines: Iterable[str]) -> None:
    """Write lines to standard output; if its reader ends before the last one, the exit code still counts."""
    try:
        for line in lines:
            say(line)
    except BrokenPipeError:
        discard_output()


def write(content: bytes) -> None:
    """Write whole lines to standard output; see `say`."""
    with _output():
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def _output() -> Iterator[None]:
    """Say in a sentence why standard output cannot be written; a reader that has ended is no such reason."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise CannotWriteError(f"The standard output cannot be written ({error.strerror}).") from None


def complain(line: str) -> None:
    """Write a line to standard error; if it cannot be written, only the exit code reports the failure."""
    with contextlib.suppress(OSError):
        print(f"footy: {_printable(line)}", file=sys.stderr, flush=True)  # noqa: T201


def _printable(line: str) -> str:
    """Escape control characters: a line may quote the vendor, whose text must not control the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def say_folder(settings: Settings, mode: Mode) -> None:
    """Say on standard error which data folder a command uses, and whether it is the demo's."""
    marks = "demo: simulated matches, " if mode is Mode.DEMO else ""
    complain(f"{marks}data folder {settings.folder(mode)}")
