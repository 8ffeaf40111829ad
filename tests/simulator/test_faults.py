"""Every fault has its effect, at its rate and on its endpoint, and the log records it."""

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.support.caller import EPOCH, Caller, eventually
from tests.support.simulators import start
from thesports_simulator.faults import CATALOGUE, FaultError, parse_fault
from thesports_simulator.process import SimulatorError

LIVE = "match/detail_live"
TAKES_GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def faulty(caller: Caller) -> Any:
    """Return a function that switches faults on and requests the live list."""

    def ask(*faults: str, endpoint: str = LIVE, **parameters: object) -> Any:
        caller.control.set_faults(*faults)
        return caller.ask(endpoint, **parameters)

    return ask


@pytest.fixture
def raw(caller: Caller) -> Any:
    """Return a function that switches a fault on and returns the live list's response and body."""

    def ask(fault: str, headers: dict[str, str] | None = None) -> Any:
        caller.control.set_faults(fault)
        return caller.raw(LIVE, headers=headers)

    return ask


@pytest.fixture
def wire(caller: Caller) -> Iterator[Any]:
    """Yield a function that switches a fault on and requests the live list on a bare socket."""
    sockets = []

    def ask(fault: str) -> socket.socket:
        caller.control.set_faults(fault)
        simulator = caller.simulator
        connection = socket.create_connection((simulator.host, simulator.port), timeout=10)
        sockets.append(connection)
        query = f"user={simulator.user}&secret={simulator.secret}"
        connection.sendall(f"GET /v1/football/{LIVE}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return connection

    yield ask
    for connection in sockets:
        connection.close()


def good(caller: Caller) -> Any:
    caller.control.clear_faults()
    return caller.ask(LIVE)


def received(connection: socket.socket) -> bytes:
    """Return all bytes until the connection ends."""
    got = b""
    while data := connection.recv(65_536):
        got += data
    return got


@pytest.mark.parametrize(
    ("text", "name", "argument", "rate", "count", "endpoint"),
    [
        ("hang", "hang", "", 1.0, None, "*"),
        ("drip", "drip", "0.1", 1.0, None, "*"),
        ("http503:0.1@odds/history", "http503", "", 0.1, None, "odds/history"),
        ("http503=5", "http503", "5", 1.0, None, "*"),
        ("slow=2.5:0.25x3@match/detail_live", "slow", "2.5", 0.25, 3, LIVE),
        ("drip@*", "drip", "0.1", 1.0, None, "*"),
        ("redirect=http://a.example:8080/x:0.5", "redirect", "http://a.example:8080/x", 0.5, None, "*"),
        ("reset_beforex2", "reset_before", "", 1.0, 2, "*"),
    ],
)
def test_a_fault_is_parsed_from_one_text(
    text: str, name: str, argument: str, rate: float, count: int | None, endpoint: str
) -> None:
    fault = parse_fault(text)
    assert (fault.name, fault.argument, fault.rate, fault.left, fault.endpoint) == (
        name, argument, rate, count, endpoint,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *("", "nothing", "http503:2", "slow=soon", "slow=nan", "hang=3", "http503:x", "http503:1.2.3"),
        *(":0.1", "hang@", "hang@odds/histroy", "empty_list@odds/histroy"),
    ],
)
def test_an_invalid_fault_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        parse_fault(text)


def test_an_unknown_fault_stops_the_start_and_leaves_the_active_faults(caller: Caller) -> None:
    with (
        pytest.raises(SimulatorError, match="there is no fault 'nothing'"),
        start(matches=1, faults=["nothing"]),
    ):
        pass
    caller.control.set_faults("html")
    with pytest.raises(SimulatorError, match="there is no fault"):
        caller.control.set_faults("empty", "nothing")
    assert caller.control.faults() == [{"fault": "html", "left": None}]


def test_rate_count_and_endpoint_limit_a_fault(caller: Caller) -> None:
    caller.control.set_faults("body429:0.3@deleted", "html@data/update", "emptyx2@odds/update")
    codes = [caller.ask("deleted")["code"] for _ in range(200)]
    assert 35 <= codes.count(429) <= 85
    assert [caller.raw("odds/update")[1] == b"" for _ in range(4)] == [True, True, False, False]
    assert caller.ask(LIVE)["code"] == 0
    assert caller.control.stats()["faults"] == {"body429": codes.count(429), "empty": 2}
    log = caller.control.log()
    assert [entry["fault"] is None for entry in log if entry["endpoint"] == "deleted"] == [
        c == 0 for c in codes
    ]


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        ("http500", 500, None), ("http503", 503, None), ("http503=7", 503, "7"), ("http429", 429, None),
        ("http429=3", 429, "3"),
    ],
)  # fmt: skip
def test_http_errors_come_with_and_without_retry_after(
    raw: Any, fault: str, status: int, retry_after: str | None
) -> None:
    response, _ = raw(fault)
    assert (response.status, response.getheader("Retry-After")) == (status, retry_after)


