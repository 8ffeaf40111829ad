"""The snapshot file `matches.json`, which consumers read."""

from pathlib import Path

import msgspec

from footy.files import write_atomically
from footy.outputs.base import Update
from footy.record import Snapshot

NAME = "matches.json"


def encode(snapshot: Snapshot) -> bytes:
    """Return a snapshot as JSON with one match per line, so that people can read and grep it."""
    meta = msgspec.json.encode(snapshot["meta"])
    matches = b",\n".join(map(msgspec.json.encode, snapshot["matches"]))
    return b'{"meta":' + meta + b',\n"matches":[\n' + matches + b"\n]}\n"


class SnapshotFile:
    """Replaces `matches.json` as a whole."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def publish(self, update: Update) -> None:
        """Write the snapshot.

        Raises:
            OSError: The file cannot be written; the file before stays.
        """
        write_atomically(self._path, encode(update.snapshot))

    def close(self) -> None:
        """Do nothing: the output is already written."""
