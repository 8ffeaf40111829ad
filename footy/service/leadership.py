"""Leadership: a standby waits for the lease, and each time that it is granted one term begins.

A standby is cheap: it makes no calls, runs no cycles, and looks at the lease twice a second.
"""

import logging
import time
from collections.abc import Callable, Iterator
from threading import Event

from prometheus_client.core import Metric

from footy.clock import CLOCK
from footy.history.log import LogError, NewerLogError
from footy.lease.keeper import LeaseKeeper, Standing
from footy.lease.table import LeaseTable, new_holder, session_name
from footy.record import LeaseState
from footy.service.health import lease_text
from footy.service.heartbeat import HeartbeatFile
from footy.service.instance_metrics import MetricsFile
from footy.service.notify_socket import NotifySocket
from footy.service.paths import Files
from footy.service.store_of_term import StoreOfTerm
from footy.service.term import Term
from footy.settings import Mode, Settings
from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.errors import StoreRefusedError
from footy.store.migrations import migrate
from footy.telemetry.metrics import MetricsCollector, build_source, figure, process_source
from footy.times import moment_text

log = logging.getLogger("footy")

WAKE_EVERY_S = 0.25
"""Seconds between two looks at the signal to stop."""
NOTE_EVERY_S = 5.0
"""Seconds between two heartbeats of a standby."""
TIMEOUT_SHARE = 0.3
"""Share of the lease's time that a statement may take: it ends well before the lease does."""
PREPARE_AGAIN_S = 1.0


class Leadership:
    """This process's part in the lease.

    Args:
        settings: The operator's.
        mode: Live: a demo has no store.
        address: The store.
        heartbeat_file: Is told who leads.
        systemd: Is told that a standby lives.
    """

    def __init__(
        self,
        settings: Settings,
        mode: Mode,
        address: StoreAddress,
        heartbeat_file: HeartbeatFile,
        systemd: NotifySocket,
    ) -> None:
        self._address = address
        self._name = settings.lease
        self._heartbeat_file = heartbeat_file
        self._systemd = systemd
        self._timeout_s = TIMEOUT_SHARE * settings.lease_ttl
        holder = new_holder()
        account = settings.user or mode.value, settings.base_url
        self._keeper = LeaseKeeper(
            LeaseTable(settings.lease, holder, settings.lease_ttl, account),
            lambda: connected(
                address, application_name=session_name(holder) + " lease", timeout_s=self._timeout_s
            ),
            (LogError, *_driver_errors()),
        )
        sources = [build_source(mode.value), process_source(), self._metrics]
        self._metrics_file = MetricsFile(Files(settings.folder(mode)), MetricsCollector(sources))
        """Those of a standby; a leader writes its own after each cycle."""
        self._noted: Standing | None = None
        self._noted_at = 0.0

    def terms(self, stopping: Event, look_round: Callable[[], None]) -> Iterator[Term]:
        """Yield a term each time that this machine leads, until `stopping` is set.

        The caller runs its cycles inside the loop, and comes back when the term is over. While this machine
        stands by, `look_round` is called now and then.

        Raises:
            FootyError: The store refuses, or the lease belongs to another account.
        """
        if not self._prepared(stopping):
            return
        self._keeper.start()
        try:
            while not stopping.is_set():
                lead = self._keeper.wait(WAKE_EVERY_S)
                self.note()
                if lead is None:
                    look_round()
                    continue
                store = StoreOfTerm(self._address, lead, self._timeout_s, self._is_store_down)
                try:
                    yield Term(time.time(), lead.right.left_s, store, self.note, (self._metrics,))
                finally:
                    store.close()
        finally:
            self._keeper.close()

    def note(self) -> None:
        """Tell the heartbeat and the service manager who leads: if that has changed, and now and then."""
        standing = self._keeper.standing
        before, self._noted = self._noted, standing
        is_changed = before is None or _who(before) != _who(standing)
        now = time.monotonic()
        if not is_changed and now - self._noted_at < NOTE_EVERY_S:
            return
        self._noted_at = now
        state = self._state(standing)
        self._heartbeat_file.note_lease(state)
        if is_changed and before is not None:
            log.info("Lease %s: %s", self._name, lease_text(state))
        if not standing.leads:
            self._metrics_file.write()  # the last cycle's would still say that this machine leads
            self._systemd.stands_by(lease_text(state))
        if is_changed or not standing.leads:
            self._heartbeat_file.write()

    def _metrics(self) -> Iterator[Metric]:
        return lease_metrics(self._keeper.standing)

    def _is_store_down(self) -> bool:
        return self._keeper.standing.problem is not None

    def _prepared(self, stopping: Event) -> bool:
        """Create or migrate the schema; wait while the store cannot be reached."""
        is_said = False
        while not stopping.is_set():
            try:
                migrate(self._address, application_name="footy migration")
            except LogError as error:
                if isinstance(error, StoreRefusedError | NewerLogError):
                    raise
                if not is_said:
                    log.warning("%s; footy waits for it", error)
                is_said = True
                state = self._state(Standing(problem=str(error)))
                self._heartbeat_file.note_lease(state)
                self._metrics_file.write()
                self._heartbeat_file.write()
                self._systemd.stands_by(lease_text(state))
                stopping.wait(PREPARE_AGAIN_S)
            else:
                return True
        return False

    def _state(self, standing: Standing) -> LeaseState:
        leader, seen_at = standing.leader, standing.seen_at
        return {
            "name": self._name,
            "role": "leader" if standing.leads else "standby",
            "leader": None if leader is None else leader.holder,
            "since": None if leader is None else moment_text(leader.since),
            "standbys": list(standing.standbys),
            "seen_at": None if seen_at is None else moment_text(time.time() - (CLOCK.uptime() - seen_at)),
            "problem": standing.problem,
        }


def lease_metrics(standing: Standing) -> Iterator[Metric]:
    """Yield who leads; a source of metrics."""
    yield figure("footy_leader", "1 if this machine leads, 0 if it stands by.", standing.leads)
    words = "Machines that stand by, this one not counted."
    yield figure("footy_standbys", words, len(standing.standbys))
    since = None if standing.leader is None else standing.leader.since
    words = "Since when the present leader leads, in Unix time; absent while nobody is known to lead."
    yield figure("footy_leader_since_timestamp_seconds", words, since)


def _who(standing: Standing) -> tuple[object, ...]:
    leader = None if standing.leader is None else standing.leader.holder
    return standing.leads, leader, standing.standbys, standing.problem


def _driver_errors() -> tuple[type[Exception], ...]:
    import psycopg  # noqa: PLC0415 - only where there is a store

    return psycopg.Error, OSError
