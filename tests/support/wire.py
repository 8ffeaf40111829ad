"""A server that says on the wire exactly what a test tells it to, and a transport that asks it."""

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from footy.telemetry.counters import Counters
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.transport import Transport

USER = "some-user"
SECRET = "s3cr\"t k'ey\\100%/äöü"
CREDENTIALS = {"user": USER, "secret": SECRET}
GOOD = b'{"code":0,"results":[]}'
GENEROUS_S = 15.0
"""Far longer than anything here takes; a test that waits so long has failed."""


def reply(body: bytes = GOOD, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A whole reply; `length` lies about the body's."""
    said = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*said, "", ""]).encode() + body


def compressed(body: bytes, *headers: str) -> bytes:
    return reply(body, "Content-Encoding: gzip", *headers)


def zipped(text: bytes) -> bytes:
    return gzip.compress(text, 9)


def results_of(rows: Any) -> bytes:
    return json.dumps({"code": 0, "results": rows}).encode()


class Talk:
    """One request on one connection, and what can be done to it."""

    def __init__(self, server: "Server", connection: socket.socket, request: bytes) -> None:
        self.request = request
        self._server = server
        self._connection = connection
        self.is_over = False

    @property
    def target(self) -> str:
        return self.request.split(b" ", 2)[1].decode()

    def say(self, data: bytes) -> None:
        self._connection.sendall(data)

    def hang(self) -> None:
        """Says nothing until the client is gone."""
        self.is_over = True
        while self._connection.recv(65536):
            pass

    def drip(self, data: bytes = b" ", every_s: float = 0.02) -> None:
        """Says a little, over and over; each piece would renew a timeout."""
        self.is_over = True
        end = time.monotonic() + GENEROUS_S
        while time.monotonic() < end and not self._server.closing.wait(every_s):
            self.say(data)

    def reset(self) -> None:
        self.is_over = True
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def end(self) -> None:
        self.is_over = True


Script = Callable[[Talk], None]


def answer(data: bytes) -> Script:
    """Says this to whatever is asked, and keeps the connection."""
    return lambda talk: talk.say(data)


def answer_and_close(data: bytes) -> Script:
    def script(talk: Talk) -> None:
        talk.say(data)
        talk.end()

    return script


def in_turn(*scripts: Script) -> Script:
    """One script a request; the last goes on."""
    left = list(scripts)
    lock = threading.Lock()

    def script(talk: Talk) -> None:
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(talk)

    return script


class Server:
    """Accepts, reads requests and follows its script; `context` makes it speak TLS."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.closing = threading.Event()
        self._context = context
        self._changed = threading.Condition()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._context else ''}://127.0.0.1:{self.port}/v1/football"

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Waits until something is so that changes with a connection or a request."""
        with self._changed:
            assert self._changed.wait_for(is_so, GENEROUS_S)

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            sockets = list(self._sockets)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(GENEROUS_S)
            assert not thread.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(GENEROUS_S)
                with self._changed:
                    self.connections += 1
                    self.open += 1
                    self.most_open = max(self.most_open, self.open)
                    self._sockets.append(connection)
                    self._changed.notify_all()
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        speaking = connection
        try:
            if self._context is not None:
                speaking = self._context.wrap_socket(connection, server_side=True)
                with self._changed:
                    self._sockets.append(speaking)
            self._talk(speaking)
        except OSError:
            pass
        finally:
            speaking.close()
            connection.close()
            with self._changed:
                self.open -= 1
                self._changed.notify_all()

    def _talk(self, connection: socket.socket) -> None:
        polled = b""
        while True:
            while b"\r\n\r\n" not in polled:
                piece = connection.recv(65536)
                if not piece:
                    return
                polled += piece
            request, _, polled = polled.partition(b"\r\n\r\n")
            with self._changed:
                self.requests.append(request)
                self._changed.notify_all()
            talk = Talk(self, connection, request)
            self.script(talk)
            if talk.is_over:
                return


@contextlib.contextmanager
def asking(url: str, **options: Any) -> Iterator[Transport]:
    """A transport for tests: two connections, one attempt, no limits, quick to give up."""
    chosen: dict[str, Any] = {"workers": 2, "timeout": 2.0, "attempts": 1, "backoff": 0.0} | options
    chosen.setdefault("counters", Counters())
    transport = Transport(base_url=url, credentials=CREDENTIALS, **chosen)
    try:
        yield transport
    finally:
        transport.close()


def budget(seconds: float = 30.0, calls: int = 0) -> RetryBudget:
    spending = RetryBudget(time.monotonic() + seconds)
    spending.calls = calls
    return spending
