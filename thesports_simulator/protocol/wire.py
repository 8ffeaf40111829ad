"""HTTP/1.1 on a socket: parses requests, writes replies, and lets faults break the connection.

It uses httptools directly, not an ASGI framework, because a web framework does not allow many of the faults:
resets, wrong lengths, single bytes.
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
    """One request. `parameters` holds the last query parameter of each name."""

    method: str
    path: str
    parameters: dict[str, str]
    body: bytes
    takes_gzip: bool
    keep_alive: bool
    address: str
    target: str = ""
    """Path and query, as received."""


class Handler(Protocol):
    """Answers the requests of connections."""

    def opened(self) -> None:
        """Note that a connection was accepted."""

    def closed(self) -> None:
        """Note that a connection ended."""

    def handle(self, request: Request, connection: "Connection") -> None:
        """Answer the request now or later, or end the connection."""

    def finished(self, request: Request) -> None:
        """Note that a request was answered, or that its connection ended before."""


class Connection(asyncio.Protocol):
    """One connection: pipelined requests are answered one after the other."""

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

    # --- callbacks from asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the new connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - true for every TCP server
        self.transport = transport
        self._address = (transport.get_extra_info("peername") or ("",))[0]
        self.is_open = True
        self._handler.opened()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the pending reply."""
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
        """Pause writing: the client reads more slowly than we write."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """Resume writing: the client has caught up."""
        self._can_write.set()

    def data_received(self, data: bytes) -> None:
        """Parse received bytes."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            # An error of ours, not the client's: asyncio reports it and drops the connection.
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()

    # --- callbacks from httptools

    def on_message_begin(self) -> None:
        """Start a request."""
        self._url = b""
        self._body = b""
        self._takes_gzip = False

    def on_url(self, url: bytes) -> None:
        """Append a piece of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header."""
        if name.lower() == b"accept-encoding" and b"gzip" in value.lower():
            self._takes_gzip = True

    def on_body(self, body: bytes) -> None:
        """Append a piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Queue the complete request."""
        path, _, query = self._url.partition(b"?")
        if path.startswith(b"http://"):  # as a proxy sends it (RFC 9112, 3.2.2)
            path = b"/" + path.removeprefix(b"http://").partition(b"/")[2]
        request = Request(
            method=self._parser.get_method().decode(),
            path=unquote(path.decode("latin-1")),
            parameters=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)),
            body=self._body,
            takes_gzip=self._takes_gzip,
            keep_alive=self._parser.should_keep_alive(),
            address=self._address,
            target=self._url.decode("latin-1"),
        )
        self._waiting.append(request)
        self._next()

    # --- for the handler

    def send(self, reply: Reply) -> int:
        """Answer the current request; return the number of body bytes sent."""
        if not self.is_open:
            return 0
        body = reply.body if reply.encoded is None else reply.encoded
        self.transport.write(self.head(reply, len(body)) + body)
        self.finish()
        return len(body)

    def head(self, reply: Reply, length: int) -> bytes:
        """Return status line and headers, as the vendor's proxy writes them."""
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
        """Complete the current request; begin the next one or end the connection."""
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

    def run_fault(self, act: Coroutine[Any, Any, None]) -> None:
        """Let a fault answer the current request, until it is done or the client disconnects."""
        self.task = self._loop.create_task(act)

    async def write(self, data: bytes) -> None:
        """Write some bytes; wait if the client reads slowly."""
        await self._can_write.wait()
        self.transport.write(data)

    def close(self) -> None:
        """Close the connection after the written bytes are sent."""
        self.transport.close()

    def reset(self) -> None:
        """Close the connection with a RST."""
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
