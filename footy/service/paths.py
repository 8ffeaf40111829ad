"""The files of an instance in its data folder."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from footy.errors import CannotWriteError


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of an instance's files, all in its data folder."""

    folder: Path

    @property
    def lock(self) -> Path:
        """The lock file, locked by the owner while it runs; never removed."""
        return self.folder / "footy.lock"

    @property
    def pid(self) -> Path:
        """The PID file, three lines: the owner's PID, its start (Unix seconds), and `service` or `once`."""
        return self.folder / "footy.pid"

    @property
    def heartbeat(self) -> Path:
        """The outcome of the last cycle, and the time of the last success."""
        return self.folder / "heartbeat.json"

    @property
    def matches(self) -> Path:
        """The current snapshot."""
        return self.folder / "matches.json"

    @property
    def log(self) -> Path:
        """Today's log."""
        return self.folder / "footy.log"

    @property
    def cache(self) -> Path:
        """The disk cache of reference data."""
        return self.folder / "cache.sqlite"

    @property
    def checkpoint(self) -> Path:
        """The state after the last cycle, for the next start."""
        return self.folder / "board.msgpack"

    @property
    def quota(self) -> Path:
        """The requests of the last minute, which count towards the vendor's quotas."""
        return self.folder / "quota.json"

    @property
    def check(self) -> Path:
        """The note of `check`, until the service has read it."""
        return self.folder / "check.json"

    @property
    def start_out(self) -> Path:
        """The output of the background process."""
        return self.folder / "start.out"


def prepare_folder(folder: Path) -> None:
    """Create the data folder, and check that it is writable.

    Raises:
        CannotWriteError: The folder cannot be created or is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A file without a name: the folder's owner would remove one that looks half-written.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotWriteError(
            f"The data folder {folder} cannot be written ({error.strerror}): "
            "make it a writable folder, or set FOOTY_DATA_DIR to one."
        ) from None
