"""Events: what detection, the log's transaction and reading it cost, and what grows."""

import argparse
import contextlib
import logging
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from benchmarks import chart, child, measure, report
from benchmarks.flatten import MOMENT, Evening
from footy.clock import CLOCK
from footy.events import Detector, EventRules
from footy.events.envelope import all_enveloped
from footy.history import Commit, Retention, SqliteLog, opened
from footy.history.place import FilePlace
from footy.mirror.odds_book import digest
from footy.mirror.state import State
from footy.pipeline.cycle import CycleResult
from footy.record import MatchRecord
from footy.records.flatten import Flattener
from footy.service.recorder import Keeping, Recorder
from footy.service.results import ResultReader
from footy.thesports.models import LiveMatch, LiveScore, SideScore
from footy.thesports.request import Answer, Request
from footy.thesports.retry_budget import RetryBudget

SIZES = (102, 1000)
KINDS = ("compared", "anew", "steady")
DETECTION_MS = {102: {"compared": 1.0, "steady": 0.3}, 1000: {"compared": 15.0, "steady": 3.0}}
RUNS = 25
COMMITS = 500
EVENTS_A_COMMIT, STATES_A_COMMIT = 12, 40
TRANSACTION_MS = 3.0
READ_EVENTS = 50_000
READ_RATE = 500_000
BATCH = 500
CYCLES = 10_000
GROWTH_MB = 2.0
DAYS, KEPT_DAYS = 120, 90
MATCHES_A_DAY, GOALS_A_MATCH = 60, 5
STEPS_A_DAY = 12
BOUNDED_BY = 1.05
SAMPLES = 200
ENDS = 10
"""Samples whose median is the memory at that point: one large list does not count as growth."""
INTRO = """\
*Detection* compares the records of {sizes} simulated matches with their emitted states: *compared* is a cycle
in which prices of every match have changed, *anew* one in which all values, incidents too, are new objects as
well (which happens after a restart), *steady* one in which nothing has changed. *A transaction* writes
{events} events and {states} states of 102 matches, flushed to the disk (`synchronous=FULL`). *Reading* takes
{read:,} events from the file in batches of {batch} and makes the envelopes that a sink gets. Detection and
reading in CPU time of one thread; medians of {runs} runs."""
GROWTH = """\
Growth is that of the recorder's process over {cycles:,} cycles of 102 matches that come and go, with goals,
cards, full times and prices: the medians of {ends} samples in the middle and at the end."""
RETENTION = """\
A log that is kept for {kept} days was written for {days}, {matches} matches a day: its file is as large at
the end as on the first day on which there was something to remove, within 5 %."""

_encode, _decode = msgspec.json.encode, msgspec.json.decode


class _Vendor:
    """Keeps every match as finished."""

    def ask(self, request: Request, budget: RetryBudget) -> Answer[object]:
        """Return the final state of a match."""
        del budget
        score = LiveScore(request.id, 8, SideScore(4), SideScore(0))
        return Answer(request, LiveMatch(request.id, score), float(MOMENT))


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a bound is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks events", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--cycles", type=int, help=f"of the growth, default {CYCLES:,}")
    options = parser.parse_args(argv)
    quick = options.quick
    sizes = (10,) if quick else SIZES
    detection: dict[int, dict[str, float]] = {}
    some: list[MatchRecord] = []
    for size in sizes:
        evening = Evening(size)
        some = some or records_of(evening)
        detection[size] = _detection_ms(evening)
    with tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder:
        commits = _commits_ms(Path(folder) / "commits.db", some, 20 if quick else COMMITS)
        rate = _read_rate(Path(folder) / "read.db", some, 1000 if quick else READ_EVENTS)
        cycles = options.cycles or (60 if quick else CYCLES)
        task = {"path": f"{folder}/growth.db", "records": some, "cycles": cycles}
        memory = child.ask("benchmarks.events", task)  # in a process that has freed nothing
        kept_mb, end_mb = _retention_mb(
            Path(folder) / "kept.db", some, *((5, 2) if quick else (DAYS, KEPT_DAYS))
        )
    return report.publish(_report(detection, commits, rate, memory, (kept_mb, end_mb), cycles), options, argv)


