"""The indicators as a table: where normal ends, what is logged of a change, and what of the error rate."""

import logging
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.events.types import Event, IndicatorChanged
from footy.mirror.odds_book import OddsBook
from footy.mirror.state import Held, MatchState, References, Source, State
from footy.service.indicator_events import change_events
from footy.service.indicators import (
    Level,
    Reading,
    Thresholds,
    fills_gaps,
    log_changes,
    read,
    without_times,
)
from footy.settings import load
from footy.telemetry.counters import Counters
from tests.support.states import sent

NORMAL, WARNING, CRITICAL = Level.NORMAL, Level.WARNING, Level.CRITICAL
WELL = {"cycle_s": 0.01, "enrich_s": 0.01, "sleep_s": 0.99, "error_rate": 0.0}
"""Shares of the interval, and of the calls."""


def thresholds(**settings: str) -> Thresholds:
    return Thresholds.of(load(settings, Path("absent")).settings)


def readings(interval_s: float = 60, limits: Thresholds | None = None, **shares: float) -> dict[str, Reading]:
    given = {
        name: share if name == "error_rate" else share * interval_s for name, share in (WELL | shares).items()
    }
    return read(limits or thresholds(), interval_s=interval_s, **given)


def levels(*one_of_each: Reading) -> list[Level]:
    return [reading.level for reading in one_of_each]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- the levels


@pytest.mark.parametrize("interval_s", [2, 60, 90, 3600])
@pytest.mark.parametrize(
    ("figure", "name", "share", "level"),
    [
        ("cycle_s", "cycle", 1 / 6, NORMAL),
        ("cycle_s", "cycle", 0.25, NORMAL),
        ("cycle_s", "cycle", 0.2502, WARNING),
        ("cycle_s", "cycle", 0.75, WARNING),
        ("cycle_s", "cycle", 0.7502, CRITICAL),
        ("cycle_s", "cycle", 1.5, CRITICAL),
        ("enrich_s", "enrich", 1 / 12, NORMAL),
        ("enrich_s", "enrich", 8 / 60, NORMAL),
        ("enrich_s", "enrich", 8.02 / 60, WARNING),
        ("enrich_s", "enrich", 0.5, WARNING),
        ("enrich_s", "enrich", 0.5002, CRITICAL),
        ("sleep_s", "sleep", 5 / 6, NORMAL),
        ("sleep_s", "sleep", 0.75, NORMAL),
        ("sleep_s", "sleep", 0.7498, WARNING),
        ("sleep_s", "sleep", 0.25, WARNING),
        ("sleep_s", "sleep", 0.2498, CRITICAL),
        ("sleep_s", "sleep", 0.0, CRITICAL),
        ("error_rate", "errors", 0.0099, NORMAL),
        ("error_rate", "errors", 0.0499, NORMAL),
        ("error_rate", "errors", 0.05, WARNING),
        ("error_rate", "errors", 0.2, WARNING),
        ("error_rate", "errors", 0.2001, CRITICAL),
        ("error_rate", "errors", 1.0, CRITICAL),
    ],
)
def test_a_figure_is_judged_by_its_share_of_the_interval_or_of_the_calls(
    interval_s: float, figure: str, name: str, share: float, level: Level
) -> None:
    judged = readings(interval_s, None, **{figure: share})

    assert {one: reading.level for one, reading in judged.items()} == {
        "cycle": NORMAL,
        "enrich": NORMAL,
        "sleep": NORMAL,
        "errors": NORMAL,
        name: level,
    }


