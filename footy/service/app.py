"""Build the parts of an instance, live or demo."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytz

from footy.errors import CannotWriteError
from footy.mirror.checkpoint import Checkpoint, Checkpoints
from footy.pipeline.cycle import Pipeline, Rules
from footy.records.prices import PriceRules
from footy.records.selection import Selection
from footy.reference.catalogue import Catalogue
from footy.reference.disk_cache import DiskCache
from footy.reference.lookup import Lookup
from footy.reference.prefetch import Prefetch
from footy.service import memory
from footy.service.check_note import CheckNote
from footy.service.demo import DemoVendor
from footy.service.fixtures import FixtureReader
from footy.service.heartbeat import read_heartbeat
from footy.service.paths import Files
from footy.service.term import Term
from footy.settings import Mode, Settings
from footy.telemetry import logs
from footy.telemetry.counters import Counters
from footy.telemetry.redaction import Redactor
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.transport import Transport
from thesports_simulator.process import SECRET as DEMO_SECRET


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """The vendor's address and the credentials for it."""

    base_url: str
    user: str
    secret: str = field(repr=False)
    revive: Callable[[], None] = field(default=lambda: None, repr=False)
    """Restarts the demo's simulator if it has died; the service calls it regularly."""


@dataclass(frozen=True, slots=True)
class App:
    """The parts of a running instance."""

    pipeline: Pipeline
    transport: Transport
    counters: Counters
    checkpoint: Checkpoints
    fixtures: FixtureReader
    revive_vendor: Callable[[], None] = lambda: None


def set_up_logging(settings: Settings, files: Files, redact: Redactor) -> None:
    """Write the log into the instance's folder.

    Raises:
        CannotWriteError: The log file cannot be opened.
    """
    try:
        _log_to(files.folder, settings, redact)
    except OSError as error:
        raise CannotWriteError(f"The log file {files.log} cannot be written ({error.strerror}).") from None


def keep_bugs_scrubbed(settings: Settings) -> None:
    """Set up logging without a file: hide warnings, and write uncaught errors to stderr, redacted."""
    _log_to(None, settings, redactor(settings), stderr_level=logging.CRITICAL)


def _log_to(
    folder: Path | None, settings: Settings, redact: Redactor, *, stderr_level: int | None = None
) -> None:
    logs.set_up(
        folder,
        level=settings.log_level,
        form="text" if folder is None else settings.log_format,
        zone=pytz.timezone(settings.timezone),
        backups=settings.log_backups,
        redact=redact,
        stderr_level=stderr_level,
    )


def redactor(settings: Settings) -> Redactor:
    """Return the redactor of this instance's secrets and of the demo's, which is public."""
    return Redactor([*settings.secrets(), DEMO_SECRET])


@contextlib.contextmanager
def upstream(settings: Settings, mode: Mode) -> Iterator[VendorAccount]:
    """Yield the account to use: the vendor's, or in the demo a simulator's, which ends with the context.

    Raises:
        FootyError: The simulator could not be started.
    """
    if mode is not Mode.DEMO:
        yield VendorAccount(settings.base_url, settings.user or "", settings.secret_text())
        return
    with DemoVendor() as demo:
        simulator = demo.simulator
        yield VendorAccount(simulator.base_url, simulator.user, simulator.secret, demo.revive)


@contextlib.contextmanager
def running_app(settings: Settings, mode: Mode, files: Files, term: Term | None = None) -> Iterator[App]:
    """Yield the parts of an instance; afterwards end all their threads, connections and child processes.

    With a lease, they work for one term.
    """
    memory.give_back()
    counters = Counters()
    if mode is Mode.DEMO:  # each demo simulates a new world: the state and quota of the last one do not apply
        for file in (files.checkpoint, files.quota, files.fixtures):
            file.unlink(missing_ok=True)
    with contextlib.ExitStack() as closing:
        asked = closing.enter_context(upstream(settings, mode))
        transport = transport_for(settings, asked, counters, None if term is None else term.right_left_s)
        closing.callback(transport.close)
        if mode is not Mode.DEMO and (before := read_heartbeat(files)) is not None:
            answered = CheckNote(files).take() or []
            transport.breaker.recall_not_in_plan({*before.get("not_in_plan", [])} - {*answered})
        client = Client(transport)
        disk_cache = DiskCache(files.cache)
        closing.callback(disk_cache.close)
        ttl_s = {
            endpoints.TEAM: settings.ttl_team,
            endpoints.COMPETITION: settings.ttl_competition,
            endpoints.COUNTRIES: settings.ttl_country,
            endpoints.CATEGORIES: settings.ttl_country,
        }
        transport.quota.keep_in(files.quota)
        catalogue = prefetch = None
        if settings.prefetch == "on" and mode is not Mode.DEMO:
            catalogue = Catalogue(files.catalogue)
            closing.callback(catalogue.close)
            prefetch = Prefetch(client, catalogue, ttl_s)
        lookup = Lookup(client, disk_cache, ttl_s, transport.vendor_clock, catalogue)
        rules = rules_for(settings, mode)
        pipeline = Pipeline(rules, client, lookup, prefetch)
        closing.callback(pipeline.close)
        closing.callback(transport.stop)
        checkpoint: Checkpoints = Checkpoint(files.checkpoint, asked.base_url, settings.early_window)
        if term is not None and term.store is not None:
            from footy.service.takeover import CallsInStore, StoredCheckpoint  # noqa: PLC0415

            stray = settings.workers if term.store.predecessor_stopped else 0
            transport.quota.keep_by(CallsInStore(term.store), stray)
            checkpoint = StoredCheckpoint(term.store, asked.base_url, settings.early_window, lookup)
        fixtures = FixtureReader(files.fixtures, client, lookup, rules.selection)
        yield App(pipeline, transport, counters, checkpoint, fixtures, asked.revive)


def transport_for(
    settings: Settings,
    asked: VendorAccount,
    counters: Counters,
    right_left_s: Callable[[], float] | None = None,
) -> Transport:
    """Return the transport for these settings."""
    return Transport(
        base_url=asked.base_url,
        credentials={"user": asked.user, "secret": asked.secret},
        counters=counters,
        workers=settings.workers,
        timeout=settings.timeout,
        attempts=settings.attempts,
        backoff=settings.backoff,
        rate_limits=settings.rate_limits,
        proxy=settings.proxy,
        ca_bundle=settings.ca_bundle,
        zone=pytz.timezone(settings.timezone),
        right_left_s=right_left_s,
    )


def rules_for(settings: Settings, mode: Mode) -> Rules:
    """Return the rules of the cycle for these settings."""
    return Rules(
        mode=mode.value,
        workers=settings.workers,
        interval_s=settings.interval,
        timeout_s=settings.timeout,
        prices=PriceRules(settings.bookmakers, settings.early_window, settings.price_max_age),
        selection=Selection.of(settings.competitions, settings.countries),
        delta=settings.strategy == "delta",
        mock="mock" in settings.fallback,
    )
