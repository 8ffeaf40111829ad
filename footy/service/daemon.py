"""The service: run a cycle every interval until a signal arrives."""

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

from footy.errors import CannotWriteError, Exit
from footy.outputs.base import Output
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.registry import OutputContext, open_outputs
from footy.record import Heartbeat
from footy.service.app import App, redactor, running_app, set_up_logging
from footy.service.check_note import CheckNote
from footy.service.cycle_job import CycleJob
from footy.service.health import longest_silence_s
from footy.service.heartbeat import HeartbeatFile, read_heartbeat
from footy.service.instance_metrics import CycleFigures, MetricsFile, instance_collector, sinks_source
from footy.service.lock import Owner, Role, locked, verify_ownership
from footy.service.log_place import store_address
from footy.service.notify_socket import NotifySocket
from footy.service.page import page_of
from footy.service.paths import Files, prepare_folder
from footy.service.push_feed import PushFeed, push_feed
from footy.service.schedule import CycleThread, follow_clock, poll_now, retry_refused, scheduled
from footy.service.shared_account import SharedAccount
from footy.service.states import States
from footy.service.status import TOGETHER
from footy.service.stop_signal import StopSignal, stop_signal
from footy.service.term import Term
from footy.settings import Mode, Settings
from footy.telemetry.redaction import Redactor
from footy.thesports.client import Client
from footy.thesports.request import Answer

if TYPE_CHECKING:
    from footy.service.recorder import Recorder
    from footy.service.store_of_term import StoreOfTerm
    from footy.sinks.registry import Sinks
    from footy.telemetry.metrics import Source
    from footy.web.output import LivePage

log = logging.getLogger("footy")


def run(settings: Settings, mode: Mode, warnings: Sequence[str], *, console: ConsoleOptions) -> Exit:
    """Run until SIGTERM or SIGINT.

    Raises:
        FootyError: The service cannot start, or another instance has taken over its data folder.
    """
    files = Files(settings.folder(mode))
    prepare_folder(files.folder)
    with stop_signal() as stopping, locked(files, Role.SERVICE) as me:
        stopping.remove_pid_file_of(files)
        redact = redactor(settings)
        set_up_logging(settings, files, redact)
        for warning in warnings:
            log.warning(warning)
        log.info("footy starts: PID %d, mode %s, data folder %s", me.pid, mode.value, files.folder)
        before = read_heartbeat(files)
        heartbeat_file = HeartbeatFile(
            files, started_at=me.started_at, interval_s=settings.interval, mode=mode.value
        )
        heartbeat_file.write()
        systemd = NotifySocket(os.environ, longest_silence_s(settings.interval))
        lease = settings.lease if settings.store else None
        account = SharedAccount(settings.user or mode, settings.base_url, files.folder, lease=lease)
        watch = _watch_account(account, heartbeat_file) if mode is Mode.LIVE else lambda: None
        service = _Service(
            settings, mode, files, console, redact, stopping, me, before, heartbeat_file, systemd, watch
        )
        with contextlib.closing(account):
            try:
                with contextlib.closing(_terms(service)) as terms:
                    for term in terms:
                        try:
                            _lead(service, term)
                        except CannotWriteError as error:  # the store went away as the term began
                            if term.store is None:
                                raise
                            log.error("%s; this machine leads again as soon as it can", error)
            finally:
                systemd.stopping()
    return Exit.OK


@dataclass(frozen=True, slots=True)
class _Service:
    """What lasts as long as the process."""

    settings: Settings
    mode: Mode
    files: Files
    console: ConsoleOptions
    redact: Redactor
    stopping: StopSignal
    me: Owner
    before: Heartbeat | None
    """The heartbeat of the process before."""
    heartbeat_file: HeartbeatFile
    systemd: NotifySocket
    watch: Callable[[], None]
    """Reports if another footy on this machine uses the account."""


