"""Batches as a Parquet file, by DuckDB, which reads them as they are made."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from footy.analysis import extra
from footy.analysis.columns import Batch, Column
from footy.errors import CannotWriteError

MEMORY = "192MB"
GROUP_ROWS = 122_880
"""Rows of a group, all of which are in memory until it is written: DuckDB's default."""


def write_parquet(columns: Sequence[Column], batches: Iterator[Batch], path: Path) -> None:
    """Write batches into a file.

    Raises:
        CannotWriteError: The file cannot be written.
        MissingExtraError: The packages are not installed.
    """
    extra.require("Parquet")
    import duckdb  # noqa: PLC0415 - 66 MB that only analysts need

    from footy.analysis.arrow import Stream, noted  # noqa: PLC0415 - as above

    failed: list[BaseException] = []
    stream = Stream(columns, lambda: noted(batches, failed))
    name = str(path).replace("'", "''")
    with extra.connect(memory_limit=MEMORY, preserve_insertion_order=True) as connection:
        connection.register("batches", stream)
        try:
            connection.execute(
                f"COPY batches TO '{name}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS})"
            )
        except duckdb.Error as error:
            if failed:  # what went wrong while the batches were made
                raise failed[0] from None
            raise CannotWriteError(f"The Parquet file cannot be written: {_words(error)}") from None


def _words(error: Exception) -> str:
    return " ".join(str(error).split())
