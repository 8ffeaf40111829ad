"""Detect another data folder on this machine that uses the same account: together they exceed the quota.

The first service of an account locks a file in the system's temporary folder. The file's name is a hash of
the user and the vendor's address, without the secret. The lock ends with the process, so a leftover file
means nothing. Services with one lease do not ask at the same time, so they are no danger to each other.
"""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO


class SharedAccount:
    """The lock of an account on this machine, held until `close`.

    Args:
        user: The vendor's name of the account.
        base_url: The vendor's address.
        data_folder: Whose data folder others are told.
        lease: The name of this service's lease; None without a store.
        shared: The folder of the lock file.
    """

    def __init__(
        self,
        user: str,
        base_url: str,
        data_folder: Path,
        *,
        lease: str | None = None,
        shared: Path | None = None,
    ) -> None:
        name = hashlib.sha256(f"{user}\n{base_url}".encode()).hexdigest()[:24]
        self._path = (shared or Path(tempfile.gettempdir())) / f"footy-account-{name}"
        self._ours = f"PID {os.getpid()}, data folder {data_folder}"
        self._lease = f", lease {lease}" if lease else ""
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
                return self._holder(file)
        os.fchmod(descriptor, 0o644)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{self._ours}{self._lease}".encode())
        self._descriptor = descriptor
        return None

    def close(self) -> None:
        """Release the account's lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _of_another_user(self) -> str | None:
        """Return the content of another user's lock file if it is locked; None if it is a leftover."""
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return self._holder(file)
        return None

    def _holder(self, file: BinaryIO) -> str | None:
        """Return who holds the lock; None if it has the same lease."""
        holder = file.read(1000).decode(errors="replace").strip()
        if self._lease and holder.endswith(self._lease):
            return None
        return holder or "another process"
