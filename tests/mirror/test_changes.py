from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.mirror.answers import OddsChanges
from footy.mirror.changes import (
    REFOLDED_S,
    by_match,
    covers,
    directions,
    lists_newest_first,
    pending,
    same_detail,
    same_odds,
    unordered,
    with_changes,
)
from footy.mirror.feed_health import (
    DISTRUST_AFTER,
    FORGIVE_AFTER,
    SETTLED_S,
    TOLD_BEFORE_TRUST,
    TRUST_AGAIN_AFTER,
    FeedHealth,
)
from footy.mirror.odds_book import OddsBook, digest
from footy.mirror.state import Held, MatchState, Source, State
from footy.thesports.decoders import PriceChange, PriceChanges, read_odds_changes
from footy.thesports.models import Detail, LiveMatch, LiveScore, Markets, OddsRow, SideScore

WINDOW = (2, 6)


def change(match_id: str, at: int, row: OddsRow | None = None) -> PriceChange:
    return PriceChange(match_id, 2, "asia", row or OddsRow(at, "", 1.0, 0.5, 0.9, 1, 0, "0-0"))


def priced(odds_at: float) -> MatchState:
    live = LiveMatch("m", LiveScore("m", 2, SideScore(), SideScore()))
    return MatchState(
        Held(live, odds_at, Source.FRESH),
        Held(Detail("m"), odds_at, Source.FRESH),
        Held(OddsBook(), odds_at, Source.FRESH),
    )


rows = st.lists(
    st.builds(
        OddsRow,
        at=st.integers(100, 110),
        minute=st.sampled_from(["", "1", "2", "4", "6", "7", "45+", "midfield"]),
        first=st.sampled_from([0.8, 0.9, 1.0]),
        line=st.sampled_from([0.0, 0.5]),
        last=st.sampled_from([0.7, 1.1]),
        status_id=st.sampled_from([1, 2, 4]),
        sealed=st.sampled_from([0, 1]),
        score=st.just("0-0"),
    ),
    max_size=12,
).map(lambda made: sorted(made, key=lambda row: -row.at))


@given(rows, st.integers(0, 12), st.booleans())
def test_folding_the_feed_gives_what_reading_in_full_gives(
    history: list[OddsRow], told: int, newest_first: bool
) -> None:
    """In either direction, however many of the newest rows come by the feed, and although some come twice."""
    held = digest({"2": Markets(eu=history[told:])}, WINDOW)
    changes = [PriceChange("m", 2, "eu", row) for row in history[: told + 2]]
    if not newest_first:
        changes.reverse()
    folded = with_changes(held, changes, WINDOW, newest_first=newest_first)
    assert folded == digest({"2": Markets(eu=history)}, WINDOW)


@given(rows, st.integers(0, 12), st.permutations(range(14)))
def test_without_a_direction_only_rows_that_have_their_second_to_themselves_are_folded(
    history: list[OddsRow], told: int, order: list[int]
) -> None:
    """The others are held already, as after a reading in full, so the order of a reply does not matter."""
    seconds = Counter(row.at for row in set(history))
    alone = [row for row in history if seconds[row.at] == 1]
    held = digest({"2": Markets(eu=[row for row in history if row not in alone[:told]])}, WINDOW)
    changes = [PriceChange("m", 2, "eu", history[place]) for place in order if place < len(history)]
    folded = with_changes(held, changes, WINDOW, newest_first=None)
    assert folded == digest({"2": Markets(eu=history)}, WINDOW)


