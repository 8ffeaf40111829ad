"""Ownership of a data folder: the lock, the PID file, and whether the owner is running."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from footy.errors import CannotWriteError, LockedError
from footy.files import make_private, remove_leftovers, write_atomically
from footy.service.paths import Files

SAME_START_S = 2.0
"""Seconds by which a process's start may differ from the PID file's; if by more, the PID was reused."""


PID_FILE_WITHIN_S = 1.0
"""Seconds within which the owner writes its PID file after taking the lock."""


PRIVATE = 0o077
"""The umask of a process that owns a data folder: its files are for its user only."""


class Role(StrEnum):
    """What the owner of a data folder runs."""

    SERVICE = "service"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that is named in a PID file."""

    pid: int
    started_at: float
    """Unix seconds."""
    doing: Role

    def process(self, lock: Path) -> psutil.Process | None:
        """Return the process if it is running; None if not, or if another process has reused its PID.

        It is the same process if its start time matches the PID file. Setting the machine's clock shifts the
        start times of all processes; in case of that, a process that has the lock file open is the same, too.
        """
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            ours = abs(process.create_time() - self.started_at) <= SAME_START_S
            return process if ours or _has_open(process, lock) else None
        except psutil.Error:
            return None


def _has_open(process: psutil.Process, path: Path) -> bool:
    return str(path.resolve()) in {opened.path for opened in process.open_files()}


def owner(files: Files) -> Owner | None:
    """Read the PID file; None if it does not exist or cannot be read."""
    try:
        pid, started_at, doing = files.pid.read_text(encoding="ascii").split()
        return Owner(int(pid), float(started_at), Role(doing)) if int(pid) > 0 else None
    except (OSError, ValueError):
        return None


def running_owner(files: Files) -> tuple[Owner, psutil.Process] | None:
    """Return the owner of the folder and its process; None if no running process owns it."""
    holder = owner(files)
    process = holder.process(files.lock) if holder is not None else None
    return None if holder is None or process is None else (holder, process)


def belongs_to_another(files: Files) -> str | None:
    """Return a clause that names the files' owner if this user may not read them; None otherwise."""
    try:
        if not files.pid.exists() or os.access(files.pid, os.R_OK):
            return None
        return f"the files belong to user {files.pid.owner()}, who alone can read them"
    except (OSError, KeyError):
        return "the folder may not be read by this user"


@contextlib.contextmanager
def locked(files: Files, doing: Role) -> Iterator[Owner]:
    """Hold the lock and keep a PID file for the duration of the context.

    Remove the temporary files of killed writers. Only the owner may do so: it could be writing them.

    Raises:
        LockedError: Another process holds the lock; the message names it.
        CannotWriteError: The PID file cannot be written.
    """
    os.umask(PRIVATE)
    lock = FileLock(files.lock, blocking=False, preserve_lock_file=True, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(_held_by(files)) from None
    except OSError as error:
        raise CannotWriteError(f"{files.lock} cannot be locked ({error.strerror}).") from None
    try:
        remove_leftovers(files.folder)
        make_private(files.folder)
        me = Owner(psutil.Process().pid, psutil.Process().create_time(), doing)
        try:
            write_atomically(files.pid, f"{me.pid}\n{me.started_at}\n{me.doing}\n".encode())
        except OSError as error:
            raise CannotWriteError(f"{files.pid} cannot be written ({error.strerror}).") from None
        yield me
        with contextlib.suppress(OSError):
            files.pid.unlink()
    finally:
        lock.release()


def verify_ownership(me: Owner, files: Files) -> None:
    """Check that no other process owns the folder: the lock is lost if the folder is deleted or replaced.

    Raises:
        LockedError: Another process owns the folder.
    """
    held = running_owner(files)
    if held is not None and held[0].pid != me.pid:
        raise LockedError(
            f"The data folder {files.folder} was deleted or replaced, and now belongs to PID {held[0].pid}."
        )


def _held_by(files: Files) -> str:
    """Return a sentence that names the lock's holder; wait for its PID file if it has just taken the lock."""
    end = time.monotonic() + PID_FILE_WITHIN_S
    while (held := running_owner(files)) is None and time.monotonic() < end:
        time.sleep(0.02)
    who = "another process" if held is None else f"PID {held[0].pid}"
    return f"Another footy is already running here: {who} holds {files.lock}."
