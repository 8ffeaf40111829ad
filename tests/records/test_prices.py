"""Prices: which row speaks for a market at each of the two moments, and how it is told."""

import random
from math import inf, isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from footy.mirror.odds_book import KeyRows, OddsBook, digest, fold, minute_of
from footy.records.prices import (
    PriceRules,
    Score,
    american_odds,
    choose_current,
    choose_early,
    current_fields,
    decimal_odds,
    early_fields,
    is_outdated,
    score_of,
)
from footy.thesports.models import Markets, Odds, OddsRow
from tests.support.capture import needs_capture, replies

WINDOW = (2, 6)
RULES = PriceRules(bookmakers=(2, 3, 22), early_window=WINDOW, max_age_s=900)
NOW = 1_748_453_500


def row(at: int = NOW - 60, minute: str = "70", **values: Any) -> OddsRow:
    whole: dict[str, Any] = {
        "first": 1.9,
        "line": 0.5,
        "last": 1.9,
        "status_id": 4,
        "sealed": 0,
        "score": "0-0",
    } | values
    return OddsRow(at, minute, **whole)


def money_line(**rows_by_bookmaker: list[OddsRow]) -> Odds:
    return {key.removeprefix("b"): Markets(eu=rows) for key, rows in rows_by_bookmaker.items()}


def early(odds: Odds, rules: PriceRules = RULES) -> tuple[int, OddsRow] | None:
    choice = choose_early(digest(odds, rules.early_window).money_line, rules)
    return None if choice is None else (choice.bookmaker_id, choice.row)


def current(
    odds: Odds, *, in_play: bool = True, score: Score | None = (0, 0), arrived_at: float = NOW
) -> tuple[int, OddsRow] | None:
    market = digest(odds, WINDOW).money_line
    choice = choose_current(market, RULES, in_play=in_play, score=score, arrived_at=arrived_at)
    return None if choice is None else (choice.bookmaker_id, choice.row)


def told(first: float, line: float, last: float, market: str = "asia", **values: Any) -> dict[str, Any]:
    """The early fields of a single row, without their prefix."""
    odds = {"2": Markets(**{market: [row(minute="5", first=first, line=line, last=last, **values)]})}
    fields = early_fields(digest(odds, WINDOW), RULES)
    name = {"eu": "money_line", "asia": "spread", "bs": "over_under", "cr": "corners"}[market]
    prefix = f"early_{name}_"
    return {key.removeprefix(prefix): value for key, value in fields.items() if key.startswith(prefix)}


class TestDigest:
    def test_the_newest_row_is_that_of_the_greatest_timestamp_whatever_the_order(self) -> None:
        rows = [row(at=5), row(at=9, minute="71"), row(at=7)]
        assert digest(money_line(b2=rows), WINDOW).money_line[2].newest == rows[1]

    def test_among_rows_of_the_same_second_the_one_listed_first_is_the_newest(self) -> None:
        rows = [row(at=5, minute=minute, line=line, sealed=0) for minute, line in (("5", 1.0), ("5", 2.0))]
        kept = digest(money_line(b2=rows), WINDOW).money_line[2]
        assert kept.newest is rows[0]
        assert kept.early_open is rows[0]

    def test_open_and_suspended_rows_of_the_window_are_kept_apart(self) -> None:
        rows = [row(at=9, minute="6", sealed=1), row(at=8, minute="4"), row(at=7, minute="3", sealed=1)]
        kept = digest(money_line(b2=rows), WINDOW).money_line[2]
        assert (kept.early_open, kept.early_sealed) == (rows[1], rows[0])

    @pytest.mark.parametrize("key", ["", "x", "-2", "2.0", "\u00b2", "\u0662", " 2", "9" * 19, "9" * 5000])
    def test_a_key_that_is_no_bookmakers_number_is_left_out(self, key: str) -> None:
        assert digest({key: Markets(eu=[row()])}, WINDOW) == OddsBook()

    def test_no_odds_are_no_quotes(self) -> None:
        assert digest({}, WINDOW) == digest({"2": Markets()}, WINDOW) == OddsBook()

    def test_a_digest_can_be_kept_on_disk(self) -> None:
        quotes = digest(money_line(b2=[row(minute="5"), row(minute="3", sealed=1)]), WINDOW)
        assert msgspec.json.decode(msgspec.json.encode(quotes), type=OddsBook) == quotes


