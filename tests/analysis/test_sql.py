"""Queries: one SELECT over the tables, and nothing else of the machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from footy.analysis.all_tables import TABLES
from footy.analysis.results import write_result
from footy.analysis.sql import Limits, QueryRefusedError, run
from footy.analysis.tables import Wanted
from footy.errors import Exit
from footy.history.log import Commit
from footy.history.odds import Kind, OddsBlob, columns_of, pack
from footy.history.sqlite_log import SqliteLog, opened
from tests.events.watch import KICK_OFF
from tests.support.history import BAY, ROVERS, TOWN, TOWN_ROWS, write_history


def said(store: SqliteLog, statement: str, form: Any = "csv", **options: Any) -> str:
    parts: list[bytes] = []
    with run(statement, TABLES, store, Wanted(), **options) as result:
        write_result(result, form, parts.append)
    return b"".join(parts).decode()


def test_tables_are_joined_as_often_as_one_likes(store: SqliteLog) -> None:
    shown = said(
        store,
        "SELECT m.home, p.closing_home, count(*) AS n FROM matches m JOIN prices p USING (match_id)"
        " JOIN odds o USING (match_id, market, bookmaker_id)"
        " JOIN odds o2 USING (match_id, market, bookmaker_id)"
        " WHERE p.market = 'money_line' GROUP BY ALL ORDER BY n DESC",
    )
    assert shown == "home,closing_home,n\nTown,2.0,25\nHalf Moon Bay,3.1,4\n"


def test_results_are_a_table_csv_or_json(store: SqliteLog) -> None:
    statement = (
        "SELECT match_id, home_score, has_result, ended_at, NULL AS gone, 'nan'::DOUBLE AS nan,"
        " {'a': [1.5, 'inf'::DOUBLE]} AS s, 1.10::DECIMAL(4, 2) AS d, '=1' AS f, match_id"
        f" FROM matches WHERE match_id = '{TOWN}'"
    )
    [row] = json.loads(said(store, statement, "json"))
    assert row == {
        "match_id": TOWN,
        "home_score": 2,
        "has_result": True,
        "ended_at": "2026-11-23T20:49:42Z",
        "gone": None,
        "nan": None,
        "s": {"a": [1.5, None]},
        "d": 1.1,
        "f": "=1",
        "match_id_2": TOWN,
    }
    head, line = said(store, statement).splitlines()
    assert head == "match_id,home_score,has_result,ended_at,gone,nan,s,d,f,match_id_2"
    assert line == f"""{TOWN},2,true,2026-11-23T20:49:42Z,,,"{{""a"":[1.5,null]}}",1.10,'=1,{TOWN}"""
    table = said(store, "SELECT match_id, home, home_score FROM matches ORDER BY 1 LIMIT 2", "table")
    assert table.splitlines() == [
        "match_id         home           home_score",
        "───────────────  ─────────────  ──────────",
        f"{TOWN}  Town                    2",
        f"{BAY}  Half Moon Bay           3",
        "(2 rows)",
    ]


def test_a_column_has_any_name_on_one_line(store: SqliteLog) -> None:
    assert said(store, "SELECT 1 AS explain_key", "table").splitlines()[0] == "explain_key"
    head, rule, *_ = said(store, 'SELECT 1 AS "a\nb\u001b[31m"', "table").splitlines()
    assert (head, rule) == ("a b [31m", "────────")
    assert "Projection" in said(store, "EXPLAIN SELECT 1", "table")


def test_a_day_is_one_of_utc(store: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    shown = said(
        store, "SELECT DISTINCT seen_at::DATE AS day, current_setting('TimeZone') AS zone FROM events"
    )
    assert shown == "day,zone\n2026-11-23,UTC\n"


def test_no_row_is_an_empty_result(store: SqliteLog) -> None:
    assert said(store, "SELECT 1 AS a WHERE false", "json") == "[]\n"
    assert said(store, "SELECT 1 AS a WHERE false") == "a\n"
    assert said(store, "SELECT 1 AS a WHERE false", "table").endswith("(0 rows)\n")


def test_a_long_table_says_that_there_is_more(store: SqliteLog) -> None:
    shown = said(store, "SELECT * FROM range(500)", "table").splitlines()
    assert shown[-1] == "(the first 200 rows; --format csv or json has all)"
    assert len(said(store, "SELECT * FROM range(25000)").splitlines()) == 25_001


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN SELECT count(*) FROM odds",
        "DESCRIBE odds",
        "SUMMARIZE matches",
        "FROM matches",
        "SHOW TABLES",
    ],
)
def test_what_only_reads_is_run(store: SqliteLog, statement: str) -> None:
    assert said(store, statement, "table")


