"""Connections whose every attempt has one end on the wall clock, and that can be cut from outside.

Time-outs alone do not bound an attempt: a body that drips renews them with each byte, and a thread that
reads cannot be told to stop. So each connection keeps a second handle on its socket; when an attempt's time
is up, or at a stop, the watch shuts that down, and the reading thread sees the connection end at once.
"""

import contextlib
import heapq
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from functools import partial
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

UNWATCHED_S = 10.0
"""Seconds for connecting where no attempt bounds it."""


class Attempt:
    """One attempt in flight: its end, and how to end what it waits for."""

    def __init__(self, end: float) -> None:
        self.end = end
        """On the monotonic clock."""
        self.cut = False
        """Whether the watch ended it."""
        self.over = False
        self._lock = threading.Lock()
        self._give_up: Callable[[], None] | None = None
        self._left_behind: list[socket.socket] = []

    def waits(self, give_up: Callable[[], None]) -> None:
        """Take note of what ends the wait that begins now; end it at once where the attempt has been cut."""
        with self._lock:
            self._give_up = give_up
            if self.cut:
                give_up()

    def keep(self, handle: socket.socket) -> None:
        """Take over the handle of a connection that closes: its last body may still be read, and cut."""
        with self._lock:
            self._left_behind.append(handle)

    def finish(self) -> None:
        """Let go of the connection: it may serve another attempt now."""
        with self._lock:
            self.over = True
            self._give_up = None
            for handle in self._left_behind:
                handle.close()

    def cut_off(self) -> None:
        """End the attempt from another thread."""
        with self._lock:
            if self.over:
                return
            self.cut = True
            if self._give_up is not None:
                self._give_up()


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


class Watch:
    """One thread that cuts attempts off when their time is up, and all of them at once on demand."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ends: list[tuple[float, int, Attempt]] = []
        self._order = itertools.count()
        self._ended = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def attempt(self, end: float) -> Iterator[Attempt]:
        """Bound what the calling thread does inside by `end`, on the monotonic clock."""
        attempt = Attempt(end)
        with self._changed:
            attempt.cut = self._ended
            heapq.heappush(self._ends, (end, next(self._order), attempt))
            if self._ends[0][2] is attempt:
                self._changed.notify()
        _current.attempt = attempt
        try:
            yield attempt
        finally:
            _current.attempt = None
            attempt.finish()

    def cut_all(self) -> None:
        """End every attempt in flight, and each that begins from now on."""
        with self._changed:
            self._ended = True
            attempts = [attempt for _, _, attempt in self._ends]
        for attempt in attempts:
            attempt.cut_off()

    def close(self) -> None:
        """End every attempt and the thread."""
        self.cut_all()
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._ends and (self._ends[0][2].over or self._ends[0][0] <= time.monotonic()):
                    heapq.heappop(self._ends)[2].cut_off()
                if self._closed:
                    return
                self._changed.wait(self._ends[0][0] - time.monotonic() if self._ends else None)


class _Current(threading.local):
    attempt: Attempt | None = None


_current = _Current()


def _look_up(host: str, port: int, attempt: Attempt | None) -> list[tuple[str, int]]:
    """Resolve to IPv4 addresses while the attempt lasts.

    The system's resolver cannot be interrupted, so it is asked in a thread that nobody waits for longer than
    that. IPv4 only: the vendor's list of allowed addresses holds no other.
    """
    answer: Future[list[Any]] = Future()

    def settle(found: list[Any] | OSError) -> None:
        with contextlib.suppress(InvalidStateError):  # the other side was first
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

    def ask() -> None:
        try:
            settle(socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM))
        except OSError as error:
            settle(error)
        except UnicodeError:
            settle(socket.gaierror(socket.EAI_NONAME, "not a host name"))

    if host.replace(".", "").isdecimal():
        return [(host, port)]
    threading.Thread(target=ask, name="resolver", daemon=True).start()
    if attempt is not None:
        attempt.waits(lambda: settle(TimeoutError()))
    return [found[4] for found in answer.result(timeout=_left(attempt))]


def _left(attempt: Attempt | None) -> float:
    return max(0.001, attempt.end - time.monotonic()) if attempt else UNWATCHED_S


class _BoundedConnection(HTTPConnection):
    """A connection that tells the current attempt which socket it uses."""

    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        attempt = _current.attempt
        try:
            found = _look_up(self._dns_host, int(self.port or 80), attempt)
            connected = self._connect(found, attempt)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "Connecting took too long") from error
        except OSError as error:
            raise NewConnectionError(self, f"Failed to connect: {error}") from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.settimeout(None if self.timeout is None else float(self.timeout))
        return connected

    def _connect(self, found: list[tuple[str, int]], attempt: Attempt | None) -> socket.socket:
        last: OSError = OSError("the name has no IPv4 address")
        for address in found:
            if attempt is not None and (attempt.cut or attempt.end <= time.monotonic()):
                raise TimeoutError
            opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            opened.settimeout(_left(attempt))
            self._drop_handle()
            self._handle = opened.dup()
            if attempt is not None:
                attempt.waits(partial(_shut, self._handle))
            try:
                opened.connect(address)
            except OSError as error:
                opened.close()
                last = error
            else:
                return opened
        raise last

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, telling the attempt first which socket it is on."""
        attempt = _current.attempt
        if attempt is not None and self._handle is not None and self.sock is not None:
            attempt.waits(partial(_shut, self._handle))
        super().request(*args, **kwargs)

    def close(self) -> None:
        """Close the connection and the second handle on its socket."""
        super().close()
        self._drop_handle()

    def _drop_handle(self) -> None:
        handle, self._handle = self._handle, None
        if handle is None:
            return
        if _current.attempt is not None:
            _current.attempt.keep(handle)
        else:
            handle.close()


class _BoundedTLSConnection(_BoundedConnection, HTTPSConnection):
    """The same over TLS: the second handle is on the socket beneath, so a handshake can be cut too."""


class BoundedPool(HTTPConnectionPool):
    """A pool of connections that can be cut."""

    ConnectionCls = _BoundedConnection


class BoundedTLSPool(HTTPSConnectionPool):
    """A pool of TLS connections that can be cut."""

    ConnectionCls = _BoundedTLSConnection
