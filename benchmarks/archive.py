"""The archive: a busy day on the disk, what writing it adds to a cycle, a chart, and what grows."""

import argparse
import contextlib
import logging
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from benchmarks import chart, child, measure, report
from footy.clock import CLOCK
from footy.events import Detector, EventRules
from footy.history import Commit, Retention, SqliteLog, opened
from footy.history.archive import ArchiveState, all_entries, match_minutes, match_odds
from footy.history.odds import Kind, OddsBlob, OddsRow, columns_of, pack, rows_of
from footy.history.sqlite_file import WAL_LIMIT
from footy.history.sqlite_log import opened_for_reading
from footy.mirror.answers import OddsChanges
from footy.mirror.changes import with_changes
from footy.mirror.odds_book import OddsBook
from footy.mirror.state import Held, MatchState, References, Source, State
from footy.records.flatten import Flattener
from footy.records.price_table import price_rows
from footy.records.prices import PriceRules
from footy.service.archivist import Archivist
from footy.service.results import final_state
from footy.settings import load
from footy.thesports.decoders import PriceChange
from footy.thesports.models import Detail, LiveMatch, Odds
from footy.thesports.models import OddsRow as VendorRow
from footy.thesports.request import Answer, Request
from footy.thesports.retry_budget import RetryBudget
from tests.support.archived_evening import ArchivedEvening, live_through, wait_for_archives
from thesports_simulator.process import start
from thesports_simulator.world.world import World, WorldOptions

MOMENT = 1_748_453_490
STEP_S = 60
"""Seconds between cycles: the default interval."""
FULL, BUSY = 80, 22
"""Matches with usual odds, and with very many: together about 5,300 rows a match."""
MATCHES, ROWS = 800, 5_300
DAY_MB, TRANSACTION_MS, CHART_MS = 35.0, 15.0, 10.0
CHART_ROWS = 8_000
RUNS = 25
CYCLES, GROWTH_MB, GROWTH_MATCHES, KEPT_DAYS = 10_000, 2.0, 8, 1.0
BOUNDED_BY = 1.1
SAMPLES, ENDS = 200, 10
EVENING_S, EVENING_MATCHES, RESTARTS = 20_000, 40, 8
INTRO = """\
A day of the simulated world, {full} matches with usual odds and {busy} with very many at a time, goes through
detection, the archivist and `footy.db` in cycles of {step} s: events, chunks of odds, a row a minute, and
after each match all its odds at once. {count:,} matches ended, with {rows:,} rows ({each:,.0f} a match). *On
the disk* is the size for {matches} matches of {rows_each:,} rows: the pages and indexes that the matches
that ended take up, their odds by the row. *A transaction* is the commit of a cycle, flushed to the disk
(`synchronous=FULL`). *A chart* reads all {chart:,} rows of a match from the file; median of {runs} runs, CPU
time of one thread."""
EVENING = """\
The evening: {matches} matches at a time for {hours:.1f} hours, with quirks of the vendor, an hour without it,
and {restarts} restarts, half of them as after a kill, in {cycles:,} cycles over sockets."""
GROWTH = """\
Growth is that of a process with detection, archivist and log over {cycles:,} cycles of {matches} matches that
come and go, kept for {days:g} day: the medians of {ends} samples in the middle and at the end. The file is
compared with itself a day after its first match was removed."""

_decode_row = msgspec.json.Decoder(VendorRow).decode


class _Transport:
    """Of an account without a quota."""

    quota = SimpleNamespace(left=lambda _: None, all_left=dict, save=lambda: None)


class _Vendor:
    """Answers with all odds of a match."""

    transport = _Transport()

    def __init__(self, worlds: "Sequence[World]") -> None:
        self._worlds = worlds
        self.at = 0

    def ask(self, request: Request, budget: RetryBudget) -> Answer[object]:
        """Return all odds of a match."""
        del budget
        world = _world_of(self._worlds, request.id, self.at)
        match = cast("Any", world.match(request.id, self.at))
        odds = msgspec.json.decode(world.odds_of(match).results(self.at), type=Odds)
        return Answer(request, odds, float(self.at))