def _terms(service: _Service) -> Generator[Term]:
    """Yield each time in which this process runs the cycles: with a store while it holds the lease."""
    address = store_address(service.settings, service.mode)
    if address is None:
        yield Term(service.me.started_at)
        return
    from footy.service.leadership import Leadership  # noqa: PLC0415 - only if there is a store

    def look_round() -> None:
        verify_ownership(service.me, service.files)

    leadership = Leadership(service.settings, service.mode, address, service.heartbeat_file, service.systemd)
    yield from leadership.terms(service.stopping.requested, look_round)


def _lead(service: _Service, term: Term) -> None:
    """Run cycles until a signal comes or the term is over."""
    settings, mode, files = service.settings, service.mode, service.files
    with (
        running_app(settings, mode, files, term) as app,
        contextlib.ExitStack() as serving,
    ):
        # 1. What gets the cycles: the log of events and its sinks, metrics, the page, the outputs.
        sinks = _sinks(settings, mode, files, term.store)
        recorder = _recorder(settings, mode, files, app, service.before, sinks, service.redact, term.store)
        if recorder is not None and sinks is not None:
            serving.callback(recorder.close)
            recorder.start(term.began_at, mode.value)
            serving.callback(sinks.close)
            sinks.start()
        if term.store is not None:
            serving.enter_context(_published(term.store, files))
        figures = CycleFigures(settings.interval)
        push = push_feed(settings, mode, lambda: not term.is_over)
        archivist = None if recorder is None else recorder.archivist
        more: list[Source] = [*term.sources, *(one.metrics for one in (push, archivist) if one is not None)]
        if recorder is not None and sinks is not None:
            more.append(sinks_source(sinks, lambda: recorder.position))
        metrics = instance_collector(app, figures, files, mode.value, more)
        odds_tail = None if archivist is None else archivist.odds_tail
        served = serving.enter_context(page_of(settings, mode, files, app, metrics, odds_tail))
        page, address = served or (None, None)
        if recorder is not None:
            recorder.on_commit = _waking(sinks, page)
        service.heartbeat_file.note_page(address)
        outputs = open_outputs(OutputContext(files.folder, service.console, sys.stdout, page))
        outputs += [] if sinks is None or settings.mqtt is None else [States(sinks)]
        watchers = (figures.note, MetricsFile(files, metrics).write, service.systemd.cycle_ended)
        # 2. The cycles, until a signal comes or the term is over.
        job = CycleJob(settings, app, outputs, service.heartbeat_file, watchers, recorder, sinks)
        thread = CycleThread()
        scheduler = scheduled(
            job,
            settings.interval,
            lambda: app.pipeline.is_slow,
            app.fixtures,
            thread,
            figures.count_skipped,
        )
        _start(push, app, job, thread, scheduler)
        service.systemd.ready()
        try:
            note = CheckNote(files)
            while not service.stopping.requested.wait(term.look_s) and not term.is_over:
                follow_clock(scheduler)
                if (answered := note.take()) is not None:
                    retry_refused(app, scheduler, answered)
                verify_ownership(service.me, files)
                app.revive_vendor()
                service.watch()
                term.note()
                _note_push(push, service.heartbeat_file)
            log.info("The lease is over: nothing is asked any more" if term.is_over else "footy stops")
        finally:
            _stop(scheduler, app, outputs, push)
            job.save()


def _waking(sinks: "Sinks | None", page: "LivePage | None") -> Callable[[], None]:
    """Return a function that wakes all readers of the log."""

    def wake() -> None:
        if page is not None:
            page.wake()
        if sinks is not None:
            sinks.wake()

    return wake


def _start(
    push: PushFeed | None, app: App, job: CycleJob, thread: CycleThread, scheduler: BackgroundScheduler
) -> None:
    """Start the push; what it says is taken by the thread of the cycles, in the middle of one or between."""
    if push is None:
        return

    def receive(answer: Answer[object]) -> None:
        app.pipeline.receive(answer)
        thread.submit(job.take_pushed)

    job.publishes_pushed_at(push.tick_in)
    # After the cycle that may be running: its list may have been requested before the connection was there.
    push.start(receive, lambda: thread.submit(lambda: poll_now(scheduler)), job.is_in_play)


