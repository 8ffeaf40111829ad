"""Where an instance keeps its log and what it publishes: the data folder, or a server's database."""

from pathlib import Path
from typing import Protocol

from footy.history.archive import Archive
from footy.history.log import Log
from footy.history.retention import Retention
from footy.history.sqlite_file import set_aside
from footy.history.sqlite_log import opened, opened_for_reading


class KeptLog(Log, Archive, Protocol):
    """A log with its archive."""


class WrittenLog(KeptLog, Protocol):
    """A log with its archive, as its only writer has it."""

    def begin_epoch(self) -> str:
        """Give the log a new epoch, and return it."""
        ...

    def retain(self, retention: Retention) -> int:
        """Remove one step of rows that are too old or too many; return the number of rows removed."""
        ...

    def checkpoint_if_due(self) -> bool:
        """Do once in a while what a file needs; return whether that was done."""
        ...


class LogPlace(Protocol):
    """Where the log of an instance is, or will be, and beside it what it has published."""

    @property
    def shown(self) -> str:
        """Return the place of the log for messages; nothing secret."""
        ...

    @property
    def where(self) -> str:
        """Return the place of what is published for messages."""
        ...

    def exists(self) -> bool:
        """Check whether there is a log.

        Raises:
            LogError: The place cannot be reached.
        """
        ...

    def identity(self) -> object:
        """Return a value that another log in the same place would not have; None without a log. Cheap."""
        ...

    def read(self) -> KeptLog:
        """Open the log for reading.

        Raises:
            LogError: There is none, or it cannot be read.
        """
        ...

    def published(self, name: str) -> bytes | None:
        """Return a file that the instance published, such as `matches.json`; None if there is none.

        Raises:
            OSError: The file cannot be read.
            LogError: The store cannot be read.
        """
        ...


class WriterPlace(Protocol):
    """Where the writer of a log finds it."""

    @property
    def name(self) -> str:
        """Return the log as messages to the operator name it."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether other processes may have gone on with the log since this one wrote it."""
        ...

    def identity(self) -> object:
        """Return a value that another log in the same place would not have; None without a log. Cheap."""
        ...

    def open(self) -> tuple[WrittenLog, Path | None]:
        """Open the log for writing; make or migrate it.

        Returns:
            The log, and the new path of a damaged file that was in its place.

        Raises:
            LogError: It cannot be opened or written.
        """
        ...

    def set_aside(self) -> Path:
        """Make room for a new log instead of a damaged one; return where that is kept.

        Raises:
            LogError: That is not possible.
        """
        ...


class FilePlace:
    """A data folder, by the file of its log."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def shown(self) -> str:
        """Return the path."""
        return str(self._path)

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return self._path.name

    @property
    def is_shared(self) -> bool:
        """Return False: the data folder has one owner."""
        return False

    @property
    def where(self) -> str:
        """Return the folder."""
        return str(self._path.parent)

    def exists(self) -> bool:
        """Check whether the file is there."""
        return self._path.exists()

    def identity(self) -> object:
        """Return a value that another file of this name would not have; None without a file."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def read(self) -> KeptLog:
        """Open the file for reading."""
        return opened_for_reading(self._path)

    def open(self) -> tuple[WrittenLog, Path | None]:
        """Open the file for writing."""
        return opened(self._path)

    def set_aside(self) -> Path:
        """Rename the file."""
        return set_aside(self._path)

    def published(self, name: str) -> bytes | None:
        """Return a file of the data folder."""
        try:
            return (self._path.parent / name).read_bytes()
        except FileNotFoundError:
            return None
