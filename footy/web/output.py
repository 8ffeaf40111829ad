"""The output that hands each snapshot to the server's thread."""

from footy.outputs.base import Update
from footy.web.server import Server


class LivePage:
    """Serves the newest snapshot; bytes are made in the server's thread, so that no cycle waits."""

    name = "page"

    def __init__(self, server: Server) -> None:
        self._server = server

    def publish(self, update: Update) -> None:
        """Hand over the snapshot; return at once."""
        self._server.live.put(update.snapshot, update.changed)

    def wake(self) -> None:
        """Wake the reader of the log of events; return at once."""
        self._server.live.wake()

    def close(self) -> None:
        """Begin to stop the server; return at once."""
        self._server.close()
