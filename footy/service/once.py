"""`--once`: run one cycle in the foreground."""

import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from footy.errors import CannotWriteError, Exit, FootyError
from footy.outputs.base import Update
from footy.outputs.console.consoles import OnceConsole
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.progress import Progress
from footy.outputs.json_printer import JsonPrinter
from footy.outputs.publish import publish
from footy.outputs.snapshot_file import SnapshotFile
from footy.service.app import redactor, running_app, set_up_logging
from footy.service.heartbeat import HeartbeatFile
from footy.service.lock import Role, locked
from footy.service.paths import Files, prepare_folder
from footy.settings import Mode, Settings

log = logging.getLogger("footy")

WITHIN_S = 600.0
"""Time limit in seconds. No cycle follows, so this one may exceed the interval to fetch everything."""


def run(settings: Settings, mode: Mode, warnings: Sequence[str], *, console: ConsoleOptions | None) -> Exit:
    """Run one cycle and print it: on the console, or as JSON if `console` is None.

    Raises:
        FootyError: The cycle could not start, got no fresh live list, or could not be written.
    """
    files = Files(settings.folder(mode))
    prepare_folder(files.folder)
    with locked(files, Role.ONCE) as me:
        redact = redactor(settings)
        set_up_logging(settings, files, redact)
        for warning in warnings:
            log.warning(warning)
        heartbeat_file = HeartbeatFile(
            files, started_at=me.started_at, interval_s=settings.interval, mode=mode.value
        )
        heartbeat_file.write()
        attempted_at = time.time()
        try:
            update = _cycle(settings, mode, files, heartbeat_file)
        except Exception as failure:
            code = failure.exit_code if isinstance(failure, FootyError) else Exit.BUG
            heartbeat_file.cycle(
                1, attempted_at=attempted_at, error=redact.whole(_words(failure)), error_code=code
            )
            raise
        shown = JsonPrinter() if console is None else OnceConsole(console, sys.stdout)
        published = publish(update, [SnapshotFile(files.folder), shown])
        heartbeat_file.cycle(
            1, attempted_at=attempted_at, error=published.failure, error_code=Exit.CANNOT_WRITE
        )
        if published.failure is not None:
            raise CannotWriteError(f"{published.failure} (in {files.folder}).")
        if published.failures:
            raise CannotWriteError("; ".join(published.failures.values()))
    return Exit.OK


def _cycle(settings: Settings, mode: Mode, files: Files, heartbeat_file: HeartbeatFile) -> Update:
    """Run one cycle; return its snapshot and the fixtures.

    Raises:
        FootyError: There is no fresh live list.
    """
    with running_app(settings, mode, files) as app:

        def end(number: int, _frame: Any) -> None:
            app.transport.stop()
            raise _InterruptedBySignal(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        with Progress(sys.stderr) as progress:
            outcome = app.pipeline.run(
                app.checkpoint.load(),
                1,
                progress=lambda done, planned, way: progress.update(
                    done, planned, f"Asking the vendor {way}".rstrip()
                ),
                within_s=WITHIN_S,
            )
        heartbeat_file.note(not_in_plan=app.transport.breaker.not_in_plan())
        if outcome.error is None:
            app.checkpoint.save(outcome.state)
            fixtures = app.fixtures.read()
    if outcome.error is not None:
        raise outcome.error
    if outcome.snapshot is None:
        raise AssertionError("a fresh live list makes a snapshot")
    return Update(outcome.snapshot, fixtures)


def _words(failure: Exception) -> str:
    """Return the words of a failure; of a bug only its type, since its message may contain the secret."""
    return str(failure) if isinstance(failure, FootyError) else type(failure).__name__


class _InterruptedBySignal(BaseException):
    """SIGINT or SIGTERM arrived during a cycle."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run_or_die_of_signal(
    settings: Settings, mode: Mode, warnings: Sequence[str], *, console: ConsoleOptions | None
) -> Exit:
    """Run one cycle; after a signal clean up, then let the same signal end the process."""
    try:
        return run(settings, mode, warnings, console=console)
    except _InterruptedBySignal as signalled:
        _die(signalled.number)


def _die(number: int) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise AssertionError("the signal's default ends the process")
