"""What uvicorn leaves open: limits on the head of a request, and on how long anything may take."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 16 * 1024
HEAD_S = 10.0
"""Seconds within which the head of a request must be here."""
STUCK_S = 30.0
"""Seconds after which a connection that takes nothing is closed."""
CONNECTION = "footy.connection"
"""The key in an ASGI scope under which an application finds its connection."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with bounds: a client can be slow, stuck or hostile, and costs little."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._head_bytes = 0
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        if self._stuck is not None:
            self._stuck.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, no more than a head may have."""
        if self._in_head:
            if self._timer is None:
                self._timer = self.loop.call_later(HEAD_S, self._too_slow)
            self._head_bytes += len(data)
            room = len(data) - (self._head_bytes - HEAD_BYTES)
            if room < len(data) and b"\r\n\r\n" not in data[: max(0, room)]:
                self._refuse(431, b"Request Header Fields Too Large")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[CONNECTION] = self  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        """End the head of a request."""
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request: what comes next is the head of another."""
        super().on_message_complete()
        self._in_head = True

    def pause_writing(self) -> None:
        """Begin to wait for a client that takes nothing."""
        super().pause_writing()
        self._stuck = self.loop.call_later(STUCK_S, self.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def abort(self) -> None:
        """Close the connection at once, whatever is still to be sent."""
        if not self.transport.is_closing():
            self.transport.abort()

    def _too_slow(self) -> None:
        cycle: Any = self.cycle  # None before the first request
        if cycle is None or cycle.response_complete:
            self._refuse(408, b"Request Timeout")

    def _refuse(self, status: int, words: bytes) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        self.transport.write(
            b"HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % (status, words)
        )
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
