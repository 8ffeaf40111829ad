"""Writing a file whole: a reader finds the last version or the one before, never a half."""

import contextlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file's content: write beside it, flush to disk, rename, flush the folder.

    The file can be read by its owner alone, as `mkstemp` makes it.

    Raises:
        OSError: It could not be written; the file is as it was and nothing is left beside it.
    """
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise
    with contextlib.suppress(OSError):  # the file is in its place, whether or not a folder can be flushed
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes killed in the middle of a write left behind in this folder."""
    for leftover in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def make_private(folder: Path) -> None:
    """Let nobody but the owner read the files of this folder: an earlier version let everybody."""
    for file in folder.iterdir():
        with contextlib.suppress(OSError):  # not every file system has modes, and not every file is ours
            if file.is_file() and not file.is_symlink() and file.stat().st_mode & 0o077:
                file.chmod(0o600)
