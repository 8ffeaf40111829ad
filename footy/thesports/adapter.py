"""One request, once: signed, sent on a pooled connection, its body read whole."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import HTTPResponse
from urllib3.util import Timeout

from footy.thesports.failures import BadBodyError
from footy.thesports.sockets import BoundedPool, BoundedTLSPool

PIECE = 256 * 1024
"""Bytes read at a time."""


class SigningAdapter(HTTPAdapter):
    """Sends one request, once; adds the credentials only here, so that nothing above ever holds them."""

    def __init__(self, credentials: Mapping[str, str], connections: int) -> None:
        self._query = urlencode(credentials)
        super().__init__(pool_connections=2, pool_maxsize=connections, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of connections that can be cut."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": BoundedPool, "https": BoundedTLSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools through a proxy, of such connections too."""
        manager = super().proxy_manager_for(*args, **kwargs)
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
        response = requests.Response()
        response.status_code = raw.status
        response.headers = requests.structures.CaseInsensitiveDict(raw.headers)
        response.raw = raw
        response.request = request
        response.url = request.url or ""
        return response


def read_body(raw: HTTPResponse, most: int) -> bytes:
    """Read a whole body, decompressed, but not more than `most` bytes."""
    pieces: list[bytes] = []
    size = 0
    while piece := raw.read(PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise BadBodyError(f"the reply is larger than {most // 2**20} MB")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def words_for(error: BaseException, seconds: float) -> str:
    """Say what went wrong on the connection, without the address: urllib3's own words carry the URL."""
    match error:
        case NameResolutionError():
            return "the host name does not resolve: check FOOTY_BASE_URL and the network's DNS"
        case ConnectTimeoutError() | ReadTimeoutError() | TimeoutError():
            return f"no whole reply within {seconds:.1f} s"
        case SSLError() | ssl.SSLError():
            return "the TLS connection failed: check FOOTY_CA_BUNDLE and the machine's clock"
        case NewConnectionError():
            cause = error.__cause__
            said = cause.strerror if isinstance(cause, OSError) and cause.strerror else "failed to connect"
            return f"no connection ({said}): check FOOTY_BASE_URL and the network"
        case _:
            return "the connection broke before the reply was whole"
