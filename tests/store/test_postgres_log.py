"""The log in PostgreSQL: what every log promises, and what is its own."""

from collections.abc import Iterator

import pytest

from footy.store.address import StoreAddress
from footy.store.postgres_log import PostgresLog, opened
from tests.history.archive_contract import ArchiveContract
from tests.history.log_contract import LogContract
from tests.support.postgres import scratch_store


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


class TestPostgresLog(LogContract, ArchiveContract):
    @pytest.fixture
    def log(self, address: StoreAddress) -> Iterator[PostgresLog]:
        log = opened(address)
        yield log
        log.close()