def _world_of(worlds: Sequence[World], match_id: str, at: int) -> World:
    """Return the world that a match is of."""
    return next(one for one in worlds if one.match(match_id, at) is not None)


@dataclass
class _Day:
    """The matches of some worlds, cycle by cycle, and what a service writes of them."""

    worlds: list[World]
    path: Path
    retention: Retention = field(default_factory=Retention)

    def __post_init__(self) -> None:
        settings = load({}).settings
        self._window = settings.early_window
        self._flattener = Flattener(
            PriceRules(settings.bookmakers, settings.early_window, settings.price_max_age)
        )
        self._vendor = _Vendor(self.worlds)
        self.log, _ = opened(self.path)
        self._detector = Detector(EventRules())
        self._archivist = Archivist(cast("Any", self._vendor), lambda: opened_for_reading(self.path))
        self._books: dict[str, OddsBook] = {}
        self.commits_ms: list[float] = []
        self.now = MOMENT

    def cycle(self) -> None:
        """Let a minute pass, and write what happened in it."""
        before, self.now = self.now, self.now + STEP_S
        self._vendor.at = self.now
        self._conclude()
        records, listed = self._records(before)
        found = self._detector.detect(records, self.now, listed=listed, versions=self._flattener.versions())
        commit = Commit(self.now, found.changed, found.events, listed)
        self._archivist._packing.submit(int).result()  # noqa: SLF001 - beside a cycle, never in it
        commit = self._archivist.added(commit, records, self._flattener.versions(), State())
        started = time.perf_counter()
        self.log.append(commit)
        self.commits_ms.append(1000 * (time.perf_counter() - started))
        self._detector.commit(found)
        self._detector.drop_closed(listed)
        self._archivist.written(commit)
        self.log.retain(self.retention)
        self._archivist.ask(60.0)
        if (asked := self._archivist._asked) is not None:  # noqa: SLF001 - likewise
            asked.result()

    def _conclude(self) -> None:
        """Commit the results that are due: what has one is not held in memory any more."""
        due = self._detector.results_due(self.now)
        finals = {
            match_id: final_state(self._live(_world_of(self.worlds, match_id, self.now), match_id), self.now)
            for match_id in due
        }
        if finals:
            found = self._detector.conclude(finals, self.now)
            self.log.append(Commit(self.now, found.changed, found.events, listed=None))
            self._detector.commit(found)

    def _live(self, world: World, match_id: str) -> LiveMatch:
        return msgspec.convert(world.live_element(match_id, self.now), LiveMatch)

    def _records(self, before: int) -> tuple[list[Any], set[str]]:
        held: dict[str, MatchState] = {}
        changes: list[PriceChange] = []
        for world in self.worlds:
            for match_id in world.live_ids(self.now):
                odds = world.odds_of(cast("Any", world.match(match_id, self.now)))
                told = [
                    PriceChange(match_id, company, market.decode(), _decode_row(row))
                    for company, market, row in odds.between(before, self.now)
                ]
                book = with_changes(
                    self._books.get(match_id, OddsBook()), told, self._window, newest_first=True
                )
                self._books[match_id] = book
                changes += told
                held[match_id] = self._held(world, match_id, book)
        self._books = {match_id: self._books[match_id] for match_id in held}
        self._archivist.take_changes(OddsChanges(changes, frozenset({True})), float(self.now))
        return self._flattener.records(held, References(), float(self.now)), {*held}

    def _held(self, world: World, match_id: str, book: OddsBook) -> MatchState:
        live = self._live(world, match_id)
        detail = msgspec.convert(world.detail_row(match_id, self.now), Detail)
        at = float(self.now)
        return MatchState(
            Held(live, at, Source.FRESH), Held(detail, at, Source.FRESH), Held(book, at, Source.FRESH)
        )

    def close(self) -> None:
        """End the threads, and close the log."""
        self._archivist.close()
        self.log.close()


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a bound is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks archive", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--cycles", type=int, help=f"of the growth, default {CYCLES:,}")
    options = parser.parse_args(argv)
    quick = options.quick
    logging.disable(logging.ERROR)
    full, busy, wanted = (5, 1, 4) if quick else (FULL, BUSY, MATCHES)
    with tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder:
        day = _day(Path(folder) / "day.db", full, busy, wanted)
        evening = _evening(Path(folder) / "evening", quick=quick)
        charts = _charts_ms(Path(folder) / "chart.db")
        cycles = options.cycles or (100 if quick else CYCLES)
        growth = child.ask("benchmarks.archive", {"path": f"{folder}/growth.db", "cycles": cycles})
    return report.publish(_report(day, charts, growth, evening, cycles, full, busy), options, argv)