class TestMinute:
    @pytest.mark.parametrize(
        ("text", "minute"),
        [
            ("1", 1),
            ("45", 45),
            ("45+", 45),
            ("midfield", 45),
            ("96", 96),
            ("120", 120),
            ("", None),
            ("45+2", None),
            ("-3", None),
            ("3'", None),
            ("\u0663", None),
            ("1000", None),
            ("9" * 5000, None),
        ],
    )
    def test_a_minute_text_is_read_or_it_is_none(self, text: str, minute: int | None) -> None:
        assert minute_of(text) == minute

    @given(st.sampled_from(["5", "05", "005", "5+", "45+", "midfield", "", "7", "x"]) | st.text(max_size=4))
    def test_a_row_is_in_the_window_exactly_when_its_minute_is(self, text: str) -> None:
        for window in (WINDOW, (45, 45), (0, 999), (-5, 2000), (9, 3)):
            kept = digest(money_line(b2=[row(minute=text)]), window).money_line[2]
            minute = minute_of(text)
            assert (kept.early_open is not None) == (minute is not None and window[0] <= minute <= window[1])


class TestEarly:
    def test_the_first_bookmaker_in_order_with_an_open_price_in_the_window_speaks(self) -> None:
        odds = money_line(b22=[row(minute="6")], b3=[row(minute="2")], b2=[row(minute="7")])
        assert early(odds) == (3, odds["3"].eu[0])

    def test_a_suspended_price_is_not_taken_while_an_open_one_is_there(self) -> None:
        odds = money_line(b2=[row(at=9, minute="5", sealed=1)], b22=[row(at=8, minute="3")])
        assert early(odds) == (22, odds["22"].eu[0])

    def test_of_one_bookmaker_the_older_open_price_goes_before_the_newer_suspended_one(self) -> None:
        odds = money_line(b2=[row(at=9, minute="5", sealed=1), row(at=8, minute="3")])
        assert early(odds) == (2, odds["2"].eu[1])

    def test_where_all_are_suspended_the_first_bookmaker_in_order_speaks(self) -> None:
        odds = money_line(b22=[row(minute="6", sealed=1)], b3=[row(minute="2", sealed=1)])
        assert early(odds) == (3, odds["3"].eu[0])

    def test_bookmakers_out_of_the_order_follow_by_number(self) -> None:
        odds = money_line(b136=[row(minute="6")], b18=[row(minute="2")])
        assert early(odds) == (18, odds["18"].eu[0])

    @pytest.mark.parametrize(("minute", "inside"), [("1", False), ("2", True), ("6", True), ("7", False)])
    def test_both_ends_of_the_window_belong_to_it(self, minute: str, inside: bool) -> None:
        assert (early(money_line(b2=[row(minute=minute)])) is not None) == inside

    def test_a_price_from_before_the_match_is_not_an_early_one(self) -> None:
        assert early(money_line(b2=[row(minute="", status_id=1)])) is None


