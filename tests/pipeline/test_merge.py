"""The new board from the one before, as plain values."""

import pytest

from footy.pipeline.board import Board, Held, HeldMatch, References, Source
from footy.pipeline.clock import Periods
from footy.pipeline.gather import Gathered
from footy.pipeline.merge import listened, merged
from footy.pipeline.plan import Terms
from footy.thesports.client import Fetched, LiveList
from footy.thesports.payloads import Detail, LiveMatch, LiveScore, SideScore

NOW = 1_800_000_000.0


def playing(match_id: str, status_id: int = 2, started_at: int = 0) -> LiveMatch:
    return LiveMatch(match_id, LiveScore(match_id, status_id, SideScore(), SideScore(), started_at))


def after(seconds: float, live: LiveList, interval_s: float = 20.0) -> Board:
    """Give the board after a list that is read so long after one that had the matches a and b."""
    before = Board(
        {
            one: HeldMatch(
                Held(playing(one), NOW, Source.FRESH),
                Held(Detail(id=one), NOW, Source.FRESH),
                Held(None, None, Source.MISSING),
            )
            for one in "ab"
        },
        fetched_at=NOW,
    )
    at = NOW + seconds
    return merged(Fetched(live, at), before, Gathered(), References(), Terms(at, interval_s, True), (3, 10))[
        0
    ]


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
    board = after(seconds, live, interval_s)
    unheard = board.matches.keys() - live.matches.keys()
    assert unheard == set(shown)
    assert all(board.matches[one].live.source is Source.STALE for one in unheard)


def test_what_was_seen_of_a_match_s_periods_is_held_from_list_to_list() -> None:
    board = Board()
    for seconds, status_id, started_at in (
        (0, 2, 1000),
        (20, 3, 0),
        (40, 4, 1000),
    ):
        at = NOW + seconds
        live = Fetched(LiveList({"a": playing("a", status_id, started_at)}, {}, 0), at)
        terms = Terms(at, 20.0, True)
        board, _ = merged(live, board, Gathered(), References(), terms, (3, 10))
        board = listened(board, Gathered(), terms, (3, 10))
    assert board.matches["a"].periods == Periods(1000, NOW + 20)
    board, _ = merged(None, board, Gathered(), References(), Terms(NOW + 60, 20.0, True), (3, 10))
    assert board.matches["a"].periods == Periods(1000, NOW + 20)
