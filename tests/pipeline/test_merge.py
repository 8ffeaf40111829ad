"""The new board from the one before, as plain values."""

import pytest

from footy.pipeline.board import Board, Held, HeldMatch, References, Source
from footy.pipeline.gather import Gathered
from footy.pipeline.merge import merged
from footy.pipeline.plan import Terms
from footy.thesports.client import Fetched, LiveList
from footy.thesports.payloads import Detail, LiveMatch, LiveScore, SideScore

NOW = 1_800_000_000.0


def playing(match_id: str) -> LiveMatch:
    return LiveMatch(match_id, LiveScore(match_id, 2, SideScore(), SideScore()))


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
