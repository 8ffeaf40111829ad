"""Batches as a Parquet file, by DuckDB, which reads them as they are made."""

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from footy.analysis import extra
from footy.analysis.columns import Batch, Column
from footy.errors import CannotWriteError

MEMORY = "192MB"
LEVEL = 9
"""Of zstd: 5 % smaller than its default, in the same time."""
BULK_ROWS = 491_520
"""Rows of a group of a narrow table, all of which are in memory until it is written: the more, the smaller
the file."""
BULK_AHEAD = 7
"""Batches of a narrow table that wait for DuckDB, which takes none while it compresses a group: the more, the
less it waits afterwards, and the more memory."""
_CELLS, _TEXTS = 4_000_000, 500_000
"""Values, and texts among them, of a group of any other table: a text may have a kilobyte."""
_VECTOR = 2048
"""DuckDB's own batches: a group is a multiple of them."""


def group_rows(columns: Sequence[Column]) -> int:
    """Return the number of rows of a group: the smaller, the more columns and texts there are."""
    texts = sum(one.kind == "text" for one in columns)
    return max(1, min(_CELLS // len(columns), _TEXTS // max(1, texts)) // _VECTOR) * _VECTOR


def write_parquet(
    columns: Sequence[Column],
    batches: Iterator[Batch],
    path: Path,
    *,
    select: str = "*",
    rows: int | None = None,
) -> None:
    """Write batches into a file.

    Args:
        columns: The batches' columns.
        batches: The rows.
        path: The file.
        select: The file's columns as SQL over these.
        rows: Rows of a group; None for as many as fit into the memory whatever they are.

    Raises:
        CannotWriteError: The file cannot be written.
        OSError: The same, where the system says why.
        MissingExtraError: The packages are not installed.
    """
    extra.require("Parquet")
    import duckdb  # noqa: PLC0415 - 66 MB that only analysts need

    from footy.analysis.arrow import Stream, with_failure_noted  # noqa: PLC0415 - as above

    failed: list[BaseException] = []
    stream = Stream(
        columns,
        lambda: with_failure_noted(batches, failed),
        through=partial(_ahead, most=BULK_AHEAD if rows else 1),
    )
    name = str(path).replace("'", "''")
    with extra.connect(memory_limit=MEMORY, preserve_insertion_order=True) as connection:
        connection.register("batches", stream)
        try:
            connection.execute(
                f"COPY (SELECT {select} FROM batches) TO '{name}'"  # noqa: S608 - a column list of the tables
                f" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {LEVEL},"
                f" ROW_GROUP_SIZE {rows or group_rows(columns)})"
            )
        except duckdb.Error as error:
            if failed:  # what went wrong while the batches were made
                raise failed[0] from None
            if number := re.search(r'"errno":"(\d+)"', str(error)):  # a full disk, in a page of JSON
                raise OSError(int(number[1]), os.strerror(int(number[1]))) from None
            raise CannotWriteError(f"The Parquet file cannot be written: {_words(error)}") from None


def _ahead(parts: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield the parts of a stream; another thread makes the next ones while DuckDB compresses those before.

    The first part is the schema. DuckDB opens the stream once for that alone, so the thread starts after it.
    """
    yield next(parts)
    with ThreadPoolExecutor(1, "batches") as maker:
        try:
            coming = deque(maker.submit(next, parts, None) for _ in range(most))
            while (part := coming.popleft().result()) is not None:
                coming.append(maker.submit(next, parts, None))
                yield part
        finally:
            maker.shutdown(cancel_futures=True)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())
