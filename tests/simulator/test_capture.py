"""A capture is repeated with its times moved to now; the simulated world has exactly its format."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.caller import EPOCH, Caller
from tests.support.simulators import start
from thesports_simulator.capture import CaptureError, CaptureSource
from thesports_simulator.world.world import World, WorldOptions


def recorded(capture: Path, name: str) -> Any:
    path = capture / f"{name}.json"
    return json.loads(
        path.read_bytes() if path.exists() else gzip.decompress((capture / f"{name}.json.gz").read_bytes())
    )


def moved(value: Any, seconds: int) -> Any:
    """Return the value with every unix time in it moved."""
    if isinstance(value, dict):
        return {key: moved(inner, seconds) for key, inner in value.items()}
    if isinstance(value, list):
        return [moved(inner, seconds) for inner in value]
    return value + seconds if isinstance(value, int) and 10**9 < value < 2 * 10**9 else value


def test_recorded_replies_are_repeated_with_their_times_moved(capture: Path) -> None:
    with start(capture=capture) as simulator:
        caller = Caller(simulator)
        clock = caller.control.clock()
        by = clock["epoch"] - clock["capture_moment"]
        assert caller.ask("match/detail_live") == moved(recorded(capture, "match_detail_live"), by)
        assert caller.ask("country/list") == moved(recorded(capture, "country_list"), by)
        assert len(caller.results("category/list")) == 6
        for endpoint in (
            "match/recent/list",
            "team/additional/list",
            "competition/additional/list",
            "odds/history",
        ):
            replies = recorded(capture, endpoint.replace("/", "_"))
            for uuid, reply in replies.items():
                assert caller.ask(endpoint, uuid=uuid) == moved(reply, by)
            assert caller.ask(endpoint, uuid="000000000000000")["results"] in ([], {})
        rows = caller.results("match/recent/list", time=clock["epoch"] - 300)
        assert all(row["updated_at"] >= clock["epoch"] - 300 for row in rows)
        assert len(caller.results("match/recent/list")) == 30
        for feed in ("odds/live", "odds/update", "deleted", "data/update"):
            assert not caller.results(feed)


def test_the_moment_of_a_capture_is_the_last_thing_that_happened_in_it(capture: Path) -> None:
    source = CaptureSource(capture, now=EPOCH)
    rows = json.loads(source.live_list(EPOCH))
    details = [json.loads(source.row("match", row["id"], EPOCH) or b"") for row in rows]
    latest = max(detail["updated_at"] for detail in details)
    assert EPOCH - 3_600 < latest <= EPOCH


def test_a_folder_that_is_no_capture_is_named(tmp_path: Path, capture: Path) -> None:
    with pytest.raises(CaptureError, match="match_detail_live"):
        CaptureSource(tmp_path, now=EPOCH)
    shutil.copy(capture / "match_detail_live.json", tmp_path)
    with pytest.raises(CaptureError, match="match_recent_list"):
        CaptureSource(tmp_path, now=EPOCH)


def form(value: Any) -> Any:
    """Return the keys in order and the JSON types of a value, without its content."""
    if isinstance(value, dict):
        return {key: form(inner) for key, inner in value.items()}
    return type(value).__name__


def forms(rows: list[dict[str, Any]]) -> set[str]:
    return {json.dumps(form(row)) for row in rows}


def world() -> World:
    return World(WorldOptions(epoch=EPOCH, matches=200, odds="light"))


def in_order(keys: list[str], order: list[str]) -> bool:
    return [key for key in order if key in keys] == keys


def test_live_elements_have_the_recorded_keys_order_and_types(capture: Path) -> None:
    here, theirs = world(), recorded(capture, "match_detail_live")["results"]
    ours = [
        here.live_element(i, at) or {} for at in range(EPOCH, EPOCH + 9_000, 900) for i in here.live_ids(at)
    ]
    assert forms(ours) == forms(theirs)
    assert {json.dumps([form(v) for v in e["score"]]) for e in ours} == {
        json.dumps([form(v) for v in e["score"]]) for e in theirs
    }
    assert {len(e["score"][side]) for e in ours for side in (2, 3)} == {7}
    assert {len(e["stats"]) for e in ours} == {len(e["stats"]) for e in theirs} == {0, 9}
    assert forms([row for e in ours for row in e["stats"]]) == forms(
        [row for e in theirs for row in e["stats"]]
    )
    assert all(e["score"][0] == e["id"] and e["score"][5] == "" for e in ours)


def test_incidents_have_the_recorded_keys_in_the_recorded_order(capture: Path) -> None:
    here, theirs = world(), recorded(capture, "match_detail_live")["results"]
    order = [
        "type", "position", "time", "second", "add_time", "player_id", "player_name",
        "assist1_id", "assist1_name", "assist2_id", "assist2_name", "home_score", "away_score",
        "in_player_id", "in_player_name", "out_player_id", "out_player_name",
        "var_reason", "var_result", "reason_type",
    ]  # fmt: skip
    listed = [incident for element in theirs for incident in element["incidents"]]
    ours = [
        incident
        for at in range(EPOCH, EPOCH + 9_000, 1_800)
        for match_id in here.live_ids(at)
        for incident in (here.live_element(match_id, at) or {})["incidents"]
    ]
    assert all(in_order(list(incident), order) for incident in listed)
    assert all(in_order(list(incident), order) for incident in ours)
    types = {key: type(value) for incident in listed for key, value in incident.items()}
    assert all(
        type(value) is types.get(key, type(value)) for incident in ours for key, value in incident.items()
    )
    assert {incident["type"] for incident in listed} <= {incident["type"] for incident in ours} | {27}


def test_detail_rows_have_the_recorded_keys_order_and_types(capture: Path) -> None:
    here = world()
    theirs = [reply["results"][0] for reply in recorded(capture, "match_recent_list").values()]
    ours = [
        here.detail_row(i, at) or {} for at in range(EPOCH, EPOCH + 12_000, 900) for i in here.live_ids(at)
    ]
    order = [
        "id", "season_id", "competition_id", "home_team_id", "away_team_id", "status_id", "match_time",
        "venue_id", "referee_id", "neutral", "note", "home_scores", "away_scores", "home_position",
        "away_position", "coverage", "round", "related_id", "agg_score", "environment", "has_ot", "ended",
        "updated_at",
    ]  # fmt: skip
    optional = {"related_id", "agg_score", "environment", "has_ot", "ended"}
    for row in (*theirs, *ours):
        assert in_order(list(row), order)
        assert set(order) - set(row) <= optional
    types = {key: json.dumps(form(value)) for row in theirs for key, value in row.items()}
    assert {key: json.dumps(form(value)) for row in ours for key, value in row.items()} == types


@pytest.mark.parametrize("kind", ["team", "competition"])
def test_team_and_competition_rows_have_the_recorded_keys_order_and_types(capture: Path, kind: Any) -> None:
    theirs = [reply["results"][0] for reply in recorded(capture, f"{kind}_additional_list").values()]
    ours = world().page(kind, 1, EPOCH, size=1_000)
    for rows in (theirs, ours):
        for row in rows:
            row["host"] = {}  # its city may be missing
    assert forms(ours) == forms(theirs)


def test_countries_have_the_recorded_keys_order_and_types(capture: Path) -> None:
    assert forms(world().countries()) == forms(recorded(capture, "country_list")["results"])


def test_odds_have_the_recorded_markets_and_types(capture: Path) -> None:
    here = World(WorldOptions(epoch=EPOCH, matches=30))
    theirs = [reply["results"] for reply in recorded(capture, "odds_history").values()]
    ours = [here.odds(match_id, EPOCH) for match_id in here.live_ids(EPOCH)]

    def seen(odds: list[dict[str, Any]]) -> set[str]:
        return {
            f"{market}: {[type(value).__name__ for value in row]}"
            for match in odds
            for offered in match.values()
            for market, rows in offered.items()
            for row in rows
        }

    assert seen(ours) == seen(theirs)
    assert {} in ours
    assert {} in theirs


def test_bodies_are_written_as_compactly_as_the_recorded_ones(capture: Path) -> None:
    with start(matches=10, odds="light") as simulator:
        _, ours = Caller(simulator).raw("match/detail_live")
    for body in (ours, (capture / "match_detail_live.json").read_bytes()):
        assert body.startswith(b'{"code":0,"results":[{"id":"')
        assert (
            body.rstrip() == json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
        )


def test_errors_are_the_recorded_ones(capture: Path) -> None:
    with start(matches=1, odds="light", quota=["deleted=0/60"]) as simulator:
        caller = Caller(simulator)
        bodies = {
            "error_unauthorized_access": caller.raw("deleted", {"secret": "wrong"})[1],
            "error_url_not_authorized": caller.raw("schedules")[1],
            "error_429_as_documented": caller.raw("deleted")[1],
        }
        caller.control.settings(addresses=[])
        bodies["error_ip_not_authorized"] = caller.raw("deleted")[1]
    for name, body in bodies.items():
        assert body == (capture / "errors" / f"{name}.json").read_bytes().strip()
