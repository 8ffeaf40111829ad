"""The files of an instance in its data folder."""

import tempfile
from pathlib import Path

from footy.errors import CannotWriteError
from footy.files import why_out_of_reach


class Files:
    """The paths of an instance's files, all in its data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "footy.lock"
        """The lock file, locked by the owner while it runs; never removed."""
        self.pid = folder / "footy.pid"
        """The PID file, three lines: the owner's PID, its start (Unix seconds), and `service` or `once`."""
        self.heartbeat = folder / "heartbeat.json"
        """The outcome of the last cycle, and the time of the last success."""
        self.metrics = folder / "metrics.prom"
        """The metrics after the last cycle, in Prometheus' text format."""
        self.matches = folder / "matches.json"
        """The current snapshot."""
        self.fixtures = folder / "fixtures.json"
        """The matches that kick off in the next 12 hours."""
        self.log = folder / "footy.log"
        """Today's log."""
        self.events = folder / "footy.db"
        """The log: the events, and what was emitted of every match."""
        self.event_lines = folder / "events"
        """The folder of the events as JSON Lines, a file a day."""
        self.alerts = folder / "alerts.toml"
        """The rules of alerts and their targets, if FOOTY_ALERTS names no other file."""
        self.sent = folder / "sent.db"
        """How far each target is in the log, and what became of each message."""
        self.cache = folder / "cache.sqlite"
        """The disk cache of reference data."""
        self.catalogue = folder / "catalogue.sqlite"
        """All teams and competitions, fetched in advance."""
        self.checkpoint = folder / "board.msgpack"
        """The state after the last cycle, for the next start."""
        self.quota = folder / "quota.json"
        """The requests of the last minute, which count towards the vendor's quotas."""
        self.check = folder / "check.json"
        """The note of `check`, until the service has read it."""
        self.start_out = folder / "start.out"
        """The output of the background process."""


def check_readable(files: Files) -> None:
    """Check that this user may look into the data folder, if it exists.

    Raises:
        CannotWriteError: Only another user may.
    """
    if (why := why_out_of_reach(files.folder)) is not None:
        raise CannotWriteError(why)


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
