"""Connections on which each wait ends with the attempt it is for, and on a stop from another thread.

A time-out bounds one wait, and a body that drips renews it with each byte. So each socket sets its time-out
anew before it waits: to what is left of the attempt that the calling thread makes.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

Address = tuple[Any, ...]
"""An address of a socket, as the standard library has it."""


class Attempt:
    """One attempt in flight: its end, and how to end what it waits for."""

    def __init__(self, end: float) -> None:
        self.end = end
        """On the monotonic clock."""
        self._aborted = False
        self._wake: Callable[[], None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether its time is up, or it was aborted."""
        return self._aborted or self.end <= time.monotonic()

    def seconds_left(self, wake: Callable[[], None]) -> float:
        """Return how long the wait that begins now may last; `wake` ends it from another thread.

        Raises:
            TimeoutError: The attempt is over.
        """
        self._wake = wake  # before the look at what abort() writes before it reads this: one sees the other
        left = self.end - time.monotonic()
        if self._aborted or left <= 0:
            raise TimeoutError("the attempt is over")
        return left

    def abort(self) -> None:
        """End the attempt from another thread."""
        self._aborted = True
        if self._wake is not None:
            self._wake()


_current: ContextVar[Attempt] = ContextVar("attempt")
"""The attempt that the thread makes."""


class AttemptsInFlight:
    """All attempts that are being made, so that they can be ended at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: set[Attempt] = set()
        self._aborted = False

    @contextlib.contextmanager
    def attempt(self, end: float) -> Iterator[Attempt]:
        """Bound what the calling thread does inside by `end`, on the monotonic clock."""
        attempt = Attempt(end)
        with self._lock:
            self._attempts.add(attempt)
            if self._aborted:
                attempt.abort()
        token = _current.set(attempt)
        try:
            yield attempt
        finally:
            _current.reset(token)
            with self._lock:  # its connection may serve another attempt from now on
                self._attempts.remove(attempt)

    def abort_all(self) -> None:
        """End every attempt in flight, and each that begins from now on."""
        with self._lock:
            self._aborted = True
            for attempt in self._attempts:
                attempt.abort()


class _BoundedSocket(socket.socket):
    """A socket that waits no longer than the thread's attempt lasts."""

    def _bound(self) -> None:
        self.settimeout(_current.get().seconds_left(self._wake))

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self, socket.SHUT_RDWR)  # an SSLSocket's own would first forget its TLS

    def connect(self, address: Any) -> None:
        self._bound()
        super().connect(address)

    def send(self, *args: Any) -> int:
        self._bound()
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self._bound()
        super().sendall(*args)

    def recv(self, *args: Any) -> bytes:
        self._bound()
        return super().recv(*args)

    def recv_into(self, *args: Any) -> int:
        self._bound()
        return super().recv_into(*args)


class BoundedTLSSocket(_BoundedSocket, ssl.SSLSocket):
    """The same over TLS."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands while the attempt lasts."""
        self._bound()
        super().do_handshake(block)


def _resolve(host: str, port: int) -> list[Address]:
    """Resolve to IPv4 addresses while the attempt lasts.

    The system's resolver cannot be interrupted, so it is asked in a thread that nobody waits for longer than
    that. IPv4 only: the vendor's list of allowed addresses holds no other.
    """
    answer: SimpleQueue[list[Address] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
            answer.put([address for *_, address in found])
        except OSError as error:
            answer.put(error)
        except UnicodeError:
            answer.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))

    if host.replace(".", "").isdecimal():
        return [(host, port)]
    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        found = answer.get(timeout=_current.get().seconds_left(lambda: answer.put(TimeoutError())))
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _connect(host: str, port: int) -> socket.socket:
    """Connect to the first address of the host that takes the connection."""
    last = OSError("the name has no IPv4 address")
    for address in _resolve(host, port):
        opened = _BoundedSocket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.connect(address)
        except OSError as error:
            opened.close()
            last = error
        else:
            return opened
    raise last


class _BoundedConnection(HTTPConnection):
    """A connection over such a socket."""

    def _new_conn(self) -> socket.socket:
        try:
            return _connect(self._dns_host, int(self.port or 80))
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "Connecting took too long") from error
        except OSError as error:
            raise NewConnectionError(self, f"Failed to connect: {error}") from error


class _BoundedTLSConnection(_BoundedConnection, HTTPSConnection):
    """The same over TLS, where the settings of TLS name the class of socket."""


class BoundedPool(HTTPConnectionPool):
    """A pool of connections that wait no longer than the thread's attempt lasts."""

    ConnectionCls = _BoundedConnection


class BoundedTLSPool(HTTPSConnectionPool):
    """A pool of such connections over TLS."""

    ConnectionCls = _BoundedTLSConnection