@pytest.mark.parametrize(
    ("listed", "shown", "at_first", "at_last"),
    [
        ("", "", None, True),
        ("a1", "", None, True),
        ("a1 a1 b2 c1", "", None, True),
        ("a2 a1", "newest", True, True),
        ("a1 a2", "oldest", False, False),
        ("a2 b1 b1 a2 a1", "newest", True, True),
        ("b3 a1 b3 a2", "oldest", False, False),
        ("a2 a1 b1 b2", "newest oldest", None, None),
        ("a2 a1 a2", "newest oldest", None, None),
        ("a1 a2 b1 b2 c2 c1", "newest oldest", None, None),
        ("a9 a1 a2", "oldest", False, False),
        ("a0 a2 a1 a0", "newest", True, True),
    ],
)
def test_two_times_of_one_series_show_the_direction_of_a_reply(
    listed: str, shown: str, at_first: bool | None, at_last: bool | None
) -> None:
    """Each letter is a series and each number a time: 9 is of the future, 0 is no time."""
    changes = [change(one[0], int(one[1])) for one in listed.split()]
    found = directions(changes, believed_until=8)
    assert {"newest" if one else "oldest" for one in found} == set(shown.split())
    assert lists_newest_first(found, None) is at_first
    assert lists_newest_first(found, True) is at_last


@pytest.mark.parametrize(
    "others",
    [{"match_id": "b"}, {"bookmaker_id": 3}, {"market": "eu"}],
)
def test_a_series_is_one_match_bookmaker_and_market(others: dict[str, Any]) -> None:
    earlier, later = change("a", 100), replace(change("a", 101), **others)
    assert directions([earlier, later], 200) == directions([later, earlier], 200) == frozenset()


def test_only_different_rows_of_one_second_need_a_direction() -> None:
    row, other = (OddsRow(100, "3", first, 0.5, 0.9, 2, 0, "0-0") for first in (0.9, 0.8))
    same = [change("a", 100, row), change("a", 100, row)]
    tied = [change("b", 100, row), change("b", 100, other)]
    unlisted = [change("x", 100, row), change("x", 100, other)]
    apart = [change("c", 100, row), replace(change("c", 100, other), market="eu")]
    before = State({one: priced(100.0) for one in "abc"}, odds_feed=FeedHealth(polled_at=99.0, latest=90))
    changes = OddsChanges([*same, *tied, *unlisted, *apart], frozenset())
    assert unordered(changes, before) == {"b": 100}
    known = replace(before, odds_feed=replace(before.odds_feed, newest_first=False))
    assert unordered(changes, known) == {}
    contradictory = replace(changes, directions=frozenset({True, False}))
    assert unordered(contradictory, known) == {"b": 100}


@given(rows, st.integers(100, 111))
def test_held_quotes_agree_with_the_settled_rows_of_a_full_read(
    newest_first: list[OddsRow], settled: int
) -> None:
    held = digest({"2": Markets(eu=newest_first)}, WINDOW)
    before = digest({"2": Markets(eu=[row for row in newest_first if row.at < settled])}, WINDOW)
    assert same_odds(held, before, settled)


def test_a_missed_row_is_a_difference() -> None:
    row = OddsRow(100, "3", 0.9, 0.5, 0.9, 2, 0, "0-0")
    later = OddsRow(105, "4", 0.8, 0.5, 1.0, 2, 0, "0-0")
    held = digest({"2": Markets(asia=[row])}, WINDOW)
    full = digest({"2": Markets(asia=[later, row])}, WINDOW)
    assert not same_odds(held, full, watermark=110)
    assert same_odds(held, held, watermark=110)


def test_a_market_or_bookmaker_that_only_one_side_has_is_a_difference() -> None:
    row = OddsRow(100, "3", 0.9, 0.5, 0.9, 2, 0, "0-0")
    held = digest({"2": Markets(asia=[row])}, WINDOW)
    assert not same_odds(OddsBook(), held, watermark=110)
    assert not same_odds(held, OddsBook(), watermark=110)
    assert same_odds(held, OddsBook(), watermark=100)


def test_details_are_compared_only_where_both_are_settled() -> None:
    held = Detail("m", note="a", updated_at=100)
    assert same_detail(held, Detail("m", note="a", updated_at=100), 110)
    assert same_detail(held, Detail("m", note="b", updated_at=105), 110) is False
    assert same_detail(held, Detail("m", note="b", updated_at=110), 110) is None
    assert same_detail(held, Detail("m", note="b", updated_at=100), 90) is False


def test_details_with_a_value_that_could_not_be_read_are_not_compared() -> None:
    whole = Detail("m", note="a", updated_at=100)
    broken = Detail("m", updated_at=100, left_out=("note",))
    assert same_detail(whole, broken, 110) is same_detail(broken, whole, 110) is None