class TestCurrent:
    def test_the_first_bookmaker_in_order_with_a_good_price_speaks_not_the_newest(self) -> None:
        odds = money_line(b22=[row(at=NOW)], b3=[row(at=NOW - 800)])
        assert current(odds) == (3, odds["3"].eu[0])

    def test_a_suspended_price_is_passed_over(self) -> None:
        odds = money_line(b2=[row(at=NOW, sealed=1), row(at=NOW - 1)], b3=[row(at=NOW - 5)])
        assert current(odds) == (3, odds["3"].eu[0])

    @pytest.mark.parametrize(("age", "speaks"), [(900, 2), (901, 3)])
    def test_a_price_may_be_as_old_as_the_limit_and_no_older(self, age: int, speaks: int) -> None:
        choice = current(money_line(b2=[row(at=NOW - age)], b3=[row(at=NOW - 5)]))
        assert choice is not None
        assert choice[0] == speaks

    @pytest.mark.parametrize(("in_play", "speaks"), [(True, 3), (False, 2)])
    def test_in_play_a_price_from_before_the_match_is_passed_over(self, in_play: bool, speaks: int) -> None:
        odds = money_line(b2=[row(at=NOW - 10, status_id=1, minute="")], b3=[row(at=NOW - 5)])
        choice = current(odds, in_play=in_play)
        assert choice is not None
        assert choice[0] == speaks

    def test_after_a_goal_a_price_of_before_it_is_passed_over_for_a_later_bookmaker_s_of_now(self) -> None:
        odds = money_line(b2=[row(at=NOW - 40, score="1-0")], b22=[row(at=NOW - 5, score="1-1")])
        assert current(odds, score=(1, 1)) == (22, odds["22"].eu[0])
        assert current(odds, score=(1, 0)) == (2, odds["2"].eu[0])

    def test_after_a_goal_that_no_bookmaker_has_priced_the_newest_price_is_taken(self) -> None:
        odds = money_line(b2=[row(at=NOW - 40, score="1-0")], b3=[row(at=NOW - 5, score="1-0", sealed=1)])
        assert current(odds, score=(1, 1)) == (3, odds["3"].eu[0])

    @pytest.mark.parametrize("score", [(None, None), (1, None), (None, 0)])
    def test_at_an_unknown_score_no_price_is_known_to_be_of_now(self, score: Score) -> None:
        odds = money_line(b2=[row(at=NOW - 40, score="1-0")], b3=[row(at=NOW - 5, score="", sealed=1)])
        assert current(odds, score=score) == (3, odds["3"].eu[0])

    def test_a_price_that_does_not_tell_its_score_is_not_known_to_be_of_now(self) -> None:
        odds = money_line(b2=[row(at=NOW - 40, score="")], b3=[row(at=NOW - 60, score="1-1")])
        assert current(odds, score=(1, 1)) == (3, odds["3"].eu[0])

    def test_out_of_play_the_score_of_a_price_does_not_matter(self) -> None:
        odds = money_line(b2=[row(at=NOW - 40, score="1-0")], b3=[row(at=NOW - 5, score="1-1")])
        assert current(odds, in_play=False, score=(1, 1)) == (2, odds["2"].eu[0])

    def test_a_price_of_corners_is_of_now_at_any_score(self) -> None:
        odds = money_line(b2=[row(at=NOW - 40, score="7-2")], b3=[row(at=NOW - 5, score="1-1")])
        assert current(odds, score=None) == (2, odds["2"].eu[0])

    def test_where_none_is_good_the_newest_is_taken_whatever_it_is(self) -> None:
        odds = money_line(b2=[row(at=5)], b3=[row(at=7, sealed=1)], b22=[row(at=6)])
        assert current(odds) == (3, odds["3"].eu[0])

    def test_where_none_is_good_and_two_are_as_new_the_order_decides(self) -> None:
        odds = money_line(b22=[row(at=7)], b3=[row(at=7)], b9=[row(at=7)])
        assert current(odds) == (3, odds["3"].eu[0])

    def test_a_market_without_rows_has_no_price(self) -> None:
        assert current({}) is None

    @given(
        st.dictionaries(
            st.sampled_from([2, 3, 22, 9]),
            st.builds(
                row,
                at=st.integers(NOW - 1200, NOW),
                status_id=st.sampled_from([1, 4]),
                sealed=st.integers(0, 1),
                score=st.sampled_from(["0-0", "1-0", ""]),
            ),
        ),
        st.booleans(),
        st.integers(0, 1000),
    )
    def test_a_choice_stands_until_the_moment_it_says(
        self, newest: dict[int, OddsRow], in_play: bool, later: int
    ) -> None:
        quotes = OddsBook(money_line={key: KeyRows(value) for key, value in newest.items()})
        now, until = current_fields(quotes, RULES, in_play=in_play, score=(1, 0), arrived_at=NOW)
        then, _ = current_fields(quotes, RULES, in_play=in_play, score=(1, 0), arrived_at=NOW + later)
        if NOW + later <= until:
            assert then == now


