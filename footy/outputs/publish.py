"""One cycle's results to the outputs, and the heartbeat that says how it went."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from footy.errors import CannotWriteError
from footy.outputs.base import Output
from footy.outputs.snapshot_file import NAME as SNAPSHOT
from footy.record import Snapshot

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
