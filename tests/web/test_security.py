"""What is refused, in clear words, while cycles go on."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.web import protocol
from footy.web.security import Access
from tests.support.web import TOKEN, WITHIN_S, Stage, match


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("locked"), Access(TOKEN, frozenset({"footy.example"})))
    stage.cycle([match(1)])
    yield stage
    stage.close()


PATHS = [
    "/",
    "/page/app.js",
    "/api/matches",
    "/api/live",
    "/api/events",
    "/metrics",
    "/openapi.json",
    "/readyz",
    "/no",
]


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_said(locked: Stage, path: str) -> None:
    for given in (
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": TOKEN},
        {"Cookie": f"footy={TOKEN}"},
    ):
        reply = locked.get(path, **given)
        assert reply.status == 401
        assert b"Home 1" not in reply.body
    assert locked.get(f"{path}?token={TOKEN}").status == 401, "a token in a URL would be logged on the way"


def test_the_token_opens_everything_and_health_is_free(locked: Stage) -> None:
    assert locked.get("/api/matches", Authorization=f"bearer {TOKEN}").status == 200
    assert locked.get("/healthz").json == {"well": True}
    assert locked.get("/healthz", Host="10.1.2.3").status == 200


def test_who_signs_in_gets_a_cookie_that_scripts_and_other_sites_cannot_use(locked: Stage) -> None:
    page = locked.get("/")
    assert (page.status, b'<form method="post">' in page.body) == (401, True)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    wrong = locked.ask("POST", "/login", form, b"token=wrong")
    right = locked.ask("POST", "/login", form, f"token={TOKEN}".encode())

    assert (wrong.status, b"not the token" in wrong.body, "set-cookie" in wrong.headers) == (401, True, False)
    assert (right.status, right.headers["location"]) == (303, "/")
    cookie, *rest = right.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(rest)
    assert TOKEN not in right.headers["set-cookie"]
    assert locked.get("/", Cookie=f"other=1; {cookie}").status == 200
    with locked.stream("/api/live", Cookie=cookie) as stream:
        assert stream.status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("footy.example", 200),
        ("FOOTY.EXAMPLE:8099", 200),
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8099", 200),
        ("evil.example", 421),
        ("footy.example.evil.example", 421),
        ("10.0.0.1", 421),
        ("", 421),
    ],
)
def test_only_names_of_ours_are_answered(locked: Stage, host: str, status: int) -> None:
    reply = locked.get("/api/status", Host=host, Authorization=f"Bearer {TOKEN}")
    assert reply.status == status
    assert status == 200 or "FOOTY_HTTP_HOSTS" in reply.json["error"]


def test_a_request_names_one_host(shared: Stage) -> None:
    assert shared.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    twice = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert shared.raw(twice).startswith(b"HTTP/1.1 400 ")


def test_every_answer_tells_browsers_what_not_to_do(shared: Stage) -> None:
    for path in ("/", "/page/app.css", "/api/matches", "/no", "/healthz", "/api/events?x=1"):
        headers = shared.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


@pytest.mark.parametrize("size", [17_000, 10_000_000])
def test_a_head_that_is_too_long_is_refused_unread(shared: Stage, size: int) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * size
    assert shared.raw(sent)[:12] in {b"HTTP/1.1 431", b""}, "the answer may be lost where much was still sent"
    assert shared.get("/healthz").status == 200


def test_bodies_are_refused(shared: Stage, locked: Stage) -> None:
    assert shared.ask("GET", "/api/matches", {}, b"x" * 100).status == 413
    chunked = b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert shared.raw(chunked).startswith(b"HTTP/1.1 413 ")
    assert locked.ask("POST", "/login", {}, b"x" * 5_000).status == 413
    assert shared.ask("POST", "/login", {}, b"token=x").status == 413, "there is nothing to sign in to"


@pytest.mark.parametrize(
    "path",
    [
        "/page/../app.py",
        "/page/..%2f..%2fsettings.py",
        "/page/%2e%2e/app.py",
        "/page//etc/passwd",
        "/page/",
        "/.env",
    ],
)
def test_no_path_leads_out_of_the_page(shared: Stage, path: str) -> None:
    sent = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    assert shared.raw(sent).startswith(b"HTTP/1.1 404 ")


def test_nonsense_is_a_bad_request(shared: Stage) -> None:
    assert shared.raw(b"\x16\x03\x01\x02\x00 hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_request_that_never_ends_is_cut_and_no_cycle_notices(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.3)
    slow = [socket.create_connection(("127.0.0.1", stage.port), timeout=WITHIN_S) for _ in range(20)]
    for client in slow[1:]:
        client.sendall(b"GET /api/matches HTTP/1.1\r\nHost: local")
    stage.cycle([match(1)])
    assert [client.recv(100)[:12] for client in slow] == [b"HTTP/1.1 408"] * 20
    for client in slow:
        client.close()
    assert stage.get("/api/matches").json["matches"][0]["home"] == "Home 1"


def test_a_connection_that_takes_nothing_is_closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STUCK_S", 0.3)
    stage.cycle([match(number, home="N" * 2_000) for number in range(2_000)])
    connections = stage.server._server.server_state.connections
    stuck = socket.create_connection(("127.0.0.1", stage.port), timeout=WITHIN_S)
    stuck.sendall(b"GET /api/matches HTTP/1.1\r\nHost: localhost\r\n\r\n")
    stage.until(lambda: len(connections) == 1)
    stage.until(lambda: len(connections) == 0)
    stuck.close()


def test_the_ticket_of_a_cookie_is_not_the_token() -> None:
    assert Access(TOKEN).ticket() != Access(TOKEN + "x").ticket()
    assert TOKEN not in repr(Access(TOKEN))


def test_there_is_no_file_in_the_page_that_is_not_served(shared: Stage) -> None:
    page = Path(protocol.__file__).with_name("page")
    for file in page.iterdir():
        expected = 404 if file.suffix == ".txt" or file.name == "index.html" else 200
        assert shared.get(f"/page/{file.name}").status == expected, file.name
