"""The normal Saturday: 300 live matches, 120 calls a minute for their odds."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footy.thesports.codes import IN_PLAY
from tests.support.harness import DETAIL, EPOCH, LIVE, ODDS, STRATEGIES, TEAM, begin, seconds_of
from tests.support.place import SECRET, Place, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

MATCHES, CALLS, WINDOW_S = 300, 120, 60.0
STEP_S = 20


def test_no_window_ever_holds_more_and_each_match_gets_its_turn(tmp_path: Path) -> None:
    """A quota by cycles of 20 s over ten minutes, as the vendor's clock has it."""
    world = [f"--epoch={EPOCH}"]
    with (
        start(matches=MATCHES, odds="light", speed=0, options=world) as vendor,
        begin(
            vendor,
            tmp_path,
            strategy="per-match",
            FOOTY_RATE_LIMITS=f"{ODDS}={CALLS}/{WINDOW_S:g}",
            FOOTY_INTERVAL=str(STEP_S),
            FOOTY_TIMEOUT="10",
        ) as trial,
    ):
        asked: list[float] = []
        waits: dict[bool, float] = {True: 0.0, False: 0.0}
        listed_since: dict[str, float] = {}
        for number in range(30):
            vendor.control.reset()
            snapshot = trial.run().snapshot
            assert snapshot is not None
            moments = vendor.control.stats()["arrivals"].get(ODDS, [])
            # The vendor's window runs on its own steady clock: the time that was skipped is added.
            asked += [moment + number * STEP_S for moment in moments]
            for record in snapshot["matches"]:
                since = listed_since.setdefault(record["match_id"], time.time())
                since = seconds_of(record["odds_fetched_at"]) if record["odds_fetched_at"] else since
                plays = record["status_id"] in IN_PLAY
                waits[plays] = max(waits[plays], time.time() - since)
            assert any("waiting for quota" in one for one in snapshot["meta"]["problems"])
            assert not any("not asked for" in one for one in snapshot["meta"]["problems"])
            trial.wait(STEP_S)
        assert most_in_a_window(asked) == CALLS
        # A round of all takes 155 s; those in play come round more often, and the others all the same.
        assert 60 <= waits[True] <= 240
        assert waits[True] < waits[False] <= 600


def most_in_a_window(moments: list[float]) -> int:
    return max(sum(first <= other < first + WINDOW_S for other in moments) for first in moments)


