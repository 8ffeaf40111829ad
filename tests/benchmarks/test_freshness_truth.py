"""Changes are dated by the world, and published by the first snapshot that shows them."""

from typing import Any

import msgspec
import pytest

from benchmarks.freshness_truth import DETAILS, GOALS, LIVE, PRICES, Watcher, seconds, true
from footy.times import moment_text
from thesports_simulator.world.match import Match
from thesports_simulator.world.world import World, WorldOptions

EPOCH = 1_700_000_000
LATENCY = 0.25


@pytest.fixture(scope="module")
def world() -> World:
    return World(WorldOptions(EPOCH, matches=20, odds="light"))


def scorers(world: World) -> tuple[Match, int]:
    """A match that is listed for a while yet, and a second in which its score changes."""
    for match in world.live(EPOCH):
        at = EPOCH + 60
        while at < EPOCH + 1200 and match.fixture.is_listed(at + 60):
            if true(match.live_element(at))[:2] != true(match.live_element(at - 1))[:2]:
                return match, at
            at += 1
    raise AssertionError("a world without goals")


def snapshot(match: Match, at: int, *, complete: bool = True) -> dict[str, Any]:
    home, away, status, *counts = true(match.live_element(at))
    names = [
        f"{side}_{what}" for side in ("home", "away") for what in ("red_cards", "yellow_cards", "corners")
    ]
    prices = {
        f"current_{market}_{part}": None
        for market in ("money_line", "spread", "over_under", "corners")
        for part in ("bookmaker_id", "at", "home", "away", "over", "under", "sealed")
    }
    record = dict(zip(names, counts, strict=True)) | prices
    record |= {
        "match_id": match.fixture.id,
        "home_score": home,
        "away_score": away,
        "status_id": status,
        "fetched_at": moment_text(float(at)),
        "detail_fetched_at": moment_text(float(at)),
    }
    return {"meta": {"complete": complete}, "matches": [record]}


def test_a_goal_waits_from_its_second_to_the_snapshot_that_shows_it(world: World) -> None:
    match, goal_at = scorers(world)
    watcher = Watcher(world, LATENCY)
    watcher.see(snapshot(match, goal_at - 3), goal_at - 2.5)
    assert not watcher.waits[GOALS]
    watcher.see(snapshot(match, goal_at - 1), goal_at + 2.0)
    assert not watcher.waits[GOALS], "the old score does not publish the goal"
    watcher.see(snapshot(match, goal_at), goal_at + 3.5)
    assert watcher.waits[GOALS] == [3.5]
    assert 3.5 in watcher.waits[LIVE]
    watcher.see(snapshot(match, goal_at), goal_at + 9.0)
    assert watcher.waits[GOALS] == [3.5], "each change is published once"


def test_what_footy_shows_while_it_starts_does_not_count(world: World) -> None:
    match, goal_at = scorers(world)
    watcher = Watcher(world, LATENCY)
    watcher.see(snapshot(match, goal_at - 1, complete=False), goal_at - 0.5)
    watcher.see(snapshot(match, goal_at), goal_at + 1.0)
    assert not watcher.waits[GOALS]


def test_prices_overtaken_before_publication_waited_as_long(world: World) -> None:
    match, series, times = next(
        (match, series, times)
        for match in world.live(EPOCH)
        for series in world.odds_of(match).series
        if series.market == "eu"
        and len(times := [at for at in series.times if EPOCH < at < EPOCH + 3000][:4]) == len(set(times)) == 4
    )
    first, second, third, _ = times
    watcher = Watcher(world, LATENCY)
    for shown_at, now in ((first, first + 1.0), (third, third + 2.0)):
        told = snapshot(match, EPOCH)
        made = {"bookmaker_id": series.company, "at": moment_text(float(shown_at))}
        told["matches"][0] |= {f"current_money_line_{part}": value for part, value in made.items()}
        watcher.see(told, now)
    assert watcher.waits[PRICES] == [third + 2.0 - second, 2.0]


@pytest.mark.parametrize(("market", "theirs"), [("money_line", "eu"), ("spread", "asia"), ("corners", "cr")])
def test_of_prices_of_one_second_only_the_newest_is_right(world: World, market: str, theirs: str) -> None:
    match, series, rows = next(
        (match, series, rows)
        for match in world.live(EPOCH)
        for series in world.odds_of(match).series
        if series.market == theirs
        for at in series.times
        if EPOCH < at < EPOCH + 3000 and len(rows := list(series.between(at - 1, at))) > 1
    )
    watcher = Watcher(world, LATENCY)
    sides = ("over", "under") if theirs == "cr" else ("home", "away")
    for row in map(msgspec.json.decode, rows):
        told = snapshot(match, EPOCH)
        made = {"bookmaker_id": series.company, "at": moment_text(float(row[0])), "sealed": bool(row[6])}
        prices = [round(price + (theirs != "eu"), 4) for price in (row[2], row[4])]
        made |= dict(zip(sides, prices, strict=True))
        told["matches"][0] |= {f"current_{market}_{part}": value for part, value in made.items()}
        watcher.see(told, row[0] + 1.0)
    assert (watcher.compared, len(watcher.wrong)) == (len(rows), len(rows) - 1)


def test_a_detail_is_published_by_what_was_asked_for_after_its_change(world: World) -> None:
    match, changed_at = next(
        (match, at)
        for match in world.live(EPOCH)
        if (at := match.row_until(EPOCH)) < EPOCH + 3000 and match.fixture.is_listed(at + 60)
    )
    watcher = Watcher(world, LATENCY)
    watcher.see(snapshot(match, changed_at - 10), changed_at - 9.0)
    watcher.see(snapshot(match, changed_at), changed_at + 0.5)
    assert not watcher.waits[DETAILS]
    watcher.see(snapshot(match, changed_at + 1), changed_at + 1.5)
    assert watcher.waits[DETAILS] == [1.5]


def test_times_of_records_are_read_as_utc() -> None:
    assert seconds("2023-11-14T22:13:20Z") == EPOCH
    assert seconds(None) == 0
