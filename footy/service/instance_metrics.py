"""The metrics of a running instance: where each figure comes from, and the file that has them all."""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from prometheus_client.core import Metric

from footy.clock import CLOCK
from footy.errors import Exit
from footy.files import write_atomically
from footy.mirror.state import State
from footy.service.app import App
from footy.service.cycle_end import CycleEnd
from footy.service.indicators import Level
from footy.service.paths import Files
from footy.telemetry.metrics import (
    MetricsCollector,
    Source,
    build_source,
    calls_source,
    counter,
    exposition,
    figure,
    gauge,
    process_source,
)
from footy.thesports.codes import IN_PLAY, STATUSES
from footy.thesports.transport import Transport

if TYPE_CHECKING:  # without events nothing of them is imported
    from footy.history.log import Position

log = logging.getLogger(__name__)

OUTCOMES = (Exit.OK, Exit.UNAVAILABLE, Exit.REFUSED, Exit.CANNOT_WRITE, Exit.BUG)
"""How a cycle can end."""
LEVELS = {Level.NORMAL: 0, Level.WARNING: 1, Level.CRITICAL: 2}
KINDS = ("details", "odds", "names")
OTHER_STATUS = "other"
"""Label of statuses that are not in the vendor's table, so that their number cannot grow."""


def instance_collector(
    app: App, figures: "CycleFigures", files: Files, mode: str, more: Sequence[Source] = ()
) -> MetricsCollector:
    """Return all metrics of an instance.

    Args:
        app: The instance.
        figures: Those of its cycles.
        files: Its data folder.
        mode: `live` or `demo`.
        more: Sources of the parts that are switched on, such as sinks.
    """
    sources = (
        build_source(mode),
        process_source(),
        figures.metrics,
        calls_source(app.counters),
        account_source(app.transport),
        disk_source(files),
    )
    return MetricsCollector([*sources, *more])


class CycleFigures:
    """The figures of the cycles: those of the last one, and how many ended in which way."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._last: CycleEnd | None = None
        self._last_success_at: float | None = None
        self._ended: Mapping[str, int] = {outcome.name.lower(): 0 for outcome in OUTCOMES}
        self._skipped = 0

    def count_skipped(self) -> int:
        """Count a cycle that was due while the one before still ran; return how many there were."""
        self._skipped += 1
        return self._skipped

    def note(self, end: CycleEnd) -> None:
        """Take a cycle that has ended."""
        outcome = end.code.name.lower()
        self._ended = {**self._ended, outcome: self._ended.get(outcome, 0) + 1}
        if end.error is None:
            self._last_success_at = end.ended_at
        self._last = end

    def metrics(self) -> Iterator[Metric]:
        """Yield the metrics; a source, for any thread."""
        last = self._last
        yield figure("footy_interval_seconds", "Time from one cycle to the next.", self._interval_s)
        yield counter(
            "footy_cycles_total",
            "Cycles since the start, by how they ended.",
            ("outcome",),
            {(outcome,): count for outcome, count in self._ended.items()},
        )
        yield counter(
            "footy_cycles_skipped_total",
            "Cycles since the start that were due while the one before still ran.",
            (),
            {(): self._skipped},
        )
        if last is not None:
            yield from _of_cycle(last, self._last_success_at)
            yield from _of_data(last)


def _of_cycle(last: CycleEnd, last_success_at: float | None) -> Iterator[Metric]:
    steps = {**last.timings, "publish": last.publish_s, "sleep": last.sleep_s}
    yield gauge(
        "footy_cycle_seconds",
        "Time that each step of the last cycle took; total is that from live to filter.",
        ("step",),
        {(step,): seconds for step, seconds in steps.items()},
    )
    words = "When the last cycle began, in Unix time."
    yield figure("footy_last_attempt_timestamp_seconds", words, last.attempted_at)
    words = "When the last cycle with a fresh live list was published, in Unix time; absent before the first."
    yield figure("footy_last_success_timestamp_seconds", words, last_success_at)
    yield gauge(
        "footy_indicator_level",
        "How an indicator stands: 0 is normal, 1 a warning, 2 critical.",
        ("indicator",),
        {(name,): LEVELS[reading.level] for name, reading in last.readings.items()},
    )


def _of_data(last: CycleEnd) -> Iterator[Metric]:
    yield gauge(
        "footy_data_age_seconds",
        "Age of the live list, and of the oldest details and odds of a match in play.",
        ("kind",),
        {(kind,): age for kind, age in data_ages(last.state, CLOCK.now()).items()},
    )
    if (meta := last.meta) is not None:
        yield gauge(
            "footy_matches",
            "Matches in the last snapshot, by status.",
            ("status",),
            {(status,): count for status, count in _by_status(meta["counts"]["status"]).items()},
        )
        words = "Matches in the last snapshot that are being played, their breaks included."
        yield figure("footy_matches_in_play", words, meta["counts"]["in_play"])
        words = "1 if nothing in the last snapshot is missing, old or made up, else 0."
        yield figure("footy_snapshot_complete", words, meta["complete"])
        words = "Problems that the last snapshot names."
        yield figure("footy_snapshot_problems", words, len(meta["problems"]))
    yield gauge(
        "footy_matches_lacking",
        "Matches in play of which a kind of data is missing or old.",
        ("kind",),
        {(kind,): last.lacking.get(kind, 0) for kind in KINDS},
    )
    degraded = {one["kind"] for one in last.degraded}
    yield gauge(
        "footy_degraded",
        "1 if most matches in play have been without a kind of data for too long, else 0.",
        ("kind",),
        {(kind,): kind in degraded for kind in KINDS},
    )
    feeds = {"details": last.state.details_feed, "odds": last.state.odds_feed}
    yield gauge(
        "footy_feed_trusted",
        "1 if the vendor's list of changes agrees with what is read in full, else 0.",
        ("feed",),
        {(name,): feed.trusted for name, feed in feeds.items()},
    )


def data_ages(state: State, now: float) -> dict[str, float | None]:
    """Return the age of each kind of data, in seconds; None if there is none."""
    playing = [
        match
        for match in state.matches.values()
        if match.live.value is not None and match.live.value.score.status_id in IN_PLAY
    ]
    times = {
        "live_list": [state.fetched_at],
        "details": [match.detail.fetched_at for match in playing],
        "odds": [match.odds.fetched_at for match in playing],
    }
    return {
        kind: max((now - at for at in moments if at is not None), default=None)
        for kind, moments in times.items()
    }


def _by_status(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by the name of the status, the names of the table all there."""
    named = dict.fromkeys([*STATUSES.values(), OTHER_STATUS], 0)
    for status_id, count in counts.items():
        named[STATUSES.get(int(status_id), OTHER_STATUS)] += count
    return named