@pytest.fixture(scope="module")
def crowd() -> Iterator[RunningSimulator]:
    """More matches than the quota serves in a minute."""
    with start(matches=40, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as simulator:
        yield simulator


def test_what_a_full_window_keeps_waiting_at_an_interval_of_a_minute_is_read_between_two_cycles(
    tmp_path: Path,
) -> None:
    """Counted over 62 s, the calls of a cycle are in the way of those a minute later, and of no others."""
    more = {
        "FOOTY_RATE_LIMITS": f"{ODDS}={CALLS}/{WINDOW_S:g}",
        "FOOTY_INTERVAL": "60",
        "FOOTY_TIMEOUT": "10",
    }
    with (
        start(matches=MATCHES, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as vendor,
        begin(vendor, tmp_path, strategy="per-match", **more) as trial,
    ):
        asked: list[float] = []
        for step in range(24):
            vendor.control.reset()
            if step % 3:
                trial.listen()
            else:
                assert trial.cycle().falsehoods == []
            moments = vendor.control.stats()["arrivals"].get(ODDS, [])
            asked += [moment + step * STEP_S for moment in moments]
            trial.wait(STEP_S)
        assert most_in_a_window(asked) == CALLS
        assert len(asked) >= 24 * STEP_S / 80 * CALLS


def test_between_two_cycles_nothing_is_asked_that_was_asked_in_the_last(
    crowd: RunningSimulator, tmp_path: Path
) -> None:
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=100/60,{DETAIL}=100/60", "FOOTY_INTERVAL": "60"}
    with begin(crowd, tmp_path, strategy="per-match", **more) as trial:
        trial.inject(f"html:0.2@{ODDS}", f"html:0.2@{DETAIL}")
        trial.cycle()
        before = crowd.control.stats()["total"]
        trial.listen()
        assert crowd.control.stats()["total"] == before


def test_odds_that_are_asked_for_in_vain_keep_no_others_waiting(tmp_path: Path) -> None:
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=10/60", "FOOTY_INTERVAL": "60", "FOOTY_TIMEOUT": "5"}
    with (
        start(matches=24, odds="light", speed=0, options=[f"--epoch={EPOCH}"]) as vendor,
        begin(vendor, tmp_path, strategy="per-match", **more) as trial,
    ):
        asked: set[str] = set()
        trial.inject(f"html@{ODDS}")
        for _ in range(6):
            cycle = trial.cycle()
            asked |= {reply["uuid"] for reply in cycle.replies if reply["endpoint"] == ODDS}
            trial.wait(70)
        assert cycle.records.keys() <= asked


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("faults", [[], ["err_url@odds/live"]], ids=["with its feed", "without its feed"])
def test_nothing_is_planned_that_the_quota_cannot_serve_and_the_rest_is_kept_with_its_age(
    crowd: RunningSimulator, tmp_path: Path, strategy: str, faults: list[str]
) -> None:
    more = {"FOOTY_RATE_LIMITS": f"{ODDS}=25/60", "FOOTY_TIMEOUT": "5", "FOOTY_INTERVAL": str(STEP_S)}
    with begin(crowd, tmp_path, strategy=strategy, **more) as trial:
        trial.inject(*faults)
        waiting = False
        for _ in range(8):
            before = trial.cycles[-1] if trial.cycles else None
            cycle = trial.cycle()
            assert cycle.complaints(before) == []
            assert not any("not asked for" in one for one in cycle.problems)
            asked = {reply["uuid"] for reply in cycle.replies if reply["endpoint"] == ODDS}
            for match_id, record in cycle.records.items():
                if before is not None and match_id in before.records.keys() - asked:
                    was = before.records[match_id]["odds_fetched_at"] or ""
                    assert (record["odds_fetched_at"] or "") >= was
            waiting |= any("waiting for quota" in one for one in cycle.problems)
            trial.wait(STEP_S)
        assert waiting
        there_all_along = trial.cycles[0].records.keys() & cycle.records.keys()
        assert there_all_along
        assert all(cycle.records[one]["odds_fetched_at"] for one in there_all_along)


@pytest.mark.parametrize(
    ("endpoint", "kill_after"), [(ODDS, 1), (ODDS, 60), (ODDS, 119), (DETAIL, 60), (TEAM, 60)]
)
def test_a_quota_is_kept_through_kill_9_in_the_middle_and_a_restart(
    tmp_path: Path, endpoint: str, kill_after: int
) -> None:
    """Pages are refused, so that details and teams take as many calls as there are."""
    quota = f"{endpoint}={CALLS}/{WINDOW_S:g}"
    more: dict[str, Any] = {"quota": [quota], "faults": ["pages_refused"]}
    with (
        start(matches=MATCHES, odds="light", secret=SECRET, latency=0.02, **more) as vendor,
        Place(tmp_path, FOOTY_STRATEGY="per-match", FOOTY_INTERVAL=60, FOOTY_RATE_LIMITS=quota) as place,
    ):
        place.ask(vendor)
        first = place.begin("--once", "--json")
        wait_until(lambda: vendor.control.stats()["requests"].get(endpoint, 0) >= kill_after)
        first.kill()
        first.communicate()

        assert place.run("--once", "--json").returncode == 0
        stats = vendor.control.stats()
        assert stats["throttled"] == {}
        assert stats["requests"][endpoint] <= CALLS
        assert stats["requests"][LIVE] == 2


def test_what_failed_and_what_the_quota_left_unasked_are_said_apart(
    crowd: RunningSimulator, tmp_path: Path
) -> None:
    with begin(crowd, tmp_path, FOOTY_RATE_LIMITS=f"{ODDS}=42/60") as trial:
        trial.inject(f"html@{ODDS}")
        cycle = trial.cycle()
        asked = {reply["uuid"] for reply in cycle.replies if reply["endpoint"] == ODDS}
        failed, unasked = cycle.problems
        assert failed.startswith(f"odds: {len(asked)} failed: the reply is not the JSON expected")
        assert unasked.startswith(f"odds: {len(cycle.records) - len(asked)} not asked for: the quota of ")
