"""Give an update to every output; the failure of one stops nothing."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from footy.errors import CannotWriteError
from footy.outputs.base import Output, Update
from footy.outputs.snapshot_file import NAME as SNAPSHOT

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """The outcome of publishing."""

    seconds: float
    failures: Mapping[str, str]
    """Why an output could not take the update, by the output's name."""

    @property
    def failure(self) -> str | None:
        """Why the snapshot file could not be written; None if it was."""
        return self.failures.get(SNAPSHOT)


def publish(update: Update, outputs: Sequence[Output]) -> Published:
    """Give an update to every output, and log what fails."""
    started = time.monotonic()
    failures: dict[str, str] = {}
    for output in outputs:
        try:
            output.publish(update)
        except OSError as error:
            failures[output.name] = f"{output.name} could not be written: {error.strerror or error}"
        except CannotWriteError as error:
            failures[output.name] = str(error)
        except Exception as bug:
            failures[output.name] = f"{output.name} could not be published: {type(bug).__name__}"
            log.exception(failures[output.name])
            continue
        if output.name in failures:
            log.error(failures[output.name])
    return Published(round(time.monotonic() - started, 4), failures)
