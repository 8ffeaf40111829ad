"""`footy export` and `footy query` as processes: what they print, and their exit codes."""

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.analysis import TABLE_NAMES
from footy.analysis.all_tables import TABLES
from footy.errors import Exit
from tests.support.evening import TOWN
from tests.support.history import BAY_ROWS, TOWN_ROWS, write_history
from tests.support.place import PROJECT, SECRET, Place, complaints

PAGE = PROJECT / "docs" / "analysis.md"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path, THESPORTS_USER="someone", THESPORTS_SECRET=SECRET) as place:
        place.files.folder.mkdir()
        write_history(place.files.events)
        yield place


def test_a_table_goes_to_standard_output_or_into_a_file(place: Place) -> None:
    import polars as pl

    printed = place.run("export", "matches", "--since", "2026-11-01")
    assert (printed.returncode, printed.stderr) == (Exit.OK, "")
    assert TOWN in {row["match_id"] for row in csv.DictReader(io.StringIO(printed.stdout))}

    written = place.run("export", "odds", "-o", "odds.parquet")
    assert (written.returncode, written.stdout) == (Exit.OK, "")
    path = place.folder / "odds.parquet"
    [line] = complaints(written)
    rows = len(TOWN_ROWS) + len(BAY_ROWS)
    found = re.fullmatch(
        rf"footy: written: {path}, {rows} rows; the next time go on with --after (\S+)", line
    )
    assert found
    assert pl.read_parquet(path).height == rows

    days = place.run("export", "events", "--format", "jsonl", "--partition", "day", "-o", "days")
    assert days.returncode == Exit.OK
    [day] = place.folder.glob("days/*/*")
    assert str(day.relative_to(place.folder)) == "days/day=2026-11-23/events.jsonl"
    assert f"{place.folder}/days, 1 file, " in days.stderr

    later = place.run("export", "events", "--format", "jsonl", "--after", found[1])
    assert (later.returncode, later.stdout) == (Exit.OK, "")


def test_a_query_prints_its_result(place: Place) -> None:
    statement = f"SELECT home, away, home_score FROM matches WHERE match_id = '{TOWN}'"
    table = place.run("query", statement)
    assert (table.returncode, table.stderr) == (Exit.OK, "")
    assert table.stdout.splitlines()[2:] == ["Town  City           2", "(1 row)"]
    shown = place.run("query", statement, "--format", "json")
    assert json.loads(shown.stdout) == [{"home": "Town", "away": "City", "home_score": 2}]
    listed = place.run("query", "--list").stdout
    assert all(f"\n{name}: " in f"\n{listed}" for name in TABLE_NAMES)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["export", "prices", "--partition", "day"],
            Exit.USAGE,
            "--partition day takes a folder: -o FOLDER.",
        ),
        (["export", "prices", "--format", "parquet"], Exit.USAGE, "Parquet is written into a file: -o FILE."),
        (["export", "prices", "-o", "gone/x.csv"], Exit.CANNOT_WRITE, "No such file or directory."),
        (
            ["export", "prices", "-o", "x.xlsx"],
            Exit.USAGE,
            "No format is called 'xlsx': add --format parquet",
        ),
        (["export", "lines"], Exit.USAGE, "invalid choice: 'lines'"),
        (["export", "odds", "--until", "soon"], Exit.USAGE, "--until takes a time such as "),
        (["query"], Exit.USAGE, "query takes a SELECT statement, or --list for the tables."),
        (["query", "SELECT 1", "--list"], Exit.USAGE, "query takes a SELECT statement, or --list"),
        (["query", "SELECT 1", "--timeout", "0"], Exit.USAGE, "--timeout: takes seconds up to 3600, not '0'"),
        (["query", "DELETE FROM odds"], Exit.USAGE, "not a statement of the kind DELETE: it only reads."),
        (
            ["query", "SELECT levenshtein(repeat('a', 400000), repeat('b', 400000))", "--timeout", "0.1"],
            Exit.USAGE,
            "The query was stopped after 0.1 s: ",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    place: Place, arguments: list[str], code: Exit, words: str
) -> None:
    done = place.run(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    [line] = complaints(done)
    assert words in line


def test_a_full_standard_output_is_one_sentence(place: Place) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "footy", "export", "events"],
            cwd=place.folder,
            env=place.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == Exit.CANNOT_WRITE
    assert ended.stderr == b"footy: The standard output cannot be written (No space left on device).\n"


# --- the page


@pytest.mark.parametrize("table", ["matches", "events", "odds", "prices"])
def test_each_column_is_in_the_page_with_its_type_and_meaning(table: str) -> None:
    types = {"bigint": "int", "second": "time", "moment": "time"}
    section = PAGE.read_text(encoding="utf-8").partition(f"\n### {table}\n")[2].partition("\n### ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{one.name}` | {types.get(one.kind, one.kind)} | {one.words} |" for one in TABLES[table].columns
    ]


def test_the_commands_of_the_page_are_taken() -> None:
    from footy.cli.arguments import build_parser

    commands = re.findall(r"^\$ bash start\.sh ((?:export|query) .*)$", PAGE.read_text(), re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        words = shlex.split(command)
        words = words[: words.index("|")] if "|" in words else words
        assert build_parser().parse_args(words).command == words[0]
