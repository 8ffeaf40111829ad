"""The API over real sockets: matches, events, streams, how the instance is."""

import gzip
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from footy.events.types import Score
from footy.history import Commit
from footy.history.log import Position
from footy.web.openapi import ROUTES
from footy.web.streams import QUEUE, Count, Hub, message
from tests.support.web import Stage, match


def types(reply: Any) -> list[str]:
    return [event["type"] for event in reply["events"]]


# --- matches


def test_all_matches_are_bytes_made_once_with_a_tag(stage: Stage) -> None:
    stage.cycle([match(1), match(2)])

    plain = stage.get("/api/matches")
    zipped = stage.get("/api/matches", Accept_Encoding="br, gzip;q=0.5")
    again = stage.get("/api/matches", If_None_Match=plain.headers["etag"])

    assert [one["match_id"] for one in plain.json["matches"]] == ["m00001", "m00002"]
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert (again.status, again.body) == (304, b"")
    assert stage.ask("HEAD", "/api/matches").headers["content-length"] == str(len(plain.body))

    stage.cycle([match(1)])
    assert stage.get("/api/matches", If_None_Match=plain.headers["etag"]).status == 200


def test_matches_are_filtered_and_reduced_to_fields(stage: Stage) -> None:
    stage.cycle([match(1, status_id=3), match(2, status_id=8), match(3, country="Wales", competition="Cup")])

    def ids(query: str) -> list[str]:
        return [one["match_id"] for one in stage.get(f"/api/matches?{query}").json["matches"]]

    assert ids("in_play=true") == ["m00001", "m00003"]
    assert ids("status=3,8") == ["m00001", "m00002"]
    assert ids("country=wales&competition=cup") == ["m00003"]
    assert ids("competition=JEDNM9WHZ0RYOX8") == ["m00001", "m00002", "m00003"]
    reduced = stage.get("/api/matches?in_play=true&fields=home,clock")
    assert reduced.json["matches"][0] == {"home": "Home 1", "clock": "67'"}
    assert stage.get("/api/matches/m00003?fields=away").json == {"away": "Away 3"}
    assert stage.get("/api/matches/m00003").json["home"] == "Home 3"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/matches?fields=home,nonsense", "'nonsense' is not a field"),
        ("/api/matches?field=home", "Unknown parameter 'field'; known ones are competition"),
        ("/api/matches?fields=home&fields=away", "given once"),
        ("/api/matches?in_play=yes", "true or false"),
        ("/api/matches?status=-1", "whole numbers"),
        ("/api/events?after=12", "takes a position"),
        ("/api/events?types=gaol", "There is no type of event 'gaol'"),
        ("/api/events?limit=0", "whole numbers from 1 to 1000"),
        ("/api/events?since=yesterday", "a time in UTC"),
        ("/api/events?match=%2e%2e/", "the id of a match"),
        ("/api/live?x=1", "Unknown parameter"),
        ("/api/alerts?rule=Early%20goals", "the name of a rule"),
        ("/api/alerts?limit=1001", "whole numbers from 1 to 1000"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(shared: Stage, path: str, words: str) -> None:
    reply = shared.get(path)
    assert (reply.status, words in reply.json["error"]) == (400, True), reply.body


def test_before_the_first_snapshot_and_for_what_is_not_there(stage: Stage) -> None:
    assert stage.get("/api/matches").status == 503
    stage.cycle([match()])
    assert stage.get("/api/matches/other").status == 404
    assert stage.get("/nothing").json == {"error": "There is nothing at this path."}
    assert set(stage.ask("DELETE", "/api/matches").headers["allow"].split(", ")) == {"GET", "HEAD"}


# --- the page's stream


def test_the_page_gets_everything_once_and_then_what_changes(stage: Stage) -> None:
    stage.cycle([match(1), match(2)])
    with stage.stream("/api/live") as stream:
        first = stream.until("all").data
        assert [row[0] for row in first["matches"]] == ["m00001", "m00002"]
        assert stream.until("tick").data["now"].endswith("Z")

        stage.cycle([match(1, clock="68'"), match(3)])
        changed, version = {}, first["version"]
        while "m00001" not in changed:
            said = stream.until("changes").data
            assert said["after"] == version, "changes follow each other"
            version = said["version"]
            changed = said.get("changed", {})

        assert changed["m00001"]["clock"] == "68'"
        assert said["gone"] == ["m00002"]
        assert [row[0] for row in said["added"]] == ["m00003"]
        assert stream.headers["x-accel-buffering"] == "no"
    assert stage.get("/api/live").json["columns"] == first["columns"]


def test_a_goal_is_marked_from_the_log_and_a_cancelled_one_stays(stage: Stage) -> None:
    stage.cycle([match(1)])
    stage.cycle([match(1, home_score=2)])

    def goals() -> Any:
        return stage.get("/api/live").json["matches"][0][-1]

    stage.until(goals)
    [goal] = goals()
    assert (goal["side"], goal["score"], goal["cancelled_at"]) == ("home", {"home": 2, "away": 0}, None)

    scored = {"type_id": 1, "side": "home", "minute": 67, "player": "Jo Doe", "player_id": "p"}
    scored |= {"home_score": 2, "away_score": 0}
    empty = dict.fromkeys(stage.get("/api/schema").json["record"]["IncidentRecord"]["properties"])
    stage.cycle([match(1, home_score=2, incidents=[empty | scored])])
    stage.until(lambda: goals()[0]["player"] == "Jo Doe")

    for seconds in (3, 6):  # two lists confirm a cancellation
        record = match(1)
        assert stage.log is not None
        at = time.time() + seconds
        found = stage.detector.detect([record], at, listed={"m00001"})
        stage.log.append(Commit(at=at, states=found.changed, events=found.events))
        stage.detector.commit(found)
    stage.until(lambda: goals()[0]["cancelled_at"])
    assert stage.get("/api/live").json["latest"][0]["type"] == "goal_cancelled"


def test_without_a_log_there_are_no_marks_and_no_events(tmp_path: Path) -> None:
    stage = Stage(tmp_path, log=False)
    try:
        stage.cycle([match(1)])
        stage.cycle([match(1, home_score=2)])
        assert stage.get("/api/live").json["matches"][0][-1] is None
        assert stage.get("/api/events").status == 503
        assert stage.get("/api/alerts").status == 503
        assert stage.get("/api/status").json["events"] is False
    finally:
        stage.close()


# --- events


def test_events_are_read_by_position_type_and_match(stage: Stage) -> None:
    stage.cycle([match(1), match(2)])
    stage.cycle([match(1, home_score=2), match(2, status_id=8, clock="FT")])

    everything = stage.get("/api/events").json
    assert types(everything) == ["footy.match_seen"] * 2 + ["footy.goal", "footy.full_time"]
    assert everything["position"] == everything["newest"]
    first = stage.get("/api/events?limit=2").json
    assert types(stage.get(f"/api/events?after={first['position']}").json) == [
        "footy.goal",
        "footy.full_time",
    ]
    assert types(stage.get("/api/events?types=goal,footy.full_time&match=m00002").json) == ["footy.full_time"]
    assert types(stage.get("/api/events?since=2030-01-01T00:00:00Z").json) == []
    assert types(stage.get("/api/events?after=newest").json) == []
    [goal] = stage.get("/api/events?types=goal").json["events"]
    assert (goal["specversion"], goal["subject"], goal["data"]["after"]) == (
        "1.0",
        "m00001",
        {"home": 2, "away": 0},
    )


def test_a_stream_of_events_goes_on_where_the_reader_was(stage: Stage) -> None:
    stage.cycle([match(1)])
    with stage.stream("/api/events?types=goal") as stream:
        stage.until(lambda: len(stage.server.live.events))
        stage.cycle([match(1, home_score=2)])
        first = stream.next()
        assert first.data["type"] == "footy.goal"

    stage.cycle([match(1, home_score=3)])
    with stage.stream("/api/events?types=goal&after=start", Last_Event_ID=first.identifier) as stream:
        missed = stream.next()
        assert missed.data["data"]["after"] == {"home": 3, "away": 0}
        stage.until(lambda: len(stage.server.live.events))
        stage.cycle([match(1, home_score=4)])
        assert stream.next().data["data"]["after"] == {"home": 4, "away": 0}
    with stage.stream("/api/events?after=start") as stream:
        assert [stream.next().data["type"] for _ in range(4)] == ["footy.match_seen", *["footy.goal"] * 3]


@pytest.mark.parametrize("how", ["another epoch", "beyond the newest", "older than the oldest"])
def test_a_position_that_is_not_in_the_log_gets_one_gap(stage: Stage, how: str) -> None:
    stage.cycle([match(1)])
    stage.cycle([match(1, home_score=2)])
    assert stage.log is not None
    epoch = stage.log.extent().epoch
    position = {
        "another epoch": Position("00000000" if epoch != "00000000" else "00000001", 1),
        "beyond the newest": Position(epoch, 99),
        "older than the oldest": Position(epoch, 0),
    }[how]
    if how == "older than the oldest":
        stage.log._connection.execute("DELETE FROM event WHERE seq = 1")
        stage.log._connection.execute("UPDATE meta SET value = 1 WHERE key = 'complete_after'")

    reply = stage.get(f"/api/events?after={position}").json
    with stage.stream("/api/events", Last_Event_ID=str(position)) as stream:
        streamed = [stream.next().data for _ in reply["events"]]

    kept = ["footy.goal"] if how == "older than the oldest" else ["footy.match_seen", "footy.goal"]
    assert types(reply) == ["footy.gap", *kept]
    assert reply["gap"] is True
    assert [one["type"] for one in streamed] == types(reply)
    assert reply["events"][0]["data"]["last"].startswith(epoch)


def test_a_log_that_comes_later_or_is_replaced_is_followed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, log=False)
    try:
        assert stage.get("/api/events").status == 503
        other = tmp_path / "other"
        other.mkdir()
        for number in (1, 2):
            made = Stage(other, log=True)
            made.cycle([match(number)])
            made.close()
            for file in other.glob("footy.db*"):
                file.replace(tmp_path / file.name)
            stage.until(lambda n=number: _subjects(stage) == [f"m0000{n}"])
    finally:
        stage.close()


