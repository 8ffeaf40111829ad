"""A server between footy and the simulator that answers on the wire in ways in which no vendor should."""

import json
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from thesports_simulator.process import RunningSimulator

Lie = Callable[[str, bytes], list[bytes]]
"""From a path below the base address and the true body to what is written, a piece at a time."""


def reply(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def truth(_path: str, body: bytes) -> list[bytes]:
    return [reply(body)]


def changed(endpoint: str, change: Callable[[Any], None]) -> Lie:
    """Lie about the results of one endpoint; `change` is given them, decoded."""

    def lie(path: str, body: bytes) -> list[bytes]:
        if not path.startswith(endpoint):
            return [reply(body)]
        answer = json.loads(body)
        change(answer["results"])
        return [reply(json.dumps(answer).encode())]

    return lie


class Liar:
    """Hands each request on to the simulator, and answers as `lie` says."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self.lie: Lie = truth
        self.pause = threading.Event()
        """Never set: what waits for it waits its whole time, between two pieces."""
        self._simulator = simulator
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1/football"

    def listen(self) -> None:
        """Answer every connection in a thread of its own, until closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as asked:
            try:
                while line := asked.readline():
                    while asked.readline().strip():
                        pass
                    self._answer(connection, line.split()[1].decode("latin-1"))
            except OSError:
                return

    def _answer(self, connection: socket.socket, target: str) -> None:
        root = self._simulator.base_url.partition("/v1/")[0]
        with urllib.request.urlopen(root + target) as told:
            body = told.read()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, piece in enumerate(self.lie(target.partition("/football/")[2], body)):
            if number:
                self.pause.wait(0.03)
            connection.sendall(piece)


@contextmanager
def lying(simulator: RunningSimulator) -> Iterator[Liar]:
    liar = Liar(simulator)
    threading.Thread(target=liar.listen, daemon=True).start()
    try:
        yield liar
    finally:
        liar.close()