def test_a_value_that_can_never_be_read_does_not_hide_the_others() -> None:
    held = Detail("m", updated_at=100, left_out=("note",))
    other = Detail("m", neutral=1, updated_at=100, left_out=("note",))
    assert same_detail(held, held, 110) is True
    assert same_detail(held, other, 110) is False


def test_changes_that_were_told_of_before_are_left_out_for_matches_that_are_up_to_date() -> None:
    before = State(
        {"current": priced(200.0), "behind": priced(199.0)},
        odds_feed=FeedHealth(polled_at=200.0, latest=100 + REFOLDED_S),
    )
    changes = [change(match_id, at) for match_id in before.matches for at in (101, 100, 99)]
    grouped = by_match(OddsChanges(changes, frozenset({True})), before)
    assert [one.row.at for one in grouped["current"]] == [101, 100]
    assert [one.row.at for one in grouped["behind"]] == [101, 100, 99]


def test_a_feed_covers_what_is_younger_than_it_reaches_back() -> None:
    assert covers(1000, 946, 60)
    assert not covers(1000, 944, 60)
    assert not covers(1000, None, 60)


def test_both_packings_of_a_price_change_are_read_alike() -> None:
    text = b'{"2":[["m","asia",[100,"3","0.9,-0.25,1.02,1",2],"1-0"]]}'
    values = b'{"2":[["m","asia",[100,"3",0.9,-0.25,1.02,2,1],"1-0"]],"x":[]}'
    expected = [PriceChange("m", 2, "asia", OddsRow(100, "3", 0.9, -0.25, 1.02, 2, 1, "1-0"))]
    assert read_odds_changes(text) == read_odds_changes(values) == (PriceChanges(expected), ())


def test_a_feed_loses_trust_after_three_differences_and_regains_it_after_a_while() -> None:
    feed = FeedHealth()
    for _ in range(DISTRUST_AFTER):
        assert feed.trusted
        feed = feed.checked(agreed=False, reported=True)
    assert not feed.trusted
    for _ in range(TRUST_AGAIN_AFTER):
        assert not feed.trusted
        feed = feed.checked(agreed=True, reported=True)
    assert feed.trusted
    assert feed.differences == 0


def test_a_difference_puts_the_direction_in_doubt_until_a_reply_shows_it_again() -> None:
    feed = FeedHealth(newest_first=True)
    assert feed.checked(agreed=True, reported=True).newest_first is True
    assert feed.checked(agreed=False, reported=True).newest_first is None


def test_a_silent_feed_regains_no_trust_by_agreeing_with_what_stays() -> None:
    feed = FeedHealth(trusted=False)
    for _ in range(10 * TRUST_AGAIN_AFTER):
        feed = feed.checked(agreed=True, reported=False)
    for _ in range(TOLD_BEFORE_TRUST):
        assert not feed.trusted
        feed = feed.checked(agreed=True, reported=True)
    assert feed.trusted


def test_an_update_is_news_until_the_match_has_been_read_after_it_was_told() -> None:
    told = {"read": (100, True), "unread": (100, False), "newer": (90, True)}
    updates = {"read": 100, "unread": 100, "newer": 100, "unheard": 100, "timeless": 0}
    assert pending(updates, told) == updates.keys() - {"read"}
    assert pending({"timeless": 0}, {"timeless": (0, True)}) == {"timeless"}


def test_differences_far_apart_are_forgiven() -> None:
    feed = FeedHealth()
    for _ in range(10):
        feed = feed.checked(agreed=False, reported=False)
        for _ in range(FORGIVE_AFTER):
            feed = feed.checked(agreed=True, reported=False)
    assert feed.trusted


def test_a_feed_that_has_fallen_silent_settles_what_is_older_than_its_replies() -> None:
    feed = FeedHealth().polled(1000.5, 990)
    assert feed.watermark == 990
    assert feed.polled(1200.5, 0).watermark == 1200 - SETTLED_S
    assert FeedHealth().watermark == 0
