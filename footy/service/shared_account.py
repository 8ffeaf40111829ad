"""Whether another data folder on this machine uses the same account: together they exceed the quota.

The first service of an account holds a lock on a file in the system's temporary folder, named by a hash of
the user and the vendor's address; the secret has no part in it. The lock goes with the process, so a file
that is left means nothing.
"""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path


class SharedAccount:
    """The lock of one account on this machine; held for as long as the object is open."""

    def __init__(self, user: str, base_url: str, data_folder: Path, *, shared: Path | None = None) -> None:
        name = hashlib.sha256(f"{user}\n{base_url}".encode()).hexdigest()[:24]
        self._path = (shared or Path(tempfile.gettempdir())) / f"footy-account-{name}"
        self._ours = f"PID {os.getpid()}, data folder {data_folder}"
        self._descriptor: int | None = None

    def other(self) -> str | None:
        """Return the PID and data folder of another user of the account; None if there is none."""
        if self._descriptor is not None:
            return None
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except PermissionError:
            return self._of_another_user()
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with contextlib.closing(os.fdopen(descriptor, "rb")) as file:
                return file.read(1000).decode(errors="replace").strip() or "another process"
        os.fchmod(descriptor, 0o644)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, self._ours.encode())
        self._descriptor = descriptor
        return None

    def close(self) -> None:
        """Leave the account to others."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _of_another_user(self) -> str | None:
        """Return what another user's file says if its lock is held: a file that is left says nothing."""
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return file.read(1000).decode(errors="replace").strip() or "another process"
        return None
