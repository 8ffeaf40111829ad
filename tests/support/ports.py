"""Free ports for servers that cannot choose one for themselves."""

import random
import socket

_NOT_EPHEMERAL = range(10_000, 32_000)
"""No port of an outgoing connection, so none of these is taken between its choice and its use."""


def free_port() -> int:
    """Return a port that nothing listens on."""
    while True:
        port = random.SystemRandom().choice(_NOT_EPHEMERAL)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
