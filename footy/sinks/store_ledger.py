"""The ledger in the store: so that the next leader knows how far each target is, and what was in doubt.

Each note is a transaction of the leader's: who has been replaced cannot begin a message any more.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from footy.history.log import LogError, Position
from footy.sinks.base import Again
from footy.sinks.ledger import COUNTS, KEPT_S, MessageState, by_target
from footy.store.session import Session


class StoreLedger:
    """A target's part of the ledger, in the store. For one thread.

    Args:
        session: The target's own.
        target: The target's name.
        now: Returns Unix seconds.
    """

    def __init__(self, session: Session, target: str, *, now: Callable[[], float] = time.time) -> None:
        self._session = session
        self._target = target
        self._now = now

    def position(self) -> Position | None:
        """Return how far the target is in the log; None if it has never been anywhere."""
        rows = self._query("SELECT epoch, sequence FROM cursor WHERE target = %s", (self._target,))
        return Position(*rows[0]) if rows else None

    def move(self, position: Position) -> None:
        """Note how far the target is in the log."""
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT INTO cursor VALUES (%s, %s, %s) ON CONFLICT (target) DO UPDATE SET"
                " epoch = excluded.epoch, sequence = excluded.sequence",
                (self._target, position.epoch, position.sequence),
            )

    def state(self, event_id: str) -> MessageState | None:
        """Return the state of a message; None if it was never begun."""
        rows = self._query(
            "SELECT state FROM sent WHERE target = %s AND event = %s", (self._target, event_id)
        )
        return rows[0][0] if rows else None

    def note(self, event_ids: Iterable[str], state: MessageState) -> None:
        """Store the states of messages, durably."""
        with self._transaction() as cursor:
            cursor.executemany(
                "INSERT INTO sent VALUES (%s, %s, %s, %s) ON CONFLICT (target, event) DO UPDATE SET"
                " state = excluded.state, at = excluded.at",
                [(self._target, one, state, self._now()) for one in event_ids],
            )

    def forget(self, event_ids: Iterable[str]) -> None:
        """Note that messages were surely not sent: they are begun again."""
        with self._transaction() as cursor:
            cursor.execute(
                "DELETE FROM sent WHERE target = %s AND event = ANY(%s)", (self._target, [*event_ids])
            )

    def give_up_begun(self) -> int:
        """Note as unknown what a leader that was replaced had begun to send; return how many messages."""
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM sent WHERE at < %s", (self._now() - KEPT_S,))
            cursor.execute(
                "UPDATE sent SET state = 'unknown' WHERE target = %s AND state = 'sending'", (self._target,)
            )
            given_up: int = cursor.rowcount
        return given_up

    def counts(self) -> dict[str, int]:
        """Return the number of messages by their state."""
        rows = self._query("SELECT state FROM sent WHERE target = %s", (self._target,))
        return dict(Counter(state for [state] in rows))

    def all_counts(self) -> dict[str, dict[str, int]]:
        """Return the same for every target that messages were sent to, by its name."""
        return by_target(self._query(COUNTS, ()))

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def _query(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        with _edge():
            return self._session.query(statement, values)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Any]:
        with _edge(), self._session.transaction() as cursor:
            yield cursor


@contextlib.contextmanager
def _edge() -> Iterator[None]:
    """Turn what the store cannot take now into something that is tried again."""
    try:
        yield
    except LogError as error:
        raise Again(str(error)) from None
