"""What the leader publishes, in the store: for readers on other machines, and for analysts.

`published` holds whole files, compressed, for `footy serve` and the commands; `record` holds each match of
the current snapshot as JSONB. Both are of the newest cycle only.
"""

import contextlib
import logging
import threading
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from footy.history.log import LogError
from footy.store.connect import Cursor
from footy.store.postgres_log import notify
from footy.store.session import Session
from footy.store.text import json_text, plain_text

NAMES = ("matches.json", "heartbeat.json", "fixtures.json")
"""The files that readers need, by their names in the data folder."""
LOOK_EVERY_S = 0.2
"""Seconds between two looks at the data folder."""
LONGEST_BACKOFF_S = 10.0
_LEVEL = 1

log = logging.getLogger("footy.store")


class Published:
    """Reads and writes what is published."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._records: dict[str, bytes] | None = None
        """The records that were written last; None if that is not known."""

    def read(self, name: str) -> bytes | None:
        """Return a file; None if none was published.

        Raises:
            LogError: It cannot be read.
        """
        rows = self._session.query("SELECT body FROM published WHERE name = %s", (name,))
        return zlib.decompress(rows[0][0]) if rows and rows[0][0] is not None else None

    def changed(self, known: Mapping[str, datetime]) -> dict[str, tuple[datetime, bytes]]:
        """Return the files that were published since those that are known by their times.

        Raises:
            LogError: They cannot be read.
        """
        rows = self._session.query("SELECT name, at FROM published")
        wanted = [name for name, at in rows if known.get(name) != at]
        if not wanted:
            return {}
        rows = self._session.query("SELECT name, at, body FROM published WHERE name = ANY(%s)", (wanted,))
        return {name: (at, zlib.decompress(body)) for name, at, body in rows}

    def write(self, files: Mapping[str, bytes]) -> None:
        """Publish files, and the records of the snapshot that have changed.

        Raises:
            LogError: Nothing of it was written.
        """
        records = _records(files["matches.json"]) if "matches.json" in files else None
        try:
            with self._session.transaction() as cursor:
                for name, content in files.items():
                    cursor.execute(
                        "INSERT INTO published VALUES (%s, clock_timestamp(), %b) ON CONFLICT (name)"
                        " DO UPDATE SET at = excluded.at, body = excluded.body",
                        (name, zlib.compress(content, _LEVEL)),
                    )
                if records is not None:
                    _write_records(cursor, self._records, records)
                notify(cursor, self._session.address, "published")
        except LogError:
            self._records = None
            raise
        if records is not None:
            self._records = records


def _records(snapshot: bytes) -> dict[str, bytes] | None:
    """Return the records of a snapshot by match id; None if it is none."""
    try:
        found = msgspec.json.decode(snapshot, type=_Snapshot)
        return {msgspec.json.decode(one, type=_Id).match_id: bytes(one) for one in found.matches}
    except msgspec.DecodeError:
        return None


class _Snapshot(msgspec.Struct):
    matches: list[msgspec.Raw]


class _Id(msgspec.Struct):
    match_id: str


def _write_records(cursor: Cursor, before: Mapping[str, bytes] | None, after: Mapping[str, bytes]) -> None:
    if before is None:
        cursor.execute("DELETE FROM record WHERE NOT match = ANY(%s)", ([*map(plain_text, after)],))
    elif gone := before.keys() - after.keys():
        cursor.execute("DELETE FROM record WHERE match = ANY(%s)", ([*map(plain_text, gone)],))
    changed = {one: after[one] for one in after if before is None or before.get(one) != after[one]}
    if changed:
        cursor.execute(
            "INSERT INTO record (match, record) SELECT * FROM unnest(%s::text[], %s::jsonb[])"
            " ON CONFLICT (match) DO UPDATE SET at = excluded.at, record = excluded.record",
            ([*map(plain_text, changed)], [*map(json_text, changed.values())]),
        )


class Publisher:
    """Publishes the files of a data folder as they are replaced, in a thread of its own: no cycle waits.

    Args:
        folder: The data folder.
        session: A session of its own, which the publisher closes.
    """

    def __init__(self, folder: Path, session: Session) -> None:
        self._paths = {name: folder / name for name in NAMES}
        self._session = session
        self._published = Published(session)
        self._seen: dict[str, tuple[int, int]] = {}
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footy-publish", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def close(self) -> None:
        """Publish what is new, and stop; wait a second at most."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            ends = self._stopping.is_set()
            wait_s = LOOK_EVERY_S
            try:
                self.publish()
                if self._failures:
                    log.info("The store has the current snapshot again")
                self._failures = 0
            except LogError as error:
                self._failures += 1
                wait_s = min(LONGEST_BACKOFF_S, 0.5 * 2 ** min(self._failures, 8))
                if self._failures == 1:
                    log.warning("Readers of the store have an old snapshot: %s", error)
            except Exception:
                wait_s = LONGEST_BACKOFF_S
                log.exception("The snapshot was not published in the store")
            if ends:
                break
            self._stopping.wait(wait_s)
        with contextlib.suppress(LogError):
            self._session.close()

    def publish(self) -> bool:
        """Publish the files that have been replaced since; return whether there were any.

        Raises:
            LogError: The store cannot be written; the next call tries again.
        """
        contents: dict[str, bytes] = {}
        seen: dict[str, tuple[int, int]] = {}
        for name, path in self._paths.items():
            with contextlib.suppress(OSError):
                found = path.stat()
                seen[name] = (found.st_ino, found.st_mtime_ns)
                if seen[name] != self._seen.get(name):
                    contents[name] = path.read_bytes()
        if not contents:
            return False
        self._published.write(contents)
        self._seen |= {name: seen[name] for name in contents}
        return True
