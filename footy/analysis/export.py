"""`footy export`: a table as a file of a format that analysts read, complete or not there at all."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import IO, NamedTuple

from footy.analysis import FORMATS, Format
from footy.analysis.columns import Batch
from footy.analysis.tables import Store, Table, Wanted
from footy.analysis.text_files import csv_batch, csv_head, json_batch
from footy.errors import CannotWriteError

PARTITION = "day={day}"
"""The folder of a day's file: DuckDB, pandas and polars read the day from it as a column."""


class Written(NamedTuple):
    """What an export wrote."""

    rows: int
    files: int


class _Count:
    """Passes batches on, and counts their rows."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.rows += batch.rows
            yield batch


def to_file(table: Table, store: Store, wanted: Wanted, form: Format, target: Path) -> Written:
    """Write a table into a file, which appears under its name when it is complete, in place of an older one.

    Raises:
        CannotWriteError: The file cannot be written, or the log cannot be read.
        MissingExtraError: Parquet needs packages that are not installed.
    """
    count = _Count()
    with _in_place_of(target) as path:
        _write(table, form, path, count(_batches(table, form)(store, wanted)))
    return Written(count.rows, 1)


def to_folder(table: Table, store: Store, wanted: Wanted, form: Format, folder: Path) -> Written:
    """Write a table into a folder: a folder for each UTC day, such as `day=2026-11-26`, with one file.

    Each file has the whole day, and appears when it is complete. Files of other days stay as they are.
    Errors are those of `to_file`.
    """
    count, files = _Count(), 0
    batches = count(_batches(table, form)(store, wanted))
    for day, of_day in groupby(batches, key=lambda one: one.day):
        target = folder / PARTITION.format(day=day) / f"{table.name}.{form}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWriteError(f"{target.parent} cannot be made: {error.strerror}") from None
        with _in_place_of(target) as path:
            _write(table, form, path, of_day)
        files += 1
    return Written(count.rows, files)


def to_stream(
    table: Table, store: Store, wanted: Wanted, form: Format, write: Callable[[bytes], None]
) -> Written:
    """Write a table as lines to standard output.

    Args:
        table: The table.
        store: Where its rows are.
        wanted: Which rows.
        form: `csv` or `jsonl`.
        write: Writes whole lines.
    """
    count = _Count()
    for lines in _lines(table, form, count(table.batches(store, wanted))):
        write(lines)
    return Written(count.rows, 0)


def _batches(table: Table, form: Format) -> Callable[[Store, Wanted], Iterator[Batch]]:
    """Return the function that makes the batches for `_write`."""
    return table.bulk.batches if form == "parquet" and table.bulk is not None else table.batches


def _write(table: Table, form: Format, path: Path, batches: Iterator[Batch]) -> None:
    if form == "parquet":
        from footy.analysis.parquet import BULK_ROWS, write_parquet  # noqa: PLC0415 - needs packages of an extra

        if table.bulk is None:
            write_parquet(table.columns, batches, path)
        else:
            write_parquet(table.bulk.columns, batches, path, select=table.bulk.select, rows=BULK_ROWS)
        return
    with path.open("wb") as file:
        _write_lines(file, _lines(table, form, batches))


def _write_lines(file: IO[bytes], parts: Iterator[bytes]) -> None:
    for lines in parts:
        file.write(lines)


def _lines(table: Table, form: Format, batches: Iterator[Batch]) -> Iterator[bytes]:
    if form == "jsonl":
        return map(json_batch(table.columns), batches)
    return chain([csv_head([one.name for one in table.columns])], map(csv_batch(table.columns), batches))


@contextlib.contextmanager
def _in_place_of(target: Path) -> Iterator[Path]:
    """Yield a temporary file that replaces the target if the block succeeds, and is removed otherwise."""
    if target.is_dir():
        raise CannotWriteError(f"{target} is a folder: name a file, or add --partition day")
    if target.exists() and not target.is_file():  # a device or a pipe, which a file would replace
        raise CannotWriteError(
            f"{target} is no regular file: name a file, or leave out -o and redirect the output"
        )
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    except OSError as error:
        raise CannotWriteError(f"{target} cannot be written: {error.strerror}") from None
    beside = Path(name)
    try:
        os.fchmod(descriptor, 0o666 & ~_umask())
        yield beside
        os.fsync(descriptor)
        beside.replace(target)
    except OSError as error:
        raise CannotWriteError(f"{target} cannot be written: {error.strerror or error}") from None
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            beside.unlink()


def _umask() -> int:
    """Return which permissions new files lack; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def format_of(target: Path | None, named: Sequence[Format] | None = None) -> Format | None:
    """Return the format that a file's name has at its end; None if it has none."""
    end = "" if target is None else target.suffix.removeprefix(".").lower()
    return next((one for one in named or FORMATS if one == end), None)
