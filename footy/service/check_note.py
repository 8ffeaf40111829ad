"""What `footy check` leaves in the data folder, so that the service asks again for what was refused."""

import contextlib
from collections.abc import Iterable

import msgspec

from footy.files import write_atomically
from footy.service.paths import Files
from footy.thesports.tolerant import UNREADABLE


class _Note(msgspec.Struct):
    answered: list[str]


def leave(files: Files, answered: Iterable[str]) -> None:
    """Write which endpoints have answered, by path; without a data folder there is nobody to read it.

    Raises:
        OSError: It cannot be written.
    """
    if files.folder.is_dir():
        write_atomically(files.check, msgspec.json.encode(_Note(list(answered))) + b"\n")


class CheckNote:
    """Takes the notes that `check` leaves."""

    def __init__(self, files: Files) -> None:
        self._path = files.check
        self._taken: tuple[int, int] | None = None

    def take(self) -> list[str] | None:
        """Return the endpoints that have answered a check since the last call; None without one.

        The note is removed, or, if it cannot be, not taken again. One that cannot be read names no endpoint.
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