def test_the_vendors_errors_come_in_a_200(faulty: Any) -> None:
    assert faulty("body429")["code"] == 429
    assert faulty("code100003")["code"] == 100003
    assert faulty("err_ip")["err"].startswith("IP is not")
    assert faulty("err_url")["err"].startswith("URL is not")
    assert faulty("err_unauthorized")["err"].startswith("Unauthorized")


def test_a_page_nothing_and_an_address_elsewhere(raw: Any) -> None:
    response, body = raw("html")
    assert (response.status, response.getheader("Content-Type")) == (200, "text/html")
    assert b"<html>" in body
    response, body = raw("empty")
    assert (response.status, body) == (200, b"")
    response, body = raw("redirect=http://elsewhere.example/")
    assert (response.status, response.getheader("Location")) == (302, "http://elsewhere.example/")


def test_bodies_of_every_wrong_shape(caller: Caller, faulty: Any, raw: Any) -> None:
    right = good(caller)
    assert faulty("body_list") == [right]
    assert faulty("body_string") == "ok"
    assert faulty("body_null") is None
    assert faulty("body_number") == 0
    assert "code" not in faulty("code_missing")
    assert faulty("code_text")["code"] == "0"
    assert "results" not in faulty("results_missing")
    assert faulty("results_null")["results"] is None
    assert faulty("results_string")["results"] == "none"
    assert isinstance(faulty("results_swapped")["results"], dict)
    assert isinstance(faulty("results_swapped", endpoint="odds/live")["results"], list)
    assert faulty("results_junk")["results"][:2] == [None, 1]
    with pytest.raises(json.JSONDecodeError):
        json.loads(raw("body_broken")[1])


@pytest.mark.parametrize(
    ("fault", "kind"), [("element_null", type(None)), ("element_list", list), ("element_string", str)]
)
def test_one_element_is_something_else(caller: Caller, faulty: Any, fault: str, kind: type) -> None:
    right = good(caller)["results"]
    wrong = faulty(fault)["results"]
    places = [index for index, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b]
    assert caller.control.log()[-1]["touched"] == [f"results.{places[0]}"]
    assert isinstance(wrong[places[0]], kind)


INSIDE = ["field_missing", "row_object", "row_empty", "row_short", "row_long", "wrong_type"]
WITH_LISTS = [LIVE, "match/recent/list", "odds/history"]


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [*product(WITH_LISTS, INSIDE), *product(["team/additional/list"], ["field_missing", "wrong_type"])],
)
def test_one_place_inside_is_wrong_and_the_log_names_it(
    caller: Caller, faulty: Any, fault: str, endpoint: str
) -> None:
    live = good(caller)["results"]
    uuid = next(match["id"] for match in live if caller.results("odds/history", uuid=match["id"]))
    if endpoint.startswith("team"):
        uuid = caller.results("match/recent/list", uuid=uuid)[0]["home_team_id"]
    right = caller.ask(endpoint, uuid=uuid)
    wrong = faulty(fault, endpoint=endpoint, uuid=uuid)
    assert right != wrong
    place = caller.control.log()[-1]["touched"][0].split(".")
    for key in place[:-1]:
        right, wrong = (value[int(key) if isinstance(value, list) else key] for value in (right, wrong))
    last = int(place[-1]) if isinstance(right, list) else place[-1]
    assert right[last] != wrong[last]
    if fault == "wrong_type":
        assert type(right[last]) is not type(wrong[last])


def test_several_fields_can_be_wrong_at_once(caller: Caller, faulty: Any) -> None:
    faulty("wrong_type=12")
    assert len(caller.control.log()[-1]["touched"]) == 12


