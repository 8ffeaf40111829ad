"""Odds look and move like the vendor's, and the changes in the feed add up to the history."""

from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thesports_simulator.world import feeds
from thesports_simulator.world.odds import BOOKMAKERS
from thesports_simulator.world.world import World, WorldOptions

EPOCH = 1_750_000_000
times = st.integers(EPOCH, EPOCH + 20_000)
Rows = list[list[Any]]


@lru_cache
def world(odds: Any = "full") -> World:
    return World(WorldOptions(epoch=EPOCH, matches=30, seed=5, odds=odds))


def markets(at: int) -> list[tuple[str, int, str, Rows]]:
    here = world()
    return [
        (match_id, int(company), market, rows)
        for match_id in here.live_ids(at)[:10]
        for company, offered in here.odds(match_id, at).items()
        for market, rows in offered.items()
    ]


@given(times)
@settings(max_examples=8, deadline=None)
def test_rows_are_newest_first_and_of_the_right_types(at: int) -> None:
    for _, company, market, rows in markets(at):
        assert company in {bookmaker.company for bookmaker in BOOKMAKERS}
        assert all(before[0] >= after[0] for before, after in pairwise(rows))
        for row in rows:
            assert [type(value) for value in row] == [int, str, float, float, float, int, int, str]
            assert row[0] <= at
            assert row[6] in {0, 1}
            assert row[3] % 0.25 == 0 or market == "eu"
            assert all(price >= 1 or price == 0 for price in row[2:5]) or market != "eu"


@given(times)
@settings(max_examples=8, deadline=None)
def test_companies_are_in_order_and_markets_too(at: int) -> None:
    for match_id in world().live_ids(at):
        odds = world().odds(match_id, at)
        assert list(map(int, odds)) == sorted(map(int, odds))
        for offered in odds.values():
            assert [market for market in ("asia", "eu", "bs", "cr") if market in offered] == list(offered)


@given(times)
@settings(max_examples=8, deadline=None)
def test_a_row_has_minute_status_and_score_of_its_moment(at: int) -> None:
    for match_id, _, market, rows in markets(at):
        match = world().match(match_id, at)
        assert match is not None
        for time, minute, _, _, _, status, sealed, score in rows:
            state = match.script.state(time)
            assert status == state.status
            assert minute == "" if status in {1, 9, 13} else minute
            assert minute == "midfield" or status != 3
            assert minute.rstrip("+").isdigit() or status not in {2, 4, 5, 7}
            if not sealed and market == "cr":
                assert score == f"{state.home[4]}-{state.away[4]}"
            assert status != 8


def test_the_favourite_gives_the_handicap() -> None:
    seen = 0
    for match_id in world().live_ids(EPOCH):
        for offered in world().odds(match_id, EPOCH).values():
            if "asia" in offered and "eu" in offered:
                opening, handicap = offered["eu"][-1], offered["asia"][-1][3]
                seen += 1
                assert handicap >= 0 or opening[2] > opening[4]
                assert handicap <= 0 or opening[2] < opening[4]
    assert seen > 20


def test_a_goal_suspends_and_the_suspended_row_keeps_price_and_score() -> None:
    suspended = 0
    for _, _, _, rows in markets(EPOCH):
        for after, before in pairwise(rows):
            if after[6] == 1 and before[6] == 0 and after[2] != 0:
                suspended += 1
                assert after[7] == before[7]
                assert after[2:5] == before[2:5]
    assert suspended > 10