# --- a day


def _day(path: Path, full: int, busy: int, wanted: int) -> dict[str, float]:
    """Live through a day until so many matches are archived; return its figures."""
    worlds = [
        World(WorldOptions(MOMENT, matches=full, odds="full")),
        World(WorldOptions(MOMENT, matches=busy, odds="busy", seed=2)),
    ]
    now = float(MOMENT)
    with _clock(lambda: now):
        day = _Day(worlds, path)
        while _archived(day.log) < wanted:
            for _ in range(10):
                now += STEP_S
                day.cycle()
        commits = day.commits_ms[len(day.commits_ms) // 8 :]
        entries = [one for one in all_entries(day.log) if one.archive is ArchiveState.WHOLE]
        rows = sum(one.rows for one in entries)
        minutes = sum(len(match_minutes(day.log, one.id)) for one in entries[:50]) / len(entries[:50])
        day.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        size = _bytes(
            connection,
            "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count,"
            " pragma_freelist_count, pragma_page_size",
        )
        archives = _bytes(connection, f"SELECT sum(length(data)) FROM odds WHERE kind = {int(Kind.ARCHIVE)}")  # noqa: S608
        packed = _bytes(connection, "SELECT sum(length(data)) FROM minute WHERE rows > 0")
        over = f"match IN (SELECT match FROM archive WHERE state = '{ArchiveState.WHOLE}')"  # noqa: S608
        found = _bytes(connection, f"SELECT count(*) FROM event WHERE {over}")  # noqa: S608
        of_odds = _pages(connection, "odds", "length(data)", f"kind = {int(Kind.ARCHIVE)} AND {over}")
        of_the_rest = sum(
            _pages(connection, table, weight, condition)
            for table, weight, condition in (
                ("event", "length(data)", over),
                ("minute", "length(data)", over),
                ("match", "1", over.replace("match IN", "id IN")),
                ("archive", "1", over),
            )
        )
    each = archives / rows
    matches = max(1, len(entries))
    return {
        "matches": len(entries),
        "rows": rows,
        "bytes_a_row": each,
        "minutes": minutes,
        "minute_bytes": packed / matches,
        "events": found / matches,
        "file_mb": size / measure.MB,
        "day_mb": (of_the_rest / matches + of_odds / rows * ROWS) * MATCHES / measure.MB,
        "p50": measure.median(commits),
        "p95": measure.percentile(commits, 0.95),
    }


def _pages(connection: sqlite3.Connection, table: str, weight: str, condition: str) -> float:
    """Return the bytes of a table's and its indexes' pages that the rows with this condition take up."""
    whole = _bytes(
        connection,
        "SELECT sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) WHERE tbl_name = " + repr(table),  # noqa: S608
    )
    total = _bytes(connection, f"SELECT sum({weight}) FROM {table}")  # noqa: S608 - the benchmark's own words
    share = _bytes(connection, f"SELECT sum({weight}) FROM {table} WHERE {condition}")  # noqa: S608
    return whole * share / max(1.0, total)


def _bytes(connection: sqlite3.Connection, statement: str) -> float:
    [[value]] = connection.execute(statement).fetchall()
    return float(value or 0)


def _archived(log: SqliteLog) -> int:
    [[count]] = log._query("SELECT count(*) FROM archive WHERE state = 'whole'")  # noqa: SLF001
    return int(count)


@contextlib.contextmanager
def _clock(now: Any) -> Iterator[None]:
    """Let footy's clock be as fast as the cycles."""
    before = CLOCK.uptime, CLOCK._offset  # noqa: SLF001
    CLOCK.uptime, CLOCK._offset = now, 0.0  # type: ignore[method-assign]  # noqa: SLF001
    try:
        yield
    finally:
        CLOCK.uptime, CLOCK._offset = before  # type: ignore[method-assign]  # noqa: SLF001


# --- an evening


def _evening(folder: Path, *, quick: bool) -> dict[str, int]:
    """Live through an evening with an outage and restarts; return how many archives are not as served."""
    matches, seconds, restarts = (6, 9_000, 2) if quick else (EVENING_MATCHES, EVENING_S, RESTARTS)
    folder.mkdir()
    with (
        start(matches=matches, odds="light" if quick else "full", speed=0) as simulator,
        ArchivedEvening(simulator, folder) as evening,
    ):
        steps = (20, 600, 600) if quick else (10, 20, 60, 60)
        for _ in live_through(evening, seconds, seed=1, steps=steps, restarts=restarts):
            pass
        late = wait_for_archives(evening)
        wrong, whole = evening.differences()
        return {
            "matches": matches,
            "seconds": seconds,
            "wrong": len(wrong),
            "ended": len(wrong) + whole,
            "late": len(late),
            "cycles": evening.cycles,
            "starts": evening.starts,
        }


# --- a chart


def _charts_ms(path: Path) -> dict[str, float]:
    """Return the milliseconds of CPU that all rows of a match take: archived, and while it is played."""
    rows = _rows_of_a_match(CHART_ROWS)
    log, _ = opened(path)
    found: dict[str, float] = {}
    by_time = sorted(rows, key=lambda row: row.at)
    half = len(by_time) // 2
    pieces = [by_time[:half], *(by_time[at : at + 270] for at in range(half, len(by_time), 270))]
    kinds = [Kind.BASE, *[Kind.CHUNK] * (len(pieces) - 1)]
    played = [_blob(kind, piece[::-1]) for kind, piece in zip(kinds, pieces, strict=True)]
    for name, blobs in (("archived", [_blob(Kind.ARCHIVE, rows)]), ("played", played)):
        log._connection.execute("DELETE FROM odds")  # noqa: SLF001 - no service is needed for it
        log._connection.executemany("INSERT INTO odds VALUES ('m', ?, ?, ?, ?)", [one[1:] for one in blobs])  # noqa: SLF001
        taken = []
        for _ in range(RUNS):
            started = time.thread_time()
            columns = match_odds(log, "m").columns
            taken.append(1000 * (time.thread_time() - started))
        assert columns.rows == len(rows)  # noqa: S101
        found[name] = measure.median(taken)
    started = time.thread_time()
    price_rows("m", columns, (2, 6))
    found["prices"] = 1000 * (time.thread_time() - started)
    log.close()
    return found


def _rows_of_a_match(count: int) -> list[OddsRow]:
    world = World(WorldOptions(MOMENT, matches=30, odds="busy"))
    for match_id in world.live_ids(MOMENT):
        odds = world.odds_of(cast("Any", world.match(match_id, MOMENT)))
        rows = [
            OddsRow(company, market.decode(), *msgspec.structs.astuple(_decode_row(row)))
            for company, market, row in odds.between(0, MOMENT + 7200)
        ]
        if len(rows) >= count:
            newest = sorted(rows, key=lambda row: row.at)[:count]
            return [*rows_of(columns_of(sorted(newest, key=lambda row: -row.at)))]
    raise LookupError("no match of this world has so many rows")


def _blob(kind: Kind, rows: Sequence[OddsRow]) -> OddsBlob:
    columns = columns_of(rows)
    return OddsBlob("m", kind, columns.rows, 0.0, pack(columns))


# --- what grows


def _growth(task: dict[str, Any]) -> dict[str, Any]:
    """Return what a process holds over many cycles, and the sizes of its files."""
    logging.disable(logging.ERROR)
    path, cycles, now = Path(task["path"]), task["cycles"], float(MOMENT)
    worlds = [World(WorldOptions(MOMENT, matches=GROWTH_MATCHES, odds="full"))]
    every = max(1, cycles // SAMPLES)
    samples, sizes, wal = [], [], 0
    with _clock(lambda: now):
        day = _Day(worlds, path, Retention(days=KEPT_DAYS, price_days=KEPT_DAYS))
        for number in range(1, cycles + 1):
            now += STEP_S
            day.cycle()
            if number % every == 0:
                wal = max(wal, path.with_name(path.name + "-wal").stat().st_size)
                samples.append((number, measure.held_mb()))
                sizes.append((number * STEP_S / 86_400, path.stat().st_size / measure.MB))
        archived = _archived(day.log)
        day.close()
    return {"memory": samples, "sizes": sizes, "wal": wal / measure.MB, "archived": archived}


# --- the report


def _report(
    day: Mapping[str, float],
    charts: Mapping[str, float],
    growth: Mapping[str, Any],
    evening: Mapping[str, int],
    cycles: int,
    full: int,
    busy: int,
) -> report.Report:
    held = [mb for _, mb in growth["memory"]]
    half = len(held) // 2
    grown = measure.median(held[-ENDS:]) - measure.median(held[half : half + ENDS])
    sizes = growth["sizes"]
    later = [mb for days, mb in sizes if days >= 2 * KEPT_DAYS + 1] or [sizes[-1][1]]
    first = measure.median(later[:ENDS])
    wal_limit = WAL_LIMIT / measure.MB
    return report.Report(
        name="archive",
        title="The archive",
        intro=INTRO.format(
            full=full,
            busy=busy,
            step=STEP_S,
            count=int(day["matches"]),
            rows=int(day["rows"]),
            each=day["rows"] / max(1, day["matches"]),
            matches=MATCHES,
            rows_each=ROWS,
            chart=CHART_ROWS,
            runs=RUNS,
        ),
        tables=[
            report.Table(
                "What is kept",
                ("", "figure"),
                [
                    ("odds, bytes a row", f"{day['bytes_a_row']:.2f}"),
                    ("minutes of a match", f"{day['minutes']:.0f}"),
                    ("their bytes, a match", f"{day['minute_bytes']:,.0f}"),
                    ("events of a match", f"{day['events']:.0f}"),
                    ("the file as it was", f"{day['file_mb']:.1f} MB"),
                    ("a transaction, median", f"{day['p50']:.2f} ms"),
                    ("all rows of a match that is played", f"{charts['played']:.1f} ms"),
                    ("opening, early and closing prices of a match", f"{charts['prices']:.1f} ms"),
                ],
            )
        ],
        checks=[
            report.Check(
                f"archives of the evening that differ from what was served, of {evening['ended']}",
                "0",
                f"{evening['wrong']}",
                evening["wrong"] == 0 < evening["ended"],
            ),
            _at_most(f"{MATCHES} matches of {ROWS:,} rows on the disk", day["day_mb"], DAY_MB, "MB"),
            _at_most("a transaction, p95", day["p95"], TRANSACTION_MS, "ms"),
            _at_most("a chart of an archived match", charts["archived"], CHART_MS, "ms"),
            _at_most("a chart of a match that is played", charts["played"], CHART_MS, "ms"),
            _at_most(f"memory, growth in the last half of {cycles:,} cycles", grown, GROWTH_MB, "MB"),
            _at_most("the file at the end", sizes[-1][1], round(first * BOUNDED_BY, 1), "MB"),
            _at_most("the write-ahead log", growth["wal"], round(wal_limit, 1), "MB"),
        ],
        notes=[
            EVENING.format(
                matches=evening["matches"],
                hours=evening["seconds"] / 3600,
                cycles=evening["cycles"],
                restarts=evening["starts"] - 1,
            ),
            GROWTH.format(cycles=cycles, matches=GROWTH_MATCHES, days=KEPT_DAYS, ends=ENDS),
        ],
        picture=chart.lines(
            "The file over days",
            chart.Axis("day"),
            chart.Axis("MB", from_zero=True),
            [chart.Series("footy.db", [(days, mb) for days, mb in sizes])],
        ),
        caption="The file over days",
    )


def _at_most(words: str, found: float, bound: float, unit: str) -> report.Check:
    return report.Check(words, f"≤ {bound:g} {unit}", f"{found:.2f} {unit}", found <= bound)


if __name__ == "__main__":
    child.answer(_growth)
