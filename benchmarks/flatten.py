"""Matches flattened per second: all of them new with full odds, and all of them unchanged."""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from benchmarks import chart, measure, report
from footy.mirror.odds_book import OddsBook, digest
from footy.mirror.state import Held, MatchState, References, Source
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.settings import load
from footy.thesports.models import Competition, Country, Detail, LiveMatch, Odds, Team
from thesports_simulator.world.world import World, WorldOptions

T = TypeVar("T")

MOMENT = 1_748_453_490
MATCHES = 102
RUNS = 9
AGAIN = 20
"""How often unchanged matches are flattened in a run."""
DECODED = "with decoding: JSON to record"
FULL = "full odds: decoded replies to record"
UNCHANGED = "unchanged: a minute later"
PROMISED = {FULL: 3_000, UNCHANGED: 30_000}
INTRO = """\
One thread over {count} matches with {rows:,} price rows ({each:.0f} a match). *Full odds* cuts the rows of
a match down to those that matter and makes its record, every match new; *unchanged* makes the records of
the same matches again a minute later. Medians of {runs} runs."""


class Evening:
    """The replies of one evening, as bytes and decoded."""

    def __init__(self, matches: int) -> None:
        world = World(WorldOptions(MOMENT, matches=matches))
        settings = load({}).settings
        self.window = settings.early_window
        self.rules = PriceRules(settings.bookmakers, settings.early_window, settings.price_max_age)
        ids = world.live_ids(MOMENT)
        encode = msgspec.json.encode
        self.live = [encode(world.live_element(one, MOMENT)) for one in ids]
        self.details = [encode(world.detail_row(one, MOMENT)) for one in ids]
        self.odds = [encode(world.odds(one, MOMENT)) for one in ids]
        self.references = _references(world, [self.detail(text) for text in self.details])
        self.decoded = list(zip(map(self.match, self.live), map(self.detail, self.details), strict=True))
        self.decoded_odds = [self.prices(text) for text in self.odds]

    @staticmethod
    def match(text: bytes) -> LiveMatch:
        """Decode an element of the live list."""
        return msgspec.json.decode(text, type=LiveMatch)

    @staticmethod
    def detail(text: bytes) -> Detail:
        """Decode a match detail."""
        return msgspec.json.decode(text, type=Detail)

    @staticmethod
    def prices(text: bytes) -> Odds:
        """Decode a match's odds."""
        return msgspec.json.decode(text, type=Odds)

    def held(self, live: LiveMatch, detail: Detail, quotes: OddsBook) -> MatchState:
        """Return the state of a match."""
        return MatchState(
            Held(live, float(MOMENT), Source.FRESH),
            Held(detail, float(MOMENT), Source.FRESH),
            Held(quotes, float(MOMENT), Source.FRESH),
        )

    def price_rows(self) -> int:
        """Return the number of rows of all odds."""
        markets = [market for odds in self.decoded_odds for market in odds.values()]
        return sum(len(rows) for m in markets for rows in (m.eu, m.asia, m.bs, m.cr))

    def flatten_from_bytes(self) -> None:
        """Decode, digest and flatten every match as if it were new."""
        flattener = Flattener(self.rules)
        for live, detail, odds in zip(self.live, self.details, self.odds, strict=True):
            quotes = digest(self.prices(odds), self.window)
            flattener.record(
                self.held(self.match(live), self.detail(detail), quotes), self.references, MOMENT
            )

    def flatten_decoded(self) -> None:
        """Digest and flatten every match as if it were new, from decoded replies."""
        flattener = Flattener(self.rules)
        for (live, detail), odds in zip(self.decoded, self.decoded_odds, strict=True):
            held = self.held(live, detail, digest(odds, self.window))
            flattener.record(held, self.references, MOMENT)

    def unchanged(self) -> Callable[[], None]:
        """Return a function that flattens every match again, with only the time changed."""
        flattener = Flattener(self.rules)
        held = {
            live.id: self.held(live, detail, digest(odds, self.window))
            for (live, detail), odds in zip(self.decoded, self.decoded_odds, strict=True)
        }
        flattener.records(held, self.references, MOMENT)

        def again() -> None:
            for _ in range(AGAIN):
                flattener.records(held, self.references, MOMENT + 60)

        return again


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks flatten", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument("--matches", type=int, help=f"default {MATCHES}")
    options = parser.parse_args(argv)
    evening = Evening(options.matches or (10 if options.quick else MATCHES))
    count, rows = len(evening.live), evening.price_rows()
    rates = {
        DECODED: _rate(evening.flatten_from_bytes, count),
        FULL: _rate(evening.flatten_decoded, count),
        UNCHANGED: _rate(evening.unchanged(), AGAIN * count),
    }
    intro = INTRO.format(count=count, rows=rows, each=rows / count, runs=RUNS)
    return report.publish(_report(rates, intro), options, argv)


def _report(rates: dict[str, float], intro: str) -> report.Report:
    return report.Report(
        name="flatten",
        title="Flatten",
        intro=intro,
        tables=[
            report.Table(
                "Matches a second",
                ("", "matches/s", "µs a match"),
                [(name, f"{rate:,.0f}", f"{1e6 / rate:.1f}") for name, rate in rates.items()],
            )
        ],
        checks=[
            report.Check(name, f"≥ {limit:,}/s", f"{rates[name]:,.0f}/s", rates[name] >= limit)
            for name, limit in PROMISED.items()
        ],
        picture=chart.bars(
            "Matches flattened a second",
            chart.Axis("matches a second, logarithmic", logarithmic=True),
            [name.partition(":")[0] for name in rates],
            [("footy", list(rates.values()))],
        ),
        caption="Matches flattened a second",
    )


def _rate(work: Callable[[], None], count: int) -> float:
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return count / measure.median(taken)


def _references(world: World, details: Sequence[Detail]) -> References:
    def held(row: object, kind: type[T]) -> Held[T]:
        return Held(msgspec.convert(row, kind), float(MOMENT), Source.CACHE)

    teams = {one for detail in details for one in (detail.home_team_id, detail.away_team_id) if one}
    competitions = {detail.competition_id for detail in details if detail.competition_id}
    countries = {row["id"]: msgspec.convert(row, Country) for row in world.countries()}
    categories = {row["id"]: msgspec.convert(row, Country) for row in world.categories()}
    return References(
        {one: held(world.team(one, MOMENT), Team) for one in teams},
        {one: held(world.competition(one, MOMENT), Competition) for one in competitions},
        Held(countries, float(MOMENT), Source.CACHE),
        Held(categories, float(MOMENT), Source.CACHE),
    )
