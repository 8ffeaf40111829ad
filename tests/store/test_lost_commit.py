"""A COMMIT whose answer is lost: the events are in the store once, whether it has arrived or not."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import pytest

from footy.events import EventRules
from footy.history import Retention
from footy.history.log import StoredEvent
from footy.service.recorder import Keeping, Recorder
from footy.service.results import ResultReader
from footy.store.address import StoreAddress
from footy.store.place import StorePlace, StoreWriterPlace
from tests.events.watch import KICK_OFF, record
from tests.service.test_recorder import Vendor, outcome
from tests.support.postgres import scratch_store
from tests.support.relay import Relay, relaying


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


@pytest.fixture
def relay(address: StoreAddress) -> Iterator[Relay]:
    where = urlsplit(address.url)
    with relaying(where.hostname or "", where.port or 5432) as relay:
        yield relay


@pytest.fixture
def recorder(address: StoreAddress, relay: Relay) -> Iterator[Recorder]:
    where = urlsplit(address.url)
    user = where.netloc.rpartition("@")[0]
    relayed = urlunsplit(where._replace(netloc=f"{user}@127.0.0.1:{relay.port}"))
    place = StoreWriterPlace(replace(address, url=relayed))
    recorder = Recorder(place, Keeping(EventRules(), Retention()), ResultReader(Vendor()))
    recorder.start(KICK_OFF, "live")
    yield recorder
    recorder.close()


def events(address: StoreAddress) -> list[StoredEvent]:
    log = StorePlace(address).read()
    try:
        return log.read(0, 1000)
    finally:
        log.close()


@pytest.mark.parametrize("arrives", [True, False], ids=["it arrives", "it does not arrive"])
def test_events_are_in_the_store_once(
    recorder: Recorder, relay: Relay, address: StoreAddress, arrives: bool
) -> None:
    recorder.record(outcome([record(match_id="a")], KICK_OFF + 10))
    relay.lose_answer_to(b"COMMIT", arrives=arrives)
    goal = record(match_id="a", home_score=1)
    recorder.record(outcome([goal], KICK_OFF + 20))
    assert "it is not known whether the cycle was written" in (recorder.problem or "")
    assert ("a:goal:home:1" in [one.id for one in events(address)]) == arrives
    recorder.record(outcome([goal], KICK_OFF + 30))
    recorder.record(outcome([record(match_id="a", home_score=1, away_score=1)], KICK_OFF + 40))
    assert recorder.problem is None
    written = events(address)
    assert [one.id for one in written[1:]] == ["a:match_seen", "a:goal:home:1", "a:goal:away:1"]
    assert [one.sequence for one in written] == [1, 2, 3, 4]


@pytest.mark.parametrize("arrives", [True, False], ids=["it arrives", "it does not arrive"])
def test_what_the_service_says_of_itself_is_there_once(
    recorder: Recorder, relay: Relay, address: StoreAddress, arrives: bool
) -> None:
    relay.lose_answer_to(b"COMMIT", arrives=arrives)
    recorder.start(KICK_OFF + 5, "live")
    recorder.record(outcome([record(match_id="a")], KICK_OFF + 10))
    assert [one.type for one in events(address)] == ["service_started", "service_started", "match_seen"]
