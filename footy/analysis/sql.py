"""`footy query`: one SELECT over the tables, by DuckDB, with limits on time and memory, and nothing else.

The statement can read the tables, and nothing of the machine: no file, no extension, no setting, no variable.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from footy.analysis import TIME_LIMIT_S, extra
from footy.analysis.columns import Batch
from footy.analysis.tables import Bulk, Store, Table, Wanted
from footy.errors import Exit, FootyError

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "1GB"
FETCH_ROWS = 10_000
GRACE_S = 2.0
"""Seconds that a statement has to end after it was interrupted: one function call cannot be."""
_SETTINGS = ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true")
"""Set once the tables are there: a day is one of UTC, as everywhere; the last one holds all settings fast."""


class QueryRefusedError(FootyError):
    """The statement cannot be run, or was stopped at a limit."""

    exit_code = Exit.USAGE


class Limits(NamedTuple):
    """What a statement may use."""

    time_s: float = TIME_LIMIT_S
    memory: str = MEMORY_LIMIT


DEFAULT = Limits()


class Result(NamedTuple):
    """The result of a statement."""

    columns: Sequence[str]
    batches: Iterator[Sequence[tuple[Any, ...]]]


@contextlib.contextmanager
def run(
    statement: str,
    tables: Mapping[str, Table],
    store: Store,
    wanted: Wanted,
    *,
    limits: Limits = DEFAULT,
    stuck: Callable[[str], None] = lambda _: None,
) -> Iterator[Result]:
    """Run a statement, and yield its result, to be read before the block ends.

    Args:
        statement: One SELECT or EXPLAIN.
        tables: The tables that it can read, by name.
        store: Where their rows are.
        wanted: Which rows they have.
        limits: What it may use.
        stuck: Is called with a sentence, from another thread, if it cannot be stopped: the process is to end.

    Raises:
        QueryRefusedError: It is no such statement, is wrong, or was stopped.
        MissingExtraError: The packages are not installed.
    """
    extra.require("footy query")
    import duckdb  # noqa: PLC0415 - 66 MB that only analysts need

    from footy.analysis.arrow import Stream  # noqa: PLC0415 - as above

    failed: list[BaseException] = []
    with extra.connect(memory_limit=limits.memory) as connection:
        for table in tables.values():
            bulk = table.bulk or Bulk(table.columns, table.batches, "*")
            stream = Stream(bulk.columns, partial(_begun, bulk, store, wanted, failed))
            connection.register(f"_{table.name}", stream)
            connection.execute(f"CREATE TEMP VIEW {table.name} AS SELECT {bulk.select} FROM _{table.name}")  # noqa: S608
        for setting in _SETTINGS:
            connection.execute(f"SET {setting}")
        limit = _Limit(connection, limits, stuck)
        try:
            _check(connection, statement)
            limit.within(lambda: connection.execute(statement))
            columns = [one[0] for one in connection.description or ()]
            yield Result(_distinct(columns), _fetched(connection, limit))
        except duckdb.Error as error:
            if failed:
                raise failed[0] from None
            raise QueryRefusedError(_sentence(error, limits, is_over=limit.is_over)) from None


def _begun(bulk: Bulk, store: Store, wanted: Wanted, failed: list[BaseException]) -> Iterator[Batch]:
    """Begin to read a table: DuckDB does so each time that it scans it."""
    from footy.analysis.arrow import with_failure_noted  # noqa: PLC0415 - packages of the extra

    return with_failure_noted(bulk.batches(store, wanted), failed)


def _check(connection: "duckdb.DuckDBPyConnection", statement: str) -> None:
    """Check that it is one SELECT or EXPLAIN, by DuckDB's own parser."""
    found = connection.extract_statements(statement)
    if len(found) != 1:
        raise QueryRefusedError(f"footy query takes one statement, not {len(found) or 'none'}.")
    kind = found[0].type.name
    if kind not in {"SELECT", "EXPLAIN"}:
        raise QueryRefusedError(
            f"footy query takes a SELECT, not a statement of the kind {kind}: it only reads."
        )


T = TypeVar("T")


class _Limit:
    """Ends what takes longer than it may. The time in which somebody reads the result does not count."""

    def __init__(
        self, connection: "duckdb.DuckDBPyConnection", limits: Limits, stuck: Callable[[str], None]
    ) -> None:
        self.is_over = False
        """Whether something was interrupted."""
        self._connection = connection
        self._limits = limits
        self._stuck = stuck
        self._left_s = limits.time_s

    def within(self, call: Callable[[], T]) -> T:
        """Return the result of a call of the database; interrupt it when the time is over."""
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(ended,), name="query limit", daemon=True)
        started = time.monotonic()
        watcher.start()
        try:
            return call()
        finally:
            self._left_s -= time.monotonic() - started
            ended.set()
            watcher.join()

    def _watch(self, ended: threading.Event) -> None:
        if ended.wait(max(0.0, self._left_s)):
            return
        self.is_over = True
        until = time.monotonic() + GRACE_S
        while not ended.wait(0.05):
            self._connection.interrupt()
            if time.monotonic() > until:
                self._stuck(_too_long(self._limits))
                return


def _fetched(connection: "duckdb.DuckDBPyConnection", limit: _Limit) -> Iterator[Sequence[tuple[Any, ...]]]:
    while rows := limit.within(lambda: connection.fetchmany(FETCH_ROWS)):
        yield rows


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, each different from those before it."""
    found: list[str] = []
    for name in names:
        number, one = 1, name
        while one in found:
            number += 1
            one = f"{name}_{number}"
        found.append(one)
    return found


def _too_long(limits: Limits) -> str:
    return (
        f"The query was stopped after {limits.time_s:g} s: ask for less with --since, --until or --match, "
        "or export the table to Parquet and query the file."
    )


def _sentence(error: Exception, limits: Limits, *, is_over: bool) -> str:
    if is_over:
        return _too_long(limits)
    kind = type(error).__name__
    if kind == "OutOfMemoryException":
        return (
            f"The query needs more than {limits.memory}: ask for less with --since, --until or --match, "
            "or export the table to Parquet and query the file."
        )
    if kind == "PermissionException":
        return "The query may read the tables of footy query --list, and nothing else of this machine."
    words = str(error).split("\n\nLINE ")[0]
    return f"The query is wrong: {' '.join(words.split())}"