@pytest.mark.parametrize(
    ("setting", "figure", "name", "within", "beyond"),
    [
        ("CYCLE", "cycle_s", "cycle", 0.4, 0.41),
        ("ENRICH", "enrich_s", "enrich", 0.4, 0.41),
        ("SLEEP", "sleep_s", "sleep", 0.4, 0.39),
        ("ERRORS", "error_rate", "errors", 0.39, 0.41),
    ],
)
def test_each_threshold_is_the_operators(
    setting: str, figure: str, name: str, within: float, beyond: float
) -> None:
    far = {"SLEEP": "0.01"}.get(setting, "0.99")
    warned = thresholds(**{f"FOOTY_{setting}_WARNING": "0.4", f"FOOTY_{setting}_CRITICAL": far})
    near = {"SLEEP": "0.99"}.get(setting, "0.01")
    failed = thresholds(**{f"FOOTY_{setting}_WARNING": near, f"FOOTY_{setting}_CRITICAL": "0.4"})

    for limits, on_this_side, on_that in ((warned, NORMAL, WARNING), (failed, WARNING, CRITICAL)):
        assert readings(60, limits, **{figure: within})[name].level is on_this_side
        assert readings(60, limits, **{figure: beyond})[name].level is on_that


def test_the_words_have_the_figure_and_what_it_is_a_share_of() -> None:
    judged = readings(90, cycle_s=0.5, enrich_s=0.1, sleep_s=0.5, error_rate=0.213)

    assert [reading.words for reading in judged.values()] == [
        "total cycle time 45.00 s of 90 s",
        "enrichment time 9.00 s of 90 s",
        "sleep time 45.00 s of 90 s",
        "API error rate 21.3%",
    ]


# --- the error rate


def test_before_the_first_call_there_is_no_error_rate_to_judge() -> None:
    judged = read(
        thresholds(), interval_s=60, cycle_s=0, enrich_s=0, sleep_s=60, error_rate=Counters().error_rate()
    )

    assert set(judged) == {"cycle", "enrich", "sleep"}


def test_failures_count_for_five_minutes_where_there_were_calls_enough_since() -> None:
    clock = Clock()
    counters = Counters(clock)
    since: dict[Level, int] = {}
    for at in range(0, 420, 10):  # ten calls each; those of the first minute fail
        for _ in range(10):
            counters.note(sent(failed=at < 60))
        rate = counters.error_rate()
        assert rate is not None
        since.setdefault(readings(error_rate=rate)["errors"].level, at)
        clock.now += 10

    # At 290 s 60 of 300 calls have failed; at 350 s all but 10 of those are more than five minutes ago.
    assert since == {CRITICAL: 0, WARNING: 290, NORMAL: 350}


def test_where_few_calls_are_made_the_rate_reaches_back_to_a_hundred_of_them() -> None:
    clock = Clock()
    counters = Counters(clock)
    for number in range(120):  # a refused endpoint is asked every 15 minutes
        counters.note(sent(failed=number >= 94))
        clock.now += 900

    assert counters.error_rate() == 0.26
    assert readings(error_rate=0.26)["errors"].level is CRITICAL


# --- a cold start


FULL: Held[Any] = Held("a value", 1.0, Source.FRESH)
EMPTY: Held[Any] = Held(None, None, Source.MISSING)
REFUSED: Held[Any] = Held(None, None, Source.REFUSED)


READ: Held[Any] = Held(OddsBook(), 1.0, Source.FRESH)
TOLD: Held[Any] = Held(OddsBook(partial=True), 1.0, Source.PARTIAL)


def state(*, teams: Held[Any] = FULL, **matches: tuple[Held[Any], Held[Any]]) -> State:
    """A state of matches by id, each with its detail and odds."""
    return State(
        {match_id: MatchState(FULL, detail, odds) for match_id, (detail, odds) in matches.items()},
        References({"team": teams}),
    )


@pytest.mark.parametrize(
    ("before", "after", "fills"),
    [
        (State(), state(a=(FULL, READ)), True),
        (State(), state(teams=EMPTY, a=(EMPTY, EMPTY)), False),
        (state(a=(EMPTY, READ)), state(a=(FULL, READ)), True),
        (state(a=(FULL, EMPTY)), state(a=(FULL, READ)), True),
        (state(a=(FULL, READ)), state(a=(FULL, READ), b=(FULL, EMPTY)), True),
        (state(teams=EMPTY, a=(FULL, READ)), state(a=(FULL, READ)), True),
        (state(a=(FULL, READ)), state(a=(FULL, READ)), False),
        (state(a=(FULL, EMPTY)), state(a=(FULL, EMPTY)), False),
        (state(a=(FULL, EMPTY)), state(a=(FULL, REFUSED)), False),
        (state(a=(FULL, EMPTY)), state(a=(FULL, TOLD)), False),
        (state(a=(FULL, TOLD)), state(a=(FULL, READ)), True),
        (state(a=(FULL, READ), b=(FULL, READ)), state(b=(FULL, READ)), False),
    ],
)
def test_a_cycle_of_a_cold_start_is_one_that_fetched_what_was_missing(
    before: State, after: State, fills: bool
) -> None:
    assert fills_gaps(before, after) is fills


