"""The SQL of docs/store.md, as analysts run it."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from footy.store.address import StoreAddress
from footy.store.copying import copy
from footy.store.postgres_log import opened_for_reading
from footy.store.published import Publisher
from footy.store.session import Session
from tests.events.watch import record
from tests.support.evening import write_busy_evening
from tests.support.postgres import scratch_store

PAGE = Path(__file__).parents[2] / "docs" / "store.md"
BLOCKS = re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[StoreAddress]:
    with scratch_store() as address:
        write_busy_evening(tmp_path / "footy.db")
        copy(tmp_path / "footy.db", address)
        current = record(home_score=2, current_money_line_home=1.4)
        (tmp_path / "matches.json").write_text(json.dumps({"meta": {}, "matches": [current]}))
        session = Session(address)
        assert Publisher(tmp_path, session).publish()
        session.close()
        yield address


def test_what_analysts_run_has_answers(address: StoreAddress) -> None:
    with closing(opened_for_reading(address)) as log:
        before = log.extent().epoch
    analyst = f"{address.schema}_analyst"
    answers = []
    with psycopg.connect(address.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(analyst)))
        try:
            for block in BLOCKS:
                asked = re.sub(r"\bfooty\b", address.schema, block).replace("analyst", analyst)
                for statement in filter(str.strip, asked.split(";\n")):
                    cursor = connection.execute(statement.replace("extract(epoch FROM now())", "1795470000"))
                    answers.append(cursor.rowcount if cursor.description is None else len(cursor.fetchall()))
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(analyst)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(analyst)))
    assert len(answers) == 7
    assert all(answers), answers
    with closing(opened_for_reading(address)) as log:
        assert log.extent().epoch != before
