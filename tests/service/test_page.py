"""The page of a service: where it is, that it costs no cycle, and that a port is never a reason to end."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from footy.errors import Exit
from footy.history.archive import match_odds
from footy.history.sqlite_log import opened_for_reading
from tests.support.place import SECRET, Place, complaints, wait_until
from tests.support.ports import free_port
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=4, odds="light", secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def live(tmp_path: Path, vendor: RunningSimulator) -> Iterator[Place]:
    with Place(tmp_path) as place:
        place.ask(vendor)
        yield place


@contextmanager
def taken() -> Iterator[int]:
    """Occupy a port."""
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def ask(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_start_and_status_say_where_the_page_is(live: Place) -> None:
    port = free_port()
    live.set(FOOTY_HTTP_PORT=port)
    started = live.run("start")

    assert f"Page: http://127.0.0.1:{port}/\n" in started.stdout
    assert f"Page: http://127.0.0.1:{port}/\n" in live.run("status").stdout
    assert f"Page: http://127.0.0.1:{port}/\n" in live.run("start").stdout
    status, page = ask(port, "/")
    assert (status, b"<title>footy</title>" in page) == (200, True)
    snapshot = json.loads(live.files.matches.read_bytes())
    assert json.loads(ask(port, "/api/matches")[1]) == snapshot
    assert json.loads(ask(port, "/healthz")[1]) == {"well": True}
    assert json.loads(ask(port, "/api/status")[1])["quota_left"]["odds/history"] > 0
    assert live.run("stop").returncode == Exit.OK


def test_the_page_has_the_prices_that_the_log_does_not_have_yet(tmp_path: Path) -> None:
    with start(matches=8, odds="busy", secret=SECRET) as vendor, Place(tmp_path) as place:
        place.ask(vendor)
        _shows_what_is_not_logged(place)


def _shows_what_is_not_logged(live: Place) -> None:
    port = free_port()
    live.set(FOOTY_HTTP_PORT=port, FOOTY_INTERVAL=2)
    live.run("start")
    log = opened_for_reading(live.files.folder / "footy.db")
    ids = [one["match_id"] for one in json.loads(live.files.matches.read_bytes())["matches"]]

    def more_than_logged() -> bool:
        shown = [json.loads(ask(port, f"/api/matches/{one}/odds")[1])["rows"] for one in ids]
        logged = [match_odds(log, one).columns.rows for one in ids]  # later, so it can only be more
        return bool(sum(shown) > sum(logged) > 0)

    wait_until(more_than_logged)
    log.close()
    assert live.run("stop").returncode == Exit.OK


def test_a_port_that_is_taken_is_a_warning(live: Place) -> None:
    with taken() as port:
        live.set(FOOTY_HTTP_PORT=port)
        started = live.run("start")

    assert started.returncode == Exit.OK
    assert "Page:" not in started.stdout
    assert (
        f"The page is not served: 127.0.0.1 port {port}: Address already in use" in live.files.log.read_text()
    )


def test_serve_shows_a_data_folder_that_another_process_writes(live: Place) -> None:
    live.run("--once")
    port = free_port()
    live.set(FOOTY_HTTP_PORT=port)
    served = live.begin("serve")
    wait_until(lambda: _answers(port, "/api/matches"))

    before = json.loads(ask(port, "/api/matches")[1])
    assert before == json.loads(live.files.matches.read_bytes())
    live.run("--once")
    wait_until(lambda: json.loads(ask(port, "/api/matches")[1]) != before)
    assert json.loads(ask(port, "/healthz")[1]) == {"well": True}
    assert ask(port, "/readyz")[0] == 503
    served.send_signal(signal.SIGTERM)
    assert served.wait(timeout=5) == Exit.OK
    assert served.stdout is not None
    assert served.stdout.read() == f"Page: http://127.0.0.1:{port}/\n"


def test_serve_needs_a_port_that_is_free(live: Place) -> None:
    with taken() as port:
        live.set(FOOTY_HTTP_PORT=port)
        busy = live.run("serve")

    assert busy.returncode == Exit.CONFIG
    assert "set FOOTY_HTTP_PORT to another port" in complaints(busy)[-1]


def test_what_others_can_reach_needs_a_token(live: Place) -> None:
    live.set(FOOTY_HTTP_HOST="0.0.0.0", FOOTY_HTTP_PORT=free_port())
    finished = live.run("start")
    assert finished.returncode == Exit.CONFIG
    assert "FOOTY_HTTP_HOST is 0.0.0.0, which others can reach" in complaints(finished)[-1]


def test_a_token_is_in_no_answer_and_no_file(live: Place) -> None:
    token, port = "k\"7'q<%41>&{0}~secret-token", free_port()
    live.set(FOOTY_HTTP_HOST="0.0.0.0", FOOTY_HTTP_PORT=port, FOOTY_HTTP_TOKEN=token, FOOTY_LOG_LEVEL="DEBUG")
    live.begin_service()
    wait_until(lambda: _answers(port, "/readyz", Authorization=f"Bearer {token}"))

    answers = [ask(port, path)[1] for path in ("/", "/api/status", f"/?token={token[:6]}", "/login")]
    paths = ("/", "/page/app.js", "/api/status", "/api/live", "/api/matches", "/api/schema", "/openapi.json")
    answers += [ask(port, path, Authorization=f"Bearer {token}")[1] for path in paths]
    for content in [*answers, *(file.read_bytes() for file in live.files.folder.iterdir() if file.is_file())]:
        assert token.encode() not in content
        assert SECRET.encode() not in content


def _answers(port: int, path: str, **headers: Any) -> bool:
    try:
        return ask(port, path, **headers)[0] == 200
    except OSError:
        return False
