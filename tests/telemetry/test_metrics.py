"""The exposition: names and values as Prometheus reads them, and no second count."""

import threading
from collections.abc import Iterator

from prometheus_client.core import Metric

from footy import __version__
from footy.telemetry.attempts import AttemptRecord
from footy.telemetry.counters import Counters
from footy.telemetry.metrics import (
    MetricsCollector,
    build_source,
    calls_source,
    counter,
    exposition,
    figure,
    gauge,
    process_source,
    read_samples,
)


def attempt(endpoint: str = "team/list", outcome: str = "ok", *, sent: bool = True) -> AttemptRecord:
    return AttemptRecord(endpoint, endpoint, 1, 3, was_sent=sent, outcome=outcome)


def test_calls_are_those_of_the_counters_at_each_scrape() -> None:
    counters = Counters()
    collector = MetricsCollector([calls_source(counters)])
    for one in (attempt(), attempt(), attempt(outcome="timeout"), attempt(sent=False), attempt("deleted")):
        counters.note(one)

    samples = read_samples(exposition(collector).decode())

    assert samples["footy_calls_total"] == {
        ("deleted", "ok"): 1,
        ("team/list", "ok"): 2,
        ("team/list", "timeout"): 1,
    }
    assert samples["footy_error_ratio"] == {(): 0.25}
    counters.note(attempt())
    again = read_samples(exposition(collector).decode())
    assert again["footy_calls_total"]["team/list", "ok"] == 3


def test_before_the_first_call_there_is_no_error_ratio() -> None:
    samples = read_samples(exposition(MetricsCollector([calls_source(Counters())])).decode())

    assert "footy_error_ratio" not in samples


def test_unreadable_values_are_counted_by_endpoint_and_not_by_what_the_vendor_sends() -> None:
    counters = Counters()
    for field in ("score", "incidents[].time", "score"):
        counters.unreadable("match/detail_live", field)

    samples = read_samples(exposition(MetricsCollector([calls_source(counters)])).decode())

    assert samples["footy_unreadable_values_total"] == {("match/detail_live",): 3}


def test_a_value_that_is_unknown_is_absent_and_a_label_may_hold_any_text() -> None:
    hostile = 'a "quote", a \\ and a\nline'

    def source() -> Iterator[Metric]:
        yield figure("footy_unknown", "Nobody knows.", None)
        yield gauge("footy_some_seconds", "Some are known.", ("kind",), {("known",): 0.5, ("unknown",): None})
        yield counter("footy_odd_total", "Odd.", ("name",), {(hostile,): 2})

    samples = read_samples(exposition(MetricsCollector([source])).decode())

    assert samples == {"footy_some_seconds": {("known",): 0.5}, "footy_odd_total": {(hostile,): 2}}


def test_the_process_and_the_build_are_told_in_the_names_that_others_use() -> None:
    samples = read_samples(exposition(MetricsCollector([process_source(), build_source("live")])).decode())

    assert samples["process_resident_memory_bytes"][()] > 10_000_000
    assert samples["process_open_fds"][()] >= 3
    assert samples["footy_threads"][()] == threading.active_count()
    [labels] = samples["footy_build_info"]
    assert (labels[0], labels[2]) == ("live", __version__)


def test_a_scrape_while_calls_are_counted_is_whole() -> None:
    counters, stop = Counters(), threading.Event()
    collector = MetricsCollector([calls_source(counters)])

    def count() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            counters.note(attempt(f"endpoint/{number % 500}"))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        totals = [
            sum(read_samples(exposition(collector).decode()).get("footy_calls_total", {}).values())
            for _ in range(10)
        ]
    finally:
        stop.set()
        thread.join()

    assert totals == sorted(totals)
    final = read_samples(exposition(collector).decode())["footy_calls_total"]
    assert sum(final.values()) == sum(counters.outcomes.values()) >= totals[-1]
