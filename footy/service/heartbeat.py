"""The heartbeat file: the outcome of the last cycle, for monitoring."""

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from footy.errors import Exit
from footy.files import write_atomically
from footy.record import Degradation, Heartbeat, LeaseState
from footy.service.indicators import Level, Reading
from footy.service.paths import Files
from footy.times import moment_text

log = logging.getLogger(__name__)


def read_heartbeat(files: Files) -> Heartbeat | None:
    """Read the heartbeat; None if it does not exist or cannot be read."""
    try:
        return msgspec.json.decode(files.heartbeat.read_bytes(), type=Heartbeat)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class HeartbeatFile:
    """Writes the heartbeat: at the start and after every cycle."""

    def __init__(self, files: Files, *, started_at: float, interval_s: float, mode: str) -> None:
        self._path = files.heartbeat
        before = read_heartbeat(files)
        self._beat: Heartbeat = {
            "pid": os.getpid(),
            "started_at": moment_text(started_at) or "",
            "cycle": 0,
            "last_attempt_at": None,
            "last_success_at": None,
            "last_error": None,
            "last_error_code": None,
            "interval_s": interval_s,
            "mode": mode,
            "indicators": {},
            "not_in_plan": [] if before is None else before.get("not_in_plan", []),
            "degraded": [],
            "events_position": None if before is None else before.get("events_position"),
            "events_problem": None,
        }

    def note(self, *, not_in_plan: Iterable[object], degraded: Sequence[Degradation] = ()) -> None:
        """Set the account's missing endpoints and the degraded data for the next write."""
        self._beat["not_in_plan"] = [str(endpoint) for endpoint in not_in_plan]
        self._beat["degraded"] = list(degraded)

    def note_events(self, position: str | None, problem: str | None) -> None:
        """Note what the next writing says of the log of events."""
        self._beat["events_position"] = position
        self._beat["events_problem"] = problem

    def note_push(self, state: str, since: float, why: str | None) -> None:
        """Set the state of the push for the next write; `since` in Unix seconds."""
        self._beat["push"] = {"state": state, "since": moment_text(since) or "", "why": why}

    def note_shared_account(self, other: str | None) -> None:
        """Set who else on this machine uses the account, for the next write."""
        self._beat["account_shared_with"] = other

    def note_lease(self, state: LeaseState) -> None:
        """Note who leads, for the next write."""
        self._beat["lease"] = state

    def note_page(self, address: str | None) -> None:
        """Note where the page is served; None if it is not."""
        self._beat["page"] = address

    def cycle(
        self,
        number: int,
        *,
        attempted_at: float,
        error: str | None,
        error_code: int = Exit.BUG,
        readings: Mapping[str, Reading] | None = None,
    ) -> None:
        """Record and write the outcome of a cycle. It succeeded if `error` is None; times in Unix seconds."""
        self._beat["indicators"] = {
            name: reading.sentence
            for name, reading in (readings or {}).items()
            if reading.level is not Level.NORMAL
        }
        self._beat["cycle"] = number
        self._beat["last_attempt_at"] = moment_text(attempted_at)
        self._beat["last_error"] = error
        self._beat["last_error_code"] = None if error is None else error_code
        if error is None:
            self._beat["last_success_at"] = moment_text(time.time())
        self.write()

    def write(self) -> None:
        """Write the heartbeat. If that fails, log it; monitoring then sees a stale heartbeat."""
        try:
            write_atomically(self._path, msgspec.json.encode(self._beat) + b"\n")
        except OSError as error:
            log.error("heartbeat.json could not be written: %s", error.strerror or error)
