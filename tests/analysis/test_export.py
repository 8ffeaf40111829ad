"""Exports: the same rows in each format, no cell that acts, no half file."""

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from footy.analysis import TABLE_NAMES, Format
from footy.analysis.all_tables import TABLES
from footy.analysis.columns import Batch, objects, time_text
from footy.analysis.export import to_file, to_folder, to_stream
from footy.analysis.tables import Table, Wanted
from footy.analysis.text_files import csv_lines, harmless_cell
from footy.errors import CannotWriteError
from footy.history.log import LogError
from footy.history.span import Span
from footy.history.sqlite_log import SqliteLog, opened_for_reading
from tests.events.watch import KICK_OFF
from tests.support.evening import Evening
from tests.support.history import HOSTILE, TOWN, write_hostile

SQL_TYPES = {
    "text": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "second": "TIMESTAMP WITH TIME ZONE",
    "moment": "TIMESTAMP WITH TIME ZONE",
}


def exported(store: SqliteLog, table: str, form: Format, folder: Path, **wanted: Any) -> Path:
    target = folder / f"{table}.{form}"
    written = to_file(TABLES[table], store, Wanted(**wanted), form, target)
    assert [one.name for one in folder.iterdir() if one.name.startswith(".")] == []
    assert written.files == 1
    return target


def want(store: SqliteLog, table: str) -> list[dict[str, Any]]:
    """Return the rows as JSON has them."""
    found = TABLES[table]
    rows = []
    for batch in found.batches(store, Wanted()):
        for values in zip(*map(objects, batch.columns), strict=True):
            row = {}
            for column, value in zip(found.columns, values, strict=True):
                is_time = column.kind in {"second", "moment"}
                plain = time_text(column.kind, value) if is_time else value
                row[column.name] = bool(plain) if column.kind == "bool" and plain is not None else plain
            rows.append(row)
    return rows


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# --- formats


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_json_lines_and_csv_have_the_same_rows(store: SqliteLog, table: str, tmp_path: Path) -> None:
    rows = want(store, table)
    assert rows
    lines = exported(store, table, "jsonl", tmp_path).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows
    with exported(store, table, "csv", tmp_path).open(encoding="utf-8", newline="") as file:
        cells = [*csv.DictReader(file)]
    assert len(cells) == len(rows)
    for read, row in zip(cells, rows, strict=True):
        shown = {
            name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        assert read == shown


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_parquet_opens_in_duckdb_pandas_and_polars_with_the_right_types(
    store: SqliteLog, table: str, tmp_path: Path
) -> None:
    import duckdb
    import pandas as pd
    import polars as pl

    path = exported(store, table, "parquet", tmp_path)
    columns, rows = TABLES[table].columns, want(store, table)

    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
        assert [(name, kind) for name, kind, *_ in described] == [
            (one.name, SQL_TYPES[one.kind]) for one in columns
        ]
        connection.execute("SET TimeZone = 'UTC'")
        read = connection.execute(f"SELECT * FROM '{path}'").fetchall()
    assert len(read) == len(rows)
    for values, row in zip(read, rows, strict=True):
        for column, value in zip(columns, values, strict=True):
            if column.kind in {"second", "moment"} and value is not None:
                assert time_text(column.kind, value.timestamp()) == row[column.name]
            else:
                assert value == row[column.name], column.name

    frame = pd.read_parquet(path)
    kinds = {
        "text": "str",
        "int": "i",
        "bigint": "i",
        "float": "f",
        "bool": "b",
        "second": "M",
        "moment": "M",
    }
    for column in columns:
        dtype, has_nulls = frame[column.name].dtype, frame[column.name].isna().any()
        if column.kind in {"second", "moment"}:
            assert isinstance(dtype, pd.DatetimeTZDtype), column.name
            assert str(dtype.tz) == "UTC"
        elif column.kind == "text":
            assert pd.api.types.is_string_dtype(dtype) or frame[column.name].isna().all(), column.name
        elif not has_nulls:  # pandas widens a column of numbers or bools with nulls
            assert dtype.kind == kinds[column.kind], column.name

    lazy = pl.read_parquet(path)
    polars_types = {
        "text": pl.String,
        "int": pl.Int32,
        "bigint": pl.Int64,
        "float": pl.Float64,
        "bool": pl.Boolean,
        "second": pl.Datetime("us", "UTC"),
        "moment": pl.Datetime("us", "UTC"),
    }
    assert dict(lazy.schema.items()) == {one.name: polars_types[one.kind] for one in columns}
    for column in columns:
        if column.kind == "float":
            assert not lazy[column.name].is_nan().any(), "an unknown number is null, never NaN"


def test_an_empty_table_has_its_columns_in_each_format(store: SqliteLog, tmp_path: Path) -> None:
    import polars as pl

    path = exported(store, "odds", "parquet", tmp_path, match_id="nobody")
    assert pl.read_parquet(path).shape == (0, len(TABLES["odds"].columns))
    assert (
        exported(store, "odds", "csv", tmp_path, match_id="nobody").read_text().startswith("match_id,market,")
    )
    assert exported(store, "odds", "jsonl", tmp_path, match_id="nobody").read_bytes() == b""


def test_lines_go_to_standard_output_batch_by_batch(store: SqliteLog, tmp_path: Path) -> None:
    parts: list[bytes] = []
    to_stream(TABLES["events"], store, Wanted(), "csv", parts.append)
    assert len(parts) == 2
    assert b"".join(parts) == exported(store, "events", "csv", tmp_path).read_bytes()


# --- names that a spreadsheet takes for formulas


def test_no_cell_acts_and_every_name_is_there(tmp_path: Path) -> None:
    import polars as pl

    write_hostile(tmp_path / "footy.db")
    with closing(opened_for_reading(tmp_path / "footy.db")) as store:
        for table in ("matches", "events"):
            text = exported(store, table, "csv", tmp_path).read_text(encoding="utf-8")
            cells = [*csv.DictReader(io.StringIO(text, newline=""))]
            names = [row["home"].removeprefix("'") for row in cells]
            assert names == [*HOSTILE]
            for row in cells:
                assert not [one for one in row.values() if one.startswith(tuple("=+-@\t\r\n＝＋－＠"))]
        lines = exported(store, "matches", "jsonl", tmp_path).read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["home"] for line in lines] == [*HOSTILE], "JSON has them as they are"
        frame = pl.read_parquet(exported(store, "matches", "parquet", tmp_path))
        assert frame["home"].to_list() == [*HOSTILE]


