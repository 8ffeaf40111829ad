"""A cold start under the vendor's quota: how soon matches have prices, and whether those are true."""

import argparse
import json
import random
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import time_machine

from benchmarks import chart, report, upstream
from footy.mirror.odds_book import MARKETS, OddsBook, digest
from footy.mirror.state import State
from footy.record import MatchRecord, Snapshot
from footy.records.prices import PriceRules, current_fields
from footy.service.app import running_app
from footy.service.paths import Files
from footy.settings import Mode, Settings, load
from footy.thesports.codes import IN_PLAY
from footy.thesports.models import Odds
from footy.times import unix_seconds
from thesports_simulator.process import RunningSimulator

MATCHES, CYCLES, INTERVAL_S = 1000, 6, 10
QUOTA, QUICK_QUOTA = "odds/history=120/60", "odds/history=8/60"
SAMPLE = 100
"""Matches with partial odds whose prices are compared with their whole history, after the last cycle."""
INTRO = """\
{matches:,} matches with full odds, a cycle every {interval} s on an empty data folder, the vendor
answers after {latency:g} s, and it allows {calls} calls of `odds/history` a minute. A match is
*named* if `odds/live` has told of it and its history has not been read; *open* if one of the prices
told is open and of the score that the record shows. Both clocks stand still during a cycle and are
moved between two, so the feed and the history are of one moment."""
MEANING = """\
Of {markets} prices of {matches} partial matches, drawn at random after the last cycle, {same:.0%} are
those that the whole history would show; the others are of a bookmaker later in the order, because the
earlier one has not changed its price meanwhile."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The matches of a snapshot, counted."""

    after_s: int
    listed: int
    read: int
    """Those whose history has been read."""
    named: int
    open: int
    priced: int
    """Those named whose record shows a current price."""
    late: int
    """Those open whose record shows none."""


@dataclass(slots=True)
class Compared:
    """Partial prices beside the whole histories of the same moment."""

    matches: int = 0
    markets: int = 0
    same: int = 0
    """Prices that the whole history would show too."""
    false: list[str] = field(default_factory=list)
    """Prices that are not the newest of their bookmaker."""


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks quota", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--matches", type=int, help=f"default {MATCHES:,}")
    parser.add_argument("--cycles", type=int, help=f"two or more, default {CYCLES}")
    options = parser.parse_args(argv)
    matches = options.matches or (40 if options.quick else MATCHES)
    cycles = max(2, options.cycles or (2 if options.quick else CYCLES))
    counted, compared = run(matches, cycles, quick=options.quick)
    intro = INTRO.format(
        matches=matches,
        interval=INTERVAL_S,
        latency=0 if options.quick else upstream.LATENCY_S,
        calls=(QUICK_QUOTA if options.quick else QUOTA).partition("=")[2].partition("/")[0],
    )
    return report.publish(_report(counted, compared, intro), options, argv)


def run(matches: int, cycles: int, *, quick: bool) -> tuple[list[Counted], Compared]:
    """Run cycles from an empty state, at their interval unless `quick`, and count after each."""
    quota = QUICK_QUOTA if quick else QUOTA
    latency = 0.0 if quick else upstream.LATENCY_S
    with (
        upstream.simulator(matches, latency=latency, speed=0, quotas=[quota]) as vendor,
        tempfile.TemporaryDirectory(prefix="footy-benchmark-") as folder,
    ):
        given = {
            "THESPORTS_USER": vendor.user,
            "THESPORTS_SECRET": vendor.secret,
            "FOOTY_BASE_URL": vendor.base_url,
            "FOOTY_DATA_DIR": folder,
            "FOOTY_INTERVAL": str(INTERVAL_S),
            "FOOTY_RATE_LIMITS": quota,
        }
        settings = load(given, Path("absent")).settings
        with (
            time_machine.travel(vendor.control.clock()["now"], tick=False) as clock,
            running_app(settings, Mode.LIVE, Files(Path(folder))) as footy,
        ):
            state, told = State(), Told(vendor)
            counted: list[Counted] = []
            while True:
                started = time.perf_counter()
                outcome = footy.pipeline.run(state, len(counted) + 1)
                state = outcome.state
                if outcome.snapshot is None:
                    raise RuntimeError(f"a cycle published nothing: {outcome.error}")
                if counted:  # the first cycle reads no feed
                    told.listen()
                counted.append(_counted(len(counted) * INTERVAL_S, outcome.snapshot, told))
                if len(counted) == cycles:
                    return counted, _compared(outcome.snapshot, vendor, _rules(settings))
                vendor.control.advance(INTERVAL_S)
                clock.shift(INTERVAL_S)
                if not quick:
                    time.sleep(max(0.0, INTERVAL_S - (time.perf_counter() - started)))


