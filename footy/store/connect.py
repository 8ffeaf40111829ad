"""Connections to the store: every wait has an end, and every failure is one sentence without a secret.

A server that is stopped, or cut off after it acknowledged what was sent, answers nothing and breaks nothing:
neither `statement_timeout` nor `tcp_user_timeout` ends such a wait, so the client has a deadline of its own.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

from footy.history.log import LogError, UnknownCommitError
from footy.store.address import StoreAddress
from footy.store.errors import StoreRefusedError, StoreUnreachableError

APPLICATION = "footy"
TIMEOUT_S = 3.0
"""Longest wait for the server: for a connection, a lock, a statement, an answer."""
OLDEST_SERVER = 130000
"""PostgreSQL 13: the oldest that its makers maintained when this was written."""

Cursor = psycopg.Cursor[Any]

_REFUSALS = re.compile(
    r"password authentication failed|no password supplied|authentication failed|does not exist|pg_hba\.conf|"
    r"permission denied|not permitted to log in|does not support SSL|certificate|invalid (sslmode|port)",
    re.IGNORECASE,
)
"""What libpq says when another attempt would end in the same way. It reports no code for a connection that
failed. A message in another language is taken for a server that cannot be reached at present."""

_REFUSED = (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)
_BUSY = (errors.QueryCanceled, errors.LockNotAvailable, errors.DiskFull)


class Connection(psycopg.Connection[Any]):
    """A connection on which no wait is longer than `timeout_s`."""

    timeout_s = TIMEOUT_S

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server; give the connection up if it does not answer in time."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.timeout_s + 1.0)  # the server's own limits come first
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


def connected(
    address: StoreAddress,
    *,
    application_name: str = APPLICATION,
    read_only: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Connection:
    """Connect to the store; the schema need not exist yet.

    Args:
        address: Where it is.
        application_name: How the session is named in `pg_stat_activity`.
        read_only: Refuse to write.
        timeout_s: The longest wait for a connection, a lock, a statement or an answer, and the longest
            that the server keeps a transaction of a client that has fallen silent.

    Raises:
        StoreUnreachableError: The server does not answer, or not yet.
        StoreRefusedError: It refuses the user or the database, is too old, or read-only.
    """
    limit_ms = max(1, round(timeout_s * 1000))
    options: dict[str, Any] = {} if address.passfile is None else {"passfile": address.passfile}
    with translated(address, "reached"):
        connection = Connection.connect(
            address.url,
            autocommit=True,
            application_name=application_name,
            client_encoding="UTF8",
            connect_timeout=min(10, max(2, round(timeout_s))),
            tcp_user_timeout=limit_ms,
            keepalives_idle=min(60, max(1, round(timeout_s / 2))),
            keepalives_interval=1,
            keepalives_count=min(10, max(1, round(timeout_s / 2))),
            **options,
        )
    connection.timeout_s = timeout_s
    try:
        with translated(address, "reached"):
            _check_version(connection, address)
            _set_up(connection, address, limit_ms, read_only=read_only)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(connection: Connection, address: StoreAddress) -> None:
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        raise StoreRefusedError(
            f"The store {address.shown} is PostgreSQL {version // 10000}, which is too old: "
            f"footy needs {OLDEST_SERVER // 10000} or newer"
        )


def _set_up(connection: Connection, address: StoreAddress, limit_ms: int, *, read_only: bool) -> None:
    settings = {
        # pg_catalog last: a table of ours is never taken for one of the system's, nor the reverse
        "search_path": sql.Identifier(address.schema).as_string(connection) + ", pg_catalog",
        "statement_timeout": f"{limit_ms}ms",
        "lock_timeout": f"{limit_ms}ms",
        "idle_in_transaction_session_timeout": f"{limit_ms}ms",
        "default_transaction_read_only": "on" if read_only else None,
        "jit": "off",
    }
    wanted = {name: value for name, value in settings.items() if value is not None}
    calls = ", ".join(["set_config(%s, %s, false)"] * len(wanted))
    values = [part for pair in wanted.items() for part in pair]
    # Without this right the tables seem not to exist, and what is said then is of no help.
    may_use = "(SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %s)"
    row = connection.execute(f"SELECT {may_use}, {calls}", [address.schema, *values]).fetchone()
    if row is not None and row[0] is False:
        raise StoreRefusedError(
            f"The store {address.shown} cannot be used: permission denied for schema {address.schema}"
        )
    if not read_only:
        row = connection.execute("SELECT current_setting('transaction_read_only')").fetchone()
        if row is not None and row[0] == "on":
            raise StoreRefusedError(
                f"The store {address.shown} is read-only: name the server that takes writes "
                "(for several hosts, add target_session_attrs=read-write to FOOTY_STORE)"
            )


@contextlib.contextmanager
def translated(address: StoreAddress, doing: str) -> Iterator[None]:
    """Turn the driver's errors into footy's; `doing` is a participle, such as `read`."""
    try:
        yield
    except psycopg.Error as error:
        raise as_log_error(address, error, doing) from None


def as_log_error(address: StoreAddress, error: psycopg.Error, doing: str) -> LogError:
    """Return a failure as one sentence. It has no text of the URL, and so no password."""
    what, why = f"The store {address.shown} cannot be {doing}", _reason(error)
    if isinstance(error, errors.UniqueViolation):
        return UnknownCommitError(f"The store {address.shown} holds an event already")
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        return StoreRefusedError(
            "FOOTY_STORE is not an address that PostgreSQL's client can read: it takes "
            "postgresql://user@host:5432/database, with special characters as %XX"
        )
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName):
        return StoreRefusedError(f"{what}: {why}; start footy with this FOOTY_STORE first")
    of_connecting = error.sqlstate is None and _REFUSALS.search(str(error))
    if of_connecting or isinstance(error, _REFUSED):
        return StoreRefusedError(f"{what}: {why}")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not isinstance(error, _BUSY):
        return StoreUnreachableError(f"{what}: {why}")
    return LogError(f"{what}: {why}")


def _reason(error: psycopg.Error) -> str:
    """Return the words of the server or the driver, as a clause."""
    if error.diag.message_primary:
        return error.diag.message_primary
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = re.sub(r"^.*(FATAL|failed|error):\s*", "", lines[0]).strip()
    return said or type(error).__name__