def test_unknown_codes(caller: Caller, faulty: Any) -> None:
    statuses = [match["score"][1] for match in faulty("unknown_status=42")["results"]]
    assert statuses.count(42) == 1
    touched = caller.control.log()[-1]["touched"]
    assert [
        m["id"] for m in faulty("unknown_incident")["results"] if any(i["type"] == 99 for i in m["incidents"])
    ]
    uuid = touched[0]
    assert faulty("unknown_status", endpoint="match/recent/list", uuid=uuid)["results"][0]["status_id"] == 77
    priced = next(m["id"] for m in good(caller)["results"] if caller.results("odds/history", uuid=m["id"]))
    assert "999" in faulty("unknown_bookmaker", endpoint="odds/history", uuid=priced)["results"]
    assert faulty("unknown_bookmaker=1000", endpoint="odds/live")["results"].keys() >= {"1000"}


def test_matches_listed_twice_or_not_at_all(caller: Caller, faulty: Any) -> None:
    right = [match["id"] for match in good(caller)["results"]]
    ids = [match["id"] for match in faulty("duplicate=3")["results"]]
    assert ids == [*right, *caller.control.log()[-1]["touched"]]
    assert len(ids) == len(right) + 3
    assert faulty("empty_list")["results"] == []


def test_the_same_matches_vanish_each_time(caller: Caller, faulty: Any) -> None:
    ids = [match["id"] for match in faulty("vanish:0.3")["results"]]
    gone = [[i for i in ids if not caller.results("match/recent/list", uuid=i)] for _ in range(2)]
    assert gone[0] == gone[1]
    assert 0 < len(gone[0]) < len(ids)
    assert all(caller.results("odds/history", uuid=uuid) == {} for uuid in gone[0])


def test_an_id_is_unknown(caller: Caller, faulty: Any) -> None:
    uuid = good(caller)["results"][0]["id"]
    body = faulty("unknown_uuid", endpoint="match/recent/list", uuid=uuid)
    assert body == {"code": 0, "query": {"total": 0, "type": "uuid", "uuid": uuid}, "results": []}
    assert caller.results("match/recent/list", time=EPOCH - 600)


def test_texts_that_repeat_the_request(caller: Caller, faulty: Any, raw: Any) -> None:
    secret = f"secret={caller.simulator.secret}"
    assert secret in faulty("echo_message")["msg"]
    response, body = raw("echo_page")
    assert (response.status, secret in body.decode()) == (400, True)
    right = good(caller)["results"][0]["id"]
    row = faulty("echo_field", endpoint="match/recent/list", uuid=right)["results"][0]
    place = caller.control.log()[-1]["touched"][0].split(".")[2:]
    for key in place:
        row = row[key]
    assert secret in row


def test_the_clock_jumps_for_all_matches_alike(caller: Caller, faulty: Any) -> None:
    right = {match["id"]: match["score"][4] for match in good(caller)["results"]}
    wrong = {match["id"]: match["score"][4] for match in faulty("clock_jump=500")["results"]}
    assert {abs(wrong[i] - right[i]) for i in right if right[i]} == {500}
    assert all(wrong[i] == 0 for i in right if not right[i])


def test_a_reset_before_the_first_byte(wire: Any) -> None:
    with pytest.raises(ConnectionResetError):
        received(wire("reset_before"))


def test_a_reset_in_the_middle_of_the_body(wire: Any) -> None:
    connection = wire("reset_body")
    assert connection.recv(1_000).startswith(b"HTTP/1.1 200 OK")
    with pytest.raises(ConnectionResetError):
        received(connection)


def test_a_truncated_body(raw: Any) -> None:
    with pytest.raises(IncompleteRead):
        raw("truncated")


def test_a_content_length_that_is_ten_too_small(caller: Caller, raw: Any) -> None:
    right = json.dumps(good(caller), separators=(",", ":"), ensure_ascii=False).encode()
    response, body = raw("wrong_length")
    assert body == right[:-10]
    assert response.getheader("Content-Length") == str(len(right) - 10)


def test_a_slow_reply_is_right_in_the_end(caller: Caller, faulty: Any) -> None:
    assert faulty("slow=0.01") == good(caller)


def test_a_drip_goes_on(wire: Any) -> None:
    connection = wire("drip=0")
    got = b""
    while b'{"code":0,' not in got:
        got += connection.recv(100)
    assert b"Content-Length: 1000000000\r\n" in got


def test_a_hang_ends_with_the_client(caller: Caller, wire: Any) -> None:
    connection = wire("hang")
    eventually(lambda: bool(caller.control.stats()["in_flight"] == 1))
    assert caller.control.stats()["connections"]["open"] == 2
    connection.close()
    eventually(lambda: bool(caller.control.stats()["in_flight"] == 0))


