"""Metrics in Prometheus' text format, read from footy's own counters when they are asked for.

Nothing is counted twice: a source is a function that returns metrics made from what some part of footy holds
anyway. Another part is added by another source. No label holds an id or a URL.
"""

import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from footy import __version__
from footy.telemetry.counters import Counters

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Of the exposition, for an HTTP reply."""

Source = Callable[[], Iterable[Metric]]
"""Returns the metrics of one part of footy as they are now; called from any thread."""

Labels = tuple[str, ...]
L = TypeVar("L", bound=Labels)


class MetricsCollector(Collector):
    """The metrics of all sources."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the names are not needed before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of each source."""
        for source in self._sources:
            yield from source()


def exposition(collector: MetricsCollector) -> bytes:
    """Return all metrics as text for a reply of the content type `CONTENT_TYPE`."""
    return generate_latest(collector.registry)


def gauge(name: str, words: str, labels: Labels, values: Mapping[L, float | None]) -> Metric:
    """Return a gauge.

    Args:
        name: Its name, with the unit at the end.
        words: What it is, as its help says.
        labels: The names of the labels.
        values: By the values of the labels; what is None is left out, because it is unknown.
    """
    family = GaugeMetricFamily(name, words, labels=labels)
    for values_of_labels, value in values.items():
        if value is not None:
            family.add_metric(values_of_labels, value)
    return family


def figure(name: str, words: str, value: float | None) -> Metric:
    """Return a gauge without labels; without a value if that is unknown."""
    return gauge(name, words, (), {(): value})


def counter(name: str, words: str, labels: Labels, values: Mapping[L, float]) -> Metric:
    """Return a counter, which only grows while the process lives; its name ends in `_total`."""
    family = CounterMetricFamily(name, words, labels=labels)
    for values_of_labels, value in values.items():
        family.add_metric(values_of_labels, value)
    return family


def build_source(mode: str) -> Source:
    """Return the source that says which footy this is."""

    def metrics() -> Iterator[Metric]:
        info = (__version__, platform.python_version(), mode)
        words = "Always 1; the labels say which footy this is."
        yield gauge("footy_build_info", words, ("version", "python", "mode"), {info: 1})

    return metrics


def process_source() -> Source:
    """Return the source of the process: the library's `process_…` metrics, and its threads.

    The library reads `/proc`, so that on macOS only the threads are known.
    """
    standard = ProcessCollector(registry=None)

    def metrics() -> Iterator[Metric]:
        yield from standard.collect()
        yield figure("footy_threads", "Python threads that live.", threading.active_count())

    return metrics


def calls_source(counters: Counters) -> Source:
    """Return the source of the calls to the vendor."""

    def metrics() -> Iterator[Metric]:
        totals = counters.totals()
        yield counter(
            "footy_calls_total",
            "Attempts sent to the vendor since the start.",
            ("endpoint", "outcome"),
            totals.attempts,
        )
        yield figure(
            "footy_error_ratio",
            "Share of failed attempts in the last 5 minutes, and of at least the last 100.",
            counters.error_rate(),
        )
        yield counter(
            "footy_unreadable_values_total",
            "Values of the vendor that could not be read and were left out, since the start.",
            ("endpoint",),
            totals.unreadable,
        )

    return metrics


Samples = Mapping[str, Mapping[Labels, float]]
"""By the name of a sample, its values by the values of its labels, these in the order of their names."""


def read_samples(text: str) -> Samples:
    """Return the samples of an exposition.

    Raises:
        ValueError: It is none.
    """
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = tuple(sample.labels[label] for label in sorted(sample.labels))
            found.setdefault(sample.name, {})[key] = sample.value
    return found