def records_of(evening: Evening) -> list[MatchRecord]:
    """Return the records of an evening."""
    flattener = Flattener(evening.rules)
    return [
        flattener.record(
            evening.held(live, detail, digest(odds, evening.window)), evening.references, float(MOMENT)
        )
        for (live, detail), odds in zip(evening.decoded, evening.decoded_odds, strict=True)
    ]


def _anew(records: Sequence[MatchRecord], **changes: Any) -> list[MatchRecord]:
    """Return equal records of which no value is the same object."""
    copies: list[dict[str, Any]] = _decode(_encode(records))
    return [_changed(cast("MatchRecord", one), **changes) for one in copies]


# --- detection


def _detection_ms(evening: Evening) -> dict[str, float]:
    """Return the milliseconds of CPU that a cycle takes, by its kind."""
    held = {
        live.id: evening.held(live, detail, digest(odds, evening.window))
        for (live, detail), odds in zip(evening.decoded, evening.decoded_odds, strict=True)
    }
    flattener, now = Flattener(evening.rules), float(MOMENT)
    detector, steady = Detector(EventRules()), Detector(EventRules())
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for step in range(RUNS + 1):
        shown = flattener.records(held, evening.references, now)
        steady.commit(steady.detect(shown, now, listed=_ids(shown), versions=flattener.versions()))
        priced = [_priced(one, step) for one in shown]
        anew = _anew([_priced(one, step + 1) for one in shown])
        again = flattener.records(held, evening.references, now)
        for kind, read in (("compared", priced), ("anew", anew), ("steady", again)):
            now += 10
            one = steady if kind == "steady" else detector
            versions = flattener.versions() if kind == "steady" else None
            started = time.thread_time()
            found = one.detect(read, now, listed=_ids(read), versions=versions)
            if step:
                taken[kind].append(1000 * (time.thread_time() - started))
            one.commit(found)
    return {kind: measure.median(of_kind) for kind, of_kind in taken.items()}


def _priced(record: MatchRecord, step: int) -> MatchRecord:
    copy = dict(record)
    for market in ("money_line", "spread", "over_under"):
        for outcome in ("home", "over"):
            price = copy.get(f"current_{market}_{outcome}")
            if isinstance(price, float):
                copy[f"current_{market}_{outcome}"] = price + 0.01 * (1 + step % 2)
    copy["home_score_ht"] = step % 2
    return cast("MatchRecord", copy)


def _changed(record: MatchRecord, **changes: Any) -> MatchRecord:
    return cast("MatchRecord", {**record, **changes})


def _ids(records: Sequence[MatchRecord]) -> set[str]:
    return {one["match_id"] for one in records}


# --- the log


def _played(records: Sequence[MatchRecord], changing: int, most: int = 90) -> Iterator[list[MatchRecord]]:
    """Yield cycles in which some matches, in turn, have another goal; in the others nothing happens."""
    copies = _anew(records, home_score=0, away_score=0, status_id=4, in_play=True, live_source="fresh")
    scores = [0] * len(copies)
    turn = 0
    while True:
        for number in range(turn, turn + changing):
            place = number % len(copies)
            scores[place] = (scores[place] + 1) % most
            copies[place] = _changed(copies[place], home_score=scores[place])
        turn += changing
        yield list(copies)


def _commits_ms(path: Path, records: Sequence[MatchRecord], count: int) -> list[float]:
    """Return the milliseconds of transactions as a cycle writes them."""
    log, _ = opened(path)
    detector, now, taken = Detector(EventRules()), float(MOMENT), []
    cycles = _played(records, EVENTS_A_COMMIT)
    for _ in range(count):
        now += 10
        read = next(cycles)
        found = detector.detect(read, now)
        states = {**dict(list(detector.states().items())[:STATES_A_COMMIT]), **found.changed}
        started = time.perf_counter()
        log.append(Commit(now, states, found.events, _ids(read)))
        taken.append(1000 * (time.perf_counter() - started))
        detector.commit(found)
    log.close()
    return taken[1:]