class TestFold:
    def test_a_newer_row_becomes_the_newest_and_the_rest_stays(self) -> None:
        before = digest(money_line(b2=[row(at=5, minute="5")]), WINDOW)
        after = fold(before, 2, "eu", row(at=9), WINDOW)
        assert after.money_line[2] == KeyRows(row(at=9), row(at=5, minute="5"))
        assert before.money_line[2].newest == row(at=5, minute="5")

    def test_of_rows_of_the_same_second_the_later_arrival_is_the_newer(self) -> None:
        before = digest(money_line(b2=[row(at=5, line=1.0)]), WINDOW)
        assert fold(before, 2, "eu", row(at=5, line=2.0), WINDOW).money_line[2].newest.line == 2.0

    def test_an_older_row_is_not_the_newest_but_may_be_the_early_one(self) -> None:
        before = digest(money_line(b2=[row(at=9)]), WINDOW)
        after = fold(before, 2, "eu", row(at=5, minute="5"), WINDOW)
        assert after.money_line[2] == KeyRows(row(at=9), row(at=5, minute="5"))

    def test_a_suspended_row_of_the_window_is_kept_beside_the_open_one(self) -> None:
        before = digest(money_line(b2=[row(at=5, minute="5")]), WINDOW)
        after = fold(before, 2, "eu", row(at=6, minute="5", sealed=1), WINDOW)
        assert after.money_line[2].early_open == row(at=5, minute="5")
        assert after.money_line[2].early_sealed == row(at=6, minute="5", sealed=1)

    def test_a_row_of_a_new_bookmaker_or_market_is_added(self) -> None:
        after = fold(OddsBook(), 22, "cr", row(), WINDOW)
        assert after == OddsBook(corners={22: KeyRows(row())})

    @pytest.mark.parametrize(
        ("market", "again"), [("eu", row(at=5, minute="5")), ("eu", row(at=4)), ("penalties", row())]
    )
    def test_what_changes_nothing_gives_the_same_object_back(self, market: str, again: OddsRow) -> None:
        before = digest(money_line(b2=[row(at=5, minute="5")]), WINDOW)
        assert fold(before, 2, market, again, WINDOW) is before

    @given(
        st.lists(
            st.builds(
                row,
                at=st.integers(1, 4),
                minute=st.sampled_from(["", "1", "4", "5", "70"]),
                sealed=st.integers(0, 1),
                line=st.sampled_from([1.0, 2.0, 3.0]),
            ),
            min_size=1,
            max_size=8,
        )
    )
    def test_rows_folded_one_by_one_are_digested_as_the_list_with_the_last_first(
        self, rows: list[OddsRow]
    ) -> None:
        quotes = OddsBook()
        for arrived in rows:
            quotes = fold(quotes, 2, "asia", arrived, WINDOW)
        assert quotes == digest({"2": Markets(asia=rows[::-1])}, WINDOW)

    @needs_capture
    def test_captured_odds_folded_row_by_row_give_their_digest(self) -> None:
        match_id, plain = max(replies().odds.items(), key=lambda item: len(item[1]))
        odds = msgspec.convert(plain, Odds)
        arrivals = [
            (int(key), market, price)
            for key, markets in odds.items()
            for market in ("eu", "asia", "bs", "cr")
            for price in getattr(markets, market)[::-1][-120:]
        ]
        thinned = {
            key: Markets(**{market: getattr(markets, market)[:120] for market in ("eu", "asia", "bs", "cr")})
            for key, markets in odds.items()
        }
        random.Random(match_id).shuffle(bookmakers := sorted({key for key, _, _ in arrivals}))
        quotes = OddsBook()
        for bookmaker_id in bookmakers:
            for key, market, price in arrivals:
                if key == bookmaker_id:
                    quotes = fold(quotes, key, market, price, WINDOW)
        assert quotes == digest(thinned, WINDOW)