WRITES = "footy query takes a SELECT, not a statement of the kind "
READS = "The query may read the tables of footy query --list, and nothing else of this machine"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TABLE x (a INT)", f"{WRITES}CREATE"),
        ("INSERT INTO matches VALUES (1)", f"{WRITES}INSERT"),
        ("UPDATE matches SET home = 'x'", f"{WRITES}UPDATE"),
        ("DELETE FROM matches", f"{WRITES}DELETE"),
        ("DROP TABLE matches", f"{WRITES}DROP"),
        ("COPY matches TO '{folder}/x.csv'", f"{WRITES}COPY"),
        ("EXPORT DATABASE '{folder}/x'", f"{WRITES}EXPORT"),
        ("ATTACH '{folder}/footy.db'", f"{WRITES}ATTACH"),
        ("INSTALL httpfs", f"{WRITES}LOAD"),
        ("LOAD '{folder}/x.duckdb_extension'", f"{WRITES}LOAD"),
        ("SET memory_limit = '100GB'", f"{WRITES}SET"),
        ("PRAGMA database_list", f"{WRITES}PRAGMA"),
        ("CALL pragma_version()", f"{WRITES}CALL"),
        ("CHECKPOINT", WRITES),
        ("SELECT 1; DROP TABLE matches", "footy query takes one statement, not 2"),
        ("", "footy query takes one statement, not none"),
        ("  -- nothing", "footy query takes one statement, not none"),
        ("EXPLAIN ANALYZE COPY matches TO '{folder}/x.csv'", READS),
        ("SELECT * FROM read_csv('{folder}/secret.csv')", READS),
        ("SELECT * FROM read_text('{folder}/secret.csv')", READS),
        ("SELECT * FROM read_blob('/proc/self/environ')", READS),
        ("SELECT * FROM glob('{folder}/*')", READS),
        ("SELECT * FROM '{folder}/secret.csv'", READS),
        ("SELECT * FROM sqlite_scan('{folder}/footy.db', 'event')", "The query is wrong: Catalog Error"),
        ("SELECT * FROM TABLES", "The query is wrong: Catalog Error: Table with name TABLES does not exist"),
        ("SELECT getenv('HOME')", "The query is wrong: Catalog Error"),
        ("SELECT * FROM query('DROP VIEW matches')", "The query is wrong: Parser Error"),
        ("SELEC 1", 'The query is wrong: Parser Error: syntax error at or near "SELEC"'),
        ("SELECT nothing FROM matches", "The query is wrong: Binder Error"),
        ("SELECT 1 / 'x'::INT", "The query is wrong: Conversion Error"),
    ],
)
def test_what_writes_or_reads_anything_else_is_refused_in_one_sentence(
    store: SqliteLog, tmp_path: Path, statement: str, words: str
) -> None:
    (tmp_path / "secret.csv").write_text("the,secret\n")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(QueryRefusedError) as refused:
        said(store, statement.replace("{folder}", str(tmp_path)))
    assert str(refused.value).startswith(words)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == Exit.USAGE
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    "statement",
    [
        "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT count(*) FROM r",
        "SELECT count(*) FROM range(10_000_000_000_000) WHERE sqrt(range) < -1",
        "SELECT * FROM range(10_000_000_000_000) WHERE sqrt(range) < -1",
    ],
)
def test_a_query_that_never_ends_is_stopped(store: SqliteLog, statement: str) -> None:
    with pytest.raises(QueryRefusedError, match=r"^The query was stopped after 0\.2 s: "):
        said(store, statement, limits=Limits(time_s=0.2))


def test_the_time_in_which_somebody_reads_the_result_does_not_count(store: SqliteLog) -> None:
    ticks = iter(range(1000))
    with run("FROM range(30000)", TABLES, store, Wanted(), limits=Limits(time_s=0.5)) as result:
        for _ in result.batches:
            with (
                pytest.raises(QueryRefusedError),
                run(
                    "SELECT count(*) FROM range(10_000_000_000_000) WHERE sqrt(range) < -1",
                    TABLES,
                    store,
                    Wanted(),
                    limits=Limits(time_s=0.3),
                ) as _,
            ):
                pass
            next(ticks)
    assert next(ticks) == 3


def test_a_query_that_needs_too_much_memory_is_stopped(store: SqliteLog) -> None:
    statement = "SELECT max(len(l)) FROM (SELECT list(range) AS l FROM range(50_000_000))"
    with pytest.raises(QueryRefusedError, match=r"^The query needs more than 50MB: "):
        said(store, statement, limits=Limits(memory="50MB"))


def test_what_cannot_be_interrupted_is_told(store: SqliteLog) -> None:
    """One call of a function goes on after the interrupt: the command then ends the process."""
    told: list[str] = []
    statement = "SELECT levenshtein(repeat('a', 80000), repeat('b', 80000))"
    try:
        said(store, statement, limits=Limits(time_s=0.05), stuck=told.append)
    except QueryRefusedError as refused:
        told.append(str(refused))
    assert set(told) == {str(told[0])}
    assert told[0].startswith("The query was stopped after 0.05 s: ")


def test_rows_of_one_second_can_be_numbered_in_their_order(tmp_path: Path) -> None:
    rows = [TOWN_ROWS[0]._replace(first=1.5 + number / 100) for number in range(3_000)]  # the newest first
    write_history(tmp_path / "footy.db")
    log, _ = opened(tmp_path / "footy.db")
    log.append(Commit(KICK_OFF, odds=[OddsBlob(ROVERS, Kind.BASE, 3_000, KICK_OFF, pack(columns_of(rows)))]))
    shown = said(
        log,
        "SELECT arg_min(home_price, number) AS oldest, arg_max(home_price, number) AS newest,"
        " count(DISTINCT number) AS n FROM (SELECT *, row_number() OVER () AS number FROM odds)"
        f" WHERE match_id = '{ROVERS}'",
    )
    log.close()
    assert shown == "oldest,newest,n\n31.49,1.5,3000\n"


def test_every_odds_row_can_be_counted(store: SqliteLog) -> None:
    assert (
        said(store, f"SELECT count(*) AS n FROM odds WHERE match_id = '{TOWN}'") == f"n\n{len(TOWN_ROWS)}\n"
    )
