"""The push's connection: every way in which it can fail has a name, and ends in another attempt."""

import contextlib
import json
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from footy.service import push_feed
from footy.service.push_feed import PushFeed
from footy.thesports import push_connection
from footy.thesports.models import LiveScore
from footy.thesports.push import Part, Pushed
from footy.thesports.push_connection import Broker, PushConnection
from tests.support.authority import Certificates, make_certificates
from tests.support.broker import USER, WITHIN_S, Publisher, RunningBroker
from tests.support.place import wait_until
from tests.support.ports import free_port

if TYPE_CHECKING:
    from footy.thesports.request import Answer

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""paho leaves it to the interpreter to close the socket of a connection that failed."""
MESSAGE = b'[{"id":"m","stats":[]}]'


class Listening:
    """A feed, and what has come of it."""

    def __init__(self, broker: Broker, may_connect: Callable[[], bool] = lambda: True) -> None:
        self.answers: queue.SimpleQueue[Answer[object]] = queue.SimpleQueue()
        self.polls: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.feed = PushFeed(
            lambda heard, opened: PushConnection(broker, heard, opened),
            may_connect=may_connect,
            jitter=lambda _: 0.01,
        )
        self.feed.start(self.answers.put, lambda: self.polls.put(None), lambda: True)

    def is_said(self, state: str) -> None:
        wait_until(lambda: self.feed.status.state == state)

    def next_part(self) -> str:
        while True:
            answer = self.answers.get(timeout=WITHIN_S)
            assert isinstance(answer.value, Pushed)
            if answer.value.parts:
                return answer.value.parts[0].match_id


@contextmanager
def listening(
    url: str,
    secret: str,
    may_connect: Callable[[], bool] = lambda: True,
    *,
    ca_bundle: Path | None = None,
) -> Iterator[Listening]:
    found = Listening(Broker(url, USER, secret, None if ca_bundle is None else str(ca_bundle)), may_connect)
    with closing(found.feed):
        yield found


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path) as running:
        yield running


@contextmanager
def mute() -> Iterator[str]:
    """Yield the address of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"ws://127.0.0.1:{server.getsockname()[1]}/mqtt"


def test_a_broker_that_is_killed_and_started_again_is_found_again_and_the_list_is_polled(
    broker: RunningBroker,
) -> None:
    with listening(broker.ws_url, broker.secret) as found:
        found.polls.get(timeout=WITHIN_S)
        found.is_said("connected")
        broker.kill()
        found.is_said("unreachable")
        broker.start()
        found.polls.get(timeout=WITHIN_S)
        found.is_said("connected")
        with closing(Publisher(broker)) as publisher:
            publisher.publish(MESSAGE)
        assert found.next_part() == "m"


def test_what_a_broker_has_kept_is_not_taken(broker: RunningBroker) -> None:
    with closing(Publisher(broker)) as publisher:
        publisher.publish(b'[{"id":"old","stats":[]}]', retain=True)
        with listening(broker.ws_url, broker.secret) as found:
            found.is_said("connected")
            publisher.publish(MESSAGE)
            assert found.next_part() == "m"


def test_a_wrong_password_is_refused_and_said_nowhere(
    broker: RunningBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(broker.ws_url, "a-wrong-secret") as found:
        found.is_said("refused")
        status = found.feed.status
    assert "Push is refused" in caplog.text
    assert "a-wrong-secret" not in caplog.text + str(status) + repr(Broker("u", "n", "a-wrong-secret"))


def test_nobody_who_listens_is_unreachable() -> None:
    port = free_port()
    with listening(f"ws://127.0.0.1:{port}/mqtt", "secret") as found:
        found.is_said("unreachable")


def test_a_server_without_tls_is_unreachable_for_wss(broker: RunningBroker) -> None:
    with listening(broker.ws_url.replace("ws:", "wss:"), broker.secret) as found:
        found.is_said("unreachable")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secure(tmp_path: Path, certificates: Certificates) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path, certificate=certificates.server) as running:
        yield running


def test_over_tls_the_authorities_of_the_settings_are_trusted(
    secure: RunningBroker, certificates: Certificates
) -> None:
    with listening(secure.wss_url, secure.secret, ca_bundle=certificates.authority) as found:
        found.is_said("connected")
        with closing(Publisher(secure)) as publisher:
            publisher.publish(MESSAGE)
        assert found.next_part() == "m"


def test_over_tls_the_authorities_of_the_system_are_trusted(
    secure: RunningBroker, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with listening(secure.wss_url, secure.secret) as found:
        found.is_said("connected")


def test_a_certificate_of_nobody_that_is_trusted_is_unreachable(
    secure: RunningBroker, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path / "other").authority
    for bundle in (None, other):
        with listening(secure.wss_url, secure.secret, ca_bundle=bundle) as found:
            found.is_said("unreachable")
            assert found.feed.status.why == "TLS failed (CERTIFICATE_VERIFY_FAILED)"


def test_a_tls_handshake_that_hangs_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_connection, "CONNECT_WITHIN_S", 0.2)
    with mute() as url, listening(url.replace("ws:", "wss:"), "secret") as found:
        found.is_said("silent")


