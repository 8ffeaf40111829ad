"""Who owns a data folder: its lock, its PID file, and whether that process runs."""

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
"""A process whose start differs by more from the one noted is another one with a reused PID."""


PID_FILE_WITHIN_S = 1.0
"""So soon after taking the lock its owner has written the PID file."""


PRIVATE = 0o077
"""What a process that owns a data folder takes from the mode of each file that it makes."""


class Role(StrEnum):
    """What an owner of a data folder does there."""

    SERVICE = "service"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that a PID file names."""

    pid: int
    started_at: float
    """Unix seconds."""
    doing: Role

    def process(self, lock: Path) -> psutil.Process | None:
        """Return the process where it lives and is the one that was noted, not another with a reused PID.

        It is the same where it started when the PID file says. Where it did not, the machine's clock may have
        been set since, which moves the start of every process: then holding the lock tells.
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
    """Read the PID file; None where there is none, or nothing that can be read."""
    try:
        pid, started_at, doing = files.pid.read_text(encoding="ascii").split()
        return Owner(int(pid), float(started_at), Role(doing)) if int(pid) > 0 else None
    except (OSError, ValueError):
        return None


def running_owner(files: Files) -> tuple[Owner, psutil.Process] | None:
    """Return who owns the folder, and the process; None where nobody does."""
    holder = owner(files)
    process = holder.process(files.lock) if holder is not None else None
    return None if holder is None or process is None else (holder, process)


def belongs_to_another(files: Files) -> str | None:
    """Return whose files these are if this user may not read them; None if it may, or there are none."""
    try:
        if not files.pid.exists() or os.access(files.pid, os.R_OK):
            return None
        return f"the files belong to user {files.pid.owner()}, who alone can read them"
    except (OSError, KeyError):
        return "the folder may not be read by this user"


@contextlib.contextmanager
def locked(files: Files, doing: Role) -> Iterator[Owner]:
    """Hold the lock, with the PID file written, for as long as the caller is inside.

    What killed writers left is cleared; by the owner alone, since it could be what the owner is writing.

    Raises:
        LockedError: Another process holds it; the text names it.
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
    """See that nobody else owns the folder: where it was deleted or replaced, so was the lock.

    Raises:
        LockedError: Another process does.
    """
    held = running_owner(files)
    if held is not None and held[0].pid != me.pid:
        raise LockedError(
            f"The data folder {files.folder} was deleted or replaced, and is now that of PID {held[0].pid}."
        )


def _held_by(files: Files) -> str:
    """Return who holds the lock; who has only just taken it writes its PID file first."""
    end = time.monotonic() + PID_FILE_WITHIN_S
    while (held := running_owner(files)) is None and time.monotonic() < end:
        time.sleep(0.02)
    who = "another process" if held is None else f"PID {held[0].pid}"
    return f"Another footy is already running here: {who} holds {files.lock}."
