"""What a vendor makes up in the right types nobody can tell from the truth: it is told as it was said."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.harness import DETAIL, LIVE, ODDS, STRATEGIES, TEAM, Cycle, begin, everywhere_but
from thesports_simulator.process import RunningSimulator

MOVING = {"period_started_at", "minute", "clock"}
BELIEVABLE = {2: (1, 75), 4: (46, 120), 5: (91, 150)}


@pytest.mark.parametrize("ahead", [1, 86_400, -300, -86_400])
def test_a_clock_that_jumps_moves_the_minute_or_takes_it_away_and_nothing_else(
    vendor: RunningSimulator, tmp_path: Path, ahead: int
) -> None:
    with begin(vendor, tmp_path) as trial:
        trial.inject(f"clock_jump={ahead}")
        cycle = trial.cycle()
        running = [record for record in cycle.records.values() if record["period_started_at"]]
        assert running
        assert {name.split(":")[0].split(" ")[1] for name in cycle.made_up} <= MOVING
        for record in running:
            status, minute = record["status_id"], record["minute"]
            began = datetime.fromisoformat(record["period_started_at"] or "").timestamp()
            first, last = BELIEVABLE.get(status, (1, 0))
            said = int(datetime.now(UTC).timestamp() - began) // 60 + first
            assert minute == (said if first <= said <= last else None)
            assert minute is not None or "'" not in record["clock"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_unknown_status_is_told_by_its_number_and_is_not_in_play(
    vendor: RunningSimulator, tmp_path: Path, strategy: str
) -> None:
    with begin(vendor, tmp_path, strategy=strategy) as trial:
        trial.cycle()
        trial.inject(f"unknown_status=77@{LIVE}")
        trial.wait(2)
        cycle = trial.cycle()
        assert cycle.complaints(trial.cycles[0]) == []
        (odd,) = [record for record in cycle.records.values() if record["status_id"] == 77]
        assert (odd["status"], odd["in_play"], odd["minute"]) == ("Status 77", False, None)
        assert cycle.complete
        assert counts(cycle)["status"]["77"] == 1


def test_an_unknown_incident_keeps_its_number_and_has_no_name(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with begin(vendor, tmp_path) as trial:
        trial.inject("unknown_incident=99")
        cycle = trial.cycle()
        [(record, odd)] = [
            (record, one)
            for record in cycle.records.values()
            for one in record["incidents"] or []
            if one["type_id"] == 99
        ]
        assert (odd["type"], odd["minute"]) == (None, 30)
        made_up = {name.split(" ")[1] for name in cycle.made_up}
        assert "incidents:" in made_up
        if record["in_play"]:  # in a match that is not, an incident says that it was played: 0-0 is its score
            assert made_up == {"incidents:"}


def test_a_match_listed_twice_is_one_match(vendor: RunningSimulator, tmp_path: Path) -> None:
    with begin(vendor, tmp_path) as trial:
        trial.inject("duplicate=3")
        cycle = trial.cycle()
        assert counts(cycle)["live"] == len(cycle.listed)
        assert cycle.complaints(None) == cycle.made_up == []


def test_an_empty_list_is_believed_where_it_is_well_formed(vendor: RunningSimulator, tmp_path: Path) -> None:
    with begin(vendor, tmp_path) as trial:
        trial.cycle()
        trial.inject("empty_list")
        trial.wait(2)
        cycle = trial.cycle()
        assert (cycle.records, cycle.complete, cycle.problems) == ({}, True, [])


@pytest.mark.parametrize("fault", ["results_null", "results_missing", "results_junk", "empty", "body_list"])
def test_a_list_of_nothing_that_can_be_read_is_not_an_empty_one(
    vendor: RunningSimulator, tmp_path: Path, fault: str
) -> None:
    with begin(vendor, tmp_path) as trial:
        well = trial.cycle()
        trial.inject(f"{fault}@{LIVE}")
        trial.wait(2)
        cycle = trial.cycle()
        assert cycle.records.keys() == well.records.keys()
        assert set(cycle.sources("live")) == {"stale"}
        assert not cycle.complete


@pytest.mark.parametrize("fault", ["element_null", "element_string", "element_list"])
def test_one_element_that_cannot_be_read_costs_one_match_its_freshness(
    vendor: RunningSimulator, tmp_path: Path, fault: str
) -> None:
    with begin(vendor, tmp_path) as trial:
        well = trial.cycle()
        trial.inject(f"{fault}@{LIVE}")
        trial.wait(2)
        cycle = trial.cycle()
        assert cycle.records.keys() == well.records.keys()
        assert sorted(set(cycle.sources("live"))) == ["fresh", "stale"]
        assert cycle.sources("live").count("stale") == 1
        assert not cycle.complete


def test_an_element_that_was_never_read_leaves_the_snapshot_incomplete(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with begin(vendor, tmp_path) as trial:
        trial.inject(f"element_null@{LIVE}")
        cycle = trial.cycle()
        assert counts(cycle)["live"] == len(cycle.listed) - 1
        assert not cycle.complete
        assert "could not be read" in cycle.problems[0]


def test_a_history_of_odds_does_not_un_happen(vendor: RunningSimulator, tmp_path: Path) -> None:
    with begin(vendor, tmp_path, strategy="per-match") as trial:
        well = trial.cycle()
        priced = {key for key, one in well.records.items() if one["current_money_line_home"]}
        trial.inject("unknown_uuid@odds/history")
        trial.wait(2)
        cycle = trial.cycle()
        assert priced
        assert {key for key, one in cycle.records.items() if one["odds_source"] == "stale"} >= priced
        assert {key for key, one in cycle.records.items() if one["current_money_line_home"]} == priced


def test_a_team_that_was_there_and_is_suddenly_unknown_is_stale(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with begin(vendor, tmp_path, FOOTY_TTL_TEAM="60") as trial:
        well = trial.cycle()
        trial.inject(*everywhere_but([LIVE, "match/recent/list", "odds/history"], "unknown_uuid", "http500"))
        trial.wait(62)
        cycle = trial.cycle()
        names = {key: one["home"] for key, one in well.records.items() if key in cycle.records}
        held = {key: one["home"] for key, one in cycle.records.items() if key in names}
        assert held == names
        assert "stale" in cycle.sources("home")


def counts(cycle: Cycle) -> dict[str, Any]:
    assert cycle.outcome.snapshot is not None
    return dict(cycle.outcome.snapshot["meta"]["counts"])


@pytest.mark.parametrize("endpoint", [DETAIL, ODDS, TEAM, "country/list"])
def test_a_reply_of_wrong_types_is_logged_and_counted_as_a_call_that_failed(
    vendor: RunningSimulator, tmp_path: Path, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    with begin(vendor, tmp_path) as trial:
        trial.inject(f"element_string@{endpoint}")
        trial.cycle()
        failed = [one.message for one in caplog.records if one.message.startswith("API call failed")]
        unreadable = [one.message for one in caplog.records if one.message.startswith("API value unreadable")]
        assert failed or unreadable
        assert all(endpoint in line for line in [*failed, *unreadable])
        counters = trial.app.counters
        assert counters.error_rate() or counters.values_left_out


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_odds_of_a_match_that_cannot_be_read_do_not_wait_for_a_quota(
    vendor: RunningSimulator, tmp_path: Path, strategy: str
) -> None:
    with begin(vendor, tmp_path, strategy=strategy) as trial:
        trial.cycle()
        trial.inject(f"row_object@{LIVE}")
        trial.wait(120)
        cycle = trial.cycle()
        assert not any("quota" in problem for problem in cycle.problems)
