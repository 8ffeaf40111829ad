"""The files of one instance, in its data folder."""

import tempfile
from pathlib import Path

from footy.errors import CannotWriteError


class Files:
    """The files of one instance, all in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "footy.lock"
        """Locked by the owner as long as it lives; never removed."""
        self.pid = folder / "footy.pid"
        """The owner's PID, when it started (Unix seconds), and `service` or `once`, a line each."""
        self.heartbeat = folder / "heartbeat.json"
        """When the last cycle was attempted and when one succeeded."""
        self.matches = folder / "matches.json"
        """The current snapshot."""
        self.log = folder / "footy.log"
        """The log of today."""
        self.cache = folder / "cache.sqlite"
        """Reference data."""
        self.checkpoint = folder / "board.msgpack"
        """What was held at the last cycle, for the next start."""
        self.quota = folder / "quota.json"
        """What was spent of the vendor's quotas in the last minute."""
        self.check = folder / "check.json"
        """What `check` found, until the service has read it."""
        self.start_out = folder / "start.out"
        """What the background process printed."""


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
