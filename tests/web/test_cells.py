"""The cells of the page: what changed, and that a reader who applies the changes has what a new one gets."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from footy.times import unix_seconds
from footy.web.cells import COLUMNS, Cells, applied, board, cells, changes
from footy.web.marks import Marked
from tests.outputs.console.samples import PUBLISHED_AT, snapshot
from tests.support.web import match


def shown(**record: Any) -> dict[str, Any]:
    row = cells(match(**record), unix_seconds(PUBLISHED_AT), 900, Marked())
    return dict(zip(COLUMNS, row, strict=True))


def test_a_price_is_of_now_suspended_or_old() -> None:
    states = shown(current_spread_sealed=True, current_over_under_outdated=True)

    assert [states[f"current_{one}_state"] for one in ("money_line", "spread", "over_under")] == [
        "now",
        "suspended",
        "old",
    ]
    assert shown(current_spread_bookmaker_id=None)["current_spread_state"] is None
    corners = {"current_corners_bookmaker_id": 2, "current_corners_in_play": True}
    made = {"current_corners_at": "2025-09-27T12:00:00Z", "odds_fetched_at": "2025-09-27T18:00:00Z"}
    assert shown(**corners)["current_corners_state"] == "now"
    assert shown(**corners, **made)["current_corners_state"] == "old"


def test_an_age_is_said_only_of_what_is_old() -> None:
    assert shown(data_age_s=60.0)["old_since"] is None
    assert shown(data_age_s=400.0)["old_since"] == "2025-09-27T17:56:32.000Z"
    assert shown(odds_source="stale", home_source="missing")["doubts"] == ["odds stale", "home team missing"]


def test_without_a_log_no_goal_is_known_and_none_is_said_not_to_exist() -> None:
    [row] = board(snapshot(match()), 900, None).values()
    assert row[-2:] == (None, None)
    [row] = board(snapshot(match()), 900, {}).values()
    assert row[-2:] == ((), ())


rows = st.dictionaries(
    st.sampled_from([f"m{number}" for number in range(6)]),
    st.tuples(st.none() | st.integers(0, 2), st.integers(0, 1)),
)


def boards(given_rows: dict[str, tuple[Any, int]]) -> dict[str, Cells]:
    between = (None,) * (len(COLUMNS) - 3)
    return {match_id: (match_id, first, *between, last) for match_id, (first, last) in given_rows.items()}


@given(rows, rows, st.randoms(use_true_random=False))
def test_changes_lead_from_one_board_to_the_next(before: Any, after: Any, random: Any) -> None:
    one, other = boards(before), boards(after)
    ids = list(other)
    random.shuffle(ids)
    other = {match_id: other[match_id] for match_id in ids}

    sent = json.loads(msgspec.json.encode(changes(one, other)))

    found = applied(one, sent)
    assert found == other
    assert list(found) == list(other)
    assert changes(other, other) == {}
