"""One request, once: signed, sent on a pooled connection, its body read whole."""

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
from urllib3.util import Timeout
from urllib3.util.ssl_ import create_urllib3_context

from footy.errors import ConfigError
from footy.thesports.connections import BoundedPool, BoundedTLSPool, BoundedTLSSocket
from footy.thesports.errors import BadBodyError, TimedOutError, UnreachableError, VendorError

PIECE = 256 * 1024
"""Bytes read at a time."""
SMALL = 2**20
"""Bytes of a body that are always read, whatever others hold: more than any reply for one match has."""
ROOM = 64 * 2**20
"""Bytes that all bodies that are being read may hold together beyond that, so that none fills the memory."""
WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})
"""HTTP statuses behind which the library expects no body. What may follow one all the same, such as the reply
that a 103 announces, would be taken for that of the connection's next request."""


def trusting(ca_bundle: Path | None) -> ssl.SSLContext:
    """Make the TLS settings of all connections, for reading the authorities anew at each costs 10 ms.

    Without a file these are requests' own, because the system's are not to be found everywhere.

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
    """Sends one request, once; adds the credentials only here, so that nothing above ever holds them."""

    def __init__(self, credentials: Mapping[str, str], connections: int, context: ssl.SSLContext) -> None:
        self._query = urlencode(credentials)
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=connections, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of connections that end with the attempt."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": BoundedPool, "https": BoundedTLSPool}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Make the pools through a proxy, of such connections too."""
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
        """Send, and give the response with its body yet to be read; urllib3's errors pass as they are."""
        proxies = dict(proxies or {})
        pool = self.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        assert isinstance(pool, HTTPConnectionPool)  # noqa: S101 - the stubs name its base class
        url = self.request_url(request, proxies)
        if self._query:
            url = f"{url}{'&' if '?' in url else '?'}{self._query}"
        raw = pool.urlopen(
            "GET",
            url,
            headers=request.headers,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=False,
            timeout=Timeout(connect=timeout, read=timeout),
            pool_timeout=timeout,
        )
        if raw.status in WITHOUT_BODY and raw.connection is not None:
            raw.connection.close()
        response = requests.Response()
        response.status_code = raw.status
        response.headers = requests.structures.CaseInsensitiveDict(raw.headers)
        # Unasked, the session would look where a redirect leads, reading all of its body first.
        response.headers.pop("Location", None)
        response.raw = raw
        response.request = request
        response.url = request.url or ""
        return response

    def close(self) -> None:
        """Close every connection now.

        urllib3 leaves that to the end of the pool, which a failure that is still remembered puts off.
        """
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in list(manager.pools.keys()):
                if (pool := manager.pools.get(key)) is not None:
                    pool.close()
        super().close()


class MemoryLimit:
    """What large bodies hold while they are read, all threads together."""

    def __init__(self, most: int = ROOM) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take so many bytes, where they are left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """Leave so many bytes to others."""
        with self._lock:
            self._left += size


def read_body(
    raw: HTTPResponse, most: int, room: MemoryLimit, is_over: Callable[[], bool] = lambda: False
) -> bytes:
    """Read a whole body, decompressed, but not more than `most` bytes, nor for longer than it may take.

    What arrived compressed can go on inflating when no more is received.
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
    """Name what went wrong on the connection, without the address: urllib3's own words carry the URL."""
    match error:
        case VendorError():
            return error
        case DecodeError():
            return BadBodyError("the compressed reply is broken")
        case NameResolutionError():
            said = "the host name does not resolve: check FOOTY_BASE_URL and the network's DNS"
        case NewConnectionError(__cause__=OSError(strerror=str(reason))):
            said = f"no connection ({reason}): check FOOTY_BASE_URL and the network"
        case NewConnectionError():  # before the time-outs, for urllib3 takes it for one of them
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