def test_a_cycle_of_a_cold_start_is_judged_by_its_error_rate_alone() -> None:
    first = without_times({}, readings(cycle_s=0.8, enrich_s=0.8, sleep_s=0.0, error_rate=0.3))
    assert {name: reading.level for name, reading in first.items()} == {"errors": CRITICAL}

    slow = readings(cycle_s=0.8)
    second = without_times(slow, readings())
    assert second == slow, "what was slow before is so until a cycle is judged"


# --- what is logged


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_level_is_logged_when_it_changes_and_not_while_it_stays(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    before: dict[str, Reading] = {}
    for share in (0.1, 0.3, 0.31, 0.32, 0.8, 0.9, 0.3, 0.2, 0.1):
        after = readings(cycle_s=share)
        log_changes(before, after)
        before = after

    assert logged(caplog) == [
        ("WARNING", "WARNING: total cycle time 18.00 s of 60 s"),
        ("CRITICAL", "CRITICAL: total cycle time 48.00 s of 60 s"),
        ("WARNING", "WARNING: total cycle time 18.00 s of 60 s"),
        ("INFO", "Back to normal: total cycle time 12.00 s of 60 s"),
    ]


def test_a_first_cycle_that_is_well_logs_nothing_and_a_bad_one_what_is_bad(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    log_changes({}, readings())
    assert logged(caplog) == []

    log_changes({}, readings(sleep_s=0.1, error_rate=0.06))

    assert logged(caplog) == [
        ("CRITICAL", "CRITICAL: sleep time 6.00 s of 60 s"),
        ("WARNING", "WARNING: API error rate 6.0%"),
    ]


# --- events


def changes_between(before: dict[str, Reading], after: dict[str, Reading]) -> list[Event]:
    return change_events(before, after, seen_at="2026-01-01T00:00:00Z", started_ms=7, numbers=count(3))


def test_an_indicator_that_changes_is_an_event_with_both_levels_and_figures() -> None:
    [event] = changes_between(readings(cycle_s=0.8), readings(cycle_s=0.1))

    assert (event.id, event.type) == ("footy:indicator_changed:7:3", "indicator_changed")
    assert event.data == IndicatorChanged(
        seen_at="2026-01-01T00:00:00Z",
        indicator="cycle",
        before="critical: total cycle time 48.00 s of 60 s",
        after="normal: total cycle time 6.00 s of 60 s",
    )


def test_several_changes_have_an_id_each_and_a_first_reading_has_none_before_it() -> None:
    events = changes_between({}, readings(sleep_s=0.1, error_rate=0.06))

    assert [event.id for event in events] == ["footy:indicator_changed:7:3", "footy:indicator_changed:7:4"]
    said = [event.data for event in events]
    assert [(data.indicator, data.before) for data in said if isinstance(data, IndicatorChanged)] == [
        ("sleep", None),
        ("errors", None),
    ]


def test_an_indicator_that_stays_is_no_event_whatever_its_figure() -> None:
    assert changes_between({}, readings()) == []
    assert changes_between(readings(cycle_s=0.3), readings(cycle_s=0.5)) == []


@given(*(st.floats(0, 2) for _ in range(4)))
def test_there_is_an_event_exactly_where_a_line_is_logged(
    cycle_before: float, cycle: float, sleep: float, errors: float
) -> None:
    before = readings(cycle_s=cycle_before)
    after = readings(cycle_s=cycle, sleep_s=sleep, error_rate=errors / 2)

    events = changes_between(before, after)

    differing = [name for name in after if after[name].level is not before[name].level]
    assert [event.data.indicator for event in events if isinstance(event.data, IndicatorChanged)] == differing
