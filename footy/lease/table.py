"""The lease in PostgreSQL: one row per lease; times are the server's, so no machine's clock matters.

A lease is taken if it is free, given up, or over. Each new holder gets the next epoch. Every transaction
that writes checks holder and epoch as its last statement before COMMIT (`fence`): whoever was stopped, and
has been replaced meanwhile, cannot write. See M. Kleppmann, "How to do distributed locking", 2016.
"""

import hashlib
import hmac
import os
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from footy.errors import ConfigError
from footy.history.log import LogError

STANDBY_SEEN_S = 30.0
"""Seconds since it looked last after which a standby counts as gone."""
_HOST_LENGTH = 24

_LOOK = """
SELECT l.holder, l.epoch, l.released OR l.until < clock_timestamp(),
    extract(epoch FROM l.until - clock_timestamp()), l.released, l.account, l.salt, l.ahead_s,
    extract(epoch FROM l.since), extract(epoch FROM clock_timestamp())
FROM (SELECT 1) AS one LEFT JOIN lease AS l ON l.name = %s
"""
_TAKE = """
INSERT INTO lease AS l (name, holder, epoch, until, since, released, account, salt, ahead_s)
VALUES (%(name)s, %(me)s, 1, clock_timestamp() + %(ttl)s * interval '1 second', clock_timestamp(), false,
    %(account)s, %(salt)s, %(ahead)s)
ON CONFLICT (name) DO UPDATE SET
    holder = EXCLUDED.holder,
    epoch = CASE WHEN l.holder = EXCLUDED.holder AND NOT l.released THEN l.epoch ELSE l.epoch + 1 END,
    since = CASE WHEN l.holder = EXCLUDED.holder AND NOT l.released THEN l.since ELSE clock_timestamp() END,
    until = clock_timestamp() + %(ttl)s * interval '1 second',
    released = false,
    ahead_s = EXCLUDED.ahead_s
WHERE l.holder = EXCLUDED.holder OR l.released OR l.until < clock_timestamp()
RETURNING epoch, extract(epoch FROM since)
"""
_END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = %s AND pid <> pg_backend_pid()
"""
_GIVE_UP = """
UPDATE lease SET released = true, until = clock_timestamp()
WHERE name = %s AND holder = %s AND epoch = %s
"""
_FENCE = "SELECT 1 FROM lease WHERE name = %s AND holder = %s AND epoch = %s FOR SHARE"
_STAND_BY = """
INSERT INTO standby VALUES (%s, %s, clock_timestamp())
ON CONFLICT (name, holder) DO UPDATE SET seen_at = EXCLUDED.seen_at
"""
_NO_STANDBY = """
DELETE FROM standby
WHERE (name = %s AND holder = %s) OR seen_at < clock_timestamp() - interval '1 hour'
"""
_STANDBYS = """
SELECT holder FROM standby
WHERE name = %s AND seen_at > clock_timestamp() - %s * interval '1 second' ORDER BY holder
"""


class Session(Protocol):
    """A database session, as psycopg's connections and cursors are."""

    def execute(self, statement: Any, values: Sequence[Any] | dict[str, Any] | None = None, /) -> Any:
        """Run a statement, and return its cursor."""
        ...


class NotLeaderError(LogError):
    """The lease has another holder by now: what this one wanted to write must be rolled back."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a writer shows to prove that it leads."""

    name: str
    holder: str
    epoch: int

    def fence(self, session: Session) -> None:
        """Check that the lease is still held; call it as the last statement before COMMIT.

        The row stays locked until then, so nobody takes the lease in between.

        Raises:
            NotLeaderError: Another one holds it.
        """
        if session.execute(_FENCE, (self.name, self.holder, self.epoch)).fetchone() is None:
            raise NotLeaderError(f"Another machine holds the lease {self.name} by now")


class Seen(NamedTuple):
    """A lease as the store has it."""

    holder: str
    epoch: int
    is_free: bool
    """Whether it may be taken: it is over, or was given up."""
    left_s: float
    released: bool
    account: str
    salt: str
    ahead_s: float
    """How far the holder's clock is ahead of the server's, in seconds."""
    since: float
    """Since when it is held, in Unix seconds by the server's clock."""


