"""The state from the one before and the answers of a cycle, as plain values."""

from itertools import permutations

import msgspec
import pytest

from footy.mirror.answers import Answers, FullOdds
from footy.mirror.changes import odds_changes
from footy.mirror.feed_health import FeedHealth
from footy.mirror.merge import with_failures
from footy.mirror.odds_book import OddsBook, digest
from footy.mirror.periods import Periods
from footy.mirror.state import Held, Source, State
from footy.thesports import endpoints
from footy.thesports.decoders import DetailChanges, LiveList, PriceChange, PriceChanges
from footy.thesports.errors import (
    BadBodyError,
    OutOfTimeError,
    QuotaSpentError,
    RefusedError,
    ThrottledError,
    TimedOutError,
)
from footy.thesports.models import Deleted, Detail, Markets, OddsRow
from footy.thesports.request import LIVE_LIST, Answer, Priority, Request
from tests.support.states import (
    NOW,
    after,
    failed,
    feed,
    full_detail,
    full_odds,
    inputs,
    live_list,
    match_state,
    playing,
)


def listed_again(seconds: float, live: LiveList, interval_s: float = 20.0) -> State:
    """Return the state after a list that is read so long after one that had the matches a and b."""
    before = State({one: match_state(one) for one in "ab"}, fetched_at=NOW)
    at = NOW + seconds
    return after(before, [Answer(LIVE_LIST, live, at)], inputs(at, interval_s))[0]


@pytest.mark.parametrize(
    ("seconds", "interval_s", "shown"), [(20, 20, "a"), (179, 20, "a"), (180, 20, ""), (299, 100, "a")]
)
@pytest.mark.parametrize(
    "live",
    [LiveList({"b": playing("b")}, {"a": "why"}, 0), LiveList({"b": playing("b")}, {"element 1": "why"}, 1)],
)
def test_a_match_whose_element_is_not_read_any_more_is_shown_only_for_a_while(
    live: LiveList, seconds: float, interval_s: float, shown: str
) -> None:
    state = listed_again(seconds, live, interval_s)
    unheard = state.matches.keys() - live.matches.keys()
    assert unheard == set(shown)
    assert all(state.matches[one].live.source is Source.STALE for one in unheard)


def test_what_was_seen_of_a_match_s_periods_is_held_from_list_to_list() -> None:
    state = State()
    for seconds, status_id, started_at in (
        (0, 2, 1000),
        (20, 3, 0),
        (40, 4, 1000),
    ):
        at = NOW + seconds
        state, _ = after(state, [live_list(at, playing("a", status_id, started_at))], inputs(at))
        state = with_failures(state, state, Answers(), at)
    assert state.matches["a"].periods == Periods(1000, NOW + 20)
    state, _ = after(state, [failed(LIVE_LIST, TimedOutError("no reply"))], inputs(NOW + 60))
    assert state.matches["a"].periods == Periods(1000, NOW + 20)
    assert state.matches["a"].live.source is Source.STALE


def row(at: float, price: float) -> OddsRow:
    return OddsRow(int(at), "70", price, 0.5, 0.9, 4, 0, "0-0")


def quotes(*rows: OddsRow) -> OddsBook:
    """Give the quotes of rows of one series, newest first."""
    return digest({"2": Markets(asia=list(rows))}, (3, 10))


def fed(
    changes: list[PriceChange], *, newest_first: bool | None, odds: dict[str, FullOdds] | None = None
) -> State:
    """Give the state after a reply of the feed, 10 s after one that confirmed the odds of a and b."""
    held = Held(quotes(row(NOW - 900, 1.5)), NOW, Source.FRESH)
    before = State(
        {one: match_state(one, odds=held) for one in "ab"},
        fetched_at=NOW,
        odds_feed=FeedHealth(polled_at=NOW, latest=int(NOW) - 5, newest_first=newest_first),
    )
    at = NOW + 10
    answers = [
        live_list(at, playing("a"), playing("b")),
        feed(endpoints.ODDS_LIVE, odds_changes(PriceChanges(changes), at), at),
        *(full_odds(one, reading, at) for one, reading in (odds or {}).items()),
    ]
    state, _ = after(before, answers, inputs(at, 10))
    for order in permutations(answers):
        assert after(before, order, inputs(at, 10))[0] == state
    return state


