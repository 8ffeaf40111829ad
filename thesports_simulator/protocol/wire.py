"""HTTP/1.1 on a socket: parses requests, writes replies, and does to a connection whatever a fault asks for.

Written on httptools itself rather than as an ASGI application, because half of what a simulator is for
(resets, lies about lengths, bytes one by one) happens below what a web framework lets through.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import httptools

from thesports_simulator.protocol.replies import Reply

_KEEP_ALIVE = 75.0
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


@dataclass(slots=True)
class Request:
    """One request. `asked` holds the query parameters, the last of each name."""

    method: str
    path: str
    asked: dict[str, str]
    body: bytes
    takes_gzip: bool
    keep_alive: bool
    address: str
    target: str = ""
    """Path and query, as they came."""


class Handler(Protocol):
    """Whoever answers."""

    def opened(self) -> None:
        """A connection was accepted."""

    def closed(self) -> None:
        """A connection ended."""

    def handle(self, request: Request, connection: "Connection") -> None:
        """Sees to it that the connection is answered, now or later, or done away with."""

    def finished(self, request: Request) -> None:
        """A request handed over was answered, or its connection ended before."""


class Connection(asyncio.Protocol):
    """One connection: requests are answered one after the other, however many came at once."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._request: Request | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._keep_alive = True
        self.task: asyncio.Task[None] | None = None
        self.is_open = False
        self.on_message_begin()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts to listen."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server's always is
        self.transport = transport
        self._address = (transport.get_extra_info("peername") or ("",))[0]
        self.is_open = True
        self._handler.opened()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets what was being answered."""
        del exc
        self.is_open = False
        self._can_write.set()
        if self._idle:
            self._idle.cancel()
        if self.task:
            self.task.cancel()
        if self._request:
            self._handler.finished(self._request)
        self._handler.closed()

    def pause_writing(self) -> None:
        """The peer reads more slowly than we write."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._can_write.set()

    def data_received(self, data: bytes) -> None:
        """Parses what came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            # A mistake of ours, not the client's: asyncio reports it and drops the connection.
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()

    # httptools' side

    def on_message_begin(self) -> None:
        """A request starts."""
        self._url = b""
        self._body = b""
        self._takes_gzip = False

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if name.lower() == b"accept-encoding" and b"gzip" in value.lower():
            self._takes_gzip = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """A request is whole."""
        path, _, query = self._url.partition(b"?")
        request = Request(
            method=self._parser.get_method().decode(),
            path=unquote(path.decode("latin-1")),
            asked=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)),
            body=self._body,
            takes_gzip=self._takes_gzip,
            keep_alive=self._parser.should_keep_alive(),
            address=self._address,
            target=self._url.decode("latin-1"),
        )
        self._waiting.append(request)
        self._next()

    # the handler's side

    def send(self, reply: Reply) -> int:
        """Answers the request at hand; returns the bytes of body sent."""
        if not self.is_open:
            return 0
        body = reply.body if reply.encoded is None else reply.encoded
        self.transport.write(self.head(reply, len(body)) + body)
        self.finish()
        return len(body)

    def head(self, reply: Reply, length: int) -> bytes:
        """Status line and headers, as the vendor's proxy writes them."""
        lines = [
            _STATUS[reply.status],
            b"Server: nginx/1.20.1\r\nContent-Type: ",
            reply.content_type,
            b"\r\nContent-Length: %d\r\nVia: 1.1 google\r\n" % length,
        ]
        if reply.encoded is not None:
            lines.append(b"Content-Encoding: gzip\r\n")
        lines += [b"%b: %b\r\n" % header for header in reply.headers]
        if not self._keep_alive:
            lines.append(b"Connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def finish(self) -> None:
        """The request at hand is answered: on to the next, or the end of the connection."""
        if self._request:
            self._handler.finished(self._request)
        self._request = None
        self.task = None
        if not self.is_open:
            return
        if not self._keep_alive:
            self.transport.close()
        elif self._waiting:
            self._loop.call_soon(self._next)
        else:
            self._wait()

    def play(self, act: Coroutine[Any, Any, None]) -> None:
        """Lets a fault answer the request at hand, for as long as that takes or the client waits."""
        self.task = self._loop.create_task(act)

    async def write(self, data: bytes) -> None:
        """Writes a piece, waiting for a peer that is slow to read."""
        await self._can_write.wait()
        self.transport.write(data)

    def close(self) -> None:
        """Ends the connection once what was written is on its way."""
        self.transport.close()

    def reset(self) -> None:
        """Ends the connection with a RST."""
        wire: socket.socket | None = self.transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _next(self) -> None:
        if self._request or not self._waiting or not self.is_open:
            return
        if self._idle:
            self._idle.cancel()
            self._idle = None
        self._request = self._waiting.popleft()
        self._keep_alive = self._request.keep_alive
        self._handler.handle(self._request, self)

    def _wait(self) -> None:
        self._idle = self._loop.call_later(_KEEP_ALIVE, self.transport.close)
