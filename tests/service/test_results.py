"""Reading final states from the vendor: what comes of an answer, a match that is not kept, a refusal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.events import History
from footy.events.types import Score
from footy.service.app import App, running_app
from footy.service.paths import Files
from footy.service.results import ResultReader
from footy.settings import Mode, load
from footy.thesports.circuit_breaker import REFUSALS_BELIEVED
from footy.thesports.client import Client
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=12, odds="light", speed=0) as simulator:
        yield simulator


@pytest.fixture
def app(vendor: RunningSimulator, tmp_path: Path) -> Iterator[App]:
    vendor.control.clear_faults()
    settings = load(
        {
            "THESPORTS_USER": vendor.user,
            "THESPORTS_SECRET": vendor.secret,
            "FOOTY_BASE_URL": vendor.base_url,
            "FOOTY_BACKOFF": "0.01",
        },
        Path("absent"),
    ).settings
    with running_app(settings, Mode.LIVE, Files(tmp_path)) as app:
        yield app


@pytest.fixture
def reader(app: App) -> Iterator[ResultReader]:
    reader = ResultReader(Client(app.transport))
    yield reader
    app.transport.stop()
    reader.close()


def read(reader: ResultReader, *match_ids: str) -> dict[str, History | None]:
    reader.ask(match_ids, 10.0)
    assert reader._running is not None
    reader._running.result(20)
    return reader.take()


def test_a_final_state_is_what_the_vendor_keeps_of_the_match(
    vendor: RunningSimulator, reader: ResultReader
) -> None:
    world, at = vendor.world(), int(vendor.control.clock()["now"])
    match_id = world.live_ids(at)[0]
    element = world.live_element(match_id, at)
    assert element is not None
    [found] = read(reader, match_id).values()
    _, status, home, away, *_ = element["score"]
    assert found is not None
    assert found.status_id == status
    assert found.score == Score(home[5] or home[0], away[5] or away[0])
    assert found.half_time is None or found.half_time == Score(home[1], away[1])
    assert reader.take() == {}


def test_a_match_of_which_nothing_is_kept_is_asked_for_later(
    vendor: RunningSimulator, reader: ResultReader
) -> None:
    vendor.control.reset()
    assert read(reader, "nosuchmatch0001") == {}
    assert read(reader, "nosuchmatch0001", "nosuchmatch0002") == {}
    assert vendor.control.stats()["requests"]["match/live/history"] == 2


def test_an_endpoint_that_the_account_lacks_is_believed_after_three_refusals(
    vendor: RunningSimulator, reader: ResultReader
) -> None:
    vendor.control.set_faults("err_url@match/live/history")
    vendor.control.reset()
    ids = [f"nosuchmatch000{number}" for number in range(6)]
    assert read(reader, *ids) == dict.fromkeys(ids[REFUSALS_BELIEVED:])
    assert read(reader, *ids[:REFUSALS_BELIEVED]) == dict.fromkeys(ids[:REFUSALS_BELIEVED])
    assert vendor.control.stats()["requests"]["match/live/history"] == REFUSALS_BELIEVED


def test_the_quota_is_kept(vendor: RunningSimulator, reader: ResultReader) -> None:
    vendor.control.reset()
    ids = [f"nosuchmatch{number:04}" for number in range(130)]
    assert read(reader, *ids) == {}
    assert vendor.control.stats()["requests"]["match/live/history"] == 120
