"""The log in PostgreSQL: what every log promises, and what is its own."""

from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.history.log import Commit, LogError
from footy.history.retention import Retention
from footy.store.address import StoreAddress
from footy.store.connect import Cursor, connected
from footy.store.postgres_log import PostgresLog, opened, opened_for_reading
from tests.events.watch import KICK_OFF, money_line, record
from tests.history.archive_contract import ArchiveContract, chunk, minute, odds_row
from tests.history.log_contract import LogContract, cycle
from tests.support.postgres import scratch_store

DAY_S = 86_400.0


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


def test_old_price_events_go_and_readers_get_a_gap(address: StoreAddress) -> None:
    with closing(opened(address)) as log:
        detector = Detector(EventRules())
        log.append(cycle(detector, KICK_OFF, record(**money_line(home=2.0))))
        log.append(cycle(detector, KICK_OFF + 10, record(**money_line(home=3.0))))
        assert log.retain(Retention()) == 0
        log.append(cycle(detector, KICK_OFF + 8 * DAY_S, record(home_score=1, **money_line(home=3.0))))
        assert log.retain(Retention()) > 0
        assert [one.type for one in log.read(0, 10)] == ["match_seen", "goal"]
        assert log.extent().complete_after == 2


def test_above_the_size_the_oldest_matches_go_and_the_count_returns_to_nothing(address: StoreAddress) -> None:
    with closing(opened(address)) as log:
        detector = Detector(EventRules())
        for number in range(6):
            log.append(cycle(detector, KICK_OFF + number, record(match_id=f"m{number}", home_score=1)))
        log.append(Commit(KICK_OFF, odds=[chunk("m0", odds_row())], minutes=[minute("m0", KICK_OFF)]))
        log.retain(Retention(size=15_000))
        kept = [one.match_id for one in log.states()]
        assert kept == ["m3", "m4", "m5"][-len(kept) :]
        log.append(cycle(detector, KICK_OFF + 91 * DAY_S, record(match_id="new")))
        log.retain(Retention())
        with connected(address) as connection:
            [counted] = connection.execute("SELECT bytes FROM meta").fetchone() or [0]
            [real] = connection.execute("SELECT 4000 + sum(bytes) FROM event").fetchone() or [0]
        assert counted == real


def test_a_fence_that_refuses_lets_nothing_through(address: StoreAddress) -> None:
    def refuse(_cursor: Cursor) -> None:
        raise LogError("not the leader")

    opened(address).close()
    with closing(opened(address, fence=refuse)) as log:
        with pytest.raises(LogError, match="not the leader"):
            log.append(cycle(Detector(EventRules()), KICK_OFF, record()))
        assert (log.extent().newest, log.states()) == (0, [])


def test_a_lost_connection_is_named_and_the_next_call_connects_again(address: StoreAddress) -> None:
    with closing(opened(address, application_name=address.schema)) as log, connected(address) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            (address.schema,),
        )
        with pytest.raises(LogError) as raised:
            log.extent()
        assert raised.value.exit_code == 69
        assert log.append(cycle(Detector(EventRules()), KICK_OFF, record())) == 1


def test_a_reader_elsewhere_is_woken_by_a_commit(address: StoreAddress) -> None:
    with closing(opened(address)) as log, closing(opened_for_reading(address)) as reader:
        woken: list[bool] = []
        waiting = Thread(target=lambda: woken.append(reader.wait(0, 10)))
        waiting.start()
        log.append(cycle(Detector(EventRules()), KICK_OFF, record()))
        waiting.join(5)
        assert woken == [True]
        with pytest.raises(LogError):
            reader.append(Commit(KICK_OFF))
