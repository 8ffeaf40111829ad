"""Send one request once: sign it, send it on a pooled connection, and read the whole body."""

import functools
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import HTTPResponse
from urllib3.util import Retry
from urllib3.util.ssl_ import create_urllib3_context

from footy.errors import ConfigError
from footy.thesports.connections import BoundedPool, BoundedTLSPool, BoundedTLSSocket
from footy.thesports.errors import BadBodyError, TimedOutError, UnreachableError, VendorError

PIECE = 256 * 1024
"""Number of bytes to read at a time."""
SMALL = 2**20
"""Bytes of each body that do not count towards `ROOM`: more than any reply for one match has."""
ROOM = 64 * 2**20
"""Bytes beyond that which all bodies being read may hold together, so that memory use is bounded."""
NEVER_AGAIN = Retry(False)
WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})
"""HTTP statuses after which the library expects no body. If bytes follow one anyway, such as the reply that a
103 announces, the connection's next request would take them for its own reply."""


@functools.cache
def trusting(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return the TLS context of all connections; shared, since loading the authorities takes 10 ms.

    Without a file, use the authorities of requests: the location of the system's differs between systems.

    Raises:
        ConfigError: The file cannot be used.
    """
    context = create_urllib3_context()
    context.sslsocket_class = BoundedTLSSocket
    authorities = str(ca_bundle or DEFAULT_CA_BUNDLE_PATH)
    try:
        if ca_bundle is not None and ca_bundle.is_dir():
            context.load_verify_locations(capath=authorities)
        else:
            context.load_verify_locations(cafile=authorities)
    except OSError as error:
        reason = "it holds none" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"FOOTY_CA_BUNDLE is {authorities!r} but takes a file of certificate authorities ({reason})."
        ) from None
    return context


class SigningAdapter(HTTPAdapter):
    """Sends one request once. Only it adds the credentials to a URL; the transport keeps them for redaction.

    All requests go to the same host, so the pool of connections is looked up once.
    """

    def __init__(
        self, credentials: Mapping[str, str], connections: int, context: ssl.SSLContext | None
    ) -> None:
        """Prepare the adapter; without a TLS context, which takes 10 ms to make, only for plain addresses."""
        self._query = urlencode(credentials)
        self._context = context
        self._pool: HTTPConnectionPool | None = None
        super().__init__(pool_connections=2, pool_maxsize=connections, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pools, with connections whose waits end with the attempt."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": BoundedPool, "https": BoundedTLSPool}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Create the pools through a proxy, with such connections too."""
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._context, proxy_ssl_context=self._context, **proxy_kwargs
        )
        manager.pool_classes_by_scheme = {"http": BoundedPool, "https": BoundedTLSPool}
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - the library's signature
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send the request, and return the response with its body unread; urllib3's errors pass through.

        Only its `raw` has the headers: otherwise the session would resolve a redirect, after reading its
        whole body.
        """
        pool = self._pool
        if pool is None:
            proxies = dict(proxies or {})
            found = self.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            assert isinstance(found, HTTPConnectionPool)  # noqa: S101 - the stubs name its base class
            pool = self._pool = found
        address = request.url or ""
        is_forwarded = pool.proxy is not None and address.startswith("http:")
        url = address if is_forwarded else request.path_url
        if self._query:
            url = f"{url}{'&' if '?' in url else '?'}{self._query}"
        raw = pool.urlopen(
            "GET",
            url,
            headers=dict(request.headers),
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=NEVER_AGAIN,
            timeout=timeout,
            pool_timeout=timeout,
        )
        if raw.status in WITHOUT_BODY and raw.connection is not None:
            raw.connection.close()
        response = requests.Response()
        response.status_code = raw.status
        response.raw = raw
        response.request = request
        response.url = address
        return response

    def close(self) -> None:
        """Close every connection now.

        urllib3 closes them when the pool is garbage-collected, which a still referenced error can delay.
        """
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in list(manager.pools.keys()):
                if (pool := manager.pools.get(key)) is not None:
                    pool.close()
        super().close()


class MemoryLimit:
    """A limit on the memory of large bodies while they are read, shared by all threads."""

    def __init__(self, most: int = ROOM) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Reserve `size` bytes; return False if too few are left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """Release `size` bytes."""
        with self._lock:
            self._left += size


def read_body(
    raw: HTTPResponse, most: int, room: MemoryLimit, is_over: Callable[[], bool] = lambda: False
) -> bytes:
    """Read and decompress a whole body, unless it exceeds `most` bytes or `is_over` returns True.

    The loop checks the time itself: decompressing can go on after the last byte has arrived.

    Raises:
        BadBodyError: The body, or all bodies together, are too large.
    """
    pieces: list[bytes] = []
    size = taken = 0
    try:
        while piece := raw.read(PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if is_over():
                break
            if size > most:
                raise BadBodyError(f"the reply is larger than {most // 2**20} MB")
            if size > SMALL:
                if not room.take(len(piece)):
                    raise BadBodyError("too many replies at once are far larger than any is")
                taken += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
    finally:
        pieces.clear()
        room.give_back(taken)


def failure_for(error: Exception, seconds: float) -> VendorError:
    """Return the named error for a connection's failure; its text has no URL, unlike urllib3's own."""
    match error:
        case VendorError():
            return error
        case DecodeError():
            return BadBodyError("the compressed reply is broken")
        case NameResolutionError():
            said = "the host name does not resolve: check FOOTY_BASE_URL and the network's DNS"
        case NewConnectionError(__cause__=OSError(strerror=str(reason))):
            said = f"no connection ({reason}): check FOOTY_BASE_URL and the network"
        case NewConnectionError():  # before the time-outs: in urllib3 it is a subclass of one of them
            said = "no connection: check FOOTY_BASE_URL and the network"
        case ConnectTimeoutError() | ReadTimeoutError() | TimeoutError():
            return TimedOutError(f"no whole reply within {seconds:.1f} s")
        case ProxyError():
            said = "no connection through the proxy: check FOOTY_PROXY"
        case SSLError() | ssl.SSLError():
            said = "the TLS connection failed: check FOOTY_CA_BUNDLE and the machine's clock"
        case _:
            said = "the connection broke before the reply was whole"
    return UnreachableError(said)
