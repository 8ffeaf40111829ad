"""Five minutes of the vendor's time without a list, over real sockets, while push goes on.

The vendor's clock runs many times as fast as ours, and its messages come late, twice, edited, or not at all.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from footy.events.types import Score
from footy.history.sqlite_log import opened_for_reading
from tests.support.broker import RunningBroker
from tests.support.oracle import scores
from tests.support.place import SECRET, Place, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

SPEED = 30
OUTAGE_S = 300
OLDEST_S = 240
"""How old what a list shows may be by the vendor's clock: the interval, and a cycle of a busy machine."""
FAULTS = [f"--push-fault={kind}:{rate}" for kind, rate in (("twice", 0.1), ("late", 0.1), ("gap", 0.02))]


class Change(msgspec.Struct):
    match_id: str
    after: Score


def records(place: Place) -> dict[str, dict[str, Any]]:
    return {one["match_id"]: one for one in json.loads(place.files.matches.read_bytes())["matches"]}


def changes(place: Place) -> list[Change]:
    """Return every change of a score in the log, in order."""
    log = opened_for_reading(place.files.events)
    types = ("goal", "goal_cancelled", "score_corrected")
    found = [msgspec.json.decode(one.data, type=Change) for one in log.read(0, 10_000, types=types)]
    log.close()
    return found


class Truth:
    """The scores that the world had in a span of seconds."""

    def __init__(self, vendor: RunningSimulator) -> None:
        self._vendor = vendor
        self._world = vendor.world()

    def now(self) -> int:
        return int(self._vendor.control.clock()["now"])

    def scores_of(self, match_id: str, first: int, last: int) -> set[tuple[int, int]]:
        elements = (self._world.live_element(match_id, at) for at in range(first, last + 1))
        found = (scores(one) for one in elements if one is not None)
        return {(one["home_score"], one["away_score"]) for one in found}


def score_of(record: Mapping[str, Any]) -> tuple[int, int]:
    return record["home_score"], record["away_score"]


def test_what_is_pushed_is_right_and_no_goal_is_invented_or_lost(tmp_path: Path) -> None:
    with (
        RunningBroker(tmp_path / "broker", secret=SECRET) as broker,
        start(
            matches=60, odds="light", secret=SECRET, speed=SPEED, options=[f"--mqtt={broker.url}", *FAULTS]
        ) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2, FOOTY_PUSH="on", FOOTY_PUSH_URL=broker.ws_url) as place,
    ):
        place.ask(vendor)
        service = place.begin_service()
        wait_until(lambda: "push" in {one["live_source"] for one in records(place).values()})
        truth = Truth(vendor)
        listed = truth.now()
        vendor.control.set_faults("http500")
        wait_until(lambda: json.loads(place.files.heartbeat.read_bytes())["last_error"])
        began, before = truth.now(), len(changes(place))
        wait_until(lambda: truth.now() >= began + OUTAGE_S)
        pushed = {key: one for key, one in records(place).items() if one["live_source"] == "push"}
        ended, during = truth.now(), changes(place)[before:]
        vendor.control.clear_faults()
        vendor.control.set_clock(speed=0)  # from now on nothing changes any more
        wait_until(lambda: {one["live_source"] for one in records(place).values()} <= {"fresh", "push"})
        known = json.loads(place.files.heartbeat.read_bytes())["cycle"]
        wait_until(lambda: json.loads(place.files.heartbeat.read_bytes())["cycle"] >= known + 3)
        at, after, whole = truth.now(), records(place), changes(place)
        service.terminate()
        service.wait()
    assert len(pushed) > 5
    assert len(during) > 2
    for match_id, record in pushed.items():
        assert score_of(record) in truth.scores_of(match_id, listed - OLDEST_S, ended)
    for match_id, record in after.items():
        if record["in_play"]:
            assert score_of(record) in truth.scores_of(match_id, at - OLDEST_S, at + OLDEST_S)
    newest = {one.match_id: one.after for one in whole}
    for change in whole[before:]:  # nothing is invented
        said = (change.after.home, change.after.away)
        assert said in truth.scores_of(change.match_id, listed - OLDEST_S, at + OLDEST_S)
    for match_id, score in newest.items():  # and nothing is lost
        if match_id in after:
            assert score_of(after[match_id]) == (score.home, score.away)
