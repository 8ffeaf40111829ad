"""The server: its socket, its event loop, and its ways to end."""

import asyncio
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import NoReturn

from thesports_simulator.protocol.wire import Connection, Handler
from thesports_simulator.vendor import BASE

_BACKLOG = 1_024


def handle_signals(*, exit_with_parent: bool) -> None:
    """Set the signal handlers: SIGTERM exits with 0; SIGINT too, or is ignored with `exit_with_parent`."""
    # A child inherits blocked signals, so unblock them.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN if exit_with_parent else _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    sys.exit(0)


def serve(handler: Handler, *, host: str, port: int, exit_with_parent: bool) -> None:
    """Serve until SIGTERM or SIGINT; with `exit_with_parent` until SIGTERM or the end of standard input.

    Prints one line with the address once it listens.

    Raises:
        OSError: It cannot listen.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    asyncio.run(_serve(handler, listener, exit_with_parent=exit_with_parent))


async def _serve(handler: Handler, listener: socket.socket, *, exit_with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if exit_with_parent:
        threading.Thread(target=_wait_for_parent, args=(loop, stop), name="parent", daemon=True).start()
    else:
        loop.add_signal_handler(signal.SIGINT, stop.set)
    server = await loop.create_server(lambda: Connection(handler), sock=listener, backlog=_BACKLOG)
    host, port = listener.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    print(f"simulator listening on http://{address}:{port}{BASE.rstrip('/')}", flush=True)  # noqa: T201
    try:
        await stop.wait()
    finally:
        server.close()


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4_096):
        pass
    loop.call_soon_threadsafe(stop.set)
