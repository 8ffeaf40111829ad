"""`footy export` and `footy query`: the tables of the history as files, and for SQL."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from footy.analysis import FORMATS, Format, ResultForm, extra
from footy.analysis import export as files
from footy.analysis.all_tables import TABLES
from footy.analysis.results import write_result
from footy.analysis.sql import Limits, run
from footy.analysis.tables import Store, Wanted
from footy.errors import Exit, FootyError
from footy.history.log import Position

Write = Callable[[bytes], None]
Say = Callable[[str], None]


class ExportError(FootyError):
    """The flags of an export do not go together."""

    exit_code = Exit.USAGE


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported, and where to."""

    table: str
    form: Format | None
    """None: as the name of the target ends, otherwise CSV."""
    by_day: bool
    target: Path | None
    """A file, a folder if it is by day, or standard output."""

    @property
    def format(self) -> Format:
        """Return the format."""
        return self.form or files.format_of(None if self.by_day else self.target) or "csv"


def check_export(wanted: Export) -> None:
    """Check that the flags go together, and that the packages are there.

    Raises:
        ExportError: They do not.
        MissingExtraError: Parquet needs packages that are not installed.
    """
    if wanted.by_day and wanted.target is None:
        raise ExportError("--partition day takes a folder: -o FOLDER")
    ending = "" if wanted.target is None or wanted.by_day or wanted.form else wanted.target.suffix[1:]
    if ending.isalnum() and not ending.isdecimal() and files.format_of(wanted.target) is None:
        raise ExportError(
            f"No format is called {ending!r}: add --format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        )
    if wanted.format == "parquet":
        if wanted.target is None:
            raise ExportError("Parquet is written into a file: -o FILE")
        extra.require("Parquet")


def export(store: Store, which: Wanted, wanted: Export, write: Write, complain: Say) -> None:
    """Export a table; say on standard error what was written, and from which position to go on.

    Raises:
        CannotWriteError: It cannot be written.
        LogError: The log cannot be read.
    """
    extent = store.extent()  # before anything is read: what is written meanwhile comes with the next one
    position = Position(extent.epoch, extent.newest)
    table, form, target = TABLES[wanted.table], wanted.format, wanted.target
    if target is None:
        files.to_stream(table, store, which, form, write)
        return
    target = target.expanduser().absolute()
    written = (files.to_folder if wanted.by_day else files.to_file)(table, store, which, form, target)
    files_written = "1 file" if written.files == 1 else f"{written.files} files"
    where = f"{target}, {files_written}" if wanted.by_day else str(target)
    complain(f"written: {where}, {written.rows:,} rows; the next time go on with --after {position}")


def query(
    statement: str, store: Store, which: Wanted, form: ResultForm, limits: Limits, write: Write, complain: Say
) -> None:
    """Run a statement, and write its result.

    Raises:
        QueryRefusedError: It is no single SELECT, is wrong, or was stopped at a limit.
        MissingExtraError: The packages are not installed.
    """

    def stuck(sentence: str) -> None:
        complain(sentence)
        os._exit(Exit.USAGE)  # inside a function of the database nothing else ends it

    with run(statement, TABLES, store, which, limits=limits, stuck=stuck) as result:
        write_result(result, form, write)


def list_tables(say: Say) -> None:
    """Say which tables and columns there are."""
    for table in TABLES.values():
        say(f"{table.name}: {table.words}")
        width = max(len(one.name) for one in table.columns)
        for one in table.columns:
            say(f"  {one.name.ljust(width)}  {_SQL_TYPES[one.kind]:<11}  {one.words}")


_SQL_TYPES = {
    "text": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "second": "TIMESTAMPTZ",
    "moment": "TIMESTAMPTZ",
}
