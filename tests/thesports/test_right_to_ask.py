"""With a lease, no attempt is made and none goes on after the right to ask has ended."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from footy.lease import Right
from footy.thesports.endpoints import LIVE
from footy.thesports.errors import LeaseOverError
from tests.support.wire import GENEROUS_S, Server, Talk, answer, asking, budget, reply


@pytest.fixture
def right() -> Right:
    right = Right()
    right.renewed(right.now(), 60.0)
    return right


def test_nothing_is_asked_after_it_has_ended(server: Server, right: Right) -> None:
    server.script = answer(reply())
    with asking(server.url, right_left_s=right.left_s) as transport:
        assert transport.get(LIVE, {}, budget(), bytes).value == b"[]"
        right.end()
        with pytest.raises(LeaseOverError):
            transport.get(LIVE, {}, budget(), bytes)
    assert len(server.requests) == 1


def test_a_call_in_flight_ends_with_it(server: Server, right: Right) -> None:
    server.script = Talk.hang
    right.renewed(right.now(), 0.2)
    with asking(server.url, timeout=GENEROUS_S, right_left_s=right.left_s) as transport:
        with pytest.raises(LeaseOverError):
            transport.get(LIVE, {}, budget(), bytes)
        server.wait(lambda: server.open == 0)


def test_a_call_in_flight_goes_on_if_it_is_extended(server: Server, right: Right) -> None:
    extended = threading.Event()

    def wait(talk: Talk) -> None:
        assert extended.wait(GENEROUS_S)
        answer(reply())(talk)

    server.script = wait
    right.renewed(right.now(), 1.0)
    with (
        asking(server.url, timeout=GENEROUS_S, right_left_s=right.left_s) as transport,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(transport.get, LIVE, {}, budget(), bytes)
        server.wait(lambda: len(server.requests) == 1)
        right.renewed(right.now(), 600.0)
        threading.Timer(1.0, extended.set).start()  # later than the first right would have ended
        assert asked.result(GENEROUS_S).value == b"[]"


def test_a_request_that_was_on_its_way_to_the_socket_is_not_sent(server: Server, right: Right) -> None:
    server.script = answer(reply())
    with asking(server.url, right_left_s=right.left_s) as transport:
        transport.get(LIVE, {}, budget(), bytes)  # now there is a connection
        passed = iter([60.0])  # the gate lets it pass, and then the process is stopped for long
        transport._in_flight._right_left_s = lambda: -1.0
        transport._right_left_s = lambda: next(passed, -1.0)
        with pytest.raises(LeaseOverError):
            transport.get(LIVE, {}, budget(), bytes)
    assert len(server.requests) == 1