def account_source(transport: Transport) -> Source:
    """Return the source of what the account may still ask."""

    def metrics() -> Iterator[Metric]:
        quotas, labels = transport.quota.all_left(), ("endpoint",)
        words = "Attempts that the quota of an endpoint has room for now."
        yield gauge("footy_quota_left", words, labels, {(name,): left for name, (left, _) in quotas.items()})
        words = "Attempts that the quota of an endpoint allows in its window."
        yield gauge("footy_quota_limit", words, labels, {(name,): most for name, (_, most) in quotas.items()})
        yield gauge(
            "footy_endpoint_not_in_plan",
            "1 for each endpoint that the vendor refuses because the account's plan lacks it.",
            labels,
            {(endpoint.path,): 1 for endpoint in transport.breaker.not_in_plan()},
        )
        words = "The vendor's clock minus this machine's; absent while it is not known."
        yield figure("footy_vendor_clock_offset_seconds", words, transport.vendor_clock.measured_s)

    return metrics


def disk_source(files: Files) -> Source:
    """Return the source of the disk that holds the data folder."""

    def metrics() -> Iterator[Metric]:
        try:
            usage = shutil.disk_usage(files.folder)
        except OSError:  # the folder is gone: what is not known is left out
            return
        words = "Space left on the disk of the data folder for the user that footy runs as."
        yield figure("footy_data_disk_free_bytes", words, usage.free)
        yield figure("footy_data_disk_size_bytes", "Size of the disk of the data folder.", usage.total)

    return metrics


class Lagging(Protocol):
    """What knows how far it is behind the log: a sink's runner."""

    name: str

    def lag(self, newest: "Position") -> int | None:
        """Return how many events it lacks; None if that is not known yet."""
        ...


def sinks_source(sinks: Iterable[Lagging], newest: "Callable[[], Position | None]") -> Source:
    """Return the source of the sinks.

    Args:
        sinks: Those that are switched on now.
        newest: Returns where the log ends; None if it has not been opened.
    """

    def metrics() -> Iterator[Metric]:
        end = newest()
        yield gauge(
            "footy_sink_lag_events",
            "Events that a sink has not taken yet.",
            ("sink",),
            {(sink.name,): None if end is None else sink.lag(end) for sink in sinks},
        )

    return metrics


class MetricsFile:
    """Writes all metrics into the data folder after each cycle, for readers without HTTP."""

    def __init__(self, files: Files, collector: MetricsCollector) -> None:
        self._path = files.metrics
        self._collector = collector
        self._works = True

    def write(self, _end: CycleEnd | None = None) -> None:
        """Replace the file; a failure is logged once."""
        try:
            write_atomically(self._path, exposition(self._collector))
        except OSError as error:
            if self._works:
                log.error("metrics.prom could not be written: %s", error.strerror or error)
            self._works = False
        else:
            self._works = True
