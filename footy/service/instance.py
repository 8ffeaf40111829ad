"""An instance of footy in a data folder: its files, its lock, its PID file, and whether it lives."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
import psutil
from filelock import FileLock, Timeout

from footy.errors import CannotWriteError, LockedError
from footy.files import make_private, remove_leftovers, write_atomically
from footy.outputs.record_values import duration_text
from footy.record import Degradation, Heartbeat
from footy.settings import DEMO_FOLDER
from footy.times import unix_seconds

SAME_START_S = 2.0
"""A process whose start differs by more from the one noted is another one with a reused PID."""
PID_FILE_WITHIN_S = 1.0
"""So soon after taking the lock its owner has written the PID file."""
PRIVATE = 0o077
"""What a process that owns a data folder takes from the mode of each file that it makes."""
STALE_INTERVALS = 3
STALE_AT_LEAST_S = 180.0


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one instance, all in its folder."""

    folder: Path

    @property
    def lock(self) -> Path:
        """Locked by the owner as long as it lives; never removed."""
        return self.folder / "footy.lock"

    @property
    def pid(self) -> Path:
        """The owner's PID, when it started (Unix seconds), and `service` or `once`, a line each."""
        return self.folder / "footy.pid"

    @property
    def heartbeat(self) -> Path:
        """When the last cycle was attempted and when one succeeded."""
        return self.folder / "heartbeat.json"

    @property
    def matches(self) -> Path:
        """The current snapshot."""
        return self.folder / "matches.json"

    @property
    def log(self) -> Path:
        """The log of today."""
        return self.folder / "footy.log"

    @property
    def cache(self) -> Path:
        """Reference data."""
        return self.folder / "cache.sqlite"

    @property
    def checkpoint(self) -> Path:
        """What was held at the last cycle, for the next start."""
        return self.folder / "board.msgpack"

    @property
    def quota(self) -> Path:
        """What was spent of the vendor's quotas in the last minute."""
        return self.folder / "quota.json"

    @property
    def check(self) -> Path:
        """What `check` found, until the service has read it."""
        return self.folder / "check.json"

    @property
    def start_out(self) -> Path:
        """What the background process printed."""
        return self.folder / "start.out"


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
        """Give the process where it lives and is the one that was noted, not another with a reused PID.

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
    """Give who owns the folder, and the process; None where nobody does."""
    holder = owner(files)
    process = holder.process(files.lock) if holder is not None else None
    return None if holder is None or process is None else (holder, process)


def belongs_to_another(files: Files) -> str | None:
    """Say whose files these are if this user may not read them; None if there are none, or they are ours."""
    try:
        if not files.pid.exists() or os.access(files.pid, os.R_OK):
            return None
        return f"the files belong to user {files.pid.owner()}, who alone can read them"
    except (OSError, KeyError):
        return "the folder may not be read by this user"


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
    """Say who holds the lock; who has only just taken it writes its PID file first."""
    end = time.monotonic() + PID_FILE_WITHIN_S
    while (held := running_owner(files)) is None and time.monotonic() < end:
        time.sleep(0.02)
    who = "another process" if held is None else f"PID {held[0].pid}"
    return f"Another footy is already running here: {who} holds {files.lock}."


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an instance is well, and the one line that says so."""

    well: bool
    line: str
    pid: int | None


def read_heartbeat(files: Files) -> Heartbeat | None:
    """Read the heartbeat; None where there is none that can be read."""
    try:
        return msgspec.json.decode(files.heartbeat.read_bytes(), type=Heartbeat)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def health(files: Files, *, demo: bool, now: float | None = None, cycles_only: bool = False) -> Health:
    """Judge an instance by its process, its last success and, unless only cycles count, by its data."""
    marks = " (demo)" if demo else ""
    where = f" – data folder {files.folder}"
    if (stranger := belongs_to_another(files)) is not None:
        line = f"It is not known whether the pipeline runs{marks}: {stranger}{where}"
        return Health(well=False, line=line, pid=None)
    held = running_owner(files)
    if held is None:
        beside = "" if demo else _demo_beside(files)
        return Health(well=False, line=f"Pipeline is not running{marks}{beside}{where}", pid=None)
    holder, process = held
    if holder.doing is Role.ONCE:
        single = f"Pipeline is not running{marks}, only a single cycle (PID: {holder.pid}){where}"
        return Health(well=False, line=single, pid=holder.pid)
    heartbeat = read_heartbeat(files)
    now = time.time() if now is None else now
    trouble = _staleness(heartbeat, now, process.create_time())
    if heartbeat is None or heartbeat["pid"] != holder.pid:
        trouble = "it has not written a heartbeat yet"
    if trouble is not None:
        return Health(
            well=False, line=f"Pipeline is stale{marks}: {trouble} (PID: {holder.pid}){where}", pid=holder.pid
        )
    degraded = [] if heartbeat is None or cycles_only else heartbeat.get("degraded", [])
    if degraded:
        line = f"Pipeline is degraded{marks}: {degradation_text(degraded, now)} (PID: {holder.pid}){where}"
        return Health(well=False, line=line, pid=holder.pid)
    return Health(well=True, line=f"Pipeline is running (PID: {holder.pid}){marks}{where}", pid=holder.pid)


def _demo_beside(files: Files) -> str:
    """Name the demo that runs in the folder of a live instance that does not."""
    held = running_owner(Files(files.folder / DEMO_FOLDER))
    if held is None or held[0].doing is not Role.SERVICE:
        return ""
    return f", only a demo in {DEMO_FOLDER}/ (PID: {held[0].pid})"


def longest_silence_s(interval_s: float) -> float:
    """Give the age of the last success from which on an instance is stale, in seconds."""
    return max(STALE_INTERVALS * interval_s, STALE_AT_LEAST_S)


def _staleness(heartbeat: Heartbeat | None, now: float, started_at: float) -> str | None:
    if heartbeat is None:
        return None
    last = heartbeat["last_success_at"]
    because = f"; last error: {heartbeat['last_error']}" if heartbeat["last_error"] else ""
    if last is None:
        return f"no cycle has succeeded in {duration_text(now - started_at)} since its start{because}"
    age = now - unix_seconds(last)
    if age < longest_silence_s(heartbeat["interval_s"]):
        return None
    return f"the last success is {duration_text(age)} old{because}"


def degradation_text(degraded: Iterable[Degradation], now: float) -> str:
    """Return what most matches in play lack, and for how long until now (Unix seconds), as one clause."""
    kinds: dict[str, list[str]] = {}
    for one in degraded:
        length = duration_text(now - unix_seconds(one["since"]))
        clause = f"missing or old for {one['matches']} of {one['in_play']} matches in play for {length}"
        kinds.setdefault(clause, []).append(one["kind"])
    return "; ".join(f"{' and '.join(alike)} {clause}" for clause, alike in kinds.items())
