"""A session with the store: connects when it must, drops what is lost, and commits behind a fence."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from footy.history.log import LogError, UnknownCommitError
from footy.store.address import StoreAddress
from footy.store.connect import APPLICATION, TIMEOUT_S, Connection, Cursor, as_log_error, connected

Fence = Callable[[Cursor], None]
"""Runs as the last statement before each COMMIT; if it raises, the transaction is rolled back. The lease
gives one that locks its own row: so no transaction of a former leader is committed after its successor's."""


def no_fence(_cursor: Cursor) -> None:
    """Allow every commit: there is no lease."""


class Session:
    """One connection, opened when it is needed and again after it was lost; for any thread, one at a time."""

    def __init__(
        self,
        address: StoreAddress,
        *,
        application_name: str = APPLICATION,
        fence: Fence = no_fence,
        read_only: bool = False,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.address = address
        self._application_name = application_name
        self._fence = fence
        self._read_only = read_only
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._closed = False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Run one transaction, which is committed completely or not at all.

        Raises:
            LogError: It was not committed; a fence's own error is let through.
            UnknownCommitError: The connection was lost during COMMIT, or an id exists already.
        """
        with self._lock:
            connection = self._open()
            try:
                with connection.cursor() as cursor:
                    cursor.execute("BEGIN")
                    yield cursor
                    self._fence(cursor)
                    self._commit(cursor)
            except BaseException as error:
                self._roll_back(connection)
                if isinstance(error, psycopg.Error):
                    raise as_log_error(self.address, error, "written") from None
                raise

    def _commit(self, cursor: Cursor) -> None:
        try:
            cursor.execute("COMMIT")
        except psycopg.OperationalError as error:
            said = as_log_error(self.address, error, "reached")
            raise UnknownCommitError(f"{said}; it is not known whether the cycle was written") from None

    def query(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return all rows of a statement that only reads.

        Raises:
            LogError: It failed; after a lost connection the next call connects again.
        """
        with self._lock:
            connection = self._open()
            try:
                return connection.execute(statement, values).fetchall()
            except psycopg.Error as error:
                self._roll_back(connection)
                raise as_log_error(self.address, error, "read") from None

    def close(self) -> None:
        """Close the connection; every later call fails."""
        with self._lock:
            self._closed = True
            self._drop()

    def _open(self) -> Connection:
        if self._closed:
            raise LogError(f"The store {self.address.shown} was closed")
        if self._connection is not None and self._connection.closed:
            self._drop()
        if self._connection is None:
            self._connection = connected(
                self.address,
                application_name=self._application_name,
                read_only=self._read_only,
                timeout_s=self._timeout_s,
            )
        return self._connection

    def _roll_back(self, connection: Connection) -> None:
        """Make the connection fit for the next transaction, or drop it."""
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        try:
            if connection.pgconn.transaction_status != TransactionStatus.INERROR:
                self._drop()  # in the middle of a statement or a COPY: the server rolls back when it ends
            else:
                connection.execute("ROLLBACK")
        except psycopg.Error:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
