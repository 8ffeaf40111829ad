"""The machine's network is one for all tests: a browser drops what it loads when an interface changes."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = Path(tempfile.gettempdir()) / "footy-tests-network.lock"


@contextmanager
def unchanged() -> Iterator[None]:
    """Keep tests of other workers from changing interfaces meanwhile."""
    with _LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def changing() -> Iterator[None]:
    """Wait until no test needs the interfaces unchanged."""
    with _LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