def test_a_negative_number_stays_a_number() -> None:
    assert csv_lines([(-0.5, "-0.5", None, True)]) == b"-0.5,'-0.5,,true\n"
    assert harmless_cell("Town") == "Town"


# --- days


@pytest.fixture
def days(tmp_path: Path) -> Iterator[SqliteLog]:
    with Evening(tmp_path / "days.db", now=KICK_OFF) as evening:
        for day in range(3):
            evening.look_away(86_400, **{f"m{day}": {"home_score": 0}})
            evening.look_away(60, **{f"m{day}": {"home_score": 1}})
            evening.leave(f"m{day}")
    with closing(opened_for_reading(tmp_path / "days.db")) as store:
        yield store


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_each_day_is_a_file_that_readers_find(days: SqliteLog, tmp_path: Path, form: Format) -> None:
    import duckdb

    folder = tmp_path / "out"
    written = to_folder(TABLES["matches"], days, Wanted(whole_days=True), form, folder)
    names = [f"day=2026-11-{day}/matches.{form}" for day in (24, 25, 26)]
    assert sorted(str(one.relative_to(folder)) for one in folder.rglob("*.*")) == names
    assert (written.rows, written.files) == (3, 3)
    if form == "parquet":
        with duckdb.connect() as connection:
            found = connection.execute(
                f"SELECT day::VARCHAR, match_id FROM read_parquet('{folder}/*/*.parquet') ORDER BY 1"
            ).fetchall()
        assert found == [("2026-11-24", "m0"), ("2026-11-25", "m1"), ("2026-11-26", "m2")]


