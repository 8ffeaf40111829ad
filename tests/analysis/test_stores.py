"""The tables are the same wherever the log is: in a file, or in PostgreSQL."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from footy.analysis import TABLE_NAMES
from footy.analysis.all_tables import TABLES
from footy.analysis.export import to_file
from footy.analysis.results import write_result
from footy.analysis.sql import run
from footy.analysis.tables import Wanted
from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.history.log import Commit, Position
from footy.history.span import Span
from footy.history.sqlite_log import opened
from footy.store.postgres_log import opened as opened_store
from tests.events.watch import KICK_OFF, record
from tests.history.log_contract import cycle
from tests.support.history import BAY_ROWS, TOWN_ROWS, archived, minute
from tests.support.postgres import scratch_store


def write(log: Any) -> None:
    detector = Detector(EventRules())
    log.append(cycle(detector, KICK_OFF, record(match_id="a"), record(match_id="b", home="Rovers")))
    log.append(cycle(detector, KICK_OFF + 60, record(match_id="a", home_score=1), record(match_id="b")))
    log.append(cycle(detector, KICK_OFF + 120, record(match_id="a", home_score=1, status_id=8)))
    minutes = [minute("a", KICK_OFF + 60, minute=2, temperature_c=11.5), minute("b", KICK_OFF + 60)]
    archives = [archived("a", TOWN_ROWS), archived("b", BAY_ROWS)]
    log.append(Commit(KICK_OFF + 9000, minutes=minutes))
    log.append(Commit(KICK_OFF + 9000, archives=archives))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    with scratch_store() as address:
        file, _ = opened(tmp_path / "footy.db")
        server = opened_store(address)
        with closing(file), closing(server):
            write(file)
            write(server)
            yield file, server


def test_each_table_and_a_query_over_several_are_the_same(stores: tuple[Any, Any], tmp_path: Path) -> None:
    import polars as pl

    for table in TABLE_NAMES:
        frames = []
        for number, store in enumerate(stores):
            path = tmp_path / f"{table}-{number}.parquet"
            assert to_file(TABLES[table], store, Wanted(), "parquet", path).rows > 0
            frames.append(pl.read_parquet(path).drop("epoch", strict=False))
        if table == "events":  # PostgreSQL keeps fields of JSON in an order of its own
            data = [[json.loads(one) for one in frame["data"]] for frame in frames]
            assert data[0] == data[1]
            frames = [frame.drop("data") for frame in frames]
        assert frames[0].equals(frames[1]), table
    statement = (
        "SELECT home, market, count(*) AS n, max(closing_home) AS c FROM odds JOIN matches USING (match_id)"
        " JOIN prices USING (match_id, market, bookmaker_id) GROUP BY ALL ORDER BY ALL"
    )
    results: list[list[bytes]] = [[], []]
    for parts, store in zip(results, stores, strict=True):
        with run(statement, TABLES, store, Wanted()) as result:
            write_result(result, "csv", parts.append)
    assert results[0] == results[1]
    assert len(b"".join(results[0]).splitlines()) > 3


def test_a_position_of_a_store_goes_on_in_it(stores: tuple[Any, Any]) -> None:
    for store in stores:
        extent = store.extent()
        span = Span(after=Position(extent.epoch, extent.newest - 1))
        [batch] = TABLES["events"].batches(store, Wanted(span))
        assert batch.rows == 1