class Told:
    """What `odds/live` has told so far: the newest row of each match, market and bookmaker."""

    def __init__(self, vendor: RunningSimulator) -> None:
        self._url = f"{vendor.base_url}/odds/live?user={vendor.user}&secret={vendor.secret}"
        self.rows: dict[str, dict[tuple[str, str], list[Any]]] = {}

    def listen(self) -> None:
        """Read the feed as it is now; it lists the newest change first."""
        with urllib.request.urlopen(self._url) as reply:  # noqa: S310 - the simulator's own address
            results = json.load(reply)["results"]
        for company, entries in results.items():
            for match_id, market, row, score in reversed(entries):
                self.rows.setdefault(match_id, {})[market, company] = [*row, score]

    def is_open(self, record: MatchRecord) -> bool:
        """Check whether a price told of a match is open and of the score that its record shows."""
        score = f"{record['home_score']}-{record['away_score']}"
        return any(
            packed.endswith(",0")
            and (not record["in_play"] or (status in IN_PLAY and (market == "cr" or made_at == score)))
            for (market, _), (_, _, packed, status, made_at) in self.rows.get(record["match_id"], {}).items()
        )


def _shown(record: MatchRecord) -> list[str]:
    """Return the markets whose current price a record shows."""
    values: dict[str, Any] = dict(record)
    return [name for name in MARKETS.values() if values[f"current_{name}_bookmaker_id"] is not None]


def _counted(after_s: int, snapshot: Snapshot, told: Told) -> Counted:
    waiting = [one for one in snapshot["matches"] if one["odds_source"] in {"partial", "missing"}]
    named = [one for one in waiting if one["match_id"] in told.rows]
    is_open = [one for one in named if told.is_open(one)]
    return Counted(
        after_s,
        listed=len(snapshot["matches"]),
        read=len(snapshot["matches"]) - len(waiting),
        named=len(named),
        open=len(is_open),
        priced=sum(bool(_shown(one)) for one in named),
        late=sum(not _shown(one) for one in is_open),
    )


def _rules(settings: Settings) -> PriceRules:
    return PriceRules(settings.bookmakers, settings.early_window, settings.price_max_age)


def _compared(snapshot: Snapshot, vendor: RunningSimulator, rules: PriceRules) -> Compared:
    """Compare the prices of some partial matches with the whole history, and with their bookmaker's."""
    world, compared = vendor.world(), Compared()
    partial = [record for record in snapshot["matches"] if record["odds_source"] == "partial"]
    for record in random.Random(1).sample(partial, min(SAMPLE, len(partial))):
        compared.matches += 1
        odds = msgspec.convert(world.odds(record["match_id"], int(time.time())), Odds)
        values: dict[str, Any] = dict(record)
        for market in _shown(record):
            bookmaker = str(values[f"current_{market}_bookmaker_id"])
            shown = {name: value for name, value in values.items() if name.startswith(f"current_{market}_")}
            compared.markets += 1
            compared.same += shown.items() <= _current(odds, record, rules).items()
            if not shown.items() <= _current({bookmaker: odds[bookmaker]}, record, rules).items():
                compared.false.append(f"{record['match_id']} {market}")
    return compared


def _current(odds: Odds, record: MatchRecord, rules: PriceRules) -> dict[str, object]:
    book: OddsBook = digest(odds, rules.early_window)
    fields, _ = current_fields(
        book,
        rules,
        in_play=record["in_play"],
        score=(record["home_score"], record["away_score"]),
        arrived_at=unix_seconds(record["odds_fetched_at"] or ""),
    )
    return fields


def _report(counted: Sequence[Counted], compared: Compared, intro: str) -> report.Report:
    rows = [
        tuple(f"{value:,}" for value in (one.listed, one.read, one.named, one.open, one.priced))
        for one in counted
    ]
    after = [f"{one.after_s} s" for one in counted]
    late = [one.late for one in counted[1:]]
    columns = ("cycle after", "matches", "history read", "named", "open", "named and priced")
    return report.Report(
        name="quota",
        title="A cold start under the quota",
        intro=intro,
        tables=[
            report.Table(
                "Matches", columns, [(at, *figures) for at, figures in zip(after, rows, strict=True)]
            )
        ],
        checks=[
            report.Check(
                "open, but without a price after two cycles or later", "0", str(sum(late)), not any(late)
            ),
            report.Check(
                "prices that are not the newest of their bookmaker",
                "0",
                f"{len(compared.false)} of {compared.markets}",
                not compared.false,
            ),
        ],
        notes=[
            MEANING.format(
                markets=compared.markets,
                matches=compared.matches,
                same=compared.same / max(1, compared.markets),
            )
        ],
        picture=chart.lines(
            "Matches with a current price",
            chart.Axis("seconds after the first cycle"),
            chart.Axis("matches", from_zero=True),
            [
                chart.Series(
                    "history read, or priced by the feed",
                    [(one.after_s, one.read + one.priced) for one in counted],
                ),
                chart.Series("history read", [(one.after_s, one.read) for one in counted]),
            ],
        ),
        caption="Matches with a current price after a cold start",
    )
