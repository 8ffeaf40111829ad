"""The service: run a cycle every interval until a signal arrives."""

import contextlib
import logging
import sys
from collections.abc import Callable, Sequence

from apscheduler.schedulers.background import BackgroundScheduler

from footy.errors import Exit
from footy.outputs.base import Output
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.registry import OutputContext, open_outputs
from footy.service.app import App, redactor, running_app, set_up_logging
from footy.service.check_note import CheckNote
from footy.service.cycle_job import CycleJob
from footy.service.heartbeat import HeartbeatFile
from footy.service.lock import Role, locked, verify_ownership
from footy.service.page import page_of
from footy.service.paths import Files, prepare_folder
from footy.service.schedule import follow_clock, retry_refused, scheduled
from footy.service.shared_account import SharedAccount
from footy.service.status import TOGETHER
from footy.service.stop_signal import stop_signal
from footy.settings import Mode, Settings

log = logging.getLogger("footy")

LOOK_ROUND_EVERY_S = 2.0


def run(settings: Settings, mode: Mode, warnings: Sequence[str], *, console: ConsoleOptions) -> Exit:
    """Run until SIGTERM or SIGINT.

    Raises:
        FootyError: The service cannot start, or another instance has taken over its data folder.
    """
    files = Files(settings.folder(mode))
    prepare_folder(files.folder)
    with stop_signal() as stopping, locked(files, Role.SERVICE) as me:
        stopping.remove_pid_file_of(files)
        set_up_logging(settings, files, redactor(settings))
        for warning in warnings:
            log.warning(warning)
        log.info("footy starts: PID %d, mode %s, data folder %s", me.pid, mode.value, files.folder)
        heartbeat_file = HeartbeatFile(
            files, started_at=me.started_at, interval_s=settings.interval, mode=mode.value
        )
        heartbeat_file.write()
        account = SharedAccount(settings.user or mode, settings.base_url, files.folder)
        watch = _watch_account(account, heartbeat_file) if mode is Mode.LIVE else lambda: None
        with (
            contextlib.closing(account),
            running_app(settings, mode, files) as app,
            page_of(settings, mode, files, app) as served,
        ):
            page, address = served or (None, None)
            heartbeat_file.note_page(address)
            outputs = open_outputs(OutputContext(files.folder, console, sys.stdout, page))
            job = CycleJob(settings, app, outputs, heartbeat_file)
            scheduler = scheduled(job, settings.interval, lambda: app.pipeline.is_slow, app.fixtures)
            try:
                note = CheckNote(files)
                while not stopping.requested.wait(LOOK_ROUND_EVERY_S):
                    follow_clock(scheduler)
                    if (answered := note.take()) is not None:
                        retry_refused(app, scheduler, answered)
                    verify_ownership(me, files)
                    app.revive_vendor()
                    watch()
                log.info("footy stops")
            finally:
                _stop(scheduler, app, outputs)
                job.save()
    return Exit.OK


def _watch_account(account: SharedAccount, heartbeat_file: HeartbeatFile) -> Callable[[], None]:
    """Return a function that reports if another footy on this machine uses the account."""
    known: str | None = None

    def watch() -> None:
        nonlocal known
        other = account.other()
        if other is not None and other != known:
            log.warning("The account is also used by %s: %s", other, TOGETHER)
        if other != known:
            heartbeat_file.note_shared_account(other)
        known = other

    watch()
    return watch


def _stop(scheduler: BackgroundScheduler, app: App, outputs: Sequence[Output]) -> None:
    for output in outputs:  # first: if a cycle hangs, the process is ended before it gets any further
        output.close()
    app.transport.stop()
    scheduler.shutdown(wait=True)
