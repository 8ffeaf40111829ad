"""Where the quota holds back the histories, the prices that the feed tells of are shown in the meantime."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from footy.record import MatchRecord
from tests.pipeline.test_truth import Watched, beside
from tests.support import oracle
from tests.support.harness import EPOCH, ODDS, Cycle, begin
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator
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
            some = f"{len(by_source['partial'])} of them with some prices"
            assert snapshot["meta"]["problems"] == [f"odds: {waiting} waiting for quota, {some}"]
        assert watch.state.odds_feed.trusted
        assert watch.state.odds_feed.differences == 0


@pytest.fixture(scope="module")
def crowd() -> Iterator[RunningSimulator]:
    with start(matches=60, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


def of_odds(cycle: Cycle) -> dict[str, str]:
    return {match_id: record["odds_source"] for match_id, record in cycle.records.items()}


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_histories_take_over_and_no_value_is_ever_false(
    crowd: RunningSimulator, tmp_path: Path, order: str
) -> None:
    crowd.control.settings(odds_live_order=order)
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=15/60", "FOOTY_INTERVAL": str(INTERVAL), "FOOTY_TIMEOUT": "5"}
    with begin(crowd, tmp_path, **more) as trial:
        taken_over: set[str] = set()
        for _ in range(28):
            before = trial.cycles[-1] if trial.cycles else None
            cycle = trial.cycle()
            assert cycle.complaints(before) == []
            was = {} if before is None else of_odds(before)
            for match_id, source in of_odds(cycle).items():
                assert source == "partial" or was.get(match_id) != "partial" or source == "fresh"
                assert source != "partial" or was.get(match_id, "missing") in {"missing", "partial"}
                if source == "fresh" and was.get(match_id) == "partial":
                    taken_over.add(match_id)
            trial.wait(INTERVAL)
        assert len(taken_over) >= 5
        there_all_along = trial.cycles[0].records.keys() & cycle.records.keys()
        assert {of_odds(cycle)[match_id] for match_id in there_all_along} <= {"fresh", "cache"}
        assert trial.state.odds_feed.trusted
        assert trial.state.odds_feed.differences == 0


def test_without_its_feed_a_partial_price_grows_old_and_is_then_told_anew(
    crowd: RunningSimulator, tmp_path: Path
) -> None:
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=5/3600", "FOOTY_INTERVAL": str(INTERVAL), "FOOTY_TIMEOUT": "5"}
    with begin(crowd, tmp_path, **more) as trial:
        seen: list[set[str]] = []
        for number in range(14):
            if number == 4:
                trial.inject("err_url@odds/live", "err_url@odds/update")
            if number == 10:
                trial.recovers()
                trial.app.transport.breaker.ask_again(["odds/live", "odds/update"])
            cycle = trial.cycle()
            assert cycle.falsehoods == []
            assert not cycle.complete
            books = {match_id: match.odds.value for match_id, match in trial.state.matches.items()}
            seen.append({of_odds(cycle)[one] for one, book in books.items() if book and book.partial})
            trial.wait(INTERVAL)
        assert seen[3] == seen[4] == {"partial"}
        assert seen[6] == seen[9] == {"stale"}
        assert "partial" in seen[-1]


def test_only_wanted_matches_are_told_of(crowd: RunningSimulator, tmp_path: Path) -> None:
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=1/3600", "FOOTY_INTERVAL": str(INTERVAL)}
    with begin(crowd, tmp_path, **more) as trial:
        trial.cycle()
        trial.wait(INTERVAL)
        told = {one for one, source in of_odds(trial.cycle()).items() if source == "partial"}
        assert len(told) > 2
        records = trial.cycles[-1].records
        wanted = records[min(told)]["competition_id"]
    with begin(crowd, tmp_path / "filtered", FOOTY_COMPETITIONS=wanted or "", **more) as trial:
        for _ in range(3):
            cycle = trial.cycle()
            trial.wait(INTERVAL)
        assert 0 < len(cycle.records) < len(records)
        books = {one for one, match in trial.state.matches.items() if match.odds.value is not None}
        assert books <= cycle.records.keys()


def test_match_by_match_no_feed_tells_a_price(crowd: RunningSimulator, tmp_path: Path) -> None:
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=5/3600", "FOOTY_INTERVAL": str(INTERVAL)}
    with begin(crowd, tmp_path, strategy="per-match", **more) as trial:
        crowd.control.reset()
        for _ in range(3):
            cycle = trial.cycle()
            assert "partial" not in of_odds(cycle).values()
            trial.wait(INTERVAL)
        assert "odds/live" not in crowd.control.stats()["requests"]


def test_what_is_made_up_takes_no_place_of_a_partial_price(crowd: RunningSimulator, tmp_path: Path) -> None:
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=5/3600", "FOOTY_FALLBACK": "stale,mock"}
    with begin(crowd, tmp_path, FOOTY_INTERVAL=str(INTERVAL), **more) as trial:
        trial.cycle()
        trial.wait(INTERVAL)
        cycle = trial.cycle()
        sources = of_odds(cycle)
        assert {"partial", "mock"} <= set(sources.values())
        partial = [cycle.records[one] for one, source in sources.items() if source == "partial"]
        assert all(
            value is None for one in partial for name, value in one.items() if name.startswith("early_")
        )
        told = {one: cycle.records[one] for one in sources if sources[one] != "mock"}
        assert not [one for one in cycle.falsehoods if one.partition(" ")[0] in told]


def test_where_the_account_has_no_histories_odds_are_refused_whatever_the_feed_tells(
    crowd: RunningSimulator, tmp_path: Path
) -> None:
    """The prices would stay partial for good, and no snapshot would ever be complete."""
    with begin(crowd, tmp_path, FOOTY_INTERVAL=str(INTERVAL)) as trial:
        trial.inject(f"err_url@{ODDS}")
        told = 0
        for _ in range(3):
            cycle = trial.cycle()
            assert set(of_odds(cycle).values()) == {"refused"}
            assert cycle.complete
            told += len(feeds.odds_live(trial.world, int(time.time())))
            trial.wait(INTERVAL)
        assert told