class TestScore:
    @pytest.mark.parametrize(
        ("text", "score"),
        [
            ("1-0", (1, 0)),
            ("0-12", (0, 12)),
            (" 1 - 0 ", (1, 0)),
            ("01-0", (1, 0)),
            ("", None),
            ("1", None),
            ("1-", None),
            ("1:0", None),
            ("1-0-2", None),
            ("-1-0", None),
            ("\u0661-0", None),
            ("9" * 5000 + "-0", None),
        ],
    )
    def test_a_score_is_two_numbers_or_it_is_none(self, text: str, score: Score | None) -> None:
        assert score_of(text) == score

    @pytest.mark.parametrize(
        ("made_at", "status_id", "score", "outdated"),
        [
            ("1-0", 4, (1, 0), False),
            ("1-0", 4, (1, 1), True),
            ("1-0", 4, (0, 0), True),
            ("2-2", 5, (3, 2), True),
            ("0-0", 1, (1, 0), False),
            ("0-0", 8, (1, 0), False),
            ("", 4, (1, 0), None),
            ("", 1, (1, 0), None),
            ("1-0", 4, (None, None), None),
            ("1-0", 4, (1, None), None),
            ("0-0", 1, (None, None), None),
        ],
    )
    def test_a_price_made_in_play_at_another_score_is_outdated(
        self, made_at: str, status_id: int, score: Score, outdated: bool | None
    ) -> None:
        assert is_outdated(row(score=made_at, status_id=status_id), score) is outdated

    def test_the_three_markets_of_goals_say_whether_their_price_is_outdated_and_corners_do_not(self) -> None:
        rows = [row(score="1-0")]
        odds = {"2": Markets(eu=rows, asia=rows, bs=rows, cr=rows)}
        fields, _ = current_fields(digest(odds, WINDOW), RULES, in_play=True, score=(1, 1), arrived_at=NOW)
        assert {name: value for name, value in fields.items() if name.endswith("_outdated")} == {
            "current_money_line_outdated": True,
            "current_spread_outdated": True,
            "current_over_under_outdated": True,
        }
        assert fields["current_money_line_score"] == fields["current_corners_score"] == "1-0"


class TestOdds:
    @pytest.mark.parametrize(
        ("price", "decimal"),
        [(0.94, 1.94), (1.05, 2.05), (0.925, 1.925), (0.123456, 1.1235), (0.0, None), (-0.5, None)],
    )
    def test_hong_kong_odds_lack_the_stake(self, price: float, decimal: float | None) -> None:
        assert decimal_odds(price, hong_kong=True) == decimal

    @pytest.mark.parametrize(
        ("price", "decimal"), [(1.94, 1.94), (1.0, 1.0), (2.12345, 2.12345), (0.0, None), (-1.0, None)]
    )
    def test_money_line_prices_are_decimal_already(self, price: float, decimal: float | None) -> None:
        assert decimal_odds(price, hong_kong=False) == decimal

    @pytest.mark.parametrize(
        ("decimal", "american"),
        [
            (2.0, 100),
            (3.5, 250),
            (1.5, -200),
            (1.94, -106),
            (1.909, -110),
            (1.32, -313),
            (1.16, -625),
            (2.345, 135),
            (2.115, 112),
            (1.9999, -100),
            (1.01, -10000),
            (101.0, 10000),
            (1.0, None),
            (0.9, None),
            (None, None),
            (1e300, None),
        ],
    )
    def test_american_odds_are_rounded_half_away_from_zero(
        self, decimal: float | None, american: int | None
    ) -> None:
        assert american_odds(decimal) == american

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_no_price_is_too_odd(self, price: float) -> None:
        for hong_kong in (True, False):
            decimal = decimal_odds(price, hong_kong=hong_kong)
            assert decimal is None or (isfinite(decimal) and decimal > 0)
            american = american_odds(decimal)
            assert american is None or 99 <= abs(american) < 2**63