def test_a_day_that_is_written_again_is_whole_and_the_others_stay(days: SqliteLog, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    to_folder(TABLES["events"], days, Wanted(whole_days=True), "jsonl", folder)
    before = {path: (path.read_bytes(), path.stat().st_ino) for path in folder.rglob("*.jsonl")}
    span = Span(since=KICK_OFF + 3 * 86_400 + 30)
    assert to_folder(TABLES["events"], days, Wanted(span, whole_days=True), "jsonl", folder).files == 1
    after = {path: (path.read_bytes(), path.stat().st_ino) for path in folder.rglob("*.jsonl")}
    assert {path: one[0] for path, one in before.items()} == {path: one[0] for path, one in after.items()}
    assert sum(before[path] != after[path] for path in before) == 1


# --- what fails


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_a_full_disk_leaves_no_half_file_and_the_old_one(
    store: SqliteLog, tmp_path: Path, form: Format
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / f"events.{form}"
    target.write_text("the one before")
    with (
        file_size_limit(4000),
        pytest.raises(CannotWriteError, match=rf"^{target} cannot be written: File too large"),
    ):
        to_file(TABLES["events"], store, Wanted(), form, target)
    assert [one.name for one in folder.iterdir()] == [target.name]
    assert target.read_text() == "the one before"


ENDED = """
import os, signal, sys
from pathlib import Path
from footy.analysis.all_tables import TABLES
from footy.analysis.tables import Wanted
from footy.analysis.export import to_file
from footy.cli.streams import set_up_streams, undone_by_signals

class Store:
    def __getattr__(self, name):
        os.kill(os.getpid(), int(sys.argv[2]))
        signal.pause()

set_up_streams()
with undone_by_signals():
    to_file(TABLES["events"], Store(), Wanted(), "csv", Path(sys.argv[1]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_a_signal_ends_leaves_no_file(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-c", ENDED, str(tmp_path / "events.csv"), str(number)]
    ended = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (-number, "")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_and_a_path_that_is_not_there_are_one_sentence(store: SqliteLog, tmp_path: Path) -> None:
    with pytest.raises(CannotWriteError, match="is a folder: name a file"):
        to_file(TABLES["events"], store, Wanted(), "csv", tmp_path)
    with pytest.raises(CannotWriteError, match="No such file or directory"):
        to_file(TABLES["events"], store, Wanted(), "csv", tmp_path / "gone" / "x.csv")
    os.mkfifo(tmp_path / "pipe.csv")  # which a file would replace; a device, too
    with pytest.raises(CannotWriteError, match="is no regular file: name a file, or leave out -o"):
        to_file(TABLES["events"], store, Wanted(), "csv", tmp_path / "pipe.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWriteError, match="cannot be made"):
        to_folder(TABLES["events"], store, Wanted(), "csv", tmp_path / "file")


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_log_that_breaks_in_the_middle_is_named_and_leaves_no_file(tmp_path: Path, form: Format) -> None:
    def broken(*_: Any) -> Iterator[Batch]:
        yield Batch("2026-11-26", 1, [["a"]])
        raise LogError("The log footy.db cannot be read: disk I/O error")

    table = Table("odds", "", TABLES["odds"].columns[:1], broken)
    with pytest.raises(LogError, match="disk I/O error"):
        to_file(table, None, Wanted(), form, tmp_path / f"odds.{form}")  # type: ignore[arg-type]
    assert [*tmp_path.iterdir()] == []


def test_a_new_file_has_the_mode_of_the_users_other_files(store: SqliteLog, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = exported(store, "matches", "csv", tmp_path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.usefixtures("store")
def test_csv_needs_no_package_of_the_extra(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['duckdb'] = sys.modules['nanoarrow'] = None\n"
        "from footy.cli import main; sys.exit(main())"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTY_")}
    environment |= {"FOOTY_DATA_DIR": str(tmp_path / "data"), "FOOTY_MODE": "live"}
    environment |= {"THESPORTS_USER": "someone", "THESPORTS_SECRET": "something"}
    ended = [
        subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        for arguments in (
            ["export", "matches"],
            ["export", "matches", "-o", "x.parquet"],
            ["query", "SELECT 1"],
        )
    ]
    assert (ended[0].returncode, TOWN in ended[0].stdout) == (0, True)
    for one, what in zip(ended[1:], ("Parquet", "footy query"), strict=True):
        assert (one.returncode, one.stdout) == (78, "")
        assert one.stderr == (
            f"footy: {what} needs the packages duckdb and nanoarrow: "
            ".venv/bin/pip install -r requirements-query.txt.\n"
        )
    assert not (tmp_path / "x.parquet").exists()
