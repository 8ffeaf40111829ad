"""The lease on a real PostgreSQL: one holder at a time, by the server's clock."""

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest

from footy.errors import ConfigError
from footy.history.log import LogError
from footy.lease.keeper import LeaseKeeper
from footy.lease.table import LeaseTable, NotLeaderError, Taken, session_name
from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.migrations import migrate
from tests.support.postgres import scratch_store

ACCOUNT = ("user", "https://vendor.example")
GENEROUS_S = 20.0


@pytest.fixture(scope="module")
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        migrate(address)
        yield address


Open = Callable[..., psycopg.Connection]


@pytest.fixture
def opened(address: StoreAddress) -> Iterator[Open]:
    sessions = []

    def connect(name: str = "", *, autocommit: bool = True) -> psycopg.Connection:
        sessions.append(connected(address, application_name=name, timeout_s=GENEROUS_S))
        sessions[-1].autocommit = autocommit
        return sessions[-1]

    yield connect
    with connected(address) as session:
        session.execute("TRUNCATE lease, standby")
    for session in sessions:
        session.close()


def table(holder: str, ttl_s: float = 60.0, account: tuple[str, str] = ACCOUNT) -> LeaseTable:
    return LeaseTable("footy", holder, ttl_s, account)


def took(one: LeaseTable, session: psycopg.Connection) -> Taken | None:
    return one.take(session, *one.look(session))


def expire(session: psycopg.Connection) -> None:
    session.execute("UPDATE lease SET until = now() - interval '1 second'")


class TestTheTable:
    def test_one_takes_it_and_another_does_not(self, opened: Open) -> None:
        session = opened()
        first = took(table("a"), session)
        assert first is not None
        assert first.holding.epoch == 1
        assert first.predecessor is None
        assert took(table("b"), session) is None

    def test_a_renewal_keeps_the_epoch_and_the_time_since_when_it_is_held(self, opened: Open) -> None:
        session = opened()
        first, again = took(table("a"), session), took(table("a"), session)
        assert first is not None
        assert again is not None
        assert (again.holding, again.since) == (first.holding, first.since)

    def test_a_lease_that_is_over_is_taken_with_the_next_epoch(self, opened: Open) -> None:
        session = opened()
        took(table("a"), session)
        expire(session)
        second = took(table("b"), session)
        assert second is not None
        assert second.predecessor is not None
        assert (second.holding.epoch, second.predecessor.holder) == (2, "a")
        assert second.predecessor.was_stopped
        assert took(table("a"), session) is None

    def test_one_that_was_given_up_is_free_at_once(self, opened: Open) -> None:
        session, one = opened(), table("a")
        assert took(one, session) is not None
        one.give_up(session, 1)
        second = took(table("b"), session)
        assert second is not None
        assert second.predecessor is not None
        assert not second.predecessor.was_stopped

    def test_only_the_holder_gives_it_up(self, opened: Open) -> None:
        session = opened()
        took(table("a"), session)
        table("b").give_up(session, 1)
        assert took(table("b"), session) is None

    def test_another_account_is_refused_and_nothing_of_an_account_is_stored(self, opened: Open) -> None:
        session = opened()
        took(table("a"), session)
        with pytest.raises(ConfigError, match="FOOTY_LEASE"):
            took(table("b", account=("someone else", ACCOUNT[1])), session)
        [[row]] = session.execute("SELECT l::text FROM lease AS l").fetchall()
        assert "user" not in row
        assert "vendor" not in row

    def test_the_difference_of_two_machines_clocks_is_known(self, opened: Open) -> None:
        session, one = opened(), table("a")
        seen, ahead_s = one.look(session)
        assert abs(ahead_s) < GENEROUS_S
        one.take(session, seen, ahead_s + 3600)
        expire(session)
        second = took(table("b"), session)
        assert second is not None
        assert second.step_s == pytest.approx(-3600, abs=GENEROUS_S)

    def test_who_stands_by_is_known_until_it_leads(self, opened: Open) -> None:
        session, one = opened(), table("a")
        for other in (one, table("b")):
            other.stand_by(session)
        one.no_standby(session)
        assert one.standbys(session) == ["b"]


