"""A relay between a client and a server: it gives the client an address of its own, and can be cut.

A cut relay is a network without a route: nothing arrives, nothing is refused, and no connection ends.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

END_S = 10.0


class Relay:
    """Forwards connections from an address of its own: on Linux any of 127.0.0.0/8 will do."""

    def __init__(self, host: str, port: int, source: str) -> None:
        self._server = host, port
        self._source = source
        self._passes = threading.Event()
        self._passes.set()
        self._closing = False
        self._losing: tuple[bytes, bool] | None = None
        self._without_answer: set[socket.socket] = set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Let nothing pass."""
        self._passes.clear()

    def mend(self) -> None:
        """Let everything pass, also what was sent meanwhile."""
        self._passes.set()

    def lose_answer_to(self, said: bytes, *, arrives: bool) -> None:
        """End the connection on which a client says this next, before it gets an answer.

        `arrives` tells whether the server gets it, and answers.
        """
        self._losing = said, arrives

    def close(self) -> None:
        """End every connection."""
        self._closing = True
        self._passes.set()
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(END_S)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._begin(self._connect, client)

    def _connect(self, client: socket.socket) -> None:
        self._sockets.append(client)
        self._passes.wait()
        if self._closing:
            return
        try:
            server = socket.create_connection(self._server, END_S, source_address=(self._source, 0))
        except OSError:
            client.close()
            return
        server.settimeout(None)
        self._sockets.append(server)
        self._begin(self._pump, client, server, self._is_lost_by)
        self._begin(self._pump, server, client, lambda _piece, _server: client in self._without_answer)

    def _is_lost_by(self, piece: bytes, client: socket.socket) -> bool:
        """Check whether what a client says gets lost; note if it only gets no answer."""
        if self._losing is None or self._losing[0] not in piece:
            return False
        (_, arrives), self._losing = self._losing, None
        if arrives:
            self._without_answer.add(client)
        return not arrives

    def _pump(
        self, source: socket.socket, target: socket.socket, is_lost: Callable[[bytes, socket.socket], bool]
    ) -> None:
        with contextlib.suppress(OSError):
            while (piece := source.recv(65_536)) and not is_lost(piece, source):
                self._passes.wait()
                target.sendall(piece)
        self._passes.wait()
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _begin(self, run: "object", *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


@contextlib.contextmanager
def relaying(host: str, port: int, source: str = "127.0.0.1") -> Iterator[Relay]:
    """Yield a relay to a server; `source` is the address from which it connects."""
    relay = Relay(host, port, source)
    try:
        yield relay
    finally:
        relay.close()
