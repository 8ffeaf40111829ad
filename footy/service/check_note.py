"""The file by which `footy check` tells the service which endpoints answered, to retry the refused ones."""

import contextlib
from collections.abc import Iterable

import msgspec

from footy.files import write_atomically
from footy.service.paths import Files
from footy.thesports.tolerant import UNREADABLE


class _Note(msgspec.Struct):
    answered: list[str]


def leave(files: Files, answered: Iterable[str]) -> None:
    """Write the paths of the endpoints that answered; do nothing without a data folder: no service runs.

    Raises:
        OSError: The file cannot be written.
    """
    if files.folder.is_dir():
        write_atomically(files.check, msgspec.json.encode(_Note(list(answered))) + b"\n")


class CheckNote:
    """Reads the notes of `check`, each one once."""

    def __init__(self, files: Files) -> None:
        self._path = files.check
        self._taken: tuple[int, int] | None = None

    def take(self) -> list[str] | None:
        """Return the endpoints that answered a check since the last call; None if there was no check.

        The note is removed; if that fails, it is ignored from then on. An unreadable note names no endpoint.
        """
        try:
            status = self._path.stat()
        except OSError:
            return None
        if (status.st_ino, status.st_mtime_ns) == self._taken:
            return None
        self._taken = (status.st_ino, status.st_mtime_ns)
        answered: list[str] = []
        with contextlib.suppress(OSError, *UNREADABLE):
            answered = msgspec.json.decode(self._path.read_bytes(), type=_Note).answered
        with contextlib.suppress(OSError):
            self._path.unlink()
        return answered