def _read_rate(path: Path, records: Sequence[MatchRecord], events: int) -> float:
    """Return how many envelopes a second are read."""
    log, _ = opened(path)
    detector, now = Detector(EventRules()), float(MOMENT)
    cycles = _played(records, len(records))
    while log.extent().newest < events:
        now += 10
        found = detector.detect(next(cycles), now)
        log.append(Commit(now, found.changed, found.events))
        detector.commit(found)
    rates = []
    for _ in range(RUNS):
        started = time.thread_time()
        count = _read_all(log)
        rates.append(count / (time.thread_time() - started))
    log.close()
    return measure.median(rates)


def _read_all(log: SqliteLog) -> int:
    after = count = 0
    epoch = log.extent().epoch
    while events := log.read(after, BATCH):
        after = events[-1].sequence
        count += len(all_enveloped(events, epoch=epoch))
    return count


# --- what grows


def _recorder(path: Path, retention: Retention) -> Recorder:
    logging.disable(logging.ERROR)
    recorder = Recorder(FilePlace(path), Keeping(EventRules(), retention), ResultReader(_Vendor()))
    recorder.start(time.time(), "live")
    return recorder


def _outcome(records: Sequence[MatchRecord], at: float) -> CycleResult:
    listed = dict.fromkeys(_ids(records), cast("Any", None))
    snapshot = {"meta": cast("Any", {}), "matches": list(records)}
    return CycleResult(
        State(matches=listed, fetched_at=at),
        cast("Any", snapshot),
        None,
        {},
        RetryBudget(0.0),
        {},
        is_listed=True,
    )


