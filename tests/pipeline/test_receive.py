"""Answers that no cycle asked for are merged into the state as it is when they arrive."""

import time
from pathlib import Path

from footy.mirror.state import Source
from footy.thesports import endpoints
from footy.thesports.models import Detail
from footy.thesports.request import Answer, Request
from tests.pipeline.test_cycle import Running, running


def from_elsewhere(match_id: str) -> Answer[object]:
    detail = Detail(id=match_id, note="from elsewhere")
    return Answer(Request(endpoints.DETAIL, match_id), detail, time.time())


def cycle_with(footy: Running, match_id: str, answered: int) -> Answer[object]:
    """Run a cycle, and let an answer from elsewhere come when so many of its own have come."""
    came: list[Answer[object]] = []

    def progress(done: int, _planned: int, _way: str) -> None:
        if done >= answered and not came:
            came.append(from_elsewhere(match_id))
            footy.app.pipeline.receive(came[0])

    footy.number += 1
    footy.state = footy.app.pipeline.run(footy.state, footy.number, progress=progress).state
    return came[0]


def test_one_in_the_middle_of_a_cycle_is_neither_lost_nor_late(tmp_path: Path) -> None:
    with running(tmp_path, matches=6) as footy:
        footy.cycle()
        match_id = next(iter(footy.state.matches))
        planned_from = footy.state.matches[match_id]

        came = cycle_with(footy, match_id, answered=1)

        held = footy.state.matches[match_id]
        assert (held.detail.value, held.detail.fetched_at, held.detail.source) == (
            came.value,
            came.at,
            Source.FRESH,
        )
        assert held.live.fetched_at != planned_from.live.fetched_at
        assert held.odds.fetched_at != planned_from.odds.fetched_at


def test_one_of_a_match_that_is_read_in_the_same_cycle_is_followed_by_the_later_of_the_two(
    tmp_path: Path,
) -> None:
    with running(tmp_path, matches=6, FOOTY_WORKERS="1", FOOTY_STRATEGY="per-match") as footy:
        footy.cycle()
        match_id = list(footy.state.matches)[-1]

        came = cycle_with(footy, match_id, answered=1)

        held = footy.state.matches[match_id].detail
        assert held.fetched_at is not None
        assert held.fetched_at > (came.at or 0.0)
        assert held.value != came.value


def test_one_between_two_cycles_is_in_the_next_snapshot(tmp_path: Path) -> None:
    with running(tmp_path, matches=6) as footy:
        footy.cycle()
        match_id = next(iter(footy.state.matches))
        footy.app.pipeline.receive(from_elsewhere(match_id))

        snapshot = footy.snapshot()

        [record] = [one for one in snapshot["matches"] if one["match_id"] == match_id]
        assert (record["note"], record["detail_source"]) == ("from elsewhere", "fresh")