OLDER, NEWER = row(NOW + 5, 1.1), row(NOW + 5, 1.2)
TIED = [PriceChange("b", 2, "asia", one) for one in (NEWER, OLDER)]


@pytest.mark.parametrize(("known", "newest"), [(True, NEWER), (False, OLDER)])
def test_rows_of_one_second_are_folded_in_the_direction_that_is_known(known: bool, newest: OddsRow) -> None:
    odds = fed(TIED, newest_first=known).matches["b"].odds
    assert odds.value is not None
    assert (odds.value.spread[2].newest, odds.fetched_at, odds.source) == (newest, NOW + 10, Source.FRESH)


def test_a_reply_shows_its_own_direction_whatever_was_known() -> None:
    shown = [PriceChange("unlisted", 2, "asia", row(NOW + second, 1.0)) for second in (4, 3)]
    state = fed([*shown, *TIED], newest_first=False)
    assert state.odds_feed.newest_first is True
    assert state.matches["b"].odds.value == quotes(NEWER)


def test_without_a_direction_a_match_keeps_its_odds_and_the_others_are_confirmed() -> None:
    state = fed(TIED, newest_first=None)
    kept, confirmed = state.matches["b"].odds, state.matches["a"].odds
    assert (kept.value, kept.fetched_at, kept.source) == (quotes(row(NOW - 900, 1.5)), NOW, Source.CACHE)
    assert (confirmed.fetched_at, confirmed.source) == (NOW + 10, Source.FRESH)
    assert state.odds_announced == {"b": (NOW + 5, False)}


def test_without_a_direction_the_history_that_was_read_is_taken() -> None:
    state = fed(TIED, newest_first=None, odds={"b": FullOdds(quotes(NEWER, OLDER))})
    odds = state.matches["b"].odds
    assert (odds.value, odds.fetched_at) == (quotes(NEWER), NOW + 10)


def test_a_difference_in_one_match_does_not_change_how_the_others_are_folded() -> None:
    missed = quotes(row(NOW - 700, 1.7))
    state = fed(TIED, newest_first=True, odds={"a": FullOdds(missed, settled=missed)})
    assert state.odds_feed.differences == 1
    assert state.odds_feed.newest_first is None
    assert state.matches["b"].odds.value == quotes(NEWER)


def test_a_history_with_a_row_that_could_not_be_read_is_not_compared() -> None:
    missed = quotes(row(NOW - 700, 1.7))
    unread = msgspec.structs.replace(missed, left_out=("{}.asia[]",))
    state = fed(TIED, newest_first=True, odds={"a": FullOdds(unread, settled=missed)})
    assert (state.odds_feed.differences, state.odds_feed.agreements) == (0, 0)


OLD, NEW = Detail(id="a", note="old"), Detail(id="a", note="new")
FULL_DETAIL = Request(endpoints.DETAIL, "a", priority=Priority.DETAIL)
REFUSED = RefusedError("not in the plan", "endpoint")
CONFIRMED = RefusedError("not in the plan", "endpoint", confirmed_refusal=True)
UNSENT = OutOfTimeError("the cycle's time is up")


