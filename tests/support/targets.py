"""Targets of messages that tests talk to over real sockets: an HTTP server and an SMTP server."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session


class Post(NamedTuple):
    """A request."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """An answer; one that waits is sent when the receiver is released."""

    status: int = 204
    headers: Mapping[str, str] = {}
    waits: bool = False
    body: bytes = b""
    is_lost: bool = False
    """The connection ends in place of the answer."""


class Receiver:
    """An HTTP server that keeps what it gets, and answers as a test wants."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: list[Answer] = []
        """What comes next, the first one first; 204 when there is none."""
        self.always: Answer | None = None
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender ended in the middle of it
                    self.close_connection = True
                    return
                receiver.posts.append(Post(self.path, dict(self.headers), body))
                answer = receiver.always or (receiver.answers.pop(0) if receiver.answers else Answer())
                if answer.is_lost:
                    self.close_connection = True
                    return
                if answer.waits:
                    receiver.released.wait(30)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/hook", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run an HTTP server."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


class Mailbox:
    """What an SMTP server gets."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.refuses: Callable[[], bool] = lambda: False
        self.loses = False
        """Whether the connection ends in place of the answer."""

    async def handle_DATA(  # noqa: N802 - the name that the library looks for
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.refuses():
            return "451 Try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(content)
        if self.loses:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"


@contextmanager
def receiving_mail() -> Iterator[tuple[Mailbox, int]]:
    """Run an SMTP server; yield its mailbox and its port."""
    mailbox = Mailbox()
    loop = asyncio.new_event_loop()
    controller = UnthreadedController(mailbox, hostname="127.0.0.1", port=0, loop=loop)
    server = loop.run_until_complete(loop.create_server(controller.factory, host="127.0.0.1", port=0))
    port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield mailbox, port
    finally:

        async def end() -> None:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(end(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
