"""Export: a busy day's odds as Parquet, how fast, with how much memory, and how large."""

import argparse
import contextlib
import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import child, measure, report
from footy.analysis.all_tables import TABLES
from footy.analysis.export import to_file
from footy.analysis.tables import Wanted
from footy.events import Detector, EventRules
from footy.history import Commit, opened
from footy.history.archive import Archived, ArchiveState
from footy.history.odds import MARKETS, Kind, OddsBlob, columns_of_series, pack
from footy.history.sqlite_log import opened_for_reading
from footy.record import MatchRecord, field_names
from footy.thesports.models import Odds
from thesports_simulator.world.world import World, WorldOptions

MOMENT = 1_748_453_490
OVER = MOMENT + 4 * 3600
"""When all matches are over."""
ROWS = 4_000_000
QUICK_ROWS = 20_000
DIFFERENT = 102
"""Simulated matches; the others have the same odds."""
RUNS = 3
SECONDS, PEAK_MB, ROW_BYTES = 5.0, 320.0, 4.0
INTRO = """\
*A busy day*: {matches:,} matches with {rows:,} rows of odds in their archives, those of {different} simulated
matches again and again. Each table is written by a process of its own, in which the log's memory and that of
the libraries counts; the fastest of {runs} runs. *CPU* is that of all threads."""


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks export", description=__doc__)
    report.add_arguments(parser)
    options = parser.parse_args(argv)
    rows, runs = (QUICK_ROWS, 1) if options.quick else (ROWS, RUNS)
    with tempfile.TemporaryDirectory(prefix="footy-") as folder:
        path = Path(folder) / "footy.db"
        matches = _busy_day(path, rows, 4 if options.quick else DIFFERENT)
        found = {
            name: min((_exported(path, name) for _ in range(runs)), key=lambda one: float(one["seconds"]))
            for name in ("odds", "prices")
        }
    return report.publish(_report(found, matches, runs), options, argv)


def _exported(path: Path, table: str) -> dict[str, Any]:
    answer: dict[str, Any] = child.ask("benchmarks.export", {"path": str(path), "table": table})
    return answer


def _export(task: dict[str, Any]) -> dict[str, Any]:
    """Write a table, in this process."""
    path = Path(task["path"])
    target = path.with_name(f"{task['table']}.parquet")
    started, cpu = time.perf_counter(), time.process_time()
    with contextlib.closing(opened_for_reading(path)) as store:
        written = to_file(TABLES[task["table"]], store, Wanted(), "parquet", target)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "rows": written.rows,
        "bytes": target.stat().st_size,
        "peak": measure.peak_mb(),
    }


# --- what is exported


def _busy_day(path: Path, rows: int, different: int) -> int:
    """Write a log with at least so many rows of odds; return the number of its matches."""
    packed = _packed(different)
    log, _ = opened(path)
    archives: list[Archived] = []
    left = rows
    for number, (count, data) in zip(itertools.count(), itertools.cycle(packed), strict=False):
        if left <= 0:
            break
        match_id = f"match{number:010}"
        blob = OddsBlob(match_id, Kind.ARCHIVE, count, float(OVER), data)
        archives.append(Archived(match_id, ArchiveState.WHOLE, float(OVER), 1, rows=count, odds=blob))
        left -= count
    records = [_record(one.match_id) for one in archives]
    found = Detector(EventRules()).detect(records, float(MOMENT))
    log.append(Commit(float(MOMENT), found.changed, found.events))
    log.append(Commit(float(OVER), archives=archives))
    log.close()
    return len(archives)


def _packed(matches: int) -> list[tuple[int, bytes]]:
    """Return the odds of simulated matches after their end, packed, with the number of their rows."""
    world = World(WorldOptions(MOMENT, matches=matches))
    found = []
    for match_id in world.live_ids(MOMENT):
        text = msgspec.json.encode(world.odds(match_id, OVER))
        odds = msgspec.json.decode(text, type=Odds)
        columns = columns_of_series(
            {
                (int(bookmaker), market): getattr(markets, market)
                for bookmaker, markets in odds.items()
                for market in MARKETS
            }
        )
        if columns.rows:
            found.append((columns.rows, pack(columns)))
    return found


def _record(match_id: str) -> MatchRecord:
    fields: dict[str, Any] = dict.fromkeys(field_names(MatchRecord))
    fields |= {"match_id": match_id, "status_id": 4, "status": "Second half", "in_play": True}
    fields |= {"home": "Town", "away": "City", "home_score": 0, "away_score": 0, "live_source": "fresh"}
    record: Any = fields | {"odds_source": "fresh", "incidents": [], "incidents_complete": True}
    return record  # type: ignore[no-any-return]


# --- the report


def _report(found: dict[str, dict[str, Any]], matches: int, runs: int) -> report.Report:
    odds = found["odds"]
    row_bytes = odds["bytes"] / odds["rows"]
    million = odds["rows"] / 1e6
    checks = [
        _at_most(f"{million:.1f} M rows of odds", odds["seconds"], SECONDS, "s"),
        _at_most("its memory at most", odds["peak"], PEAK_MB, "MB"),
        _at_most("bytes a row", row_bytes, ROW_BYTES, "B"),
    ]
    rows = [
        (
            name,
            *(f"{one['rows']:,}", f"{one['seconds']:.2f} s", f"{one['cpu']:.2f} s"),
            *(f"{one['peak']:.0f} MB", f"{one['bytes'] / one['rows']:.1f} B"),
        )
        for name, one in found.items()
    ]
    return report.Report(
        name="export",
        title="Export",
        intro=INTRO.format(matches=matches, rows=odds["rows"], different=DIFFERENT, runs=runs),
        tables=[report.Table("Tables as Parquet", ("", "rows", "time", "CPU", "peak memory", "a row"), rows)],
        checks=checks,
    )


def _at_most(words: str, found: float, bound: float, unit: str) -> report.Check:
    return report.Check(words, f"≤ {bound:g} {unit}", f"{found:.2f} {unit}", found <= bound)


if __name__ == "__main__":
    child.answer(_export)
