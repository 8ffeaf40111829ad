"""The control path reports statistics and changes the running simulator."""

from http.client import HTTPConnection

import pytest

from tests.support.caller import EPOCH, Caller
from tests.support.simulators import start
from thesports_simulator.control import Control
from thesports_simulator.process import SimulatorError
from thesports_simulator.protocol.wire import Request


def test_it_counts_requests_bytes_connections_and_arrivals(caller: Caller) -> None:
    body = caller.raw("country/list")[1]
    caller.ask("deleted")
    caller.ask("deleted")
    stats = caller.control.stats()
    assert stats["requests"] == {"country/list": 1, "deleted": 2}
    assert stats["total"] == 3
    assert stats["bytes"] == len(body) + 2 * len(b'{"code":0,"results":{}}')
    assert stats["connections"] == {"accepted": 4, "open": 1, "peak_open": 1}
    assert stats["arrivals"]["deleted"] == sorted(stats["arrivals"]["deleted"])
    caller.control.reset()
    assert caller.control.stats()["total"] == 0


def test_the_log_holds_each_reply_and_the_second_that_it_shows(caller: Caller) -> None:
    caller.ask("deleted")
    caller.control.advance(60)
    caller.ask("odds/history", uuid="abc")
    first, second = caller.control.log()[-2:]
    assert first | {"seq": 0, "sent": 0} == {
        "seq": 0, "endpoint": "deleted", "uuid": "", "at": EPOCH, "fault": None, "sent": 0,
        "from": "127.0.0.1",
    }  # fmt: skip
    assert second["sent"] >= first["sent"]
    assert (second["endpoint"], second["uuid"], second["at"]) == ("odds/history", "abc", EPOCH + 60)
    assert caller.control.log(since=first["seq"]) == [second]
    assert caller.control.log(since=second["seq"]) == []
    assert caller.control.call("GET", "log?last=2")["replies"] == [first, second]
    assert caller.control.last_number() == second["seq"]


def test_the_clock_jumps_and_changes_its_speed(caller: Caller) -> None:
    control = caller.control
    assert control.clock()["now"] == EPOCH
    assert control.advance(90.5) == EPOCH + 90.5
    assert control.set_clock(set=EPOCH + 7)["now"] == EPOCH + 7
    control.set_clock(speed=1_000)
    assert control.clock()["now"] > EPOCH + 7
    stopped = control.set_clock(speed=0)["now"]
    assert control.clock()["now"] == stopped


def test_settings_are_reported_and_changed_one_by_one(caller: Caller) -> None:
    before = caller.control.settings()
    assert caller.control.settings(quota=["deleted=5/60"])["quota"] == ["deleted=5/60"]
    assert caller.control.settings(jitter=0.5)["jitter"] == 0.5
    assert caller.control.settings(**before) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "settings", {"colour": "red"}),
        ("POST", "settings", {"odds_live_form": "poem"}),
        ("POST", "settings", {"odds_live_order": "none"}),
        ("POST", "settings", {"quota": ["often"]}),
        ("POST", "clock", {"advance": "far"}),
        ("POST", "faults", {"add": ["nothing"]}),
        ("GET", "log?since=x", None),
        ("GET", "nothing", None),
        ("PUT", "clock", None),
    ],
)
def test_an_invalid_request_is_an_error(caller: Caller, method: str, path: str, body: object) -> None:
    with pytest.raises(SimulatorError):
        caller.control.call(method, path, body)


def test_faults_can_be_added_beside_others(caller: Caller) -> None:
    caller.control.set_faults("html")
    answer = caller.control.call("POST", "faults", {"add": ["emptyx3"]})
    assert answer == {"faults": [{"fault": "html", "left": None}, {"fault": "emptyx3", "left": 3}]}
    caller.control.clear_faults()
    assert caller.control.faults() == []


def test_it_answers_this_machine_only() -> None:
    request = Request("GET", "/_simulator/stats", {}, b"", False, True, "203.0.113.10")
    assert Control(None).answer(request).status == 403  # type: ignore[arg-type]


def test_it_needs_no_credentials_and_is_not_counted(caller: Caller) -> None:
    connection = HTTPConnection(caller.simulator.host, caller.simulator.port)
    connection.request("GET", "/_simulator/clock")
    assert connection.getresponse().status == 200
    connection.close()
    assert caller.control.stats()["total"] == 0


def test_the_clock_reports_the_options_of_the_world() -> None:
    with start(matches=3, odds="light", options=[f"--epoch={EPOCH}"]) as simulator:
        clock = simulator.control.clock()
    assert (clock["epoch"], clock["matches"], clock["seed"], clock["odds"]) == (EPOCH, 3, 1, "light")
    assert EPOCH <= clock["now"] < EPOCH + 60
