"""Where the quota holds back the histories, the prices that the feed tells of are shown in the meantime."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from footy.mirror.odds_book import MARKETS
from footy.record import MatchRecord
from tests.pipeline.test_truth import Watched, beside
from tests.support import oracle
from thesports_simulator.process import RunningSimulator, start
from thesports_simulator.world import feeds

CALLS, INTERVAL = 20, 10
QUOTA = {"FOOTY_RATE_LIMITS": f"odds/history={CALLS}/3600"}
Told = Mapping[str, Mapping[str, set[int]]]
"""By match and the vendor's name of the market, the bookmakers that the feed has told of."""


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=100, odds="full", speed=0, options=["--prepare"]) as simulator:
        yield simulator


@contextmanager
def short_of_quota(vendor: RunningSimulator, folder: Path, **more: str) -> Iterator[Watched]:
    with beside(vendor, folder, interval=INTERVAL, **{**QUOTA, **more}) as watch:
        yield watch


def told_now(watch: Watched) -> Told:
    told: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for company, entries in feeds.odds_live(watch.world, int(time.time())).items():
        for match_id, market, *_ in entries:
            told[match_id][market].add(int(company))
    return told


def both(first: Told, second: Told) -> Told:
    told: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for one in (first, second):
        for match_id, markets in one.items():
            for market, companies in markets.items():
                told[match_id][market] |= companies
    return told


def prices(record: MatchRecord | dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name.startswith(("early_", "current_"))}


def expected(watch: Watched, record: MatchRecord, told: Mapping[str, set[int]] | None) -> dict[str, Any]:
    """Return the prices that the contract asks for, from the whole history and what the feed told of it."""
    now = int(time.time())
    live = watch.world.live_element(record["match_id"], now)
    assert live is not None
    whole = watch.world.odds(record["match_id"], now)
    picture = oracle.Picture(live, None, whole, {}, {}, None, now, now, now, now, told=told)
    return prices(oracle.record(picture))


def test_after_two_cycles_every_match_that_the_feed_named_has_its_price(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with short_of_quota(vendor, tmp_path) as watch:
        first = watch.cycle()
        assert {record["odds_source"] for record in first["matches"]} == {"fresh", "missing"}
        told: Told = {}
        for _ in range(2):
            watch.wait(INTERVAL)
            told = both(told, told_now(watch))
            snapshot = watch.cycle()
            by_source: dict[str, list[MatchRecord]] = defaultdict(list)
            for record in snapshot["matches"]:
                by_source[record["odds_source"]].append(record)
                named = told.get(record["match_id"])
                if record["odds_source"] == "missing":
                    assert not named
                else:
                    partial = record["odds_source"] == "partial"
                    assert prices(record) == expected(watch, record, named if partial else None)
            priced = [one for one in by_source["partial"] if oracle.bookmakers_shown(one)]
            assert len(priced) > 2 * CALLS
            assert not watch.falsehoods(snapshot["matches"])
            assert not snapshot["meta"]["complete"]
            waiting = len(by_source["partial"] + by_source["missing"])
            assert snapshot["meta"]["problems"] == [
                f"odds: {waiting} wait for their turn, {len(by_source['partial'])} of them with some prices: "
                "the quota is spent"
            ]
        assert watch.state.odds_feed.trusted
        assert watch.state.odds_feed.differences == 0
