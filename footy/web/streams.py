"""Server-sent events: one hub for all readers of a stream; a slow reader cannot delay the others.

Everything here runs in the event loop of the server's thread.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

QUEUE = 8
"""Maximum queued messages per reader; beyond it the reader is disconnected and may reconnect."""
MOST_STREAMS = 1_000
HEARTBEAT_S = 15.0
HEARTBEAT = b": still here\n\n"


def message(data: bytes, *, event: str | None = None, identifier: str | None = None) -> bytes:
    """Return one message of a stream; `data` holds no line break."""
    head = b"" if event is None else b"event: %s\n" % event.encode()
    place = b"" if identifier is None else b"id: %s\n" % identifier.encode()
    return b"%s%sdata: %s\n\n" % (head, place, data)


class Reader:
    """One reader of a stream: what waits to be sent to it."""

    __slots__ = ("_abort", "_waiting", "closed", "queue", "wants")

    def __init__(self, abort: Callable[[], None], wants: Callable[[Any], bytes] | None) -> None:
        self.queue: deque[bytes] = deque()
        self.wants = wants
        """Converts a published value to bytes for this reader; None if it is already bytes."""
        self.closed = False
        self._abort = abort
        self._waiting: asyncio.Future[None] | None = None

    def put(self, data: bytes) -> None:
        """Queue data for sending, or close a reader that does not keep up."""
        if self.closed or not data:
            return
        if len(self.queue) >= QUEUE:
            self.close()
            self._abort()
            return
        self.queue.append(data)
        self._wake()

    def close(self) -> None:
        """End the stream after what is being sent now."""
        self.closed = True
        self.queue.clear()
        self._wake()

    async def next(self) -> bytes | None:
        """Return what is to be sent next; None at the end."""
        while not self.queue:
            if self.closed:
                return None
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self.queue.popleft()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Hub:
    """All readers of one stream."""

    def __init__(self, count: "Count") -> None:
        self._all: set[Reader] = set()
        """All readers, including those catching up."""
        self._readers: set[Reader] = set()
        self._count = count

    def __iter__(self) -> Iterator[Reader]:
        return iter(tuple(self._readers))

    def __len__(self) -> int:
        return len(self._readers)

    def reader(self, abort: Callable[[], None], wants: Callable[[Any], bytes] | None) -> Reader | None:
        """Return a reader that gets nothing before it joins; None if there are too many.

        Args:
            abort: Ends the reader's connection at once, whatever is still to be sent.
            wants: Converts a published value to bytes for this reader; None if it is already bytes.
        """
        if not self._count.take():
            return None
        reader = Reader(abort, wants)
        self._all.add(reader)
        return reader

    def join(self, reader: Reader) -> None:
        """Add a reader: it gets everything published from now on."""
        if not reader.closed:
            self._readers.add(reader)

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        self._readers.discard(reader)
        if reader in self._all:
            self._all.discard(reader)
            self._count.give_back()
        reader.close()

    def publish(self, published: Any) -> None:
        """Send something to every reader."""
        for reader in self:
            reader.put(published if reader.wants is None else reader.wants(published))

    def beat(self, heartbeat: bytes = HEARTBEAT) -> None:
        """Send a heartbeat to every reader whose queue is empty."""
        for reader in self:
            if not reader.queue:
                reader.put(heartbeat)

    def close(self) -> None:
        """End every stream."""
        for reader in tuple(self._all):
            reader.close()


class Count:
    """Remaining stream slots across all hubs."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.left = most

    def take(self) -> bool:
        """Take one; false if none is left."""
        if self.left <= 0:
            return False
        self.left -= 1
        return True

    def give_back(self) -> None:
        """Give one back."""
        self.left += 1