def test_a_handshake_that_drips_is_silent(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_connection, "OPEN_WITHIN_S", 0.5)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(server.accept()[0], server_side=True) as one,
            ):
                while not ended.wait(0.05):
                    one.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"wss://127.0.0.1:{server.getsockname()[1]}/mqtt"
        with listening(url, "secret", ca_bundle=certificates.authority) as found:
            found.is_said("silent")
        ended.set()
    thread.join()


def test_a_server_of_something_else_is_unreachable(broker: RunningBroker) -> None:
    with listening(f"ws://127.0.0.1:{broker.port}/mqtt", broker.secret) as found:
        found.is_said("unreachable")


def test_a_server_that_accepts_and_says_nothing_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_connection, "CONNECT_WITHIN_S", 0.2)
    with mute() as url, listening(url, "secret") as found:
        found.is_said("silent")


def test_a_connection_without_messages_while_matches_are_in_play_is_silent_and_opened_anew(
    broker: RunningBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(push_feed, "SILENT_S", 0.1)
    with listening(broker.ws_url, broker.secret) as found:
        found.polls.get(timeout=WITHIN_S)
        found.polls.get(timeout=WITHIN_S)
    assert "Push is silent: no message for 0 s, while matches are in play" in caplog.text


def test_a_flood_ends_the_connection(broker: RunningBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_feed, "FLOOD_MESSAGES", 50)
    with listening(broker.ws_url, broker.secret) as found, closing(Publisher(broker)) as publisher:
        found.is_said("connected")
        for _ in range(60):
            publisher.publish(MESSAGE, wait=False)
        found.is_said("flooding")


def test_messages_that_cannot_be_read_are_named_and_the_others_are_taken(broker: RunningBroker) -> None:
    with listening(broker.ws_url, broker.secret) as found, closing(Publisher(broker)) as publisher:
        found.is_said("connected")
        for _ in range(push_feed.MALFORMED_OF):
            publisher.publish(b"{", wait=False)
        found.is_said("malformed")
        publisher.publish(MESSAGE)
        assert found.next_part() == "m"
        for _ in range(push_feed.MALFORMED_OF):
            publisher.publish(MESSAGE, wait=False)
        found.is_said("connected")


def test_only_who_may_connect_does(broker: RunningBroker) -> None:
    leads = threading.Event()
    with listening(broker.ws_url, broker.secret, leads.is_set) as found:
        found.is_said("standby")
        assert found.polls.empty()
        leads.set()
        found.polls.get(timeout=WITHIN_S)
        found.is_said("connected")
        leads.clear()
        found.is_said("standby")


def test_of_parts_in_a_quarter_of_a_second_the_newest_is_passed_on(broker: RunningBroker) -> None:
    with listening(broker.ws_url, broker.secret) as found, closing(Publisher(broker)) as publisher:
        found.is_said("connected")
        for goals in range(20):
            part = {"id": "m", "score": ["m", 2, [goals], [0], 0, ""]}
            publisher.publish(json.dumps([part]).encode(), wait=False)
        publisher.publish(b'[{"id":"last","stats":[]}]')
        parts: list[Part] = []
        while not parts or parts[-1].match_id != "last":
            answer = found.answers.get(timeout=WITHIN_S)
            assert isinstance(answer.value, Pushed)
            parts += answer.value.parts
    newest = parts[-2].value
    assert isinstance(newest, LiveScore)
    assert newest.home.goals == 19
    assert len(parts) < 20


def test_an_old_score_that_comes_late_does_not_take_the_place_of_a_goal(broker: RunningBroker) -> None:
    def score(goals: int) -> bytes:
        return json.dumps([{"id": "m", "score": ["m", 2, [goals], [0], 0]}]).encode()

    with listening(broker.ws_url, broker.secret) as found, closing(Publisher(broker)) as publisher:
        found.is_said("connected")
        publisher.publish(b"[" + b",".join(one[1:-1] for one in (score(0), score(1), score(0))) + b"]")
        answer = found.answers.get(timeout=WITHIN_S)
        assert isinstance(answer.value, Pushed)
        scores = [part.value for part in answer.value.parts]
        assert [one.home.goals for one in scores if isinstance(one, LiveScore)] == [1, 0]


def test_a_tick_is_passed_on_in_its_time() -> None:
    with mute() as url, listening(url, "secret") as found:
        found.feed.tick_in(0.05)
        answer = found.answers.get(timeout=WITHIN_S)
    assert answer.value == Pushed(())


def test_a_connection_that_never_gets_its_answer_is_silent(
    broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_connection, "ANSWER_WITHIN_S", -1.0)
    with listening(broker.ws_url, broker.secret) as found:
        found.is_said("silent")
