"""`footy.read`: Arrow tables that pandas, polars and DuckDB take, and the worked example of the docs."""

import datetime as dt
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import pytest

import footy.read
from footy.analysis import TABLE_NAMES
from footy.analysis.all_tables import TABLES
from footy.errors import FootyError
from footy.history.log import Commit
from footy.history.odds import Kind, OddsBlob
from footy.history.sqlite_log import SqliteLog, opened
from tests.events.watch import KICK_OFF
from tests.support.history import BAY, ROVERS, TOWN, TOWN_ROWS, write_history
from tests.support.place import PROJECT, SECRET, Place

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("THESPORTS_USER", "THESPORTS_SECRET", "FOOTY_DATA_DIR", "FOOTY_MODE", "FOOTY_STORE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path, store: SqliteLog) -> Path:
    assert store.extent().newest
    return tmp_path / "data"


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_each_table_is_taken_by_pandas_polars_and_duckdb(folder: Path, name: str) -> None:
    import duckdb
    import pandas as pd
    import polars as pl

    found = getattr(footy.read, name)(folder=folder)
    columns = [one.name for one in TABLES[name].columns]
    frame = pl.DataFrame(found)
    assert frame.columns == columns
    assert frame.height > 0
    assert [*pd.DataFrame.from_arrow(found).columns] == columns
    with duckdb.connect() as connection:
        connection.register("t", found)
        for _ in range(2):  # as often as one likes
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (frame.height,)


def test_an_unknown_number_is_null(folder: Path) -> None:
    import polars as pl

    frame = pl.DataFrame(footy.read.odds(match=TOWN, folder=folder))
    assert frame.height == len(TOWN_ROWS)
    assert frame.schema["home_price"] == pl.Float64
    assert frame.filter(pl.col("suspended") & (pl.col("market") == "money_line"))["home_price"].to_list() == [
        None
    ]
    assert not frame["home_price"].is_nan().any()


def test_a_folder_is_read_even_if_the_settings_name_a_store(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import polars as pl

    monkeypatch.setenv("FOOTY_STORE", "postgresql://nobody@127.0.0.1:1/nothing")
    assert pl.DataFrame(footy.read.matches(folder=folder)).height == 3


def test_which_rows_is_said_as_flags_say_it(folder: Path) -> None:
    import polars as pl

    when = dt.datetime.fromtimestamp(KICK_OFF + 600, dt.UTC)
    by_time = pl.DataFrame(footy.read.events(since=when, folder=folder))
    assert by_time.equals(pl.DataFrame(footy.read.events(since=KICK_OFF + 600, folder=folder)))
    assert by_time.equals(pl.DataFrame(footy.read.events(since="2026-11-23T19:10Z", folder=folder)))
    for said in ("2026-11-23T19:10", when.replace(tzinfo=None)):  # in UTC
        assert by_time.equals(pl.DataFrame(footy.read.events(since=said, folder=folder)))
    assert pl.DataFrame(footy.read.events(until="2026-11-23", folder=folder)).height == 0
    assert by_time["seen_at"].min() >= when  # type: ignore[operator]
    epoch, last = by_time["epoch"][0], by_time["sequence"].to_list()[-1]
    assert pl.DataFrame(footy.read.events(after=f"{epoch}-{last}", folder=folder)).height == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"since": "soon"}, "since takes a time such as"),
        ({"after": "7"}, "--after takes a position"),
        ({}, "There is no log of events yet at "),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(FootyError, match=words):
        footy.read.matches(folder=tmp_path / "nothing", **arguments)


def test_a_match_that_is_damaged_is_a_warning_and_costs_no_other(folder: Path) -> None:
    import polars as pl

    log, _ = opened(folder / "footy.db")
    log.append(Commit(KICK_OFF, odds=[OddsBlob(ROVERS, Kind.CHUNK, 5, KICK_OFF, b"nonsense")]))
    log.close()
    with pytest.warns(UserWarning, match=f"The odds of the match {ROVERS} cannot be read"):
        frame = pl.DataFrame(footy.read.odds(folder=folder))
    assert set(frame["match_id"]) == {TOWN, BAY}


# --- the worked example


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path, THESPORTS_USER="someone", THESPORTS_SECRET=SECRET) as place:
        place.files.folder.mkdir()
        write_history(place.files.events)
        yield place


def chance(home: float, draw: float, away: float) -> float:
    return (1 / home) / (1 / home + 1 / draw + 1 / away)


def test_the_worked_example_compares_closing_lines_with_results(place: Place) -> None:
    page = (PROJECT / "docs" / "analysis.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    example = example.replace("90d", "2026-11-01T00:00Z")  # the matches of this log are of one evening
    shown = place.run_program(sys.executable, "-W", "error", "-c", example)
    assert (shown.returncode, shown.stderr) == (0, "")
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown.stdout.splitlines()]
    town, bay = chance(2.0, 3.4, 4.1), chance(3.1, 3.2, 2.4)
    assert ["0.3", "1", f"{round(bay, 3)}", "1.0"] in rows, "Half Moon Bay, the outsider, won 3-2"
    assert ["0.4", "1", f"{round(town, 3)}", "1.0"] in rows, "Town won 2-1"
    assert mean((town, bay)) < 0.5


def test_nothing_of_it_is_imported_by_the_service() -> None:
    program = (
        "import sys, footy.service.daemon, footy.service.app, footy.web.app, footy.cli;"
        "footy.cli.build_parser();"
        "print([one for one in ('duckdb', 'nanoarrow', 'pandas', 'polars', 'pyarrow', 'numpy',"
        " 'footy.analysis.match_tables') if one in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
