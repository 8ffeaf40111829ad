"""The JSON Lines sink: every event as a line of a file, `events/YYYY-MM-DD.jsonl` by UTC day of writing.

What it has is in the files themselves: the position is that of the last line of the newest file.
"""

import contextlib
import datetime as dt
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from footy.events.envelope import Envelope, envelope_json
from footy.history.log import Position
from footy.sinks.base import Again

FILE_MODE = 0o600
"""As all files of the data folder: readable by its user alone."""
_FOLDER_MODE = 0o700
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl")
_BLOCK = 1 << 16


class _Line(msgspec.Struct):
    """Of a line, its place in the log."""

    sequence: str
    footyepoch: str


class JsonlSink:
    """Appends events to the file of the day; each batch is on the disk when `send` returns.

    Args:
        folder: Where the files are; made when the first event is written.
        keep_days: Files of days longer ago than this are removed, counted from the newest file.
        now: Returns Unix seconds.
    """

    name = "jsonl"

    def __init__(self, folder: Path, *, keep_days: float, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._now = now
        self._path: Path | None = None
        self._descriptor: int | None = None
        self._size = 0
        """Bytes of the open file that are whole lines; what is beyond is cut."""

    def position(self) -> Position | None:
        """Return the position of the last line of the newest file; a torn line is cut off before."""
        try:
            for path in reversed(self._files()):
                position = _mended(path)
                if position is not None:
                    return position
        except OSError as error:
            raise Again(_words(error)) from None
        return None

    def send(self, batch: Sequence[Envelope]) -> None:
        """Append events, a line each, and flush them to the disk; all of them or none."""
        content = b"".join([envelope_json(one) + b"\n" for one in batch])
        try:
            descriptor = self._opened()
            try:
                _write_all(descriptor, content)
                os.fsync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, self._size)
                raise
        except OSError as error:
            self.close()  # what could not be cut now is cut when the file is opened again
            raise Again(_words(error)) from None
        self._size += len(content)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = self._path = None

    def _files(self) -> list[Path]:
        """Return the files of all days, oldest first."""
        try:
            return sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
        except FileNotFoundError:
            return []

    def _opened(self) -> int:
        """Return the file of the day, open; a new day begins a new file and removes old ones."""
        today = dt.datetime.fromtimestamp(self._now(), dt.UTC).strftime("%Y-%m-%d.jsonl")
        descriptor, path = self._descriptor, self._path
        if descriptor is not None and path is not None and today <= path.name and _is_open(descriptor, path):
            return descriptor
        self.close()
        self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        files = self._files()
        # By a clock that was set back, the newest event must still be in the newest file.
        path = self._folder / max([today, *(one.name for one in files[-1:])])
        if path.exists():
            _mended(path)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        self._path, self._size = path, os.fstat(self._descriptor).st_size
        _flush_folder(self._folder)
        self._remove_old(files, path)
        return self._descriptor

    def _remove_old(self, files: Sequence[Path], newest: Path) -> None:
        oldest = _day(newest) - dt.timedelta(days=self._keep_days)
        for path in files:
            if _day(path) < oldest:
                with contextlib.suppress(OSError):
                    path.unlink()


def _mended(path: Path) -> Position | None:
    """Cut what follows the last whole line of a file, and return its position, None if there is none."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        read, last = 0, None
        while last is None and read < size:
            read = min(size, max(_BLOCK, 2 * read))
            file.seek(size - read)
            last = _last_line(file.read(read), begins_file=read == size)
        end = 0 if last is None else size - read + last.end
        if end < size:
            file.truncate(end)
            os.fsync(file.fileno())
    return None if last is None else last.position


class _Last(NamedTuple):
    """The last whole line of a text."""

    end: int
    position: Position


def _last_line(content: bytes, *, begins_file: bool) -> _Last | None:
    """Return the last whole line; the first one of the text counts only if it is the file's first."""
    end = content.rfind(b"\n") + 1
    while end > 0:
        start = content.rfind(b"\n", 0, end - 1) + 1
        if start == 0 and not begins_file:
            return None
        with contextlib.suppress(msgspec.DecodeError, ValueError):
            line = msgspec.json.decode(content[start:end], type=_Line)
            return _Last(end, Position.read(f"{line.footyepoch}-{line.sequence}"))
        end = start
    return None


def _is_open(descriptor: int, path: Path) -> bool:
    """Check whether the open file is still the one of this name: somebody may have moved or removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _day(path: Path) -> dt.datetime:
    """Return the day of a file; the last of all if its name is none, such as the 31st of February."""
    try:
        return dt.datetime.strptime(path.stem, "%Y-%m-%d").replace(tzinfo=dt.UTC)
    except ValueError:
        return dt.datetime.max.replace(tzinfo=dt.UTC)


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system can flush a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