def _note_push(push: PushFeed | None, heartbeat_file: HeartbeatFile) -> None:
    if push is not None:
        status = push.status
        heartbeat_file.note_push(status.state, status.since, status.why)


def _recorder(
    settings: Settings,
    mode: Mode,
    files: Files,
    app: App,
    before: Heartbeat | None,
    sinks: "Sinks | None",
    redact: Redactor,
    store: "StoreOfTerm | None",
) -> "Recorder | None":
    """Return the recorder of events; None if they are off, and then none of its modules is imported."""
    if sinks is None:
        return None
    from footy.service.alerts import Alerts  # noqa: PLC0415
    from footy.service.archivist import Archivist  # noqa: PLC0415
    from footy.service.log_place import log_place, writer_place  # noqa: PLC0415
    from footy.service.recorder import Keeping, Recorder, last_position  # noqa: PLC0415
    from footy.service.results import ResultReader  # noqa: PLC0415

    if mode is Mode.DEMO:
        before = None
    archivist = Archivist(Client(app.transport), log_place(settings, mode).read)
    app.pipeline.odds_keeper = archivist
    return Recorder(
        writer_place(settings, mode, **({} if store is None else store.session_options)),
        Keeping.of(settings),
        ResultReader(Client(app.transport)),
        written=None if before is None else last_position(before.get("events_position")),
        vendor_ahead_s=lambda: app.transport.vendor_clock.offset_s,
        alerts=Alerts(settings.alerts or files.alerts, sinks, redact, settings.interval),
        clock_step_s=0.0 if store is None else store.step_s,
        archivist=archivist,
    )


def _sinks(settings: Settings, mode: Mode, files: Files, store: "StoreOfTerm | None") -> "Sinks | None":
    """Return the sinks that are switched on, not started; None if there are no events to send."""
    for warning in _unused(settings, settings.alerts or files.alerts):
        log.warning(warning)
    if settings.events == "off":
        return None
    from footy.service.log_place import log_place  # noqa: PLC0415
    from footy.sinks.registry import SinkOptions, Sinks, mqtt_target  # noqa: PLC0415

    if mode is Mode.DEMO:  # each demo is a world of its own
        for path in (files.events, files.sent):
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
    options = SinkOptions(
        source=settings.event_source(mode),
        jsonl=files.event_lines if settings.jsonl == "on" else None,
        keep_days=settings.history_days,
        mqtt=mqtt_target(
            settings.mqtt, settings.mqtt_user, settings.mqtt_password_text(), settings.ca_bundle
        ),
        ledger=files.sent if store is None else store.ledger,
    )
    return Sinks(options, log_place(settings, mode).read)


def _unused(settings: Settings, rules: Path) -> Iterator[str]:
    """Yield what the operator wants of events that does not happen, as a sentence each."""
    if settings.events == "off":
        wanted = {
            str(rules): rules.exists(),
            "FOOTY_MQTT": settings.mqtt,
            "FOOTY_JSONL": settings.jsonl == "on",
        }
        if names := [name for name, is_wanted in wanted.items() if is_wanted]:
            yield f"FOOTY_EVENTS is off: nothing comes of {', '.join(names)}"
    elif settings.alerts is not None and not rules.exists():
        yield f"FOOTY_ALERTS names {rules}, which is not there: no alert is sent until it is"


@contextlib.contextmanager
def _published(store: "StoreOfTerm", files: Files) -> Iterator[None]:
    """Publish the data folder's files in the store, for readers anywhere, as long as the caller is inside."""
    from footy.store.published import Publisher  # noqa: PLC0415

    publisher = Publisher(files.folder, store.session())
    publisher.start()
    try:
        yield
    finally:
        publisher.close()


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


def _stop(scheduler: BackgroundScheduler, app: App, outputs: Sequence[Output], push: PushFeed | None) -> None:
    if push is not None:
        push.close()
    for output in outputs:  # first: if a cycle hangs, the process is ended before it gets any further
        output.close()
    app.transport.stop()
    scheduler.shutdown(wait=True)
