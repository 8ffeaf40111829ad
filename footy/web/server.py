"""The server: uvicorn in a thread, on a socket that was bound before."""

import contextlib
import logging
import resource
import socket
import threading
from typing import Self

import uvicorn

from footy.web.app import create_app
from footy.web.instance import Instance
from footy.web.live import Live
from footy.web.protocol import BoundedProtocol
from footy.web.security import Access
from footy.web.streams import MOST_STREAMS

log = logging.getLogger(__name__)

MOST_CONNECTIONS = MOST_STREAMS + 200
DESCRIPTORS = 4_096
"""As many files and sockets as the process should be allowed to hold; the pipeline needs some hundreds."""
SPARE_DESCRIPTORS = 400
SEND_BUFFER = 256 * 1024
"""Bytes that the kernel holds for a connection: else those of a reader that is stuck grow to megabytes."""
STOP_S = 1.5


class Server:
    """Serves an instance until it is closed."""

    def __init__(self, instance: Instance, access: Access, listening: socket.socket) -> None:
        self.live = Live(instance)
        self.address = address_of(listening)
        config = uvicorn.Config(
            create_app(self.live, access),
            http=BoundedProtocol,
            loop="asyncio",
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_most_connections(),
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._socket = listening
        self._thread = threading.Thread(target=self._run, name="footy-web", daemon=True)

    def start(self) -> Self:
        """Begin to serve; return at once."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Begin to stop; return at once."""
        self._server.should_exit = True
        self.live.stop()

    def join(self) -> None:
        """Wait until it has stopped, for `STOP_S` at most: its thread ends with the process."""
        self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except Exception:
            log.exception("The page and the API have ended; cycles go on")
        finally:
            with contextlib.suppress(OSError):
                self._socket.close()


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens here.

    Raises:
        OSError: The port is taken, or the address is not this machine's.
    """
    host = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named: small answers waited for 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(1024)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def address_of(bound: socket.socket) -> str:
    """Return the address to open in a browser."""
    host, port = bound.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{port}/"


def _most_connections() -> int:
    """Return how many connections are taken: no more than leave the pipeline its descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return (
        MOST_CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else max(50, min(MOST_CONNECTIONS, soft - SPARE_DESCRIPTORS))
    )
