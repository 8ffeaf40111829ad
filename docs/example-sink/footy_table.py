"""A sink of footy that keeps events in a table of an SQLite file: an example of a third-party sink."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from footy.events.envelope import Envelope, envelope_json
from footy.history.log import Position
from footy.sinks.base import Again, Sink

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    content BLOB NOT NULL
)
"""


def open_sink(name: str, settings: Mapping[str, Any]) -> Sink:
    """Return the sink; nothing is opened before it is used.

    Args:
        name: The target's name in alerts.toml.
        settings: The target's `settings`.

    Raises:
        ValueError: A setting is wrong; the text is shown to the operator.
    """
    path = settings.get("path")
    if not isinstance(path, str) or settings.keys() != {"path"}:
        raise ValueError("the table takes path, the path of an SQLite file, and nothing else")
    return TableSink(name, path)


class TableSink:
    """Keeps each event once. footy makes all calls from one thread, the sink's own."""

    def __init__(self, name: str, path: str) -> None:
        """Open nothing yet."""
        self.name = name
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def position(self) -> Position | None:
        """Return the newest event in the table: the place to go on from after a restart.

        A target that cannot tell returns None: then footy notes what was sent, and an event may come twice.
        """
        try:
            row = (
                self._file()
                .execute("SELECT epoch, sequence FROM event ORDER BY rowid DESC LIMIT 1")
                .fetchone()
            )
        except sqlite3.Error as error:
            raise Again(str(error)) from None
        return None if row is None else Position(*row)

    def send(self, batch: Sequence[Envelope]) -> None:
        """Write all events of the batch, or none and raise Again: then they come again."""
        rows = [(one.footyepoch, int(one.sequence), one.id, one.type, envelope_json(one)) for one in batch]
        try:
            with self._file() as transaction:
                transaction.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise Again(str(error)) from None

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _file(self) -> sqlite3.Connection:
        if self._connection is None:
            # What may wait has a time-out: nothing but this sink is held up, but it is held up as long.
            self._connection = sqlite3.connect(self._path, timeout=5)
            self._connection.execute(_SCHEMA)
        return self._connection
