"""Clocks that cannot be: starts that are still of the period before, and periods that do not end."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from footy.mirror.periods import UNSEEN, Periods
from footy.mirror.state import Held, MatchState, Source
from footy.records.clock_checks import implausible_clocks
from footy.thesports.models import Detail, LiveMatch, LiveScore, SideScore
from tests.pipeline.test_truth import watched
from tests.records.test_flatten import flattened
from tests.support.capture import FOLDER, MOMENT
from tests.support.liar import changed
from tests.support.oracle import Picture

CASES = FOLDER.parent / "cases"
NOW = int(MOMENT)
MINUTE = 60


def shown(status_id: int, started: int, kick_off: int | None, first_half_at: int | None = None) -> Any:
    """The record of a match in this status; times are seconds from now, `started` is what is sent."""
    live = {"id": "m1", "score": ["m1", status_id, [1] * 7, [1] * 7, NOW + started, ""]}
    detail = {"id": "m1"} if kick_off is None else {"id": "m1", "match_time": NOW + kick_off}
    return flattened(
        replace(
            Picture(live, detail, None, {}, {}, None, MOMENT, MOMENT, MOMENT, MOMENT),
            first_half_at=None if first_half_at is None else NOW + first_half_at,
        )
    )


def test_in_the_break_before_extra_time_the_start_is_still_the_second_half_s() -> None:
    record = shown(5, -3120, -6900)
    assert (record["minute"], record["clock"]) == (None, "Overtime")


def test_as_the_second_half_begins_the_start_is_still_the_first_half_s() -> None:
    record = shown(4, -3900, -3960)
    assert (record["minute"], record["clock"]) == (None, "Second half")


@pytest.mark.parametrize("seen", [False, True])
def test_as_soon_as_the_start_is_that_of_the_period_the_clock_runs(seen: bool) -> None:
    assert shown(4, -30, -3960, -3900 if seen else None)["clock"] == "46'"
    assert shown(5, -30, -6900, -6840 if seen else None)["clock"] == "91'"


def test_a_first_half_that_was_seen_to_begin_late_is_not_taken_for_the_second() -> None:
    """Kick-off was delayed by 55 min: by the schedule alone the start would be a second half's."""
    assert shown(4, -62 * MINUTE, -117 * MINUTE)["clock"] == "90+18'"
    assert shown(4, -62 * MINUTE, -117 * MINUTE, -62 * MINUTE)["clock"] == "Second half"


def laid_over(name: str) -> dict[str, Any]:
    """The replies of a case over those of the base, by path."""
    replies: dict[str, Any] = {}
    for file in ("base", name):
        text = (CASES / f"{file}.json").read_text(encoding="utf-8")
        replies |= json.loads(text)["replies"]
    return replies


def at_now(node: Any) -> Any:
    """Replace the texts that stand for a time, `NOW-600`."""
    if isinstance(node, dict):
        return {key: at_now(child) for key, child in node.items()}
    if isinstance(node, list):
        return [at_now(child) for child in node]
    if isinstance(node, str) and node.startswith("NOW"):
        return NOW + int(node.removeprefix("NOW") or 0)
    return node


@pytest.mark.skipif(not CASES.is_dir(), reason=f"the cases are not in {CASES}")
@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("base", "26'"),
        ("09a-extra-time-with-the-second-halfs-start", "Overtime"),
        ("09b-second-half-with-the-first-halfs-start", "Second half"),
    ],
)
def test_the_clock_of_a_case_is_possible(name: str, clock: str) -> None:
    replies = at_now(laid_over(name))
    clocks = {}
    for live in replies["match/detail_live"]["results"]:
        [detail] = replies[f"match/recent/list?uuid={live['id']}"]["results"]
        picture = Picture(live, detail, None, {}, {}, None, MOMENT, MOMENT, MOMENT, MOMENT)
        clocks[live["id"]] = flattened(picture)["clock"]
    assert clocks == {"match0000000001": clock, "match0000000002": "66'"}


def playing(status_id: int, started: int, kick_off: int, periods: Periods = UNSEEN) -> MatchState:
    live = LiveMatch("m1", LiveScore("m1", status_id, SideScore(), SideScore(), started and NOW + started))
    return MatchState(
        Held(live, NOW, Source.FRESH),
        Held(Detail("m1", match_time=NOW + kick_off), NOW, Source.FRESH),
        Held(None, None, Source.MISSING),
        periods,
    )


class TestDoubts:
    AT_HALF_TIME = playing(3, 0, -60 * MINUTE)
    STUCK = playing(3, 0, -180 * MINUTE)
    STUCK_AS_SEEN = playing(3, 0, -100 * MINUTE, Periods(NOW - 100 * MINUTE, NOW - 50 * MINUTE))
    ENDLESS = playing(2, -70 * MINUTE, -70 * MINUTE)
    RUNNING = playing(2, -64 * MINUTE, -70 * MINUTE)

    def test_nothing_is_said_of_matches_whose_periods_end(self) -> None:
        assert implausible_clocks([self.AT_HALF_TIME, self.RUNNING, playing(8, 0, -180 * MINUTE)]) == []

    def test_it_is_said_of_how_many_matches_a_period_does_not_end(self) -> None:
        listed = [self.AT_HALF_TIME, self.STUCK, self.STUCK_AS_SEEN, self.ENDLESS, self.RUNNING]
        assert implausible_clocks(listed) == [
            "In doubt: 2 of 5 live matches: half-time for more than 45 min",
            "In doubt: 1 of 5 live matches: a first half without an end",
        ]

    def test_periods_are_counted_by_the_vendor_s_clock(self) -> None:
        assert len(implausible_clocks([self.AT_HALF_TIME, self.RUNNING], clock_offset_s=3600)) == 2

    def test_without_a_live_element_or_a_detail_there_is_no_doubt(self) -> None:
        nothing: Held[Any] = Held(None, None, Source.MISSING)
        assert implausible_clocks([MatchState(nothing, nothing, nothing)]) == []
        assert implausible_clocks([replace(self.STUCK, detail=nothing)]) == []


def test_a_half_time_that_does_not_end_is_a_problem_of_the_snapshot_across_a_restart(tmp_path: Path) -> None:
    stuck: set[str] = set()

    def hold(elements: list[dict[str, Any]]) -> None:
        for element in elements:
            if element["id"] in stuck:
                element["score"][1], element["score"][4] = 3, 0

    def doubted(snapshot: dict[str, Any]) -> list[str]:
        return [problem for problem in snapshot["meta"]["problems"] if problem.startswith("In doubt")]

    with watched(tmp_path, through=changed("match/detail_live", hold)) as watch:
        in_first_half = {
            record["match_id"]: record["minute"]
            for record in watch.cycle()["matches"]
            if record["status_id"] == 2
        }
        stuck.add(min(in_first_half, key=in_first_half.__getitem__))
        for minutes in (1, 44):
            watch.wait(minutes * MINUTE)
            assert doubted(watch.cycle()) == []
        watch.app.checkpoint.save(watch.state, at_once=True)
        watch.state = watch.app.checkpoint.load()
        watch.wait(2 * MINUTE)
        snapshot = watch.cycle()
        [held] = [record for record in snapshot["matches"] if record["match_id"] in stuck]
        assert held["clock"] == "HT"
        [problem] = doubted(snapshot)
        assert (
            problem
            == f"In doubt: 1 of {len(snapshot['matches'])} live matches: half-time for more than 45 min"
        )
