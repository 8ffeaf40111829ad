"""The snapshot file `matches.json`: what consumers read."""

from pathlib import Path

import msgspec

from footy.files import write_atomically
from footy.record import Snapshot

NAME = "matches.json"


def encode(snapshot: Snapshot) -> bytes:
    """Write a snapshot as JSON, a match a line, so that people can read it and grep it too."""
    meta = msgspec.json.encode(snapshot["meta"])
    matches = b",\n".join(map(msgspec.json.encode, snapshot["matches"]))
    return b'{"meta":' + meta + b',\n"matches":[\n' + matches + b"\n]}\n"


class SnapshotFile:
    """Replaces `matches.json` whole."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def publish(self, snapshot: Snapshot) -> None:
        """Write the snapshot.

        Raises:
            OSError: It cannot be written; the one before is still there.
        """
        write_atomically(self._path, encode(snapshot))

    def close(self) -> None:
        """Do nothing: all is written."""
