"""Waits for what the leader commits: LISTEN wakes, and the log is then read."""

import contextlib
import os
import select
import threading
import time

import psycopg
from psycopg import sql

from footy.history.log import LogError
from footy.store.address import StoreAddress
from footy.store.connect import Connection, connected, translated

RETRY_S = 1.0
"""Seconds between attempts to connect again; without a connection nothing wakes, so readers look then."""


class Listener:
    """Listens on the channel of a schema, on a connection of its own; for one thread, closed by any."""

    def __init__(self, address: StoreAddress) -> None:
        self._address = address
        self._connection: Connection | None = None
        self._retry_at = 0.0
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._closed = False
        self._lock = threading.Lock()

    def wait(self, timeout_s: float) -> bool:
        """Wait for a notification; return whether something may be new: also after a connection was lost."""
        until = time.monotonic() + timeout_s
        if self._connection is None and time.monotonic() >= self._retry_at:
            try:
                self._connection = self._listening()
            except LogError:
                self._retry_at = time.monotonic() + RETRY_S
            else:
                return True  # what was committed before nobody heard
        watched = select.poll()
        watched.register(self._wake_read, select.POLLIN)
        if self._connection is not None:
            watched.register(self._connection.fileno(), select.POLLIN)
        else:
            until = min(until, max(self._retry_at, time.monotonic()))
        ready = watched.poll(max(0.0, until - time.monotonic()) * 1000)
        if not ready or self._closed:
            return False
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 64)
        if self._connection is not None:
            try:
                for _ in self._connection.notifies(timeout=0):
                    pass
            except psycopg.Error:
                self._drop()
        return True

    def wake(self) -> None:
        """Wake the waiting thread, from any thread."""
        with self._lock, contextlib.suppress(OSError):
            if not self._closed:
                os.write(self._wake_write, b".")

    def close(self) -> None:
        """End the connection; call it when no thread waits any more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            os.close(self._wake_read)
            os.close(self._wake_write)
        self._drop()

    def _listening(self) -> Connection:
        connection = connected(self._address, application_name="footy reader", read_only=True)
        try:
            with translated(self._address, "reached"):
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._address.schema)))
        except LogError:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
