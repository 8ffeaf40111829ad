from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.history.sqlite_log import SqliteLog, opened_for_reading
from tests.support.history import write_history


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteLog]:
    folder = tmp_path / "data"
    folder.mkdir()
    write_history(folder / "footy.db")
    log = opened_for_reading(folder / "footy.db")
    yield log
    log.close()
