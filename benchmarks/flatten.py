"""Matches flattened per second: all of them new with full odds, and all of them unchanged."""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from benchmarks import chart, measure, report
from footy.pipeline.board import Held, HeldMatch, References, Source
from footy.pipeline.flatten import Flattener
from footy.pipeline.prices import PriceRules, Quotes, digest
from footy.settings import load
from footy.simulator.world import World, WorldOptions
from footy.thesports.payloads import Competition, Country, Detail, LiveMatch, Odds, Team

T = TypeVar("T")

MOMENT = 1_748_453_490
RUNS = 7
FULL_AT_LEAST = 3000.0
UNCHANGED_AT_LEAST = 30_000.0


class Evening:
    """One evening's replies, as bytes and decoded."""

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

    def held(self, live: LiveMatch, detail: Detail, quotes: Quotes) -> HeldMatch:
        """Put together what is held of a match."""
        return HeldMatch(
            Held(live, float(MOMENT), Source.FRESH),
            Held(detail, float(MOMENT), Source.FRESH),
            Held(quotes, float(MOMENT), Source.FRESH),
        )

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
        """Give what flattens every match again, nothing having changed but the time."""
        flattener = Flattener(self.rules)
        held = {
            live.id: self.held(live, detail, digest(odds, self.window))
            for (live, detail), odds in zip(self.decoded, self.decoded_odds, strict=True)
        }
        flattener.records(held, self.references, MOMENT)

        def again() -> None:
            for _ in range(20):
                flattener.records(held, self.references, MOMENT + 60)

        return again


def main(argv: Sequence[str]) -> int:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks flatten", description=__doc__)
    parser.add_argument("--matches", type=int, default=102)
    report.add_arguments(parser)
    options = parser.parse_args(argv)
    matches = 10 if options.quick else options.matches
    evening = Evening(matches)
    count = len(evening.live)
    kinds = {
        "decoded, digested and flattened": _rate(evening.flatten_from_bytes, count),
        "digested and flattened": _rate(evening.flatten_decoded, count),
        "unchanged": _rate(evening.unchanged(), 20 * count),
    }
    rows = sum(
        len(kind)
        for odds in evening.decoded_odds
        for m in odds.values()
        for kind in (m.eu, m.asia, m.bs, m.cr)
    )
    said = report.Report(
        name="flatten",
        title="Flatten",
        intro=(
            f"One thread over {count} matches with {rows} price rows ({rows / count:.0f} a match), "
            f"the median of {RUNS} runs."
        ),
        tables=[
            report.Table(
                "Matches a second",
                ("", "matches/s", "µs a match"),
                [(kind, f"{rate:,.0f}", f"{1e6 / rate:.1f}") for kind, rate in kinds.items()],
            )
        ],
        checks=[
            report.Check(
                "full odds, digested and flattened", f"{FULL_AT_LEAST:,.0f}/s",
                f"{kinds['digested and flattened']:,.0f}/s", kinds["digested and flattened"] >= FULL_AT_LEAST,
            ),
            report.Check(
                "unchanged", f"{UNCHANGED_AT_LEAST:,.0f}/s",
                f"{kinds['unchanged']:,.0f}/s", kinds["unchanged"] >= UNCHANGED_AT_LEAST,
            ),
        ],
        picture=chart.bars(
            "Matches flattened a second", chart.Axis("matches/s", logarithmic=True), list(kinds),
            [("footy", list(kinds.values()))],
        ),
        caption="Matches flattened a second",
    )  # fmt: skip
    return report.publish(said, options, argv)


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