@dataclass(frozen=True, slots=True)
class Predecessor:
    """Who held the lease before."""

    holder: str
    was_stopped: bool
    """It did not give the lease up: some of its calls may still arrive."""
    ahead_s: float


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease that was taken."""

    holding: Holding
    since: float
    """In Unix seconds by the server's clock."""
    ahead_s: float
    """How far this machine's clock is ahead of the server's, in seconds."""
    predecessor: Predecessor | None

    @property
    def step_s(self) -> float:
        """Return how far this machine's clock is ahead of the predecessor's, in seconds."""
        return 0.0 if self.predecessor is None else self.ahead_s - self.predecessor.ahead_s


def new_holder() -> str:
    """Return a name for this process that no other one has, and that says on which machine it runs."""
    return f"{socket.gethostname()[:_HOST_LENGTH]}-{os.getpid()}-{secrets.token_hex(3)}"


def session_name(holder: str) -> str:
    """Return the `application_name` of each session of a holder: its successor ends those."""
    return f"footy {holder}"


def account_hash(user: str, base_url: str, salt: str) -> str:
    """Return a hash of an account, to tell accounts apart without storing them."""
    return hashlib.sha256(f"{salt}\n{user}\n{base_url}".encode()).hexdigest()


class LeaseTable:
    """A lease as one process sees it, over a session in autocommit mode that the caller passes.

    Args:
        name: The lease's name.
        holder: This process.
        ttl_s: How long the lease lasts after each renewal, in seconds.
        account: The account's user and the vendor's address; only a salted hash of them is stored.
    """

    def __init__(self, name: str, holder: str, ttl_s: float, account: tuple[str, str]) -> None:
        self.name = name
        self.holder = holder
        self.ttl_s = ttl_s
        self._account = account

    def look(self, session: Session) -> tuple[Seen | None, float]:
        """Return the lease, None before the first holder, and how far this machine's clock is ahead.

        Raises:
            ConfigError: The lease is another account's.
        """
        sent_at = time.time()
        *row, server_now = session.execute(_LOOK, (self.name,)).fetchone()
        ahead_s = (sent_at + time.time()) / 2 - float(server_now)
        if row[0] is None:
            return None, ahead_s
        holder, epoch, is_free, left_s, released, account, salt, its_ahead_s, since = row
        if not hmac.compare_digest(account, account_hash(*self._account, salt)):
            raise ConfigError(
                f"The lease {self.name} in the store belongs to another account: give each account a name of "
                "its own in FOOTY_LEASE."
            )
        return (
            Seen(holder, epoch, is_free, float(left_s), released, account, salt, its_ahead_s, float(since)),
            ahead_s,
        )

    def take(self, session: Session, seen: Seen | None, ahead_s: float) -> Taken | None:
        """Take the lease, or renew it; None if another one holds it.

        The sessions of a predecessor whose time is over are ended first: a stopped one keeps its locks.
        """
        is_ours = seen is not None and seen.holder == self.holder and not seen.released
        if seen is not None and seen.is_free and not is_ours:
            session.execute(_END_SESSIONS, (session_name(seen.holder),))
        salt = secrets.token_hex(8)
        values = {
            "name": self.name,
            "me": self.holder,
            "ttl": self.ttl_s,
            "account": account_hash(*self._account, salt),
            "salt": salt,
            "ahead": ahead_s,
        }
        row = session.execute(_TAKE, values).fetchone()
        if row is None:
            return None
        before = None
        if seen is not None and not is_ours:
            before = Predecessor(seen.holder, not seen.released, seen.ahead_s)
        return Taken(Holding(self.name, self.holder, row[0]), float(row[1]), ahead_s, before)

    def give_up(self, session: Session, epoch: int) -> None:
        """Give the lease up, so that a standby can take it at once."""
        session.execute(_GIVE_UP, (self.name, self.holder, epoch))

    def stand_by(self, session: Session) -> None:
        """Note that this process would take the lease."""
        session.execute(_STAND_BY, (self.name, self.holder))

    def no_standby(self, session: Session) -> None:
        """Note that this process does not wait for the lease, and forget those long gone."""
        session.execute(_NO_STANDBY, (self.name, self.holder))

    def standbys(self, session: Session) -> list[str]:
        """Return who would take the lease: those that looked at it lately."""
        seen_within_s = max(STANDBY_SEEN_S, 3 * self.ttl_s)
        return [holder for [holder] in session.execute(_STANDBYS, (self.name, seen_within_s)).fetchall()]
