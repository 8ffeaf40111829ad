"""Files and folders: written so that a reader finds the old version or the new one, never a part."""

import contextlib
import os
import tempfile
from pathlib import Path


def why_out_of_reach(folder: Path) -> str | None:
    """Return why this user may not look into a data folder; None if they may, or if there is none."""
    try:
        (folder / "footy.lock").stat()
    except PermissionError as error:
        return (
            f"The data folder {folder} cannot be read ({error.strerror}): "
            "run this as the user who runs footy, or set FOOTY_DATA_DIR to another one."
        )
    except OSError:  # it is not there, or no folder
        pass
    return None


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file's content: write a temporary file, flush it to disk, rename it, flush the folder.

    Only the file's owner can read it: `mkstemp` sets the mode.

    Raises:
        OSError: Writing failed; the old file is unchanged and no temporary file is left.
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
    with contextlib.suppress(OSError):  # the file is in place, even if the folder cannot be flushed
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that were killed during a write in this folder."""
    for leftover in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def make_private(folder: Path) -> None:
    """Make the files of this folder readable only by their owner; an earlier version did not do so."""
    for file in folder.iterdir():
        with contextlib.suppress(OSError):  # some file systems have no modes, and some files belong to others
            if file.is_file() and not file.is_symlink() and file.stat().st_mode & 0o077:
                file.chmod(0o600)
