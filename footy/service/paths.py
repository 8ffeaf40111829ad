"""The files of one instance, in its data folder."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from footy.errors import CannotWriteError


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one instance, all in its folder."""

    folder: Path

    @property
    def lock(self) -> Path:
        """Locked by the owner as long as it lives; never removed."""
        return self.folder / "footy.lock"

    @property
    def pid(self) -> Path:
        """The owner's PID, when it started (Unix seconds), and `service` or `once`, a line each."""
        return self.folder / "footy.pid"

    @property
    def heartbeat(self) -> Path:
        """When the last cycle was attempted and when one succeeded."""
        return self.folder / "heartbeat.json"

    @property
    def matches(self) -> Path:
        """The current snapshot."""
        return self.folder / "matches.json"

    @property
    def log(self) -> Path:
        """The log of today."""
        return self.folder / "footy.log"

    @property
    def cache(self) -> Path:
        """Reference data."""
        return self.folder / "cache.sqlite"

    @property
    def catalogue(self) -> Path:
        """All teams and competitions, read ahead of need."""
        return self.folder / "catalogue.sqlite"

    @property
    def checkpoint(self) -> Path:
        """What was held at the last cycle, for the next start."""
        return self.folder / "board.msgpack"

    @property
    def quota(self) -> Path:
        """What was spent of the vendor's quotas in the last minute."""
        return self.folder / "quota.json"

    @property
    def check(self) -> Path:
        """What `check` found, until the service has read it."""
        return self.folder / "check.json"

    @property
    def start_out(self) -> Path:
        """What the background process printed."""
        return self.folder / "start.out"


def prepare_folder(folder: Path) -> None:
    """Make the data folder, and see that it can be written.

    Raises:
        CannotWriteError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A file without a name, since the folder's owner clears what looks half-written.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotWriteError(
            f"The data folder {folder} cannot be written ({error.strerror}): "
            "make it a writable folder, or set FOOTY_DATA_DIR to one."
        ) from None