@pytest.mark.parametrize(
    ("answer", "held", "age", "expected", "has_failed"),
    [
        # An answer takes the place of what is held.
        (full_detail(NEW, NOW), OLD, 60, (NEW, Source.FRESH), False),
        (full_detail(NEW, NOW), None, 0, (NEW, Source.FRESH), False),
        # A failure keeps what is held, as stale, and is noted unless it has nothing to do with the match.
        (failed(FULL_DETAIL, TimedOutError("no reply")), OLD, 1, (OLD, Source.STALE), True),
        (failed(FULL_DETAIL, BadBodyError("no JSON")), OLD, 1, (OLD, Source.STALE), True),
        (failed(FULL_DETAIL, ThrottledError("429", 0.0)), OLD, 1, (OLD, Source.STALE), False),
        (failed(FULL_DETAIL, QuotaSpentError("spent")), OLD, 1, (OLD, Source.STALE), False),
        (failed(FULL_DETAIL, UNSENT), OLD, 1, (OLD, Source.STALE), False),
        (failed(FULL_DETAIL, CONFIRMED), OLD, 1, (OLD, Source.STALE), False),
        # Without anything held it is missing, or refused once the refusal is believed.
        (failed(FULL_DETAIL, TimedOutError("no reply")), None, 0, (None, Source.MISSING), True),
        (failed(FULL_DETAIL, REFUSED), None, 0, (None, Source.MISSING), False),
        (failed(FULL_DETAIL, CONFIRMED), None, 0, (None, Source.REFUSED), False),
        # What was not asked for is within its cadence, or stale.
        (None, OLD, 60 + 20 + 5, (OLD, Source.CACHE), False),
        (None, OLD, 60 + 20 + 6, (OLD, Source.STALE), False),
        (None, None, 0, (None, Source.MISSING), False),
    ],
)
def test_a_detail_after_a_cycle(
    answer: Answer[object] | None,
    held: Detail | None,
    age: float,
    expected: tuple[Detail | None, Source],
    has_failed: bool,
) -> None:
    part = Held(held, None if held is None else NOW - age, Source.FRESH if held else Source.MISSING)
    before = State({"a": match_state("a", NOW - age, detail=part)}, fetched_at=NOW - age)
    answers = [live_list(NOW, playing("a")), *([] if answer is None else [answer])]

    state, differences = after(before, answers, inputs(NOW))

    detail = state.matches["a"].detail
    assert (detail.value, detail.source) == expected
    assert detail.fetched_at == (NOW if detail.source is Source.FRESH else part.fetched_at)
    assert state.details_failed_at == ({"a": NOW} if has_failed else {})
    assert differences == []


@pytest.mark.parametrize(
    ("changed", "trusted", "expected"),
    [
        (None, True, (OLD, Source.FRESH)),
        (NEW, True, (NEW, Source.FRESH)),
        (NEW, False, (OLD, Source.CACHE)),
    ],
)
def test_a_detail_after_its_feed(
    changed: Detail | None, trusted: bool, expected: tuple[Detail, Source]
) -> None:
    before = State(
        {"a": match_state("a", NOW - 60, detail=Held(OLD, NOW - 60, Source.FRESH))},
        fetched_at=NOW - 60,
        details_feed=FeedHealth(polled_at=NOW - 60, latest=int(NOW) - 60, trusted=trusted),
    )
    rows = [] if changed is None else [changed]
    answers = [feed(endpoints.DETAIL, DetailChanges(rows), NOW, since=1), live_list(NOW, playing("a"))]

    state, _ = after(before, answers, inputs(NOW))

    detail = state.matches["a"].detail
    assert (detail.value, detail.source) == expected
    assert state.details_feed.polled_at == NOW


def test_an_empty_history_does_not_take_the_odds_of_a_match_that_had_some() -> None:
    held = Held(quotes(row(NOW - 900, 1.5)), NOW - 10, Source.FRESH)
    before = State({"a": match_state("a", NOW - 10, odds=held)}, fetched_at=NOW - 10)
    answers = [live_list(NOW, playing("a")), full_odds("a", FullOdds(OddsBook()), NOW)]

    state, _ = after(before, answers, inputs(NOW))

    odds = state.matches["a"].odds
    assert (odds.value, odds.fetched_at, odds.source) == (held.value, NOW - 10, Source.STALE)


def test_a_deleted_match_goes_whether_it_is_listed_before_or_after() -> None:
    deleted = feed(endpoints.DELETED, Deleted(match=["a"]), NOW)
    before = State({one: match_state(one) for one in "ab"}, fetched_at=NOW)
    for answers in permutations([live_list(NOW, playing("a"), playing("b")), deleted]):
        state, _ = after(before, answers, inputs(NOW))
        assert set(state.matches) == {"b"}
        assert (state.deleted, state.deleted_at) == (frozenset("a"), NOW)


def test_a_live_list_that_fails_leaves_all_matches_stale() -> None:
    before = State({one: match_state(one, NOW - 10) for one in "ab"}, fetched_at=NOW - 10)
    state, _ = after(before, [failed(LIVE_LIST, TimedOutError("no reply"))], inputs(NOW))
    assert {key: match.live.source for key, match in state.matches.items()} == dict.fromkeys(
        "ab", Source.STALE
    )
    assert state.fetched_at == NOW - 10
