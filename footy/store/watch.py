"""What a reader on another machine sees of the leader: its published files, as they are replaced."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from footy.history.log import LogError
from footy.store.address import StoreAddress
from footy.store.listener import Listener
from footy.store.published import Published
from footy.store.session import Session

if TYPE_CHECKING:
    from datetime import datetime

RETRY_S = 1.0
_LISTEN_S = 5.0


class StoreWatch:
    """Watches a store: which files were published since the last look, and whether it answers.

    One thread looks; another one listens, and wakes it as soon as something is committed.
    """

    look_every_s = 2.0
    """Seconds between two looks if nothing wakes it."""

    def __init__(self, address: StoreAddress) -> None:
        self._address = address
        self._session = Session(address, application_name="footy reader", read_only=True)
        self._published = Published(self._session)
        self._known: dict[str, datetime] = {}
        self._values: dict[str, Any] = {}
        self._retry_at = 0.0
        self._stopping = threading.Event()
        self._listener = Listener(address)
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        """Why the store cannot be read; None if it can."""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin to listen; `wake` is called from another thread."""
        self._thread = threading.Thread(target=self._listen, args=(wake,), name="footy-listen", daemon=True)
        self._thread.start()

    def renew(self) -> frozenset[str]:
        """Look, and return the names of the files that changed; also of the heartbeat if it fell silent."""
        if time.monotonic() < self._retry_at:
            return frozenset()
        try:
            found = self._published.changed(self._known)
        except LogError as error:
            self._retry_at = time.monotonic() + RETRY_S
            is_new, self.problem = self.problem is None, str(error)
            return frozenset({"heartbeat.json"} if is_new else ())
        changed = {"heartbeat.json"} if self.problem is not None else set()
        self.problem = None
        for name, (at, content) in found.items():
            self._known[name] = at
            with contextlib.suppress(msgspec.DecodeError):
                self._values[name] = msgspec.json.decode(content)
                changed.add(name)
        return frozenset(changed)

    def value(self, name: str) -> Any:
        """Return a file as it was published last; None if it was not.

        The heartbeat names as its error that the store cannot be read: nobody knows how the leader is.
        """
        found = self._values.get(name)
        if name == "heartbeat.json" and self.problem is not None:
            return {**(found or {}), "last_error": f"nothing is heard of the service: {self.problem}"}
        return found

    def close(self) -> None:
        """Stop listening, and close the connections."""
        self._stopping.set()
        self._listener.wake()
        if self._thread is not None:
            self._thread.join(1.0)
        self._listener.close()
        self._session.close()

    def _listen(self, wake: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            if self._listener.wait(_LISTEN_S):
                wake()