class TestFields:
    def test_a_spread_is_told_as_bettors_write_it(self) -> None:
        assert told(0.94, 0.5, 0.98)["line"] == -0.5
        assert told(0.94, -0.25, 0.98)["line"] == 0.25

    @pytest.mark.parametrize("line", [0.0, -0.0])
    @pytest.mark.parametrize("market", ["asia", "bs", "cr"])
    def test_a_level_line_has_no_sign(self, line: float, market: str) -> None:
        assert str(told(0.94, line, 0.98, market)["line"]) == "0.0"

    def test_prices_have_american_twins_and_the_row_is_told_with_them(self) -> None:
        assert told(0.94, 2.5, 1.1, "bs", sealed=1, score="1-0", status_id=2) == {
            "over": 1.94,
            "line": 2.5,
            "under": 2.1,
            "over_american": -106,
            "under_american": 110,
            "bookmaker_id": 2,
            "bookmaker": "BET365",
            "minute": 5,
            "at": "2025-05-28T17:30:40Z",
            "sealed": True,
            "in_play": True,
            "score": "1-0",
        }

    def test_a_draw_has_a_price_where_others_have_a_line(self) -> None:
        fields = told(1.9, 3.3, 0.0, "eu")
        assert (fields["home"], fields["draw"], fields["away"]) == (1.9, 3.3, None)
        assert (fields["home_american"], fields["draw_american"], fields["away_american"]) == (
            -111,
            230,
            None,
        )

    def test_an_unknown_bookmaker_keeps_its_number_and_has_no_name(self) -> None:
        fields = early_fields(digest({"99": Markets(eu=[row(minute="5")])}, WINDOW), RULES)
        assert fields["early_money_line_bookmaker_id"] == 99
        assert fields["early_money_line_bookmaker"] is None

    @pytest.mark.parametrize(("status_id", "in_play"), [(1, False), (2, True), (7, True), (8, False)])
    def test_a_price_was_made_in_play_or_not(self, status_id: int, in_play: bool) -> None:
        assert told(0.9, 0.0, 0.9, status_id=status_id)["in_play"] is in_play

    def test_a_score_that_cannot_be_read_is_not_known(self) -> None:
        assert told(0.9, 0.0, 0.9, score=" 2 - 1")["score"] == "2-1"
        assert told(0.9, 0.0, 0.9, score="void")["score"] is None

    @pytest.mark.parametrize(
        ("rows", "bookmaker_id"),
        [
            ({"b3": [row()]}, 3),
            ({"b2": [row(sealed=1)], "b3": [row()]}, 3),
            ({"b2": [row(sealed=1)], "b3": [row(sealed=1)]}, None),
            ({"b2": [row(score="1-0")]}, None),
            ({"b2": [row(at=NOW - 901)]}, None),
            ({"b2": [row(status_id=1)]}, None),
        ],
    )
    def test_partial_odds_have_an_open_price_of_now_or_none(
        self, rows: dict[str, list[OddsRow]], bookmaker_id: int | None
    ) -> None:
        """A bookmaker of whom the feed has not told may have an open price: none can be said to be closed."""
        quotes = replace(digest(money_line(**rows), WINDOW), partial=True)
        fields, until = current_fields(quotes, RULES, in_play=True, score=(0, 0), arrived_at=NOW)
        assert fields["current_money_line_bookmaker_id"] == bookmaker_id
        if bookmaker_id is None:
            assert set(fields.values()) == {None}
            assert until == inf

    def test_partial_odds_have_no_early_price(self) -> None:
        """A bookmaker earlier in the order, or a later row of the window, may not have been told."""
        quotes = digest(money_line(b2=[row(minute="4")]), WINDOW)
        assert early_fields(quotes, RULES)["early_money_line_bookmaker_id"] == 2
        assert set(early_fields(replace(quotes, partial=True), RULES).values()) == {None}

    def test_without_a_row_everything_is_none(self) -> None:
        for quotes in (None, OddsBook()):
            assert set(early_fields(quotes, RULES).values()) == {None}
            fields, until = current_fields(quotes, RULES, in_play=True, score=(0, 0), arrived_at=NOW)
            assert set(fields.values()) == {None}
            assert until == inf
