"""A log with an evening in it, and its envelopes."""

from pathlib import Path

import pytest

from footy.events.envelope import Envelope
from footy.history.reader import Reader
from footy.history.sqlite_log import opened_for_reading
from tests.sinks.sink_contract import SOURCE
from tests.support.evening import write_busy_evening


@pytest.fixture(scope="session")
def evening_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "footy.db"
    write_busy_evening(path)
    return path


@pytest.fixture(scope="session")
def evening(evening_log: Path) -> list[Envelope]:
    log = opened_for_reading(evening_log)
    envelopes = Reader(log, source=SOURCE).batch()
    log.close()
    return envelopes
