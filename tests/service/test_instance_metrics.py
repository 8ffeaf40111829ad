"""The metrics of an instance: what each cycle makes of them, and the file that has them all."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from footy.errors import Exit
from footy.history.log import Position
from footy.mirror.state import Held, MatchState, Source, State
from footy.service.indicators import Level, Reading
from footy.service.instance_metrics import CycleFigures, MetricsFile, data_ages, disk_source, sinks_source
from footy.service.paths import Files
from footy.telemetry import metrics
from footy.telemetry.metrics import MetricsCollector, Samples, exposition, read_samples
from tests.support.cycle_ends import cycle_end
from tests.support.states import NOW, match_state, playing

FINISHED = 8


def samples(*sources: metrics.Source) -> Samples:
    return read_samples(exposition(MetricsCollector(sources)).decode())


@pytest.fixture
def figures() -> CycleFigures:
    return CycleFigures(60)


def test_before_the_first_cycle_only_the_interval_is_known(figures: CycleFigures) -> None:
    told = samples(figures.metrics)

    assert told["footy_interval_seconds"] == {(): 60}
    assert set(told) == {"footy_interval_seconds", "footy_cycles_total", "footy_cycles_skipped_total"}
    assert set(told["footy_cycles_total"].values()) == {0}


def test_cycles_are_counted_by_how_they_ended_and_a_success_stays_the_last(figures: CycleFigures) -> None:
    figures.note(cycle_end(ended_at=100))
    figures.note(cycle_end(ended_at=160, error="no connection"))
    figures.note(cycle_end(ended_at=220, error="a bug", code=Exit.BUG))

    told = samples(figures.metrics)

    assert told["footy_cycles_total"] == {
        ("ok",): 1,
        ("unavailable",): 1,
        ("refused",): 0,
        ("cannot_write",): 0,
        ("bug",): 1,
    }
    assert told["footy_last_success_timestamp_seconds"] == {(): 100}
    assert told["footy_last_attempt_timestamp_seconds"] == {(): 219}


def test_a_cycle_that_is_skipped_is_counted(figures: CycleFigures) -> None:
    assert samples(figures.metrics)["footy_cycles_skipped_total"] == {(): 0}
    assert [figures.count_skipped(), figures.count_skipped()] == [1, 2]
    assert samples(figures.metrics)["footy_cycles_skipped_total"] == {(): 2}


@dataclass
class Behind:
    """A sink that is so many events behind."""

    name: str
    taken: int | None

    def lag(self, newest: Position) -> int | None:
        return None if self.taken is None else newest.sequence - self.taken


def test_each_sink_tells_how_far_it_is_behind_the_log() -> None:
    sinks = [Behind("jsonl", 40), Behind("hook", 12), Behind("new", None)]

    told = samples(sinks_source(sinks, lambda: Position("epoch", 42)))

    assert told["footy_sink_lag_events"] == {("jsonl",): 2, ("hook",): 30}
    assert samples(sinks_source(sinks, lambda: None)) == {}, "there is no log yet"


def test_without_a_success_there_is_no_time_of_one(figures: CycleFigures) -> None:
    figures.note(cycle_end(error="no connection", published=False, meta=None))

    told = samples(figures.metrics)

    assert "footy_last_success_timestamp_seconds" not in told
    assert "footy_matches" not in told


def test_a_snapshot_is_told_by_status_and_unknown_statuses_are_one(figures: CycleFigures) -> None:
    figures.note(cycle_end())

    told = samples(figures.metrics)

    matches = told["footy_matches"]
    assert {status: count for (status,), count in matches.items() if count} == {
        "First half": 40,
        "Second half": 9,
        "Finished": 11,
        "other": 1,
    }
    assert len(matches) == 15, "every status is there, so that none appears and disappears"
    assert told["footy_matches_in_play"] == {(): 49}
    assert told["footy_snapshot_complete"] == {(): 0}
    assert told["footy_snapshot_problems"] == {(): 2}


def test_steps_indicators_and_what_is_lacking_are_told(figures: CycleFigures) -> None:
    readings = {"cycle": Reading(Level.CRITICAL, ""), "sleep": Reading(Level.NORMAL, "")}
    figures.note(cycle_end(readings=readings, lacking={"odds": 38}))

    told = samples(figures.metrics)

    assert told["footy_cycle_seconds"]["total",] == 0.61
    assert told["footy_cycle_seconds"]["sleep",] == 59.4
    assert ("publish",) not in told["footy_cycle_seconds"], "it is not known before the second cycle"
    assert told["footy_indicator_level"] == {("cycle",): 2, ("sleep",): 0}
    assert told["footy_matches_lacking"] == {("details",): 0, ("odds",): 38, ("names",): 0}
    assert told["footy_degraded"] == {("details",): 0, ("odds",): 1, ("names",): 0}
    assert told["footy_feed_trusted"] == {("details",): 1, ("odds",): 1}


def test_the_age_of_the_data_is_that_of_the_oldest_of_a_match_in_play() -> None:
    def odds(at: float) -> Held[Any]:
        return Held("odds", at, Source.STALE)

    over = MatchState(
        Held(playing("over", FINISHED), NOW, Source.FRESH),
        match_state("over", NOW - 900).detail,
        odds(NOW - 900),
    )
    matches = {
        "a": match_state("a", NOW - 5, odds=odds(NOW - 10)),
        "b": match_state("b", NOW - 1, odds=odds(NOW - 70)),
        "none held": match_state("none held", NOW),
        "over": over,
    }

    ages = data_ages(State(matches, fetched_at=NOW - 2), NOW)

    assert ages == {"live_list": 2, "details": 5, "odds": 70}
    assert data_ages(State(), NOW) == {"live_list": None, "details": None, "odds": None}


def test_a_data_folder_that_is_gone_is_told_by_absence(tmp_path: Path) -> None:
    assert samples(disk_source(Files(tmp_path)))["footy_data_disk_free_bytes"][()] > 0
    assert samples(disk_source(Files(tmp_path / "gone"))) == {}


def test_the_file_is_replaced_after_each_cycle_and_a_failure_is_said_once(
    tmp_path: Path, figures: CycleFigures, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    folder = tmp_path / "data"
    file = MetricsFile(Files(folder), MetricsCollector([figures.metrics]))
    file.write(cycle_end())
    file.write(cycle_end())
    folder.mkdir()

    file.write(cycle_end())

    assert read_samples(Files(folder).metrics.read_text()) == samples(figures.metrics)
    assert Files(folder).metrics.stat().st_mode & 0o077 == 0
    said = [record.getMessage() for record in caplog.records]
    assert said == ["metrics.prom could not be written: No such file or directory"]
