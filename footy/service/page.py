"""The page and the API of an instance: beside its cycles, or as a process of its own (`footy serve`)."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from footy.errors import ConfigError, Exit
from footy.service.app import App, keep_bugs_scrubbed
from footy.service.health import health, longest_silence_s
from footy.service.log_place import log_place, reader_health, store_address
from footy.service.paths import Files
from footy.service.stop_signal import stop_signal
from footy.settings import Mode, Settings
from footy.telemetry.metrics import CONTENT_TYPE, MetricsCollector, exposition
from footy.thesports.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from footy.history.odds import OddsBlob
    from footy.store.address import StoreAddress
    from footy.web.instance import Instance
    from footy.web.output import LivePage
    from footy.web.security import Access

log = logging.getLogger("footy")


@contextlib.contextmanager
def page_of(
    settings: Settings,
    mode: Mode,
    files: Files,
    app: App,
    metrics: MetricsCollector,
    odds_tail: "Callable[[str], Sequence[OddsBlob]] | None" = None,
) -> "Iterator[tuple[LivePage, str] | None]":
    """Serve a running instance as long as the caller is inside; return the output and the address.

    Returns None if nothing is served: it is switched off, or the port is taken, which is a warning.
    `odds_tail` returns the odds of a match that are known, but not in the log yet.
    """
    if not settings.http_port:
        yield None
        return
    from footy.web.output import LivePage  # noqa: PLC0415 - a service that serves nothing need not load it
    from footy.web.server import Server, bind  # noqa: PLC0415

    def quota_left() -> dict[str, int]:
        left = {one.path: app.transport.quota.left(one) for one in ENDPOINTS.values()}
        return {path: calls for path, calls in left.items() if calls is not None}

    try:
        bound = bind(settings.http_host, settings.http_port)
    except OSError as error:
        log.warning(
            "The page is not served: %s port %d: %s; set FOOTY_HTTP_PORT to another port, or to 0",
            settings.http_host,
            settings.http_port,
            error.strerror or error,
        )
        yield None
        return
    of_here = _OfHere(quota_left, lambda: (exposition(metrics), CONTENT_TYPE), odds_tail)
    server = Server(_instance(settings, mode, files, of_here), _access(settings), bound).start()
    log.info("The page and the API are at %s", server.address)
    try:
        yield LivePage(server), server.address
    finally:
        server.close()
        server.join()


def serve(settings: Settings, mode: Mode, say: Callable[[str], None]) -> Exit:
    """Serve the page of a data folder, which another process may write, until SIGTERM or SIGINT.

    Raises:
        ConfigError: It is switched off, or the port is taken.
        LogError: The store refuses.
    """
    if not settings.http_port:
        raise ConfigError("FOOTY_HTTP_PORT is 0, so there is nothing to serve: set it to a port.")
    from footy.web.server import Server, bind  # noqa: PLC0415

    keep_bugs_scrubbed(settings)
    files = Files(settings.folder(mode))
    with stop_signal() as stopping:
        instance = _instance(settings, mode, files, None)
        if (address := store_address(settings, mode)) is not None:
            instance = _of_store(instance, address)
        try:
            bound = bind(settings.http_host, settings.http_port)
        except OSError as error:
            raise ConfigError(
                f"{settings.http_host} port {settings.http_port} cannot be served on "
                f"({error.strerror or error}): set FOOTY_HTTP_PORT to another port."
            ) from None
        server = Server(instance, _access(settings), bound).start()
        say(f"Page: {server.address}")
        stopping.requested.wait()
        server.close()
        server.join()
    return Exit.OK


def _of_store(instance: "Instance", address: "StoreAddress") -> "Instance":
    """Describe what a store holds, whatever machine writes it.

    Raises:
        LogError: It refuses. One that cannot be reached, or is empty, may still come: the page says so.
    """
    from footy.history.log import LogError, NewerLogError  # noqa: PLC0415 - only if there is a store
    from footy.store.errors import StoreRefusedError  # noqa: PLC0415
    from footy.store.place import StorePlace  # noqa: PLC0415 - only if there is a store
    from footy.store.watch import StoreWatch  # noqa: PLC0415
    from footy.web.instance import HEARTBEAT, Judged  # noqa: PLC0415

    place = StorePlace(address)
    try:
        place.exists()
    except LogError as error:
        if isinstance(error, StoreRefusedError | NewerLogError):
            raise
    watch = StoreWatch(address)

    def ready() -> Judged:
        return Judged(*reader_health(watch.value(HEARTBEAT), watch.problem, time.time()))

    return replace(instance, place=place, watched=lambda: watch, ready=ready)


def _access(settings: Settings) -> "Access":
    from footy.web.security import Access  # noqa: PLC0415

    return Access(settings.http_token_text(), frozenset(settings.http_hosts))


@dataclass(frozen=True, slots=True)
class _OfHere:
    """What only the process that runs the cycles knows."""

    quota_left: Callable[[], dict[str, int]]
    metrics: Callable[[], tuple[bytes, str]]
    odds_tail: "Callable[[str], Sequence[OddsBlob]] | None" = None


def _instance(settings: Settings, mode: Mode, files: Files, of_here: _OfHere | None) -> "Instance":
    """Describe an instance; one without `of_here` runs in another process."""
    from footy.web.instance import Instance, Judged, no_tail  # noqa: PLC0415

    def judged(*, cycles_only: bool) -> Judged:
        found = health(files, demo=mode is Mode.DEMO, cycles_only=cycles_only)
        return Judged(found.well, found.line)

    return Instance(
        folder=files.folder,
        mode=mode.value,
        interval_s=settings.interval,
        stale_after_s=longest_silence_s,
        price_max_age_s=settings.price_max_age,
        timezone=settings.timezone,
        odds_format=settings.odds_format,
        early_window=settings.early_window,
        cycles=(lambda: judged(cycles_only=True)) if of_here else lambda: Judged(well=True, line="serving"),
        ready=lambda: judged(cycles_only=False),
        quota_left=of_here.quota_left if of_here else dict,
        metrics=of_here.metrics if of_here else None,
        odds_tail=(of_here and of_here.odds_tail) or no_tail,
        source=settings.event_source(mode),
        place=log_place(settings, mode),
        watches_snapshot=of_here is None,
    )
