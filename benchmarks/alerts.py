"""Alerts: what evaluating the operator's rules adds to a cycle."""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import chart, measure, report
from benchmarks.events import records_of
from benchmarks.flatten import MOMENT, Evening
from footy.alerts.book import AlertBook
from footy.events import Detector, EventRules
from footy.record import MatchRecord

RULES, SIZES = 20, (102, 1000)
RUNS = 25
BOUND_MS = 100.0
CONDITIONS = (
    "status_id == 3 and home_score == 0 and away_score == 0 and early_over_under_line >= {n}",
    "status_id == 4 and minute <= 75 and early_money_line_home <= 1.{n} and home_score == away_score - 1",
    "event == 'goal' and minute >= 8{n} and abs(home_score - away_score) <= 1",
    "in_play and minute >= 30 and home_score + away_score < {n} and current_over_under_line >= 2",
    "(home_red_cards > {n} or away_red_cards > {n}) and not (current_money_line_home < 1.2)",
)
"""Five kinds of rules, each with four figures; they look at all that rules usually look at."""
INTRO = """\
{rules} rules of five kinds are evaluated over the records of {sizes} simulated matches, as after each cycle.
*Fresh* is the first cycle, in which some rules fire; *steady* one in which nothing has changed; *goals* one
with a goal in every match, which the rules that ask for events look at too. In CPU time of one thread,
medians of {runs} runs."""
CAPTION = f"{RULES} rules in a cycle"
KINDS = ("fresh", "steady", "goals")


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if the bound is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks alerts", description=__doc__)
    report.add_arguments(parser)
    options = parser.parse_args(argv)
    sizes = (10,) if options.quick else SIZES
    with tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder:
        book = _book(Path(folder) / "alerts.toml")
        found = {size: _evaluation_ms(book, records_of(Evening(size))) for size in sizes}
    return report.publish(_report(found), options, argv)


def _book(path: Path) -> AlertBook:
    lines = [
        f'[rules.r{number}]\nwhen = "{CONDITIONS[number % 5].format(n=number // 5)}"\nonce = "event"\n'
        for number in range(RULES)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    book = AlertBook(path)
    book.refresh()
    if book.problem is not None:
        raise SystemExit(book.problem)
    return book


def _evaluation_ms(book: AlertBook, records: list[MatchRecord]) -> dict[str, float]:
    """Return the milliseconds of CPU that the rules take in a cycle, by its kind."""
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(RUNS):
        detector, now = Detector(EventRules()), float(MOMENT)
        scored = [_with_goal(one) for one in records]
        for kind, seen in (("fresh", records), ("steady", records), ("goals", scored)):
            now += 10
            detection = detector.detect(seen, now)
            started = time.thread_time()
            detection = book.after_cycle(detector, detection, seen, now)
            taken[kind].append(1000 * (time.thread_time() - started))
            detector.commit(detection)
    return {kind: measure.median(of_kind) for kind, of_kind in taken.items()}


def _with_goal(record: MatchRecord) -> MatchRecord:
    copy = record.copy()
    copy["home_score"] = (record["home_score"] or 0) + 1
    copy["away_score"] = record["away_score"] or 0
    return copy


def _report(found: dict[int, dict[str, float]]) -> report.Report:
    rows = [
        (f"{size:,} matches", *(f"{of_size[kind]:.2f} ms" for kind in KINDS))
        for size, of_size in found.items()
    ]
    largest = max(found)
    return report.Report(
        name="alerts",
        title="Alerts",
        intro=INTRO.format(rules=RULES, sizes=" and ".join(f"{size:,}" for size in found), runs=RUNS),
        tables=[report.Table(f"{RULES} rules in a cycle", ("", *KINDS), rows)],
        checks=[
            report.Check(
                f"{RULES} rules × {largest:,} matches, {kind}",
                f"≤ {BOUND_MS:g} ms",
                f"{took:.2f} ms",
                took <= BOUND_MS,
            )
            for kind, took in found[largest].items()
        ],
        picture=chart.bars(
            CAPTION,
            chart.Axis("ms of CPU", from_zero=True),
            KINDS,
            [(f"{size:,} matches", [of_size[kind] for kind in KINDS]) for size, of_size in found.items()],
        ),
        caption=CAPTION,
    )
