"""Where an instance keeps its log and what it publishes: the data folder, or a server's database."""

from pathlib import Path
from typing import Protocol

from footy.history.log import Log
from footy.history.sqlite_log import opened_for_reading


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
        """Return what tells the log from another one in its place; None if there is none. Cheap."""
        ...

    def read(self) -> Log:
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


class FilePlace:
    """A data folder, by the file of its log."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def shown(self) -> str:
        """Return the path."""
        return str(self._path)

    @property
    def where(self) -> str:
        """Return the folder."""
        return str(self._path.parent)

    def exists(self) -> bool:
        """Check whether the file is there."""
        return self._path.exists()

    def identity(self) -> object:
        """Return what tells the file from another one of its name; None if there is none."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return None

    def read(self) -> Log:
        """Open the file for reading."""
        return opened_for_reading(self._path)

    def published(self, name: str) -> bytes | None:
        """Return a file of the data folder."""
        try:
            return (self._path.parent / name).read_bytes()
        except FileNotFoundError:
            return None
