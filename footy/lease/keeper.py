"""The keeper: takes the lease, renews it, and loses it, in a thread and on a connection of its own."""

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from footy.clock import CLOCK
from footy.errors import FootyError
from footy.lease.right import Right
from footy.lease.table import LeaseTable, Seen, Taken

log = logging.getLogger("footy.lease")

LOOK_EVERY_S = 0.5
"""Seconds between two looks of a standby."""
AGAIN_S = 0.25
"""Seconds after a failed look until the next one."""
_RENEWALS = 3
"""Renewals within the time of a lease."""


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads, as seen last."""

    holder: str
    since: float
    """In Unix seconds, by this machine's clock."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether this process leads, and who else leads or stands by."""

    leads: bool = False
    leader: Leader | None = None
    """None if nobody leads, or if that is not known."""
    standbys: tuple[str, ...] = ()
    seen_at: float | None = None
    """When the store answered last, in seconds of `CLOCK.uptime`; None before the first time."""
    problem: str | None = None
    """Why the store cannot be asked; None if it can."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A time during which this process leads."""

    taken: Taken
    right: Right = field(repr=False)

    @property
    def is_over(self) -> bool:
        """Whether the right to ask has ended; it does not come back within this time of leading."""
        return self.right.left_s() <= 0


class LeaseKeeper:
    """Keeps the lease as long as it can, and takes it whenever it is free.

    Args:
        table: The lease.
        connect: Opens a session in autocommit mode, on which no wait is long; called in the keeper's thread.
        errors: What the session raises if the store cannot be asked.
    """

    def __init__(
        self, table: LeaseTable, connect: Callable[[], Any], errors: tuple[type[Exception], ...]
    ) -> None:
        self._table = table
        self._connect = connect
        self._errors = errors
        self._session: Any = None
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._lead: Lead | None = None
        self._standing = Standing()
        self._refused: FootyError | None = None
        self._noted_at = -float("inf")
        self._noted_leads: bool | None = None
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    @property
    def standing(self) -> Standing:
        """Whether this process leads, and who else leads or stands by; for any thread."""
        return self._standing

    def start(self) -> None:
        """Begin to look, and to take the lease if it is free."""
        self._thread.start()

    def wait(self, timeout_s: float) -> Lead | None:
        """Wait until this process leads; None if it does not by then.

        Raises:
            FootyError: It never may: the lease belongs to another account.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._refused or self._leading() is not None, timeout_s)
            if self._refused is not None:
                raise self._refused
            return self._leading()

    def close(self, within_s: float = 1.0) -> None:
        """Give the lease up if it is held, and stop."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _leading(self) -> Lead | None:
        return None if self._lead is None or self._lead.is_over else self._lead

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._step()):
                pass
            self._give_up()
        except FootyError as refused:
            self._end_lead()
            with self._changed:
                self._refused = refused
                self._changed.notify_all()
        finally:
            self._drop_session()

    def _step(self) -> float:
        """Look once, and take or renew; return the seconds until the next look."""
        try:
            return self._looked()
        except self._errors as error:
            self._drop_session()
            self._trouble(_sentence(error))
            return min(AGAIN_S, self._table.ttl_s / _RENEWALS)

    def _looked(self) -> float:
        table, every_s = self._table, self._table.ttl_s / _RENEWALS
        if self._session is None:
            self._session = self._connect()
        session = self._session
        seen, ahead_s = table.look(session)
        is_ours = seen is not None and seen.holder == table.holder and not seen.released
        taken = None
        if seen is None or seen.is_free or is_ours:
            sent_at = CLOCK.uptime()
            taken = table.take(session, seen, ahead_s)
            if taken is not None:
                self._granted(taken, sent_at)
        if taken is None:
            self._end_lead()
        self._note(session, seen, taken, ahead_s)
        if taken is not None:
            return every_s
        left_s = LOOK_EVERY_S if seen is None else seen.left_s
        return min(every_s, LOOK_EVERY_S, max(0.02, left_s + 0.01))

    def _granted(self, taken: Taken, sent_at: float) -> None:
        lead = self._leading()  # a right that was over for a moment stays over: others may have led
        if lead is None or lead.taken.holding != taken.holding:
            self._end_lead()
            lead = Lead(taken, Right())
            log.info("This machine leads, by the lease %s, epoch %d", self._table.name, taken.holding.epoch)
        lead.right.renewed(sent_at, self._table.ttl_s)
        leader = Leader(self._table.holder, taken.since + taken.ahead_s)
        with self._changed:
            self._lead = lead
            self._standing = replace(self._standing, leads=True, leader=leader)
            self._changed.notify_all()

    def _end_lead(self) -> None:
        if self._lead is not None:
            self._lead.right.end()
        self._lead = None

    def _note(self, session: Any, seen: Seen | None, taken: Taken | None, ahead_s: float) -> None:
        """Note who leads and who stands by, for the operator."""
        leads = taken is not None
        is_new, self._noted_leads = leads != self._noted_leads, leads
        now = CLOCK.uptime()
        standbys = self._standing.standbys
        if is_new or now - self._noted_at >= self._table.ttl_s / _RENEWALS:
            self._noted_at = now
            if not leads:
                self._table.stand_by(session)
            elif is_new:
                self._table.no_standby(session)
            standbys = tuple(one for one in self._table.standbys(session) if one != self._table.holder)
        leader = None
        if taken is not None:
            leader = Leader(self._table.holder, taken.since + ahead_s)
        elif seen is not None and not seen.is_free:
            leader = Leader(seen.holder, seen.since + ahead_s)
        if self._standing.problem is not None:
            log.info("The store answers again")
        self._standing = Standing(leads, leader, standbys, now)

    def _trouble(self, problem: str) -> None:
        leads = self._leading() is not None
        if self._standing.problem is None:
            log.warning("The lease %s cannot be looked at: %s", self._table.name, problem)
        leader = self._standing.leader if leads else None
        self._standing = replace(self._standing, leads=leads, leader=leader, problem=problem)

    def _give_up(self) -> None:
        lead, self._lead = self._lead, None
        if lead is not None:
            lead.right.end()
        with contextlib.suppress(*self._errors):
            if self._session is not None:
                if lead is not None:
                    self._table.give_up(self._session, lead.taken.holding.epoch)
                self._table.no_standby(self._session)

    def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(*self._errors):
                session.close()


def _sentence(error: Exception) -> str:
    """Return an error's first line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
