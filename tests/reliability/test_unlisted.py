"""Ways of breaking a vendor that no list of faults has: none is to end a cycle, or to make up a value."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.harness import DETAIL, LIVE, ODDS, STRATEGIES, begin
from tests.support.liar import Lie, changed, lying, reply, truth
from thesports_simulator.process import RunningSimulator

BEYOND = 10**30
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def of(endpoint: str, *pieces: bytes) -> Lie:
    """Answer one endpoint with these pieces, and then with the truth where the last is empty."""

    def lie(path: str, body: bytes) -> list[bytes]:
        if not path.startswith(endpoint):
            return [reply(body)]
        return [piece or reply(body) for piece in pieces]

    return lie


@pytest.mark.parametrize(
    "status", ["102 Processing", "103 Early Hints", "204 No Content", "304 Not Modified"]
)
def test_a_reply_that_comes_behind_one_without_a_body_is_not_taken_for_the_next_calls(
    vendor: RunningSimulator, tmp_path: Path, status: str
) -> None:
    """A history of odds does not say whose it is, so a connection that is one reply behind tells lies."""
    with (
        lying(vendor) as liar,
        begin(
            vendor, tmp_path, strategy="per-match", FOOTY_BASE_URL=liar.base_url, FOOTY_WORKERS="2"
        ) as trial,
    ):
        liar.lie = of(ODDS, f"HTTP/1.1 {status}\r\n\r\n".encode(), b"")
        assert trial.cycle().complaints(None) == []
        liar.lie = of(ODDS, b"")
        cycle = trial.cycle()
        assert (cycle.complaints(None), cycle.complete) == ([], True)


@pytest.mark.parametrize("size", [b"-5", b"-FFFFFFFFFFFFFFFFFFFF", b"", b"ten"])
def test_a_chunk_of_an_impossible_size_is_a_broken_reply(
    vendor: RunningSimulator, tmp_path: Path, size: bytes
) -> None:
    with lying(vendor) as liar, begin(vendor, tmp_path, FOOTY_BASE_URL=liar.base_url) as trial:
        well = trial.cycle()
        liar.lie = of("", CHUNKED + size + b"\r\nabc\r\n0\r\n\r\n")
        trial.wait(2)
        cycle = trial.cycle()
        assert cycle.complaints(well) == []
        assert cycle.outcome.error is not None
        assert "the connection broke" in str(cycle.outcome.error)


def _of_live(elements: Any) -> None:
    for element in elements:
        element["score"][2][0] = element["score"][4] = BEYOND


def _of_detail(rows: Any) -> None:
    for row in rows:
        row["updated_at"] = row["match_time"] = row["round"]["round_num"] = BEYOND


def _of_odds(history: Any) -> None:
    for markets in history.values():
        for rows in markets.values():
            rows[0][0] = BEYOND


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "lie",
    [
        changed(LIVE, _of_live),
        changed(DETAIL, _of_detail),
        changed(ODDS, _of_odds),
    ],
    ids=["live", "detail", "odds"],
)
def test_numbers_that_no_reader_could_hold_keep_no_state_from_being_saved(
    vendor: RunningSimulator, tmp_path: Path, lie: Lie, strategy: str
) -> None:
    with (
        lying(vendor) as liar,
        begin(vendor, tmp_path, strategy=strategy, FOOTY_BASE_URL=liar.base_url) as trial,
    ):
        liar.lie = lie
        cycle = trial.cycle()
        assert len(cycle.records) == 8
        trial.app.checkpoint.save(trial.state, at_once=True)
        assert trial.app.checkpoint.load().matches.keys() == cycle.records.keys()


def _years_ahead(changes: Any) -> None:
    for bookmaker in changes.values():
        for change in bookmaker:
            change[2][0] *= 1000


def test_a_price_of_the_far_future_hides_no_price_that_comes_after_it(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with lying(vendor) as liar, begin(vendor, tmp_path, FOOTY_BASE_URL=liar.base_url) as trial:
        trial.cycle()
        liar.lie = changed("odds/live", _years_ahead)
        trial.wait(20)
        assert trial.cycle().complaints(trial.cycles[0]) == []
        liar.lie = truth
        trial.wait(20)
        assert trial.cycle().complaints(trial.cycles[1]) == []


def _as_it_was(rows: Any) -> None:
    for row in rows:
        row["updated_at"] -= 3600
        row["match_time"] -= 3600


def test_a_feed_of_details_that_lags_behind_takes_nothing_back(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with lying(vendor) as liar, begin(vendor, tmp_path, FOOTY_BASE_URL=liar.base_url) as trial:
        trial.cycle()
        liar.lie = changed(f"{DETAIL}?time=", _as_it_was)
        trial.wait(60)
        cycle = trial.cycle()
        assert any(reply["endpoint"] == DETAIL and not reply["uuid"] for reply in cycle.replies)
        assert cycle.complaints(trial.cycles[0]) == []


def test_matches_that_are_listed_and_deleted_at_once_are_left_out_and_that_is_said(
    vendor: RunningSimulator, tmp_path: Path
) -> None:
    with lying(vendor) as liar, begin(vendor, tmp_path, FOOTY_BASE_URL=liar.base_url) as trial:
        listed = sorted(trial.cycle().records)
        liar.lie = of("deleted", reply(json.dumps({"code": 0, "results": {"match": listed[:3]}}).encode()))
        trial.wait(300)
        cycle = trial.cycle()
        assert not set(listed[:3]) & cycle.records.keys()
        still = len(set(listed[:3]) & set(trial.world.live_ids(int(time.time()))))
        assert f"live matches: {still} left out: the vendor lists them, but as deleted too" in cycle.problems
