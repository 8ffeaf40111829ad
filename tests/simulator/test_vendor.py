"""The protocol, over sockets: query modes, envelopes, errors and headers."""

import gzip
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.caller import EPOCH, Caller
from tests.support.simulators import start
from thesports_simulator.world import feeds

UNKNOWN = "000000000000000"


@contextmanager
def changed(caller: Caller, **settings: Any) -> Iterator[None]:
    before = caller.control.settings()
    caller.control.settings(**settings)
    yield
    caller.control.settings(**before)


def test_every_reply_shows_the_world_at_the_servers_time(caller: Caller) -> None:
    world = caller.simulator.world()
    for at in (EPOCH, EPOCH + 1, EPOCH + 1_800, EPOCH + 40_000):
        caller.control.set_clock(set=at + 0.9)
        live = caller.results("match/detail_live")
        assert live == [world.live_element(match_id, at) for match_id in world.live_ids(at)]
        for element in live[:8]:
            uuid = element["id"]
            row = caller.results("match/recent/list", uuid=uuid)[0]
            assert row == world.detail_row(uuid, at)
            assert caller.results("odds/history", uuid=uuid) == world.odds(uuid, at)
            assert caller.results("match/live/history", uuid=uuid) == element
            team = row["home_team_id"]
            assert caller.results("team/additional/list", uuid=team) == [world.team(team, at)]
            competition = row["competition_id"]
            expected = [world.competition(competition, at)]
            assert caller.results("competition/additional/list", uuid=competition) == expected
        assert caller.results("odds/live") == feeds.odds_live(world, at)
        assert caller.results("odds/update") == feeds.odds_update(world, at)
        assert caller.results("deleted") == feeds.deleted(world, at)
        assert caller.results("data/update") == feeds.data_update(world, at)
        assert caller.control.log()[-1]["at"] == at


def test_a_cold_round_of_49_matches_is_about_216_calls() -> None:
    with start(matches=49, odds="light") as simulator:
        caller = Caller(simulator)
        rows = [
            caller.results("match/recent/list", uuid=element["id"])[0]
            for element in caller.results("match/detail_live")
        ]
    teams = {row[side] for row in rows for side in ("home_team_id", "away_team_id")}
    competitions = {row["competition_id"] for row in rows}
    assert 205 <= 1 + 2 * len(rows) + len(teams) + len(competitions) + 1 <= 225


def test_the_uuid_mode_returns_one_row_or_none(caller: Caller) -> None:
    uuid = caller.results("match/detail_live")[0]["id"]
    body = caller.ask("match/recent/list", uuid=uuid)
    assert list(body) == ["code", "query", "results"]
    assert body["query"] == {"total": 1, "type": "uuid", "uuid": uuid}
    body = caller.ask("team/additional/list", uuid=UNKNOWN)
    assert body == {"code": 0, "query": {"total": 0, "type": "uuid", "uuid": UNKNOWN}, "results": []}


def test_objects_of_unknown_matches_are_empty(caller: Caller) -> None:
    for endpoint in ("odds/history", "match/live/history"):
        assert caller.ask(endpoint, uuid=UNKNOWN) == {"code": 0, "results": {}}


def test_the_time_mode_returns_changes_in_order(caller: Caller) -> None:
    body = caller.ask("match/recent/list", time=EPOCH - 300)
    times = [row["updated_at"] for row in body["results"]]
    assert times == sorted(times)
    assert body["query"] == {
        "total": len(times), "type": "time", "time": EPOCH - 300, "min_time": times[0], "max_time": times[-1],
    }  # fmt: skip
    nothing = caller.ask("match/recent/list", time=EPOCH + 1)["query"]
    assert nothing == {"total": 0, "type": "time", "time": EPOCH + 1, "min_time": 0, "max_time": 0}


def test_the_page_mode_ends_with_an_empty_page() -> None:
    with start(matches=200, odds="light", speed=0) as simulator:
        caller = Caller(simulator)
        totals, ids = [], set()
        for page in range(1, 5):
            body = caller.ask("team/additional/list", page=page)
            assert list(body["query"]) == ["total", "type", "page"]
            totals.append(body["query"]["total"])
            ids |= {row["id"] for row in body["results"]}
            if not totals[-1]:
                break
        assert totals == [1_000, len(ids) - 1_000, 0]
        assert (
            caller.ask("team/additional/list")["results"]
            == caller.ask("team/additional/list", page=1)["results"]
        )


def test_the_same_id_text_means_different_things_in_different_kinds(caller: Caller) -> None:
    competition = caller.results("competition/additional/list")[0]["id"]
    assert caller.results("team/additional/list", uuid=competition)
    country_ids = {country["id"] for country in caller.results("country/list")}
    assert country_ids & {category["id"] for category in caller.results("category/list")}


def test_unknown_parameters_are_ignored(caller: Caller) -> None:
    assert caller.ask("match/detail_live", uuid="x", limit=1) == caller.ask("match/detail_live")


@pytest.mark.parametrize(
    ("endpoint", "parameters"),
    [
        ("odds/history", {}),
        ("odds/history", {"uuid": ""}),
        ("match/live/history", {}),
        ("match/recent/list", {"page": "one"}),
        ("match/recent/list", {"time": "-1"}),
    ],
)
def test_a_missing_or_bad_parameter_is_code_100003(
    caller: Caller, endpoint: str, parameters: dict[str, str]
) -> None:
    assert caller.ask(endpoint, **parameters)["code"] == 100003


