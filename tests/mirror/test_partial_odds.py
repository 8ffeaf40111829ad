"""What the odds feed tells of a match whose history has not been read, as plain values."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footy.mirror.answers import FullOdds
from footy.mirror.changes import odds_changes
from footy.mirror.feed_health import FeedHealth
from footy.mirror.odds_book import OddsBook, digest
from footy.mirror.state import Held, Source, State
from footy.thesports import endpoints
from footy.thesports.decoders import OddsUpdates, PriceChange, PriceChanges
from footy.thesports.errors import RefusedError, TimedOutError
from footy.thesports.models import Markets, OddsRow
from footy.thesports.request import Answer, Priority, Request
from tests.support.states import (
    NOW,
    WINDOW,
    after,
    failed,
    feed,
    full_odds,
    inputs,
    live_list,
    match_state,
    playing,
)

MISSING: Held[OddsBook] = Held(None, None, Source.MISSING)
REFUSED = RefusedError("not in the plan", "endpoint", confirmed_refusal=True)
ASKED = Request(endpoints.ODDS, "a", priority=Priority.ODDS)


def row(seconds: float, price: float = 1.0, minute: str = "70") -> OddsRow:
    """Return a row made so many seconds after `NOW`."""
    return OddsRow(int(NOW + seconds), minute, price, 0.5, 0.9, 4, 0, "0-0")


def change(one: OddsRow, market: str = "asia", bookmaker: int = 2, match_id: str = "a") -> PriceChange:
    return PriceChange(match_id, bookmaker, market, one)


def told(at: float, *changes: PriceChange, unreadable: str = "") -> Answer[object]:
    reply = PriceChanges(list(changes), frozenset(unreadable))
    return feed(endpoints.ODDS_LIVE, odds_changes(reply, NOW + at), NOW + at)


def history(at: float, *rows: OddsRow) -> Answer[object]:
    return full_odds("a", FullOdds(digest({"2": Markets(asia=list(rows))} if rows else {}, WINDOW)), NOW + at)


def lacking(odds: Held[OddsBook] = MISSING, *, polled: float | None = None, **health: Any) -> State:
    """Return the state with one match, a; `polled` is when the feed was last read, in seconds after `NOW`."""
    state = State({"a": match_state("a", odds=odds)}, fetched_at=NOW)
    if polled is None:
        return state
    known = FeedHealth(polled_at=NOW + polled, latest=int(NOW + polled), newest_first=True)
    return replace(state, odds_feed=replace(known, **health))


def partial(at: float, *changes: PriceChange) -> Held[OddsBook]:
    """Return the odds of a that the feed has told of by now."""
    return cycle(lacking(), at, told(at, *changes)).matches["a"].odds


def cycle(state: State, at: float, *answers: Answer[object]) -> State:
    state, differences = after(
        state, [live_list(NOW + at, playing("a")), *answers], inputs(NOW + at, interval_s=10)
    )
    assert not differences
    return state


def rows_of(held: Held[OddsBook]) -> dict[tuple[str, int], OddsRow]:
    book = held.value
    assert book is not None
    markets = {"asia": book.spread, "eu": book.money_line, "bs": book.over_under, "cr": book.corners}
    return {
        (market, company): kept.newest for market, held in markets.items() for company, kept in held.items()
    }


OLD, NEW, NEWER = row(-40), row(5, 1.1), row(9, 1.2)


@pytest.mark.parametrize("known", [None, -3])
def test_a_book_begins_with_all_that_the_reply_tells(known: float | None) -> None:
    changes = [
        change(NEW),
        change(OLD),
        change(OLD, "eu"),
        change(row(8), "asia", 22),
        change(OLD, "asia", 3),
    ]
    odds = cycle(lacking(polled=known), 10, told(10, *changes)).matches["a"].odds
    assert odds.value is not None
    assert odds.value.partial
    assert (odds.source, odds.fetched_at) == (Source.PARTIAL, NOW + 10)
    assert rows_of(odds) == {("asia", 2): NEW, ("eu", 2): OLD, ("asia", 22): row(8), ("asia", 3): OLD}


@pytest.mark.parametrize(
    ("reply", "more"),
    [
        (told(10), {}),
        (told(10, change(NEW, match_id="b")), {}),
        (told(10, change(NEW, "unheard-of")), {}),
        (told(10, change(NEW), unreadable="a"), {}),
        (told(10, change(NEW), change(row(400))), {}),
        (told(10, change(NEW)), {"trusted": False}),
        (feed(endpoints.ODDS_UPDATE, OddsUpdates({"a": int(NOW)}), NOW + 10), {}),
        (None, {}),
    ],
)
def test_no_book_begins_without_a_price_that_is_understood(
    reply: Answer[object] | None, more: dict[str, Any]
) -> None:
    state = cycle(lacking(polled=0, **more), 10, *([] if reply is None else [reply]))
    assert state.matches["a"].odds == MISSING


def test_no_book_begins_where_the_account_has_no_histories() -> None:
    answers = [live_list(NOW + 10, playing("a")), told(10, change(NEW)), failed(ASKED, REFUSED)]
    given = inputs(NOW + 10, refused=frozenset({endpoints.ODDS}))
    state, _ = after(lacking(polled=0), answers, given)
    assert state.matches["a"].odds == Held(None, None, Source.REFUSED)


def test_no_book_begins_of_a_match_that_is_not_wanted() -> None:
    state = replace(lacking(), matches={one: match_state(one) for one in "ab"})
    live = live_list(NOW + 10, playing("a"), playing("b"))
    answers = [live, told(10, change(NEW), change(NEW, match_id="b"))]
    state, _ = after(state, answers, inputs(NOW + 10), wanted={"b"})
    assert {one: match.odds.source for one, match in state.matches.items()} == {
        "a": Source.MISSING,
        "b": Source.PARTIAL,
    }


def test_a_match_that_is_listed_only_now_takes_what_was_told_before_the_list() -> None:
    live, reply = live_list(NOW + 10, playing("a")), told(10, change(OLD))
    states = [
        after(lacking(polled=0), order, inputs(NOW + 10))[0] for order in ([live, reply], [reply, live])
    ]
    new = [
        after(State(odds_feed=lacking(polled=0).odds_feed), order, inputs(NOW + 10))[0]
        for order in ([live, reply], [reply, live])
    ]
    assert states[0] == states[1]
    assert new[0] == new[1]
    assert rows_of(new[0].matches["a"].odds) == {("asia", 2): OLD}


@pytest.mark.parametrize(
    ("at", "changes", "source", "fetched_at", "rows"),
    [
        # A later reply is folded in, whether or not it names the match.
        (20, [change(row(15)), change(NEW)], Source.PARTIAL, 20, {("asia", 2): row(15)}),
        (20, [change(row(15), "eu", 3)], Source.PARTIAL, 20, {("asia", 2): NEW, ("eu", 3): row(15)}),
        (20, [], Source.PARTIAL, 20, {("asia", 2): NEW}),
        (65, [], Source.PARTIAL, 65, {("asia", 2): NEW}),
        # One that does not reach back begins the book anew; without a row it keeps its age.
        (66, [change(row(15), "eu", 3)], Source.PARTIAL, 66, {("eu", 3): row(15)}),
        (66, [], Source.STALE, 10, {("asia", 2): NEW}),
        # One that cannot be understood leaves the book as it was.
        (20, [change(row(15)), change(row(900))], Source.PARTIAL, 10, {("asia", 2): NEW}),
    ],
)
def test_a_partial_book_after_a_later_reply(
    at: float,
    changes: list[PriceChange],
    source: Source,
    fetched_at: float,
    rows: dict[tuple[str, int], OddsRow],
) -> None:
    state = cycle(lacking(partial(10, change(NEW)), polled=10), at, told(at, *changes))
    odds = state.matches["a"].odds
    assert odds.value is not None
    assert odds.value.partial
    assert (odds.source, odds.fetched_at) == (source, NOW + fetched_at)
    assert rows_of(odds) == rows


@pytest.mark.parametrize(
    ("age", "answer", "trusted", "source"),
    [
        (18, None, True, Source.PARTIAL),
        (19, None, True, Source.STALE),
        (18, failed(ASKED, TimedOutError("no reply")), True, Source.PARTIAL),
        (18, failed(ASKED, REFUSED), True, Source.PARTIAL),
        (19, failed(ASKED, REFUSED), True, Source.STALE),
        # An empty history is not credible of a match that the feed has told of.
        (18, history(28), True, Source.PARTIAL),
        # What a distrusted feed says is not folded in.
        (18, told(28, change(row(15))), False, Source.PARTIAL),
        (19, told(29, change(row(15))), False, Source.STALE),
    ],
)
def test_a_partial_book_that_no_reply_extends_grows_old(
    age: float, answer: Answer[object] | None, trusted: bool, source: Source
) -> None:
    before = lacking(partial(10, change(NEW)), polled=10, trusted=trusted)
    state = cycle(before, 10 + age, *([] if answer is None else [answer]))
    odds = state.matches["a"].odds
    assert (odds.source, odds.fetched_at) == (source, NOW + 10)
    assert rows_of(odds) == {("asia", 2): NEW}


@pytest.mark.parametrize(
    ("told_of", "read", "rows"),
    [
        # The history takes the place of what was told.
        ([change(NEW)], [NEW, OLD], {("asia", 2): NEW}),
        ([change(NEW)], [NEWER, NEW, OLD], {("asia", 2): NEWER}),
        # What was told after the history's state is kept.
        ([change(NEWER)], [NEW, OLD], {("asia", 2): NEWER}),
        ([change(NEW, "eu", 3)], [OLD], {("asia", 2): OLD, ("eu", 3): NEW}),
        # Of rows of one second the history knows the order.
        ([change(NEW)], [row(5, 1.7), NEW], {("asia", 2): row(5, 1.7)}),
    ],
)
def test_a_history_takes_over(
    told_of: list[PriceChange], read: list[OddsRow], rows: dict[tuple[str, int], OddsRow]
) -> None:
    before = lacking(partial(10, *told_of), polled=10)
    odds = cycle(before, 20, history(20, *read)).matches["a"].odds
    assert odds.value is not None
    assert not odds.value.partial
    assert (odds.source, odds.fetched_at) == (Source.FRESH, NOW + 20)
    assert rows_of(odds) == rows


def test_an_early_price_that_was_told_after_the_history_s_state_is_kept() -> None:
    early = row(5, 1.4, "3")
    before = lacking(partial(10, change(NEWER), change(early)), polled=10)
    book = cycle(before, 20, history(20, OLD)).matches["a"].odds.value
    assert book == digest({"2": Markets(asia=[NEWER, early, OLD])}, WINDOW)


TIED = [change(row(5, 1.1)), change(row(5, 1.2))]


@pytest.mark.parametrize(
    ("held", "changes", "rows"),
    [
        # Of rows of one second in no known order none is shown, nor an older one of that series.
        ((), TIED, None),
        ((), [*TIED, change(OLD, "eu")], {("eu", 2): OLD}),
        ((), [*TIED, change(OLD, "asia", 3)], {("asia", 3): OLD}),
        (([change(OLD), change(OLD, "eu")]), TIED, {("eu", 2): OLD}),
        (([change(row(5, 1.1)), change(OLD, "eu")]), TIED, {("eu", 2): OLD}),
        # The same row twice is one row.
        ((), [TIED[0], TIED[0]], {("asia", 2): row(5, 1.1)}),
        # A reply that contradicts itself, but has a later row with its second to itself.
        (
            (),
            [*TIED, change(row(7)), change(OLD, "eu", 9), change(row(-45), "eu", 9)],
            {("asia", 2): row(7), ("eu", 9): OLD},
        ),
    ],
)
def test_without_a_direction_no_order_is_guessed(
    held: list[PriceChange], changes: list[PriceChange], rows: dict[tuple[str, int], OddsRow] | None
) -> None:
    odds = partial(6, *held) if held else MISSING
    before = lacking(odds, polled=6 if held else 0, newest_first=None)
    state = cycle(before, 10, told(10, *changes))
    if rows is None:
        assert state.matches["a"].odds == MISSING
    else:
        assert rows_of(state.matches["a"].odds) == rows


def test_a_book_whose_only_market_is_in_doubt_keeps_the_price_of_its_own_time() -> None:
    before = lacking(partial(4, change(OLD)), polled=4, newest_first=None)
    odds = cycle(before, 10, told(10, *TIED)).matches["a"].odds
    assert (rows_of(odds), odds.fetched_at) == ({("asia", 2): OLD}, NOW + 4)


@pytest.mark.parametrize(("newest_first", "newest"), [(True, 1.1), (False, 1.2)])
def test_with_a_direction_rows_of_one_second_are_put_in_order(newest_first: bool, newest: float) -> None:
    state = cycle(lacking(polled=0, newest_first=newest_first), 10, told(10, *TIED))
    assert rows_of(state.matches["a"].odds) == {("asia", 2): row(5, newest)}


@pytest.mark.parametrize(
    ("named", "fetched_at"), [({}, 20), ({"b": int(NOW)}, 20), ({"a": int(NOW) + 15}, 10)]
)
def test_the_feed_that_only_names_matches_confirms_the_others(
    named: dict[str, int], fetched_at: float
) -> None:
    before = lacking(partial(10, change(NEW)), polled=10)
    answer = feed(endpoints.ODDS_UPDATE, OddsUpdates(named), NOW + 20)
    odds = cycle(before, 20, answer).matches["a"].odds
    assert (odds.source, odds.fetched_at) == (Source.PARTIAL, NOW + fetched_at)


def test_a_match_that_has_no_odds_is_told_of_as_before() -> None:
    state = cycle(lacking(), 10, history(10))
    odds = state.matches["a"].odds
    assert (odds.value, odds.source) == (OddsBook(), Source.FRESH)
    state = cycle(replace(state, odds_feed=lacking(polled=10).odds_feed), 20, told(20, change(row(15))))
    odds = state.matches["a"].odds
    assert odds.source is Source.FRESH
    assert odds.value == digest({"2": Markets(asia=[row(15)])}, WINDOW)


def test_a_partial_book_is_not_compared_with_the_history() -> None:
    settled = digest({"2": Markets(asia=[OLD], eu=[OLD])}, WINDOW)
    before = lacking(partial(70, change(row(65))), polled=70)
    full = digest({"2": Markets(asia=[row(65), OLD], eu=[OLD])}, WINDOW)
    for checks in (True, False):
        answers = [told(80), full_odds("a", FullOdds(full, settled), NOW + 80, checks=checks)]
        feed_after = cycle(before, 80, *answers).odds_feed
        assert (feed_after.differences, feed_after.agreements) == (0, 0)


@st.composite
def a_series(draw: st.DrawFn) -> list[OddsRow]:
    """Rows of one series, oldest first, some of the same second."""
    times = sorted(draw(st.lists(st.integers(0, 120), min_size=1, max_size=12)))
    return [row(at, 1 + number / 100) for number, at in enumerate(times)]


@settings(deadline=None)
@given(
    st.dictionaries(st.tuples(st.sampled_from(["eu", "asia"]), st.integers(2, 4)), a_series(), max_size=4),
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.sampled_from([True, False]),
    st.sampled_from([True, None]),
)
def test_each_row_shown_is_the_newest_of_its_bookmaker_at_its_time(
    series: dict[tuple[str, int], list[OddsRow]], pauses: list[int], newest_first: bool, known: bool | None
) -> None:
    """Whatever is told when, in either order, and whether or not the order is known."""
    state = lacking(polled=0, newest_first=newest_first if known else None)
    at = 0
    for pause in pauses:
        at += pause
        changes = [
            change(one, market, company)
            for (market, company), rows in series.items()
            for one in (reversed(rows) if newest_first else rows)
            if at - 60 < one.at - NOW <= at
        ]
        state = cycle(state, at, told(at, *changes))
        odds = state.matches["a"].odds
        if odds.value is None:
            assert not changes or state.odds_feed.newest_first is None
            continue
        until = odds.fetched_at or 0.0
        for key, newest in rows_of(odds).items():
            assert newest == [one for one in series[key] if one.at <= until][-1]
        if state.odds_feed.newest_first is not None:
            assert until == NOW + at
            assert {(one.market, one.bookmaker_id) for one in changes} <= rows_of(odds).keys()
