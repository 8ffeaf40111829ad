"""Whether most matches in play have their data, as a table: what counts, from when, and for how long."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.mirror.state import Held, MatchState, Source, State
from footy.pipeline.cycle import CycleResult
from footy.record import Degradation, MatchRecord, Snapshot, field_names
from footy.service.data_health import DataWatch, Shown, Since, degradations, lacking_since, shown
from footy.service.health import longest_silence_s
from footy.thesports.retry_budget import RetryBudget
from tests.pipeline.test_cycle import running

WALL = 1_750_000_000.0
LONGEST_S = longest_silence_s(60)


def record(match_id: str, **sources: str) -> MatchRecord:
    fields: dict[str, Any] = dict.fromkeys(field_names())
    fields |= {field: "fresh" for field in fields if field.endswith("_source")}
    return cast("MatchRecord", fields | {"match_id": match_id, "in_play": True} | sources)


def outcome(*records: MatchRecord, **undecided: MatchState) -> CycleResult:
    snapshot = cast("Snapshot", {"meta": {}, "matches": list(records)})
    return CycleResult(State(), snapshot, None, {}, RetryBudget(0.0), undecided)


def lacks(*records: MatchRecord, **undecided: MatchState) -> list[tuple[str, ...]]:
    return [match.lacks for match in shown(outcome(*records, **undecided))]


def match(match_id: str, *lacking: str, in_play: bool = True) -> Shown:
    return Shown(match_id, in_play, lacking)


def after(cycles: Sequence[tuple[float, Sequence[Shown]]]) -> list[Degradation]:
    """Judge cycles one after the other, each with its time; return what the last leaves."""
    since: Since = {}
    for now, matches in cycles:
        since = lacking_since(matches, since, now)
        judged = degradations(matches, since, now=now, wall=WALL + now, longest_s=LONGEST_S)
    return judged


# --- what a match lacks


@pytest.mark.parametrize("source", ["missing", "stale", "mock"])
@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("detail_source", "details"),
        ("odds_source", "odds"),
        ("home_source", "names"),
        ("away_source", "names"),
        ("competition_source", "names"),
    ],
)
def test_what_is_missing_old_or_made_up_is_lacking(field: str, kind: str, source: str) -> None:
    assert lacks(record("a", **{field: source})) == [(kind,)]


@pytest.mark.parametrize("source", ["fresh", "cache", "none", "refused", "push", "partial"])
def test_what_is_held_or_not_in_the_plan_is_not(source: str) -> None:
    assert lacks(record("a", detail_source=source, odds_source=source, home_source=source)) == [()]


def test_a_match_left_out_because_its_detail_is_missing_lacks_it() -> None:
    live = cast("Any", Held(_Live(4), 1.0, Source.FRESH))
    nothing: Held[Any] = Held(None, None, Source.MISSING)
    refused: Held[Any] = Held(None, None, Source.REFUSED)
    over = cast("Any", Held(_Live(8), 1.0, Source.FRESH))

    judged = shown(
        outcome(
            a=MatchState(live, nothing, nothing),
            b=MatchState(live, refused, nothing),
            c=MatchState(over, nothing, nothing),
        )
    )

    assert [(one.in_play, one.lacks) for one in judged] == [
        (True, ("details", "names")),
        (True, ()),
        (False, ("details", "names")),
    ]


class _Live:
    def __init__(self, status_id: int) -> None:
        self.score = self
        self.status_id = status_id


# --- for how many, and for how long


@pytest.mark.parametrize(
    ("lacking", "of", "degraded"),
    [(39, 39, True), (20, 39, True), (19, 39, False), (20, 40, False), (1, 1, True)],
)
def test_most_is_more_than_half_of_the_matches_in_play(lacking: int, of: int, degraded: bool) -> None:
    matches = [match(str(number), *(["odds"] if number < lacking else [])) for number in range(of)]

    assert bool(after([(0, matches), (200, matches)])) is degraded


@pytest.mark.parametrize(("lasted", "degraded"), [(179, False), (180, False), (181, True), (900, True)])
def test_it_is_degraded_after_three_intervals_or_180_s(lasted: float, degraded: bool) -> None:
    lacking = [match("a", "odds")]

    assert bool(after([(0, lacking), (lasted / 2, lacking), (lasted, lacking)])) is degraded


def test_it_says_what_for_how_many_and_since_when() -> None:
    first = [match("a", "odds"), match("b"), match("c")]
    rest = [match("a", "odds"), match("b", "odds"), match("c", "names"), match("d", "odds", in_play=False)]

    assert after([(0, first), (100, rest), (281, rest)]) == [
        # Only since the second match lacks them too most have been without.
        {"kind": "odds", "matches": 2, "in_play": 3, "since": "2025-06-15T15:08:20.000Z"}
    ]


def test_matches_that_are_read_in_turn_are_no_degradation() -> None:
    """Old odds of all matches but those just read: as a quota has it if the feed is not in the plan."""
    cycles = [
        (cycle * 60.0, [match(str(n), *([] if n % 3 == cycle % 3 else ["odds"])) for n in range(300)])
        for cycle in range(20)
    ]

    assert after(cycles) == []


def test_matches_that_end_and_begin_do_not_hide_it() -> None:
    cycles = [
        (cycle * 60.0, [match(str(n), "names") for n in range(cycle, cycle + 39)]) for cycle in range(20)
    ]

    [one] = after(cycles)
    assert (one["kind"], one["matches"], one["in_play"]) == ("names", 39, 39)


def test_without_a_match_in_play_nothing_is_degraded() -> None:
    idle = [match("a", "odds", "details", "names", in_play=False)]

    assert after([(0, idle), (900, idle)]) == []
    assert after([(0, []), (900, [])]) == []


SHOWN = st.builds(
    Shown,
    st.sampled_from("abcdefg"),
    st.booleans(),
    st.lists(st.sampled_from(["details", "odds", "names"]), unique=True).map(tuple),
)
CYCLES = st.lists(
    st.tuples(st.floats(0, 400), st.lists(SHOWN, unique_by=lambda one: one.match_id)), max_size=12
)


@given(CYCLES)
def test_what_is_degraded_has_been_lacking_for_most_in_every_cycle_of_that_time(
    steps: list[tuple[float, list[Shown]]],
) -> None:
    now, cycles = 0.0, []
    for pause, matches in steps:
        now += pause
        cycles.append((now, matches))
    for one in after(cycles) if cycles else []:
        playing = {match.match_id for match in cycles[-1][1] if match.in_play}
        for at, matches in cycles:
            if at >= now - LONGEST_S:
                without = {match.match_id for match in matches if one["kind"] in match.lacks}
                assert 2 * len(playing & without) > len(playing)


# --- in a cycle


def test_a_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = DataWatch(longest_s=-1.0)  # anything lacking is degraded at once
    for sources in ({"odds_source": "missing"}, {"odds_source": "stale"}, {}, {}):
        watch.judge(outcome(record("a", **sources)))

    assert [one.getMessage() for one in caplog.records] == [
        "Health is degraded: odds missing or old for 1 of 1 matches in play for 0 s",
        "Health is no longer degraded",
    ]


@pytest.mark.parametrize(
    ("faults", "settings", "kinds"),
    [
        (["http500@odds/history"], {}, ["odds"]),
        (["err_url@odds/history"], {}, []),
        (["http500@team/additional/list"], {}, ["names"]),
        (["http500@match/recent/list"], {}, ["details", "names"]),
        (["http500@match/recent/list"], {"FOOTY_COUNTRIES": "Nowhere"}, ["details", "names"]),
        ([], {}, []),
    ],
)
def test_what_a_vendor_does_not_answer_degrades_a_cycle(
    tmp_path: Path, faults: list[str], settings: dict[str, str], kinds: list[str]
) -> None:
    with running(tmp_path, matches=12, FOOTY_ATTEMPTS="1", **settings) as footy:
        footy.simulator.control.set_faults(*faults)
        watch = DataWatch(longest_s=-1.0)
        watch.judge(footy.cycle())

    assert [one["kind"] for one in watch.degraded] == kinds
