"""One cycle's results to the outputs, and the heartbeat that says how it went."""

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from footy.errors import CannotWriteError, Exit
from footy.files import write_atomically
from footy.outputs.base import Output
from footy.outputs.snapshot_file import NAME as SNAPSHOT
from footy.record import Degradation, Heartbeat, Snapshot
from footy.service.indicators import Level, Reading
from footy.service.instance import Files, read_heartbeat
from footy.times import moment_text

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """How publishing went."""

    seconds: float
    failures: Mapping[str, str]
    """Why an output could not take the snapshot, by the output's name."""

    @property
    def failure(self) -> str | None:
        """Why the snapshot file could not be written; None where it was."""
        return self.failures.get(SNAPSHOT)


def publish(snapshot: Snapshot, outputs: Sequence[Output]) -> Published:
    """Give a snapshot to every output; the failure of one stops nothing."""
    started = time.monotonic()
    failures: dict[str, str] = {}
    for output in outputs:
        try:
            output.publish(snapshot)
        except OSError as error:
            failures[output.name] = f"{output.name} could not be written: {error.strerror or error}"
            log.error(failures[output.name])
        except CannotWriteError as error:
            failures[output.name] = str(error)
            log.error(failures[output.name])
        except Exception as error:
            failures[output.name] = f"{output.name} could not be published: {type(error).__name__}"
            log.exception(failures[output.name])
    return Published(round(time.monotonic() - started, 4), failures)


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
        }

    def note(self, *, not_in_plan: Iterable[object], degraded: Sequence[Degradation] = ()) -> None:
        """Note what the next writing says of the account and of the data."""
        self._beat["not_in_plan"] = [str(endpoint) for endpoint in not_in_plan]
        self._beat["degraded"] = list(degraded)

    def note_shared_account(self, other: str | None) -> None:
        """Note who else on this machine uses the account."""
        self._beat["account_shared_with"] = other

    def cycle(
        self,
        number: int,
        *,
        attempted_at: float,
        error: str | None,
        error_code: int = Exit.BUG,
        readings: Mapping[str, Reading] | None = None,
    ) -> None:
        """Note one cycle that ended, well where `error` is None; Unix seconds."""
        self._beat["indicators"] = {
            name: f"{reading.level}: {reading.words}"
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
        """Write the heartbeat; where that fails, its silence tells."""
        try:
            write_atomically(self._path, msgspec.json.encode(self._beat) + b"\n")
        except OSError as error:
            log.error("heartbeat.json could not be written: %s", error.strerror or error)
