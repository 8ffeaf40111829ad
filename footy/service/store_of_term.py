"""What a leader does with the store during one term: its sessions, each behind the lease's fence."""

from collections.abc import Callable
from typing import Any

from footy.lease.keeper import Lead
from footy.lease.table import session_name
from footy.sinks.store_ledger import StoreLedger
from footy.store.address import StoreAddress
from footy.store.session import Fence, Session


class StoreOfTerm:
    """The store, for as long as this machine leads.

    Args:
        address: Where it is.
        lead: The lease that was taken.
        timeout_s: The longest wait for it.
        is_down: Checks whether the store did not answer the last renewal: then nobody should wait for it.
    """

    def __init__(
        self, address: StoreAddress, lead: Lead, timeout_s: float, is_down: Callable[[], bool]
    ) -> None:
        taken = lead.taken
        self.address = address
        self.application_name = session_name(taken.holding.holder)
        """The name of each session: the next leader ends those of one that was stopped."""
        self.fence: Fence = taken.holding.fence
        """The last statement before each COMMIT."""
        self.timeout_s = timeout_s
        self.is_down = is_down
        self.step_s = taken.step_s
        """How far this machine's clock is ahead of the former leader's, in seconds."""
        self.predecessor_stopped = taken.predecessor is not None and taken.predecessor.was_stopped
        """Whether calls of the former leader may still arrive at the vendor."""
        self._sessions: list[Session] = []

    def session(self) -> Session:
        """Return a new session for what this term writes; it is closed at the end of the term."""
        made = Session(self.address, **self.session_options)
        self._sessions.append(made)
        return made

    @property
    def session_options(self) -> dict[str, Any]:
        """Return how a session of this term is opened by those that make their own."""
        return {
            "application_name": self.application_name,
            "fence": self.fence,
            "timeout_s": self.timeout_s,
        }

    def ledger(self, target: str) -> StoreLedger:
        """Return a target's part of the ledger."""
        return StoreLedger(self.session(), target)

    def close(self) -> None:
        """Close the sessions."""
        for session in self._sessions:
            session.close()
