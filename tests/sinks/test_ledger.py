"""The ledger, in a file and in the store: how far a target is, and what became of each message."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from footy.history.log import LogError, Position
from footy.sinks.base import Again
from footy.sinks.ledger import KEPT_S, Ledger
from footy.sinks.store_ledger import StoreLedger
from footy.store.address import StoreAddress
from footy.store.connect import Cursor
from footy.store.migrations import migrate
from footy.store.session import Session
from tests.support.postgres import scratch_store

NOW = 1_750_000_000.0


class LedgerContract(ABC):
    """What every ledger does."""

    now = NOW

    @abstractmethod
    def opened(self, target: str = "phone") -> Ledger | StoreLedger:
        """Open a target's ledger, as another process would."""

    def test_a_new_target_has_never_been_anywhere(self) -> None:
        assert self.opened().position() is None

    def test_each_target_has_its_position(self) -> None:
        self.opened("a").move(Position("0badcafe", 7))
        self.opened("a").move(Position("0badcafe", 8))
        self.opened("b").move(Position("0badcafe", 1))
        assert self.opened("a").position() == Position("0badcafe", 8)

    def test_what_was_begun_and_not_ended_is_unknown(self) -> None:
        ledger = self.opened()
        ledger.note(["one", "two"], "sending")
        ledger.note(["one"], "sent")
        other = self.opened()
        assert other.give_up_begun() == 1
        assert (other.state("one"), other.state("two")) == ("sent", "unknown")
        assert other.counts() == {"sent": 1, "unknown": 1}

    def test_what_was_surely_not_sent_is_begun_again(self) -> None:
        ledger = self.opened()
        ledger.note(["one"], "sending")
        ledger.forget(["one"])
        assert ledger.state("one") is None

    def test_old_messages_are_forgotten(self) -> None:
        self.opened().note(["one"], "sent")
        self.now += KEPT_S + 1
        self.opened().give_up_begun()
        assert self.opened().counts() == {}


class TestInAFile(LedgerContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> Iterator[None]:
        self.path = tmp_path / "sent.db"
        with ExitStack() as self.at_the_end:
            yield

    def opened(self, target: str = "phone") -> Ledger:
        return self.at_the_end.enter_context(closing(Ledger(self.path, target, now=lambda: self.now)))


@pytest.fixture(scope="module")
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        migrate(address)
        yield address


class TestInTheStore(LedgerContract):
    @pytest.fixture(autouse=True)
    def _store(self, address: StoreAddress) -> Iterator[None]:
        self.session = Session(address)
        self.is_replaced = False
        with self.session.transaction() as cursor:
            cursor.execute("TRUNCATE cursor, sent")
        yield
        self.session.close()

    def opened(self, target: str = "phone") -> StoreLedger:
        return StoreLedger(self.session, target, now=lambda: self.now)

    def test_who_has_been_replaced_begins_no_message(self, address: StoreAddress) -> None:
        def fence(_cursor: Cursor) -> None:
            raise LogError("another machine leads")

        former = Session(address, fence=fence)
        with pytest.raises(Again, match="another machine leads"):
            StoreLedger(former, "phone").note(["one"], "sending")
        former.close()
        assert self.opened().state("one") is None