def test_refusals_come_with_http_200_and_the_vendors_exact_text(caller: Caller) -> None:
    wrong: dict[str, object] = {"secret": "wrong"}
    url = b'{"err":"URL is not authorized to access, please contact our business staff."}'
    account = b'{"err":"Unauthorized access, please contact our business staff."}'
    address = b'{"err":"IP is not authorized to access, please contact our business staff."}'
    refusals: list[tuple[str, dict[str, object], bytes]] = [
        ("schedules", {}, url),
        ("schedules", wrong, url),
        ("match/detail_live", wrong, account),
        ("match/detail_live", {"user": "someone"}, account),
        ("match/detail_live", {"secret": None}, account),
        ("match/detail_live", {"user": None, "secret": None}, account),
    ]
    for endpoint, parameters, expected in refusals:
        response, body = caller.raw(endpoint, parameters)
        assert (response.status, body) == (200, expected)
    with changed(caller, plan=["match/detail_live"]):
        assert caller.raw("odds/history")[1] == url
        assert caller.results("match/detail_live")
    with changed(caller, addresses=["203.0.113.10"], plan=["match/detail_live"]):
        assert caller.raw("odds/history")[1] == address
        assert caller.raw("odds/history", wrong)[1] == account
    with changed(caller, accepted=False):
        assert caller.raw("match/detail_live")[1] == account


def test_the_address_probe_needs_no_credentials(caller: Caller) -> None:
    with changed(caller, addresses=[]):
        _, body = caller.raw("/v1/ip/demo", {"user": None, "secret": None})
    assert json.loads(body) == {
        "code": 0,
        "results": {"host": "api.thesports.com", "request_ip": "127.0.0.1"},
    }


def test_calls_beyond_the_quota_are_429_in_a_200_and_counted(caller: Caller) -> None:
    with changed(caller, quota=["odds/history=3/60"]):
        bodies = [caller.ask("odds/history", uuid=UNKNOWN) for _ in range(5)]
        assert caller.results("match/detail_live")
    assert [body["code"] for body in bodies] == [0, 0, 0, 429, 429]
    assert bodies[-1]["msg"] == "Too Many Requests."
    assert caller.control.stats()["throttled"] == {"odds/history": 2}


def test_headers_are_the_vendors(caller: Caller) -> None:
    response, body = caller.raw("country/list")
    assert [name.lower() for name, _ in response.getheaders()][:4] == [
        "server", "content-type", "content-length", "via",
    ]  # fmt: skip
    assert response.getheader("Content-Type") == "application/json"
    assert response.getheader("Content-Length") == str(len(body))
    assert caller.raw("country/list", method="POST")[0].status == 405


def test_large_bodies_are_gzipped_for_clients_that_accept_it(caller: Caller) -> None:
    takes = {"Accept-Encoding": "gzip, deflate"}
    response, body = caller.raw("country/list", headers=takes)
    assert response.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(body) == caller.raw("country/list")[1]
    assert caller.raw("deleted", headers=takes)[0].getheader("Content-Encoding") is None
    with changed(caller, gzip=False):
        assert caller.raw("country/list", headers=takes)[0].getheader("Content-Encoding") is None


def test_a_connection_serves_many_requests_even_sent_at_once(caller: Caller) -> None:
    simulator = caller.simulator
    credentials = f"user={simulator.user}&secret={simulator.secret}"
    request = f"GET /v1/football/deleted?{credentials} HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((simulator.host, simulator.port)) as connection:
        connection.sendall(request.encode() * 20)
        received = b""
        while received.count(b'"code":0') < 20:
            received += connection.recv(65_536)
    stats = caller.control.stats()
    assert stats["requests"] == {"deleted": 20}
    assert stats["connections"]["accepted"] == 2


def test_nonsense_on_the_wire_is_a_400(caller: Caller) -> None:
    with socket.create_connection((caller.simulator.host, caller.simulator.port)) as connection:
        connection.sendall(b"\x00\x01 nonsense\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 400 ")


def test_replies_wait_for_the_latency_without_delaying_each_other(caller: Caller) -> None:
    with changed(caller, latency=0.2), ThreadPoolExecutor(20) as pool:
        bodies = list(pool.map(lambda _: caller.ask("deleted"), range(20)))
    assert [body["code"] for body in bodies] == [0] * 20
    stats = caller.control.stats()
    assert stats["peak_in_flight"] > 10
    assert stats["in_flight"] == 0
    assert len(stats["arrivals"]["deleted"]) == 20


def test_the_odds_feed_has_two_forms(caller: Caller) -> None:
    with changed(caller, odds_live_form="values"):
        values = caller.results("odds/live")
    assert values == feeds.odds_live(caller.simulator.world(), EPOCH, form="values")


def test_a_frozen_list_keeps_its_matches_while_they_go_on(caller: Caller) -> None:
    with changed(caller, frozen=True):
        before = caller.results("match/detail_live")
        caller.control.advance(7_000)
        after = caller.results("match/detail_live")
    assert [element["id"] for element in before] == [element["id"] for element in after]
    assert before != after
    assert [element["id"] for element in caller.results("match/detail_live")] != [e["id"] for e in before]
