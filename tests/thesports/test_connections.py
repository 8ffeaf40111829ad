"""Every attempt ends on time, whatever it waits for: the name, the connection, TLS, the head or the body."""

import contextlib
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from footy.errors import ConfigError
from footy.thesports.connections import AttemptsInFlight
from footy.thesports.endpoints import LIVE, TEAM
from footy.thesports.errors import OutOfTimeError, StoppedError, TimedOutError, UnreachableError
from tests.support.wire import GENEROUS_S, GOOD, Script, Server, Talk, answer, asking, budget, reply, zipped

SHORT_S = 0.08
HEAD = b"HTTP/1.1 200 OK\r\n"


def drip_after(said: bytes, piece: bytes = b" ") -> Script:
    def script(talk: Talk) -> None:
        talk.say(said)
        talk.drip(piece)

    return script


def hang_after(said: bytes) -> Script:
    def script(talk: Talk) -> None:
        talk.say(said)
        talk.hang()

    return script


ENDLESS = {
    "nothing": Talk.hang,
    "half a head": hang_after(HEAD),
    "a head that drips": drip_after(HEAD + b"X-Long: ", b"x"),
    "provisional answers without end": drip_after(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a head alone": hang_after(HEAD + b"Content-Length: 5\r\n\r\n"),
    "half a body": hang_after(reply(GOOD[:-1], length=len(GOOD))),
    "a body that drips": drip_after(HEAD + b"Content-Length: 1000000\r\n\r\n"),
    "chunks that drip": drip_after(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a body that ends with the connection and drips": drip_after(HEAD + b"Connection: close\r\n\r\n"),
    "an HTTP/1.0 body that drips": drip_after(b"HTTP/1.0 200 OK\r\n\r\n"),
    "gzip that drips": drip_after(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n" + zipped(GOOD)[:10], b"\x00"
    ),
    "a redirect whose body drips": drip_after(
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1000000\r\n\r\n"
    ),
}
endless = pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS.keys())


@contextlib.contextmanager
def taking(least_s: float, most_s: float = GENEROUS_S / 2) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert least_s * 0.9 <= time.monotonic() - started < most_s


class TestEnd:
    @endless
    def test_an_attempt_ends_at_its_timeout(self, server: Server, script: Script) -> None:
        server.script = script
        with asking(server.url, timeout=SHORT_S) as transport, taking(SHORT_S), pytest.raises(TimedOutError):
            transport.get(LIVE, {}, budget(), bytes)

    @endless
    def test_an_attempt_ends_at_the_cycles_deadline(self, server: Server, script: Script) -> None:
        server.script = script
        with asking(server.url, timeout=20) as transport, taking(SHORT_S), pytest.raises(OutOfTimeError):
            transport.get(LIVE, {}, budget(SHORT_S), bytes)

    @endless
    def test_a_cut_connection_is_closed_and_its_place_is_free_again(
        self, server: Server, script: Script
    ) -> None:
        server.script = script
        with asking(server.url, timeout=0.3, workers=1) as transport:
            for _ in range(3):
                with pytest.raises(TimedOutError):
                    transport.get(LIVE, {}, budget(), bytes)
            server.wait(lambda: server.open == 0)
            server.script = answer(reply())
            transport.get(LIVE, {}, budget(), bytes)

    def test_a_slow_reply_within_its_time_is_whole(self, server: Server) -> None:
        def slowly(talk: Talk) -> None:
            for byte in reply():
                talk.say(bytes([byte]))

        server.script = slowly
        with asking(server.url) as transport:
            assert transport.get(LIVE, {}, budget(), bytes).value == b"[]"

    def test_no_time_left_is_no_attempt(self, server: Server, caplog: pytest.LogCaptureFixture) -> None:
        with asking(server.url) as transport, pytest.raises(OutOfTimeError):
            transport.get(LIVE, {}, budget(0), bytes)
        assert not server.requests
        assert not caplog.records

    @endless
    def test_an_attempt_that_the_deadline_cut_is_logged_once_of_an_endpoint(
        self, server: Server, script: Script, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.script = script
        cycle = budget(4 * SHORT_S)
        with asking(server.url, timeout=20, workers=5) as transport, ThreadPoolExecutor(5) as pool:
            asked = [pool.submit(transport.get, LIVE, {}, cycle, bytes) for _ in range(5)]
            assert all(isinstance(one.exception(), OutOfTimeError) for one in asked)
        said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert len(said) == 1
        for line in said:
            assert re.fullmatch(
                r"API call failed: match/detail_live, attempt 1 of 1: cut after 0\.[123] s: "
                "the cycle's time was up; no further attempt",
                line,
            )


class TestStop:
    @endless
    def test_a_stop_frees_all_that_hang(self, server: Server, script: Script) -> None:
        server.script = script
        workers = 30

        def ask() -> type[BaseException]:
            with pytest.raises(StoppedError) as stopped:
                transport.get(LIVE, {}, budget(60), bytes)
            return stopped.type

        with (
            asking(server.url, timeout=30, workers=workers) as transport,
            ThreadPoolExecutor(workers) as pool,
        ):
            asked = [pool.submit(ask) for _ in range(workers)]
            server.wait(lambda: len(server.requests) == workers)
            with taking(0):
                transport.stop()
                for one in asked:
                    one.result(GENEROUS_S)

    def test_after_it_nothing_is_asked(self, server: Server) -> None:
        with asking(server.url) as transport:
            transport.stop()
            with pytest.raises(StoppedError):
                transport.get(LIVE, {}, budget(), bytes)
        assert not server.requests

    def test_an_attempt_that_begins_as_the_stop_comes_is_over_at_once(self) -> None:
        in_flight = AttemptsInFlight()
        in_flight.abort_all()
        with in_flight.attempt(time.monotonic() + 60) as attempt:
            assert attempt.is_over
            with pytest.raises(TimeoutError):
                attempt.seconds_left(lambda: None)

    def test_a_wait_that_begins_before_the_stop_is_woken(self) -> None:
        in_flight = AttemptsInFlight()
        ended: list[str] = []
        with in_flight.attempt(time.monotonic() + 60) as attempt:
            attempt.seconds_left(lambda: ended.append("an earlier wait"))
            assert 59 < attempt.seconds_left(lambda: ended.append("the wait")) <= 60
            in_flight.abort_all()
            assert attempt.is_over
        assert ended == ["the wait"]

    def test_an_attempt_that_is_over_is_not_aborted(self) -> None:
        in_flight = AttemptsInFlight()
        ended: list[str] = []
        with in_flight.attempt(time.monotonic() + 60) as attempt:
            attempt.seconds_left(lambda: ended.append("the wait"))
        in_flight.abort_all()
        assert not ended
        assert not attempt.is_over

    def test_a_transport_has_no_thread(self, server: Server) -> None:
        before = {*threading.enumerate()}
        with asking(server.url) as transport:
            transport.get(LIVE, {}, budget(), bytes)
            new = {*threading.enumerate()} - before
            assert {getattr(thread, "_target", None) for thread in new} == {server._serve}

    def test_an_earlier_end_is_met_beside_a_later_one(self, server: Server) -> None:
        server.script = Talk.hang
        with asking(server.url, timeout=20) as transport, ThreadPoolExecutor(1) as pool:
            later = pool.submit(transport.get, LIVE, {}, budget(60), bytes)
            server.wait(lambda: len(server.requests) == 1)
            with taking(SHORT_S), pytest.raises(OutOfTimeError):
                transport.get(LIVE, {}, budget(SHORT_S), bytes)
            assert not later.done()
            transport.stop()
            assert isinstance(later.exception(GENEROUS_S), StoppedError)


@pytest.fixture
def full() -> Iterator[str]:
    """The address of a port where a connection is never accepted: the queue before it is full."""
    with contextlib.ExitStack() as closing:
        listener = closing.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = closing.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1/football"


class TestConnecting:
    def test_it_ends_at_the_timeout_and_at_the_deadline(self, full: str) -> None:
        with asking(full, timeout=SHORT_S) as transport, taking(SHORT_S), pytest.raises(TimedOutError):
            transport.get(LIVE, {}, budget(), bytes)
        with asking(full, timeout=20) as transport, taking(SHORT_S), pytest.raises(OutOfTimeError):
            transport.get(LIVE, {}, budget(SHORT_S), bytes)

    @pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux ends it from outside")
    def test_a_stop_ends_it(self, full: str) -> None:
        with asking(full, timeout=30) as transport, ThreadPoolExecutor(1) as pool:
            asked = pool.submit(transport.get, LIVE, {}, budget(60), bytes)
            with pytest.raises(TimeoutError):
                asked.result(SHORT_S)
            with taking(0):
                transport.stop()
                assert isinstance(asked.exception(GENEROUS_S), StoppedError)

    def test_a_refused_connection_says_so_in_a_sentence(self, server: Server) -> None:
        url = server.url
        server.close()
        with asking(url) as transport, pytest.raises(UnreachableError) as refused:
            transport.get(LIVE, {}, budget(), bytes)
        assert str(refused.value) == (
            "no connection (Connection refused): check FOOTY_BASE_URL and the network"
        )


class TestName:
    def test_one_that_does_not_resolve_is_said_without_the_address(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with (
            asking("http://vendor.example/v1/football") as transport,
            pytest.raises(UnreachableError) as unreachable,
        ):
            transport.get(LIVE, {}, budget(), bytes)
        assert str(unreachable.value) == (
            "the host name does not resolve: check FOOTY_BASE_URL and the network's DNS"
        )

    @pytest.mark.parametrize("host", ["a" * 64 + ".example", "two..dots", "[::1]"])
    def test_one_that_is_none_fails_at_once(self, host: str) -> None:
        with (
            asking(f"http://{host}:9/v1/football", timeout=20) as transport,
            taking(0),
            pytest.raises(UnreachableError, match="does not resolve"),
        ):
            transport.get(LIVE, {}, budget(), bytes)

    def test_only_addresses_of_version_4_are_asked_for(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        families = []
        look_up = socket.getaddrinfo

        def noting(host: str, port: int, family: int, kind: int) -> object:
            families.append(family)
            return look_up(host, port, family, kind)

        monkeypatch.setattr(socket, "getaddrinfo", noting)
        with asking(server.url.replace("127.0.0.1", "localhost")) as transport:
            transport.get(LIVE, {}, budget(), bytes)
        assert families == [socket.AF_INET]

    def test_another_address_is_tried_where_the_first_refuses(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            dead = closed.getsockname()
        alive = ("127.0.0.1", server.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        with asking("http://vendor.example/v1/football") as transport:
            transport.get(LIVE, {}, budget(), bytes)

    @pytest.fixture
    def silent(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        """A resolver that says nothing until it is let go; the event is set once it is asked."""
        asked, go = threading.Event(), threading.Event()

        def hang(*_: object) -> list[object]:
            asked.set()
            go.wait(GENEROUS_S)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", hang)
        yield asked
        go.set()
        for thread in threading.enumerate():
            if thread.name == "resolver":
                thread.join(GENEROUS_S)

    @pytest.mark.usefixtures("silent")
    def test_a_resolver_that_hangs_ends_at_the_timeout(self) -> None:
        with (
            asking("http://vendor.example/v1", timeout=SHORT_S) as transport,
            taking(SHORT_S),
            pytest.raises(TimedOutError),
        ):
            transport.get(LIVE, {}, budget(), bytes)

    def test_a_stop_ends_the_wait_for_it(self, silent: threading.Event) -> None:
        with (
            asking("http://vendor.example/v1", timeout=30) as transport,
            ThreadPoolExecutor(1) as pool,
        ):
            asked = pool.submit(transport.get, LIVE, {}, budget(60), bytes)
            assert silent.wait(GENEROUS_S)
            with taking(0):
                transport.stop()
                assert isinstance(asked.exception(GENEROUS_S), StoppedError)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes self-signed certificates for 127.0.0.1, each a file with its key."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str) -> Path:
        key, certificate, both = (folder / f"{name}.{kind}" for kind in ("key", "crt", "pem"))
        if not both.exists():
            subprocess.run(
                [
                    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                    *("-nodes", "-days", "2", "-subj", f"/CN={name}"),
                    *("-addext", "subjectAltName=IP:127.0.0.1"),
                    *("-keyout", str(key), "-out", str(certificate)),
                ],
                check=True,
                capture_output=True,
            )
            both.write_bytes(key.read_bytes() + certificate.read_bytes())
        return both

    return make


@pytest.fixture
def secure(certificates: Callable[[str], Path]) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates("ours"))
    with Server(answer(reply()), context) as running:
        yield running


class TestTLS:
    def test_the_authorities_of_the_settings_are_trusted(
        self, secure: Server, certificates: Callable[[str], Path]
    ) -> None:
        with asking(secure.url, ca_bundle=certificates("ours")) as transport:
            for _ in range(3):
                assert transport.get(LIVE, {}, budget(), bytes).value == b"[]"
        assert secure.connections == 1

    @pytest.mark.parametrize("trusted", ["another", None])
    def test_any_other_certificate_is_refused_in_a_sentence(
        self, secure: Server, certificates: Callable[[str], Path], trusted: str | None
    ) -> None:
        with asking(secure.url, ca_bundle=trusted and certificates(trusted)) as transport:
            for _ in range(3):
                with pytest.raises(UnreachableError) as refused:
                    transport.get(LIVE, {}, budget(), bytes)
        assert str(refused.value) == (
            "the TLS connection failed: check FOOTY_CA_BUNDLE and the machine's clock"
        )
        assert not secure.requests

    def test_a_certificate_for_another_host_is_refused(
        self, secure: Server, certificates: Callable[[str], Path]
    ) -> None:
        url = secure.url.replace("127.0.0.1", "localhost")
        with (
            asking(url, ca_bundle=certificates("ours")) as transport,
            pytest.raises(UnreachableError, match="TLS"),
        ):
            transport.get(LIVE, {}, budget(), bytes)
        assert not secure.requests

    @pytest.mark.parametrize("content", [None, "", "not a certificate"])
    def test_a_file_without_authorities_is_a_wrong_setting(self, tmp_path: Path, content: str | None) -> None:
        bundle = tmp_path / "ca.pem"
        if content is not None:
            bundle.write_text(content)
        with pytest.raises(ConfigError, match=r"FOOTY_CA_BUNDLE is '.*ca\.pem' but takes a file of"):
            asking("https://127.0.0.1/v1", ca_bundle=bundle).__enter__()

    def test_a_handshake_that_hangs_is_cut(self) -> None:
        held = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

            def accept() -> None:
                connection, _ = listener.accept()
                with connection:
                    held.wait(GENEROUS_S)

            pool.submit(accept)
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
            with asking(url, timeout=SHORT_S) as transport, taking(SHORT_S), pytest.raises(TimedOutError):
                transport.get(LIVE, {}, budget(), bytes)
            held.set()

    def test_a_stop_ends_a_handshake(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
            with asking(url, timeout=30) as transport:
                asked = pool.submit(transport.get, LIVE, {}, budget(60), bytes)
                connection, _ = listener.accept()
                with connection:
                    assert connection.recv(1)
                    with taking(0):
                        transport.stop()
                        assert isinstance(asked.exception(GENEROUS_S), StoppedError)

    @pytest.mark.parametrize("name", ["nothing", "a body that drips", "an HTTP/1.0 body that drips"])
    def test_what_hangs_within_it_ends_too(
        self, secure: Server, certificates: Callable[[str], Path], name: str
    ) -> None:
        secure.script = ENDLESS[name]
        with asking(secure.url, ca_bundle=certificates("ours"), timeout=0.5) as transport:
            with taking(0.5), pytest.raises(TimedOutError):
                transport.get(LIVE, {}, budget(), bytes)
            secure.script = answer(reply())
            transport.get(TEAM, {}, budget(), bytes)