@given(st.integers(EPOCH, EPOCH + 12_000))
@settings(max_examples=3, deadline=None)
def test_the_feed_of_changes_adds_up_to_the_history(start: int) -> None:
    here = world("light")
    ids = set(here.live_ids(start)) & set(here.live_ids(start + 600))
    held = {match_id: here.odds(match_id, start) for match_id in ids}
    seen = {(i, c, m): [*rows] for i in ids for c, o in held[i].items() for m, rows in o.items()}
    for at in range(start + 60, start + 601, 60):
        for company, entries in feeds.odds_live(here, at).items():
            grouped: dict[tuple[str, str, str], Rows] = {}
            for match_id, market, (time, minute, prices, status), score in entries:
                home, line, away, sealed = prices.split(",")
                row = [time, minute, float(home), float(line), float(away), status, int(sealed), score]
                grouped.setdefault((match_id, company, market), []).append(row)
            for key, rows in grouped.items():
                seen[key] = rows + seen.get(key, [])
    for match_id in ids:
        for company, offered in here.odds(match_id, start + 600).items():
            for market, rows in offered.items():
                assert seen[match_id, company, market] == rows


@given(times)
@settings(max_examples=5, deadline=None)
def test_both_forms_of_the_feed_have_the_same_content(at: int) -> None:
    here = world("light")
    text, values = feeds.odds_live(here, at), feeds.odds_live(here, at, form="values")
    assert text.keys() == values.keys()
    for company, entries in text.items():
        for joined, listed in zip(entries, values[company], strict=True):
            home, line, away, sealed = joined[2][2].split(",")
            prices = [float(home), float(line), float(away)]
            assert listed[2] == [*joined[2][:2], *prices, joined[2][3], int(sealed)]
            assert (joined[:2], joined[3]) == (listed[:2], listed[3])


@given(times, st.sampled_from(["text", "values"]))
@settings(max_examples=5, deadline=None)
def test_oldest_first_the_feed_is_the_same_the_other_way_round(at: int, form: Any) -> None:
    here = world("light")
    newest, oldest = (feeds.odds_live(here, at, form=form, order=order) for order in ("newest", "oldest"))
    assert oldest == {company: entries[::-1] for company, entries in newest.items()}
    for entries in oldest.values():
        assert all(before[2][0] <= after[2][0] for before, after in pairwise(entries))


@pytest.mark.parametrize("odds", ["full", "light", "busy"])
def test_some_changes_of_a_series_share_a_second_and_differ(odds: str) -> None:
    here = world(odds)
    of_one_second = 0
    for at in range(EPOCH, EPOCH + 1200, 60):
        seconds: dict[tuple[str, ...], list[Any]] = {}
        for company, entries in feeds.odds_live(here, at).items():
            for match_id, market, row, score in entries:
                seconds.setdefault((company, match_id, market, row[0]), []).append((row, score))
        of_one_second += sum(rows[0] != rows[-1] for rows in seconds.values())
    assert of_one_second > 20


@given(times)
@settings(max_examples=5, deadline=None)
def test_the_list_of_updates_names_what_the_feed_holds(at: int) -> None:
    here = world("light")
    feed = {
        (entry[0], int(company))
        for company, entries in feeds.odds_live(here, at).items()
        for entry in entries
    }
    updates = feeds.odds_update(here, at)
    assert {(update["id"], update["company_id"]) for update in updates} == feed
    assert [u["update_time"] for u in updates] == sorted((u["update_time"] for u in updates), reverse=True)


@given(times)
@settings(max_examples=5, deadline=None)
def test_odds_do_not_change_before_their_stated_time(at: int) -> None:
    here = world("light")
    for match in here.live(at):
        odds = here.odds_of(match)
        until = min(odds.until(at), at + 3_600)
        assert odds.results(at) == odds.results(until - 1)
        assert odds.until(at) > at + 3_600 or odds.results(at) != odds.results(until)


def test_bodies_are_as_large_as_the_vendors() -> None:
    here = World(WorldOptions(epoch=EPOCH, matches=102, seed=1))
    sizes = sorted(len(here.odds_of(match).results(EPOCH)) for match in here.live(EPOCH))
    assert 8 <= sizes.count(2) <= 24
    assert 30_000 <= sizes[51] <= 80_000
    assert 250_000 <= sizes[-1] <= 600_000
    assert msgspec.json.decode(here.odds_of(here.live(EPOCH)[0]).results(EPOCH)) is not None
