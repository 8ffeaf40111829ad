"""The file of the log: connect to it, migrate it, identify it, set it aside if it is broken."""

import contextlib
import secrets
import sqlite3
import time
from pathlib import Path

from footy.history.log import BrokenLogError, LogError, NewerLogError
from footy.history.migrations import SCRIPTS, VERSION

PRIVATE = 0o600
"""Who may read the file: as with all files of the data folder, its owner."""
WAL_LIMIT = 64 * 1024 * 1024
"""Size in bytes to which the write-ahead log is truncated after a checkpoint."""
_CHECKPOINT_PAGES = 8192
"""Pages of the write-ahead log (32 MB) after which SQLite moves it into the file. At its default of 1,000,
about one transaction in twenty waits for that."""
_BUSY_S = 1.0
"""How long to wait for somebody else who writes; the next cycle tries again."""
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def identity(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of a file, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connected(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Connect to the file; create it unless it is only to be read.

    Raises:
        NewerLogError: A newer version of footy wrote it.
        LogError: It cannot be opened.
    """
    mode = "ro" if read_only else "rwc"
    if not read_only:
        with contextlib.suppress(OSError):  # SQLite says why it cannot be made
            path.touch(mode=PRIVATE)
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_S,
        )
    except sqlite3.Error as error:
        raise as_log_error(path, error) from error
    try:
        _set_up(connection, path, read_only=read_only)
    except LogError:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    try:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:  # before anything is changed in it
            raise NewerLogError(f"The log {path.name} was written by a newer version of footy")
        if not read_only:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}").fetchone()
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    except sqlite3.Error as error:
        raise as_log_error(path, error) from error


def as_log_error(path: Path, error: sqlite3.Error, doing: str = "opened") -> LogError:
    """Return SQLite's error as one of the log; `doing` is a participle, such as `read`."""
    return (BrokenLogError if is_broken(error) else LogError)(
        f"The log {path.name} cannot be {doing}: {error}"
    )


def is_broken(error: sqlite3.Error) -> bool:
    """Check whether an error says that the file is damaged, or no SQLite file."""
    # The lower byte is the kind of error, the upper ones say more (SQLite, Result and Error Codes).
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


def migrate(path: Path, connection: sqlite3.Connection) -> None:
    """Create the current schema, or migrate an older one after a copy of the file was made."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        # Read every page of the small tables, to find damage before the first cycle.
        connection.execute("SELECT count(emitted), (SELECT count(*) FROM meta) FROM match").fetchone()
        return
    if version:
        copy = path.with_name(f"{path.name}.v{version}")
        copy.unlink(missing_ok=True)
        copy.touch(mode=PRIVATE)
        connection.execute("VACUUM INTO ?", (str(copy),))
    for number, script in enumerate(SCRIPTS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(4),))


def set_aside(path: Path) -> Path:
    """Rename a broken file and SQLite's files beside it; return its new path."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise LogError(f"The broken log {path.name} cannot be set aside: {error.strerror}") from None
    return aside