def _memory(task: dict[str, Any]) -> list[tuple[int, float]]:
    """Return the memory of this process, in MB, over cycles in which matches come, play, end and go."""
    records, cycles = task["records"], task["cycles"]
    now = time.time()
    CLOCK.uptime, CLOCK._offset = lambda: now, 0.0  # type: ignore[method-assign]  # noqa: SLF001 - as fast as the cycles
    recorder = _recorder(Path(task["path"]), Retention())
    every = max(1, cycles // SAMPLES)
    samples = []
    for number, read in zip(range(1, cycles + 1), _season(records), strict=False):
        now += 10
        recorder.record(_outcome(read, now))
        recorder.confirm_results(1.0)
        if number % every == 0:
            samples.append((number, measure.held_mb()))
    if recorder.problem is not None:
        raise RuntimeError(recorder.problem)
    recorder.close()
    return samples


def _season(records: Sequence[MatchRecord]) -> Iterator[list[MatchRecord]]:
    """Yield cycles in which each match lasts 500 of them and is followed by another one."""
    length, number = 500, 0
    base = _anew(records, home_score=0, away_score=0, live_source="fresh")
    while True:
        number += 1
        read = []
        for place, one in enumerate(base):
            age = number + place * length // len(base)
            passed = age % length
            changes: dict[str, Any] = {
                "match_id": f"{one['match_id'][:8]}{place:03}{age // length:04}",
                "status_id": 8 if passed > length - 60 else 4 if passed > 20 else 1,
                "home_score": passed // 100,
            }
            if passed % 37 == 0 and isinstance(one["current_money_line_home"], float):
                changes["current_money_line_home"] = one["current_money_line_home"] * 1.4
            changes["in_play"] = changes["status_id"] == 4
            read.append(_changed(one, **changes))
        yield read


def _retention_mb(path: Path, records: Sequence[MatchRecord], days: int, kept: int) -> tuple[float, float]:
    """Return the size of a log on the first day that something was removed, and at the end."""
    recorder, now, first = _recorder(path, Retention(days=kept)), time.time(), 0.0
    base = _anew(records, home_score=0, away_score=0, status_id=4, in_play=True, live_source="fresh")
    for day in range(days):
        for step in range(STEPS_A_DAY):
            now += 86_400 / STEPS_A_DAY
            goals = min(step, GOALS_A_MATCH)
            read = [
                cast(
                    "MatchRecord", {**base[one % len(base)], "match_id": f"d{day}m{one}", "home_score": goals}
                )
                for one in range(MATCHES_A_DAY)
            ]
            recorder.record(_outcome(read, now))
        if day == kept + 1:
            first = _size_mb(path)
    if recorder.problem is not None:
        raise RuntimeError(recorder.problem)
    recorder.close()
    return first, _size_mb(path)


def _size_mb(path: Path) -> float:
    """Return the size of the database, with what is still in the write-ahead log."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        [page] = connection.execute("PRAGMA page_size").fetchone()
    return float(pages * page / measure.MB)


# --- the report


def _report(
    detection: dict[int, dict[str, float]],
    commits: Sequence[float],
    rate: float,
    memory: Sequence[tuple[int, float]],
    kept_mb: tuple[float, float],
    cycles: int,
) -> report.Report:
    half = len(memory) // 2
    held = [mb for _, mb in memory]
    growth = measure.median(held[-ENDS:]) - measure.median(held[half : half + ENDS])
    p50, p95 = measure.median(commits), sorted(commits)[int(0.95 * len(commits))]
    first, last = kept_mb
    rows = [
        (f"{size:,} matches", *(f"{found[kind]:.2f} ms" for kind in KINDS))
        for size, found in detection.items()
    ]
    checks = [
        _at_most(f"detection, {size:,} matches, {kind}", found[kind], bound, "ms")
        for size, found in detection.items()
        for kind, bound in DETECTION_MS.get(size, {}).items()
    ]
    checks += [
        _at_most("a transaction, p95", p95, TRANSACTION_MS, "ms"),
        report.Check("envelopes a second", f"≥ {READ_RATE:,}", f"{rate:,.0f}", rate >= READ_RATE),
        _at_most(f"memory, growth in the last half of {cycles:,} cycles", growth, GROWTH_MB, "MB"),
        report.Check(
            "a log that is kept for its time, growth after it",
            f"≤ {first * BOUNDED_BY:.1f} MB",
            f"{last:.1f} MB",
            last <= first * BOUNDED_BY,
        ),
    ]
    return report.Report(
        name="events",
        title="Events",
        intro=INTRO.format(
            sizes=" and ".join(f"{size:,}" for size in detection),
            events=EVENTS_A_COMMIT,
            states=STATES_A_COMMIT,
            read=READ_EVENTS,
            batch=BATCH,
            runs=RUNS,
        ),
        tables=[
            report.Table("Detection in a cycle", ("", *KINDS), rows),
            report.Table(
                "The log",
                ("", "figure"),
                [
                    ("a transaction, median", f"{p50:.2f} ms"),
                    ("a transaction, p95", f"{p95:.2f} ms"),
                    ("envelopes read a second", f"{rate:,.0f}"),
                ],
            ),
        ],
        checks=checks,
        notes=[
            GROWTH.format(cycles=cycles, ends=ENDS),
            RETENTION.format(kept=KEPT_DAYS, days=DAYS, matches=MATCHES_A_DAY),
        ],
        picture=chart.lines(
            "Memory of the recorder over cycles",
            chart.Axis("cycle"),
            chart.Axis("MB", from_zero=True),
            [chart.Series("resident memory", [(float(number), mb) for number, mb in memory])],
        ),
        caption="Memory of the recorder over cycles",
    )


def _at_most(words: str, found: float, bound: float, unit: str) -> report.Check:
    return report.Check(words, f"≤ {bound:g} {unit}", f"{found:.2f} {unit}", found <= bound)


if __name__ == "__main__":
    child.answer(_memory)
