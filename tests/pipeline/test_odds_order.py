"""Prices that change several times a second are told right, whichever way the feed lists them."""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footy.mirror.answers import FullOdds
from footy.mirror.changes import REFOLDED_S, odds_changes, unordered
from footy.mirror.odds_book import MARKETS, digest
from footy.mirror.state import Held, MatchState, Source, State
from footy.records.prices import PriceRules
from footy.thesports import endpoints
from footy.thesports.decoders import read_odds_changes
from footy.thesports.models import Odds, OddsRow
from tests.pipeline.test_truth import Watched, beside, watched
from tests.records.test_flatten import differences, flatten, held, pictured
from tests.support import oracle
from tests.support.capture import MOMENT, needs_capture, replies
from tests.support.liar import Lie, changed
from tests.support.simulators import start
from tests.support.states import after, feed, full_odds, inputs, live_list
from thesports_simulator.world import feeds

ORDERS = ("newest", "oldest")
MINUTES, INTERVAL = 5, 20
ORACLE_EVERY = 15
"""Cycles after which whole records are compared, which takes far longer than a cycle."""


def test_ten_minutes_of_150_changes_a_second_are_told_right_in_either_direction(tmp_path: Path) -> None:
    """And a vendor who turns the list round is followed with the first reply."""
    with (
        start(matches=102, odds="busy", speed=0, options=["--prepare"]) as simulator,
        beside(simulator, tmp_path, interval=INTERVAL) as watch,
    ):
        assert sum(map(len, feeds.odds_live(watch.world, int(time.time())).values())) > 140 * 60
        watch.cycle()
        for order in reversed(ORDERS):
            simulator.control.settings(odds_live_order=order)
            for number in range(1, 60 * MINUTES // INTERVAL + 1):
                watch.wait(INTERVAL)
                snapshot = watch.cycle()
                assert not wrong_rows(watch)
                if number % ORACLE_EVERY == 0:
                    assert not watch.falsehoods(snapshot["matches"])
                assert snapshot["meta"]["complete"], snapshot["meta"]["problems"]
            assert watch.state.odds_feed.newest_first is (order == "newest")
            assert trusted_without_a_difference(watch)


read_row = msgspec.json.Decoder(OddsRow).decode


def wrong_rows(watch: Watched) -> list[str]:
    """Name each series whose newest row is not the one that the world had when the odds were confirmed."""
    said = []
    for match_id, match in watch.state.matches.items():
        at = int(match.odds.fetched_at or 0)
        played = watch.world.match(match_id, at)
        assert played is not None
        assert match.odds.value is not None
        for series in watch.world.odds_of(played).series:
            kept = getattr(match.odds.value, MARKETS[series.market]).get(series.company)
            newest = next(series.between(0, at), None)
            true = None if newest is None else read_row(newest)
            if (kept and kept.newest) != true:
                said.append(f"{match_id} {series.company} {series.market}: {kept} but {true}")
    return said


def trusted_without_a_difference(watch: Watched) -> bool:
    feed = watch.state.odds_feed
    return feed.trusted and feed.differences == 0


def listed(change: Callable[[dict[str, list[Any]]], None]) -> Lie:
    """Have the feed list its changes otherwise."""
    return changed("odds/live", change)


def only_the_last_second(results: dict[str, list[Any]]) -> None:
    """Leave of each series the changes of one second, so that no reply shows its direction."""
    for company, entries in results.items():
        last: dict[tuple[str, str], int] = defaultdict(int)
        for match_id, market, row, _ in entries:
            last[match_id, market] = max(last[match_id, market], row[0])
        results[company] = [one for one in entries if one[2][0] == last[one[0], one[1]]]


def untouched(results: dict[str, list[Any]]) -> None:
    """Leave the feed as it is."""


def every_other_bookmaker_the_other_way(results: dict[str, list[Any]]) -> None:
    """Have every reply contradict itself, by a match that is not listed if by no other."""
    for number, entries in enumerate(results.values()):
        if number % 2:
            entries.reverse()
    times = sorted({one[2][0] for entries in results.values() for one in entries})
    told = [
        ["unlisted", market, [at, "", "1,2,3,0", 2], "0-0"]
        for market, run in (("eu", 1), ("bs", -1))
        for at in times[::run]
    ]
    results.setdefault("2", []).extend(told if len(times) > 1 else [])


def tied(watch: Watched, change: Callable[[dict[str, list[Any]]], None] = untouched) -> set[tuple[str, int]]:
    """Name the listed matches with different changes of one series in a late second, and that second."""
    results = feeds.odds_live(watch.world, int(time.time()))
    change(results)
    rows = defaultdict(set)
    for company, entries in results.items():
        for match_id, market, row, score in entries:
            if match_id in watch.state.matches and row[0] >= watch.state.odds_feed.latest - REFOLDED_S:
                rows[match_id, company, market, row[0]].add(json.dumps([row, score]))
    latest: dict[str, int] = {}
    for (match_id, *_, at), changes in rows.items():
        if len(changes) > 1:
            latest[match_id] = max(latest.get(match_id, 0), at)
    return set(latest.items())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("change", [only_the_last_second, every_other_bookmaker_the_other_way])
def test_rows_of_one_second_in_no_known_order_are_read_from_the_history_in_the_same_cycle(
    tmp_path: Path, order: str, change: Callable[[dict[str, list[Any]]], None]
) -> None:
    options = (f"--odds-live-order={order}",)
    with watched(tmp_path, interval=5, options=options, through=listed(change)) as watch:
        watch.cycle()
        named: set[tuple[str, int]] = set()
        read, cycles, new = 0, 50, 0
        for _ in range(cycles):
            watch.wait(5)
            known, told = set(watch.state.matches), tied(watch, change)
            asked, snapshot = histories(watch)
            assert asked >= {match_id for match_id, _ in told - named}
            read, named, new = read + len(asked), named | told, new + len(set(watch.state.matches) - known)
            assert not wrong_rows(watch)
            assert not watch.falsehoods(snapshot["matches"])
            assert {match.odds.fetched_at for match in watch.state.matches.values()} == {time.time()}
            assert snapshot["meta"]["complete"], snapshot["meta"]["problems"]
        assert trusted_without_a_difference(watch)
        assert watch.state.odds_feed.newest_first is None
        assert len(named) > 5
        assert read <= cycles + new + 2 * len(named)


def histories(watch: Watched) -> tuple[set[str], dict[str, Any]]:
    """Run a cycle, and tell of which matches it read the history."""
    since = watch.simulator.control.last_number()
    snapshot = watch.cycle()
    log = watch.simulator.control.log(since)
    return {one["uuid"] for one in log if one["endpoint"] == "odds/history"}, snapshot


@pytest.mark.parametrize("order", ORDERS)
def test_once_the_direction_is_known_rows_of_one_second_call_for_no_history(
    tmp_path: Path, order: str
) -> None:
    with watched(tmp_path, interval=5, options=(f"--odds-live-order={order}",)) as watch:
        for _ in range(30):
            watch.cycle()
            watch.wait(5)
        assert watch.state.odds_feed.newest_first is (order == "newest")
        named: set[tuple[str, int]] = set()
        for _ in range(60):
            watch.wait(5)
            known = set(watch.state.matches)
            named |= tied(watch)
            asked, _ = histories(watch)
            assert len(asked & known) <= 1, "the one that is checked"
            assert not wrong_rows(watch)
        assert len(named) > 10
        assert trusted_without_a_difference(watch)


def test_a_match_that_the_quota_leaves_out_keeps_what_it_had_and_then_misses_nothing(tmp_path: Path) -> None:
    change = every_other_bookmaker_the_other_way

    def for_a_while(results: dict[str, list[Any]]) -> None:
        change(results)

    options, quota = ("--odds-live-order=oldest",), {"FOOTY_RATE_LIMITS": "odds/history=30/3600"}
    with watched(tmp_path, interval=5, options=options, through=listed(for_a_while), **quota) as watch:
        watch.simulator.control.settings(frozen=True)
        watch.cycle()  # takes the whole quota
        waited = 0
        for number in range(48):
            change = (every_other_bookmaker_the_other_way, untouched)[number // 8 % 2]
            watch.wait(5)
            snapshot = watch.cycle()
            assert not wrong_rows(watch)
            assert not watch.falsehoods(snapshot["matches"])
            waited += sum(match.odds.fetched_at != time.time() for match in watch.state.matches.values())
        assert waited


@needs_capture
@pytest.mark.parametrize("order", ORDERS)
def test_the_capture_told_as_a_feed_reads_as_the_contract_says(order: str) -> None:
    """Its last three hours, 15 seconds at a time, as the feed would have told them."""
    rows = replies()
    ids = sorted(rows.odds)
    ended = int(MOMENT)
    at = ended - 3 * 3600
    state = State(
        {match_id: one(match_id, at) for match_id in ids},
        odds_feed=replace(State().odds_feed, polled_at=float(at), latest=at),
    )
    read = 0
    while at < ended:
        at = min(at + 15, ended)
        changes = odds_changes(read_odds_changes(feed_of_capture(at, order))[0], at)
        answers = [feed(endpoints.ODDS_LIVE, changes, at)]
        for match_id in unordered(changes, state):
            answers.append(full_odds(match_id, FullOdds(digest(history(match_id, at), (2, 6))), at))
            read += 1
        live = [match.live.value for match in state.matches.values() if match.live.value]
        state, found = after(state, [live_list(at, *live), *answers], inputs(at, 15, early_window=(2, 6)))
        assert not found
        if (ended - at) % 300 == 0:
            assert {key: match.odds.value for key, match in state.matches.items()} == {
                key: digest(history(key, at), (2, 6)) for key in ids
            }
    assert read < 10
    for match_id in ids:
        picture = replace(pictured(rows, match_id), odds_at=float(ended))
        match, references = held(picture)
        record = flatten(
            replace(match, odds=state.matches[match_id].odds),
            references,
            PriceRules(picture.order, picture.window, picture.max_age),
            picture.published_at,
        )
        assert differences(record, oracle.record(picture)) == {}


def one(match_id: str, at: int) -> MatchState:
    match, _ = held(pictured(replies(), match_id))
    return replace(match, odds=Held(digest(history(match_id, at), (2, 6)), float(at), Source.FRESH))


def history(match_id: str, at: int) -> Odds:
    """The captured odds of a match as they were at a time."""
    return msgspec.convert(
        {
            company: {market: [row for row in rows if row[0] <= at] for market, rows in markets.items()}
            for company, markets in replies().odds[match_id].items()
        },
        Odds,
    )


@cache
def captured_changes() -> dict[int, list[tuple[str, list[Any]]]]:
    """The changes of the capture by their second, each a bookmaker with its entry in the feed."""
    changes: dict[int, list[tuple[str, list[Any]]]] = defaultdict(list)
    for match_id, companies in replies().odds.items():
        for company, markets in companies.items():
            for market, rows in markets.items():
                for at, minute, first, line, last, status, sealed, score in rows:
                    packed = [at, minute, f"{first},{line},{last},{sealed}", status]
                    changes[at].append((company, [match_id, market, packed, score]))
    return dict(changes)


def feed_of_capture(at: int, order: str) -> bytes:
    """What the feed would have told at a time, had it listed the changes of the capture."""
    results: dict[str, list[Any]] = defaultdict(list)
    for second in range(at, at - 60, -1):
        for company, entry in captured_changes().get(second, ()):
            results[company].append(entry)
    if order == "oldest":
        for entries in results.values():
            entries.reverse()
    return msgspec.json.encode(results)
