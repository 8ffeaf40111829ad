"""Connections whose waits end with the current attempt, or when another thread stops it.

A socket's timeout bounds a single wait, so a body that arrives byte by byte restarts it again and again.
Therefore each socket sets its timeout before each wait, to the time left of the calling thread's attempt.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

T = TypeVar("T")

Address = tuple[Any, ...]
"""A socket address, as in the standard library."""


class Attempt:
    """An attempt in flight: its end, and a way to wake the thread that waits for it."""

    def __init__(self, end: float, right_left_s: Callable[[], float] | None = None) -> None:
        self.end = end
        """In monotonic seconds."""
        self._right_left_s = right_left_s
        self._aborted = False
        self._wake: Callable[[], None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the attempt's time is up, or it was aborted."""
        return self._aborted or self._left() <= 0

    @property
    def is_extended(self) -> bool:
        """Whether a wait that timed out may go on: the right to ask was extended meanwhile."""
        return self._right_left_s is not None and not self.is_over

    def _left(self) -> float:
        left = self.end - time.monotonic()
        return left if self._right_left_s is None else min(left, self._right_left_s())

    def seconds_left(self, wake: Callable[[], None]) -> float:
        """Return the seconds that a wait starting now may last; another thread ends it by calling `wake`.

        Raises:
            TimeoutError: The attempt is over.
        """
        self._wake = wake  # set before reading _aborted: abort() does the reverse, so neither is missed
        left = self._left()
        if self._aborted or left <= 0:
            raise TimeoutError("the attempt is over")
        return left

    def abort(self) -> None:
        """End the attempt from another thread."""
        self._aborted = True
        if self._wake is not None:
            self._wake()


_current: ContextVar[Attempt] = ContextVar("attempt")
"""The calling thread's attempt."""


class AttemptsInFlight:
    """All running attempts, so that they can be aborted at once.

    Args:
        right_left_s: Returns the seconds for which the vendor may still be asked; it may be extended while an
            attempt waits. None if there is no such limit.
    """

    def __init__(self, right_left_s: Callable[[], float] | None = None) -> None:
        self._right_left_s = right_left_s
        self._lock = threading.Lock()
        self._attempts: set[Attempt] = set()
        self._aborted = False

    @contextlib.contextmanager
    def attempt(self, end: float) -> Iterator[Attempt]:
        """Limit the calling thread's waits within the context to `end`, in monotonic seconds."""
        attempt = Attempt(end, self._right_left_s)
        with self._lock:
            self._attempts.add(attempt)
            if self._aborted:
                attempt.abort()
        token = _current.set(attempt)
        try:
            yield attempt
        finally:
            _current.reset(token)
            with self._lock:  # from now on its connection may serve another attempt
                self._attempts.remove(attempt)

    def abort_all(self) -> None:
        """Abort every attempt in flight, and every later one."""
        with self._lock:
            self._aborted = True
            for attempt in self._attempts:
                attempt.abort()


class _BoundedSocket(socket.socket):
    """A socket whose waits end with the thread's attempt."""

    def settimeout(self, _seconds: float | None) -> None:
        """Do nothing: the library would set a timeout before each wait, which costs a system call."""

    def _bound(self) -> None:
        super().settimeout(_current.get().seconds_left(self._wake))

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self, socket.SHUT_RDWR)  # SSLSocket's own would drop its TLS state first

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
        return self._read(super().recv, *args)

    def recv_into(self, *args: Any) -> int:
        return self._read(super().recv_into, *args)

    def _read(self, read: Callable[..., T], *args: Any) -> T:
        """Wait for bytes until the attempt is over: its time may have been extended during a wait."""
        while True:
            self._bound()
            try:
                return read(*args)
            except TimeoutError:
                if not _current.get().is_extended:
                    raise


class BoundedTLSSocket(_BoundedSocket, ssl.SSLSocket):
    """Such a socket with TLS."""

    def do_handshake(self, block: bool = False) -> None:
        """Perform the TLS handshake within the attempt's time."""
        self._bound()
        super().do_handshake(block)


def _resolve(host: str, port: int) -> list[Address]:
    """Resolve a host name to IPv4 addresses within the attempt's time.

    The system's resolver cannot be interrupted, so it runs in its own thread, which is abandoned when the
    attempt ends. IPv4 only: the vendor's list of allowed addresses holds no IPv6 addresses.
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
    """Connect to the first address of the host that accepts the connection."""
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
    """A connection with such a socket."""

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
    """Such a connection with TLS; the TLS context sets the socket's class."""


class BoundedPool(HTTPConnectionPool):
    """A pool of connections whose waits end with the thread's attempt."""

    ConnectionCls = _BoundedConnection


class BoundedTLSPool(HTTPSConnectionPool):
    """A pool of such connections with TLS."""

    ConnectionCls = _BoundedTLSConnection
