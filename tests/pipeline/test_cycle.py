"""Cycles against the simulator: what is asked, what is published, what is logged."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from footy.mirror.state import State
from footy.pipeline.cycle import CycleResult
from footy.pipeline.pace import RECENT
from footy.pipeline.plan import CHECKS_PER_SLOW_CYCLE
from footy.service.app import App, running_app
from footy.service.paths import Files
from footy.settings import Mode, load
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator
from thesports_simulator.world import feeds


class Running:
    """A pipeline at a simulator, and the calls that its last cycle made."""

    def __init__(self, simulator: RunningSimulator, app: App) -> None:
        self.simulator = simulator
        self.app = app
        self.state = State()
        self.number = 0
        self.progress: list[tuple[int, int]] = []

    def cycle(self) -> CycleResult:
        self.simulator.control.reset()
        self.number += 1
        outcome = self.app.pipeline.run(
            self.state,
            self.number,
            progress=lambda done, planned, _way: self.progress.append((done, planned)),
        )
        self.state = outcome.state
        return outcome

    def snapshot(self) -> dict[str, Any]:
        outcome = self.cycle()
        assert outcome.snapshot is not None
        return dict(outcome.snapshot)

    def calls(self) -> dict[str, int]:
        requests: dict[str, int] = self.simulator.control.stats()["requests"]
        return {endpoint: count for endpoint, count in requests.items() if count}


@contextmanager
def running(folder: Path, *, matches: int = 12, **settings: str) -> Iterator[Running]:
    with start(matches=matches, odds="light", speed=0) as simulator:
        given = {
            "THESPORTS_USER": simulator.user,
            "THESPORTS_SECRET": simulator.secret,
            "FOOTY_BASE_URL": simulator.base_url,
            "FOOTY_RATE_LIMITS": "off",
            "FOOTY_BACKOFF": "0.01",
            "FOOTY_TIMEOUT": "2",
        }
        chosen = load(given | settings, Path("absent")).settings
        with running_app(chosen, Mode.LIVE, Files(folder)) as app:
            yield Running(simulator, app)


def test_a_cold_cycle_asks_each_thing_once(tmp_path: Path) -> None:
    with running(tmp_path) as footy:
        meta = footy.snapshot()["meta"]
        calls = footy.calls()
        assert calls["match/detail_live"] == calls["country/list"] == calls["category/list"] == 1
        assert calls["match/recent/list"] == calls["odds/history"] == meta["counts"]["live"]
        log = footy.simulator.control.log()
        asked = [(reply["endpoint"], reply["uuid"]) for reply in log]
        assert len(asked) == len(set(asked)) == meta["requests"]
        assert footy.progress[-1] == (meta["requests"], meta["requests"])


def test_a_second_per_match_cycle_asks_for_no_team_competition_or_country(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_STRATEGY="per-match") as footy:
        footy.cycle()
        footy.cycle()
        assert set(footy.calls()) == {"match/detail_live", "match/recent/list", "odds/history"}


def test_a_steady_delta_cycle_is_a_handful_of_calls(tmp_path: Path) -> None:
    with running(tmp_path) as footy:
        footy.cycle()
        assert footy.snapshot()["meta"]["complete"]
        assert sum(footy.calls().values()) <= 8


def test_a_vendor_who_takes_most_of_a_cycle_to_answer_is_asked_for_all_in_a_few(tmp_path: Path) -> None:
    with running(tmp_path, matches=5, FOOTY_INTERVAL="2.5") as footy:
        footy.simulator.control.settings(latency=1.2)
        for _ in range(3):
            snapshot = footy.snapshot()
        assert snapshot["meta"]["complete"], snapshot["meta"]["problems"]


@pytest.mark.parametrize("strategy", ["delta", "per-match"])
def test_with_a_vendor_too_slow_for_two_round_trips_each_cycle_asks_for_more_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, strategy: str
) -> None:
    """0.8 of the interval is 1.6 s; a cycle may take the 3 s of an attempt, which is one round trip."""
    slow = {"FOOTY_INTERVAL": "2", "FOOTY_TIMEOUT": "3", "FOOTY_STRATEGY": strategy}
    with running(tmp_path, matches=4, **slow) as footy, caplog.at_level(logging.INFO):
        footy.simulator.control.settings(latency=1.8)
        first = footy.snapshot()
        assert {record["live_source"] for record in first["matches"]} == {"fresh"}
        assert not first["meta"]["complete"]
        assert any(said.startswith("match details: 4 not asked for") for said in first["meta"]["problems"])
        snapshots = [footy.snapshot() for _ in range(4)]
        assert all(one["meta"]["timings"]["total"] < 3 for one in snapshots)
        assert {record["odds_source"] for record in snapshots[0]["matches"]} == {"fresh"}
        assert all(record["home"] and record["competition"] for record in snapshots[-1]["matches"])
        assert [one for one in snapshots[-1]["meta"]["problems"] if one.startswith("The vendor is slow")]

        footy.simulator.control.settings(latency=0)
        for _ in range(RECENT):
            last = footy.snapshot()
        assert last["meta"]["complete"]
        assert last["meta"]["problems"] == []
    said = [one for one in caplog.records if one.getMessage().startswith("The vendor is ")]
    assert [one.levelname for one in said] == ["WARNING", "INFO"]
    assert "set FOOTY_INTERVAL to" in said[0].getMessage()


def test_a_check_that_fails_makes_nothing_stale(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_INTERVAL="2") as footy:
        footy.cycle()
        footy.cycle()
        footy.simulator.control.set_faults("http500@odds/history")
        snapshot = footy.snapshot()
        assert footy.calls()["odds/history"] >= 1
        assert "odds/live" not in footy.calls()
        assert {record["odds_source"] for record in snapshot["matches"]} == {"cache"}
        assert snapshot["meta"]["complete"]


def test_a_feed_that_has_not_been_heard_does_not_regain_trust(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_INTERVAL="2") as footy:
        footy.cycle()
        wrong = replace(footy.state.details_feed, trusted=False)
        footy.state = replace(footy.state, details_feed=wrong)
        for _ in range(2):
            footy.cycle()
            assert footy.calls()["match/recent/list"] >= 12
        assert footy.state.details_feed == wrong


def test_a_feed_of_details_that_fails_starts_anew_from_what_was_read_in_full(tmp_path: Path) -> None:
    """What was read in full in its place need not be told by it any more; no vendor knows a time below 0."""
    with running(tmp_path) as footy:
        footy.cycle()
        before = footy.state.details_feed
        footy.state = replace(footy.state, details_feed=replace(before, latest=1, polled_at=0.0))
        footy.cycle()
        assert footy.state.details_feed.latest == before.latest
        footy.cycle()
        assert footy.calls()["match/recent/list"] <= 2


def test_connections_are_kept_from_cycle_to_cycle(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_STRATEGY="per-match", matches=40) as footy:
        accepted = footy.simulator.control.stats()["connections"]["accepted"]
        for _ in range(10):
            footy.cycle()
        stats = footy.simulator.control.stats()
        # The control path opens one for each of its own calls: eleven here, and the first look.
        assert stats["connections"]["accepted"] - accepted <= 35 + 12
        assert stats["connections"]["peak_open"] <= 30 + 2


def test_only_the_odds_of_wanted_competitions_are_asked_for(tmp_path: Path) -> None:
    with running(tmp_path / "all") as footy:
        everything = footy.snapshot()["matches"]
    country = next(record["country"] for record in everything if record["country"])
    wanted = {record["match_id"] for record in everything if record["country"] == country}
    with running(tmp_path / "some", FOOTY_COUNTRIES=country.upper()) as footy:
        kept = footy.snapshot()["matches"]
        assert {record["match_id"] for record in kept} == wanted
        assert footy.calls()["odds/history"] == len(wanted)
        assert footy.calls()["team/additional/list"] <= 2 * len(wanted)
        again = footy.snapshot()
        assert {record["match_id"] for record in again["matches"]} == wanted
        assert footy.calls().get("odds/history", 0) <= 2


@pytest.mark.parametrize("endpoint", ["match/recent/list", "competition/additional/list"])
@pytest.mark.parametrize("fault", ["err_url", "http500"])
def test_matches_of_which_it_cannot_be_told_whether_they_are_wanted_are_said_to_be_left_out(
    tmp_path: Path, fault: str, endpoint: str
) -> None:
    with running(tmp_path, FOOTY_ATTEMPTS="1", FOOTY_COMPETITIONS="some league") as footy:
        footy.simulator.control.set_faults(f"{fault}@{endpoint}")
        snapshot = footy.snapshot()
        assert snapshot["matches"] == []
        assert not snapshot["meta"]["complete"]
        [problem] = [said for said in snapshot["meta"]["problems"] if said.startswith("Left out")]
        assert re.match(r"Left out: [1-9]\d* live matches of which it could not be told", problem)
        footy.simulator.control.clear_faults()
        meta = footy.snapshot()["meta"]
        if fault == "http500":
            assert meta["complete"]
            [problem] = meta["problems"]
            assert problem.endswith("is wanted: FOOTY_COMPETITIONS left out all of them")


@pytest.mark.parametrize(
    ("competitions", "named"),
    [("", "FOOTY_COUNTRIES"), ("some league", "FOOTY_COMPETITIONS and FOOTY_COUNTRIES")],
)
def test_a_filter_that_leaves_out_all_that_is_listed_is_said_with_the_settings_names(
    tmp_path: Path, competitions: str, named: str
) -> None:
    with running(tmp_path, FOOTY_COUNTRIES="Nowhere", FOOTY_COMPETITIONS=competitions) as footy:
        snapshot = footy.snapshot()
        assert snapshot["matches"] == []
        assert snapshot["meta"]["complete"]
        nothing_left, misspelt = snapshot["meta"]["problems"]
        assert nothing_left == f"None of the 12 live matches listed is wanted: {named} left out all of them"
        assert misspelt.startswith("FOOTY_COUNTRIES has Nowhere, and no country that footy knows")


def test_a_match_whose_detail_or_odds_fail_is_still_published(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_ATTEMPTS="1") as footy:
        footy.simulator.control.set_faults("http500@match/recent/list", "http500@odds/history")
        snapshot = footy.snapshot()
        assert snapshot["meta"]["counts"]["live"] == 12
        assert not snapshot["meta"]["complete"]
        for record in snapshot["matches"]:
            assert record["detail_source"] == record["odds_source"] == record["home_source"] == "missing"
            assert record["home"] is None
            assert record["live_source"] == "fresh"
        assert any(problem.startswith("match details: 12") for problem in snapshot["meta"]["problems"])


def test_the_last_good_values_are_served_as_stale_with_their_age(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_ATTEMPTS="1", FOOTY_STRATEGY="per-match") as footy:
        good = {record["match_id"]: record for record in footy.snapshot()["matches"]}
        footy.simulator.control.set_faults("http500@match/recent/list", "empty@odds/history")
        for record in footy.snapshot()["matches"]:
            before = good[record["match_id"]]
            assert record["detail_source"] == record["odds_source"] == "stale"
            assert record["detail_fetched_at"] == before["detail_fetched_at"]
            assert record["home"] == before["home"]


def test_without_a_fresh_live_list_the_whole_picture_is_stale(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_ATTEMPTS="1") as footy:
        assert footy.snapshot()["meta"]["complete"]
        footy.simulator.control.set_faults("http503@match/detail_live")
        outcome = footy.cycle()
        assert outcome.error is not None
        assert outcome.snapshot is not None
        assert not outcome.snapshot["meta"]["complete"]
        assert {record["live_source"] for record in outcome.snapshot["matches"]} == {"stale"}
        footy.simulator.control.clear_faults()
        assert footy.snapshot()["meta"]["complete"]


def test_a_live_list_that_was_never_had_publishes_nothing(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_ATTEMPTS="1") as footy:
        footy.simulator.control.set_faults("html@match/detail_live")
        outcome = footy.cycle()
        assert outcome.snapshot is None
        assert outcome.error is not None


def test_an_empty_live_list_is_believed_when_it_is_well_formed(tmp_path: Path) -> None:
    with running(tmp_path) as footy:
        footy.cycle()
        footy.simulator.control.set_faults("empty_list@match/detail_live")
        snapshot = footy.snapshot()
        assert snapshot["matches"] == []
        assert snapshot["meta"]["complete"]


def test_a_match_that_leaves_the_list_is_not_resurrected(tmp_path: Path) -> None:
    with running(tmp_path) as footy:
        footy.cycle()
        footy.simulator.control.set_faults("empty_list@match/detail_live")
        footy.cycle()
        footy.simulator.control.set_faults("http500@match/detail_live")
        outcome = footy.cycle()
        assert outcome.snapshot is not None
        assert outcome.snapshot["matches"] == []


@pytest.mark.parametrize("fault", ["err_url", "http500", "results_swapped", "code100003"])
def test_where_the_odds_feed_fails_odds_are_asked_per_match(tmp_path: Path, fault: str) -> None:
    with running(tmp_path, FOOTY_ATTEMPTS="1") as footy:
        footy.cycle()
        footy.simulator.control.set_faults(f"{fault}@odds/live", f"{fault}@odds/update")
        snapshot = footy.snapshot()
        assert {record["odds_source"] for record in snapshot["matches"]} == {"fresh"}
        assert footy.calls()["odds/history"] == 12


@pytest.mark.parametrize("fault", ["err_url", "http500", "results_swapped", "code100003"])
def test_where_the_odds_feed_fails_only_what_the_other_says_has_changed_is_read(
    tmp_path: Path, fault: str
) -> None:
    with running(tmp_path, FOOTY_ATTEMPTS="1") as footy:
        footy.cycle()
        now = int(footy.simulator.control.clock()["now"])
        updated = {row["id"] for row in feeds.odds_update(footy.simulator.world(), now)}
        seen = footy.simulator.control.last_number()
        footy.simulator.control.set_faults(f"{fault}@odds/live")
        snapshot = footy.snapshot()
        assert {record["odds_source"] for record in snapshot["matches"]} == {"fresh"}
        log = footy.simulator.control.log(seen)
        assert "odds/update" in {reply["endpoint"] for reply in log}
        read = {reply["uuid"] for reply in log if reply["endpoint"] == "odds/history"}
        assert updated & footy.state.matches.keys() <= read
        assert len(read - updated) <= CHECKS_PER_SLOW_CYCLE


def test_the_log_has_the_lines_that_people_grep(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(tmp_path) as footy, caplog.at_level(logging.INFO):
        footy.cycle()
    text = "\n".join(record.getMessage() for record in caplog.records)
    for step in ("STEP 1a – LIVE FETCH", "STEP 1b – ENRICH", "STEP 2 – FLATTEN", "STEP 7 – FILTER"):
        assert re.search(rf"^{step}: \d+\.\d\ds$", text, re.MULTILINE)
    assert re.search(r"^TOTAL CYCLE TIME: \d+\.\d\ds$", text, re.MULTILINE)


def test_a_failing_call_is_logged_with_its_attempt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(tmp_path) as footy, caplog.at_level(logging.WARNING):
        footy.simulator.control.set_faults("http500x1@match/detail_live")
        assert footy.cycle().error is None
    (line,) = [record.getMessage() for record in caplog.records if "API call failed" in record.getMessage()]
    assert "match/detail_live, attempt 1 of 3: HTTP status 500; next in" in line


def test_an_outage_is_logged_in_full_in_its_first_cycle_and_in_one_line_in_each_later_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path, FOOTY_STRATEGY="per-match") as footy:
        footy.cycle()
        footy.simulator.control.set_faults("http500")
        lines = []
        for _ in range(4):
            caplog.clear()
            footy.cycle()
            lines.append([one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING])
    first, *later = lines
    for number in (1, 2, 3):
        assert any(f"match/detail_live, attempt {number} of 3: HTTP status 500" in line for line in first)
    assert len(first) == len(set(first))
    for one in later:
        [line] = one
        assert re.match(
            r"API call failed \d+ times in this cycle: match/detail_live \d+ \(HTTP status 500\)", line
        )


def test_many_failures_of_one_endpoint_are_two_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path, FOOTY_STRATEGY="per-match", FOOTY_ATTEMPTS="1") as footy:
        footy.simulator.control.set_faults("http500@odds/history")
        footy.cycle()
    full, summary = [one.getMessage() for one in caplog.records if "API call failed" in one.getMessage()]
    assert re.search(r"odds/history uuid=\S+, attempt 1 of 1: HTTP status 500; no further attempt$", full)
    assert re.search(
        r"API call failed (\d+) times in this cycle: odds/history \1 \(HTTP status 500\)$", summary
    )


def test_a_live_element_that_cannot_be_read_is_named_and_its_match_kept_as_stale(tmp_path: Path) -> None:
    with running(tmp_path) as footy:
        before = {record["match_id"] for record in footy.snapshot()["matches"]}
        footy.simulator.control.set_faults("element_null@match/detail_live")
        snapshot = footy.snapshot()
        stale = [record for record in snapshot["matches"] if record["live_source"] == "stale"]
        assert {record["match_id"] for record in snapshot["matches"]} == before
        assert len(stale) == 1
        assert not snapshot["meta"]["complete"]
        assert any("element" in problem for problem in snapshot["meta"]["problems"])


def test_the_snapshot_counts_what_is_in_it(tmp_path: Path) -> None:
    with running(tmp_path, FOOTY_STATUSES="8") as footy:  # what the console shows is not what is in play
        snapshot = footy.snapshot()
        counts = snapshot["meta"]["counts"]
        assert counts["live"] == len(snapshot["matches"]) == sum(counts["status"].values())
        assert counts["in_play"] == sum(record["in_play"] for record in snapshot["matches"])
        assert snapshot["meta"]["timings"]["publish"] is None


def test_a_misspelt_filter_among_good_ones_is_a_problem_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path) as footy:
        name = next(match["competition"] for match in footy.snapshot()["matches"] if match["competition"])
    typo = name[0] + name[2:]
    with running(tmp_path, FOOTY_COMPETITIONS=f"{name},{typo}") as footy:
        caplog.clear()
        problems = [footy.snapshot()["meta"]["problems"] for _ in range(2)]

    sentence = f"FOOTY_COMPETITIONS has {typo}, and no competition that footy knows has this name: "
    assert problems == [[f"{sentence}did you mean {name}?"]] * 2
    assert sum(sentence in record.getMessage() for record in caplog.records) == 1