def _subjects(stage: Stage) -> list[str] | None:
    reply = stage.get("/api/events")
    return [event["subject"] for event in reply.json["events"]] if reply.status == 200 else None


# --- readers that do not keep up


def test_a_reader_that_takes_nothing_is_closed_and_holds_up_nobody(stage: Stage) -> None:
    stage.cycle([match()])
    stuck = socket.create_connection(("127.0.0.1", stage.port), timeout=5)
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.sendall(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    stage.until(lambda: len(stage.server.live.page) == 1)
    with stage.stream("/api/live") as stream:
        stage.until(lambda: len(stage.server.live.page) == 2)
        large = message(json.dumps({"x": "x" * 1_000_000}).encode(), event="large")
        while len(stage.server.live.page) == 2:
            stage.on_loop(lambda: stage.server.live.page.publish(large))
            stream.until("large")
    stuck.close()


def test_a_hub_closes_a_reader_with_a_full_queue_and_counts_all_streams() -> None:
    aborted = []
    hub = Hub(count := Count(1))
    reader = hub.reader(lambda: aborted.append(True), None)
    assert reader is not None
    assert hub.reader(lambda: None, None) is None, "there is room for one"
    hub.join(reader)
    for _ in range(QUEUE):
        hub.publish(b"data")
    assert (reader.closed, aborted) == (False, [])
    hub.publish(b"one too many")
    assert (reader.closed, aborted) == (True, [True])
    hub.leave(reader)
    hub.leave(reader)
    assert count.left == 1


# --- alerts


def test_alerts_come_with_their_outcomes_and_what_became_of_them_by_rule(stage: Stage) -> None:
    one, other = match(1), match(2)
    stage.cycle([one, other])
    assert stage.get("/api/alerts").json["alerts"] == []
    assert stage.get("/api/status").json["alerts"] is None

    stage.alert(one, "early-goals", text="Over 2.5", price=2.0)
    stage.alert(other, "early-goals", price=1.5)
    third = stage.alert(other, "late-draw", price=None)
    stage.settle(one, "early-goals", outcome="won", price=2.0, score=Score(3, 0))
    stage.settle(other, "early-goals", outcome="lost", price=1.5)

    reply = stage.get("/api/alerts").json
    assert [(one["id"], one["outcome"]) for one in reply["alerts"]] == [
        (third, None),
        ("m00002:alert:early-goals:1", "lost"),
        ("m00001:alert:early-goals:1", "won"),
    ]
    oldest = reply["alerts"][-1]
    assert (oldest["text"], oldest["score"], oldest["final"]) == (
        "Over 2.5",
        {"home": 1, "away": 0},
        {"home": 3, "away": 0},
    )
    rule = reply["rules"][0]
    assert (rule["rule"], rule["alerts"], rule["won"], rule["lost"], rule["rate"]) == (
        "early-goals", 2, 1, 1, 0.5,
    )  # fmt: skip
    assert rule["gain"] == 0.0
    assert reply["complete"]
    assert [one["rule"] for one in stage.get("/api/alerts?rule=late-draw").json["rules"]] == ["late-draw"]
    of_match = stage.get("/api/alerts?match=m00002&limit=1").json
    assert [one["rule"] for one in of_match["alerts"]] == ["late-draw"]
    assert sum(one["alerts"] for one in of_match["rules"]) == 2, "the limit is not one of the outcomes"
    assert stage.get("/api/status").json["alerts"] == reply["position"]


def test_a_row_is_marked_with_its_alerts_and_keeps_the_mark_of_one_that_is_over(stage: Stage) -> None:
    stage.cycle([match(1)])
    stage.alert(match(1), "early-goals")
    stage.settle(match(1), "early-goals", outcome="void")
    stage.settle(match(1), "of-another-log", outcome="won")

    def marks() -> Any:
        return stage.get("/api/live").json["matches"][0][-2]

    stage.until(lambda: marks() and marks()[0]["outcome"])
    [mark] = marks()
    assert (mark["rule"], mark["outcome"]) == ("early-goals", "void")
    stage.stop()
    stage.start()
    stage.cycle([match(1)])
    stage.until(lambda: marks() == [mark])


def test_an_alert_of_a_newer_version_costs_only_itself(stage: Stage) -> None:
    stage.cycle([match(1)])
    stage.alert(match(1), "early-goals")
    stage.alert(match(1), "early-goals", 2, text=["a list"])
    assert [one["id"] for one in stage.get("/api/alerts").json["alerts"]] == ["m00001:alert:early-goals:1"]


# --- how it is


def test_health_says_nothing_and_status_says_all(tmp_path: Path) -> None:
    from footy.web.instance import Judged

    stale = Judged(well=False, line="Pipeline is stale: no answer")
    stage = Stage(tmp_path, cycles=lambda: stale, ready=lambda: stale, quota_left=lambda: {"odds/history": 7})
    try:
        assert (stage.get("/healthz").status, stage.get("/healthz").json) == (503, {"well": False})
        assert stage.get("/readyz").json == {"well": False, "health": stale.line}
        stage.heartbeat("live list unavailable", indicators={"cycle": "critical: 50 s"})
        stage.until(lambda: stage.get("/api/status").json["last_error"])
        said = stage.get("/api/status").json
        assert (said["last_error"], said["quota_left"]) == ("live list unavailable", {"odds/history": 7})
        assert said["indicators"] == {"cycle": "critical: 50 s"}
    finally:
        stage.close()


def test_metrics_are_what_the_process_counts(tmp_path: Path, stage: Stage) -> None:
    assert stage.get("/metrics").status == 404
    folder = tmp_path / "counting"
    folder.mkdir()
    counting = Stage(folder, metrics=lambda: (b"footy_up 1\n", "text/plain; version=0.0.4"))
    try:
        assert counting.get("/metrics").body == b"footy_up 1\n"
    finally:
        counting.close()


def test_schemas_and_the_document_are_there(stage: Stage) -> None:
    document = stage.get("/openapi.json").json
    assert set(document["paths"]) == {route.path for route in ROUTES}
    assert "goal" in stage.get("/api/schema").json["events"]


def test_a_data_folder_of_another_process_is_watched(tmp_path: Path) -> None:
    stage = Stage(tmp_path, watches_snapshot=True)
    try:
        record = {"meta": {**_meta()}, "matches": [match(7)]}
        (tmp_path / "new").write_text(json.dumps(record))
        (tmp_path / "new").replace(tmp_path / "matches.json")
        stage.until(lambda: stage.get("/api/matches/m00007").status == 200)
    finally:
        stage.close()


def _meta() -> dict[str, Any]:
    from tests.outputs.console.samples import snapshot

    return dict(snapshot()["meta"])