def test_gzip_with_a_hole(raw: Any) -> None:
    response, body = raw("gzip_broken", headers=TAKES_GZIP)
    assert response.getheader("Content-Encoding") == "gzip"
    with pytest.raises((zlib.error, EOFError, gzip.BadGzipFile)):
        gzip.decompress(body)


def test_a_gzip_bomb_is_small_and_good(raw: Any) -> None:
    response, body = raw("gzip_bomb=5", headers=TAKES_GZIP)
    assert len(body) < 20_000
    assert json.loads(gzip.decompress(body)) == {"code": 0, "results": []}
    assert len(gzip.decompress(body)) > 5_000_000
    assert response.getheader("Content-Encoding") == "gzip"


def test_a_huge_body_streams(raw: Any) -> None:
    _, body = raw("huge=3")
    assert len(body) > 3_000_000
    assert json.loads(body) == {"code": 0, "results": []}


def test_a_connection_is_good_again_after_a_fault(caller: Caller) -> None:
    caller.control.set_faults("slow=0x1", "body429x1", "gzip_brokenx1")
    simulator = caller.simulator
    connection = HTTPConnection(simulator.host, simulator.port, timeout=10)
    query = f"user={simulator.user}&secret={simulator.secret}"
    for _ in range(4):
        connection.request("GET", f"/v1/football/deleted?{query}")
        response = connection.getresponse()
        body = response.read()
    connection.close()
    assert json.loads(body)["code"] == 0
    assert caller.control.stats()["connections"]["accepted"] == 3  # two of them are of the control path


def test_refusals_have_no_results_to_change(caller: Caller) -> None:
    caller.control.set_faults("wrong_type", "results_null")
    assert b"Unauthorized" in caller.raw(LIVE, {"secret": "wrong"})[1]


def test_pages_go_wrong_and_rows_by_id_do_not() -> None:
    team = "team/additional/list"
    with start(matches=200, odds="light", speed=0) as simulator:
        caller = Caller(simulator)
        pages = [[row["id"] for row in caller.results(team, page=page)] for page in (1, 2, 3)]
        uuid = pages[0][0]

        def ids(fault: str, page: int) -> list[str]:
            caller.control.set_faults(fault)
            assert caller.results(team, uuid=uuid)[0]["id"] == uuid
            return [row["id"] for row in caller.results(team, page=page)]

        assert [ids("pages_stuck", page) for page in (1, 2, 3)] == [pages[0]] * 3
        assert sorted(ids("pages_unordered", 1)) == sorted(pages[0]) != ids("pages_unordered", 1)
        assert ids("pages_overlapping", 2) == [*pages[0][500:], *pages[1][:500]]
        assert ids("pages_overlapping", 3) == pages[1]
        assert ids("pages_empty", 1) == []
        caller.control.set_faults("pages_refused")
        assert b"not authorized" in caller.raw(team, {"page": 1})[1]
        assert caller.results(team, uuid=uuid)


def test_changes_are_cut_after_1000_and_go_wrong_like_pages() -> None:
    with start(matches=400, odds="light", speed=0) as simulator:
        caller = Caller(simulator)
        now = int(caller.control.clock()["now"])
        rows = caller.results("match/recent/list", time=now - 7200)
        times = [row["updated_at"] for row in rows]
        assert len(times) == 1000
        assert times == sorted(times)
        assert caller.results("match/recent/list", time=times[-1])[0]["updated_at"] == times[-1]
        caller.control.set_faults("pages_unordered")
        times = [row["updated_at"] for row in caller.results("match/recent/list", time=now - 7200)]
        assert times != sorted(times)
        caller.control.set_faults("pages_overlapping")
        assert caller.results("match/recent/list", time=now - 600)[0]["updated_at"] < now - 600
        caller.control.set_faults("pages_stuck")
        stuck = caller.results("match/recent/list", time=now - 600)
        assert stuck == caller.results("match/recent/list", time=now - 300)


@pytest.mark.parametrize("fault", CATALOGUE)
def test_every_fault_is_played_here_or_beside(fault: str) -> None:
    name = "test_quirks.py" if CATALOGUE[fault].is_quirk else "test_faults.py"
    assert f'"{fault}' in Path(__file__).with_name(name).read_text()
