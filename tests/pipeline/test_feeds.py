from hypothesis import given
from hypothesis import strategies as st

from footy.pipeline.feed import (
    DISTRUST_AFTER,
    FORGIVE_AFTER,
    SETTLED_S,
    TOLD_BEFORE_TRUST,
    TRUST_AGAIN_AFTER,
    Feed,
)
from footy.pipeline.feeds import by_match, covers, same_detail, same_quotes, unread, with_changes
from footy.pipeline.prices import Quotes, digest
from footy.thesports.client import PriceChange, read_odds_changes
from footy.thesports.payloads import Detail, Markets, OddsRow

WINDOW = (2, 6)

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


@given(rows, st.integers(0, 12))
def test_folding_the_feed_gives_what_reading_in_full_gives(newest_first: list[OddsRow], told: int) -> None:
    """However many of the newest rows come by the feed, and although some come twice."""
    held = digest({"2": Markets(eu=newest_first[told:])}, WINDOW)
    changes = [PriceChange("m", 2, "eu", row) for row in newest_first[: told + 2]]
    assert with_changes(held, changes, WINDOW) == digest({"2": Markets(eu=newest_first)}, WINDOW)


@given(rows, st.integers(100, 111))
def test_held_quotes_agree_with_the_settled_rows_of_a_full_read(
    newest_first: list[OddsRow], settled: int
) -> None:
    held = digest({"2": Markets(eu=newest_first)}, WINDOW)
    before = digest({"2": Markets(eu=[row for row in newest_first if row.at < settled])}, WINDOW)
    assert same_quotes(held, before, settled)


def test_a_missed_row_is_a_difference() -> None:
    row = OddsRow(100, "3", 0.9, 0.5, 0.9, 2, 0, "0-0")
    later = OddsRow(105, "4", 0.8, 0.5, 1.0, 2, 0, "0-0")
    held = digest({"2": Markets(asia=[row])}, WINDOW)
    full = digest({"2": Markets(asia=[later, row])}, WINDOW)
    assert not same_quotes(held, full, settled_before=110)
    assert same_quotes(held, held, settled_before=110)


def test_a_market_or_bookmaker_that_only_one_side_has_is_a_difference() -> None:
    row = OddsRow(100, "3", 0.9, 0.5, 0.9, 2, 0, "0-0")
    held = digest({"2": Markets(asia=[row])}, WINDOW)
    assert not same_quotes(Quotes(), held, settled_before=110)
    assert not same_quotes(held, Quotes(), settled_before=110)
    assert same_quotes(held, Quotes(), settled_before=100)


def test_details_are_compared_only_where_both_are_settled() -> None:
    held = Detail("m", note="a", updated_at=100)
    assert same_detail(held, Detail("m", note="a", updated_at=100), 110)
    assert same_detail(held, Detail("m", note="b", updated_at=105), 110) is False
    assert same_detail(held, Detail("m", note="b", updated_at=110), 110) is None
    assert same_detail(held, Detail("m", note="b", updated_at=100), 90) is False


def test_changes_that_were_told_of_before_are_left_out() -> None:
    changes = [
        PriceChange("m", 2, "eu", OddsRow(at, "", 1.0, 2.0, 3.0, 1, 0, "0-0")) for at in (99, 100, 101)
    ]
    assert [change.row.at for change in by_match(changes, 100)["m"]] == [100, 101]


def test_a_feed_covers_what_is_younger_than_it_reaches_back() -> None:
    assert covers(1000, 946, 60)
    assert not covers(1000, 944, 60)
    assert not covers(1000, None, 60)


def test_both_packings_of_a_price_change_are_read_alike() -> None:
    text = b'{"2":[["m","asia",[100,"3","0.9,-0.25,1.02,1",2],"1-0"]]}'
    values = b'{"2":[["m","asia",[100,"3",0.9,-0.25,1.02,2,1],"1-0"]],"x":[]}'
    expected = [PriceChange("m", 2, "asia", OddsRow(100, "3", 0.9, -0.25, 1.02, 2, 1, "1-0"))]
    assert read_odds_changes(text) == read_odds_changes(values) == (expected, frozenset(), ())


def test_a_feed_loses_trust_after_three_differences_and_regains_it_after_a_while() -> None:
    feed = Feed()
    for _ in range(DISTRUST_AFTER):
        assert feed.trusted
        feed = feed.checked(agreed=False, told=True)
    assert not feed.trusted
    for _ in range(TRUST_AGAIN_AFTER):
        assert not feed.trusted
        feed = feed.checked(agreed=True, told=True)
    assert feed.trusted
    assert feed.differences == 0


def test_a_silent_feed_regains_no_trust_by_agreeing_with_what_stays() -> None:
    feed = Feed(trusted=False)
    for _ in range(10 * TRUST_AGAIN_AFTER):
        feed = feed.checked(agreed=True, told=False)
    for _ in range(TOLD_BEFORE_TRUST):
        assert not feed.trusted
        feed = feed.checked(agreed=True, told=True)
    assert feed.trusted


def test_an_update_is_news_until_the_match_has_been_read_after_it_was_told() -> None:
    told = {"read": (100, True), "unread": (100, False), "newer": (90, True)}
    updates = {"read": 100, "unread": 100, "newer": 100, "unheard": 100, "timeless": 0}
    assert unread(updates, told) == updates.keys() - {"read"}
    assert unread({"timeless": 0}, {"timeless": (0, True)}) == {"timeless"}


def test_differences_far_apart_are_forgiven() -> None:
    feed = Feed()
    for _ in range(10):
        feed = feed.checked(agreed=False, told=False)
        for _ in range(FORGIVE_AFTER):
            feed = feed.checked(agreed=True, told=False)
    assert feed.trusted


def test_a_feed_that_has_fallen_silent_settles_what_is_older_than_its_replies() -> None:
    feed = Feed().heard(1000.5, 990)
    assert feed.settled_before == 990
    assert feed.heard(1200.5, 0).settled_before == 1200 - SETTLED_S
    assert Feed().settled_before == 0