class TestTheFence:
    def test_the_holder_may_write(self, opened: Open) -> None:
        session = opened()
        taken = took(table("a"), session)
        assert taken is not None
        taken.holding.fence(session)

    def test_a_former_holder_may_not(self, opened: Open) -> None:
        session = opened()
        taken = took(table("a"), session)
        expire(session)
        took(table("b"), session)
        assert taken is not None
        with pytest.raises(NotLeaderError):
            taken.holding.fence(session)

    def test_nobody_takes_the_lease_between_the_check_and_the_commit(self, opened: Open) -> None:
        session, writer = opened(), opened("another name", autocommit=False)
        taken = took(table("a"), session)
        assert taken is not None
        taken.holding.fence(writer)
        expiring = threading.Thread(target=expire, args=[opened()])
        expiring.start()  # it waits for the writer, as a taker does
        expiring.join(0.1)
        assert expiring.is_alive()
        writer.commit()
        expiring.join(GENEROUS_S)
        assert not expiring.is_alive()

    def test_a_predecessor_that_was_stopped_in_a_transaction_is_ended(self, opened: Open) -> None:
        session, writer = opened(), opened(session_name("a"), autocommit=False)
        taken = took(table("a", ttl_s=0.01), session)
        assert taken is not None
        taken.holding.fence(writer)  # and there it stops: its lock stays
        second = table("b")
        with opened() as waiting:
            assert waiting.execute("SELECT pg_sleep(0.02)").fetchone()
        assert took(second, session) is not None
        with pytest.raises(psycopg.OperationalError):
            writer.commit()

    def test_a_predecessor_that_was_stopped_inside_copy_is_ended(self, opened: Open) -> None:
        session, writer = opened(), opened(session_name("a"), autocommit=False)
        session.execute("CREATE TABLE IF NOT EXISTS copied (number int PRIMARY KEY)")
        taken = took(table("a", ttl_s=0.01), session)
        assert taken is not None

        def stop_inside() -> None:
            with writer.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
                copy.write_row([1])
                session.execute("SELECT pg_sleep(0.02)")
                assert took(table("b"), session) is not None
                session.execute("INSERT INTO copied VALUES (1)")  # no lock of the predecessor is left

        with pytest.raises(psycopg.OperationalError):
            stop_inside()
        session.execute("DROP TABLE copied")


@pytest.fixture
def keeper(address: StoreAddress, opened: Open) -> Iterator[Callable[..., LeaseKeeper]]:
    assert opened is not None  # its tables are emptied after the keepers have ended
    keepers = []

    def keep(holder: str, *, ttl_s: float = 30.0, account: tuple[str, str] = ACCOUNT) -> LeaseKeeper:
        made = LeaseKeeper(
            table(holder, ttl_s, account),
            lambda: connected(address, application_name=session_name(holder)),
            (LogError, psycopg.Error),
        )
        keepers.append(made)
        made.start()
        return made

    yield keep
    for one in keepers:
        one.close()


Keep = Callable[..., LeaseKeeper]


class TestTheKeeper:
    def test_it_leads_and_says_so(self, keeper: Keep) -> None:
        one = keeper("a")
        lead = one.wait(GENEROUS_S)
        assert lead is not None
        assert 0 < lead.right.left_s() <= 27
        assert one.standing.leads
        assert one.standing.leader is not None
        assert one.standing.leader.holder == "a"

    def test_a_clean_end_hands_over(self, keeper: Keep) -> None:
        one = keeper("a")
        first = one.wait(GENEROUS_S)
        other = keeper("b")
        assert other.wait(0.0) is None
        one.close(GENEROUS_S)
        second = other.wait(GENEROUS_S)
        assert second is not None
        assert first is not None
        assert first.is_over
        assert second.taken.holding.epoch == 2

    def test_a_lease_that_is_lost_ends_the_right(self, keeper: Keep, opened: Open) -> None:
        lead = keeper("a", ttl_s=0.3).wait(GENEROUS_S)
        session = opened()
        session.execute("UPDATE lease SET holder = 'thief', epoch = 9, until = now() + interval '1 hour'")
        assert lead is not None
        waiting = threading.Event()
        while not lead.is_over:
            waiting.wait(0.01)

    def test_a_session_that_is_ended_is_opened_again(self, keeper: Keep, opened: Open) -> None:
        one = keeper("a", ttl_s=3.0)
        lead = one.wait(GENEROUS_S)
        assert lead is not None
        pids = "SELECT pid FROM pg_stat_activity WHERE application_name = 'footy a'"
        session = opened()
        [before] = session.execute(pids).fetchall()
        session.execute("SELECT pg_terminate_backend(%s)", before)
        after = [before]
        while after in ([before], []):
            after = session.execute(pids).fetchall()
        assert not lead.is_over

    def test_another_account_ends_the_wait(self, keeper: Keep) -> None:
        keeper("a").wait(GENEROUS_S)
        with pytest.raises(ConfigError, match="another account"):
            keeper("b", account=("other", "elsewhere")).wait(GENEROUS_S)
